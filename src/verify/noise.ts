/**
 * Counter-based noise: every draw is a function of (seed, stream, coordinate, index), so that any backend, in any
 * order and on any number of threads, sees the same gradients.
 *
 * How bits become draws, in float32-exact steps, for kernels that have to reproduce it:
 * 1. (r0, r1) = Threefry2x32-20 with key (seed, stream) and counter (coordinate >> 1, index).
 * 2. u = ((r0 >>> 9) + 0.5) * 2^-23 and v = ((r1 >>> 9) + 0.5) * 2^-23: the top 23 bits, centred. Both have at most
 *    24 significant bits, so float32 holds them exactly; neither is 0 or 1, and no normal exceeds 5.8.
 * 3. r = sqrt(-2 ln u); the even coordinate gets r cos(2 pi v), the odd one r sin(2 pi v) (Box & Muller 1958).
 * 4. Heavy tails use the low 9 bits, which step 2 leaves alone: the even coordinate's draw is 10 times as wide where
 *    (r0 & 511) < 16, the odd one's where (r1 & 511) < 16; all are then divided by the standard deviation.
 */

/** Rotations of Threefry2x32 (Salmon et al., SC 2011; Random123 threefry.h), in order, repeating. */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** Skein's key-schedule constant in 32 bits. */
const PARITY = 0x1bd11bda;

/**
 * Threefry2x32 with 20 rounds. All words are taken as unsigned 32-bit integers.
 * @see Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011)
 */
export function threefry2x32(key0: number, key1: number, count0: number, count1: number): [number, number] {
  const key = [key0 | 0, key1 | 0, PARITY ^ key0 ^ key1];
  let x = (count0 + key0) | 0;
  let y = (count1 + key1) | 0;
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8]!;
    x = (x + y) | 0;
    y = ((y << rotation) | (y >>> (32 - rotation))) ^ x;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + key[injection % 3]!) | 0;
      y = (y + key[(injection + 1) % 3]! + injection) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

/** The shape of a draw: both have mean 0 and variance 1. */
export type Tails = 'normal' | 'heavy';

/** One heavy draw in 32 is ten times as wide; its excess kurtosis is then 53. */
const WIDE_BELOW = 16;
const WIDENING = 10;
const WIDE_SHARE = WIDE_BELOW / 512;
const HEAVY_UNIT = 1 / Math.sqrt(1 - WIDE_SHARE + WIDE_SHARE * WIDENING * WIDENING);

/** The kurtosis of heavy draws: E[z^4] where E[z^2] = 1. A normal has 3. */
export const HEAVY_KURTOSIS = 3 * (1 - WIDE_SHARE + WIDE_SHARE * WIDENING ** 4) * HEAVY_UNIT ** 4;

/** Which draws: keys of the generator, both unsigned 32-bit. Uses that must not share draws take other streams. */
export interface NoiseKey {
  readonly seed: number;
  readonly stream: number;
}

/**
 * Fills `out` with independent draws for coordinates 0, 1, ... at one index.
 * @param index the number of the draw in time, an unsigned 32-bit integer
 * @param scale what the unit draws are multiplied by
 */
export function fillNoise(
  out: Float64Array,
  { seed, stream }: NoiseKey,
  index: number,
  scale: number,
  tails: Tails,
): void {
  const heavy = tails === 'heavy';
  const [k0, k1, k2] = [seed | 0, stream | 0, PARITY ^ seed ^ stream];
  const unit = heavy ? scale * HEAVY_UNIT : scale;
  for (let pair = 0; 2 * pair < out.length; pair++) {
    let x = (pair + k0) | 0;
    let y = (index + k1) | 0;
    // Threefry2x32-20 as above, written out: four rounds and an injection, five times. A loop costs twice the time.
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k1) | 0;
    y = (y + k2 + 1) | 0;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + k2) | 0;
    y = (y + k0 + 2) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k0) | 0;
    y = (y + k1 + 3) | 0;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + k1) | 0;
    y = (y + k2 + 4) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + k2) | 0;
    y = (y + k0 + 5) | 0;
    const radius = unit * Math.sqrt(-2 * Math.log(((x >>> 9) + 0.5) * 2 ** -23));
    const angle = 2 * Math.PI * ((y >>> 9) + 0.5) * 2 ** -23;
    out[2 * pair] = radius * Math.cos(angle) * (heavy && (x & 511) < WIDE_BELOW ? WIDENING : 1);
    // The last one of an odd length falls outside the array, where a typed array ignores it.
    out[2 * pair + 1] = radius * Math.sin(angle) * (heavy && (y & 511) < WIDE_BELOW ? WIDENING : 1);
  }
}
