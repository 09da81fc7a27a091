import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';
import { documentsOf } from '../helpers/parse.ts';

const values = async (text: string, file = 'params.txt') =>
  JSON.parse(JSON.stringify((await documentsOf(text, file))[0]!.data));

describe('the arguments of a run in a text file', () => {
  const cases: [string, unknown][] = [
    ['0.0005', 0.0005],
    ['1e-06', 1e-6],
    ['None', null],
    ['', null],
    ['True', true],
    ['False', false],
    ['ViT-B-32', 'ViT-B-32'],
    ['(0.9, 0.98)', '(0.9, 0.98)'],
    ['[0.9, 0.98]', [0.9, 0.98]],
    ['[]', '[]'],
    ['{}', '{}'],
    ["['a', 'b']", "['a', 'b']"],
    [
      'pipe:aws s3 cp s3://bucket/{00..09}.tar - # all: of them',
      'pipe:aws s3 cp s3://bucket/{00..09}.tar - # all: of them',
    ],
    ['@x', '@x'],
    ['16                            \t[default: 1]', 16],
  ];
  it.each(cases)('a: %s', async (source, value) =>
    expect(await values(`a: ${source}\nb: 1\n`)).toEqual({ a: value, b: 1 }),
  );

  it('are read between headings of dashes, too', async () =>
    expect(
      await values(
        '----------------- Options ---------------\r\n   lr: 0.1  \t[default: 0.2]\r\n----------------- End -------------------\r\n',
      ),
    ).toEqual({ lr: 0.1 }));

  it.each([
    ['JSON', '{"lr": 0.1}'],
    ['nested YAML', 'lr: 0.1 # rate\n'],
  ])('%s in a text file is still read as what it is', async (_, text) =>
    expect(await values(text)).toEqual({ lr: 0.1 }),
  );

  it('name a key that stands twice', async () => {
    const [document] = await documentsOf('lr: 0.1\nlr: 0.2\n', 'params.txt');
    expect(document!.doubled).toMatchObject([{ pointer: '/lr', lines: [1, 2] }]);
  });
});

const line = fc.constantFrom(
  'name: run',
  'data: a: b # c',
  '',
  'eps: 1e-08',
  'model: None',
  '--------- Options',
  'tags: [1, 2]',
);
const dump = fc
  .record({
    before: fc.array(line, { maxLength: 4 }),
    between: fc.array(line, { maxLength: 4 }),
    rate: fc.constantFrom('0.001', '1e-3', '0.0005', '3e-4'),
    batch: fc.integer({ min: 1, max: 64 }).map((n) => n * 8),
    end: fc.constantFrom('\n', '\r\n'),
    pad: fc.constantFrom('', '      '),
  })
  .map(({ before, between, rate, batch, end, pad }) => {
    const seen = new Set<string>();
    const lines = [
      ...before,
      `lr: ${rate}`,
      ...between,
      `batch_size: ${batch}`,
      'optimizer: adamw',
      'beta1: 0.9',
      'beta2: 0.95',
    ];
    const once = lines.filter(
      (l) => !/^\w/.test(l) || (!seen.has(l.split(':')[0]!) && seen.add(l.split(':')[0]!)),
    );
    return once.map((l) => (/^\w/.test(l) ? pad + l : l) + end).join('');
  });

describe('any of them', () => {
  it('changes in the planned places alone, and comes back', async () => {
    await fc.assert(
      fc.asyncProperty(dump, async (text) => {
        const options = { batchIs: 'total', insert: false } as const;
        const there = await convertConfig({ text, file: 'params.txt' }, { ...options, by: 4 });
        let rest = there.text;
        for (const { text: changed } of [...there.changes].reverse()) {
          const at = rest.lastIndexOf(changed.to);
          rest = rest.slice(0, at) + changed.from + rest.slice(at + changed.to.length);
        }
        expect(rest).toBe(text);
        const back = await convertConfig({ text: there.text, file: 'params.txt' }, { ...options, by: 1 / 4 });
        const [was, is] = [await values(text), await values(back.text)];
        for (const [key, value] of Object.entries(was)) {
          if (typeof value === 'number') expect(is[key]).toBeCloseTo(value, 6);
          else expect(is[key]).toEqual(value);
        }
      }),
      { numRuns: 100 },
    );
  });
});
