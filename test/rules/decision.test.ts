import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';
import { cli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const ADAMW = 'optimizer: AdamW\nlr: 1.0e-3\nbetas: [0.9, 0.99]\nbatch_size: 512\n';
const convert = (text: string, options: ConvertOptions = {}) =>
  convertConfig({ text, file: 'x.yaml' }, { to: 64, world: 1, ...options });
const told = async (text: string, options: ConvertOptions = {}) =>
  (await convert(text, options)).warnings.filter(({ code }) => code === 'noise-scale-unknown');

describe('AdamW, 512 to 64: what do I do?', () => {
  it('the learning rate of each rule stands beside the others, with what to type', async () => {
    const [open, ...others] = await told(ADAMW);
    expect(others).toEqual([]);
    expect(open?.message.split('\n')).toEqual([
      'AdamW: the right lr at kappa 1/8 depends on the gradient noise scale N, which nobody has said',
      '--rule ema: 1.25e-4 (used here), right where the batch is well above N',
      '--rule sqrt: 3.53553e-4, right where it is well below N',
      '--noise-scale N: in between; rebatch noise measures N in one run',
      '--power P: kappa^P times the old rate; AdamW followed the old run best at P 0.52 to 0.63 on two small real networks: 2.7e-4 to 3.4e-4',
    ]);
  });

  it.each(['ema', 'sqrt'])('the value under %s is what that rule writes', async (rule) => {
    const open = (await convert(ADAMW)).plans[0].decision;
    const { changes } = await convert(ADAMW, { rule });
    const written = changes.find(({ pointer }) => pointer === '/lr');
    expect(open?.choices.find((choice) => choice.rule === rule)).toMatchObject({
      value: written?.to,
      text: written?.text.to,
    });
  });

  it('going up, real networks followed higher powers', async () => {
    const { decision } = (await convert(ADAMW, { to: 4096 })).plans[0];
    expect(decision?.observed.powers).toEqual([0.69, 0.76]);
    const [low, high] = decision!.observed.values;
    expect(low).toBeCloseTo(1e-3 * 8 ** 0.69, 6);
    expect(high).toBeCloseTo(1e-3 * 8 ** 0.76, 6);
  });
});

it('a batch a little larger goes up, too', async () => {
  expect((await convert(ADAMW, { to: 768 })).plans[0].decision?.observed.powers).toEqual([0.69, 0.76]);
});

describe('no decision is open', () => {
  it.each<[string, string, ConvertOptions]>([
    ['a rule was asked for', ADAMW, { rule: 'ema' }],
    ['the noise scale is known', ADAMW, { noiseScale: 100 }],
    ['a power was asked for', ADAMW, { power: 0.7 }],
    ['the learning rate is kept', ADAMW, { keep: ['lr'] }],
    ['the batch stays', ADAMW, { to: 512 }],
    ['LAMB normalises after its average', ADAMW.replace('AdamW', 'LAMB'), {}],
    ['SGD does not normalise', 'optimizer: SGD\nlr: 0.1\nmomentum: 0.9\nbatch_size: 512\n', {}],
  ])('%s', async (_story, text, options) => expect(await told(text, options)).toEqual([]));
});

describe('--strict', () => {
  const file = () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'x.yaml'), ADAMW);
    return folder;
  };

  it('refuses to go by the default', async () => {
    const { code, stdout, stderr } = await cli(['x.yaml', '--to', '64', '--world', '1', '--strict'], {
      cwd: file(),
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^x\.yaml:2:5: AdamW: the right lr [\s\S]*--rule sqrt: 3\.53553e-4/);
  });

  it('is content with a rule, and JSON has the choices', async () => {
    const decided = await cli(['x.yaml', '--to', '64', '--world', '1', '--strict', '--rule', 'sqrt', '-q'], {
      cwd: file(),
    });
    expect(decided).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await cli(['x.yaml', '--to', '64', '--world', '1', '--json', '-q'], { cwd: file() });
    expect(JSON.parse(stdout).decision).toMatchObject({
      optimizer: 'AdamW',
      pointer: '/lr',
      choices: [{ rule: 'ema', option: '--rule ema', value: 1.25e-4 }, { rule: 'sqrt' }],
      observed: { powers: [0.52, 0.63] },
    });
  });
});
