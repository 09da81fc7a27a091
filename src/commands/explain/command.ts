import { Command } from 'commander';
import { chalkFor } from '../../base/colour.ts';
import { jsonText } from '../../base/diagnostic.ts';
import { readSource } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { warningLines } from '../../pipe/warnings.ts';
import { type ConversionFlags, conversionOptions, conversionSettings } from '../options.ts';
import { explainConfig } from './explain.ts';
import { explanationJson, explanationText } from './view.ts';

interface Flags extends ConversionFlags {
  readonly json?: boolean;
  readonly color?: boolean;
}

/** `rebatch explain CONFIG [--to N]` */
export function explainCommand(io: Io): Command {
  return conversionOptions(new Command('explain'))
    .description('every recognised field: role, time scale in steps and samples, rule, source')
    .argument('<config>', 'config file; - is standard input')
    .option('--json', 'print JSON')
    .action(async (file: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const options = await conversionSettings(flags, io, file);
      const explanation = await explainConfig(await readSource(file, io), options);
      if (flags.json) {
        io.stdout.write(`${jsonText(explanationJson(explanation))}\n`);
        return;
      }
      const [out, err] = [io.stdout, io.stderr].map((stream) => chalkFor(stream, io.env, flags.color));
      io.stderr.write(warningLines(explanation, err!, io.stderr.columns));
      io.stdout.write(explanationText(explanation, out!, io.stdout.columns));
    });
}
