import type { Definition } from './definitions.ts';

/** What a project can call its keys in rebatch.config.yaml (`names: {bs: micro}`), and the role that stands for. */
export const OWN_NAMES = {
  batch: 'unsaidBatch',
  global: 'globalBatch',
  micro: 'microBatch',
  accumulation: 'accumulation',
  devices: 'devices',
  world: 'world',
  nodes: 'nodes',
  optimizer: 'optimizer',
  'learning-rate': 'learningRate',
  'minimum-learning-rate': 'minimumLearningRate',
  'warmup-learning-rate': 'warmupStartLearningRate',
  momentum: 'gradientDecay',
  beta1: 'gradientDecay',
  beta2: 'secondMomentDecay',
  beta3: 'beta3',
  'weight-decay': 'weightDecay',
  'model-ema': 'modelEmaDecay',
  'batch-norm': 'batchNormMomentum',
  steps: 'scheduleSteps',
  cadence: 'cadenceSteps',
  clip: 'clip',
  /** It looks as if it depended on the batch and does not. */
  none: undefined,
} as const satisfies Readonly<Record<string, Definition | undefined>>;

/** In-house names: a key as it is written, and what it means. */
export type OwnNames = Readonly<Record<string, keyof typeof OWN_NAMES>>;
