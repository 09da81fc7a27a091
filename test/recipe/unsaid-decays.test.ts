import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';

/** What is told of decays that are in no file, of an optimizer with these settings. */
async function told(settings: string, more = '') {
  const text = `batch_size: 64\noptimizer: {${settings}}\n${more}`;
  const { warnings } = await convertConfig({ text, file: 'x.yaml' }, { by: 2, batchIs: 'total' });
  return warnings
    .filter(({ code }) => code === 'decays-unsaid')
    .map(({ message, offset }) => ({
      message,
      at: offset === undefined ? '' : text.slice(offset).split(/[,}]/)[0],
    }));
}
const messages = async (settings: string, more?: string) =>
  (await told(settings, more)).map(({ message }) => message);

const stays = (there: string, missing: string, value = '') =>
  `optimizer.${there} is in the file and ${missing} is not: it stays at the trainer’s default${value && ` (${value} in most libraries)`}. Write ${missing} into the file to have it converted`;

describe('a decay that the optimizer has and the file lacks is named, half of a conversion is none', () => {
  it.each<[string, string, string]>([
    ['Adam’s second', 'name: adam, lr: 0.001, beta1: 0.9', `Adam: ${stays('beta1', 'beta2', '0.999')}`],
    ['Adam’s first', 'name: adam, lr: 0.001, beta2: 0.99', `Adam: ${stays('beta2', 'beta1', '0.9')}`],
    [
      'in the spelling of the other',
      'name: adam, lr: 0.001, adam_b1: 0.9',
      `Adam: ${stays('adam_b1', 'adam_b2', '0.999')}`,
    ],
    [
      'in a list of one',
      'name: adam, lr: 0.001, betas: [0.9]',
      `Adam: ${stays('betas[0]', 'beta2', '0.999')}`,
    ],
    ['of an Adam that only its betas tell', 'lr: 0.001, beta1: 0.9', `Adam: ${stays('beta1', 'beta2')}`],
    ['NAdam’s second', 'name: nadam, lr: 0.001, beta1: 0.9', `NAdam: ${stays('beta1', 'beta2', '0.999')}`],
    ['NAdam’s first', 'name: nadam, lr: 0.001, beta2: 0.99', `NAdam: ${stays('beta2', 'beta1', '0.9')}`],
    [
      'Lion’s, which has no second moment',
      'name: lion, lr: 0.001, beta1: 0.9',
      `Lion: ${stays('beta1', 'beta2', '0.99')}`,
    ],
    [
      'RMSprop’s average beside a momentum',
      'name: rmsprop, lr: 0.001, momentum: 0.9',
      `RMSprop: ${stays('momentum', 'alpha', '0.99')}`,
    ],
    ['NovoGrad’s second', 'name: novograd, lr: 0.01, beta1: 0.95', `NovoGrad: ${stays('beta1', 'beta2')}`],
    [
      'NovoGrad’s first, in a buffer that sums',
      'name: novograd, lr: 0.01, beta2: 0.98',
      `NovoGrad: ${stays('beta2', 'beta1')}`,
    ],
    [
      'the second of schedule-free Adam, whose first is none',
      'name: schedule_free_adamw, lr: 0.01, beta1: 0.9',
      `schedule-free AdamW: ${stays('beta1', 'beta2', '0.999')}`,
    ],
    [
      'the slow average of AdEMAMix',
      'name: ademamix, lr: 0.001, beta1: 0.9, beta2: 0.99',
      `AdEMAMix: ${stays('beta1', 'beta3', '0.9999')}`,
    ],
  ])('%s', async (_story, settings, message) => expect(await messages(settings)).toEqual([message]));

  it('each of two, at the one that is there', async () => {
    const one = await told('name: ademamix, lr: 0.001, beta2: 0.99');
    expect(one).toEqual([
      { message: `AdEMAMix: ${stays('beta2', 'beta1', '0.9')}`, at: '0.99' },
      { message: `AdEMAMix: ${stays('beta2', 'beta3', '0.9999')}`, at: '0.99' },
    ]);
  });

  it.each([
    'name: adam, lr: 0.001, beta1: 0.9, beta2: 0.99',
    'name: adam, lr: 0.001, betas: [0.9, 0.99]',
    'name: schedule_free_adamw, lr: 0.01, beta2: 0.99',
    'name: muon, lr: 0.01, momentum: 0.95',
    'name: lars, lr: 1.0, momentum: 0.9',
    'name: shampoo, lr: 0.1, momentum: 0.9',
    'name: rmsprop, lr: 0.001, alpha: 0.9',
    'name: ademamix, lr: 0.001, betas: [0.9, 0.99, 0.999]',
  ])('nothing lacks in {%s}', async (settings) => expect(await messages(settings)).toEqual([]));
});

describe('where no decay at all is in the file', () => {
  it.each([
    ['AdamW', 'adamw'],
    ['NAdam', 'nadam'],
    ['RMSprop', 'rmsprop'],
    ['LARS', 'lars'],
    ['Muon', 'muon'],
    ['schedule-free AdamW', 'schedule_free_adamw'],
  ])('%s has some: that is told at its learning rate', async (title, name) => {
    const [one, another] = await told(`name: ${name}, lr: 0.125`);
    expect(one?.message).toMatch(new RegExp(`^${title}: its decays are not in the file`));
    expect(one?.at).toBe('0.125');
    expect(another).toBeUndefined();
  });

  it.each(['adagrad', 'schedule_free_sgd'])('%s has none to be told of', async (name) =>
    expect(await messages(`name: ${name}, lr: 0.1`)).toEqual([]),
  );

  it('it is told at the learning rate, whatever stands before it', async () =>
    expect(await told('name: adam, weight_decay: 0.25, lr: 0.125')).toMatchObject([{ at: '0.125' }]));

  it('SGD has none by default, and the code may have one', async () => {
    const [one] = await told('name: sgd, lr: 0.125');
    expect(one).toMatchObject({ at: '0.125' });
    expect(one?.message).toMatch(/^SGD: no momentum is in the file, which is taken as 0/);
  });

  it.each<[string, string, string]>([
    ['a class with what goes to it has torch’s default', 'type: SGD, args: {lr: 0.1}', ''],
    ['also where the rate stands elsewhere', 'type: SGD, args: {lr: "${base}"}', 'base: 0.1\n'],
    ['or the class with its full path', '_target_: torch.optim.SGD, lr: 0.1', ''],
  ])('SGD: %s', async (_story, settings, more) => expect(await messages(settings, more)).toEqual([]));
});

describe('the Adam beside a Muon', () => {
  it('has decays of its own that are not in the file', async () =>
    expect(await messages('name: muon, lr: 0.02, momentum: 0.95, adam_lr: 0.003')).toEqual([
      expect.stringMatching(/^AdamW: its decays are not in the file/),
    ]));

  it('lacks one of two', async () =>
    expect(await messages('name: muon, lr: 0.02, momentum: 0.95, adam_lr: 0.003, adam_beta1: 0.9')).toEqual([
      `AdamW: ${stays('adam_beta1', 'adam_beta2', '0.999')}`,
    ]));
});
