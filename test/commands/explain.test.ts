import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { pyyamlType } from '../helpers/yaml11.ts';

const SGD =
  'batch_size: 256\noptimizer:\n  name: sgd\n  lr: 0.1\n  momentum: 0.9\nwarmup_steps: 500\nlogging_steps: 10\n';
const ADAM =
  'per_device_train_batch_size: 256\nlearning_rate: 3.0e-4\nadam_beta2: 0.95\nadam_epsilon: 1.0e-8\n';

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
  writeFileSync(join(cwd, 'sgd.yaml'), SGD);
  writeFileSync(join(cwd, 'adam.yaml'), ADAM);
});

describe('explain', () => {
  it('tells role, memory in steps and samples, formula and source of every field', async () => {
    const { stdout } = await cli(['explain', 'sgd.yaml', '--to', '32', '--json'], { cwd });
    const { fields, kappa } = JSON.parse(stdout);
    const of = (pointer: string) => fields.find((f: { pointer: string }) => f.pointer === pointer);
    expect(kappa).toBe(1 / 8);
    expect(of('/optimizer/momentum')).toMatchObject({
      role: 'heavy-ball momentum',
      line: 5,
      value: 0.9,
      to: 0.9869163,
      formula: '0.9^(1/8)',
    });
    expect(of('/optimizer/momentum').memory.halfLifeSteps).toBeCloseTo(Math.log(0.5) / Math.log(0.9), 10);
    expect(of('/optimizer/momentum').memory.windowSamples).toBeCloseTo(2560, 8);
    expect(of('/optimizer/lr')).toMatchObject({
      role: 'learning rate (peak)',
      to: 0.00163546,
      formula: '1/8 * (1-0.9^(1/8))/(1-0.9) * 0.1',
    });
    expect(of('/optimizer/lr').source).toContain('torch/optim/sgd.py');
    expect(of('/logging_steps')).toMatchObject({ to: 10, formula: 'unchanged' });
    expect(of('/logging_steps').reason).toContain('--cadence');
  });

  it('shows twice the batch where no target is given', async () => {
    const { stdout } = await cli(['explain', 'adam.yaml', '--json'], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ asked: false, kappa: 2 });
  });

  it('fits in 80 columns', async () => {
    const { stdout } = await cli(['explain', 'adam.yaml', '--to', '64'], { cwd, columns: 80 });
    for (const line of stdout.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('schedule', () => {
  const schedule = async (...args: string[]) =>
    JSON.parse((await cli(['schedule', ...args, '--json'], { cwd })).stdout);

  it('gives each phase the settings that convert would give it', async () => {
    const { phases } = await schedule('adam.yaml', '--batches', '64@0,256@10k');
    const { stdout } = await cli(['adam.yaml', '--to', '64', '--json', '-q'], { cwd });
    for (const { pointer, to } of JSON.parse(stdout).changes.filter(
      (c: { role: string }) => c.role !== 'batch',
    ))
      expect(phases[0].settings[pointer.slice(1)]).toBe(to);
    expect(phases[1].settings).toMatchObject({ learning_rate: 3e-4, adam_beta2: 0.95 });
  });

  it('knows what to do with a heavy-ball buffer at the switch', async () => {
    const { phases } = await schedule('sgd.yaml', '--batches', '256@0,512@10k');
    const buffer = phases[1].state.find((s: { what: string }) => s.what === 'momentum buffer');
    expect(buffer.factor).toBeCloseTo((1 - 0.9) / (1 - 0.81), 12);
    expect(phases[1].startStep).toBe(40);
  });

  it('gives the factor of the second moment at a known noise scale, and its bounds without', async () => {
    const known = await schedule('adam.yaml', '--batches', '256@0,512@1M', '--noise-scale', '1000');
    const of = (s: { phases: { state: { what: string; factor?: number; formula: string }[] }[] }) =>
      s.phases[1]!.state.find((x) => x.what === 'second moment')!;
    expect(of(known).factor).toBeCloseTo((1 + 1000 / 512) / (1 + 1000 / 256), 12);
    const unknown = await schedule('adam.yaml', '--batches', '256@0,512@1M');
    expect(of(unknown)).not.toHaveProperty('factor');
    expect(of(unknown).formula).toContain('1/2');
  });

  it('counts steps and tokens into samples', async () => {
    const steps = await schedule('adam.yaml', '--batches', '256@0,512@100', '--unit', 'steps');
    expect(steps.phases[1]).toMatchObject({ startStep: 100, startSamples: 25600 });
    const tokens = await schedule(
      'adam.yaml',
      '--batches',
      '256@0,512@1M',
      '--unit',
      'tokens',
      '--tokens-per-sample',
      '1000',
    );
    expect(tokens.phases[1]).toMatchObject({ startSamples: 1000, startStep: 4 });
  });

  it('writes YAML whose numbers are numbers for PyYAML', async () => {
    const { stdout } = await cli(['schedule', 'adam.yaml', '--batches', '256@0,512@1M', '--format', 'yaml'], {
      cwd,
    });
    const [, epsilon] = /adam_epsilon: (.*)/.exec(stdout)!;
    expect(pyyamlType(epsilon!)).toBe('float');
  });

  it.each([['512@10'], ['256@0,512@0'], ['256'], ['256@0,x@3'], ['0@0']])(
    'refuses the ramp %s',
    async (ramp) => {
      expect((await cli(['schedule', 'adam.yaml', '--batches', ramp], { cwd })).code).toBe(2);
    },
  );
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

describe('the gradient noise scale decides Adam’s learning rate', () => {
  it('--noise-scale alone chooses noise-aware', async () => {
    const { stdout } = await cli(['adam.yaml', '--to', '64', '--noise-scale', '1000', '--json', '-q'], {
      cwd,
    });
    const report = JSON.parse(stdout);
    expect(report.rule).toBe('noise-aware');
    const lr = report.changes.find((c: { pointer: string }) => c.pointer === '/learning_rate');
    expect(lr.to).toBeCloseTo((3e-4 / 4) * Math.sqrt((1 + 1000 / 64) / (1 + 1000 / 256)), 9);
    expect(report.changes.find((c: { pointer: string }) => c.pointer === '/adam_epsilon').to).toBeCloseTo(
      1e-8 * Math.sqrt((1 + 1000 / 64) / (1 + 1000 / 256)),
      13,
    );
  });

  it('noise-aware without it says how to get it', async () => {
    const { code, stderr } = await cli(['adam.yaml', '--to', '64', '--rule', 'noise-aware'], { cwd });
    expect({ code, told: stderr.includes('rebatch noise') }).toEqual({ code: 2, told: true });
  });

  it('--floor-beta2 holds, and says what that costs', async () => {
    const { stdout, stderr } = await cli(['adam.yaml', '--to', '4096', '--floor-beta2', '0.9'], { cwd });
    expect(stdout).toContain('adam_beta2: 0.9\n');
    expect(stderr.replace(/\s+/g, ' ')).toMatch(
      /held at 0\.9 where 0\.4401\d+ would keep its memory: the window is 7\.78\d+ times as long/,
    );
  });

  it('--literal is refused where it leaves [0, 1)', async () => {
    const { code, stderr } = await cli(['adam.yaml', '--to', '8192', '--rule', 'sqrt', '--literal'], { cwd });
    expect({ code, told: /no decay: the linear form ends at kappa/.test(stderr) }).toEqual({
      code: 2,
      told: true,
    });
  });
});
