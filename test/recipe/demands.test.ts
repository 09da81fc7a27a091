import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Demand, Found } from '../../src/dialect/roles.ts';
import { brokenDemands, demandsOf, isOfCounts, valuesAt } from '../../src/recipe/demands.ts';
import { documentsOf } from '../helpers/parse.ts';
import { says } from '../helpers/recipe.ts';

const MULTIPLE: Demand = { kind: 'batch-multiple', of: ['generations'] };
const BY_DEFAULT: Demand = { ...MULTIPLE, default: 8 };
const HOLDS: Demand = { kind: 'at-least', of: ['data/max_tokens', 'task/longest'] };
const WHOLE = { global: 64, accumulation: 1, world: 1 };

async function demanded(text: string, constraint: Demand, scope = '') {
  const [document] = await documentsOf(text);
  return demandsOf([[scope, { constraint }]], document!);
}

describe('the number that a demand is made with', () => {
  it.each<[string, string, Demand, number | undefined]>([
    ['stands in the file', 'generations: 6', MULTIPLE, 6],
    ['may stand in quotes', 'generations: "6"', MULTIPLE, 6],
    ['goes before the trainer’s default', 'generations: 6', BY_DEFAULT, 6],
    ['is the trainer’s default where the file is silent', 'x: 1', BY_DEFAULT, 8],
    ['is the trainer’s default where the file says null', 'generations: null', BY_DEFAULT, 8],
    ['is unknown where both are silent', 'x: 1', MULTIPLE, undefined],
    ['is unknown where it is computed, whatever the default', 'generations: ${n}', BY_DEFAULT, undefined],
    ['is unknown where it is switched on or off', 'generations: true', MULTIPLE, undefined],
    ['is unknown where there is a block', 'generations: {n: 6}', MULTIPLE, undefined],
    ['demands nothing at 0', 'generations: 0', MULTIPLE, undefined],
    ['demands nothing below 0', 'generations: -1', BY_DEFAULT, undefined],
    ['may be a fraction', 'generations: 0.5', MULTIPLE, 0.5],
  ])('%s', async (_story, text, demand, value) =>
    expect((await demanded(text, demand)).map((one) => one.value)).toEqual(
      value === undefined ? [] : [value],
    ),
  );

  it('has its place in the file; a default has none', async () => {
    expect(await demanded('t: {generations: 6}', MULTIPLE, '/t')).toEqual([
      { kind: 'batch-multiple', by: '/t/generations', value: 6, offset: 't: {generations: '.length },
    ]);
    expect(await demanded('t: {}', BY_DEFAULT, '/t')).toEqual([
      { kind: 'batch-multiple', by: '/t/generations', value: 8 },
    ]);
  });

  it('of a longest sample comes with the limit that must hold it', async () => {
    const [one] = await demanded('m: {task: {longest: 512}}', HOLDS, '/m');
    expect(one).toMatchObject({ by: '/m/task/longest', value: 512, of: '/m/data/max_tokens' });
  });

  it('is none of what else must hold between fields, nor of other findings', async () => {
    const [document] = await documentsOf('a: 1\nb: 2');
    const counts = { kind: 'multiple', of: ['b', 'a'] } as const;
    const found: Found[] = [
      ['', { constraint: counts }],
      ['/a', { note: 'stays' }],
    ];
    expect(demandsOf(found, document!)).toEqual([]);
    expect([MULTIPLE, HOLDS, counts].map(isOfCounts)).toEqual([false, false, true]);
  });
});

describe('a batch breaks', () => {
  const nothing = () => undefined;
  const multipleOf = (value: number) => [{ kind: 'batch-multiple', by: '/n', value, offset: 3 } as const];

  it('a demand for a multiple exactly where something is left over', () => {
    const small = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(small, small, small, (value, times, rest) => {
        const global = value * times + (rest % value);
        const broken = brokenDemands(multipleOf(value), { ...WHOLE, global }, nothing);
        expect(broken).toHaveLength(rest % value === 0 ? 0 : 1);
      }),
    );
  });

  it('it by name, at the number that demands it', () => {
    const [broken] = brokenDemands(multipleOf(24), WHOLE, nothing);
    expect(broken).toMatchObject({ code: 'demand', offset: 3 });
    expect(broken!.message).toBe('the trainer demands a batch that is a multiple of n, 24: 64 is none');
  });

  it('none where nobody knows how many devices there are', () =>
    expect(brokenDemands(multipleOf(24), { ...WHOLE, perDevice: true }, nothing)).toEqual([]));

  it.each<[string, number | undefined, string[]]>([
    [
      'that is longer than the limit',
      511,
      ['the trainer demands that a batch holds the longest sample: max_tokens 511 is below longest, 512'],
    ],
    ['but not one that just fits', 512, []],
    ['but not one beside a limit that is not set', undefined, []],
  ])('the longest sample %s', (_story, limit, messages) => {
    const holds = { kind: 'at-least', by: '/longest', value: 512, offset: 9, of: '/max_tokens' } as const;
    const values: Record<string, number | undefined> = { '/max_tokens': limit, '/longest': 1 };
    const broken = brokenDemands([holds], { ...WHOLE, perDevice: true }, (at) => values[at]);
    expect(broken.map(({ message }) => message)).toEqual(messages);
    for (const one of broken) expect(one).toMatchObject({ code: 'demand', offset: 9 });
  });

  it('every one of several', () => {
    const all = [...multipleOf(24), ...multipleOf(5), ...multipleOf(8)];
    expect(brokenDemands(all, WHOLE, nothing)).toHaveLength(2);
  });
});

it('what moves is judged at its new value, what stays at its old one', () => {
  const [micro, limit] = [says('micro', 8), says('micro-limit', 4096)];
  const now = valuesAt([micro, limit], [{ field: micro, to: 16 }]);
  expect(['/micro', '/micro-limit', '/x'].map(now)).toEqual([16, 4096, undefined]);
  expect(valuesAt([micro])('/micro')).toBe(8);
});
