import { describe, expect, it } from 'vitest';
import { ROLE, recipeOf, refusalOf, roles, scopes, valuesOf } from '../helpers/recipe.ts';

/** What the groups of a text are, where a dialect reads learning rates and betas and no names. */
async function optimizersOf(text: string, fields: Readonly<Record<string, keyof typeof ROLE>>) {
  const blocks = new Set(
    Object.keys(fields).map((p) => p.replace(/\/betas\/\d$/, '').replace(/\/[^/]*$/, '')),
  );
  const found = Object.entries(fields).flatMap(([pointer, role]) => roles({ [pointer]: ROLE[role] }));
  const { recipe } = await recipeOf(text, [...scopes(...blocks), ...found]);
  return recipe.groups.map(({ binding, known, fields: own }) => [
    binding.optimizer.name,
    known,
    ...Object.keys(valuesOf(own)),
  ]);
}

describe('a name is found', () => {
  it.each<[string, string, string, string]>([
    ['in the block', 'o: {type: lamb, lr: 0.1}', '/o/lr', 'lamb'],
    ['around it, where the block holds arguments', 'o: {type: lamb, args: {lr: 0.1}}', '/o/args/lr', 'lamb'],
    [
      'as a class path',
      'o: {class_path: torch.optim.NAdam, init_args: {lr: 0.1}}',
      '/o/init_args/lr',
      'nadam',
    ],
    ['as a target', 'o: {_target_: torch.optim.NAdam, lr: 0.1}', '/o/lr', 'nadam'],
    ['by name in an optimizer’s block', 'optim: {name: lamb, kwargs: {lr: 0.1}}', '/optim/kwargs/lr', 'lamb'],
    ['as the key', 'optimizer: {NAdam: {lr: 0.1}}', '/optimizer/NAdam/lr', 'nadam'],
    ['as the key of a block of its own', 'lion: {lr: 0.1}', '/lion/lr', 'lion'],
    ['in a list', 'optimizers: [{type: Lion, lr: 0.1}]', '/optimizers/0/lr', 'lion'],
    ['beside it', 'optimizer: lamb\noptimizer_params: {lr: 0.1}', '/optimizer_params/lr', 'lamb'],
    ['beside it, in upper case', 'OPTIMIZER: LAMB\nLR: 0.1', '/LR', 'lamb'],
    ['beside it, in a block', 'lr: 0.1\noptimizer: {type: lamb}', '/lr', 'lamb'],
    ['beside a block around it', 'optimizer_name: lamb\na: {b: {lr: 0.1}}', '/a/b/lr', 'lamb'],
    ['beside it, under a short key', 'opt: lamb\nlr: 0.1', '/lr', 'lamb'],
    ['beside it, in a list of one', 'lr: 0.1\noptimizers: [{type: lamb}]', '/lr', 'lamb'],
    [
      'beside it, as the one key of a block',
      'lr: 0.1\noptimizer: {lamb: {x: 1}, note: {y: 1}}',
      '/lr',
      'lamb',
    ],
    ['beside a list of blocks', 'optimizer_name: lamb\na: [{lr: 0.1}]', '/a/0/lr', 'lamb'],
    ['by its class, before what it is called', 'o: {name: adam, type: lamb, lr: 0.1}', '/o/lr', 'lamb'],
    ['twice, in two spellings', 'o: {type: torch.optim.NAdam, class: nadam, lr: 0.1}', '/o/lr', 'nadam'],
    ['beside a class that no table has', 'o: {type: fused, name: lamb, lr: 0.1}', '/o/lr', 'lamb'],
    ['nearest first', 'optimizer: adam\na: {optim: lamb, b: {lr: 0.1}}', '/a/b/lr', 'lamb'],
  ])('%s', async (_, text, lr, is) => {
    const groups = await optimizersOf(text, { [lr]: 'lr' });
    expect(groups.map((group) => group.slice(0, 3))).toEqual([[is, 'named', lr]]);
  });
});

describe('no name is', () => {
  it.each<[string, string, string]>([
    ['a dataset called like an optimizer', 'name: lion\nlr: 0.1', '/lr'],
    ['the name of another block', 'model: {name: lamb}\nt: {lr: 0.1}', '/t/lr'],
    ['what is about an optimizer', 'optimizer_state_dtype: adam\nlr: 0.1', '/lr'],
    ['one of two that differ', 'optimizer_g: adam\noptimizer_d: sgd\nlr: 0.1', '/lr'],
    ['a word that contains one', 'optional: adam\nlr: 0.1', '/lr'],
    ['the name of a block around it', 'model: {name: lamb, t: {lr: 0.1}}', '/model/t/lr'],
    ['the name of a block far around its arguments', 'm: {name: lamb, t: {args: {lr: 0.1}}}', '/m/t/args/lr'],
    ['a text of the block that says something else', 't: {loss: lion, lr: 0.1}', '/t/lr'],
    ['a remark under an optimizer’s key', 'opt_g: mine\nlr: 0.1', '/lr'],
    ['one of two in a list', 'optimizers: [{type: lion}, {type: lamb}]\nlr: 0.1', '/lr'],
    ['one of two keys', 'optimizer: {lion: {x: 1}, lamb: {x: 1}}\nlr: 0.1', '/lr'],
    ['a key that holds no block', 'optimizer: {lion: 1}\nlr: 0.1', '/lr'],
    ['one of two classes that differ', 't: {type: lion, class: lamb, lr: 0.1}', '/t/lr'],
    ['one of two names that differ', 't: {name: lion, Name: lamb, lr: 0.1}', '/t/lr'],
    ['a number', 'optimizer: 5\nlr: 0.1', '/lr'],
    ['a placeholder', 'optimizer: auto\nlr: 0.1', '/lr'],
  ])('%s', async (_, text, lr) => {
    expect(await optimizersOf(text, { [lr]: 'lr' })).toEqual([['sgd', 'inferred', lr]]);
  });
});

describe('one that no table has is refused at its place, not passed over', () => {
  it.each<[string, string, string]>([
    ['its class', 'optimizer: {type: Zing, lr: 1}', '/optimizer/lr'],
    ['its class before its name', 'optimizer: {name: mine, type: Zing, class: Zang, lr: 1}', '/optimizer/lr'],
    ['its name', 'optimizer: {name: Zing, type: 1, class: none, lr: 1}', '/optimizer/lr'],
    ['beside', 'optimizer: Zing\nlr: 1', '/lr'],
    ['in a block beside', 'optimizer: {type: Zing}\nlr: 1', '/lr'],
    ['in a list beside', 'optimizers: [{type: Zing}]\nlr: 1', '/lr'],
  ])('%s', async (_, text, lr) => {
    const { says, at } = await refusalOf(optimizersOf(text, { [lr]: 'lr' }));
    expect(says).toContain('unknown optimizer "Zing"');
    expect(text.slice(at)).toMatch(/^Zing/);
  });
});

it('of a block that the file does not have, the name stands around it', async () => {
  const { recipe } = await recipeOf('optimizer: lamb', [
    ...scopes('/o'),
    ['/o/lr', { absent: { default: 0.1, role: ROLE.lr } }],
  ]);
  expect(recipe.groups).toMatchObject([
    { pointer: '/o', known: 'named', binding: { optimizer: { name: 'lamb' } } },
  ]);
});

describe('one optimizer in several blocks', () => {
  it.each<[string, string, Record<string, keyof typeof ROLE>, string[][]]>([
    [
      'the rate in the scheduler, the momentum in the builder',
      'LearningRate: {base_lr: 0.1}\nBuilder: {optimizer: {type: Momentum, m: 0.9}}',
      { '/LearningRate/base_lr': 'lr', '/Builder/optimizer/m': 'momentum' },
      [['sgd', 'named', '/Builder/optimizer/m', '/LearningRate/base_lr']],
    ],
    [
      'the rate in a block below the momentum',
      'optimizer: {name: sgd, m: 0.9, schedule: {lr: 0.1}}',
      { '/optimizer/m': 'momentum', '/optimizer/schedule/lr': 'lr' },
      [['sgd', 'named', '/optimizer/m', '/optimizer/schedule/lr']],
    ],
    [
      'but groups with settings of their own stay apart',
      'optimizer: adam\na: {lr: 0.1, b: 0.9}\nc: {lr: 0.2, b: 0.8}',
      { '/a/lr': 'lr', '/a/b': 'beta1', '/c/lr': 'lr', '/c/b': 'beta1' },
      [
        ['adam', 'named', '/a/lr', '/a/b'],
        ['adam', 'named', '/c/lr', '/c/b'],
      ],
    ],
  ])('%s', async (_, text, fields, expected) => {
    expect(await optimizersOf(text, fields)).toEqual(expected);
  });
});

describe('the betas of a class of torch', () => {
  it.each<[string, string, string, boolean]>([
    ['beside whose arguments it stands', 'o: {type: Adam, args: {lr: 0.1}}', '/o/args/lr', true],
    ['by its full path', 'o: {_target_: torch.optim.AdamW, lr: 0.1}', '/o/lr', true],
    ['spelt as no class is', 'o: {type: adam, args: {lr: 0.1}}', '/o/args/lr', false],
    ['that is only a name', 'o: {name: Adam, args: {lr: 0.1}}', '/o/args/lr', false],
    ['beside which anything may stand', 'o: {type: Adam, lr: 0.1}', '/o/lr', false],
    [
      'beside a block of something else',
      'optimizer: {type: Adam, extra: {lr: 0.1}}',
      '/optimizer/extra/lr',
      false,
    ],
    ['whose arguments stand somewhere else', 'optimizer: {type: Adam}\nargs: {lr: 0.1}', '/args/lr', false],
    ['that is the key of a block', 'optimizer: {Adam: {lr: 0.1}}', '/optimizer/Adam/lr', false],
    ['that has them elsewhere', 'o: {type: Adam, args: {lr: 0.1, betas: "${b}"}}', '/o/args/lr', false],
  ])('%s: %s', async (_, text, lr, inserted) => {
    const [group] = await optimizersOf(text, { [lr]: 'lr' });
    const place = lr.replace('/lr', '/betas');
    expect(group!.slice(2)).toEqual([lr, ...(inserted ? [`${place}/0`, `${place}/1`] : [])]);
  });
});

it.each<[string, number]>([
  ['type', 2],
  ['name', 0],
])('the betas of torch’s Adam that a dialect reads under %s: %i of them are known', async (key, known) => {
  const { recipe } = await recipeOf(`o: {${key}: Adam, args: {lr: 0.1}}`, [
    ...scopes('/o'),
    ...roles({ [`/o/${key}`]: ROLE.optimizer, '/o/args/lr': ROLE.lr }),
  ]);
  expect(Object.keys(valuesOf(recipe.groups[0]!.fields))).toHaveLength(1 + known);
});
