import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';
import { cli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const SGD = `batch_size: 32
optimizer:
  name: SGD
  lr: 0.1
  momentum: 0.9
  weight_decay: 1.0e-4
warmup_steps: 800
ema_decay: 0.999
`;
const ADAMW = 'optimizer: AdamW\nlr: 1.0e-3\nbetas: [0.9, 0.99]\nweight_decay: 0.1\nbatch_size: 512\n';
const LION = 'optimizer: lion\nlr: 1.0e-4\nbetas: [0.9, 0.99]\nbatch_size: 64\n';

/** New values by their pointers. */
async function kept(text: string, keep: string[], options: ConvertOptions = {}) {
  const source = { text, file: 'x.yaml' };
  const { changes, warnings } = await convertConfig(source, { to: 256, world: 1, keep, ...options });
  return { values: Object.fromEntries(changes.map(({ pointer, to }) => [pointer, to])), warnings };
}

describe('--keep', () => {
  it('momentum: the buffer sums as before, so the learning rate moves by kappa alone', async () => {
    const { values } = await kept(SGD, ['momentum']);
    expect(values).toEqual({
      '/batch_size': 256,
      '/optimizer/lr': 0.8,
      '/warmup_steps': 100,
      '/ema_decay': expect.closeTo(0.999 ** 8, 6),
    });
  });

  it.each([
    ['momentum', '/optimizer/momentum'],
    ['optimizer.momentum', '/optimizer/momentum'],
    ['/optimizer/momentum', '/optimizer/momentum'],
    ['ema_decay', '/ema_decay'],
    ['ema-decay', '/ema_decay'],
    ['warmup_steps', '/warmup_steps'],
    ['--warmup-steps', '/warmup_steps'],
  ])('%s names %s', async (name, pointer) => {
    const { values } = await kept(SGD, [name]);
    expect(values).not.toHaveProperty([pointer]);
    expect(Object.keys(values)).toHaveLength(4);
  });

  it('the learning rate: decoupled weight decay makes up for it, lr*wd per sample is kept', async () => {
    const { values, warnings } = await kept(ADAMW, ['lr']);
    expect(values).toMatchObject({ '/weight_decay': 0.05, '/betas/1': expect.closeTo(0.99 ** 0.5, 6) });
    expect(values).not.toHaveProperty('/lr');
    expect(warnings.map(({ code }) => code)).not.toContain('noise-scale-unknown');
  });

  it.each([
    ['betas', []],
    ['betas[0]', ['/betas/1']],
    ['/betas/1', ['/betas/0']],
  ])('%s of a list', async (name, moved) => {
    const { values } = await kept(ADAMW, [name]);
    expect(Object.keys(values).filter((pointer) => pointer.startsWith('/betas'))).toEqual(moved);
  });

  it('Lion’s beta2 keeps beta1, which is found from it', async () => {
    expect((await kept(LION, ['/betas/1'])).values).toEqual({ '/batch_size': 256, '/lr': 4e-4 });
  });

  it('what kappa*lr leaves of momentum is not warned of where the momentum is kept', async () => {
    const codes = async (keep: string[]) => (await kept(SGD, keep)).warnings.map(({ code }) => code);
    expect(await codes([])).toEqual(expect.arrayContaining(['effective-lr', 'short-beta1']));
    expect(await codes(['momentum'])).toEqual(['batch-taken-for']);
  });

  it('a flag of a command, named as the command names it', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'x.sh'), 'python train.py --batch-size 32 --opt sgd --lr 0.1 --momentum 0.9\n');
    const { stdout, code } = await cli(['x.sh', '--by', '8', '--keep', '--momentum', '-q'], { cwd });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'python train.py --batch-size 256 --opt sgd --lr 0.8 --momentum 0.9\n',
    });
  });

  it.each([
    ['momentun', 'no field has that name; this file has optimizer.lr, optimizer.momentum'],
    ['batch_size', 'that is a part of the batch'],
  ])('%s is refused', async (name, message) => {
    await expect(kept(SGD, [name])).rejects.toThrow(message);
  });
});

describe('a name that is no field’s', () => {
  it.each(['', '/', 'ptimizer.momentum', 'optimizer', 'x.optimizer.momentum'])(
    '"%s" is refused',
    async (name) => {
      await expect(kept(SGD, [name])).rejects.toThrow('no field has that name');
    },
  );
});

describe('the learning rate kept of SGD', () => {
  it('moves its momentum nevertheless, and keeps what the trainer multiplies by', async () => {
    const { values } = await kept(SGD, ['lr']);
    expect(values).not.toHaveProperty('/optimizer/lr');
    expect(values['/optimizer/momentum']).toBeCloseTo(0.9 ** 8, 6);
  });
});

describe('SGD going up by 8', () => {
  it('the message has the stability of both ways, and what to type', async () => {
    const { warnings } = await kept(SGD, []);
    const { message } = warnings.find(({ code }) => code === 'effective-lr')!;
    expect(message).toContain('2(1+mu)/lr, goes from 38 to 0.627');
    expect(message).toContain('--keep momentum writes kappa*lr with the old momentum, stable up to 4.75');
  });
});
