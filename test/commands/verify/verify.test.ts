import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { fixtures } from '../../helpers/fixtures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const folder = temporaryFolder();
let files = 0;

function file(settings: Record<string, unknown>): string {
  const path = join(folder, `config-${files++}.json`);
  writeFileSync(path, JSON.stringify(settings));
  return path;
}

interface Row {
  readonly pointer: string;
  readonly of: string;
  readonly decay: [number, number];
  readonly relativeRms: number;
  readonly theory: number;
  readonly unconverted: number;
  readonly unconvertedTheory: number;
  readonly standardError: number;
  readonly coarse: boolean;
  readonly pass: boolean;
  readonly gain?: number;
  readonly level?: { readonly ratio: number; readonly theory: number; readonly standardError: number };
}

async function verify(...args: string[]) {
  const { code, stdout, stderr } = await cli(['verify', ...args, '--json', '--backend', 'cpu']);
  const report = stdout ? JSON.parse(stdout) : undefined;
  const averages: Row[] = report?.averages ?? [];
  return {
    code,
    stderr,
    report,
    averages,
    row: (key: string) => averages.find((a) => a.pointer.endsWith(key))!,
  };
}

const SGD = { batch_size: 32, optimizer: 'sgd', lr: 0.1, momentum: 0.9, weight_decay: 1e-4 };
const ADAM = { batch_size: 64, optimizer: 'adamw', lr: 1e-3, betas: [0.9, 0.99], weight_decay: 0.1 };
const LION = { batch_size: 64, optimizer: 'lion', lr: 1e-4, betas: [0.9, 0.99] };

describe('every fixture verifies', () => {
  it.each(fixtures())('$dialect/$name', async ({ input, plan }) => {
    const { code, averages, stderr } = await verify(input, ...plan.args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { relativeRms, theory, standardError } of averages)
      expect(Math.abs(relativeRms - theory)).toBeLessThanOrEqual(5 * standardError + 1e-9);
  });
});

describe('a conversion by the rule passes', () => {
  it.each([
    ['SGD', SGD, '4'],
    ['SGD up', SGD, '64'],
    ['AdamW', ADAM, '8'],
    ['AdamW with a ratio of 3/2', ADAM, '96'],
    ['Lion', LION, '512'],
    ['Lion down', LION, '16'],
  ])('%s', async (_, settings, to) => {
    const { code, averages } = await verify(
      file({ ...settings, max_steps: 1000 }),
      '--to',
      to,
      '--world',
      '1',
    );
    expect(averages.length).toBeGreaterThan(0);
    expect({ code, passes: averages.map((a) => a.pass) }).toEqual({
      code: 0,
      passes: averages.map(() => true),
    });
  });
});

describe('OLD NEW: a hand-made conversion', () => {
  const up = (settings: object) => file({ ...settings, batch_size: 256 });
  const down = (settings: object) => file({ ...settings, batch_size: 4 });
  const power = (decay: number, kappa: number) => decay ** kappa;
  const sum = (mu: number, kappa: number) => (1 - mu ** kappa) / (1 - mu);

  /** The root of (1-x)^2 + x^2*q(0.99^4) = 4*(0.1^2 + 0.9^2*q(0.99)), q(b) = (1-b)/(1+b). */
  const LION_UP = 0.790934;

  it.each([
    ['SGD up', file(SGD), up({ ...SGD, lr: 0.8 * sum(0.9, 8), momentum: power(0.9, 8) })],
    ['SGD down', file(SGD), down({ ...SGD, lr: (0.1 / 8) * sum(0.9, 1 / 8), momentum: power(0.9, 1 / 8) })],
    [
      'AdamW rounded to three digits',
      file(ADAM),
      file({ ...ADAM, batch_size: 32, lr: 5e-4, betas: [0.949, 0.995] }),
    ],
    ['Lion by its noise', file(LION), up({ ...LION, lr: 4e-4, betas: [LION_UP, 0.99 ** 4] })],
    ['Lion by its weights', file(LION), up({ ...LION, lr: 4e-4, betas: [0.9 * 0.99 ** 3, 0.99 ** 4] })],
  ])('%s passes where it is right', async (_, old, now) => {
    const { code, averages } = await verify(old, now);
    expect({ code, passes: averages.map((a) => a.pass) }).toEqual({
      code: 0,
      passes: averages.map(() => true),
    });
  });

  // Each line is a mistake that people make, with the setting that must be told wrong.
  it.each([
    ['nothing converted, up', SGD, { ...SGD, batch_size: 256 }, 'momentum'],
    ['nothing converted, down', SGD, { ...SGD, batch_size: 4 }, 'momentum'],
    [
      'plain kappa*lr with mu^kappa, up',
      SGD,
      { ...SGD, batch_size: 256, lr: 0.8, momentum: 0.9 ** 8 },
      'momentum',
    ],
    [
      'plain kappa*lr with mu^kappa, down',
      SGD,
      { ...SGD, batch_size: 4, lr: 0.1 / 8, momentum: 0.9 ** (1 / 8) },
      'momentum',
    ],
    [
      'sqrt(kappa)*lr for SGD',
      SGD,
      { ...SGD, batch_size: 128, lr: 0.2 * sum(0.9, 4), momentum: 0.9 ** 4 },
      'momentum',
    ],
    ['kappa*lr with the momentum kept', SGD, { ...SGD, batch_size: 256, lr: 0.8 }, 'momentum'],
    ['betas left alone', ADAM, { ...ADAM, batch_size: 512, lr: 8e-3 }, '/betas/0'],
    ['beta2 left alone', ADAM, { ...ADAM, batch_size: 8, betas: [0.9 ** (1 / 8), 0.99] }, '/betas/1'],
    ['beta*kappa', ADAM, { ...ADAM, batch_size: 32, betas: [0.45, 0.495] }, '/betas/1'],
    ['beta^(1/kappa)', ADAM, { ...ADAM, batch_size: 128, betas: [0.9 ** 0.5, 0.99 ** 0.5] }, '/betas/0'],
    ['1-beta divided by kappa', ADAM, { ...ADAM, batch_size: 128, betas: [0.95, 0.995] }, '/betas/1'],
    ['sqrt(kappa) for beta', ADAM, { ...ADAM, batch_size: 256, betas: [0.9 ** 2, 0.99 ** 2] }, '/betas/1'],
    ['Lion with b1^kappa', LION, { ...LION, batch_size: 512, betas: [0.9 ** 8, 0.99 ** 8] }, '/betas/0'],
    ['Lion left alone', LION, { ...LION, batch_size: 512 }, '/betas/1'],
  ])('fails for %s', async (_, old, now, key) => {
    const { code, row } = await verify(file(old), file(now));
    expect({ code, pass: row(key).pass }).toEqual({ code: 1, pass: false });
  });

  it('needs kappa*lr for SGD without momentum too', async () => {
    const plain = { ...SGD, momentum: 0 };
    const good = await verify(file(plain), up({ ...plain, lr: 0.8 }));
    const bad = await verify(file(plain), up(plain));
    expect([good.code, bad.code]).toEqual([0, 1]);
    expect(bad.report.learningRates).toMatchObject([{ ratio: 1, asked: 8, asAsked: false, decides: true }]);
  });

  it('reports a learning rate that the rule would not give, and leaves it out of the verdict', async () => {
    const { code, report } = await verify(
      file(ADAM),
      file({ ...ADAM, batch_size: 32, betas: [0.9487, 0.99499] }),
    );
    expect(code).toBe(0);
    expect(report.learningRates).toMatchObject([{ ratio: 1, asked: 0.5, asAsked: false, decides: false }]);
  });

  it('compares configs of two dialects', async () => {
    const old = file(ADAM);
    const now = join(folder, 'trainer.yaml');
    writeFileSync(
      now,
      'output_dir: out\nper_device_train_batch_size: 4\nlearning_rate: 5.0e-4\nadam_beta1: 0.9486833\nadam_beta2: 0.9949874\nweight_decay: 0.1\n',
    );
    const { code, averages } = await verify(old, now, '--world-to', '8');
    expect(code).toBe(0);
    expect(averages.map((a) => a.decay)).toEqual([
      [0.9, 0.9486833],
      [0.99, 0.9949874],
    ]);
  });

  it('fails where one side has an average that the other lacks', async () => {
    const { code, report } = await verify(file({ ...SGD, ema_decay: 0.999 }), file(SGD));
    expect(code).toBe(1);
    expect(report.unpaired).toHaveLength(1);
  });
});

describe('verdicts', () => {
  it('coarse where no decay comes close: exit 0, and 1 with --strict', async () => {
    const config = file({ ...ADAM, betas: [0.9, 0.999] });
    const { code, row } = await verify(config, '--to', '2048', '--world', '1');
    expect(code).toBe(0);
    expect(row('/betas/0')).toMatchObject({ coarse: true, pass: true });
    expect(row('/betas/0').theory.toFixed(3)).toBe('0.668');
    expect(row('/betas/1')).toMatchObject({ coarse: false, pass: true });
    expect((await verify(config, '--to', '2048', '--world', '1', '--strict')).code).toBe(1);
  });

  it('--tolerance decides', async () => {
    const [old, now] = [file(ADAM), file({ ...ADAM, batch_size: 32, betas: [0.96, 0.995] })];
    expect((await verify(old, now)).code).toBe(1);
    expect((await verify(old, now, '--tolerance', '0.3')).code).toBe(0);
  });
});

describe('the second moment’s level', () => {
  it('is measured and predicted, at the noise scale given', async () => {
    for (const [noise, expected] of [
      ['64', (1 + 1 / 8) / 2],
      ['1e9', 1 / 8],
      ['0', 1],
    ] as const) {
      const { row } = await verify(file(ADAM), '--to', '512', '--world', '1', '--noise-scale', noise);
      const { ratio, theory, standardError } = row('/betas/1').level!;
      expect(theory).toBeCloseTo(expected, 6);
      expect(Math.abs(ratio - theory)).toBeLessThanOrEqual(5 * standardError + 1e-6);
    }
  });
});

describe('the command line', () => {
  it('prints a table of 80 columns on stdout, and nothing else anywhere', async () => {
    const { code, stdout, stderr } = await cli(
      ['verify', file(ADAM), '--to', '128', '--world', '1', '--backend', 'cpu'],
      {
        columns: 80,
      },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^pass {4}betas\[0\], gradient: 0.9 -> 0.81$/m);
    expect(stdout).toContain('rms of old - new');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      'verified: averages keep their memory, learning rates are what ema asks for',
    );
    const lines = stdout.split('\n').slice(1);
    expect(Math.max(...lines.map((l) => l.length))).toBeLessThanOrEqual(80);
  });

  const conclusion = async (...args: string[]) => {
    const { code, stdout } = await cli(['verify', ...args, '--backend', 'cpu'], { columns: 100 });
    return [code, stdout.trimEnd().split('\n').at(-1)];
  };

  it('a learning rate of somebody’s own is not said to be what the rule asks for', async () => {
    const now = file({ ...ADAM, batch_size: 128, lr: 5e-3, betas: [0.81, 0.9801] });
    expect(await conclusion(file(ADAM), now)).toEqual([
      0,
      'verified: averages keep their memory, learning rates are not what ema asks for',
    ]);
  });

  it('averages that no decay could bring closer are said to be that', async () => {
    expect(await conclusion(file(ADAM), '--to', '4096', '--world', '1')).toEqual([
      0,
      'verified: averages are as close as any decay can be, learning rates are what ema asks for',
    ]);
  });

  it('where the file names no averages nothing is verified', async () => {
    const plain = file({ batch_size: 32, optimizer: 'sgd', lr: 0.1, momentum: 0 });
    expect(await conclusion(plain, '--to', '64', '--world', '1')).toEqual([
      0,
      'nothing to verify: the file names no averages; learning rates are what ema asks for',
    ]);
  });

  it('what fails is NOT verified', async () => {
    expect(await conclusion(file(ADAM), file({ ...ADAM, batch_size: 512 }))).toEqual([1, 'NOT verified']);
  });

  it('shows no difference where there is none', async () => {
    const { code, stdout } = await cli([
      'verify',
      file(ADAM),
      '--to',
      '64',
      '--world',
      '1',
      '--backend',
      'cpu',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +0 \+- 0 /m);
    expect(stdout).not.toMatch(/\de-\d{3}/);
    expect(stdout).not.toContain('whatever the decay');
  });

  it('gives the same figures for the same seed, others for another', async () => {
    const config = file(ADAM);
    const of = async (seed: string) =>
      (await verify(config, '--to', '128', '--world', '1', '--seed', seed)).row('/betas/0').relativeRms;
    const [a, b, c] = [await of('3'), await of('3'), await of('4')];
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  it('has the fields that its format promises', async () => {
    const { report } = await verify(file(ADAM), '--to', '128', '--world', '1');
    expect(report).toMatchObject({ version: 1, pass: true, backend: { name: 'cpu' }, seed: 0, training: [] });
    expect(Object.keys(report.averages[0])).toEqual(
      expect.arrayContaining([
        'pointer',
        'of',
        'decay',
        'relativeRms',
        'theory',
        'unconverted',
        'unconvertedTheory',
        'standardError',
        'coarse',
        'pass',
      ]),
    );
  });

  it.each([
    [['verify', 'x.yaml'], '--to N'],
    [['verify', '-', '-'], 'standard input can be read once'],
    [['verify', 'x.yaml', '--to', '8', '--world', '1', '--backend', 'quantum'], 'backend'],
    [['verify', 'x.yaml', '--to', '8', '--world', '1', '--seed', '-1'], 'seed'],
  ])('%j is a usage error', async (args, says) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
  });

  it('stops on Ctrl-C with one line and nothing on stdout', async () => {
    const config = file({ ...SGD, ema_decay: 0.99999 });
    process.on('newListener', function interrupt(event) {
      if (event !== 'SIGINT') return;
      process.off('newListener', interrupt);
      setImmediate(() => process.emit('SIGINT'));
    });
    const { code, stdout, stderr } = await cli([
      'verify',
      config,
      '--to',
      '1024',
      '--world',
      '1',
      '--backend',
      'cpu',
    ]);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: 'rebatch: stopped; nothing was verified\n',
    });
  });

  it('is loaded only when it runs', () => {
    const source = readFileSync(new URL('../../../src/commands/verify/command.ts', import.meta.url), 'utf8');
    const imports = source.match(/^import[^;]*from '\.\/[^;]*;/gm) ?? [];
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((line) => !line.startsWith('import type '))).toEqual([]);
  });
});
