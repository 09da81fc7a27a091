import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const LOGS = 'test/data/logs';
const BATCHES = ['--batch', '256', '--batch', '32'];
const log = (name: string) => join(LOGS, `digits-${name}.jsonl`);

describe('follow, on logs of real runs', () => {
  it.each([
    ['AdamW with its noise scale measured', 'adam', 'Npooled', 'follows'],
    ['LAMB, converted', 'lamb', 'ema', 'follows'],
    ['heavy ball, converted', 'sgd', 'ema', 'follows'],
    ['AdamW with kappa*lr', 'adam', 'ema', 'behind'],
    ['AdamW, not converted', 'adam', 'none', 'ahead'],
    ['LAMB, not converted', 'lamb', 'none', 'crosses'],
    ['heavy ball, not converted', 'sgd', 'none', 'crosses'],
    ['heavy ball without its factor', 'sgd', 'trap', 'crosses'],
  ])('%s', async (_, optimizer, variant, verdict) => {
    const run = await cli([
      'follow',
      log(`${optimizer}-old`),
      log(`${optimizer}-${variant}`),
      ...BATCHES,
      '--strict',
      '--json',
    ]);
    expect(JSON.parse(run.stdout).verdict).toBe(verdict);
    expect(run.code).toBe(verdict === 'follows' ? 0 : 1);
    // Without --strict it tells, and does not fail.
    expect(
      (await cli(['follow', log(`${optimizer}-old`), log(`${optimizer}-${variant}`), ...BATCHES])).code,
    ).toBe(0);
  });

  it('finds mean |log(new/old)| as anyone would who divides the columns', async () => {
    const losses = (name: string) =>
      readFileSync(log(name), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).eval_loss);
    const old = losses('adam-old');
    const expected =
      losses('adam-ema').reduce((sum, x, i) => sum + Math.abs(Math.log(x / old[i])), 0) / old.length;
    const { stdout } = await cli(['follow', log('adam-old'), log('adam-ema'), ...BATCHES, '--json']);
    expect(JSON.parse(stdout).distance.value).toBeCloseTo(expected, 10);
  });

  it('names the factor on the learning rate, and the noise scale: that which was measured asks for 2.2', async () => {
    const { stdout } = await cli(['follow', log('adam-old'), log('adam-ema'), ...BATCHES, '--json']);
    const { factor, noiseScale } = JSON.parse(stdout).remedy;
    expect(factor.value).toBeGreaterThan(1.6);
    expect(factor.value).toBeLessThan(2.3);
    expect(noiseScale.value).toBeGreaterThan(50);
    expect(noiseScale.value).toBeLessThan(345);
  });

  it('says it in words, ending with the verdict', async () => {
    const { stdout } = await cli(['follow', log('adam-old'), log('adam-ema'), ...BATCHES], { columns: 100 });
    expect(stdout).toMatch(/batch 256 -> 32 \(kappa 1\/8\): "eval_loss"/);
    expect(stdout).toMatch(/multiply the new one by at least 1\.\d+/);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/rebatch OLD_CONFIG --to 32 --noise-scale \d+/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^behind: /);
  });

  it('reads the learning rate of a trainer’s state from the rows that have it', async () => {
    const cwd = temporaryFolder();
    const state = (name: string, rate: number) => {
      const losses = readFileSync(log(name), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const log_history = losses.flatMap((row) => [{ step: row.step, loss: 9, learning_rate: rate }, row]);
      writeFileSync(join(cwd, `${name}.json`), JSON.stringify({ global_step: 1, log_history }));
      return `${name}.json`;
    };
    const logs = [state('adam-old', 3e-3), state('adam-none', 3e-3)];
    const { stdout } = await cli(['follow', ...logs, ...BATCHES], { cwd, columns: 100 });
    expect(stdout.replace(/\s+/g, ' ')).toContain('it was 8 times kappa*lr');
    expect(stdout).toContain('"eval_loss"');
  });

  it('writes a page with its JSON and every loss', async () => {
    const report = join(temporaryFolder(), 'follow.html');
    const { stdout } = await cli([
      'follow',
      log('adam-old'),
      log('adam-ema'),
      ...BATCHES,
      '--json',
      '--report',
      report,
    ]);
    const html = readFileSync(report, 'utf8');
    const text = /<script type="application\/json" id="result">([\s\S]*?)<\/script>/.exec(html)![1]!;
    expect(JSON.parse(text)).toEqual(JSON.parse(stdout));
    const shown = new Set([...html.matchAll(/<data value="([^"]*)"/g)].map(([, value]) => Number(value)));
    for (const { losses } of JSON.parse(stdout).windows)
      for (const loss of losses) expect(shown).toContain(loss);
    expect(html.match(/data-figure="(?:losses|ratio)"/g)).toHaveLength(2);
  });
});

describe('follow refuses', () => {
  const cwd = temporaryFolder();
  const file = (name: string, rows: readonly object[]) => {
    writeFileSync(join(cwd, name), rows.map((row) => JSON.stringify(row)).join('\n'));
    return name;
  };
  const steps = (count: number, row: (i: number) => object) =>
    Array.from({ length: count }, (_, i) => ({ step: i + 1, ...row(i) }));
  const good = file(
    'good.jsonl',
    steps(20, (i) => ({ loss: 3 / (i + 1) })),
  );
  const few = file(
    'few.jsonl',
    steps(5, (i) => ({ loss: 3 / (i + 1) })),
  );
  const negative = file(
    'negative.jsonl',
    steps(20, () => ({ loss: -1 })),
  );
  const norms = file(
    'norms.jsonl',
    steps(20, () => ({ grad_norm: 1 })),
  );
  const placeless = file(
    'placeless.jsonl',
    Array.from({ length: 20 }, () => ({ loss: 1 })),
  );

  it.each([
    [
      'steps without batch sizes',
      [good, good],
      /good\.jsonl: the log counts steps: give the global batch size of each/,
    ],
    ['one batch size', [good, good, '--batch', '8'], /give both batch sizes, the old one first/],
    ['too few points', [good, few, '--batch', '8', '--batch', '8'], /5 points in common; 8 are needed/],
    ['a loss below 0', [good, negative, '--batch', '8', '--batch', '8'], /each must be above 0/],
    [
      'no loss',
      [good, norms, '--batch', '8', '--batch', '8'],
      /norms\.jsonl: no loss found; the columns with numbers are step, grad_norm/,
    ],
    [
      'neither steps nor samples',
      [placeless, good, '--batch', '8', '--batch', '8'],
      /counts neither steps nor samples/,
    ],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await cli(['follow', ...args], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('nothing where the log counts samples itself', async () => {
    const counted = file('counted.csv', []);
    const rows = Array.from({ length: 20 }, (_, i) => `${64 * (i + 1)},${3 / (i + 1)}`);
    writeFileSync(join(cwd, counted), `consumed_samples,"lm loss"\n${rows.join('\n')}\n`);
    const { code, stdout } = await cli(['follow', counted, counted, '--column', 'lm loss'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/follows: /);
  });
});
