import { Problem } from '../../base/problem.ts';
import { generator } from '../../base/random.ts';

/** The losses of a run, at the samples seen by then, in order. */
export interface LossCurve {
  readonly samples: readonly number[];
  readonly losses: readonly number[];
}

/** A stretch of samples over which both runs are averaged. */
export interface Window {
  /** Samples seen, the mean over the stretch. */
  readonly samples: number;
  readonly losses: readonly [old: number, now: number];
}

export interface Measured {
  readonly value: number;
  readonly standardError: number;
}

/** `crosses`: as far from the old path as the other two, but on either side of it. */
export type Verdict = 'follows' | 'behind' | 'ahead' | 'crosses';

export interface Comparison {
  readonly verdict: Verdict;
  readonly windows: readonly Window[];
  /** Mean |log(new/old)|: 0 is the same path. */
  readonly distance: Measured;
  /** Mean log(new/old): above 0 the new loss is the higher one. */
  readonly shift: Measured;
  /** What the distance would be of two runs on one path, by how much each log jumps from window to window. */
  readonly floor: number;
  /** How much the new log jumps from window to window, over how much the old one does. */
  readonly jumps: number;
  /** A shift up to this still follows: it would go unseen, or is too small to matter. */
  readonly resolution: number;
  /** How many samples of the old run one of the new run is worth: at 0.5 the new run needs twice as many. */
  readonly pace?: Pace;
}

export interface Pace {
  readonly value: number;
  /** 95 %, bootstrap. */
  readonly interval: readonly [low: number, high: number];
}

export interface CompareSettings {
  /**
   * Losses are measured at a point, as on held-out data: the log with more points is interpolated. Else they are means
   * since the last point, or noisy enough to be averaged over it.
   */
  readonly atPoints: boolean;
  /** |log(new/old)| that counts as following in any case. */
  readonly tolerance: number;
  readonly seed: number;
}

const MOST_WINDOWS = 40;
const FEWEST_WINDOWS = 8;
const RESAMPLES = 1000;
/** Two runs differ by the luck of their path too, which lasts for several windows: two standard errors are too few. */
const STANDARD_ERRORS = 3;

/**
 * Compares the losses of two runs where both have seen the same samples.
 *
 * The distance is that of `verify --train`: mean |log(new/old)|, with the standard error of a moving-block
 * bootstrap, since neighbouring windows are alike (Künsch 1989, Annals of Statistics 17, 1217). The floor comes from each
 * log itself: the second differences of its log losses hold its noise and hardly its trend.
 * @throws Problem: usage where there is too little in common, or a loss is not above 0
 */
export function compareLosses(old: LossCurve, now: LossCurve, settings: CompareSettings): Comparison {
  for (const { losses } of [old, now])
    if (losses.some((loss) => !(loss > 0)))
      throw new Problem('usage', 'losses are compared by their ratio, so each must be above 0');
  const windows = align(old, now, settings.atPoints);
  if (windows.length < FEWEST_WINDOWS)
    throw new Problem(
      'usage',
      `the logs have ${windows.length} points in common; ${FEWEST_WINDOWS} are needed. Log more often, and give each log its batch size`,
    );
  const differences = windows.map(({ losses }) => Math.log(losses[1] / losses[0]));
  const { distance, shift } = measure(differences, settings.seed);
  const { floor, jumps } = floorOf(windows, settings.atPoints);
  // A shift of less than half of what the loss jumps anyway is no other path, however well it is measured.
  const beyond = Math.max(settings.tolerance, floor / 2, STANDARD_ERRORS * shift.standardError);
  const apart = distance.value - floor > Math.max(settings.tolerance, floor, 2 * distance.standardError);
  const verdict = verdictOf(distance.value, shift.value, beyond, apart);
  const pace = paceOf(windows, settings.seed);
  return { verdict, windows, distance, shift, floor, jumps, resolution: beyond, ...(pace ? { pace } : {}) };
}

/** Of the distance, this much on one side is no crossing. */
const MOSTLY = 0.75;

/**
 * @param beyond a shift up to this follows
 * @param apart the distance is more than noise explains. Two runs of other seeds wander apart by up to twice what their
 * logs jump (measured, with AdamW on digits), so that is asked for; the error of a distance also holds how the
 * difference changes along the run, so of that two are enough
 */
function verdictOf(distance: number, shift: number, beyond: number, apart: boolean): Verdict {
  const side = shift > 0 ? 'behind' : 'ahead';
  if (Math.abs(shift) > beyond) return side;
  if (!apart) return 'follows';
  return Math.abs(shift) > MOSTLY * distance ? side : 'crosses';
}

/** Windows of the log with fewer points, and what both losses are there. */
function align(old: LossCurve, now: LossCurve, atPoints: boolean): Window[] {
  const end = Math.min(old.samples.at(-1) ?? 0, now.samples.at(-1) ?? 0);
  const start = atPoints ? Math.max(old.samples[0] ?? 0, now.samples[0] ?? 0) : 0;
  const within = ({ samples }: LossCurve) => samples.flatMap((s, i) => (s >= start && s <= end ? [i] : []));
  const kept = [within(old), within(now)] as const;
  const coarseIsOld = kept[0].length <= kept[1].length;
  const [coarse, fine] = coarseIsOld ? [old, now] : [now, old];
  const points = coarseIsOld ? kept[0] : kept[1];
  const count = Math.min(MOST_WINDOWS, points.length);
  const windows = Array.from({ length: count }, (_, k) => {
    const group = points.slice(
      Math.round((k * points.length) / count),
      Math.round(((k + 1) * points.length) / count),
    );
    const own = mean(group.map((i) => coarse.losses[i]!));
    const before =
      coarse.samples[group[0]! - 1] ?? 2 * coarse.samples[group[0]!]! - (coarse.samples[group[0]! + 1] ?? 0);
    const other = atPoints
      ? mean(group.map((i) => interpolated(fine.samples, fine.losses, coarse.samples[i]!)))
      : mean(
          fine.losses.filter(
            (_, i) => fine.samples[i]! > before && fine.samples[i]! <= coarse.samples[group.at(-1)!]!,
          ),
        );
    const losses: readonly [number, number] = coarseIsOld ? [own, other] : [other, own];
    return { samples: mean(group.map((i) => coarse.samples[i]!)), losses };
  });
  return windows.filter(({ losses }) => losses.every(Number.isFinite));
}

function measure(differences: readonly number[], seed: number): { distance: Measured; shift: Measured } {
  const draws = blocks(differences.length, seed).map((rows) => rows.map((i) => differences[i]!));
  const measured = (of: (values: readonly number[]) => number): Measured => ({
    value: of(differences),
    standardError: deviation(draws.map(of)),
  });
  return { distance: measured((values) => mean(values.map(Math.abs))), shift: measured(mean) };
}

/** Rows drawn in blocks of neighbours, around the end: for each resample as many as there are. */
function blocks(length: number, seed: number): number[][] {
  const random = generator(seed);
  const size = Math.ceil(Math.sqrt(length));
  return Array.from({ length: RESAMPLES }, () => {
    const rows: number[] = [];
    while (rows.length < length) {
      const from = Math.floor(random() * length);
      for (let i = 0; i < size && rows.length < length; i++) rows.push((from + i) % length);
    }
    return rows;
  });
}

/** Neighbours to each side from which a window's noise is taken. */
const AROUND = 4;
/** Of a standard normal: the median of |x|, and the mean of |x|. */
const [MEDIAN_SIZE, MEAN_SIZE] = [0.6745, Math.sqrt(2 / Math.PI)];

/**
 * Losses on held-out data jump because the weights do, so that a new run which jumps more has left the path: there the
 * old log's noise stands for both. Training losses also jump by the samples they were taken on, in each log by its own.
 */
function floorOf(windows: readonly Window[], atPoints: boolean): { floor: number; jumps: number } {
  const [old, now] = [0, 1].map((side) => noiseOf(windows.map(({ losses }) => Math.log(losses[side]!)))) as [
    number[],
    number[],
  ];
  const other = atPoints ? old : now;
  return {
    floor: mean(old.map((s, i) => MEAN_SIZE * Math.hypot(s, other[i]!))),
    jumps: mean(now) / mean(old),
  };
}

/**
 * The standard deviation of each value around its trend. x - (the mean of both neighbours) has 1.5 times the variance of
 * x, and no linear trend; the median over some of them does not see a single jump.
 */
function noiseOf(values: readonly number[]): number[] {
  const sizes = values
    .slice(1, -1)
    .map((x, i) => Math.abs(x - (values[i]! + values[i + 2]!) / 2) / Math.sqrt(1.5));
  return values.map((_, i) => {
    const at = Math.min(Math.max(i - 1, 0), sizes.length - 1);
    return median(sizes.slice(Math.max(0, at - AROUND), at + AROUND + 1)) / MEDIAN_SIZE;
  });
}

const MOST_PACE = 32;
const PACE_STEPS = 200;

/**
 * How fast the new run goes along the old one's losses: the c for which new(s) = old(c*s) fits best in log losses. For
 * c above 1 it is old(s) = new(s/c) that is fitted, so that no window leads beyond the other log's end.
 * @returns undefined where the losses do not tell: they hardly fall, or the fit ends at the range's edge
 */
function paceOf(windows: readonly Window[], seed: number): Pace | undefined {
  const samples = windows.map((w) => w.samples);
  const [old, now] = [0, 1].map((side) => windows.map(({ losses }) => Math.log(losses[side]!))) as [
    number[],
    number[],
  ];
  const paces = Array.from({ length: 2 * PACE_STEPS + 1 }, (_, i) => MOST_PACE ** (i / PACE_STEPS - 1));
  const errors = paces.map((c) => {
    const [slow, fast, shrink] = c <= 1 ? [now, old, c] : [old, now, 1 / c];
    return samples.map((s, i) => (slow[i]! - interpolated(samples, fast, s * shrink)) ** 2);
  });
  const best = (rows: readonly number[]) => {
    let [least, at] = [Infinity, 0];
    for (const [i, row] of errors.entries()) {
      let [sum, used] = [0, 0];
      for (const k of rows) {
        const error = row[k]!;
        if (Number.isNaN(error)) continue;
        sum += error;
        used++;
      }
      if (2 * used >= rows.length && sum / used < least) [least, at] = [sum / used, i];
    }
    return at;
  };
  const whole = best([...samples.keys()]);
  const drawn = blocks(samples.length, seed)
    .slice(0, 200)
    .map(best)
    .sort((a, b) => a - b);
  const [low, high] = [drawn[Math.floor(drawn.length * 0.025)]!, drawn[Math.ceil(drawn.length * 0.975) - 1]!];
  if (high - low > PACE_STEPS * 0.8) return undefined;
  return { value: paces[whole]!, interval: [paces[low]!, paces[high]!] };
}

/** Linear between the points around; NaN outside of all. */
function interpolated(xs: readonly number[], ys: readonly number[], x: number): number {
  const after = xs.findIndex((at) => at >= x);
  if (after === -1) return Number.NaN;
  if (xs[after] === x) return ys[after]!;
  if (after === 0) return Number.NaN;
  const share = (x - xs[after - 1]!) / (xs[after]! - xs[after - 1]!);
  return ys[after - 1]! + share * (ys[after]! - ys[after - 1]!);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((x) => (x - middle) ** 2)));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
