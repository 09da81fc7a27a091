import { Command } from 'commander';
import { chalkFor } from '../../base/colour.ts';
import { displayName, readText } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { warningLines } from '../../pipe/warnings.ts';
import { type ConversionFlags, conversionOptions, conversionSettings } from '../options.ts';
import { explainText } from './explain.ts';
import { explainedJson, explainedText } from './view.ts';

interface Flags extends ConversionFlags {
  readonly json?: boolean;
  readonly color?: boolean;
}

/** `rebatch explain CONFIG [--to N]` */
export function explainCommand(io: Io): Command {
  return conversionOptions(new Command('explain'))
    .description('every field that is understood: role, time scale in steps and samples, rule, source')
    .argument('<config>', 'config file; - is standard input')
    .option('--json', 'print JSON instead of text')
    .action(async (file: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const explained = await explainText(
        await readText(file, io),
        displayName(file),
        await conversionSettings(flags, io, file),
      );
      if (flags.json) {
        io.stdout.write(`${JSON.stringify(explainedJson(explained), null, 2)}\n`);
        return;
      }
      const { stdout, stderr, env } = io;
      stderr.write(warningLines(explained, chalkFor(stderr, env, flags.color), stderr.columns));
      stdout.write(explainedText(explained, chalkFor(stdout, env, flags.color), stdout.columns));
    });
}
