import { beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { folderOfTwo } from '../../helpers/folder-of-two.ts';
import { pyyamlType } from '../../helpers/yaml11.ts';

let cwd: string;
beforeEach(() => {
  cwd = folderOfTwo();
});

describe('schedule', () => {
  const schedule = async (...args: string[]) =>
    JSON.parse((await cli(['schedule', ...args, '--world', '1', '--json'], { cwd })).stdout);

  it('gives each phase the settings that convert would give it', async () => {
    const { phases } = await schedule('adam.yaml', '--batches', '64@0,256@10k');
    const { stdout } = await cli(['adam.yaml', '--to', '64', '--world', '1', '--json', '-q'], { cwd });
    for (const { pointer, to } of JSON.parse(stdout).changes.filter(
      (c: { role: string }) => c.role !== 'batch',
    ))
      expect(phases[0].settings[pointer]).toBe(to);
    expect(phases[1].settings).toMatchObject({ '/learning_rate': 3e-4, '/adam_beta2': 0.95 });
  });

  it('knows what to do with a heavy-ball buffer at the switch', async () => {
    const { phases } = await schedule('sgd.yaml', '--batches', '256@0,512@10k');
    const buffer = phases[1].state.find((s: { what: string }) => s.what === 'momentum buffer');
    expect(buffer.factor).toBeCloseTo((1 - 0.9) / (1 - 0.81), 12);
    expect(phases[1].startStep).toBe(40);
  });

  it('goes by the noise scale as it grows, where an optimizer divides by the gradient’s level', async () => {
    const growing = ['--noise-scale', '20@0,150@10%,450@20%'];
    const { phases } = await schedule('adam.yaml', '--batches', '64@0,256@1M', ...growing);
    const level = (n: number) => Math.sqrt((1 + n / 64) / (1 + n / 256));
    const pooled = 1 / (0.1 / 20 + 0.1 / 150 + 0.8 / 450);
    expect(phases[0].noise).toEqual(
      [20, 150, 450].map((n, i) => ({
        from: [0, 0.1, 0.2][i],
        noiseScale: n,
        factor: expect.closeTo(level(n) / level(pooled), 12),
      })),
    );
    expect(phases[0].settings['/learning_rate']).toBeCloseTo((3e-4 / 4) * level(pooled), 9);
    expect(phases[1].noise.map(({ factor }: { factor: number }) => factor)).toEqual([1, 1, 1]);
    const table = await cli(['schedule', 'adam.yaml', '--batches', '64@0', '--world', '1', ...growing], {
      cwd,
    });
    expect(table.stdout).toContain('rates x, N 20 from 0 %');
    const { phases: sgd } = await schedule('sgd.yaml', '--batches', '64@0', ...growing);
    expect(sgd[0]).not.toHaveProperty('noise');
  });

  it.each([
    ['20@0,150@10', '"150@10" is not N@SHARE'],
    ['20@5%,150@10%', 'The first starts at 0'],
    ['20@0,150@10%,9@10%', 'Each starts after the one before it'],
    ['0@0,150@10%', '"0@0" is not N@SHARE'],
    ['20@0,150@100%', '"150@100%" is not N@SHARE'],
  ])('a noise scale %s is refused', async (growing, message) => {
    const { code, stderr } = await cli(
      ['schedule', 'adam.yaml', '--batches', '64@0', '--noise-scale', growing],
      { cwd },
    );
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
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
    const { stdout } = await cli(
      ['schedule', 'adam.yaml', '--batches', '256@0,512@1M', '--world', '1', '--format', 'yaml'],
      {
        cwd,
      },
    );
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
