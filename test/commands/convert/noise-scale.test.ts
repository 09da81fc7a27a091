import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const ADAM =
  'per_device_train_batch_size: 256\nlearning_rate: 3.0e-4\nadam_beta2: 0.95\nadam_epsilon: 1.0e-8\n';

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
  writeFileSync(join(cwd, 'adam.yaml'), ADAM);
});

describe('the gradient noise scale decides Adam’s learning rate', () => {
  it('--noise-scale alone chooses noise-aware', async () => {
    const { stdout } = await cli(
      ['adam.yaml', '--to', '64', '--world', '1', '--noise-scale', '1000', '--json', '-q'],
      {
        cwd,
      },
    );
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
    const { code, stderr } = await cli(['adam.yaml', '--to', '64', '--world', '1', '--rule', 'noise-aware'], {
      cwd,
    });
    expect({ code, told: stderr.includes('rebatch noise') }).toEqual({ code: 2, told: true });
  });

  it('--floor-beta2 holds, and says what that costs', async () => {
    const { stdout, stderr } = await cli(
      ['adam.yaml', '--to', '4096', '--world', '1', '--floor-beta2', '0.9'],
      { cwd },
    );
    expect(stdout).toContain('adam_beta2: 0.9\n');
    expect(stderr.replace(/\s+/g, ' ')).toMatch(
      /held at 0\.9 where 0\.4401\d+ would keep its memory: the window is 7\.78\d+ times as long/,
    );
  });

  it('--literal is refused where it leaves [0, 1)', async () => {
    const { code, stderr } = await cli(
      ['adam.yaml', '--to', '8192', '--world', '1', '--rule', 'sqrt', '--literal'],
      { cwd },
    );
    expect({ code, told: /not a decay: the linear form holds up to kappa/.test(stderr) }).toEqual({
      code: 2,
      told: true,
    });
  });
});
