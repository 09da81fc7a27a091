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
    const { code, averages, stderr, report } = await verify(input, ...plan.args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const reports = [report].flat() as { warnings: { file: string; code: string }[] }[];
    const warnings = reports.flatMap((one) => one.warnings);
    // Of its own verify says one thing.
    const said = warnings.filter(({ code }) => code !== 'beyond-stability').map(({ file: _, ...one }) => one);
    const converted = await cli([input, ...plan.args, '--json', '-q']);
    expect(said).toEqual(JSON.parse(converted.stdout).warnings);
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
    const { code, report, row } = await verify(config, '--to', '2048', '--world', '1');
    expect(code).toBe(0);
    expect(report).toMatchObject({ pass: true, verdict: 'coarse' });
    expect(row('/betas/0')).toMatchObject({ coarse: true, pass: true });
    expect(row('/betas/0').theory.toFixed(3)).toBe('0.668');
    expect(row('/betas/1')).toMatchObject({ coarse: false, pass: true });
    const strict = await verify(config, '--to', '2048', '--world', '1', '--strict', '--rule', 'ema');
    expect(strict).toMatchObject({ code: 1, report: { pass: false, verdict: 'fail' } });
    expect(strict.report.summary).toBe('NOT verified: betas[0] coarse, which --strict forbids');
  });

  it('has a colour for each verdict, and green for what is verified alone', async () => {
    const last = async (...args: string[]) => {
      const { stdout } = await cli(['verify', ...args, '--world', '1', '--backend', 'cpu', '--color']);
      return /\u001b\[\d+m(?:verified|coarse|NOT verified|nothing to verify)\u001b\[\d+m/.exec(stdout)?.[0];
    };
    const config = file(ADAM);
    expect(await last(config, '--to', '128')).toBe('\u001b[32mverified\u001b[39m');
    expect(await last(config, '--to', '4096')).toBe('\u001b[33mcoarse\u001b[39m');
    expect(await last(config, file({ ...ADAM, batch_size: 512 }))).toBe('\u001b[31mNOT verified\u001b[39m');
    expect(await last(config, '--to', '64')).toBe('\u001b[1mnothing to verify\u001b[22m');
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
    expect(stdout).toMatch(/^pass {4}betas\[0\], average of gradients: 0.9 -> 0.81$/m);
    expect(stdout).toContain('rms of old minus new average');
    const lines = stdout.split('\n').slice(1);
    expect(Math.max(...lines.map((l) => l.length))).toBeLessThanOrEqual(80);
  });

  const conclusion = async (...args: string[]) => {
    const { code, report } = await verify(...args);
    return [code, report.summary];
  };

  it('ends with what the JSON has as its summary', async () => {
    const args = [file(ADAM), '--to', '128', '--world', '1'];
    const { stdout } = await cli(['verify', ...args, '--backend', 'cpu']);
    const [, summary] = await conclusion(...args);
    expect(stdout.trimEnd().replace(/\s+/g, ' ').endsWith(` ${summary}`)).toBe(true);
    expect(summary).toBe(
      'verified: the averages keep their memory. Not proven: lr 0.002. It is what ema asks for; whether it keeps the loss on its path depends on the gradient noise scale (--train shows how far)',
    );
  });

  it('a learning rate of somebody’s own is not said to be what the rule asks for', async () => {
    const now = file({ ...ADAM, batch_size: 128, lr: 5e-3, betas: [0.81, 0.9801] });
    const [code, summary] = await conclusion(file(ADAM), now);
    expect(code).toBe(0);
    expect(summary).toContain('Not proven: lr 0.005. It is not what ema asks for;');
  });

  it('averages that no decay could bring closer are said to be that', async () => {
    const [code, summary] = await conclusion(file(ADAM), '--to', '4096', '--world', '1');
    expect(code).toBe(0);
    expect(summary).toMatch(
      /^coarse: betas\[0\] is off by 0.\d+ of its size, betas\[1\] is off by 0.\d+ of its size, and no decay brings it closer: at kappa 64 one new batch/,
    );
  });

  it('where the file names no averages nothing is verified', async () => {
    const plain = file({ batch_size: 32, optimizer: 'sgd', lr: 0.1, momentum: 0 });
    expect(await conclusion(plain, '--to', '64', '--world', '1')).toEqual([
      0,
      'nothing to verify: the config names no averages. Not proven: that the loss keeps its path, for which lr 0.2 must be small against the curvature (--train shows how far)',
    ]);
  });

  it('what fails is NOT verified, and what it is that failed is said', async () => {
    expect(await conclusion(file(ADAM), file({ ...ADAM, batch_size: 512 }))).toEqual([
      1,
      'NOT verified: betas[0], betas[1] do not follow the old average',
    ]);
    expect(await conclusion(file({ ...SGD, ema_decay: 0.999 }), file(SGD))).toEqual([
      1,
      'NOT verified: the configs have not the same settings',
    ]);
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

describe('at the same batch size', () => {
  it('there is nothing to verify, and nothing is run', async () => {
    const { code, report } = await verify(file(ADAM), '--to', '64', '--world', '1');
    expect(code).toBe(0);
    expect(report).toMatchObject({ pass: true, verdict: 'nothing', averages: [], learningRates: [] });
    expect(report.summary).toBe('nothing to verify: the batch stays 64 (kappa 1), and so do the averages');
  });

  it('an average that is not the same fails all the same', async () => {
    const { code, report } = await verify(file(ADAM), file({ ...ADAM, betas: [0.8, 0.99] }));
    expect({ code, verdict: report.verdict }).toEqual({ code: 1, verdict: 'fail' });
    expect(report.averages.map(({ pointer }: Row) => pointer)).toEqual(['/betas/0']);
  });

  it('a learning rate that is not the same is told', async () => {
    const { code, report } = await verify(file(ADAM), file({ ...ADAM, lr: 5e-3 }));
    expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: 'nothing' });
    expect(report.summary).toContain('Not proven: lr 0.005, changed at the same batch');
  });
});

describe('what a conversion says and refuses', () => {
  const decision = ({ report }: Awaited<ReturnType<typeof verify>>): string =>
    report.warnings.find(({ code }: { code: string }) => code === 'noise-scale-unknown')?.message;

  it('OLD NEW: what is not read in either file, once for both', async () => {
    const more = { ...ADAM, mystery_lr: 3 };
    const { report } = await verify(file(more), file({ ...more, batch_size: 32, lr: 5e-4 }));
    const left = report.warnings.filter(({ message }: { message: string }) => /mystery_lr/.test(message));
    expect(left).toHaveLength(1);
  });

  it('OLD NEW: the decision as the new file has taken it', async () => {
    const now = (lr: number) => file({ ...ADAM, batch_size: 16, lr, betas: [0.974, 0.99749] });
    const by = async (lr: number) =>
      /^.*\(used here\).*$/m.exec(decision(await verify(file(ADAM), now(lr))))?.[0];
    expect(await by(2.5e-4)).toMatch(/^--rule ema: 0.00025 \(used here\)/);
    expect(await by(5e-4)).toMatch(/^--rule sqrt: 0.0005 \(used here\)/);
    expect(await by(3.1e-4)).toBe('the new config: 0.00031 (used here), which neither rule gives');
  });

  it.each([
    ['a conversion', () => [file(ADAM), '--to', '16', '--world', '1']],
    ['OLD NEW', () => [file(ADAM), file({ ...ADAM, batch_size: 16 })]],
  ])('%s: --strict refuses an open decision', async (_, args) => {
    const { code, stderr } = await verify(...args(), '--strict');
    expect(code).toBe(2);
    expect(stderr).toContain('the right lr at kappa 1/4 depends on the gradient noise scale N');
    expect((await verify(...args(), '--strict', '--rule', 'sqrt')).code).not.toBe(2);
  });

  it('half a conversion is refused in the words of convert', async () => {
    const half = file({ batch_size: 64, optimizer: 'adamw', betas: [0.9, 0.99] });
    const args = ['--to', '16', '--world', '1'];
    const convert = await cli([half, ...args]);
    const { code, stderr } = await verify(half, ...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: convert.stderr });
    expect(stderr).toContain('would move alone');
  });

  it('the terminal and the page say them, too', async () => {
    const report = join(folder, 'said.html');
    const { stdout } = await cli([
      'verify',
      file(ADAM),
      '--to',
      '16',
      '--world',
      '1',
      '--backend',
      'cpu',
      '--report',
      report,
    ]);
    for (const text of [stdout, readFileSync(report, 'utf8')])
      expect(text.replace(/\s+/g, ' ')).toContain(
        'depends on the gradient noise scale N, which nobody has said',
      );
  });
});

describe('a learning rate beyond stability', () => {
  const warned = async (old: object, now: object) => {
    const { report } = await verify(file({ ...SGD, ...old }), file({ ...SGD, batch_size: 64, ...now }));
    return report.warnings.find(({ code }: { code: string }) => code === 'beyond-stability')?.message;
  };

  it('is told for SGD, with the curvature from which on it diverges', async () => {
    // 2(1+mu)/lr; with Nesterov 2(1+mu)/(1+2mu)/lr.
    expect(await warned({}, { lr: 30 })).toMatch(
      /^lr 30 is beyond stability: SGD diverges .* above 0.126667,/,
    );
    expect(await warned({}, { lr: 30, momentum: 0 })).toContain('above 0.0666667,');
    expect(await warned({ nesterov: true }, { lr: 30, nesterov: true })).toContain('above 0.0452381,');
    expect(await warned({ lr: 20 }, { lr: 30 })).toMatch(/^lr 30 is beyond stability, and 20 was:/);
  });

  it('and not one that networks are trained with', async () => {
    expect(await warned({}, { lr: 3 })).toBeUndefined();
    expect(await warned({ optimizer: 'adamw' }, { optimizer: 'adamw', lr: 30 })).toBeUndefined();
  });
});

describe('--samples and --coordinates', () => {
  const errors = async (...args: string[]) => {
    const { averages } = await verify(file(ADAM), '--to', '16', '--world', '1', ...args);
    return averages.map(({ standardError, ...row }) => ({ standardError, ...(row as object) }));
  };

  it('are what is run, at least', async () => {
    const [row] = await errors('--samples', '100001', '--coordinates', '101');
    expect(row).toMatchObject({ samples: 100032, coordinates: 102 });
  });

  it('16 times as many give about a quarter of the standard error', async () => {
    const size = (n: number) => ['--samples', '200000', '--coordinates', String(n)];
    const [few, many] = [await errors(...size(64)), await errors(...size(1024))];
    for (const [i, { standardError }] of few.entries()) {
      expect(standardError / many[i]!.standardError).toBeGreaterThan(2.5);
      expect(standardError / many[i]!.standardError).toBeLessThan(6);
    }
    const longer = await errors('--samples', '3200000', '--coordinates', '64');
    for (const [i, { standardError }] of few.entries())
      expect(standardError / longer[i]!.standardError).toBeGreaterThan(2.5);
  });

  it('a run shorter than the memory is predicted as well', async () => {
    const { averages, code } = await verify(
      file({ ...SGD, ema_decay: 0.9999 }),
      '--to',
      '16',
      '--world',
      '1',
      '--samples',
      '20000',
    );
    expect(code).toBe(0);
    for (const { relativeRms, theory, standardError } of averages)
      expect(Math.abs(relativeRms - theory)).toBeLessThanOrEqual(5 * standardError);
  });

  it('too few coordinates are refused', async () => {
    const { code, stderr } = await verify('x.yaml', '--to', '16', '--coordinates', '47');
    expect(code).toBe(2);
    expect(stderr).toContain('Fewer than 48');
  });
});

describe('--train of an optimizer without a reference', () => {
  it('says so before anything runs', async () => {
    const { stderr } = await verify(file({ ...ADAM, optimizer: 'sophia' }), '--to', '32', '--train');
    expect(stderr).toMatch(/^Sophia not trained: there is no reference of this optimizer yet\n/);
  });
});
