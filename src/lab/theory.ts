/**
 * Closed forms for two exponential averages over the same independent samples, at the sample counts where both have
 * just been updated ("aligned": multiples of the least common multiple of the two batches).
 *
 * The averages are m = decay*m + (1-decay)*(mean of the batch), from zero. Figures are in units of the noise of one
 * old batch: its mean has standard deviation 1. Derivations: Viehmann 2019 for the identity behind decay^kappa; the
 * sums below follow from the weights directly and are tested against them.
 */

/** Two exponential averages over the same samples. */
export interface AveragePair {
  /** Samples behind one update of the old and the new average; only their ratio matters. Above 0. */
  readonly batch: readonly [old: number, now: number];
  /** Each in [0, 1). */
  readonly decay: readonly [old: number, now: number];
  /** The new average is multiplied by this before it is compared; 1 by default. */
  readonly gain?: number;
}

/** Updates of the old and of the new average in one aligned block, and so their batches in units of the gcd, crossed. */
export interface Alignment {
  readonly old: number;
  readonly now: number;
}

/** A run of samples inside one old and one new batch. */
export interface Stretch {
  /** In units of the greatest common divisor of the two batches. */
  readonly length: number;
  /** Which old and new batch of the block it lies in, counted from the block's start. */
  readonly old: number;
  readonly now: number;
}

const MOST_UPDATES = 1e7;

/**
 * How many updates of each average one aligned block has: [96, 64] gives 2 old and 3 new.
 * @param batch two sizes above 0; fractions with up to four decimals are allowed
 * @throws RangeError where the two have no common multiple within the limit
 */
export function align([old, now]: AveragePair['batch']): Alignment {
  for (const scale of [1, 10_000]) {
    const [a, b] = [old * scale, now * scale];
    const [x, y] = [Math.round(a), Math.round(b)];
    if (x < 1 || y < 1 || Math.abs(a - x) > 1e-9 * x || Math.abs(b - y) > 1e-9 * y) continue;
    const divisor = greatestCommonDivisor(x, y);
    if ((x + y) / divisor <= MOST_UPDATES) return { old: y / divisor, now: x / divisor };
  }
  throw new RangeError(
    `batches of ${old} and ${now} samples have no common multiple within ${MOST_UPDATES} updates`,
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** How many stretches one aligned block has: old and now are coprime, so batches end together only at its end. */
export function stretchCount({ old, now }: Alignment): number {
  return old + now - 1;
}

/** The stretches of one aligned block in the order of time. */
export function* stretches({ old, now }: Alignment): Generator<Stretch> {
  let at = 0;
  for (let i = 0, j = 0; i < old; ) {
    const [endOld, endNow] = [(i + 1) * now, (j + 1) * old];
    const end = Math.min(endOld, endNow);
    yield { length: end - at, old: i, now: j };
    at = end;
    if (end === endOld) i++;
    if (end === endNow) j++;
  }
}

/** A stretch with what begins and ends with it. */
export interface Step extends Stretch {
  readonly starts: { readonly old: boolean; readonly now: boolean };
  readonly ends: { readonly old: boolean; readonly now: boolean };
}

/** The stretches of one aligned block, listed. */
export function stepsOf(alignment: Alignment): Step[] {
  const all = [...stretches(alignment)];
  return all.map((step, i) => ({
    ...step,
    starts: { old: all[i - 1]?.old !== step.old, now: all[i - 1]?.now !== step.now },
    ends: { old: all[i + 1]?.old !== step.old, now: all[i + 1]?.now !== step.now },
  }));
}

/** Sums over one block of products of the two averages' weights; `rest` is the old weight minus the new. */
interface BlockSums {
  readonly oldOld: number;
  readonly nowNow: number;
  readonly restRest: number;
  readonly restNow: number;
}

/** Below this the logarithm of a weight is too small to count in float64. */
const NEGLIGIBLE = -60;

function blockSums({ decay: [b, c], gain = 1 }: AveragePair, { old, now }: Alignment): BlockSums {
  const [logOld, logNow] = [Math.log(b), Math.log(c)];
  let [oldOld, nowNow, restRest, restNow] = [0, 0, 0, 0];
  // Backwards in time, where index i is the age in updates, so that the loop can stop where the weights are negligible.
  for (const { length, old: i, now: j } of stretches({ old, now })) {
    if (i * logOld < NEGLIGIBLE && j * logNow < NEGLIGIBLE) break;
    const w = ((1 - b) * b ** i) / now;
    const v = (gain * (1 - c) * c ** j) / old;
    oldOld += length * w * w;
    nowNow += length * v * v;
    restRest += length * (w - v) * (w - v);
    restNow += length * (w - v) * v;
  }
  return { oldOld, nowNow, restRest, restNow };
}

/** Sum of exp(q * log) for q = 0 ... count-1. */
function geometric(log: number, count: number): number {
  return Math.expm1(count * log) / Math.expm1(log);
}

/** How far two averages over the same samples are apart, and how much each fluctuates by itself. */
export interface Spread {
  /** Mean square of old - gain*new from the noise alone. */
  readonly difference: number;
  /** Variances of the old average and of gain*new. */
  readonly old: number;
  readonly now: number;
}

/**
 * The spread of a pair as a function of the aligned blocks since both started at zero. Infinity is the steady state.
 * The difference is summed from differences of weights, never by subtracting variances, so it keeps its digits where
 * the averages almost agree.
 */
export function spreadOf(pair: AveragePair): (blocks: number) => Spread {
  const { old, now } = align(pair.batch);
  const { oldOld, nowNow, restRest, restNow } = blockSums(pair, { old, now });
  const [logOld, logNow] = [old * Math.log(pair.decay[0]), now * Math.log(pair.decay[1])];
  return (blocks) => {
    const both = geometric(2 * logOld, blocks);
    const bothNow = geometric(2 * logNow, blocks);
    const cross = geometric(logOld + logNow, blocks);
    const [first, second] =
      blocks === Number.POSITIVE_INFINITY
        ? steadyBrackets(logOld, logNow)
        : [both - cross, both - 2 * cross + bothNow];
    return {
      difference: Math.max(0, now * (restRest * both + 2 * restNow * first + nowNow * second)),
      old: now * oldOld * both,
      now: now * nowNow * bothNow,
    };
  };
}

/** Sums over all q of x^q(x^q - y^q) and of (x^q - y^q)^2 for x = exp(logX), y = exp(logY), without cancellation. */
function steadyBrackets(logX: number, logY: number): [number, number] {
  const [x, y] = [Math.exp(logX), Math.exp(logY)];
  const apart = x > 0 ? -x * Math.expm1(logY - logX) : -y;
  const missing = (log: number) => -Math.expm1(log);
  const first = (x * apart) / (missing(2 * logX) * missing(logX + logY));
  const second =
    (apart * apart * (1 + x * y)) / (missing(2 * logX) * missing(2 * logY) * missing(logX + logY));
  return [first, second];
}

/** The steady state: both averages have forgotten their start. */
export const STEADY: readonly number[] = [Number.POSITIVE_INFINITY];

/**
 * Root mean square of old - gain*new at aligned counts, over the standard deviation of the old average.
 * 0 is the same trajectory, 1 is as far as if the new one were constant.
 * @param snapshots aligned blocks since both started at zero, over which the squares are summed
 */
export function relativeRms(pair: AveragePair, snapshots = STEADY): number {
  const spread = spreadOf(pair);
  let [differences, own] = [0, 0];
  for (const blocks of snapshots) {
    const { difference, old } = spread(blocks);
    differences += difference;
    own += old;
  }
  return Math.sqrt(differences / own);
}

/** A decay and how close an average with it comes. */
export interface Best {
  readonly decay: number;
  readonly relativeRms: number;
}

/**
 * The decay whose average follows the old one most closely in the steady state: decay^kappa exactly where the batch
 * grows by a whole factor; a little above it where the batch shrinks, as a shrunk estimate has the smaller error there.
 */
export function bestDecay(batch: AveragePair['batch'], decay: number): Best {
  const under = (now: number) => ({ decay: now, relativeRms: relativeRms({ batch, decay: [decay, now] }) });
  if (decay === 0) return under(0);
  const centre = Math.log((batch[1] / batch[0]) * -Math.log(decay));
  const at = (logRate: number) => under(Math.exp(-Math.exp(logRate)));
  return goldenSection(at, centre - 2, centre + 2);
}

function goldenSection(at: (x: number) => Best, from: number, to: number): Best {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  let [x, y] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [left, right] = [at(x), at(y)];
  for (let i = 0; i < 40; i++) {
    if (left.relativeRms <= right.relativeRms) {
      [high, y, right] = [y, x, left];
      x = high - ratio * (high - low);
      left = at(x);
    } else {
      [low, x, left] = [x, y, right];
      y = low + ratio * (high - low);
      right = at(y);
    }
  }
  return left;
}

/**
 * How much the level of an average of squared gradients moves with the batch: E[g_B^2] = mu^2 + s^2/B, so the ratio
 * is (1 + N/B') / (1 + N/B), whatever the decay.
 * @param noiseScale N = s^2/mu^2 in samples (McCandlish et al., arXiv 1812.06162), 0 or more
 */
export function levelRatio([old, now]: AveragePair['batch'], noiseScale: number): number {
  return noiseScale === Number.POSITIVE_INFINITY
    ? old / now
    : (1 + noiseScale / now) / (1 + noiseScale / old);
}
