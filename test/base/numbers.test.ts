import { describe, expect, it } from 'vitest';
import { count, fraction, num, short } from '../../src/base/numbers.ts';

describe('numbers as text', () => {
  it('num has six significant digits', () => expect(num(0.123456789)).toBe('0.123457'));

  it.each([
    [0.123456, undefined, '0.1235'],
    [0.123456, 2, '0.12'],
    [0.99987494, 8, '0.99987494'],
    [1234567, undefined, '1235000'],
  ])('short: %d to %s digits', (x, digits, text) => expect(short(x, digits)).toBe(text));

  it.each([
    [2.71234, '2.712'],
    [99.5, '99.5'],
    [100.4, '100'],
    [1234567.8, '1,234,568'],
  ])('count: %d', (x, text) => expect(count(x)).toBe(text));

  it.each([
    [8, '8'],
    [1 / 3, '1/3'],
    [64 / 3, '64/3'],
    [1 / 1000, '1/1000'],
    [Math.PI, '3.14159'],
  ])('fraction: %d', (x, text) => expect(fraction(x)).toBe(text));
});
