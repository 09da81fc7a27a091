import { Command } from 'commander';
import { chalkFor } from '../../base/colour.ts';
import { jsonText } from '../../base/diagnostic.ts';
import type { Io } from '../../base/io/streams.ts';
import { packagesOf, packagesOption } from '../options.ts';

interface Flags {
  readonly json?: boolean;
  readonly packages?: string;
  readonly color?: boolean;
}

/**
 * `rebatch doctor`: which backends load here, on what, and what to do about the others.
 * @param answer called with whether every backend that loads computes the right thing
 */
export function doctorCommand(io: Io, answer: (yes: boolean) => void): Command {
  return new Command('doctor')
    .description('list verify backends and how to enable the missing ones')
    .addOption(packagesOption())
    .option('--json', 'print the reports as JSON')
    .action(async (flags: Flags, command: Command) => {
      const { json, color } = { ...command.optsWithGlobals<Flags>(), ...flags };
      const { examine } = await import('./examine.ts');
      const { doctorJson, doctorText } = await import('./view.ts');
      const examination = await examine(packagesOf(flags, io));
      const chalk = chalkFor(io.stdout, io.env, color);
      io.stdout.write(
        json
          ? `${jsonText(doctorJson(examination))}\n`
          : doctorText(examination, chalk, Math.min(io.stdout.columns ?? 80, 100)),
      );
      answer(examination.backends.every(({ state }) => state !== 'wrong'));
    });
}
