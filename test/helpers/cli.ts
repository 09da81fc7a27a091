import { run } from '../../src/cli.ts';

/** What a run of the command line left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process, with its own world. */
export async function cli(
  args: readonly string[],
  world: {
    stdin?: string;
    cwd?: string;
    env?: Record<string, string>;
    columns?: number;
    isTTY?: boolean;
  } = {},
): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const { columns, isTTY } = world;
  const code = await run(args, {
    stdin: (async function* () {
      yield world.stdin ?? '';
    })(),
    stdout: {
      write: (text) => {
        stdout += text;
      },
      columns,
      isTTY,
    },
    stderr: {
      write: (text) => {
        stderr += text;
      },
      columns,
      isTTY,
    },
    env: world.env ?? {},
    cwd: world.cwd ?? process.cwd(),
  });
  return { code, stdout, stderr };
}
