import { Command, InvalidArgumentError, Option } from 'commander';
import { chalkFor } from '../../base/colour.ts';
import { jsonText } from '../../base/diagnostic.ts';
import { readSource } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { lookUp } from '../../base/look-up.ts';
import { warningLines } from '../../pipe/warnings.ts';
import { type ConversionFlags, conversionOptions, conversionSettings, wholeNumber } from '../options.ts';
import { type PhaseRequest, type RampUnit, scheduleConfig } from './schedule.ts';
import { scheduleData, scheduleTable, scheduleYaml } from './view.ts';

interface Flags extends ConversionFlags {
  readonly batches: PhaseRequest[];
  readonly unit: RampUnit;
  readonly tokensPerSample?: number;
  readonly format: 'table' | 'json' | 'yaml';
  readonly json?: boolean;
  readonly color?: boolean;
}

/** `rebatch schedule CONFIG --batches 256@0,512@10k,...` */
export function scheduleCommand(io: Io): Command {
  return conversionOptions(new Command('schedule'))
    .description('the settings for each phase of a batch-size ramp')
    .argument('<config>', 'config file; - is standard input')
    .optionsGroup('Ramp:')
    .requiredOption(
      '--batches <ramp>',
      'global batch @ where it starts, by comma: 256@0,512@10k,1024@1M',
      parseRamp,
    )
    .addOption(
      new Option('--unit <what>', 'what the positions count')
        .choices(['samples', 'tokens', 'steps'])
        .default('samples'),
    )
    .option('--tokens-per-sample <n>', 'sequence length, for --unit tokens', wholeNumber)
    .optionsGroup('Output:')
    .addOption(
      new Option('--format <how>', 'output format').choices(['table', 'json', 'yaml']).default('table'),
    )
    .option('--json', 'same as --format json')
    .action(async (file: string, _: unknown, command: Command) => {
      const { batches, unit, tokensPerSample, ...flags } = command.optsWithGlobals<Flags>();
      const settings = await conversionSettings(flags, io, file);
      const { noiseScale } = flags;
      const noise = typeof noiseScale === 'object' ? { noisePhases: noiseScale } : {};
      const options = {
        ...settings,
        ...noise,
        unit,
        ...(tokensPerSample === undefined ? {} : { tokensPerSample }),
      };
      const schedule = await scheduleConfig(await readSource(file, io), batches, options);
      const format = flags.json ? 'json' : flags.format;
      if (format === 'json') io.stdout.write(`${jsonText(scheduleData(schedule))}\n`);
      else if (format === 'yaml') io.stdout.write(scheduleYaml(schedule, (await import('yaml')).stringify));
      else {
        io.stderr.write(warningLines(schedule, chalkFor(io.stderr, io.env, flags.color), io.stderr.columns));
        io.stdout.write(scheduleTable(schedule, chalkFor(io.stdout, io.env, flags.color), io.stdout.columns));
      }
    });
}

const SUFFIX: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, B: 1e9, G: 1e9, T: 1e12 };

function parseRamp(text: string): PhaseRequest[] {
  return text.split(',').map((part) => {
    const match = /^\s*(\d+)@(\d+(?:\.\d+)?)([kMBGT]?)\s*$/.exec(part);
    const batch = Number(match?.[1]);
    if (!match || batch < 1)
      throw new InvalidArgumentError(`"${part.trim()}" is not BATCH@START, such as 512@10k.`);
    return { batch, start: Number(match[2]) * lookUp(SUFFIX, match[3] ?? '')! };
  });
}
