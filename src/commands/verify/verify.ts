import { Problem } from '../../base/problem.ts';
import type {
  AverageCase,
  AverageResult,
  AveragesRequest,
  AveragesResult,
  Backend,
  Control,
  Measured,
  Recording,
} from '../../lab/backends/backend.ts';
import { pairsOf, predictRelativeRms } from '../../lab/predict.ts';
import { type Signal, type SignalName, signalNamed } from '../../lab/signals.ts';
import {
  chooseSizes,
  DEFAULT_DRAWS,
  memoryOf,
  type Sizes,
  schedule,
  snapshotBlocks,
} from '../../lab/sizes.ts';
import { type Alignment, align, bestDecay, levelRatio } from '../../lab/theory.ts';
import type { ComparedAverage, ComparedLearningRate, Comparison } from './compare.ts';
import { agrees, DEFAULT_TOLERANCE, type Verdict, verdictOf } from './verdict.ts';

/** What decides a verification beside the configs. */
export interface VerifyOptions {
  readonly backend: Backend;
  /** Unsigned 32-bit. */
  readonly seed?: number;
  /** Relative rms difference that passes. */
  readonly tolerance?: number;
  /** `coarse` fails too. */
  readonly strict?: boolean;
  /** Gradient noise scale in samples, for the level of squared gradients; the old batch unless told. */
  readonly noiseScale?: number;
  readonly gradients?: SignalName | Recording;
  /** Normals to draw for each pair of batches. */
  readonly draws?: number;
}

/** One average, measured and judged. */
export interface VerifiedAverage extends ComparedAverage {
  readonly converted: Measured;
  readonly unconverted: Measured;
  /** What the closed forms say for this run; for recorded gradients what they say of white noise. */
  readonly theory: number;
  readonly unconvertedTheory: number;
  /** What the verdict is on, and the least that any decay reaches. */
  readonly size: number;
  readonly best: number;
  readonly verdict: Verdict;
  /** Measured is what was predicted. Undefined for recorded gradients, which no closed form knows. */
  readonly agrees?: boolean;
  readonly levels?: { readonly measured: Measured; readonly theory: number; readonly noiseScale: number };
  readonly trajectory: AverageResult['trajectory'];
}

export interface VerifiedLearningRate extends ComparedLearningRate {
  /** Within the tolerance of what is asked. */
  readonly asAsked: boolean;
}

/** The outcome of a verification. */
export interface Verification extends Pick<Comparison, 'batch' | 'rule' | 'unpaired'> {
  readonly pass: boolean;
  readonly backend: { readonly name: string; readonly device: string };
  readonly seed: number;
  readonly tolerance: number;
  readonly averages: readonly VerifiedAverage[];
  readonly learningRates: readonly VerifiedLearningRate[];
  readonly seconds: number;
}

/**
 * Runs every average of a comparison under old, new and unconverted settings on the same gradients and judges it.
 * @throws Problem: usage, where a recording is too short; the control signal's reason when stopped
 */
export async function verify(
  comparison: Comparison,
  options: VerifyOptions,
  control: Control,
): Promise<Verification> {
  const start = performance.now();
  const { backend, seed = 0, tolerance = DEFAULT_TOLERANCE, strict = false } = options;
  const groups = byBatch(comparison.averages);
  const verified = new Map<ComparedAverage, VerifiedAverage>();
  for (const [i, group] of groups.entries()) {
    const progress = (done: number) => control.progress?.((i + done) / groups.length);
    const judged = await verifyGroup(group, { ...options, seed, tolerance }, i, { ...control, progress });
    for (const [j, average] of group.entries()) verified.set(average, judged[j]!);
  }
  const averages = comparison.averages.map((average) => verified.get(average)!);
  const learningRates = comparison.learningRates.map((rate) => ({
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
    backend: { name: backend.name, device: backend.device },
    seed,
    tolerance,
    averages,
    learningRates,
    seconds: (performance.now() - start) / 1000,
  };
}

/** A noise scale of 0 is a mean without end; this is as far as float64 carries it well. */
const LEAST_NOISE = 1e-8;

/** One run serves all averages of the same pair of batches. */
function byBatch(averages: readonly ComparedAverage[]): ComparedAverage[][] {
  const groups = new Map<string, ComparedAverage[]>();
  for (const average of averages) {
    const key = average.batch.join('/');
    groups.set(key, [...(groups.get(key) ?? []), average]);
  }
  return [...groups.values()];
}

/** Whether an average is fine by itself. */
export function passes({ verdict, agrees = true }: VerifiedAverage, strict: boolean): boolean {
  return agrees && (verdict === 'pass' || (verdict === 'coarse' && !strict));
}

async function verifyGroup(
  group: readonly ComparedAverage[],
  options: VerifyOptions & { readonly seed: number; readonly tolerance: number },
  stream: number,
  control: Control,
): Promise<VerifiedAverage[]> {
  const { batch } = group[0]!;
  const { noiseScale = batch[0], gradients = 'constant' } = options;
  const alignment = align(batch);
  const recorded = typeof gradients === 'object';
  const sizes = recorded
    ? sizesOfRecording(gradients, group, alignment)
    : chooseSizes(
        batch,
        group.map((a) => a.filter),
        options.draws ?? DEFAULT_DRAWS,
      );
  const cases = group.map(
    ({ filter, gain, unconvertedGain }, i): AverageCase => ({
      decay: filter,
      gain,
      unconvertedGain,
      snapshots: sizes.snapshots[i]!,
    }),
  );
  const signal: Signal = recorded
    ? { kind: 'constant' }
    : signalNamed(gradients, Math.floor(sizes.blocks / 2) * alignment.old);
  const request: AveragesRequest = {
    batch,
    cases,
    coordinates: sizes.coordinates,
    blocks: sizes.blocks,
    mean: Math.sqrt(batch[0] / Math.max(noiseScale, LEAST_NOISE * batch[0])),
    gradients: recorded
      ? { kind: 'recorded', recording: gradients }
      : {
          kind: 'synthetic',
          key: { seed: options.seed, stream },
          tails: gradients === 'heavy-tails' ? 'heavy' : 'normal',
          signal,
        },
  };
  const result = await options.backend.averages(request, control);
  return group.map((average, i) =>
    judge(average, i, { request, result, signal, recorded, noiseScale }, options.tolerance),
  );
}

interface Run {
  readonly request: AveragesRequest;
  readonly result: AveragesResult;
  readonly signal: Signal;
  readonly recorded: boolean;
  readonly noiseScale: number;
}

/** A signal beside the noise is judged over the snapshots taken; noise alone in the steady state, which runs approach. */
function judge(average: ComparedAverage, index: number, run: Run, tolerance: number): VerifiedAverage {
  const { request, result, signal, recorded, noiseScale } = run;
  const one = request.cases[index]!;
  const { converted, unconverted, trajectory } = result.cases[index]!;
  const pairs = pairsOf(request.batch, one);
  const taken = snapshotBlocks(one.snapshots, request.blocks);
  const judged = signal.kind === 'constant' ? [Number.POSITIVE_INFINITY] : taken;
  const theory = predictRelativeRms(pairs.converted, signal, taken);
  const unconvertedTheory = predictRelativeRms(pairs.unconverted, signal, taken);
  const figures = {
    size: recorded ? converted.value : predictRelativeRms(pairs.converted, signal, judged),
    unconverted: recorded ? unconverted.value : predictRelativeRms(pairs.unconverted, signal, judged),
    best: bestDecay(request.batch, one.decay[0], (now) =>
      predictRelativeRms({ batch: request.batch, decay: [one.decay[0], now] }, signal, judged),
    ).relativeRms,
  };
  const measured = result.level;
  const level = levelRatio(request.batch, noiseScale);
  const leveled = average.level && !recorded && signal.kind === 'constant';
  const asPredicted =
    agrees(converted, theory) &&
    agrees(unconverted, unconvertedTheory) &&
    (!leveled || agrees(measured, level));
  return {
    ...average,
    converted,
    unconverted,
    trajectory,
    theory,
    unconvertedTheory,
    size: figures.size,
    best: figures.best,
    verdict: verdictOf(figures, tolerance),
    ...(recorded ? {} : { agrees: asPredicted }),
    ...(leveled ? { levels: { measured, theory: level, noiseScale } } : {}),
  };
}

const FEWEST_BLOCKS = 16;

function sizesOfRecording(
  { rows, columns }: Recording,
  group: readonly ComparedAverage[],
  alignment: Alignment,
): Sizes {
  const perBlock = alignment.old * alignment.now;
  const blocks = Math.floor(rows / perBlock);
  if (blocks < FEWEST_BLOCKS)
    throw new Problem(
      'usage',
      `the recording has ${rows} rows; this ratio of batches needs at least ${FEWEST_BLOCKS * perBlock}, each the mean gradient of as many samples as divide both batches`,
    );
  return {
    coordinates: columns,
    blocks,
    snapshots: group.map(({ filter }) => schedule(memoryOf(filter, alignment), blocks)),
  };
}
