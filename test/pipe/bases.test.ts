import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { Source } from '../../src/base/diagnostic.ts';
import { explainConfig } from '../../src/commands/explain/explain.ts';
import { explanationText } from '../../src/commands/explain/view.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';

/** Files by their paths, as a source that can read its neighbours. */
function folder(files: Readonly<Record<string, string>>, file: string): Source {
  const text = files[file]!;
  const beside = async (path: string) => {
    const parts = `${file.includes('/') ? file.slice(0, file.lastIndexOf('/') + 1) : ''}${path}`.split('/');
    const whole: string[] = [];
    for (const part of parts)
      if (part === '..') whole.pop();
      else if (part !== '.') whole.push(part);
    const there = whole.join('/');
    return Object.hasOwn(files, there) ? folder(files, there) : undefined;
  };
  return { file, text, beside };
}

async function converted(
  files: Readonly<Record<string, string>>,
  options: ConvertOptions = { by: 1 / 4 },
  file = 'run.yaml',
) {
  const { text, changes, warnings, dialect } = await convertConfig(folder(files, file), options);
  const written = Object.fromEntries(
    changes.map((c) => [c.pointer, c.overrides === undefined ? c.to : `${c.overrides}: ${c.to}`]),
  );
  return { text, data: parseYaml(text), written, warnings, dialect };
}

const refused = (
  files: Readonly<Record<string, string>>,
  options?: ConvertOptions,
  file?: string,
): Promise<unknown> =>
  converted(files, options, file).then(
    () => 'converted',
    (error: Error) => error.message,
  );

const PADDLE = {
  'base.yml':
    'OptimizerBuilder: {optimizer: {type: Momentum, momentum: 0.9}}\nLearningRate: {base_lr: 0.01}\n',
  'run.yaml': "_BASE_: ['base.yml']\nTrainReader:\n  batch_size: 64\nLearningRate:\n  base_lr: 0.32\n",
};

describe('a file that builds on another', () => {
  it('gets what must change and stands there', async () => {
    const { data, warnings } = await converted(PADDLE);
    expect(data.OptimizerBuilder).toEqual({ optimizer: { momentum: 0.9740037 } });
    expect(data.LearningRate.base_lr).toBeCloseTo((0.32 / 4) * (1 - 0.9 ** 0.25) * 10, 7);
    expect(warnings.find(({ code }) => code === 'overrides')?.message).toBe(
      'OptimizerBuilder.optimizer.momentum: stands in base.yml and is overridden here',
    );
  });

  it('has nothing left to convert afterwards', async () => {
    const { text } = await converted(PADDLE);
    const { text: again, written } = await converted({ ...PADDLE, 'run.yaml': text }, { by: 1 });
    expect([again, written]).toEqual([text, {}]);
  });

  it('is read with the last of several, and with what they build on', async () => {
    const { written } = await converted({
      'a.yml': '_BASE_: c.yml\nmomentum: 0.8\n',
      'b.yml': 'momentum: 0.9\n',
      'c.yml': 'momentum: 0.5\noptimizer: sgd\n',
      'run.yaml': '_BASE_: [a.yml, b.yml]\nbatch_size: 64\nlr: 0.1\n',
    });
    expect(written['/momentum']).toBe('b.yml: 0.9740037');
  });

  it.each([
    ['a number', 'MAX_ITER: 90000', 'MAX_ITER', 360000],
    ['numbers in a string', 'STEPS: (60000, 80000)', 'STEPS', '(240000, 320000)'],
    ['numbers in a list', 'STEPS: [60000, 80000]', 'STEPS', [240000, 320000]],
  ])('overrides %s', async (_, setting, key, value) => {
    const { data, dialect } = await converted(
      {
        'Base.yaml': `SOLVER:\n  BASE_LR: 0.02\n  IMS_PER_BATCH: 16\n  ${setting}\n`,
        'configs/run.yaml': '_BASE_: ../Base.yaml\nMODEL: {WEIGHTS: x}\n',
      },
      { to: 4 },
      'configs/run.yaml',
    );
    expect(dialect).toBe('detectron2');
    expect(data.SOLVER[key]).toEqual(value);
    expect(data.SOLVER.IMS_PER_BATCH).toBe(4);
    expect(data.MODEL).toEqual({ WEIGHTS: 'x' });
  });

  it('in JSON gets its overrides in quotes', async () => {
    const { data } = await converted(
      {
        'base.json': '{"lr": 0.1, "betas": [0.9, 0.99], "optimizer": "adamw"}',
        'run.json': '{"_base_": "base.json", "batch_size": 64}',
      },
      { by: 1 / 4 },
      'run.json',
    );
    expect(data).toEqual({ _base_: 'base.json', batch_size: 16, lr: 0.025, betas: [0.9740037, 0.99749057] });
  });

  it.each(['_delete_: true', '_inherited_: false'])('does not inherit a block with %s', async (key) => {
    const { written } = await converted({
      'base.yml': 'optim: {name: sgd, lr: 0.1, momentum: 0.9}\n',
      'run.yaml': `_base_: base.yml\nbatch_size: 64\noptim: {${key}, name: adamw, lr: 0.001, betas: [0.9, 0.99]}\n`,
    });
    expect(Object.keys(written)).not.toContain('/optim/momentum');
  });

  it.each([
    ['', /^builds on gone.yml \(_BASE_\), which cannot be read here/],
    ['_BASE_: more.yml\n', /^builds on more.yml, gone.yml \(_BASE_\)/],
  ])('says what it cannot read (%s)', async (inner, message) => {
    const { warnings } = await converted({
      'base.yml': `${inner}optimizer: adamw\nbetas: [0.9, 0.99]\n`,
      'run.yaml': '_BASE_: [base.yml, gone.yml]\nbatch_size: 64\nlr: 0.1\n',
    });
    expect(warnings.find(({ code }) => code === 'base-unread')?.message).toMatch(message);
  });

  it('says so of a base that is no YAML, and shows none of it', async () => {
    const { warnings } = await converted({
      'base.yml': 'root:x:0:0: [secret\n',
      'run.yaml': '_BASE_: base.yml\nbatch_size: 64\noptimizer: adamw\nlr: 0.1\nbetas: [0.9, 0.99]\n',
    });
    const said = warnings.map(({ message }) => message).join('\n');
    expect(said).toContain('builds on base.yml');
    expect(said).not.toContain('secret');
  });

  it.each([
    ['itself', { 'run.yaml': '_BASE_: run.yaml\nlr: 1\n' }, /builds on itself/],
    [
      'two that build on each other',
      { 'a.yml': '_BASE_: b.yml\n', 'b.yml': '_BASE_: a.yml\n', 'run.yaml': '_BASE_: a.yml\nlr: 1\n' },
      /builds on itself: a.yml -> b.yml -> a.yml/,
    ],
  ])('is refused where it builds on %s', async (_, files, message) => {
    expect(await refused(files)).toMatch(message);
  });
});

describe('a list of another file', () => {
  const GROUPS = `optimizer: sgd
momentum: 0.9
train:
    groups:
      - lr: 0.1   # the head
        name: head
      - {lr: 2.0e-2, name: body}
`;

  it('is copied with its new numbers, since no entry of it is inherited', async () => {
    const { text, data } = await converted({
      'base.yml': GROUPS,
      'run.yaml': '_BASE_: base.yml\nbatch_size: 64\nlr: 0.1\ntrain:\n  epochs: 3\n',
    });
    expect(text).toContain(`train:
  epochs: 3
  groups:
    - lr: 0.00649906   # the head
      name: head
    - {lr: 1.29981e-3, name: body}
`);
    expect(data.momentum).toBe(0.9740037);
  });

  it.each([
    ['a block into braces', GROUPS, '{_BASE_: base.yml, batch_size: 64, lr: 0.1, train: {epochs: 3}}'],
    [
      'one with aliases',
      'optimizer: sgd\nhead: &h 0.1\ngroups: [{lr: *h}]\n',
      '_BASE_: base.yml\nbatch_size: 64\nlr: 0.1\n',
    ],
  ])('is refused where it cannot be copied: %s', async (_, base, run) => {
    expect(await refused({ 'base.yml': base, 'run.yaml': run })).toMatch(
      /lr must become .* and stands in base.yml, in a list that cannot be copied/,
    );
  });
});

describe("Hydra's defaults", () => {
  const ADAM = 'name: adamw\nlr: 0.001\nbetas: [0.9, 0.99]\n';

  it('are read from the folders of their groups, into their packages', async () => {
    const { data } = await converted(
      {
        'conf/optim/adam.yaml': ADAM,
        'conf/data/big.yaml': '# @package _global_\nbatch_size: 64\n',
        'conf/run.yaml': 'defaults:\n  - optim: adam\n  - data: big\n  - _self_\n',
      },
      { by: 1 / 4 },
      'conf/run.yaml',
    );
    expect(data).toMatchObject({ batch_size: 16, optim: { lr: 0.00025, betas: [0.9740037, 0.99749057] } });
  });

  it('are found from a file in a group of its own', async () => {
    const { data } = await converted(
      {
        'conf/optim/adam.yaml': ADAM,
        'conf/experiment/a.yaml':
          '# @package _global_\ndefaults:\n  - override /optim: adam\nbatch_size: 64\noptim: {lr: 0.002}\n',
      },
      { by: 1 / 4 },
      'conf/experiment/a.yaml',
    );
    expect(data).toMatchObject({ batch_size: 16, optim: { lr: 0.0005, betas: [0.9740037, 0.99749057] } });
  });

  it('that follow _self_ overrule the file, which then cannot change them', async () => {
    const message = await refused(
      {
        'conf/optim/adam.yaml': ADAM,
        'conf/run.yaml': 'defaults:\n  - _self_\n  - optim: adam\nbatch_size: 64\n',
      },
      { by: 1 / 4 },
      'conf/run.yaml',
    );
    expect(message).toMatch(
      /^optim.lr must become 0.00025 and stands in optim\/adam.yaml, whose values overrule/,
    );
  });

  it('as one path build on that file', async () => {
    const { written } = await converted({
      'base.yaml': 'optimizer: adamw\nlr: 0.1\nbetas: [0.9, 0.99]\n',
      'run.yaml': 'defaults: base.yaml\nbatch_size: 64\n',
    });
    expect(written['/lr']).toBe('base.yaml: 0.025');
  });
});

it('explain says in which file a value stands', async () => {
  const explanation = await explainConfig(folder(PADDLE, 'run.yaml'), { by: 1 / 4 });
  const text = explanationText(explanation, new Chalk({ level: 0 }));
  expect(text).toContain('OptimizerBuilder.optimizer.momentum  heavy-ball momentum, in base.yml');
  expect(text).toContain('LearningRate.base_lr  learning rate (peak), line 5');
});
