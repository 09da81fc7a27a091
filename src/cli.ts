import { Command, CommanderError } from 'commander';
import { convertCommand } from './commands/convert.ts';
import type { Io } from './io/streams.ts';
import { Problem } from './problem.ts';
import { VERSION } from './version.ts';

/** The other subcommands, loaded when they are named or listed: `convert` is what has to start fast. */
const COMMANDS: Readonly<Record<string, (io: Io, answer: (yes: boolean) => void) => Promise<Command>>> = {
  explain: async (io) => (await import('./commands/explain.ts')).explainCommand(io),
  schedule: async (io) => (await import('./commands/schedule.ts')).scheduleCommand(io),
  noise: async (io) => (await import('./commands/noise.ts')).noiseCommand(io),
  completion: async (io) => (await import('./commands/completion.ts')).completionCommand(io),
  schema: async (io) => (await import('./commands/schema.ts')).schemaCommand(io),
  check: async (io, answer) => (await import('./commands/check.ts')).checkCommand(io, answer),
  verify: async (io, answer) => (await import('./commands/verify.ts')).verifyCommand(io, answer),
  doctor: async (io, answer) => (await import('./commands/doctor.ts')).doctorCommand(io, answer),
};

/** Nothing more to say: a gate answered no. */
export const EXIT_NO = 1;
/** Usage, input or internal error. */
export const EXIT_ERROR = 2;

/**
 * The program with its commands. Completions and the man page are made from it.
 * @param needed which of the commands that are loaded late to load
 */
export async function createProgram(
  io: Io,
  answer: (yes: boolean) => void,
  needed: (name: string) => boolean,
): Promise<Command> {
  const program = new Command('rebatch')
    .description(
      'Rewrite a training config for another batch size: learning rate, momentum, averages and step counts, and nothing else.',
    )
    .version(VERSION)
    .option('--color', 'colour even where the output is no terminal')
    .option('--no-color', 'no colour')
    .showHelpAfterError('(rebatch --help shows the options)');
  program.addCommand(convertCommand(io), { isDefault: true });
  for (const [name, load] of Object.entries(COMMANDS))
    if (needed(name)) program.addCommand(await load(io, answer));
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  }
  return program;
}

/** Words that ask for every command: to list them, or to complete them. */
const LISTING = ['help', '--help', '-h', 'completion'];

/**
 * Runs the command line.
 * @param argv arguments without `node` and the script
 * @returns the exit code: 0 fine, 1 a gate said no, 2 usage, unreadable or invalid input
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const answer = (yes: boolean) => {
    code = yes ? 0 : EXIT_NO;
  };
  const listed = argv.length === 0 || argv.some((a) => LISTING.includes(a));
  const program = await createProgram(io, answer, (name) => listed || argv.includes(name));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_ERROR;
    io.stderr.write(`${error instanceof Problem ? error.format() : internal(error)}\n`);
    return EXIT_ERROR;
  }
}

function internal(error: unknown): string {
  return `rebatch: internal error, nothing was written. Please report this:\n${error instanceof Error ? error.stack : String(error)}`;
}
