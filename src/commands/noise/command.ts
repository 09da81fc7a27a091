import { Command, InvalidArgumentError } from 'commander';
import { readText } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { num } from '../../base/numbers.ts';
import { Problem } from '../../base/problem.ts';
import { wholeNumber } from '../options.ts';
import { estimateNoiseScale, type NormSeries } from './noise-scale.ts';
import { gradientNorms } from './training-log.ts';

interface Flags {
  readonly norm?: NormSeries[];
  readonly batch?: number[];
  readonly seed: number;
  readonly json?: boolean;
}

/** `rebatch noise --norm B:G2 --norm B:G2`, or `rebatch noise LOG LOG --batch B --batch B` */
export function noiseCommand(io: Io): Command {
  return new Command('noise')
    .description('gradient noise scale from gradient norms at two batch sizes')
    .argument('[logs...]', 'two training logs: trainer_state.json, JSON lines or CSV with grad_norm')
    .option(
      '--norm <batch:squared-norm>',
      'a squared gradient norm at a global batch size; give several',
      collectNorm,
    )
    .option(
      '--batch <n>',
      'global batch size of a log, in the order of the logs',
      (text: string, all: number[] = []) => [...all, wholeNumber(text)],
    )
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber, 1)
    .option('--json', 'print JSON')
    .action(async (logs: string[], { norm = [], batch = [], seed, json }: Flags) => {
      if (logs.length !== batch.length)
        throw new Problem('usage', `each log needs its global batch size: --batch N, ${logs.length} times`);
      const logged = await Promise.all(
        logs.map(async (file, i) => ({
          batch: batch[i]!,
          squaredNorms: gradientNorms(await readText(file, io), file).map((n) => n * n),
        })),
      );
      const estimate = estimateNoiseScale([...norm, ...logged], seed);
      if (json) io.stdout.write(`${JSON.stringify({ version: 1, ...estimate }, null, 2)}\n`);
      else {
        const { noiseScale, signal, noise, interval, measurements } = estimate;
        const between = interval
          ? `, 95 % between ${num(interval[0])} and ${num(interval[1])} (bootstrap)`
          : '; one measurement each, so no interval';
        const from = measurements
          .map((m) => `${num(m.meanSquaredNorm)} at batch ${m.batch} (${m.count})`)
          .join(', ');
        io.stdout.write(
          `gradient noise scale ${num(noiseScale)} samples${between}\n|G|^2 ${num(signal)}, tr(Sigma) ${num(noise)}, from mean squared norms ${from}\nto use it: rebatch CONFIG --to N --noise-scale ${num(noiseScale)}\n`,
        );
      }
    });
}

function collectNorm(text: string, all: NormSeries[] = []): NormSeries[] {
  const match = /^(\d+):([-+.\deE]+)$/.exec(text);
  const squared = Number(match?.[2]);
  if (!match || !Number.isFinite(squared) || squared < 0 || Number(match[1]) < 1)
    throw new InvalidArgumentError('It must be BATCH:SQUARED_NORM, such as 512:0.37.');
  return [...all, { batch: Number(match[1]), squaredNorms: [squared] }];
}
