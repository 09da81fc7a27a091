import { Problem } from '../../base/problem.ts';

/** Squared gradient norms measured at one global batch size (samples). */
export interface NormSeries {
  readonly batch: number;
  readonly squaredNorms: readonly number[];
}

/** The gradient noise scale and its ingredients. */
export interface NoiseEstimate {
  /** tr(Sigma)/|G|^2 in samples. */
  readonly noiseScale: number;
  /** |G|^2, the squared norm of the true gradient. */
  readonly signal: number;
  /** tr(Sigma), the summed variance of one sample's gradient. */
  readonly noise: number;
  /** Central 95 % bootstrap interval, if there are several measurements at both batch sizes. */
  readonly interval?: readonly [number, number];
  readonly measurements: readonly {
    readonly batch: number;
    readonly count: number;
    readonly meanSquaredNorm: number;
  }[];
}

const RESAMPLES = 2000;

/**
 * The simple gradient noise scale from squared gradient norms at two batch sizes. E|g_B|^2 = |G|^2 + tr(Sigma)/B, so
 * two batch sizes give both unknowns, unbiased; norms are averaged before the ratio is taken, since a mean of ratios
 * is biased.
 * @see McCandlish et al. 2018, arXiv 1812.06162, appendix A.1
 * @throws Problem `usage` for fewer than two batch sizes; `noise-undetermined` where the difference drowns in noise
 */
export function estimateNoiseScale(series: readonly NormSeries[], seed = 1): NoiseEstimate {
  const batches = [...new Set(series.map((s) => s.batch))].sort((a, b) => a - b);
  if (batches.length !== 2)
    throw new Problem(
      'usage',
      `the noise scale needs squared gradient norms at two batch sizes, not ${batches.length}`,
    );
  const sampled = (batch: number): Sampled => ({
    batch,
    norms: series.filter((s) => s.batch === batch).flatMap((s) => s.squaredNorms),
  });
  const [small, big] = [sampled(batches[0]!), sampled(batches[1]!)];
  for (const { batch, norms } of [small, big]) {
    if (norms.length === 0) throw new Problem('usage', `no gradient norm at batch ${batch}`);
    if (norms.some((n) => !Number.isFinite(n) || n < 0))
      throw new Problem('usage', `a squared gradient norm at batch ${batch} is not a number of at least 0`);
  }
  const estimate = solve(small.batch, mean(small.norms), big.batch, mean(big.norms));
  const interval = small.norms.length > 1 && big.norms.length > 1 ? bootstrap(small, big, seed) : undefined;
  if (
    !(estimate.signal > 0 && estimate.noise > 0) ||
    (interval && !(interval[0] > 0 && Number.isFinite(interval[1])))
  )
    throw undetermined(small, big, estimate);
  return {
    noiseScale: estimate.noise / estimate.signal,
    ...estimate,
    ...(interval ? { interval } : {}),
    measurements: [small, big].map(({ batch, norms }) => ({
      batch,
      count: norms.length,
      meanSquaredNorm: mean(norms),
    })),
  };
}

interface Sampled {
  readonly batch: number;
  readonly norms: readonly number[];
}

function solve(
  small: number,
  smallNorm: number,
  big: number,
  bigNorm: number,
): { signal: number; noise: number } {
  return {
    signal: (big * bigNorm - small * smallNorm) / (big - small),
    noise: (smallNorm - bigNorm) / (1 / small - 1 / big),
  };
}

/** Bootstrap estimates; one without a positive signal counts as infinite, without noise as 0. */
function bootstrap(small: Sampled, big: Sampled, seed: number): [number, number] {
  const random = generator(seed);
  const resampled = (norms: readonly number[]) => {
    let sum = 0;
    for (let i = 0; i < norms.length; i++) sum += norms[Math.floor(random() * norms.length)]!;
    return sum / norms.length;
  };
  const scales = Array.from({ length: RESAMPLES }, () => {
    const { signal, noise } = solve(small.batch, resampled(small.norms), big.batch, resampled(big.norms));
    if (signal <= 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, noise / signal);
  }).sort((a, b) => a - b);
  return [scales[Math.floor(RESAMPLES * 0.025)]!, scales[Math.ceil(RESAMPLES * 0.975) - 1]!];
}

function undetermined(
  small: Sampled,
  big: Sampled,
  { signal, noise }: { signal: number; noise: number },
): Problem {
  const which =
    noise <= 0
      ? 'the smaller batch shows no larger norm than the bigger one'
      : signal <= 0
        ? 'no signal is left once the noise is taken off'
        : 'the interval reaches 0 or infinity';
  const spread =
    Math.max(small.norms.length, big.norms.length) > 1
      ? ` (${small.norms.length} and ${big.norms.length} measurements)`
      : '';
  return new Problem(
    'noise-undetermined',
    `the difference between batch ${small.batch} and ${big.batch} drowns in noise: ${which}${spread}. Measure more steps, or batch sizes further apart`,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** mulberry32: small, seeded, good enough to draw indices. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
