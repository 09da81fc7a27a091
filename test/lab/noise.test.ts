import { describe, expect, it } from 'vitest';
import { fillNoise, threefry2x32 } from '../../src/lab/noise.ts';

describe('Threefry2x32-20', () => {
  // DEShawResearch/random123 tests/kat_vectors
  it.each([
    ['zeros', [0, 0, 0, 0], [0x6b200159, 0x99ba4efe]],
    ['ones', [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
    ['pi', [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3], [0xc4923a9c, 0x483df7a0]],
  ] as const)('gives the known answer for %s', (_, [k0, k1, c0, c1], answer) => {
    expect(threefry2x32(k0, k1, c0, c1)).toEqual(answer);
  });
});

describe('draws', () => {
  it('are the documented function of seed, stream, coordinate and index', () => {
    const out = new Float64Array(6);
    for (const [seed, stream, index] of [
      [0, 0, 0],
      [7, 3, 123456],
      [0xfedcba98, 0xffffffff, 0xfffffff0],
    ] as const) {
      fillNoise(out, { seed, stream }, index, 2);
      for (let coordinate = 0; coordinate < 6; coordinate++) {
        const [r0, r1] = threefry2x32(seed, stream, coordinate >> 1, index);
        const radius = Math.sqrt(-2 * Math.log(((r0 >>> 9) + 0.5) / 2 ** 23));
        const angle = (2 * Math.PI * ((r1 >>> 9) + 0.5)) / 2 ** 23;
        expect(out[coordinate]).toBeCloseTo(
          2 * radius * (coordinate % 2 ? Math.sin(angle) : Math.cos(angle)),
          12,
        );
      }
    }
  });

  it('do not depend on how many coordinates are asked for', () => {
    const [few, many] = [new Float64Array(5), new Float64Array(64)];
    fillNoise(few, { seed: 1, stream: 2 }, 3, 1);
    fillNoise(many, { seed: 1, stream: 2 }, 3, 1);
    expect([...few]).toEqual([...many.subarray(0, 5)]);
  });
});

describe('10^7 draws', () => {
  const [width, count] = [1000, 10_000];
  const total = width * count;
  const sums = { one: 0, two: 0, three: 0, four: 0, inTime: 0, across: 0, pairs: 0, squares: 0 };
  const [row, previous] = [new Float64Array(width), new Float64Array(width)];
  for (let index = 0; index < count; index++) {
    previous.set(row);
    fillNoise(row, { seed: 20, stream: 26 }, index, 1);
    for (let i = 0; i < width; i++) {
      const z = row[i]!;
      const square = z * z;
      sums.one += z;
      sums.two += square;
      sums.three += square * z;
      sums.four += square * square;
      if (index > 0) sums.inTime += z * previous[i]!;
      if (i > 0) sums.across += z * row[i - 1]!;
      if (i % 2 === 1) sums.pairs += z * row[i - 1]!;
      if (i % 2 === 1) sums.squares += (square - 1) * (row[i - 1]! ** 2 - 1);
    }
  }
  // Even moments of a normal up to the eighth, for the standard errors.
  const [kurtosis, sixth, eighth] = [3, 15, 105];

  it.each([
    ['mean 0', sums.one / total, 0, 1],
    ['variance 1', sums.two / total, 1, kurtosis - 1],
    ['third moment 0', sums.three / total, 0, sixth],
    ['fourth moment', sums.four / total, kurtosis, eighth - kurtosis ** 2],
    ['no correlation in time', sums.inTime / total, 0, 1],
    ['no correlation between neighbours', sums.across / total, 0, 1],
    ['no correlation within a Box-Muller pair', (2 * sums.pairs) / total, 0, 2],
    ['no correlation of squares within a pair', (2 * sums.squares) / total, 0, 2 * (kurtosis - 1) ** 2],
  ])('have %s within 4 standard errors', (_, measured, expected, variance) => {
    expect(Math.abs(measured - expected) / Math.sqrt(variance / total)).toBeLessThan(4);
  });
});
