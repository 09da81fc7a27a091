import type {
  AverageResult,
  AveragesRequest,
  AveragesResult,
  Backend,
  Control,
  Measured,
} from '../../lab/backends/backend.ts';
import { snapshotBlocks } from '../../lab/sizes.ts';
import { bestDecay, levelRatio, relativeRms } from '../../lab/theory.ts';
import type { AverageCheck, Comparison, LearningRateCheck } from './compare.ts';
import { type Size, samplesOf, sizedRequest } from './sized.ts';
import { agrees, DEFAULT_TOLERANCE, type Verdict, verdictOf } from './verdict.ts';

/** What decides a verification beside the configs. */
export interface VerifyOptions extends Size {
  readonly backend: Backend;
  /** Unsigned 32-bit. */
  readonly seed?: number;
  /** Relative rms difference that passes. */
  readonly tolerance?: number;
  /** `coarse` fails too. */
  readonly strict?: boolean;
  /** Gradient noise scale in samples, for the level of squared gradients; the old batch by default. */
  readonly noiseScale?: number;
  /** Normals to draw for each pair of batches. */
  readonly draws?: number;
}

/** One average, measured and judged. */
export interface AverageOutcome extends AverageCheck {
  /** What was run. */
  readonly coordinates: number;
  readonly samples: number;
  readonly converted: Measured;
  readonly unconverted: Measured;
  /** What the closed forms say for this run. */
  readonly theory: number;
  readonly unconvertedTheory: number;
  /** The relative rms in the steady state, which the verdict is on, and the least that any decay reaches. */
  readonly size: number;
  readonly best: number;
  readonly verdict: Verdict;
  /** Measured is what was predicted. */
  readonly agrees: boolean;
  readonly levels?: { readonly measured: Measured; readonly theory: number; readonly noiseScale: number };
  readonly trajectory: AverageResult['trajectory'];
}

export interface LearningRateOutcome extends LearningRateCheck {
  /** Within the tolerance of what is asked. */
  readonly asAsked: boolean;
}

/** The outcome of a verification. */
export interface Verification extends Pick<Comparison, 'batch' | 'rule' | 'unpaired' | 'warnings'> {
  readonly pass: boolean;
  /** The worst of the averages; `nothing` where no average had to be run. */
  readonly verdict: Verdict | 'nothing';
  readonly backend: { readonly name: string; readonly device: string };
  readonly seed: number;
  readonly tolerance: number;
  /** `coarse` fails. */
  readonly strict: boolean;
  readonly averages: readonly AverageOutcome[];
  readonly learningRates: readonly LearningRateOutcome[];
  readonly seconds: number;
}

/**
 * Runs every average of a comparison under old, new and unconverted settings on the same gradients and judges it.
 * @throws the control signal's reason when stopped
 */
export async function verifyComparison(
  comparison: Comparison,
  options: VerifyOptions,
  control: Control,
): Promise<Verification> {
  const start = performance.now();
  const { backend, seed = 0, tolerance = DEFAULT_TOLERANCE, strict = false } = options;
  const { averages: toRun, learningRates: rates } = changedBy(comparison);
  const groups = byBatch(toRun);
  const outcomes = new Map<AverageCheck, AverageOutcome>();
  for (const [i, group] of groups.entries()) {
    const progress = (done: number) => control.progress?.((i + done) / groups.length);
    const judged = await verifyGroup(group, { ...options, seed, tolerance }, i, { ...control, progress });
    for (const [j, average] of group.entries()) outcomes.set(average, judged[j]!);
  }
  const averages = toRun.map((average) => outcomes.get(average)!);
  const learningRates = rates.map((rate) => ({
    ...rate,
    asAsked: Math.abs(rate.ratio / rate.asked - 1) <= tolerance,
  }));
  const pass =
    comparison.unpaired.length === 0 &&
    averages.every((a) => passes(a, strict)) &&
    learningRates.every((rate) => rate.asAsked || !rate.decides);
  return {
    ...comparison,
    pass,
    verdict: verdictOfAll(pass, averages),
    backend: { name: backend.name, device: backend.device },
    seed,
    tolerance,
    strict,
    averages,
    learningRates,
    seconds: (performance.now() - start) / 1000,
  };
}

/** What there is to verify: at the same batch only what is not the same in both. */
function changedBy({ batch, averages, learningRates }: Comparison) {
  if (batch.from !== batch.to) return { averages, learningRates };
  return {
    averages: averages.filter(
      ({ batch: [from, to], filter: [b, c], gain }) => from !== to || b !== c || Math.abs(gain - 1) > SAME,
    ),
    learningRates: learningRates.filter(({ ratio }) => ratio !== 1),
  };
}

/** A gain this close to 1 is 1: products of the same numbers in another order. */
const SAME = 1e-12;

function verdictOfAll(pass: boolean, averages: readonly AverageOutcome[]): Verification['verdict'] {
  if (!pass) return 'fail';
  if (averages.length === 0) return 'nothing';
  return averages.some(({ verdict }) => verdict === 'coarse') ? 'coarse' : 'pass';
}

/** One run serves all averages of the same pair of batches. */
function byBatch(averages: readonly AverageCheck[]): AverageCheck[][] {
  const groups = new Map<string, AverageCheck[]>();
  for (const average of averages) {
    const key = average.batch.join('/');
    groups.set(key, [...(groups.get(key) ?? []), average]);
  }
  return [...groups.values()];
}

/** Whether an average is fine by itself. */
function passes({ verdict, agrees }: AverageOutcome, strict: boolean): boolean {
  return agrees && (verdict === 'pass' || (verdict === 'coarse' && !strict));
}

/** A noise scale of 0 is a mean without end; this is as far as float64 carries it well. */
const LEAST_NOISE = 1e-8;

async function verifyGroup(
  group: readonly AverageCheck[],
  options: VerifyOptions & { readonly seed: number; readonly tolerance: number },
  stream: number,
  control: Control,
): Promise<AverageOutcome[]> {
  const { batch } = group[0]!;
  const { noiseScale = batch[0], seed, tolerance } = options;
  const setup = {
    batch,
    averages: group.map(({ filter, gain, unconvertedGain }) => ({ decay: filter, gain, unconvertedGain })),
    mean: Math.sqrt(batch[0] / Math.max(noiseScale, LEAST_NOISE * batch[0])),
    key: { seed, stream },
    draws: options.draws,
  };
  const request = sizedRequest(setup, options);
  const result = await options.backend.averages(request, control);
  return group.map((average, i) => judge(average, i, { request, result, noiseScale, tolerance }));
}

interface AveragesRun {
  readonly request: AveragesRequest;
  readonly result: AveragesResult;
  readonly noiseScale: number;
  readonly tolerance: number;
}

/** Predictions are for the snapshots that were taken; the verdict is on the steady state, which runs approach. */
function judge(average: AverageCheck, index: number, run: AveragesRun): AverageOutcome {
  const { batch, filter, gain, unconvertedGain } = average;
  const { converted, unconverted, trajectory } = run.result.cases[index]!;
  const pair = { batch, decay: filter, gain };
  const leftAlone = { batch, decay: [filter[0], filter[0]] as const, gain: unconvertedGain };
  const taken = snapshotBlocks(run.request.cases[index]!.snapshots, run.request.blocks);
  const theory = relativeRms(pair, taken);
  const unconvertedTheory = relativeRms(leftAlone, taken);
  const size = relativeRms(pair);
  const best = bestDecay(batch, filter[0]).relativeRms;
  const { noiseScale } = run;
  const level = { measured: run.result.level, theory: levelRatio(batch, noiseScale), noiseScale };
  return {
    ...average,
    converted,
    unconverted,
    trajectory,
    coordinates: run.request.coordinates,
    samples: samplesOf(run.request),
    theory,
    unconvertedTheory,
    size,
    best,
    verdict: verdictOf({ size, unconverted: relativeRms(leftAlone), best }, run.tolerance),
    agrees:
      agrees(converted, theory) &&
      agrees(unconverted, unconvertedTheory) &&
      (!average.level || agrees(level.measured, level.theory)),
    ...(average.level ? { levels: level } : {}),
  };
}
