import { describe, expect, it } from 'vitest';
import {
  atLeast,
  constant,
  evaluated,
  fewer,
  inLetters,
  minus,
  oneMinus,
  over,
  plus,
  power,
  type Quantity,
  ratio,
  squareRoot,
  symbol,
  times,
  unchanged,
} from '../../src/rules/quantity.ts';

const [two, half, tenth] = [constant(2), ratio(1 / 2), constant(0.1)];

describe('the formula of', () => {
  it.each<[string, Quantity]>([
    ['0.1/(1/2)', over(tenth, half)],
    ['0.1*1/2', times(tenth, half)],
    ['1/2 * 0.1', times(half, tenth, ' ')],
    ['2-(2+0.1)', minus(two, plus(two, tenth))],
    ['(2+0.1)*2', times(plus(two, tenth), two)],
    ['(1/2)^(1/2)', power(half, half)],
    ['0.1^2', power(tenth, two)],
    ['2^(-0.5)', power(two, ratio(-0.5))],
    ['sqrt(2+0.1)', squareRoot(plus(two, tenth))],
    ['1-(1-0.1)^2', oneMinus(power(oneMinus(tenth), two))],
    ['0.1', oneMinus(oneMinus(tenth))],
    ['unchanged', oneMinus(unchanged(tenth))],
    ['unchanged', unchanged(oneMinus(tenth))],
    ['0.1/2', over(unchanged(tenth), two)],
    ['b^k = 0.1^2', inLetters('b^k', power(tenth, two))],
    ['2*0.1^2', times(two, inLetters('b^k', power(tenth, two)))],
    ['2/4 = 0.5', evaluated(over(two, constant(4)))],
    ['max(0.1, 2)', atLeast(two, tenth)],
    ['2', atLeast(tenth, two)],
    ['2*2', fewer(two, 1 / 2)],
    ['2/(3/2)', fewer(two, 3 / 2)],
    ['4194304', constant(4194304)],
    ['0.9999166284', constant(0.99991662841234)],
    ['0.00123457', constant(0.00123456789)],
    ['0.123457', constant(0.123456789)],
    // 1 - x has six digits, too, as far as float64 has them.
    ['0.9876543', constant(0.9876543)],
    ['0.99987654', constant(0.99987654)],
    ['0.999999999999', constant(0.999999999999)],
    ['0.9999999999999999', constant(1 - 2 ** -53)],
    ['-0.123457', constant(-0.123456789)],
    ['0', constant(0)],
    ['1', constant(1)],
    ['2-(-3)', minus(two, constant(-3))],
    ['2/(-3)', over(two, constant(-3))],
    ['0^2', power(constant(0), two)],
    ['0/2', over(ratio(0), two)],
    ['(2^3)^(2^3)', power(power(two, constant(3)), power(two, constant(3)))],
    ['2/(3*2)', over(two, times(constant(3), two))],
    ['3*2/2', over(times(constant(3), two), two)],
    ['2/3^2', over(two, power(constant(3), two))],
    ['2 + 0.1', plus(two, tenth, ' ')],
    ['2 / 0.1', over(two, tenth, ' ')],
    ['sqrt(1/2)', squareRoot(half)],
    ['t/8', over(symbol('t'), constant(8))],
    ['2/2', fewer(two, 2)],
    ['2/1', fewer(two, 1)],
    ['1-(2+0.1)', oneMinus(plus(two, tenth))],
    ['1-2*0.1', oneMinus(times(two, tenth))],
    ['unchanged', oneMinus(oneMinus(unchanged(tenth)))],
  ])('%s', (text, { formula }) => expect(formula).toBe(text));
});

describe('1 - x keeps its digits', () => {
  it('through a power', () => {
    const { complement } = power(oneMinus(constant(1e-12)), ratio(1 / 8));
    expect(complement / 1.25e-13).toBeCloseTo(1, 9);
  });
  it('through a product of decays', () => {
    const { complement } = times(oneMinus(constant(1e-12)), oneMinus(constant(2e-12)));
    expect(complement / 3e-12).toBeCloseTo(1, 9);
  });
  it('of a number at least another', () => {
    const near = oneMinus(constant(1e-12));
    expect(atLeast(near, half)).toMatchObject({ value: near.value, complement: 1e-12 });
    expect(atLeast(half, near)).toBe(near);
    expect(atLeast(near, near)).toBe(near);
  });
  it.each([0, 1e-20, 0.3, 0.5, 0.7, 0.999, 1, 1.5, 40])('of a power of %f, and its value', (base) => {
    for (const exponent of [1 / 8, 0.5, 1, 3, 8]) {
      const { value, complement } = power(constant(base), constant(exponent));
      expect(Math.abs(value - base ** exponent)).toBeLessThanOrEqual(1e-14 * base ** exponent);
      expect(Math.abs(complement - (1 - base ** exponent))).toBeLessThanOrEqual(
        1e-14 * (1 + base ** exponent),
      );
    }
    expect(power(constant(base), constant(1))).toMatchObject({ value: base, complement: 1 - base });
  });
  it('through two subtractions', () => {
    expect(oneMinus(power(oneMinus(constant(1e-12)), two)).value / 2e-12).toBeCloseTo(1, 9);
  });
});

describe('the value of', () => {
  it.each<[string, Quantity, number]>([
    ['a sum', plus(two, tenth), 2.1],
    ['a difference', minus(two, half), 1.5],
    ['a product', times(two, constant(3)), 6],
    ['a product of decays', times(half, half), 0.25],
    ['a quotient', over(two, constant(8)), 0.25],
    ['a root', squareRoot(constant(16)), 4],
    ['fewer steps', fewer(constant(100), 4), 25],
    ['more steps', fewer(constant(100), 1 / 4), 400],
    ['a letter', symbol('t'), 1],
    ['a quantity in letters', inLetters('x', tenth), 0.1],
  ])('%s', (_, { value, complement }, expected) => {
    expect(value).toBe(expected);
    expect(complement).toBeCloseTo(1 - expected, 14);
  });
});
