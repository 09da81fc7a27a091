import { describe, expect, it } from 'vitest';
import type { Edit } from '../../src/document/edit.ts';
import { parse } from '../../src/document/parse.ts';
import { editAndProve, type Planned } from '../../src/document/proof.ts';

const TEXT = 'lr: 0.1 # rate\nbetas: [0.9, 0.99]\nname: adam\nmore: {a: 1, b: [2, 3]}\n';

/** Puts `now` where the text has `old`; `at` counts from there. */
function replaced(text: string, old: string, now: string): Edit {
  const offset = text.indexOf(old);
  expect(offset).toBeGreaterThanOrEqual(0);
  return { offset, length: old.length, text: now };
}

async function proven(
  edits: readonly (readonly [string, string])[],
  planned: readonly Planned[],
  text = TEXT,
  file = 'x.yaml',
): Promise<string> {
  const parsed = await parse(text, file);
  const all = edits.map(([old, now]) => replaced(text, old, now));
  return editAndProve(parsed, all, [planned]).text;
}

const LR: Planned = { pointer: '/lr', value: 0.2 };

describe('an edit is proven', () => {
  it.each<[string, [string, string][], Planned[], string]>([
    ['of a scalar', [['0.1', '0.2']], [LR], TEXT.replace('0.1', '0.2')],
    ['of nothing', [], [LR], TEXT],
    [
      'of a list as a whole',
      [['[0.9, 0.99]', '[0.8, 0.98]']],
      [{ pointer: '/betas', value: [0.8, 0.98] }],
      TEXT.replace('[0.9, 0.99]', '[0.8, 0.98]'),
    ],
    [
      'of a tree',
      [['{a: 1, b: [2, 3]}', '{a: 4, b: [5], c: null}']],
      [{ pointer: '/more', value: { tree: { a: 4, b: [5], c: null } } }],
      TEXT.replace('{a: 1, b: [2, 3]}', '{a: 4, b: [5], c: null}'),
    ],
    [
      'of two places, whatever their order',
      [
        ['adam', 'lion'],
        ['0.1', '0.2'],
      ],
      [LR, { pointer: '/name', value: 'lion' }],
      TEXT.replace('0.1', '0.2').replace('adam', 'lion'),
    ],
    [
      'that inserts an entry',
      [['name', 'eps: 1.0\nname']],
      [{ pointer: '/eps', value: 1 }],
      TEXT.replace('name', 'eps: 1.0\nname'),
    ],
  ])('%s', async (_story, edits, planned, expected) => expect(await proven(edits, planned)).toBe(expected));
});

describe('an edit is refused', () => {
  it.each<[string, [string, string][], Planned[], string]>([
    ['that writes another value', [['0.1', '0.3']], [LR], 'lr does not read as 0.2'],
    ['that writes another type', [['0.1', '"0.2"']], [LR], 'lr does not read as 0.2'],
    ['that writes -0 for 0', [['0.1', '-0.0']], [{ pointer: '/lr', value: 0 }], 'lr does not read as 0'],
    ['that leaves a planned value out', [['lr: 0.1 # rate\n', '']], [LR], 'lr does not read as 0.2'],
    ['that makes a list of a value', [['0.1', '[0.2]']], [LR], 'lr does not read as 0.2'],
    [
      'that changes another value',
      [
        ['0.1', '0.2'],
        ['adam', 'lion'],
      ],
      [LR],
      'name changed',
    ],
    [
      'that writes another value in other words',
      [
        ['0.1', '0.2'],
        ['0.99', '0.990'],
      ],
      [LR],
      'betas[1] changed',
    ],
    [
      'that renames a key',
      [
        ['0.1', '0.2'],
        ['name', 'nome'],
      ],
      [LR],
      'name changed',
    ],
    ['that adds a value', [['0.1', '0.2\nx: 1']], [LR], 'a value appeared or vanished'],
    [
      'that takes one out',
      [
        ['0.1', '0.2'],
        ['name: adam\n', ''],
      ],
      [LR],
      'a value appeared or vanished',
    ],
    ['that begins another document', [['0.1', '0.2\n---']], [LR], 'the number of documents changed'],
    ['after which nothing can be read', [['0.1', '{0.2']], [LR], 'not valid YAML'],
    [
      'of a list with an entry too many',
      [['0.99', '0.98, 0.5']],
      [{ pointer: '/betas', value: [0.9, 0.98] }],
      'betas does not read as [0.9,0.98]',
    ],
    [
      'of a list with one too few',
      [['0.9, 0.99', '0.9']],
      [{ pointer: '/betas', value: [0.9, 0.98] }],
      'betas does not read as [0.9,0.98]',
    ],
    [
      'of a list with another entry',
      [['0.99', '0.97']],
      [{ pointer: '/betas', value: [0.9, 0.98] }],
      'betas does not read as [0.9,0.98]',
    ],
    [
      'of a list where a value is',
      [['[0.9, 0.99]', '0.98']],
      [{ pointer: '/betas', value: [0.98] }],
      'betas does not read as [0.98]',
    ],
    ...(
      [
        ['with another value', '{a: 4, b: [5]}', { a: 4, b: [6] }],
        ['with a key too many', '{a: 4, b: [5], c: 1}', { a: 4, b: [5] }],
        ['with a key too few', '{a: 4}', { a: 4, b: [5] }],
        ['with another key', '{a: 4, c: [5]}', { a: 4, b: [5] }],
        ['with a list for a mapping', '{a: 4, b: [5]}', { a: 4, b: { 0: 5 } }],
        ['with a mapping for a list', '{a: 4, b: {0: 5}}', { a: 4, b: [5] }],
        ['with a mapping for a value', '{a: {}, b: [5]}', { a: 4, b: [5] }],
        ['with a mapping for nothing', '{a: {}, b: [5]}', { a: null, b: [5] }],
        ['with a value for a mapping', '{a: 4, b: 5}', { a: 4, b: [5] }],
      ] as const
    ).map(
      ([story, written, tree]) =>
        [
          `of a tree ${story}`,
          [['{a: 1, b: [2, 3]}', written]] as [string, string][],
          [{ pointer: '/more', value: { tree } }] as Planned[],
          'more does not read as',
        ] as [string, [string, string][], Planned[], string],
    ),
    [
      'of a tree that is not there',
      [['0.1', '0.2']],
      [LR, { pointer: '/none', value: { tree: {} } }],
      'none does not read as',
    ],
  ])('%s', async (_story, edits, planned, why) => {
    await expect(proven(edits, planned)).rejects.toThrow(/^the edited text did not pass its check \(/);
    await expect(proven(edits, planned)).rejects.toThrow(why);
  });

  it('that changes a value of another document', async () => {
    const text = 'lr: 0.1\n---\nlr: 0.5\n';
    const parsed = await parse(text, 'x.yaml');
    const both = [replaced(text, '0.1', '0.2'), replaced(text, '0.5', '0.6')];
    expect(() => editAndProve(parsed, both, [[LR]])).toThrow('lr changed');
    expect(() => editAndProve(parsed, both, [[LR], [{ pointer: '/lr', value: 0.7 }]])).toThrow(
      'does not read',
    );
    expect(editAndProve(parsed, both, [[LR], [{ pointer: '/lr', value: 0.6 }]]).text).toBe(
      'lr: 0.2\n---\nlr: 0.6\n',
    );
  });
});

describe('a value with an anchor', () => {
  const anchored = 'a: &x 0.1\nb: *x\n';
  it('is planned at all its places by one', async () => {
    expect(await proven([['0.1', '0.2']], [{ pointer: '/b', value: 0.2 }], anchored)).toBe(
      anchored.replace('0.1', '0.2'),
    );
  });
});
