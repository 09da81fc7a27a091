import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/base/problem.ts';
import type { BatchRole, Found } from '../../src/dialect/roles.ts';
import { batchAt, naming } from '../../src/recipe/batch-at.ts';
import { cli } from '../helpers/cli.ts';
import { documentsOf } from '../helpers/parse.ts';
import { ROLE, recipeOf, refusal, roles } from '../helpers/recipe.ts';

const convert = (text: string, ...args: string[]) =>
  cli(['-', '--json', '-q', '--optimizer', 'adamw', ...args], { stdin: text });

const TWO = 'train: {batch_size: 64}\nother: {batch_size: 16, note: x}\nlr: 0.1\n';

describe('--batch-at', () => {
  it.each(['/train/batch_size', 'train.batch_size'])(
    '%s is the batch, and the others stay',
    async (place) => {
      const { code, stdout } = await convert(TWO, '--by', '2', '--batch-at', place, '--batch-is', 'total');
      expect(code).toBe(0);
      const { batch, changes } = JSON.parse(stdout);
      expect(batch).toMatchObject({ from: 64, to: 128 });
      expect(changes.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
        '/train/batch_size',
        '/lr',
      ]);
    },
  );

  it('can be a name that nobody knows', async () => {
    const { stdout } = await convert(
      'blk: 8\nlr: 0.1\n',
      '--to',
      '16',
      '--batch-at',
      'blk',
      '--batch-is',
      'total',
    );
    expect(JSON.parse(stdout).changes.map(({ to }: { to: number }) => to)).toEqual([16, 0.2]);
  });

  it('says in the dialect’s own terms what the place counts', async () => {
    const config = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\n';
    const args = ['--to', '64', '--world', '4', '--batch-at', 'per_device_train_batch_size'];
    expect(JSON.parse((await convert(config, ...args)).stdout).batch).toMatchObject({ from: 32, to: 64 });
  });

  it.each(['nowhere', 'train', '/train/batch', '', '(document)'])(
    '%j is no value: refused',
    async (place) => {
      const { code, stderr } = await convert(TWO, '--by', '2', '--batch-at', place);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: `<stdin>: --batch-at ${place}: there is no value of that name in this file\n`,
      });
    },
  );

  it('a name that two places have is not guessed at: their pointers are named, and each of them does', async () => {
    const text = 'train.bs: 8\ntrain: {bs: 16}\nlr: 0.1\n';
    const { code, stderr } = await convert(text, '--by', '2', '--batch-at', 'train.bs');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: '<stdin>: --batch-at train.bs may be /train.bs or /train/bs: say which of them\n',
    });
    for (const [place, from] of [
      ['/train.bs', 8],
      ['/train/bs', 16],
    ] as const) {
      const { stdout } = await convert(text, '--by', '2', '--batch-at', place, '--batch-is', 'total');
      expect(JSON.parse(stdout).batch).toMatchObject({ from });
    }
  });

  it('where no batch was read, the refusal names what looks like one', async () => {
    const { code, stderr } = await convert('weird_batch_thing: 12\nlr: 0.1\n', '--to', '16');
    expect(code).toBe(2);
    expect(stderr).toContain('weird_batch_thing');
    expect(stderr).toContain('--batch-at');
  });
});

describe('beside the place that the user names', () => {
  const part = (name: BatchRole['part']): BatchRole => ({ role: 'batch', part: name, unit: 'samples' });

  it.each(['global', 'micro', 'per-device', 'per-node', 'nominal', 'unsaid', 'micro-limit'] as const)(
    'another number of samples (%s) is no batch, written or by default',
    async (other) => {
      const [document] = await documentsOf('bs: 8\nother: 16\n');
      const found: Found[] = [
        ['/other', { role: part(other) }],
        ['/unset', { absent: { default: 32, role: part(other) } }],
      ];
      expect(batchAt(document!, found, 'bs')).toEqual([['/bs', { role: part('unsaid') }]]);
    },
  );

  it('passes and devices still make the batch with it', async () => {
    const { recipe } = await recipeOf(
      'bs: 8\nother: 999\npasses: 4\ngpus: 2\n',
      roles({ '/other': ROLE.global, '/passes': part('accumulation'), '/gpus': ROLE.devices }),
      { from: 64, batchAt: 'bs' },
    );
    expect(recipe.batch).toMatchObject({ global: 64, micro: 8, accumulation: 4, world: 2 });
  });

  it('everything else is read as before', async () => {
    const [document] = await documentsOf('bs: 8\nlr: 0.1\n');
    const others: Found[] = [
      ['', { scope: 'optimizer' }],
      ['/lr', { role: ROLE.lr }],
      ['/momentum', { absent: { default: 0.9, role: ROLE.momentum } }],
      ['/betas', { absent: { items: [ROLE.beta1, ROLE.beta2] } }],
      ['/lr', { note: 'stays' }],
    ];
    expect(batchAt(document!, others, 'bs').slice(0, -1)).toEqual(others);
  });

  it('the place is the batch and nothing else, whatever its name was taken for', async () => {
    const { recipe } = await recipeOf('steps: 8\n', roles({ '/steps': ROLE.steps }), {
      batchAt: 'steps',
      batchIs: 'total',
      from: 8,
    });
    expect(recipe.batch.fields.map(({ pointer }) => pointer)).toEqual(['/steps']);
    expect(recipe.counts).toEqual([]);
  });

  it('of several meanings of the place the one of the batch holds', async () => {
    const [document] = await documentsOf('bs: 8\n');
    const found: Found[] = [
      ['/bs', { role: ROLE.steps }],
      ['/bs', { note: 'stays' }],
      ['/bs', { role: part('per-device') }],
    ];
    expect(batchAt(document!, found, '/bs')).toEqual([['/bs', { role: part('per-device') }]]);
  });
});

describe('where no batch was read', () => {
  const noBatch = () => {
    throw new Problem('batch-unknown', 'no batch size found in this file');
  };
  const said = async (text: string, read: () => unknown = noBatch) => {
    const [document] = await documentsOf(text);
    return refusal(() => naming(document!, read));
  };

  it('the numbers whose keys speak of one are named, at the first of them', async () =>
    expect(await said('lr: 0.1\nmini_batch: 8\nval: {bsz: 4}\n')).toEqual({
      says: 'batch-unknown: no batch size was read in this file, but there is mini_batch: 8, val.bsz: 4: say which one trains with --batch-at mini_batch, or give the batch with --from N',
      at: 'lr: 0.1\nmini_batch: '.length,
    }));

  it.each(['batch', 'MiniBatchSize', 'bs', 'train_bs', 'bsz', 'eval_bsz', 'b', 'B'])(
    '%s speaks of one',
    async (key) => expect((await said(`${key}: 8\n`)).says).toContain(`there is ${key}: 8: `),
  );

  it.each([
    'bass: 8',
    'jobs: 8',
    'abs: 8',
    'bszx: 8',
    'ab: 8',
    'bc: 8',
    'batch: auto',
    'batch: {n: 8}',
    'batch: [8]',
  ])('%s does not', async (line) =>
    expect(await said(`${line}\n`)).toEqual({
      says: 'batch-unknown: no batch size found in this file',
      at: undefined,
    }),
  );

  it('six are named at most', async () => {
    const keys = [1, 2, 3, 4, 5, 6, 7].map((n) => `batch_${n}`);
    const { says } = await said(keys.map((key) => `${key}: 8\n`).join(''));
    expect(keys.filter((key) => says.includes(`${key}: 8`))).toEqual(keys.slice(0, 6));
  });

  it('another refusal stays as it is', async () => {
    const other = () => {
      throw new Problem('auto', 'batch is "auto"', 3);
    };
    expect(await said('batch: 8\n', other)).toEqual({ says: 'auto: batch is "auto"', at: 3 });
  });

  it('what is no refusal stays as it is', async () => {
    const fault = new RangeError('a fault of the program');
    const [document] = await documentsOf('batch: 8\n');
    expect(() =>
      naming(document!, () => {
        throw fault;
      }),
    ).toThrow(fault);
  });

  it('and a batch that was read is passed on', async () => {
    const [document] = await documentsOf('batch: 8\n');
    expect(naming(document!, () => 64)).toBe(64);
  });
});
