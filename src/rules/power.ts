import { Problem } from '../base/problem.ts';
import { bufferFactor, ema } from './ema.ts';
import { constant, ratio as ratioOf, times, power as toThe } from './quantity.ts';
import type { OptimizerSettings, Ratio, Rule, RuleOptions, Scaled } from './rule.ts';

function powerOf({ power }: RuleOptions): number {
  if (power === undefined)
    throw new Problem(
      'usage',
      'the rule power needs the power of kappa: --power 0.7 (0.5 is the square root, 1 is linear)',
    );
  return power;
}

function learningRateFactor(settings: OptimizerSettings, ratio: Ratio, options: RuleOptions): Scaled {
  if (settings.optimizer.normalises === 'after-momentum')
    return ema.learningRateFactor(settings, ratio, options);
  const { kappa } = ratio;
  const moved = toThe(ratioOf(kappa), constant(powerOf(options)));
  const buffer = bufferFactor(settings, kappa);
  const reason = `The power of kappa that was asked for${buffer ? `. ${buffer.reason}` : ''}`;
  return { ...(buffer ? times(moved, buffer, ' ') : moved), reason };
}

/**
 * lr*kappa^p with a p of one's own, also for an AdamW beside Muon, everything else as `ema`; epsilon moves as if the
 * gradient's level did by kappa^(p-1), so that p = 1 is `ema` and p = 1/2 is `sqrt` for Adam.
 */
export const power: Rule = {
  ...ema,
  name: 'power',
  title: 'learning rate by a power of kappa',
  source: 'a power found in runs of one’s own; docs/which-rule.md has those of AdamW on two small networks',
  holds: 'Where the power was tuned on runs like this one.',
  leaves:
    'LAMB, Lion and Muon, whose learning rate follows kappa in all trials; of the others only the power is another.',
  uses: ['power', 'literal'],
  learningRateFactor,
  epsilon(old, inside, settings, ratio, options) {
    const p = powerOf(options) - 1;
    if (!settings.optimizer.secondMoment || p === 0)
      return ema.epsilon(old, inside, settings, ratio, options);
    return {
      ...times(old, toThe(ratioOf(ratio.kappa), constant(inside ? 2 * p : p))),
      reason: 'Epsilon is compared with the gradient’s level, which moves as the learning rate says',
    };
  },
  advice: ({ optimizer }) =>
    optimizer.normalises === 'after-momentum'
      ? [
          {
            code: 'power-of-kappa',
            message: `${optimizer.title}’s step is normalised after averaging: its learning rate moves by kappa, as in all trials, and not by the power given`,
          },
        ]
      : [],
};
