import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});

describe('noise', () => {
  /** Squared norms of gradients with |G|^2 = 1 and tr(Sigma) = 640 over 16 coordinates, from a seeded generator. */
  function norms(batch: number, count: number, seed: number): number[] {
    let state = seed;
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state + 0.5) / 2 ** 32;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const scale = Math.sqrt(640 / 16 / batch);
    return Array.from({ length: count }, () =>
      Array.from({ length: 16 }, () => (0.25 + scale * normal()) ** 2).reduce((a, b) => a + b, 0),
    );
  }

  it('finds the noise scale of synthetic gradients, inside its interval', async () => {
    writeFileSync(
      join(cwd, 'small.jsonl'),
      norms(64, 400, 1)
        .map((n, step) => JSON.stringify({ step, grad_norm: Math.sqrt(n) }))
        .join('\n'),
    );
    writeFileSync(
      join(cwd, 'big.csv'),
      `step,grad_norm\n${norms(2048, 400, 2)
        .map((n, i) => `${i},${Math.sqrt(n)}`)
        .join('\n')}\n`,
    );
    const { stdout } = await cli(
      ['noise', 'small.jsonl', 'big.csv', '--batch', '64', '--batch', '2048', '--json'],
      { cwd },
    );
    const { noiseScale, interval } = JSON.parse(stdout);
    expect(interval[0]).toBeLessThan(640);
    expect(interval[1]).toBeGreaterThan(640);
    expect(Math.abs(noiseScale / 640 - 1)).toBeLessThan(0.15);
  });

  it('reads a trainer_state.json', async () => {
    const log = (values: number[]) =>
      JSON.stringify({
        log_history: [...values.map((grad_norm, step) => ({ step, grad_norm })), { eval_loss: 1 }],
      });
    writeFileSync(join(cwd, 'a.json'), log([2, 2.1, 1.9]));
    writeFileSync(join(cwd, 'b.json'), log([1, 1.05, 0.95]));
    const { stdout } = await cli(['noise', 'a.json', 'b.json', '--batch', '32', '--batch', '512', '--json'], {
      cwd,
    });
    const [a, b] = [(4 + 4.41 + 3.61) / 3, (1 + 1.1025 + 0.9025) / 3];
    expect(JSON.parse(stdout).signal).toBeCloseTo((512 * b - 32 * a) / 480, 10);
    expect(JSON.parse(stdout).noise).toBeCloseTo((a - b) / (1 / 32 - 1 / 512), 10);
  });

  it('averages before the ratio, from --norm too', async () => {
    const { stdout } = await cli(['noise', '--norm', '32:4', '--norm', '32:2', '--norm', '512:1', '--json'], {
      cwd,
    });
    expect(JSON.parse(stdout).noise).toBeCloseTo((3 - 1) / (1 / 32 - 1 / 512), 10);
  });

  it('says how to use what it found', async () => {
    const { stdout } = await cli(['noise', '--norm', '32:3', '--norm', '512:1'], { cwd });
    const scale = /^gradient noise scale (\S+) samples/.exec(stdout)?.[1];
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      `to use it: rebatch CONFIG --to N --noise-scale ${scale}`,
    );
  });

  it.each([
    ['the smaller batch shows less noise', ['--norm', '32:1.1', '--norm', '512:1.2'], 'drowns in noise'],
    [
      'few noisy measurements',
      ['--norm', '32:9', '--norm', '32:1', '--norm', '512:8', '--norm', '512:1'],
      'drowns in noise',
    ],
    ['one batch size', ['--norm', '32:1.1'], 'two batch sizes'],
    ['nonsense', ['--norm', 'x:1'], 'BATCH:SQUARED_NORM'],
  ])('refuses %s', async (_, args, message) => {
    const { code, stdout, stderr } = await cli(['noise', ...args], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('noise from one run', () => {
  /** Squared norms with |G|^2 = 1 and tr(Sigma) = 80 exactly, up to a spread that averages out. */
  const rows = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      const spread = 1 + 0.1 * Math.sin(i * 2.4);
      return { step: 10 * (i + 1), small: Math.sqrt(11 * spread), big: Math.sqrt(2.25 * spread) };
    });
  const write = (name: string, text: string) => {
    writeFileSync(join(cwd, name), text);
    return name;
  };
  const json = async (...args: string[]) => {
    const { stdout, stderr } = await cli(['noise', ...args, '--json'], { cwd });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };
  const lines = (of: (row: ReturnType<typeof rows>[0], i: number) => object, count = 60) =>
    rows(count)
      .map((row, i) => JSON.stringify(of(row, i)))
      .join('\n');

  it('needs nothing but the log that --snippet writes', async () => {
    const log = write(
      'noise.jsonl',
      lines(({ step, small, big }) => ({
        step,
        grad_norm_micro: small,
        grad_norm_step: big,
        batch_micro: 8,
        batch_step: 64,
      })),
    );
    const found = await json(log);
    expect(found.noiseScale).toBeCloseTo(80, 0);
    expect(found.interval[0]).toBeLessThan(80);
    expect(found.interval[1]).toBeGreaterThan(80);
    expect(found.run).toMatchObject({
      columns: ['grad_norm_micro', 'grad_norm_step'],
      batches: [8, 64],
      counted: 'steps',
      leftOut: 0,
    });
    expect(found.run.thirds.map(({ from, to }: { from: number; to: number }) => [from, to])).toEqual([
      [10, 200],
      [210, 400],
      [410, 600],
    ]);
    const { stdout } = await cli(['noise', log], { cwd });
    expect(stdout).toMatch(
      /^gradient noise scale 80(\.\d)? samples, 95 % between \d+(\.\d)? and \d+(\.\d)? \(bootstrap\)\n/,
    );
    expect(stdout).toMatch(/first third +steps 10 to 200 +\d/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^to use it: rebatch CONFIG --to N --noise-scale 80(\.\d)?$/,
    );
  });

  it('has no thirds of a few rows', async () => {
    const norms = lines(({ small, big }) => ({ grad_norm_micro: small, grad_norm_step: big }), 5);
    const args = [
      'noise',
      write('few.jsonl', norms),
      '--batch',
      '8',
      '--batch',
      '64',
      '--report',
      'few.html',
    ];
    const { code, stdout } = await cli(args, { cwd });
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/third|NaN|undefined/);
    expect(readFileSync(join(cwd, 'few.html'), 'utf8').split('<details')[0]).not.toMatch(
      /third|NaN|undefined/,
    );
  });

  it('leaves out the rows of another batch, such as an epoch’s last, and says so', async () => {
    const log = write(
      'noise.jsonl',
      lines(({ step, small, big }, i) => ({
        step,
        grad_norm_micro: small,
        grad_norm_step: i % 20 === 19 ? 100 * big : big,
        batch_micro: 8,
        batch_step: i % 20 === 19 ? 24 : 64,
      })),
    );
    const { stdout } = await cli(['noise', log], { cwd });
    expect(stdout).toContain('! 3 rows of another batch size were left out');
    expect((await json(log)).noiseScale).toBeCloseTo(80, -1);
  });

  it('takes the columns and batch sizes that are named, from a dashboard’s export too', async () => {
    const csv = rows(40).map(({ step, small, big }) => `"${step}","${small}","${big}"`);
    const log = write('export.csv', `"Step","a, b - g/before","a, b - g/after"\n${csv.join('\n')}\n`);
    const found = await json(
      log,
      '--column',
      'g/before',
      '--column',
      'g/after',
      '--batch',
      '8',
      '--batch',
      '64',
    );
    expect(found.noiseScale).toBeCloseTo(80, 0);
    expect(found.run.columns).toEqual(['a, b - g/before', 'a, b - g/after']);
  });

  it('does not square what its name says is squared', async () => {
    const log = write(
      'squared.jsonl',
      lines(({ small, big }) => ({
        local_grad_norm_squared: small ** 2,
        global_grad_norm_squared: big ** 2,
      })),
    );
    expect((await json(log, '--batch', '8', '--batch', '64')).noiseScale).toBeCloseTo(80, 0);
  });

  it('says what to change where the columns are not what they are taken for', async () => {
    const log = write(
      'clipped.jsonl',
      lines(({ small }) => ({ grad_norm_micro: small, grad_norm_step: 0.1 })),
    );
    const { code, stderr } = await cli(['noise', log, '--batch', '8', '--batch', '64'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^clipped\.jsonl: the mean squared norm at batch 8 is 1\d{3} times that at batch 64/,
    );
    expect(stderr).toContain('was the bigger one taken before clipping?');
  });

  it.each([
    [
      'one norm only',
      () => lines(({ big }) => ({ grad_norm: big })),
      [],
      /only one gradient norm found, "grad_norm": .*rebatch noise --snippet/,
    ],
    [
      'no norm',
      () => lines(({ step }) => ({ step, loss: 1 })),
      [],
      /no gradient norm found: the columns with numbers are step, loss/,
    ],
    [
      'no batch sizes',
      () => lines(({ small, big }) => ({ grad_norm_micro: small, grad_norm: big })),
      [],
      /does not say its batch sizes: give both, that of "grad_norm_micro" first/,
    ],
    [
      'norms that never share a row',
      () =>
        `${lines(({ small }) => ({ grad_norm_micro: small }))}\n${lines(({ big }) => ({ grad_norm: big }))}`,
      ['--batch', '8', '--batch', '64'],
      /no row has both/,
    ],
  ])('refuses %s', async (_, text, args, message) => {
    const log = write('log.jsonl', text());
    const { code, stdout, stderr } = await cli(['noise', log, ...args], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.replace(/\s+/g, ' ')).toMatch(message);
  });

  it('writes a page with its JSON and a plot', async () => {
    const log = write(
      'noise.jsonl',
      lines(
        ({ step, small, big }) => ({
          step,
          grad_norm_micro: small,
          grad_norm_step: big,
          batch_micro: 8,
          batch_step: 64,
        }),
        200,
      ),
    );
    const found = await json(log, '--report', 'noise.html');
    const html = readFileSync(join(cwd, 'noise.html'), 'utf8');
    const text = /<script type="application\/json" id="result">([\s\S]*?)<\/script>/.exec(html)![1]!;
    expect(JSON.parse(text)).toEqual(found);
    const [chart] = JSON.parse(/id="charts">([\s\S]*?)<\/script>/.exec(html)![1]!);
    expect(chart.curves[0].points).toHaveLength(10);
    for (const [, low, high] of chart.band) expect(high).toBeGreaterThanOrEqual(low);
    expect(html).toContain(`--noise-scale ${Number(found.noiseScale.toPrecision(3))}`);
  });
});

describe('noise from two runs', () => {
  const log = (name: string, size: number, count = 40) => {
    const rows = Array.from(
      { length: count },
      (_, i) => `{"grad_norm": ${Math.sqrt(size * (1 + 0.2 * Math.sin(i * 2.4)))}}`,
    );
    writeFileSync(join(cwd, name), rows.join('\n'));
    return name;
  };

  it('at different weights says so, and what to do', async () => {
    const args = ['noise', log('small.jsonl', 16), log('big.jsonl', 1), '--batch', '1', '--batch', '8'];
    const { code, stdout, stderr } = await cli(args, { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      'is 16 times that at batch 8, where at the same weights it lies between 1 and 8',
    );
    expect(stderr).toContain('The logs are not from the same weights');
    expect(stderr).toContain('rebatch noise --snippet torch');
  });

  it('with a ratio near that of the batch sizes gives a lower bound to use', async () => {
    const args = ['noise', log('small.jsonl', 7.9), log('big.jsonl', 1), '--batch', '1', '--batch', '8'];
    const { code, stdout } = await cli(args, { cwd });
    expect(code).toBe(0);
    const bound = /^gradient noise scale at least (\S+) samples/.exec(stdout)![1];
    expect(stdout).toContain(`N is at least ${bound}.`);
    expect(stdout.trimEnd()).toMatch(new RegExp(`--noise-scale ${bound}$`));
    const { interval } = JSON.parse((await cli([...args, '--json'], { cwd })).stdout);
    expect(interval[1]).toBe(null);
  });
});
