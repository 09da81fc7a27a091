import { beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../helpers/cli.ts';
import { folderOfTwo } from '../../helpers/folder-of-two.ts';

let cwd: string;
beforeEach(() => {
  cwd = folderOfTwo();
});

describe('explain', () => {
  it('tells role, memory in steps and samples, formula and source of every field', async () => {
    const { stdout } = await cli(['explain', 'sgd.yaml', '--to', '32', '--world', '1', '--json'], { cwd });
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
    const { stdout } = await cli(['explain', 'adam.yaml', '--to', '64', '--world', '1'], {
      cwd,
      columns: 80,
    });
    for (const line of stdout.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80);
  });
});
