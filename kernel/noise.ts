// The noise of src/lab/noise.ts, eight coordinates at a time, in float32.
//
// Constants are read from memory: a vector constant in the code is four instructions each time, a read is one.

const PARITY: i32 = 0x1bd11bda;

const HALF = memory.data<f32>([0.5]);
const ONE = memory.data<f32>([1]);
const FOUR = memory.data<f32>([4]);
const MINUS_TWO = memory.data<f32>([-2]);
/** 2^-23. */
const UNIT = memory.data<f32>([1.1920928955078125e-7]);
/** ln 2 in two parts, and the logarithm's polynomial on [sqrt(1/2), sqrt(2)): Cephes, logf.c. */
const LN2 = memory.data<f32>([0.693359375, -2.1219444e-4]);
const LOG = memory.data<f32>([
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
]);
/** Taylor series of sin and cos of pi/2 x: within 2e-9 for |x| <= 1/2. */
const SIN = memory.data<f32>([1.6044118478735975e-4, -4.681754135318687e-3, 7.969262624616703e-2, -6.459640975062462e-1, 1.5707963267948966]);
const COS = memory.data<f32>([-2.52020423730606e-5, 9.19260274839426e-4, -2.0863480763352957e-2, 2.5366950790104797e-1, -1.2337005501361697, 1]);
const SQRT_HALF = memory.data<i32>([0x3f3504f3]);
const MANTISSA = memory.data<i32>([0x007fffff]);
const SIGN = memory.data<i32>([i32.MIN_VALUE]);
/** Key words and what is added to them after every fourth round, as `draw` leaves them here. */
const KEY = memory.data(32, 16);

// @ts-ignore: a decorator of the compiler
@inline
function all(address: usize, index: i32 = 0): v128 {
  return v128.load32_splat(address + (<usize>index << 2));
}

// @ts-ignore: a decorator of the compiler
@inline
function rotated(y: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(y, bits), i32x4.shr_u(y, 32 - bits));
}

/** One step of Horner's scheme. */
// @ts-ignore: a decorator of the compiler
@inline
function next(sum: v128, x: v128, table: usize, index: i32): v128 {
  return f32x4.add(f32x4.mul(sum, x), all(table, index));
}

/** ((word >>> 9) + 0.5) * 2^-23, exact. */
// @ts-ignore: a decorator of the compiler
@inline
function uniform(word: v128): v128 {
  return f32x4.mul(f32x4.add(f32x4.convert_i32x4_s(i32x4.shr_u(word, 9)), all(HALF)), all(UNIT));
}

/** sqrt(-2 ln u) for u in (0, 1). */
// @ts-ignore: a decorator of the compiler
@inline
function radius(u: v128): v128 {
  const shifted = i32x4.sub(u, all(SQRT_HALF));
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const mantissa = i32x4.add(v128.and(shifted, all(MANTISSA)), all(SQRT_HALF));
  const x = f32x4.sub(mantissa, all(ONE));
  const square = f32x4.mul(x, x);
  let y = next(all(LOG), x, LOG, 1);
  y = next(y, x, LOG, 2);
  y = next(y, x, LOG, 3);
  y = next(y, x, LOG, 4);
  y = next(y, x, LOG, 5);
  y = next(y, x, LOG, 6);
  y = next(y, x, LOG, 7);
  y = next(y, x, LOG, 8);
  y = f32x4.mul(f32x4.mul(y, x), square);
  y = f32x4.add(y, f32x4.mul(exponent, all(LN2, 1)));
  y = f32x4.sub(y, f32x4.mul(square, all(HALF)));
  y = f32x4.add(f32x4.add(x, y), f32x4.mul(exponent, all(LN2)));
  return f32x4.sqrt(f32x4.mul(y, all(MINUS_TWO)));
}

/** Four pairs of unit draws into 32 bytes at `out`, in the order of the coordinates. */
// @ts-ignore: a decorator of the compiler
@inline
function drawEight(out: usize, pairs: v128, first: v128): void {
  let x = i32x4.add(pairs, all(KEY, 0));
  let y = first;
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 13), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 15), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 26), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 6), x);
  x = i32x4.add(x, all(KEY, 1)); y = i32x4.add(y, all(KEY, 3));
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 17), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 29), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 16), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 24), x);
  x = i32x4.add(x, all(KEY, 2)); y = i32x4.add(y, all(KEY, 4));
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 13), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 15), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 26), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 6), x);
  x = i32x4.add(x, all(KEY, 0)); y = i32x4.add(y, all(KEY, 5));
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 17), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 29), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 16), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 24), x);
  x = i32x4.add(x, all(KEY, 1)); y = i32x4.add(y, all(KEY, 6));
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 13), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 15), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 26), x);
  x = i32x4.add(x, y); y = v128.xor(rotated(y, 6), x);
  x = i32x4.add(x, all(KEY, 2)); y = i32x4.add(y, all(KEY, 7));
  normals(out, x, y);
}

/** Box & Muller; the angle as quarter turns and a rest in [-1/2, 1/2] of one, both exact. */
// @ts-ignore: a decorator of the compiler
@inline
function normals(out: usize, x: v128, y: v128): void {
  const r = radius(uniform(x));
  const turns = f32x4.mul(uniform(y), all(FOUR));
  const quarter = f32x4.nearest(turns);
  const f = f32x4.sub(turns, quarter);
  const q = i32x4.trunc_sat_f32x4_s(quarter);
  const square = f32x4.mul(f, f);
  let s = next(all(SIN), square, SIN, 1);
  s = next(s, square, SIN, 2);
  s = next(s, square, SIN, 3);
  s = f32x4.mul(next(s, square, SIN, 4), f);
  let c = next(all(COS), square, COS, 1);
  c = next(c, square, COS, 2);
  c = next(c, square, COS, 3);
  c = next(c, square, COS, 4);
  c = next(c, square, COS, 5);
  const odd = i32x4.shl(q, 31);
  const swap = i32x4.shr_s(odd, 31);
  const signOfSine = v128.and(i32x4.shl(q, 30), all(SIGN));
  const signOfCosine = v128.xor(signOfSine, odd);
  const even = f32x4.mul(r, v128.xor(v128.bitselect(s, c, swap), signOfCosine));
  const uneven = f32x4.mul(r, v128.xor(v128.bitselect(c, s, swap), signOfSine));
  v128.store(out, v128.shuffle<i32>(even, uneven, 0, 4, 1, 5));
  v128.store(out, v128.shuffle<i32>(even, uneven, 2, 6, 3, 7), 16);
}

function prepareKey(seed: i32, stream: i32): void {
  const parity = PARITY ^ seed ^ stream;
  store<i32>(KEY, seed);
  store<i32>(KEY, stream, 4);
  store<i32>(KEY, parity, 8);
  store<i32>(KEY, parity + 1, 12);
  store<i32>(KEY, seed + 2, 16);
  store<i32>(KEY, stream + 3, 20);
  store<i32>(KEY, parity + 4, 24);
  store<i32>(KEY, seed + 5, 28);
}

/** `count` unit draws, a multiple of eight, for the coordinates from 2*firstPair on. */
export function draw(out: usize, count: i32, firstPair: i32, seed: i32, stream: i32, index: i32): void {
  prepareKey(seed, stream);
  const end = out + (<usize>count << 2);
  const first = i32x4.splat(index + stream);
  const four = i32x4.splat(4);
  let pairs = i32x4.add(i32x4.splat(firstPair), i32x4(0, 1, 2, 3));
  for (; out < end; out += 32, pairs = i32x4.add(pairs, four)) drawEight(out, pairs, first);
}
