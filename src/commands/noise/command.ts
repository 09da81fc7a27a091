import { Command, InvalidArgumentError, Option } from 'commander';
import { BUDGET } from '../../base/budget.ts';
import { jsonText } from '../../base/diagnostic.ts';
import { displayName, readText } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { writeFiles } from '../../base/io/write-files.ts';
import { Problem } from '../../base/problem.ts';
import { readTrainingLog } from '../../pipe/training-log/read.ts';
import { SNIPPETS } from '../../vocabulary/noise-snippets.ts';
import { wholeNumber } from '../options.ts';
import {
  estimateFromOneRun,
  estimateNoiseScale,
  type NoiseEstimate,
  type NormSeries,
  phasesOf,
} from './noise-scale.ts';
import { normsOf, pairedNormsOf } from './norms.ts';
import { noiseText, type RunView } from './view.ts';

interface Flags {
  readonly norm?: NormSeries[];
  readonly batch?: number[];
  readonly column?: string[];
  readonly snippet?: keyof typeof SNIPPETS;
  readonly report?: string;
  readonly seed: number;
  readonly json?: boolean;
}

/** Rows that leave each third a few. */
const FEWEST_FOR_THIRDS = 9;

/** `rebatch noise LOG`, `rebatch noise LOG LOG --batch B --batch B`, or `rebatch noise --norm B:G2 --norm B:G2` */
export function noiseCommand(io: Io): Command {
  return new Command('noise')
    .description('gradient noise scale from gradient norms at two batch sizes, best from one run')
    .argument(
      '[logs...]',
      'a log of one run with both norms, or a log for each batch size: JSON lines, a trainer’s state, CSV',
    )
    .option(
      '--norm <batch:squared-norm>',
      'a squared gradient norm at a global batch size; give several',
      collectNorm,
    )
    .option(
      '--batch <n>',
      'batch size of a log, or of a column, in their order',
      (text: string, all: number[] = []) => [...all, wholeNumber(text)],
    )
    .option(
      '--column <name>',
      'column with a gradient norm, if its name does not tell: for each log, or both of one',
      (text: string, all: string[] = []) => [...all, text],
    )
    .addOption(
      new Option('--snippet <framework>', 'print the lines that log both norms in a run').choices(
        Object.keys(SNIPPETS),
      ),
    )
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber, 1)
    .option('--json', 'print JSON')
    .option('--report <file>', 'write a page with a plot to this HTML file')
    .action(async (logs: string[], flags: Flags) => {
      if (flags.snippet) return void io.stdout.write(SNIPPETS[flags.snippet]);
      await noise(logs, flags, io);
    });
}

async function noise(logs: readonly string[], flags: Flags, io: Io): Promise<void> {
  const { norm = [], report, seed, json } = flags;
  if (logs.length === 0 && norm.length === 0)
    throw new Problem(
      'usage',
      'give a log with two norms (rebatch noise noise.jsonl; --snippet torch prints the lines that write one), or two squared norms: --norm 64:2.1 --norm 512:0.4',
    );
  const alone = logs.length === 1 && norm.length === 0;
  const { estimate, run, skipped } = alone
    ? await fromOneRun(logs[0]!, flags, io)
    : await fromSeveral(logs, flags, io);
  if (skipped)
    io.stderr.write(`! ${skipped} norms are no finite numbers (null, NaN, infinite) and were skipped\n`);
  const result = { ...jsonOf(estimate, run), ...(skipped ? { skipped } : {}) };
  if (report !== undefined) {
    const { noiseHtml } = await import('./html.ts');
    const text = noiseHtml(logs.map(displayName).join(' ') || '--norm', estimate, run, seed, result);
    writeFiles([{ file: report, text }], io);
  }
  io.stdout.write(
    json ? `${jsonText(result)}\n` : noiseText(estimate, run, Math.min(io.stdout.columns ?? 80, 100)),
  );
}

/** An estimate, with how many norms of the logs were no numbers. */
interface Measured {
  readonly estimate: NoiseEstimate;
  readonly run?: RunView;
  readonly skipped: number;
}

async function fromOneRun(file: string, { batch = [], column = [], seed }: Flags, io: Io): Promise<Measured> {
  const log = await readTrainingLog({
    file: displayName(file),
    text: await readText(file, io, BUDGET.logBytes),
  });
  const norms = pairedNormsOf(log, column, batch);
  try {
    const estimate = estimateFromOneRun(norms, seed);
    const thirds = norms.steps.length < FEWEST_FOR_THIRDS ? [] : phasesOf(norms, 3, seed);
    return { estimate, run: { norms, thirds }, skipped: norms.skipped };
  } catch (error) {
    throw error instanceof Problem ? error.in({ file: log.file, text: '' }) : error;
  }
}

async function fromSeveral(
  logs: readonly string[],
  { batch = [], column = [], norm = [], seed }: Flags,
  io: Io,
): Promise<Measured> {
  if (logs.length !== batch.length)
    throw new Problem('usage', `each log needs its global batch size: --batch N, ${logs.length} times`);
  if (column.length > 1 && column.length !== logs.length)
    throw new Problem(
      'usage',
      `--column names one column for all logs, or one for each of the ${logs.length}`,
    );
  const series = await Promise.all(
    logs.map(async (file, i) => {
      const log = await readTrainingLog({
        file: displayName(file),
        text: await readText(file, io, BUDGET.logBytes),
      });
      return normsOf(log, batch[i]!, column[i] ?? column[0]);
    }),
  );
  return {
    estimate: estimateNoiseScale([...norm, ...series], seed),
    skipped: series.reduce((sum, one) => sum + (one.skipped ?? 0), 0),
  };
}

/** What `--json` prints. An open end of an interval, and what is infinite, is null. */
function jsonOf(estimate: NoiseEstimate, run: RunView | undefined): object {
  if (!run) return { version: 1, ...estimate };
  const { norms, thirds } = run;
  const { columns, batches, counted, leftOut, steps } = norms;
  const placed = thirds.map(({ from, to, ...scale }) => ({ from: steps[from], to: steps[to - 1], ...scale }));
  return { version: 1, ...estimate, run: { columns, batches, counted, leftOut, thirds: placed } };
}

function collectNorm(text: string, all: NormSeries[] = []): NormSeries[] {
  const match = /^(\d+):([-+.\deE]+)$/.exec(text);
  const squared = Number(match?.[2]);
  if (!match || !Number.isFinite(squared) || squared < 0 || Number(match[1]) < 1)
    throw new InvalidArgumentError('It must be BATCH:SQUARED_NORM, such as 512:0.37.');
  return [...all, { batch: Number(match[1]), squaredNorms: [squared] }];
}
