import { ema } from './ema.ts';
import { ratio, unchanged } from './quantity.ts';
import type { Rule } from './rule.ts';

/**
 * The linear rule: lr*kappa for the same number of epochs, and nothing else. What most people do.
 * @see Goyal et al. 2017, arXiv 1706.02677
 */
export const linear: Rule = {
  ...ema,
  name: 'linear',
  title: 'linear learning-rate scaling',
  source: 'Goyal et al. 2017, arXiv 1706.02677',
  holds: 'SGD with momentum kept, with warm-up, up to batches of several thousand images.',
  leaves:
    'Momentum and every other average (their memory in samples changes by kappa), weight decay, epsilon, BatchNorm.',
  uses: [],
  learningRateFactor: (_, { kappa }) => ({
    ...ratio(kappa),
    reason:
      'The gradient is a mean over the batch, and there are kappa times fewer steps for the same samples',
  }),
  decay: (old) => ({ ...unchanged(old), reason: 'The rule leaves averages alone' }),
  weightDecay: (old) => ({ ...unchanged(old), reason: 'The rule leaves weight decay alone' }),
  advice: () => [],
};
