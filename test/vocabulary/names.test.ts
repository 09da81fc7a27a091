import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';

const BASE = 'batch_size: 64\noptimizer: {_target_: torch.optim.SGD, lr: 0.1, momentum: 0.9}\n';

/** What is told of this key, where a config has these lines beside an optimizer. */
async function notesOn(key: string, lines: string): Promise<string[]> {
  const { warnings } = await convertConfig({ text: BASE + lines, file: 'run.yaml' }, { by: 1 / 4 });
  return warnings
    .filter(({ code, message }) => code === 'note' && message.startsWith(`${key}: `))
    .map(({ message }) => message.slice(key.length + 2));
}

describe('a name alone tells', () => {
  it.each<[string, string, string, RegExp]>([
    ['a cycle of the momentum', 'scheduler', 'scheduler: one-cycle', /moves the momentum/],
    ['a cycle, as a class', 'sched.scheduler', 'sched: {scheduler: CyclicLR}', /moves the momentum/],
    ['a plateau', 'scheduler', 'scheduler: ReduceLROnPlateau', /number of evaluations/],
    ['one graph', 'transductive', 'transductive: true', /one graph is the whole dataset/],
    ['a full batch', 'sampler', 'sampler: full_batch', /takes the whole dataset/],
    ['an average', 'use_ema', 'use_ema: true', /average of the weights is kept/],
    [
      'an average’s class',
      'shadow.class_path',
      'shadow: {class_path: a.EMACallback}',
      /keeps an average of the weights by its name/,
    ],
    ['batch normalisation', 'use_batchnorm', 'use_batchnorm: true', /statistics of one device/],
    ['a clip', 'clip_grad', 'clip_grad: true', /clipped at a norm that the code sets/],
    ['a clip’s switch', 'clip.enabled', 'clip: {enabled: true}', /clipped at a norm/],
  ])('%s', async (_story, key, lines, note) => {
    const notes = await notesOn(key, `${lines}\n`);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(note);
  });

  it.each<[string, string, string]>([
    [
      'a cycle whose momentum is switched off',
      'sched.scheduler',
      'sched: {scheduler: CyclicLR, cycle_momentum: false}',
    ],
    ['another scheduler', 'scheduler', 'scheduler: cosine'],
    ['many graphs', 'transductive', 'transductive: false'],
    ['another sampler', 'sampler', 'sampler: random'],
    ['no average', 'use_ema', 'use_ema: false'],
    ['an average with its decay', 'use_ema', 'use_ema: true\nema_decay: 0.999'],
    ['an average with its decay in a block', 'use_ema', 'use_ema: true\nave: {decay: 0.999}'],
    [
      'an average’s class with its decay',
      'shadow.class_path',
      'shadow: {class_path: a.EMACallback, decay: 0.999}',
    ],
    ['a class of something else', 'shadow.class_path', 'shadow: {class_path: a.Timer}'],
    ['a mapping where a name would stand', 'use_ema', 'use_ema: {x: true}'],
    ['batch normalisation that is off', 'use_batchnorm', 'use_batchnorm: false'],
    ['how it is called', 'use_batchnorm', 'use_batchnorm: yes please'],
    ['another word beside it', 'use_batchnorm_bias', 'use_batchnorm_bias: true'],
    ['half of its words', 'use_norm', 'use_norm: true'],
    ['a clip that is off', 'clip_grad', 'clip_grad: false'],
    ['a clip of samples of sound', 'audio.clip', 'audio: {clip: true}'],
    ['a switch of something else', 'flag.enabled', 'flag: {enabled: true}'],
  ])('%s tells nothing', async (_story, key, lines) => expect(await notesOn(key, `${lines}\n`)).toEqual([]));
});

describe('a typo', () => {
  const meant = async (key: string) => {
    const text = `output_dir: x\nlearning_rate: 0.1\nper_device_train_batch_size: 8\n${key}: 0.95\n`;
    const { warnings } = await convertConfig({ text, file: 'run.yaml' }, { by: 2 });
    return warnings
      .filter(({ code }) => code === 'misspelt')
      .map(({ message }) => / mean (\w+)\?/.exec(message)![1]);
  };

  it.each([
    ['adam_bet2', ['adam_beta2']],
    ['adam_bea2', ['adam_beta2']],
    ['adam_bt2', ['adam_beta2']],
    ['adm_bt2', []],
    ['adam_beta', []],
    ['adam_beta3', []],
    ['adam_beta2_xyz', []],
  ])('%s means %j', async (key, expected) => expect(await meant(key)).toEqual(expected));
});
