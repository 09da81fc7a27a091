import { chalkFor } from '../../base/colour.ts';
import { jsonText } from '../../base/diagnostic.ts';
import { displayName, readSource } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { writeFiles } from '../../base/io/write-files.ts';
import { Problem } from '../../base/problem.ts';
import { progressBar } from '../../base/progress.ts';
import { chooseBackend } from '../../lab/backends/index.ts';
import type { LoadedBackend } from '../../lab/backends/loaded.ts';
import { type ConvertOptions, ruleOf } from '../../pipe/plan.ts';
import { packagesOf } from '../options.ts';
import type { Comparison } from './compare.ts';
import { compareConfigs, compareWithConversion } from './comparisons.ts';
import { notTrained } from './report/training-text.ts';
import { verificationJson, verificationText } from './report/verification-text.ts';
import type { NoTraining, Training } from './train-configs.ts';
import { verifyComparison } from './verification.ts';

/** What the command line says about the run itself. */
export interface RunFlags {
  readonly seed: number;
  readonly tolerance?: number;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly train?: boolean;
  readonly report?: string;
  readonly backend: string;
  readonly packages?: string;
  readonly samples?: number;
  readonly coordinates?: number;
  readonly color?: boolean;
}

/**
 * Verifies one config against its conversion, or two configs against each other.
 * @returns the text for stdout, and whether everything passed
 * @throws Problem: usage and whatever reading the configs throws; interrupted on Ctrl-C, with nothing printed
 */
export async function runVerification(
  old: string,
  now: string | undefined,
  options: ConvertOptions,
  flags: RunFlags,
  io: Io,
): Promise<{ readonly text: string; readonly pass: boolean }> {
  const comparisons =
    now === undefined
      ? await compareWithConversion(await readSource(old, io), options)
      : await compareConfigs(await readSource(old, io), await readSource(now, io), options);
  if (flags.train) await sayUntrainable(comparisons, io);
  const title = now === undefined ? displayName(old) : `${displayName(old)} ${displayName(now)}`;
  const backend = await chooseBackend(flags.backend, io.stderr, packagesOf(flags, io));
  const { seed } = flags;
  const { noiseScale } = options;
  const settings = { ...flags, backend, ...(noiseScale === undefined ? {} : { noiseScale }) };
  const runs = async () => ({
    verifications: await watched(io, 'verifying', comparisons.length, (i, control) =>
      verifyComparison(comparisons[i]!, settings, control),
    ),
    trainings: flags.train ? await trainingsOf(comparisons, { ...options, seed }, backend, io) : [],
  });
  const { verifications, trainings } = await runs().finally(() => backend.release?.());
  const named = verifications.map((verification, i) => ({
    title,
    verification,
    ...(trainings[i] ? { trainings: trainings[i] } : {}),
  }));
  const chalk = chalkFor(io.stdout, io.env, flags.color);
  const reports = named.map(verificationJson);
  if (flags.report !== undefined) {
    const { verificationHtml } = await import('./report/html.ts');
    writeFiles([{ file: flags.report, text: verificationHtml(named, reports) }], io);
  }
  const text = flags.json
    ? `${jsonText(reports.length === 1 ? reports[0] : reports)}\n`
    : named.map((one) => verificationText(one, chalk, Math.min(io.stdout.columns ?? 80, 100))).join('\n');
  return { text, pass: verifications.every(({ pass }) => pass) };
}

/** What will not be trained is said before anything runs, so that nobody waits for it. */
async function sayUntrainable(comparisons: readonly Comparison[], { stderr }: Io): Promise<void> {
  const { untrainable } = await import('./train-configs.ts');
  for (const one of comparisons.flatMap(untrainable)) stderr.write(`${notTrained(one)}\n`);
}

/** Trainings on the backend; their code is loaded when asked for. */
async function trainingsOf(
  comparisons: readonly Comparison[],
  options: ConvertOptions & { readonly seed: number },
  backend: LoadedBackend,
  io: Io,
): Promise<(Training | NoTraining)[][]> {
  const { trainConfigs } = await import('./train-configs.ts');
  const settings = { ...options, rule: ruleOf(options), layersOf: backend.layersOf };
  return watched(io, 'training', comparisons.length, (i, control) =>
    trainConfigs(comparisons[i]!, settings, control),
  );
}

/** Runs things one after the other under a progress bar; Ctrl-C ends them before anything is printed. */
async function watched<T>(
  io: Io,
  what: string,
  count: number,
  one: (index: number, control: { signal: AbortSignal; progress(done: number): void }) => Promise<T>,
): Promise<T[]> {
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Problem('interrupted', 'stopped; nothing was verified'));
  const bar = progressBar(io.stderr, what);
  const results: T[] = [];
  process.once('SIGINT', interrupt);
  try {
    for (let i = 0; i < count; i++)
      results.push(await one(i, { signal: stop.signal, progress: (done) => bar.show((i + done) / count) }));
    return results;
  } finally {
    bar.clear();
    process.removeListener('SIGINT', interrupt);
  }
}
