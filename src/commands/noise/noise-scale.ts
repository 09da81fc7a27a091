import { num, short } from '../../base/numbers.ts';
import { Problem } from '../../base/problem.ts';
import { generator } from '../../base/random.ts';

/** Squared gradient norms measured at one global batch size (samples). */
export interface NormSeries {
  readonly batch: number;
  readonly squaredNorms: readonly number[];
  /** Cells of the log without a finite number. */
  readonly skipped?: number;
}

/** Squared gradient norms of one run, in its order: at each place both batch sizes saw the same weights. */
export interface PairedNorms {
  /** Samples in the smaller and in the bigger batch. */
  readonly batches: readonly [small: number, big: number];
  readonly squaredNorms: readonly [small: readonly number[], big: readonly number[]];
}

/** The gradient noise scale and its ingredients. */
export interface NoiseScale {
  /** tr(Sigma)/|G|^2 in samples; infinite where no signal is left, 0 where no noise is seen. */
  readonly noiseScale: number;
  /** |G|^2, the squared norm of the true gradient: an unbiased estimate, which chance can bring below 0. */
  readonly signal: number;
  /** tr(Sigma), the summed variance of one sample's gradient: unbiased as well. */
  readonly noise: number;
  /** Central 95 % bootstrap interval in samples, if there are several measurements at both batch sizes. */
  readonly interval?: readonly [low: number, high: number];
  /** Where the interval is open at one end, which end of N is known. */
  readonly bound?: 'at-least' | 'at-most';
}

export interface NoiseEstimate extends NoiseScale {
  readonly measurements: readonly {
    readonly batch: number;
    readonly count: number;
    readonly meanSquaredNorm: number;
  }[];
}

/** The noise scale of a part of a run: rows `from` to `to`, the last not included. */
export interface Phase extends NoiseScale {
  readonly from: number;
  readonly to: number;
}

const RESAMPLES = 2000;
/** With fewer measurements a bootstrap cannot tell where an interval ends. */
const FEWEST_FOR_A_BOUND = 8;
/** Blocks of steps that a run is drawn from at most. */
const MOST_BLOCKS = 1000;
/** Steps or blocks within which a run's gradient is taken as level. */
const STRATUM = 20;

/**
 * The simple gradient noise scale from squared gradient norms at two batch sizes, measured separately: in two runs, or
 * one by one. E|g_B|^2 = |G|^2 + tr(Sigma)/B, so two batch sizes give both unknowns, each unbiased. Both are averaged
 * before the ratio is taken: a mean of ratios is biased, and has no mean at all where a denominator comes near 0.
 * @see McCandlish et al. 2018, arXiv 1812.06162, appendix A.1
 * @throws Problem: usage for fewer than two batch sizes; not-the-same-weights where the norms are further apart than the
 * batch sizes allow; noise-undetermined where the difference drowns in noise
 */
export function estimateNoiseScale(series: readonly NormSeries[], seed = 1): NoiseEstimate {
  const batches = [...new Set(series.map((s) => s.batch))].sort((a, b) => a - b);
  if (batches.length !== 2)
    throw new Problem(
      'usage',
      `the noise scale needs squared gradient norms at two batch sizes, not ${batches.length}`,
    );
  const sizes = batches as [number, number];
  const runs = sizes.map((batch) => runsOf(series.filter((s) => s.batch === batch))) as [Runs, Runs];
  const norms = runs.map((all) => all.flat()) as [number[], number[]];
  validate(sizes, norms);
  const random = generator(seed);
  const several = norms.every((n) => n.length > 1);
  const scale = scaleOf(
    sizes,
    norms.map(mean) as [number, number],
    several ? () => [drawnMean(runs[0], random), drawnMean(runs[1], random)] : undefined,
  );
  return conclude(scale, sizes, norms, 'two runs');
}

/**
 * The noise scale from one run that logged both norms at each step, before and after gradients were averaged over
 * micro-batches or devices. The estimator is that of `estimateNoiseScale`, pooled over the run: mean |G|^2 and mean
 * tr(Sigma), then their ratio. The weights are the same by construction. Steps are resampled as pairs, since a
 * micro-batch is a part of the batch.
 * @throws Problem: usage, not-the-same-weights, noise-undetermined
 */
export function estimateFromOneRun(pairs: PairedNorms, seed = 1): NoiseEstimate {
  validate(pairs.batches, pairs.squaredNorms);
  return conclude(scaleOfPairs(pairs, seed), pairs.batches, pairs.squaredNorms, 'one run');
}

/** The noise scale of equal parts of a run, one after the other: N grows while a run gets on. */
export function phasesOf(pairs: PairedNorms, parts: number, seed = 1): Phase[] {
  const [small, big] = pairs.squaredNorms;
  return Array.from({ length: parts }, (_, k) => {
    const [from, to] = [k, k + 1].map((i) => Math.round((i * small.length) / parts)) as [number, number];
    const squaredNorms = [small.slice(from, to), big.slice(from, to)] as const;
    return { from, to, ...scaleOfPairs({ ...pairs, squaredNorms }, seed) };
  });
}

type Runs = readonly (readonly number[])[];

/** What has an order of its own, and is resampled along it: each log, and all single measurements together. */
function runsOf(series: readonly NormSeries[]): Runs {
  const norms = series.map(({ squaredNorms }) => squaredNorms);
  return [norms.filter((n) => n.length === 1).flat(), ...norms.filter((n) => n.length > 1)].filter(
    (n) => n.length > 0,
  );
}

function drawnMean(runs: Runs, random: () => number): number {
  const drawn = runs.map((run) => drawnSums([condense(run)], random)[0]!);
  const count = runs.reduce((sum, run) => sum + run.length, 0);
  return drawn.reduce((a, b) => a + b, 0) / count;
}

function scaleOfPairs({ batches, squaredNorms }: PairedNorms, seed: number): NoiseScale {
  const [small, big] = squaredNorms;
  const random = generator(seed);
  const condensed = [small, big].map(condense);
  const draw = (): [number, number] => {
    const [a, b] = drawnSums(condensed, random) as [number, number];
    return [a / small.length, b / big.length];
  };
  return scaleOf(batches, [mean(small), mean(big)], small.length > 1 ? draw : undefined);
}

function scaleOf(
  batches: readonly [number, number],
  means: readonly [number, number],
  draw: (() => readonly [number, number]) | undefined,
): NoiseScale {
  const point = solve(batches, means);
  if (!draw) return { noiseScale: ratioOf(point), ...point };
  const scales = Array.from({ length: RESAMPLES }, () => ratioOf(solve(batches, draw()))).sort(
    (a, b) => a - b,
  );
  const [low, high] = [scales[Math.floor(RESAMPLES * 0.025)]!, scales[Math.ceil(RESAMPLES * 0.975) - 1]!];
  const bound =
    low > 0 && high === Infinity ? 'at-least' : low === 0 && high < Infinity ? 'at-most' : undefined;
  return { noiseScale: ratioOf(point), ...point, interval: [low, high], ...(bound ? { bound } : {}) };
}

interface Ingredients {
  readonly signal: number;
  readonly noise: number;
}

function solve(
  [small, big]: readonly [number, number],
  [smallNorm, bigNorm]: readonly [number, number],
): Ingredients {
  return {
    signal: (big * bigNorm - small * smallNorm) / (big - small),
    noise: (smallNorm - bigNorm) / (1 / small - 1 / big),
  };
}

/** One without a positive signal counts as infinite, without noise as 0. */
function ratioOf({ signal, noise }: Ingredients): number {
  if (signal <= 0) return Infinity;
  return Math.max(0, noise / signal);
}

/**
 * Sums of columns over rows drawn for a bootstrap, the same rows in each column. The gradient changes along a run, which
 * is no error of the estimate: so a run is cut into short strata, and each is resampled on its own. From a stratum of n
 * one fewer is drawn, weighing n/(n-1), without which its variance would come out too small by (n-1)/n.
 * @see Rao and Wu 1988, Resampling inference with complex survey data, JASA 83, section 2
 */
function drawnSums(columns: readonly (readonly number[])[], random: () => number): number[] {
  const { length } = columns[0]!;
  if (length === 1) return columns.map((column) => column[0]!);
  const sums = columns.map(() => 0);
  const strata = Math.max(1, Math.floor(length / STRATUM));
  for (let s = 0; s < strata; s++) {
    const from = Math.round((s * length) / strata);
    const n = Math.round(((s + 1) * length) / strata) - from;
    for (let i = 0; i < n - 1; i++) {
      const row = from + Math.floor(random() * n);
      for (let c = 0; c < sums.length; c++) sums[c]! += (columns[c]![row]! * n) / (n - 1);
    }
  }
  return sums;
}

/** Sums of neighbours where there are many: a long run is drawn from in blocks. */
function condense(values: readonly number[]): readonly number[] {
  if (values.length <= MOST_BLOCKS) return values;
  const sums = new Array<number>(MOST_BLOCKS).fill(0);
  values.forEach((value, i) => {
    sums[Math.floor((i * MOST_BLOCKS) / values.length)]! += value;
  });
  return sums;
}

function validate(
  batches: readonly [number, number],
  norms: readonly [readonly number[], readonly number[]],
): void {
  if (!(batches[0] >= 1 && batches[1] > batches[0]))
    throw new Problem('usage', `the two batch sizes must differ: ${batches.join(' and ')}`);
  norms.forEach((all, i) => {
    if (all.length === 0) throw new Problem('usage', `no gradient norm at batch ${batches[i]}`);
    if (all.some((n) => !Number.isFinite(n) || n < 0))
      throw new Problem(
        'usage',
        `a squared gradient norm at batch ${batches[i]} is not a number of at least 0`,
      );
  });
}

/** The estimate with what it was made from, or why there is none. */
function conclude(
  scale: NoiseScale,
  batches: readonly [number, number],
  norms: readonly [readonly number[], readonly number[]],
  from: 'one run' | 'two runs',
): NoiseEstimate {
  const measurements = batches.map((batch, i) => ({
    batch,
    count: norms[i]!.length,
    meanSquaredNorm: mean(norms[i]!),
  }));
  const { interval, signal, noise, bound } = scale;
  if (interval?.[0] === Infinity || interval?.[1] === 0) throw impossible(measurements, from);
  const enough = norms.every((n) => n.length >= FEWEST_FOR_A_BOUND);
  const known = interval
    ? (bound !== undefined && enough) || (interval[0] > 0 && interval[1] < Infinity)
    : signal > 0 && noise > 0;
  if (!known) throw undetermined(scale, measurements);
  return { ...scale, measurements };
}

type Measurements = NoiseEstimate['measurements'];

function ratioText([small, big]: Measurements): string {
  const ratio = small!.meanSquaredNorm / big!.meanSquaredNorm;
  return `the mean squared norm at batch ${small!.batch} is ${short(ratio)} times that at batch ${big!.batch}`;
}

/** The ratio of the norms lies outside [1, B/b], by more than chance explains. */
function impossible(measurements: Measurements, from: 'one run' | 'two runs'): Problem {
  const [small, big] = measurements as [Measurements[0], Measurements[0]];
  const most = num(big.batch / small.batch);
  const found = `${ratioText(measurements)}, where at the same weights it lies between 1 and ${most}`;
  const why =
    from === 'two runs'
      ? 'The logs are not from the same weights: the two runs had come to different places. More steps do not cure that. Log both norms in one run; rebatch noise --snippet torch prints the lines for it'
      : 'So these columns are not what they are taken for. Are the batch sizes right, is each a norm of a mean over its batch (not of a sum, nor divided by the number of micro-batches), and was the bigger one taken before clipping?';
  return new Problem('not-the-same-weights', `${found}. ${why}`);
}

function undetermined({ signal, noise }: NoiseScale, measurements: Measurements): Problem {
  const [small, big] = measurements as [Measurements[0], Measurements[0]];
  const which =
    noise <= 0
      ? 'the smaller batch shows no larger norm than the bigger one'
      : signal <= 0
        ? 'no signal is left once the noise is taken off'
        : 'the interval reaches from 0 to infinity';
  const spread =
    Math.max(small.count, big.count) > 1 ? ` (${small.count} and ${big.count} measurements)` : '';
  return new Problem(
    'noise-undetermined',
    `the difference between batch ${small.batch} and ${big.batch} drowns in noise: ${which}${spread}. Measure more steps, or batch sizes further apart`,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
