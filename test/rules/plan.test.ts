import { describe, expect, it } from 'vitest';
import type { Field, Site } from '../../src/recipe/recipe.ts';
import type { Assessment } from '../../src/rules/assessment.ts';
import { changesOf } from '../../src/rules/plan.ts';
import { ROLE, says } from '../helpers/recipe.ts';

const TEXT: Site = says('micro', 1).site;
const inherited: Site = { ...TEXT, inherited: 'base.yaml' } as Site;
const scale = (from: number) => ({ what: 'half-life', from, to: from }) as const;

/** A value that becomes another. */
function becoming(pointer: string, from: number, to: number, site: Site = TEXT, part?: string): Assessment {
  const field: Field = { pointer, role: ROLE.beta1, value: from, site, ...(part ? { part } : {}) };
  return { field, value: to, formula: `f${to}`, reason: `because of ${to}`, scale: scale(from) };
}

/** An entry of a list that is not in the file. */
const entry = (list: string, index: number, from: number, to: number) =>
  becoming(`${list}/${index}`, from, to, { kind: 'absent', pointer: list, index });

describe('the changes', () => {
  it('are of the values that change, in their order', () => {
    const changes = changesOf([becoming('/a', 1, 2), becoming('/b', 3, 3), becoming('/c', 4, 5)]);
    expect(changes.map(({ pointer, from, to }) => [pointer, from, to])).toEqual([
      ['/a', 1, 2],
      ['/c', 4, 5],
    ]);
    expect(changes[0]).toMatchObject({
      formula: 'f2',
      reason: 'because of 2',
      inserted: false,
      scales: [scale(1)],
      role: ROLE.beta1,
    });
    expect(changes[0]).not.toHaveProperty('overrides');
    expect(changes[0]).not.toHaveProperty('part');
  });

  it('of a part of a text name it', () => {
    expect(changesOf([becoming('/a', 1, 2, TEXT, 'momentum')])[0]).toMatchObject({ part: 'momentum' });
  });

  it('of a value of another file override it', () => {
    expect(changesOf([becoming('/a', 1, 2, inherited)])[0]).toMatchObject({
      inserted: true,
      overrides: 'base.yaml',
    });
  });

  it('of a value that is not in the file insert it', () => {
    const [change] = changesOf([becoming('/a', 1, 2, { kind: 'absent', pointer: '/a' })]);
    expect(change).toMatchObject({ pointer: '/a', from: 1, to: 2, inserted: true });
    expect(change).not.toHaveProperty('overrides');
  });

  it('have no time scale where there is none', () => {
    const { scale: _, ...plain } = becoming('/a', 1, 2);
    expect(changesOf([plain])[0]!.scales).toEqual([]);
    const { scale: __, ...first } = entry('/betas', 0, 0.9, 0.8);
    expect(changesOf([first, entry('/betas', 1, 0.99, 0.98)])[0]!.scales).toEqual([scale(0.99)]);
  });
});

describe('a list that is inserted', () => {
  it('is one change behind the others, also where only one entry moves', () => {
    const entries = [entry('/x/betas', 0, 0.9, 0.9), entry('/x/betas', 1, 0.99, 0.98)];
    const changes = changesOf([...entries, becoming('/lr', 1, 2)]);
    expect(changes.map(({ pointer }) => pointer)).toEqual(['/lr', '/x/betas']);
    expect(changes[1]).toMatchObject({
      from: [0.9, 0.99],
      to: [0.9, 0.98],
      formula: 'f0.9, f0.98',
      inserted: true,
      scales: [scale(0.9), scale(0.99)],
      fields: entries.map(({ field }) => field),
    });
  });

  it('is none where no entry moves', () => {
    expect(changesOf([entry('/betas', 0, 0.9, 0.9), entry('/betas', 1, 0.99, 0.99)])).toEqual([]);
  });

  it('is another one in each place', () => {
    const changes = changesOf([entry('/a/betas', 0, 0.9, 0.8), entry('/b/betas', 0, 0.9, 0.8)]);
    expect(changes.map(({ pointer }) => pointer)).toEqual(['/a/betas', '/b/betas']);
  });
});
