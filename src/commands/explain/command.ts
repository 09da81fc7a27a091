import { Command, Option } from 'commander';
import { chalkFor } from '../../base/colour.ts';
import { displayName, readText } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { warningLines } from '../../pipe/warnings.ts';
import { type ConversionFlags, conversionOptions, conversionSettings } from '../options.ts';
import { explainText } from './explain.ts';
import { explainedJson, explainedMarkdown, explainedText } from './view.ts';

interface Flags extends ConversionFlags {
  readonly format: 'text' | 'json' | 'markdown';
  readonly json?: boolean;
  readonly color?: boolean;
}

/** `rebatch explain CONFIG [--to N]` */
export function explainCommand(io: Io): Command {
  return conversionOptions(new Command('explain'))
    .description('every field that is understood: role, time scale in steps and samples, rule, source')
    .argument('<config>', 'config file; - is standard input')
    .addOption(
      new Option('--format <how>', 'output format').choices(['text', 'json', 'markdown']).default('text'),
    )
    .option('--json', 'same as --format json')
    .action(async (file: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const explained = await explainText(
        await readText(file, io),
        displayName(file),
        await conversionSettings(flags, io, file),
      );
      const format = flags.json ? 'json' : flags.format;
      if (format !== 'json')
        io.stderr.write(warningLines(explained, chalkFor(io.stderr, io.env, flags.color), io.stderr.columns));
      if (format === 'json') io.stdout.write(`${JSON.stringify(explainedJson(explained), null, 2)}\n`);
      else if (format === 'markdown') io.stdout.write(explainedMarkdown(explained));
      else
        io.stdout.write(
          explainedText(explained, chalkFor(io.stdout, io.env, flags.color), io.stdout.columns),
        );
    });
}
