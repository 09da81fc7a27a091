// Optimizers on a noisy quadratic: gradient h*(w-target) + noise*unit, the decay of the weights and the update at once,
// in float32. Averages move by weight*(new - old): a decay near 1 as a float32 would lose digits of its memory.

// @ts-ignore: a decorator of the compiler
@inline
function gradient(w: v128, h: usize, target: usize, unit: usize, noise: v128, coupled: v128): v128 {
  const pull = f32x4.mul(v128.load(h), f32x4.sub(w, v128.load(target)));
  return f32x4.add(f32x4.add(pull, f32x4.mul(noise, v128.load(unit))), f32x4.mul(coupled, w));
}

// @ts-ignore: a decorator of the compiler
@inline
function towards(average: usize, value: v128, weight: v128): v128 {
  const old = v128.load(average);
  const moved = f32x4.add(old, f32x4.mul(weight, f32x4.sub(value, old)));
  v128.store(average, moved);
  return moved;
}

// @ts-ignore: a decorator of the compiler
@inline
function total(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

/** sum = share * unit, or on top of what is there. */
export function addShare(sum: usize, unit: usize, count: i32, share: f32, first: bool): void {
  const by = f32x4.splat(share);
  const keep = f32x4.splat(first ? 0 : 1);
  for (const end = sum + ((<usize>count) << 2); sum < end; sum += 16, unit += 16)
    v128.store(sum, f32x4.add(f32x4.mul(keep, v128.load(sum)), f32x4.mul(by, v128.load(unit))));
}

/** h*(w-target)^2 summed in float64. */
export function loss(w: usize, h: usize, target: usize, count: i32): f64 {
  let sum = f64x2.splat(0);
  for (const end = w + ((<usize>count) << 2); w < end; w += 8, h += 8, target += 8) {
    const off = f64x2.sub(
      f64x2.promote_low_f32x4(v128.load64_zero(w)),
      f64x2.promote_low_f32x4(v128.load64_zero(target)),
    );
    sum = f64x2.add(sum, f64x2.mul(f64x2.promote_low_f32x4(v128.load64_zero(h)), f64x2.mul(off, off)));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** b += share*g - forget*b, w -= keepOff*w + direct*g + ahead*b. */
export function sgd(
  w: usize, b: usize, h: usize, target: usize, unit: usize, count: i32, noise: f32, coupled: f32, off: f32,
  forget: f32, share: f32, direct: f32, ahead: f32,
): void {
  for (const end = w + ((<usize>count) << 2); w < end; w += 16, b += 16, h += 16, target += 16, unit += 16) {
    const x = v128.load(w);
    const g = gradient(x, h, target, unit, f32x4.splat(noise), f32x4.splat(coupled));
    const old = v128.load(b);
    const buffer = f32x4.add(old, f32x4.sub(f32x4.mul(f32x4.splat(share), g), f32x4.mul(f32x4.splat(forget), old)));
    v128.store(b, buffer);
    const move = f32x4.add(f32x4.mul(f32x4.splat(direct), g), f32x4.mul(f32x4.splat(ahead), buffer));
    v128.store(w, f32x4.sub(x, f32x4.add(f32x4.mul(f32x4.splat(off), x), move)));
  }
}

/** w -= off*w + step * m/(sqrt(v*unbias) + epsilon). */
export function adam(
  w: usize, m: usize, v: usize, h: usize, target: usize, unit: usize, count: i32, noise: f32, coupled: f32, off: f32,
  first: f32, second: f32, step: f32, unbias: f32, epsilon: f32,
): void {
  const end = w + ((<usize>count) << 2);
  for (; w < end; w += 16, m += 16, v += 16, h += 16, target += 16, unit += 16) {
    const x = v128.load(w);
    const g = gradient(x, h, target, unit, f32x4.splat(noise), f32x4.splat(coupled));
    const a = towards(m, g, f32x4.splat(first));
    const b = towards(v, f32x4.mul(g, g), f32x4.splat(second));
    const divisor = f32x4.add(f32x4.sqrt(f32x4.mul(b, f32x4.splat(unbias))), f32x4.splat(epsilon));
    const move = f32x4.div(f32x4.mul(f32x4.splat(step), a), divisor);
    v128.store(w, f32x4.sub(x, f32x4.add(f32x4.mul(f32x4.splat(off), x), move)));
  }
}

/** u = scale*m/(sqrt(v*unbias) + epsilon) + decay*w, w -= lr * |w|/|u| * u; u is left in `scratch`. */
export function lamb(
  w: usize, m: usize, v: usize, h: usize, target: usize, unit: usize, scratch: usize, count: i32, noise: f32,
  first: f32, second: f32, scale: f32, unbias: f32, epsilon: f32, decay: f32, lr: f32,
): void {
  const size = (<usize>count) << 2;
  let weights = f32x4.splat(0);
  let steps = f32x4.splat(0);
  for (let at: usize = 0; at < size; at += 16) {
    const x = v128.load(w + at);
    const g = gradient(x, h + at, target + at, unit + at, f32x4.splat(noise), f32x4.splat(0));
    const a = towards(m + at, g, f32x4.splat(first));
    const b = towards(v + at, f32x4.mul(g, g), f32x4.splat(second));
    const divisor = f32x4.add(f32x4.sqrt(f32x4.mul(b, f32x4.splat(unbias))), f32x4.splat(epsilon));
    const u = f32x4.add(f32x4.div(f32x4.mul(f32x4.splat(scale), a), divisor), f32x4.mul(f32x4.splat(decay), x));
    v128.store(scratch + at, u);
    weights = f32x4.add(weights, f32x4.mul(x, x));
    steps = f32x4.add(steps, f32x4.mul(u, u));
  }
  const norm = sqrt<f32>(total(steps));
  const length = f32x4.splat((lr * sqrt<f32>(total(weights))) / (norm == 0 ? 1 : norm));
  for (let at: usize = 0; at < size; at += 16)
    v128.store(w + at, f32x4.sub(v128.load(w + at), f32x4.mul(length, v128.load(scratch + at))));
}

/** c = m + first*(g-m), w -= off*w + lr*sign(c), m += second*(g-m). */
export function lion(
  w: usize, m: usize, h: usize, target: usize, unit: usize, count: i32, noise: f32, coupled: f32, off: f32,
  first: f32, second: f32, lr: f32,
): void {
  const zero = f32x4.splat(0);
  for (const end = w + ((<usize>count) << 2); w < end; w += 16, m += 16, h += 16, target += 16, unit += 16) {
    const x = v128.load(w);
    const g = gradient(x, h, target, unit, f32x4.splat(noise), f32x4.splat(coupled));
    const old = v128.load(m);
    const c = f32x4.add(old, f32x4.mul(f32x4.splat(first), f32x4.sub(g, old)));
    const up = v128.and(f32x4.gt(c, zero), f32x4.splat(lr));
    const down = v128.and(f32x4.lt(c, zero), f32x4.splat(lr));
    v128.store(w, f32x4.sub(x, f32x4.add(f32x4.mul(f32x4.splat(off), x), f32x4.sub(up, down))));
    v128.store(m, f32x4.add(old, f32x4.mul(f32x4.splat(second), f32x4.sub(g, old))));
  }
}
