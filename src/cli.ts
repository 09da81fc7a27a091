import { Command, CommanderError, Help } from 'commander';
import { jsonText, printableLines } from './base/diagnostic.ts';
import { type Io, processIo } from './base/io/streams.ts';
import { Problem } from './base/problem.ts';
import { VERSION } from './base/version.ts';
import { convertCommand } from './commands/convert/command.ts';
import { withHint } from './commands/hints.ts';

/** The other subcommands, loaded when they are named or listed: `convert` is what has to start fast. */
const COMMANDS: Readonly<Record<string, (io: Io, answer: (yes: boolean) => void) => Promise<Command>>> = {
  explain: async (io) => (await import('./commands/explain/command.ts')).explainCommand(io),
  schedule: async (io) => (await import('./commands/schedule/command.ts')).scheduleCommand(io),
  noise: async (io) => (await import('./commands/noise/command.ts')).noiseCommand(io),
  follow: async (io, answer) => (await import('./commands/follow/command.ts')).followCommand(io, answer),
  completion: async (io) => (await import('./commands/completion/command.ts')).completionCommand(io),
  schema: async (io) => (await import('./commands/schema/command.ts')).schemaCommand(io),
  check: async (io, answer) => (await import('./commands/check/command.ts')).checkCommand(io, answer),
  verify: async (io, answer) => (await import('./commands/verify/command.ts')).verifyCommand(io, answer),
  doctor: async (io, answer) => (await import('./commands/doctor/command.ts')).doctorCommand(io, answer),
};

/** A check or verification failed. */
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
    .option('--color', 'force colour')
    .option('--no-color', 'no colour')
    .usage('<config...> --to <n> [options]\n       rebatch <command> [options]')
    .addHelpText('after', EXAMPLES);
  const convert = convertCommand(io);
  program.addCommand(convert, { isDefault: true });
  // What everybody uses needs no command's name, so its options are the program's.
  program.configureHelp({
    visibleOptions(command) {
      const own = Help.prototype.visibleOptions.call(this, command);
      if (command !== program) return own;
      const converts = Help.prototype.visibleOptions.call(this, convert);
      return [...converts.filter((option) => option.long !== '--help'), ...own];
    },
  });
  for (const [name, load] of Object.entries(COMMANDS))
    if (needed(name)) program.addCommand(await load(io, answer));
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.showHelpAfterError(
      `(${command === program ? 'rebatch --help' : `rebatch ${command.name()} --help`} shows the options)`,
    );
    command.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(printableLines(withHint(text))),
    });
  }
  return program;
}

/** What `rebatch --help` ends with. */
const EXAMPLES = `
Examples:
  rebatch run.yaml --to 64              for a global batch of 64, text on stdout
  rebatch run.yaml --to 512 --world 64 --world-to 8 --diff    for fewer devices
  rebatch train.sh --to 64 --write      the flags of a command in a script
  rebatch --to 64 -- python train.py --lr 1e-4 -b 32     a command line
  cat run.yaml | rebatch - --to 64      - is standard input
`;

/** Options for files in place: after them and `--` there are files, whatever they begin with. */
const FILES_ALONE = /^(?:--(?:base|fix|write)(?:=.*)?|-w)$/s;

/** Words that ask for every command: to list them, or to complete them. */
const LISTING = ['help', '--help', '-h', 'completion'];

/**
 * Runs the command line.
 * @param argv arguments without `node` and the script; this process's own by default, as is its `io`. A command line to
 * convert follows after `--`
 * @returns the exit code: 0 fine, 1 check or verification failed, 2 usage, unreadable or invalid input
 */
export async function run(
  argv: readonly string[] = process.argv.slice(2),
  io: Io = processIo(),
): Promise<number> {
  const dashes = argv.indexOf('--');
  // What follows `--` is a command line to convert; a single word is a file, whatever it begins with.
  if (dashes !== -1 && argv.length > dashes + 2 && !argv.slice(0, dashes).some((a) => FILES_ALONE.test(a))) {
    const { asInput } = await import('./commands/command-line.ts');
    return run([...argv.slice(0, dashes), '-'], asInput(argv.slice(dashes + 1), io));
  }
  let code = 0;
  const answer = (yes: boolean) => {
    code = yes ? 0 : EXIT_NO;
  };
  if (argv.length === 1 && argv[0] === '-v') return run(['--version'], io);
  const listed = argv.length === 0 || argv.some((a) => LISTING.includes(a));
  const program = await createProgram(io, answer, (name) => listed || argv.includes(name));
  try {
    if (argv.length === 0) program.help({ error: true });
    await refuseMisspelt(argv, io);
    await program.parseAsync([...argv], { from: 'user' });
    io.stdout.end?.();
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (asksForJson(argv)) await ifPossible(() => printError(error, io));
    if (!(error instanceof CommanderError))
      await ifPossible(() =>
        io.stderr.write(`${error instanceof Problem ? error.format() : printableLines(internal(error))}\n`),
      );
    return EXIT_ERROR;
  }
}

/** Tells an error where it can be told: the stream itself may be what is at fault. */
async function ifPossible(tell: () => unknown): Promise<void> {
  try {
    await tell();
  } catch {
    // The exit code says it all the same.
  }
}

/** A program that reads JSON gets JSON; the message for people is on stderr all the same. */
async function printError(error: unknown, { stdout }: Io): Promise<void> {
  const { errorJson } = await import('./pipe/json.ts');
  stdout.write(`${jsonText(errorJson(error))}\n`);
}

function asksForJson(argv: readonly string[]): boolean {
  return argv.some(
    (a, i) => /^--(?:json|format=json)$/.test(a) || (a === 'json' && argv[i - 1] === '--format'),
  );
}

/** @throws Problem where the first word is neither a command nor a file, but close to a command */
async function refuseMisspelt(argv: readonly string[], io: Io): Promise<void> {
  const word = argv.find((a) => !/^--(?:no-)?color$/.test(a)) ?? '';
  const names = ['convert', 'help', ...Object.keys(COMMANDS)];
  if (!/^[a-z]+$/i.test(word) || names.includes(word)) return;
  const meant = (await import('./commands/similar.ts')).similarCommand(word, names, io);
  if (meant !== undefined) throw new Problem('usage', `unknown command "${word}"; did you mean ${meant}?`);
}

function internal(error: unknown): string {
  return `rebatch: internal error, nothing was written. Please report this:\n${error instanceof Error ? error.stack : String(error)}`;
}
