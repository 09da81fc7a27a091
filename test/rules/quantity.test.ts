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
    ['0.9999166284', constant(0.9999166284)],
    ['0.00123457', constant(0.00123456789)],
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
  it('through two subtractions', () => {
    expect(oneMinus(power(oneMinus(constant(1e-12)), two)).value / 2e-12).toBeCloseTo(1, 9);
  });
});
