import { writeFileSync } from 'node:fs';
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
