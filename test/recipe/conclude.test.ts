import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/dialect/roles.ts';
import { findOptimizer } from '../../src/optimizers/find.ts';
import { couldBe, inferred } from '../../src/recipe/conclude.ts';
import { decayOf, type Field, type Group, isRole } from '../../src/recipe/recipe.ts';
import { ROLE } from '../helpers/recipe.ts';

const at = (pointer: string, role: Role, value = 0.9): Field => ({
  pointer,
  role,
  value,
  site: { kind: 'absent', pointer },
});
const LR = at('/o/lr', ROLE.lr);

describe('an optimizer that is named nowhere', () => {
  it.each<[string, Field[], string, string, string]>([
    ['has a second moment', [LR, at('/o/b', ROLE.beta2)], 'adam', 'betas', 'b means one of the Adam family'],
    ['has a beta', [LR, at('/o/beta1', ROLE.beta1)], 'adam', 'betas', 'beta1 means one of the Adam family'],
    [
      'has a list of them',
      [at('/o/betas/0', ROLE.beta1)],
      'adam',
      'betas',
      'betas means one of the Adam family',
    ],
    [
      'has fastai’s moms',
      [at('/o/moms/0', ROLE.beta1)],
      'adam',
      'betas',
      'moms means one of the Adam family',
    ],
    [
      'stands in a block of Adam’s',
      [at('/adam/x', ROLE.beta1)],
      'adam',
      'betas',
      'x means one of the Adam family',
    ],
    ['has jax’s b1', [at('/b1', ROLE.beta1)], 'adam', 'betas', 'b1 means one of the Adam family'],
    [
      'has Adam’s epsilon',
      [LR, at('/o/adam_eps', ROLE.epsilon)],
      'adam',
      'betas',
      'adam_eps means one of the Adam family',
    ],
    [
      'has AdamW’s beta',
      [at('/adamw_b1', ROLE.beta1), at('/x', ROLE.beta2)],
      'adamw',
      'key',
      'adamw_b1 means AdamW',
    ],
    [
      'has AdamW’s second beta alone under that name',
      [at('/b1', ROLE.beta1), at('/adamw_b2', ROLE.beta2)],
      'adamw',
      'key',
      'b1 means AdamW',
    ],
    [
      'has a momentum',
      [LR, at('/o/momentum', ROLE.momentum)],
      'sgd',
      'momentum',
      'momentum without betas means SGD with momentum',
    ],
    [
      'has any other epsilon',
      [LR, at('/o/eps', ROLE.epsilon)],
      'sgd',
      'nothing',
      'how the learning rate follows the batch depends on it',
    ],
    [
      'has Adam’s learning rate alone',
      [at('/o/adam_lr', ROLE.lr)],
      'sgd',
      'nothing',
      'how the learning rate follows the batch depends on it',
    ],
    ['has nothing', [], 'sgd', 'nothing', 'how the learning rate follows the batch depends on it'],
  ])('%s', (_story, fields, is, from, says) => {
    const { binding, message, ...rest } = inferred(fields);
    expect({ is: binding.optimizer.name, ...rest }).toEqual({ is, from });
    expect(message).toContain(`no optimizer named`);
    expect(message).toContain(says);
    expect(message).toContain('--optimizer NAME');
    // No library is known, so no default is.
    expect(binding.defaults).toEqual({});
  });
});

describe('what it could be is compared', () => {
  const group = (from?: Group['from']): Group => ({
    pointer: '/o',
    binding: findOptimizer('torch', 'sgd')!,
    known: from ? 'inferred' : 'named',
    ...(from ? { from } : {}),
    fields: [LR],
    nesterov: false,
  });
  const shown = (groups: readonly Group[]) =>
    groups.map(({ binding, fields }) => [
      binding.optimizer.name,
      ...fields.filter((f) => isRole(f, 'decay')).map((f) => decayOf(f as Parameters<typeof decayOf>[0])),
    ]);

  it.each([undefined, 'key', 'momentum'] as const)('with nothing where it is known (%s)', (from) => {
    const one = group(from);
    expect(couldBe(one)).toEqual([one]);
  });

  it('betas may be those of Adam or of AdamW, whose weight decay differs', () =>
    expect(shown(couldBe(group('betas')))).toEqual([['sgd'], ['adamw']]));

  it('a learning rate alone may be anybody’s: heavy ball with and without a momentum, Adam, AdamW', () => {
    const all = couldBe(group('nothing'));
    expect(shown(all)).toEqual([['sgd'], ['sgd', 0.9], ['adam'], ['adamw']]);
    expect(all.every(({ fields }) => fields.includes(LR))).toBe(true);
    expect(all[1]!.fields.map(({ pointer }) => pointer)).toEqual(['/o/lr', '/o/momentum']);
  });
});
