/** Everything outside the process that commands use; tests pass their own. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** What messages call standard input, where it is not `<stdin>`. */
  readonly inputName?: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** The world of this process. Standard input and standard error are opened when they are used: each takes milliseconds. */
export function processIo(): Io {
  const { stdout, env } = process;
  // A reader that has seen enough, as in `| head`, is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    get stdin() {
      return process.stdin;
    },
    get stderr() {
      return process.stderr;
    },
    stdout,
    env,
    cwd: process.cwd(),
  };
}
