import { Command, CommanderError } from 'commander';
import { convertCommand } from './commands/convert.ts';
import { explainCommand } from './commands/explain.ts';
import { noiseCommand } from './commands/noise.ts';
import { scheduleCommand } from './commands/schedule.ts';
import { schemaCommand } from './commands/schema.ts';
import type { Io } from './io/streams.ts';
import { Problem } from './problem.ts';
import { VERSION } from './version.ts';

/** Nothing more to say: a gate answered no. */
export const EXIT_NO = 1;
/** Usage, input or internal error. */
export const EXIT_ERROR = 2;

/**
 * Runs the command line.
 * @param argv arguments without `node` and the script
 * @returns the exit code: 0 fine, 1 a gate said no, 2 usage, unreadable or invalid input
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = new Command('rebatch')
    .description(
      'Rewrite a training config for another batch size: learning rate, momentum, averages and step counts, and nothing else.',
    )
    .version(VERSION)
    .option('--color', 'colour even where the output is no terminal')
    .option('--no-color', 'no colour')
    .showHelpAfterError('(rebatch --help shows the options)');
  program.addCommand(convertCommand(io), { isDefault: true });
  for (const command of [explainCommand(io), scheduleCommand(io), noiseCommand(io), schemaCommand(io)])
    program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_ERROR;
    io.stderr.write(`${error instanceof Problem ? error.format() : internal(error)}\n`);
    return EXIT_ERROR;
  }
}

function internal(error: unknown): string {
  return `rebatch: internal error, nothing was written. Please report this:\n${error instanceof Error ? error.stack : String(error)}`;
}
