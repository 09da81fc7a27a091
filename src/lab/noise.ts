/**
 * Counter-based noise: every draw is a function of (seed, stream, coordinate, index), so that any backend, in any
 * order and on any number of threads, sees the same gradients.
 *
 * How bits become draws, in float32-exact steps, for kernels that have to reproduce it:
 * 1. (r0, r1) = Threefry2x32-20 with key (seed, stream) and counter (coordinate >> 1, index).
 * 2. u = ((r0 >>> 9) + 0.5) * 2^-23 and v = ((r1 >>> 9) + 0.5) * 2^-23: the top 23 bits, centred. Both have at most
 *    24 significant bits, so float32 holds them exactly; neither is 0 or 1, and no normal exceeds 5.8.
 * 3. r = sqrt(-2 ln u); the even coordinate gets r cos(2 pi v), the odd one r sin(2 pi v) (Box & Muller 1958).
 */

/** Skein's key-schedule constant in 32 bits. */
const PARITY = 0x1bd11bda;

/** The two words of the current draw. One scratch for all calls: returning a pair from each would cost twice the time. */
const words = new Int32Array(2);

function fourRounds(a: number, b: number, c: number, d: number): void {
  let x = words[0]!;
  let y = words[1]!;
  x = (x + y) | 0;
  y = ((y << a) | (y >>> (32 - a))) ^ x;
  x = (x + y) | 0;
  y = ((y << b) | (y >>> (32 - b))) ^ x;
  x = (x + y) | 0;
  y = ((y << c) | (y >>> (32 - c))) ^ x;
  x = (x + y) | 0;
  y = ((y << d) | (y >>> (32 - d))) ^ x;
  words[0] = x;
  words[1] = y;
}

function inject(a: number, b: number): void {
  words[0]! += a;
  words[1]! += b;
}

/** Threefry2x32-20 into `words`; the third key word is the parity of the others. */
function mix(k0: number, k1: number, count0: number, count1: number): void {
  const k2 = PARITY ^ k0 ^ k1;
  words[0] = count0 + k0;
  words[1] = count1 + k1;
  fourRounds(13, 15, 26, 6);
  inject(k1, k2 + 1);
  fourRounds(17, 29, 16, 24);
  inject(k2, k0 + 2);
  fourRounds(13, 15, 26, 6);
  inject(k0, k1 + 3);
  fourRounds(17, 29, 16, 24);
  inject(k1, k2 + 4);
  fourRounds(13, 15, 26, 6);
  inject(k2, k0 + 5);
}

/**
 * Threefry2x32 with 20 rounds. All words are taken as unsigned 32-bit integers.
 * @see Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011); Random123 threefry.h
 */
export function threefry2x32(key0: number, key1: number, count0: number, count1: number): [number, number] {
  mix(key0, key1, count0, count1);
  return [words[0]! >>> 0, words[1]! >>> 0];
}

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
export function fillNoise(out: Float64Array, { seed, stream }: NoiseKey, index: number, scale: number): void {
  for (let pair = 0; 2 * pair < out.length; pair++) {
    mix(seed, stream, pair, index);
    const x = words[0]!;
    const y = words[1]!;
    const radius = scale * Math.sqrt(-2 * Math.log(((x >>> 9) + 0.5) * 2 ** -23));
    const angle = 2 * Math.PI * ((y >>> 9) + 0.5) * 2 ** -23;
    out[2 * pair] = radius * Math.cos(angle);
    // The last one of an odd length falls outside the array, where a typed array ignores it.
    out[2 * pair + 1] = radius * Math.sin(angle);
  }
}
