import { type Node, scalarsIn } from '../document/nodes.ts';
import { numberInString } from '../document/scalar.ts';

const words = (list: string) => new Set(list.split(' '));

/**
 * What such a name speaks of: the batch, a learning rate as it is in force, what the trainer multiplies that by, or
 * something else that depends on the batch.
 */
export type Topic = 'batch' | 'rate' | 'scaling' | 'other';

/** A factor of one layer, or of a width, is none of the batch. */
const NO_SCALING = words('layer layerwise depth width mup up warm decay find finder llrd');

/** `scale_lr: true`, `lr_scaling: linear`, `lr_ref_batch: 256`: the trainer multiplies its learning rates by itself. */
export function saysScaling(key: readonly string[], node: Node): boolean {
  if (!key.includes('learning') || node.kind !== 'scalar' || key.some((word) => NO_SCALING.has(word)))
    return false;
  const { value } = node;
  if (typeof value === 'number') return key.includes('batch') && Number.isInteger(value) && value >= 2;
  const scales = key.some((word) => /^(?:auto|re)?scal(?:e|es|ed|ing)$/.test(word));
  return (
    scales &&
    (typeof value === 'string'
      ? !/^(?:none|null|no|off|false|const\w*|fixed|)$/i.test(value)
      : value === true)
  );
}

/** Words with which a learning rate is a factor, a schedule, or a limit of one. */
const NO_RATE = words(
  'warm decay mult multi mul multiplier scale scaler factor gamma ratio power scheduler policy cycle cycles epoch step coef weight patience number layer layerwise milestone monitor annealing find finder auto threshold cool restart restarts period div percent pct frac fraction',
);

/** Names that speak of the batch without being read surely: by the words in them, and the values that make sense. */
const TOPICS: readonly {
  readonly topic: Topic;
  /** All words of one of these. */
  readonly of: readonly (readonly string[])[];
  /** Words with which the name means something else: a multiplier, a cadence, a number of denoising steps. */
  readonly not?: ReadonlySet<string>;
  fits(value: number): boolean;
  /** All words that the key may have. */
  readonly only?: ReadonlySet<string>;
  /** The words at the end of the key, in this order. */
  readonly ends?: readonly string[];
  /** The kind of block that it must stand in, and one that it must not. */
  readonly within?: string;
  readonly unless?: string;
}[] = [
  {
    topic: 'batch',
    of: [
      ['batch', 'size'],
      ['micro', 'batch'],
      ['mini', 'batch'],
      ['gradient', 'accumulate'],
      ['accumulate', 'step'],
      ['sample', 'device'],
      ['sample', 'per', 'step'],
      ['batch', 'device'],
      ['maximum', 'atom'],
    ],
    unless: 'loss',
    not: words(
      'norm momentum epsilon time loss index limit queue prefetch worker first dim axis seed group print',
    ),
    fits: (value) => Number.isInteger(value) && value >= 1,
  },
  {
    // Passes of a step, or how often something else is done.
    topic: 'batch',
    of: [['step', 'every']],
    only: words('step every optimizer number weight weights parameters'),
    unless: 'ema',
    fits: (value) => Number.isInteger(value) && value >= 2 && value <= 1024,
  },
  {
    topic: 'other',
    of: [['step'], ['warm', 'up'], ['milestone'], ['tmax'], ['t', 'maximum']],
    unless: 'solver',
    not: words(
      'logging save saving print checkpoint checkpoints ckpt report display vis plot summary dump sync every interval freq frequency per sample generate ddim noise denoising rollout horizon obs action accumulate epoch ratio frac fraction portion factor power mult type method policy limit size critic griffin kmeans ns newton search beam refine inner cg attack resume skip patience batch momentum bias weight initial evaluation validation inference',
    ),
    fits: (value) => Number.isInteger(value) && value >= 2,
  },
  {
    // StepLR's period.
    topic: 'other',
    of: [['step', 'size']],
    within: 'scheduler',
    fits: (value) => Number.isInteger(value) && value >= 2,
  },
  {
    // Periods of a schedule with restarts, and stages that grow.
    topic: 'other',
    of: [['period'], ['t', '0'], ['gradual', 'train']],
    not: words(
      'logging save saving print checkpoint evaluation validation display vis plot summary time frame ckpt',
    ),
    // Smaller ones are lengths of patterns, as in a vocoder.
    fits: (value) => Number.isInteger(value) && value >= 100,
  },
  {
    // InverseLR of crowsonkb/k-diffusion k_diffusion/utils.py: a number of steps and a decay of every step.
    topic: 'other',
    of: [['inv', 'gamma']],
    fits: (value) => value >= 2,
  },
  {
    topic: 'other',
    of: [['warm', 'up']],
    not: words('ratio fraction frac epoch learning rate momentum bias factor'),
    fits: (value) => value >= 0.9 && value < 1,
  },
  {
    topic: 'other',
    of: [['in', 'batch']],
    not: words('norm momentum'),
    fits: (value) => Number.isInteger(value) && value >= 2,
  },
  {
    topic: 'other',
    of: [['halflife'], ['half', 'life']],
    not: words('sample token epoch kimg nimg mimg'),
    fits: (value) => value >= 2,
  },
  {
    topic: 'other',
    of: [['decay', 'interval']],
    fits: (value) => Number.isInteger(value) && value >= 2,
  },
  {
    // An average under a short name (`E_decay`).
    topic: 'other',
    of: [['decay']],
    not: words('weight learning rate step epoch layer layerwise wise lr gamma factor'),
    fits: (value) => value >= 0.9 && value < 1,
  },
  {
    // ExponentialLR's factor of every step, or of every epoch.
    topic: 'other',
    of: [['gamma']],
    within: 'scheduler',
    fits: (value) => value >= 0.9 && value < 1,
  },
  {
    // When one network of several begins to train.
    topic: 'other',
    of: [
      ['discriminator', 'initial'],
      ['disc', 'initial'],
      ['generator', 'initial'],
      ['train', 'initial', 'step'],
    ],
    not: words('epoch'),
    fits: (value) => Number.isInteger(value) && value >= 2,
  },
  {
    // Hard examples kept out of a whole batch.
    topic: 'other',
    of: [['ohemkeep'], ['ohem', 'keep'], ['minimum', 'kept']],
    fits: (value) => Number.isInteger(value) && value >= 2,
  },
  {
    // Steps of an epoch (CSAILVision/semantic-segmentation-pytorch: epoch_iters).
    topic: 'other',
    of: [['epoch', 'step']],
    ends: ['epoch', 'step'],
    fits: (value) => Number.isInteger(value) && value >= 100,
  },
  {
    topic: 'other',
    of: [['step', 'per', 'epoch']],
    not: words('validation evaluation test inference logging save'),
    fits: (value) => Number.isInteger(value) && value >= 2,
  },
  {
    topic: 'rate',
    of: [['learning', 'rate']],
    unless: 'attribute',
    not: NO_RATE,
    // A greater one may be a factor of the others.
    fits: (value) => value > 0 && value <= 0.02,
  },
  {
    topic: 'other',
    of: [['learning', 'rate']],
    unless: 'attribute',
    not: NO_RATE,
    fits: (value) => value > 0 && value <= 10,
  },
  {
    // Of Adam, or of a diffusion's noise: a number so small is hardly a decay.
    topic: 'other',
    of: [
      ['beta', '1'],
      ['beta', '2'],
    ],
    fits: (value) => value > 0 && value < 0.1,
  },
  {
    topic: 'other',
    of: [['beta'], ['momentum'], ['ema'], ['polyak']],
    not: words(
      'scheduler noise kl dpo vae initial final linear scaled loss weight coef warm step every after power minimum maximum entropy reward sigma interval freq epoch kd focal mixup',
    ),
    fits: (value) => value >= 0.5 && value < 1,
  },
  {
    // A decay, or 1 - decay.
    topic: 'other',
    // And the share of an update in a target network (`critic_tau`).
    of: [
      ['ema'],
      ['teacher', 'momentum'],
      ['momentum', 'target'],
      ['critic', 'tau'],
      ['target', 'tau'],
      ['encoder', 'tau'],
    ],
    not: words('loss weight coef step every after warm interval freq epoch'),
    fits: (value) => value > 0 && value < 0.5,
  },
];

/** What a key that was not read speaks of; undefined where it says nothing about the batch. */
export function topicOf(
  key: readonly string[],
  node: Node,
  kinds: ReadonlySet<string> = new Set(),
): Topic | undefined {
  const values = () =>
    scalarsIn(node).map(({ value }) => (typeof value === 'string' ? numberWritten(value) : value));
  return TOPICS.find(
    ({ of, not, only, fits, ends, within, unless }) =>
      !(within && !kinds.has(within)) &&
      !(unless && kinds.has(unless)) &&
      of.some((way) => way.every((word) => key.includes(word))) &&
      (!ends || ends.every((word, i) => key[key.length - ends.length + i] === word)) &&
      !key.some((word) => not?.has(word) || (only && !only.has(word))) &&
      values().some((value) => typeof value === 'number' && fits(value)),
  )?.topic;
}

/** A number in a string, also with a suffix that no parser reads: `400k` still is a count. */
function numberWritten(text: string): number | undefined {
  const suffixed = /^(\d+(?:\.\d+)?)([kmb])$/i.exec(text.trim());
  const scale = { k: 1e3, m: 1e6, b: 1e9 } as const;
  if (suffixed) return Number(suffixed[1]) * scale[suffixed[2]!.toLowerCase() as keyof typeof scale];
  return numberInString(text);
}
