import { Command } from 'commander';
import { BUDGET } from '../../base/budget.ts';
import { chalkFor } from '../../base/colour.ts';
import { jsonText } from '../../base/diagnostic.ts';
import { displayName, readText } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { writeFiles } from '../../base/io/write-files.ts';
import { Problem } from '../../base/problem.ts';
import { readTrainingLog, type TrainingLog } from '../../pipe/training-log/read.ts';
import { notNegative, wholeNumber } from '../options.ts';
import { follow } from './follow.ts';
import { lossesOf } from './losses.ts';
import { type Followed, followText } from './view.ts';

interface Flags {
  readonly batch?: number[];
  readonly column?: string[];
  readonly tolerance: number;
  readonly seed: number;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly report?: string;
  readonly color?: boolean;
}

/** Called with whether the new run follows, or nobody asked that it must. */
type Answer = (yes: boolean) => void;

/** `rebatch follow OLD_LOG NEW_LOG --batch 512 --batch 64` */
export function followCommand(io: Io, answer: Answer): Command {
  return new Command('follow')
    .description('compare the losses of two real runs, old and converted, at the same samples')
    .argument('<old>', 'log of the old run: JSON lines, a trainer’s state, CSV; - is standard input')
    .argument('<new>', 'log of the run with the new batch size')
    .option(
      '--batch <n>',
      'global batch size of a log, the old one first; turns steps into samples',
      (text: string, all: number[] = []) => [...all, wholeNumber(text)],
    )
    .option(
      '--column <name>',
      'column with the loss, if its name does not tell; for both, or one for each',
      (text: string, all: string[] = []) => [...all, text],
    )
    .option('--tolerance <x>', 'mean log(new/old) that follows in any case', notNegative, 0.01)
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber, 1)
    .option('--strict', 'exit with 1 unless the new run follows')
    .option('--json', 'print the figures as JSON')
    .option('--report <file>', 'write a page with a plot to this HTML file')
    .action(async (old: string, now: string, flags: Flags, command: Command) => {
      await run([old, now], { ...command.optsWithGlobals<Flags>(), ...flags }, io, answer);
    });
}

async function run(files: readonly [string, string], flags: Flags, io: Io, answer: Answer): Promise<void> {
  const { strict, json, report, color } = flags;
  const followed = await compare(files, flags, io);
  const result = jsonOf(followed);
  if (report !== undefined) {
    const { followHtml } = await import('./html.ts');
    writeFiles([{ file: report, text: followHtml(followed, result) }], io);
  }
  const chalk = chalkFor(io.stdout, io.env, color);
  const text = json
    ? `${jsonText(result)}\n`
    : followText(followed, chalk, Math.min(io.stdout.columns ?? 80, 100));
  io.stdout.write(text);
  answer(!strict || followed.outcome.verdict === 'follows');
}

async function compare(files: readonly [string, string], flags: Flags, io: Io): Promise<Followed> {
  const { batch = [], column = [], tolerance, seed } = flags;
  if (files.every((file) => file === '-')) throw new Problem('usage', 'standard input can be read once');
  if (batch.length !== 0 && batch.length !== 2)
    throw new Problem('usage', 'give both batch sizes, the old one first: --batch N --batch N');
  if (column.length > 2)
    throw new Problem('usage', '--column names one column for both logs, or one for each');
  const logs = (await Promise.all(
    files.map(async (file) =>
      readTrainingLog({ file: displayName(file), text: await readText(file, io, BUDGET.logBytes) }),
    ),
  )) as [TrainingLog, TrainingLog];
  const runs = lossesOf(logs, [
    { column: column[0], batch: batch[0] },
    { column: column[1] ?? column[0], batch: batch[1] },
  ]);
  const batches = batch.length === 2 ? (batch as [number, number]) : undefined;
  const outcome = follow(...runs, {
    atPoints: runs.every(({ heldOut }) => heldOut),
    tolerance,
    seed,
    ...(batches ? { batches } : {}),
  });
  return {
    files: logs.map(({ file }) => file) as [string, string],
    runs,
    outcome,
    ...(batches ? { batches } : {}),
  };
}

/** What `--json` prints. What is infinite is null. */
function jsonOf({ files, batches, runs, outcome }: Followed): object {
  const [old, now] = [0, 1].map((side) => ({
    file: files[side],
    ...(batches ? { batch: batches[side] } : {}),
    column: runs[side]!.column,
  }));
  return { version: 1, old, new: now, ...outcome };
}
