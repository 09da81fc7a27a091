import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/dialect/roles.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';
import { splitAdam } from '../../src/recipe/auxiliary-adam.ts';
import type { Field } from '../../src/recipe/recipe.ts';
import { ROLE } from '../helpers/recipe.ts';

const muon = (settings: string) => `global_batch_size: 8\noptimizer:\n  name: muon\n  lr: 0.01\n${settings}`;
const BOTH = muon('  momentum: 0.95\n  adam_lr: 0.005\n  adam_beta1: 0.9\n  adam_beta2: 0.95\n');

async function convert(text: string, options: ConvertOptions = {}) {
  const { changes, warnings } = await convertConfig(
    { text, file: 'x.yaml' },
    { to: 1, world: 1, ...options },
  );
  return {
    values: Object.fromEntries(changes.map(({ pointer, to }) => [pointer.replace('/optimizer/', ''), to])),
    told: Object.fromEntries(warnings.map(({ code, message }) => [code, message])),
  };
}

describe('Muon with an Adam for what is no matrix', () => {
  it('matrices follow kappa at any noise, the rest Adam’s rule', async () => {
    const { values } = await convert(BOTH, { noiseScale: 100 });
    expect(values).toEqual({
      '/global_batch_size': 1,
      lr: 0.00125,
      momentum: expect.closeTo(0.95 ** (1 / 8), 6),
      adam_lr: expect.closeTo((0.005 / 8) * Math.sqrt(101 / (1 + 100 / 8)), 8),
      adam_beta1: expect.closeTo(0.9 ** (1 / 8), 6),
      adam_beta2: expect.closeTo(0.95 ** (1 / 8), 6),
    });
  });

  it('a power is for the Adam alone', async () => {
    const { values, told } = await convert(BOTH, { rule: 'power', power: 0.6 });
    expect(values).toMatchObject({ lr: 0.00125, adam_lr: expect.closeTo(0.005 * 8 ** -0.6, 8) });
    expect(told['power-of-kappa']).toContain('moves by kappa');
  });

  it('the decision that is open is about the Adam’s learning rate', async () => {
    const { told } = await convert(BOTH);
    expect(told['noise-scale-unknown']).toContain('AdamW: the right optimizer.adam_lr at kappa 1/8');
    expect(told).not.toHaveProperty('one-rate-for-two');
  });

  it('one learning rate for both: what each of them needs', async () => {
    const one = muon('  momentum: 0.95\n  adam_beta1: 0.9\n  adam_beta2: 0.95\n');
    const open = await convert(one);
    expect(open.values).toMatchObject({ lr: 0.00125, adam_beta2: expect.closeTo(0.95 ** (1 / 8), 6) });
    expect(open.told['one-rate-for-two']).toContain('would need between 0.00125');
    expect(open.told['one-rate-for-two']).toContain('and 0.00353553');
    const known = await convert(one, { noiseScale: 100 });
    expect(known.values.lr).toBe(0.00125);
    expect(known.told['one-rate-for-two']).toContain('would need 0.00341904');
  });

  it('one weight decay for both: what the Adam’s would have to be', async () => {
    const { values, told } = await convert(`${BOTH}  weight_decay: 0.1\n`, { noiseScale: 100 });
    expect(values).not.toHaveProperty('weight_decay');
    expect(told['one-decay-for-two']).toContain('set it to 0.0365');
    const own = await convert(`${BOTH}  weight_decay: 0.1\n  adam_weight_decay: 0.1\n`, { noiseScale: 100 });
    expect(own.values).toMatchObject({ adam_weight_decay: expect.closeTo(0.03656, 5) });
    expect(own.told).not.toHaveProperty('one-decay-for-two');
  });

  // The names are those of the trainers: nanochat, Megatron, MaxText, Levanter, Keras, DeepSpeed, OneTrainer.
  it.each([
    ['betas: [0.9, 0.95]', ['betas/0', 'betas/1']],
    ['beta1: 0.9\n  beta2: 0.95', ['beta1', 'beta2']],
    ['adam_betas: [0.9, 0.95]', ['adam_betas/0', 'adam_betas/1']],
    ['adamw_betas: [0.9, 0.95]', ['adamw_betas/0', 'adamw_betas/1']],
    ['adam_b1: 0.9\n  adam_b2: 0.95', ['adam_b1', 'adam_b2']],
    ['adam_beta_1: 0.9\n  adam_beta_2: 0.95', ['adam_beta_1', 'adam_beta_2']],
  ])('%s are the Adam’s, the momentum is Muon’s', async (betas, pointers) => {
    const { values, told } = await convert(muon(`  momentum: 0.95\n  ${betas}\n`));
    expect(Object.keys(values).sort()).toEqual(['/global_batch_size', 'lr', 'momentum', ...pointers].sort());
    expect(values).toMatchObject({
      momentum: expect.closeTo(0.95 ** (1 / 8), 6),
      [pointers[1]!]: expect.closeTo(0.95 ** (1 / 8), 6),
    });
    expect(told).toHaveProperty('one-rate-for-two');
  });

  it('betas alone are the Adam’s, and that Muon’s momentum is in the code is said', async () => {
    const { values, told } = await convert(muon('  betas: [0.9, 0.95]\n'));
    expect(Object.keys(values)).toContain('betas/1');
    expect(told['decays-unsaid']).toContain('Muon: its decays are not in the file');
  });

  it.each(['momentum: 0.95', 'muon_momentum: 0.95'])('a Muon alone with %s', async (momentum) => {
    const { values, told } = await convert(muon(`  ${momentum}\n`));
    expect(values[momentum.split(':')[0]!]).toBeCloseTo(0.95 ** (1 / 8), 6);
    expect(told).not.toHaveProperty('one-rate-for-two');
  });
});

describe('whose a setting is, by its name', () => {
  const owner = (key: string, role: Role) => {
    const field: Field = { pointer: `/o/${key}`, role, value: 1, site: { kind: 'absent', pointer: '' } };
    return splitAdam([field]).adam.length ? 'adam' : 'muon';
  };
  it.each<[string, Role, string]>([
    ['eps', ROLE.epsilon, 'adam'],
    ['muon_eps', ROLE.epsilon, 'muon'],
    ['b2', ROLE.beta2, 'adam'],
    ['muon_b2', ROLE.beta2, 'muon'],
    ['muon_adam_lr', ROLE.lr, 'adam'],
    ['muon_adamw_lr', ROLE.lr, 'adam'],
    ['adamw_lr', ROLE.lr, 'adam'],
    ['adamant_lr', ROLE.lr, 'muon'],
    ['lr', ROLE.lr, 'muon'],
  ])('%s', (key, role, is) => expect(owner(key, role)).toBe(is));
});
