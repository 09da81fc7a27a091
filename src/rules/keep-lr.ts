import { ema } from './ema.ts';
import { constant, unchanged } from './quantity.ts';
import type { Rule } from './rule.ts';

/**
 * Keep the learning rate and beta1, and keep beta2's half-life in tokens.
 * @see Marek et al. 2025, arXiv 2507.07101, and the authors' repository martin-marek/batch-size
 */
export const keepLr: Rule = {
  ...ema,
  name: 'keep-lr',
  title: 'keep the learning rate, and the second moment’s half-life in samples',
  source: 'Marek et al. 2025, arXiv 2507.07101',
  holds:
    'Adam on language models going to small batches. It aims at the best loss, not at the same path: tuned learning rates moved 3 times over batches 1 to 1024.',
  leaves: 'The learning rate, and beta1 or momentum (their memory in samples changes by kappa).',
  uses: [],
  learningRateFactor: () => ({
    ...constant(1),
    reason: 'The best learning rate depends little on the batch while it is small',
  }),
  decay(old, of, settings, kappa, options) {
    if (of !== 'gradient') return ema.decay(old, of, settings, kappa, options);
    return { ...unchanged(old), reason: 'The rule keeps beta1 per step' };
  },
  advice: () => [],
};
