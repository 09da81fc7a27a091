import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Factor, type Factors, type Part, partValue, solve } from '../../src/recipe/factors.ts';

const FACTORS: readonly Factor[] = ['micro', 'accumulation', 'devices', 'nodes'];
const PRODUCTS: Readonly<Record<'global' | 'per-node' | 'per-device', readonly Factor[]>> = {
  global: FACTORS,
  'per-node': ['micro', 'accumulation', 'devices'],
  'per-device': ['micro', 'accumulation'],
};
const PARTS: readonly Part[] = [...FACTORS, 'global', 'per-node', 'per-device'];

const count = fc.integer({ min: 1, max: 512 });
const factors: fc.Arbitrary<Factors> = fc.record({
  micro: count,
  accumulation: count,
  devices: count,
  nodes: count,
});

/** Parts that are enough: each factor stands alone, or in a product whose other factors come before it. */
const enough: fc.Arbitrary<Part[]> = fc
  .record({
    order: fc.shuffledSubarray([...FACTORS], { minLength: 4 }),
    picks: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    more: fc.subarray([...PARTS]),
  })
  .map(({ order, picks, more }) => {
    const parts = order.map((factor, i): Part => {
      const known = order.slice(0, i + 1);
      const products = (Object.keys(PRODUCTS) as (keyof typeof PRODUCTS)[]).filter(
        (p) => PRODUCTS[p].includes(factor) && PRODUCTS[p].every((f) => known.includes(f)),
      );
      const choices: Part[] = [factor, ...products];
      return choices[picks[i]! % choices.length]!;
    });
    return [...parts, ...more];
  })
  .chain((parts) => fc.shuffledSubarray(parts, { minLength: parts.length }));

const told = (parts: readonly Part[], all: Factors) =>
  parts.map((part) => ({ part, value: partValue(part, all) }));

describe('the value of a part', () => {
  const all: Factors = { micro: 2, accumulation: 3, devices: 5, nodes: 7 };
  it.each<[Part, number]>([
    ['micro', 2],
    ['accumulation', 3],
    ['devices', 5],
    ['nodes', 7],
    ['per-device', 6],
    ['per-node', 30],
    ['global', 210],
  ])('%s of 2 x 3 x 5 x 7 is %i', (part, value) => expect(partValue(part, all)).toBe(value));
});

describe('factors from what is said', () => {
  it('come back from any statements that are enough, in any order, with any others beside them', () => {
    fc.assert(
      fc.property(factors, enough, (all, parts) => {
        expect(solve(told(parts, all))).toEqual(all);
      }),
    );
  });

  it('are never wrong, however few statements there are, and each statement leaves none or several open', () => {
    fc.assert(
      fc.property(factors, fc.subarray([...PARTS]), (all, parts) => {
        const solved = solve(told(parts, all));
        expect(all).toMatchObject(solved);
        for (const part of parts) {
          const made: readonly Factor[] = part in PRODUCTS ? PRODUCTS[part as 'global'] : [part as Factor];
          expect(made.filter((f) => solved[f] === undefined)).not.toHaveLength(1);
        }
      }),
    );
  });

  it.each<[string, Parameters<typeof solve>, Partial<Factors>]>([
    ['nothing said', [[]], {}],
    ['two unknowns', [[{ part: 'per-device', value: 32 }]], {}],
    [
      'two products with the same two unknowns',
      [
        [
          { part: 'per-device', value: 32 },
          { part: 'per-node', value: 256 },
        ],
      ],
      {},
    ],
    [
      'one unknown',
      [
        [
          { part: 'per-device', value: 32 },
          { part: 'micro', value: 8 },
        ],
      ],
      { micro: 8, accumulation: 4 },
    ],
    [
      'a chain, the last link first',
      [
        [
          { part: 'global', value: 512 },
          { part: 'per-node', value: 256 },
          { part: 'per-device', value: 32 },
          { part: 'micro', value: 8 },
        ],
      ],
      { micro: 8, accumulation: 4, devices: 8, nodes: 2 },
    ],
    [
      'a known factor beside them',
      [[{ part: 'per-device', value: 32 }], { accumulation: 4 }],
      { micro: 8, accumulation: 4 },
    ],
    ['a known factor against them', [[{ part: 'micro', value: 8 }], { micro: 4 }], { micro: 4 }],
    [
      'a contradiction: the first counts',
      [
        [
          { part: 'micro', value: 8 },
          { part: 'micro', value: 4 },
        ],
      ],
      { micro: 8 },
    ],
    [
      'half a sample on each device',
      [[{ part: 'per-device', value: 1 }], { accumulation: 2 }],
      { micro: 0.5, accumulation: 2 },
    ],
  ])('%s', (_name, said, solved) => expect(solve(...said)).toEqual(solved));

  it('leave what is known as it was', () => {
    const known = Object.freeze({ micro: 8 });
    expect(solve([{ part: 'per-device', value: 32 }], known)).toEqual({ micro: 8, accumulation: 4 });
    expect(known).toEqual({ micro: 8 });
  });
});
