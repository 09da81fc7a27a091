import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';

/** The new value and whether it is inserted, of everything that changes at a quarter of the batch. */
async function changesOf(text: string, file = 'run.yaml') {
  const { changes, warnings } = await convertConfig({ text, file }, { by: 1 / 4 });
  return {
    changes: Object.fromEntries(changes.map((c) => [c.pointer, c.inserted ? `+${c.to}` : `${c.to}`])),
    notes: warnings.filter(({ code }) => code === 'note').map(({ message }) => message),
  };
}

const SGD = 'batch_size: 64\noptimizer: {_target_: torch.optim.SGD, lr: 0.1, momentum: 0.9}\n';
const cyclic = (args: string) =>
  `${SGD}scheduler: {_target_: torch.optim.lr_scheduler.CyclicLR, base_lr: 0.01, max_lr: 0.1${args}}\n`;
const root = (decay: number) => String(Number((decay ** (1 / 4)).toPrecision(7)));

describe("a scheduler that moves the momentum, whatever the optimizer's is", () => {
  it('has its own two values inserted, and the learning rate fits the one at the peak', async () => {
    const { changes } = await changesOf(cyclic(''));
    expect(changes['/scheduler/base_momentum']).toBe(`+${root(0.8)}`);
    expect(changes['/scheduler/max_momentum']).toBe(`+${root(0.9)}`);
    expect(Number(changes['/scheduler/max_lr'])).toBeCloseTo(((0.1 / 4) * (1 - 0.8 ** 0.25)) / 0.2, 6);
  });

  it('has the values of the file changed, one for each group', async () => {
    const { changes } = await changesOf(cyclic(', base_momentum: [0.7, 0.8], max_momentum: 0.95'));
    expect(changes['/scheduler/base_momentum/0']).toBe(root(0.7));
    expect(changes['/scheduler/base_momentum/1']).toBe(root(0.8));
    expect(changes['/scheduler/max_momentum']).toBe(root(0.95));
  });

  it('leaves the momentum to the optimizer where that is said', async () => {
    const { changes } = await changesOf(cyclic(', cycle_momentum: false'));
    expect(Object.keys(changes).filter((key) => key.includes('scheduler'))).toEqual([
      '/scheduler/base_lr',
      '/scheduler/max_lr',
    ]);
    expect(Number(changes['/scheduler/max_lr'])).toBeCloseTo(((0.1 / 4) * (1 - 0.9 ** 0.25)) / 0.1, 6);
  });

  it('is known in the block of its arguments', async () => {
    const { changes } = await changesOf(
      `${SGD}scheduler: {name: OneCycleLR, params: {max_lr: 0.1, total_steps: 100}}\n`,
    );
    expect(changes['/scheduler/params/base_momentum']).toBe(`+${root(0.85)}`);
  });

  it('is named where its arguments have no known place', async () => {
    const { notes, changes } = await changesOf(
      'batch_size: 64\noptimizer: sgd\nlr: 0.1\nmomentum: 0.9\nsched: onecycle\n',
    );
    expect(notes).toEqual([expect.stringMatching(/^sched: in most libraries moves the momentum/)]);
    expect(changes['/momentum']).toBe(root(0.9));
  });
});

describe('a scheduler known by a name in its own block', () => {
  it.each([
    ['{type: one_cycle, max_lr: 0.1}', 'type: in most libraries moves the momentum'],
    ['{name: cyclic, max_lr: 0.1}', 'name: in most libraries moves the momentum'],
    ['{_target_: ReduceLROnPlateau, patience: 3}', '_target_: waits for a number of evaluations'],
  ])('%s is told of', async (scheduler, note) => {
    for (const [block, at] of [
      [`lr_scheduler: ${scheduler}`, 'lr_scheduler.'],
      [`schedulers: [${scheduler}]`, 'schedulers[0].'],
    ])
      expect((await changesOf(`${SGD}${block}\n`)).notes).toEqual([expect.stringContaining(`${at}${note}`)]);
  });

  it.each([
    'scheduler: {type: one_cycle, max_lr: 0.1, cycle_momentum: false}',
    'scheduler: {type: cosine}',
    'dataset: {type: cyclic}',
  ])('%s is not', async (block) => expect((await changesOf(`${SGD}${block}\n`)).notes).toEqual([]));

  it('torch’s own class is converted, and not told of', async () =>
    expect((await changesOf(cyclic(''))).notes).toEqual([]));
});

describe("DeepSpeed's schedulers", () => {
  const json = (scheduler: object, optimizer: object = { type: 'AdamW', params: { lr: 0.001 } }) =>
    JSON.stringify({ train_batch_size: 256, zero_optimization: { stage: 1 }, optimizer, scheduler });
  const converted = (...settings: Parameters<typeof json>) => changesOf(json(...settings), 'ds.json');

  it.each([
    ['StepLR', { step_size: 500 }, { step_size: '2000' }],
    ['MultiStepLR', { milestones: [10, 20] }, { 'milestones/0': '40', 'milestones/1': '80' }],
    ['CosineAnnealingLR', { T_max: 1000, eta_min: 0.0001 }, { T_max: '4000', eta_min: '0.000025' }],
    ['ExponentialLR', { gamma: 0.999 }, { gamma: '0.999749906' }],
    ['LinearLR', {}, { total_iters: '+20' }],
    ['CyclicLR', { base_lr: 0.0001, max_lr: 0.001 }, { step_size_up: '+8000', base_lr: '0.000025' }],
  ])("torch's %s is stepped once an optimizer step", async (type, params, expected) => {
    const { changes } = await converted({ type, params });
    for (const [key, value] of Object.entries(expected))
      expect(changes[`/scheduler/params/${key}`]).toBe(value);
  });

  it('OneCycle runs beta1, and its fixed beta2 is named', async () => {
    const { changes, notes } = await converted({ type: 'OneCycle', params: { cycle_max_lr: 0.001 } });
    expect(changes['/scheduler/params/cycle_min_mom']).toBe(`+${root(0.8)}`);
    expect(notes).toEqual([expect.stringContaining('sets beta2 to 0.99 for the whole run')]);
  });

  it('OneCycle leaves an optimizer without betas alone', async () => {
    const sgd = { type: 'SGD', params: { lr: 0.1, momentum: 0.9 } };
    const { changes, notes } = await converted({ type: 'OneCycle', params: { cycle_max_lr: 0.1 } }, sgd);
    expect(changes['/scheduler/params/cycle_min_mom']).toBeUndefined();
    expect(changes['/optimizer/params/momentum']).toBe(root(0.9));
    expect(notes).toEqual([]);
  });
});
