// Averages of a tile of coordinates under both settings, in float64: what float32 noise leaves out is then all there is.

/** Adds a stretch to the mean of the batch under way: sum = scale * unit, or on top of what is there. */
export function addStretch(sum: usize, unit: usize, count: i32, scale: f64, first: bool): void {
  const by = f64x2.splat(scale);
  const end = sum + ((<usize>count) << 3);
  if (first) {
    for (; sum < end; sum += 32, unit += 16) {
      const four = v128.load(unit);
      v128.store(sum, f64x2.mul(f64x2.promote_low_f32x4(four), by));
      const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 1));
      v128.store(sum, f64x2.mul(high, by), 16);
    }
    return;
  }
  for (; sum < end; sum += 32, unit += 16) {
    const four = v128.load(unit);
    v128.store(sum, f64x2.add(v128.load(sum), f64x2.mul(f64x2.promote_low_f32x4(four), by)));
    const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 1));
    v128.store(sum, f64x2.add(v128.load(sum, 16), f64x2.mul(high, by)), 16);
  }
}

/**
 * Takes a finished batch's mean into everything that counts its batches: the sum of means and of their squares, and
 * `averages` rows of `count`, each by its own weight: a += weight * (mean - a).
 */
export function endBatch(mean: usize, level: usize, rows: usize, weights: usize, averages: i32, count: i32): void {
  const row = (<usize>count) << 3;
  const end = mean + row;
  for (; mean < end; mean += 16, level += 16, rows += 16) {
    const x = v128.load(mean);
    v128.store(level, f64x2.add(v128.load(level), x));
    v128.store(level + row, f64x2.add(v128.load(level + row), f64x2.mul(x, x)));
    let at = rows;
    for (let i = 0; i < averages; i++, at += row) {
      const a = v128.load(at);
      const weight = v128.load64_splat(weights + ((<usize>i) << 3));
      v128.store(at, f64x2.add(a, f64x2.mul(weight, f64x2.sub(x, a))));
    }
  }
}

/** Adds the squares of old - gain*new, old - unconvertedGain*unconverted and old, three rows of `sums`. */
export function addSnapshot(
  sums: usize, old: usize, now: usize, unconverted: usize, count: i32, gain: f64, unconvertedGain: f64,
): void {
  const row = (<usize>count) << 3;
  for (let at: usize = 0; at < row; at += 16) {
    const o = v128.load(old + at);
    const d = f64x2.sub(o, f64x2.mul(f64x2.splat(gain), v128.load(now + at)));
    const e = f64x2.sub(o, f64x2.mul(f64x2.splat(unconvertedGain), v128.load(unconverted + at)));
    const to = sums + at;
    v128.store(to, f64x2.add(v128.load(to), f64x2.mul(d, d)));
    v128.store(to + row, f64x2.add(v128.load(to + row), f64x2.mul(e, e)));
    v128.store(to + 2 * row, f64x2.add(v128.load(to + 2 * row), f64x2.mul(o, o)));
  }
}
