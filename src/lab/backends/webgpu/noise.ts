/** Four rounds of the cipher: x and y mixed by these rotations. */
function rounds(rotations: readonly number[]): string {
  return rotations.map((by) => `x += y; y = ((y << ${by}u) | (y >> ${32 - by}u)) ^ x;`).join('\n  ');
}

const [EVEN, ODD] = [rounds([13, 15, 26, 6]), rounds([17, 29, 16, 24])];

/** Sum of powers by Horner's scheme, the highest first; WGSL takes the digits of float64 and rounds once. */
function polynomial(x: string, coefficients: readonly number[]): string {
  return coefficients.reduce((sum, c) => (sum ? `(${sum}) * ${x} + ${number(c)}` : number(c)), '');
}

function number(x: number): string {
  return `f32(${x})`;
}

/**
 * WGSL for the noise of src/lab/noise.ts: `draw(seed, stream, pair, index)` gives both coordinates of a pair,
 * in float32. Logarithm, sine and cosine are worked out here, because WGSL allows its own an error of 2^-11.
 * @see https://www.w3.org/TR/WGSL/#floating-point-accuracy; Cephes' logf.c for the logarithm's polynomial on
 *   [sqrt(1/2), sqrt(2)); the others are Taylor's series of sin and cos of pi/2 x, within 2e-9 for |x| <= 1/2
 */
export const NOISE = `
fn radius(u: f32) -> f32 {
  let shifted = bitcast<i32>(u) - 0x3f3504f3;
  let exponent = f32(shifted >> 23u);
  let x = bitcast<f32>((shifted & 0x007fffff) + 0x3f3504f3) - 1.0;
  let square = x * x;
  let tail = (${polynomial(
    'x',
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
      2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  )}) * x * square + exponent * f32(-2.1219444e-4) - 0.5 * square;
  return sqrt(-2.0 * (x + tail + exponent * f32(0.693359375)));
}

fn draw(seed: u32, stream: u32, pair: u32, index: u32) -> vec2f {
  let parity = 0x1bd11bdau ^ seed ^ stream;
  var x = pair + seed;
  var y = index + stream;
  ${EVEN}
  x += stream; y += parity + 1u;
  ${ODD}
  x += parity; y += seed + 2u;
  ${EVEN}
  x += seed; y += stream + 3u;
  ${ODD}
  x += stream; y += parity + 4u;
  ${EVEN}
  x += parity; y += seed + 5u;
  let r = radius((f32(x >> 9u) + 0.5) * f32(${2 ** -23}));
  let turns = (f32(y >> 9u) + 0.5) * f32(${2 ** -21});
  let quarter = round(turns);
  let f = turns - quarter;
  let square = f * f;
  let s = (${polynomial('square', [1.6044118478735975e-4, -4.681754135318687e-3, 7.969262624616703e-2, -6.459640975062462e-1, 1.5707963267948966])}) * f;
  let c = ${polynomial('square', [-2.52020423730606e-5, 9.19260274839426e-4, -2.0863480763352957e-2, 2.5366950790104797e-1, -1.2337005501361697, 1])};
  let q = u32(quarter) & 3u;
  let swapped = select(vec2f(c, s), vec2f(s, c), (q & 1u) == 1u);
  let signs = vec2f(select(1.0, -1.0, q == 1u || q == 2u), select(1.0, -1.0, q >= 2u));
  return r * signs * swapped;
}
`;
