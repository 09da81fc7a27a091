import { Argument, Command } from 'commander';
import type { Io } from '../../base/io/streams.ts';
import { COMPLETIONS, type Shell } from './scripts.ts';

/** `rebatch completion SHELL`. Loads all commands, which are what it completes. */
export function completionCommand(io: Io): Command {
  return new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'shell').choices(Object.keys(COMPLETIONS)))
    .action((shell: Shell, _: unknown, command: Command) => {
      io.stdout.write(COMPLETIONS[shell](command.parent ?? command));
    });
}
