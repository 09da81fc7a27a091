import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/document/parse.ts';
import { withoutWrappers } from '../../src/document/view.ts';
import { convertConfig } from '../../src/pipe/convert.ts';

const file = 'overrides.yaml';
const view = async (text: string) => withoutWrappers(await parse(text, file)).documents[0]!;
const values = async (text: string) => JSON.parse(JSON.stringify((await view(text)).data));
const convert = (text: string, options = {}) =>
  convertConfig({ text, file }, { batchIs: 'device', ...options });

describe('a list of overrides is read as the settings in it', () => {
  it.each<[string, object]>([
    ['- optimizer.lr=0.1', { optimizer: { lr: 0.1 } }],
    ['- lr=1e-3\n- +a.b=2\n- ++a.c=3', { lr: 1e-3, a: { b: 2, c: 3 } }],
    ['- \'a.b=x y\'\n- "c=0.5"', { a: { b: 'x y' }, c: 0.5 }],
    ['- betas=[0.9, 0.95]', { betas: [0.9, 0.95] }],
    ['- a=true\n- b=null\n- c=', { a: true, b: null, c: null }],
    ['- optimizer=adam\n- optimizer.lr=0.1', { optimizer: { name: 'adam', lr: 0.1 } }],
    ['- ~callbacks.swa\n- lr=0.1', { lr: 0.1 }],
    ['- db@backup=mysql\n- model/encoder=vit', { 'db@backup': 'mysql', 'model/encoder': 'vit' }],
    ['- lr=0.1\n- lr=0.2', { lr: 0.2 }],
    ['["lr=0.1", "a.b=2"]', { lr: 0.1, a: { b: 2 } }],
    ["- name='a=b'", { name: 'a=b' }],
  ])('%s', async (text, data) => expect(await values(text)).toEqual(data));

  it.each(['- 1\n- 2', '- a: 1', '- some words', '[]'])('%s is no such list', async (text) =>
    expect(Array.isArray(await values(text))).toBe(true),
  );
});

describe('overrides are converted', () => {
  it('in place, with their marks', async () => {
    const { text } = await convert(
      '- data.batch_size=64 # per GPU\n- optimizer=adamw\n- +optimizer.lr=1e-3\n',
      { by: 4 },
    );
    expect(text).toBe('- data.batch_size=256 # per GPU\n- optimizer=adamw\n- +optimizer.lr=4.0e-3\n');
  });

  it('and are told to be no whole config', async () => {
    const { warnings } = await convert('- batch_size=64\n- lr=0.1\n- optimizer=adamw\n', { by: 4 });
    expect(warnings.map(({ code }) => code)).toContain('overrides-alone');
  });

  it.each([
    [
      'a block',
      '- batch_size_per_gpu=64\n- teacher_temp=0.07\n',
      '- batch_size_per_gpu=16\n- ++min_lr=2.5e-07\n- ++momentum_teacher=0.9989985\n- teacher_temp=0.07\n',
    ],
    [
      'brackets',
      '["batch_size_per_gpu=64", "teacher_temp=0.07"]',
      '["batch_size_per_gpu=16", "++min_lr=2.5e-07", "++momentum_teacher=0.9989985", "teacher_temp=0.07"]',
    ],
  ])('what is new is an item of its own in %s', async (_, before, after) => {
    const { text } = await convert(before, { by: 1 / 4, world: 8, batchIs: undefined });
    expect(text.split(/[\n,]/)).toHaveLength(after.split(/[\n,]/).length);
    expect(await values(text)).toEqual(await values(after));
  });
});

describe('any list of overrides', () => {
  const other = fc.constantFrom(
    '- seed=1',
    '- ~a.b',
    '- trainer=ddp',
    "- 'task.name=x y'",
    '- +tags=[a, b]',
    '- n.layers=2 # deep',
  );
  const lists = fc
    .record({
      before: fc.array(other, { maxLength: 3 }),
      after: fc.array(other, { maxLength: 3 }),
      rate: fc.constantFrom('0.001', '1e-3'),
      batch: fc.integer({ min: 1, max: 32 }),
      end: fc.constantFrom('\n', '\r\n'),
    })
    .map(({ before, after, rate, batch, end }) =>
      [...before, `- optim.lr=${rate}`, '- optim=adamw', `- data.batch_size=${batch * 8}`, ...after]
        .map((l) => l + end)
        .join(''),
    );

  it('keeps every other item, and comes back', async () => {
    await fc.assert(
      fc.asyncProperty(lists, async (text) => {
        const there = await convert(text, { by: 4 });
        const lines = (t: string) => t.split('\n');
        const differ = lines(text).filter((l, i) => l !== lines(there.text)[i]);
        expect(differ.every((l) => /lr=|batch_size=/.test(l))).toBe(true);
        const back = await convert(there.text, { by: 1 / 4 });
        expect(await values(back.text)).toEqual(await values(text));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the names of a Weights & Biases run', () => {
  const wrapped = (entries: Record<string, unknown>) =>
    Object.entries(entries)
      .map(([key, value]) => `${key}:\n  desc: null\n  value: ${JSON.stringify(value)}\n`)
      .join('');

  it('are nested by their dots', async () =>
    expect(await values(wrapped({ 'optimizer.lr': 0.1, 'optimizer.name': 'adamw', batch_size: 8 }))).toEqual({
      optimizer: { lr: 0.1, name: 'adamw' },
      batch_size: 8,
    }));

  it('stay where a name is a block of its own', async () =>
    expect(await values(wrapped({ a: { b: 1 }, 'a.c': 2 }))).toEqual({ a: { b: 1 }, 'a.c': 2 }));

  it('are converted where they stand', async () => {
    const text = wrapped({ 'optimizer.name': 'adamw', 'optimizer.lr': 0.1, 'data.batch_size': 8 });
    const { text: now } = await convert(text, { by: 4 });
    expect(now).toBe(wrapped({ 'optimizer.name': 'adamw', 'optimizer.lr': 0.4, 'data.batch_size': 32 }));
  });
});
