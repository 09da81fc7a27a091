import { num } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import { bufferFactor, dividesByLevel, ema } from './ema.ts';
import { constant, oneMinus, over, ratio as ratioOf, squareRoot, times } from './quantity.ts';
import type { OptimizerSettings, Ratio, Rule, RuleOptions, Scaled } from './rule.ts';

function learningRateFactor(settings: OptimizerSettings, ratio: Ratio, options: RuleOptions): Scaled {
  if (settings.optimizer.accumulatesForever)
    return {
      ...constant(1),
      reason: 'Fewer terms in its sum of squares and less noise in each cancel out',
    };
  const plain = ema.learningRateFactor(settings, ratio, options);
  const buffer = bufferFactor(settings, ratio.kappa);
  const literal = options.literal === true && buffer !== undefined;
  const byLevel = dividesByLevel(settings);
  if (!byLevel && !literal) return plain;
  const kappa = ratioOf(ratio.kappa);
  const root = byLevel ? squareRoot(kappa) : kappa;
  // 1-mu' = kappa*(1-mu) in the linear form, so that is what a summing buffer's weight changes by.
  const weight = literal ? kappa : buffer;
  return {
    ...(weight ? times(root, weight, ' ') : root),
    reason: byLevel
      ? 'The step is divided by the gradient’s root mean square, which noise dominates and which therefore moves by 1/sqrt(kappa)'
      : plain.reason,
  };
}

/**
 * The square-root rule for Adam and RMSprop: lr*sqrt(kappa), eps/sqrt(kappa), decays by power, or with `literal` in
 * the paper's linear form 1-kappa*(1-beta).
 * @see Malladi, Lyu, Panigrahi & Arora 2022, arXiv 2205.10287
 */
export const sqrt: Rule = {
  ...ema,
  name: 'sqrt',
  title: 'square-root rule for Adam and RMSprop',
  source: 'Malladi, Lyu, Panigrahi & Arora 2022, arXiv 2205.10287',
  holds:
    'Adam and RMSprop where gradient noise dominates: the batch is well below the noise scale, before and after.',
  leaves: 'SGD, LAMB, Lion and Muon: the derivation does not cover them, and they get what ema gives.',
  uses: ['literal'],
  learningRateFactor,
  decay(old, of, settings, kappa, options) {
    if (!options.literal) return ema.decay(old, of, settings, kappa, options);
    const complement = times(ratioOf(kappa), oneMinus(old));
    if (complement.value > 1)
      throw new Problem(
        'rule-not-applicable',
        `--literal gives 1-kappa*(1-${num(old.value)}) = ${num(1 - complement.value)}, which is not a decay: the linear form holds up to kappa ${num(1 / old.complement)}. Without --literal it is ${num(old.value)}^kappa`,
      );
    return {
      ...oneMinus(complement),
      reason: 'The paper’s linear form, which agrees with the power only while kappa*(1-beta) is small',
    };
  },
  epsilon(old, inside, settings, ratio, options) {
    if (!settings.optimizer.secondMoment) return ema.epsilon(old, inside, settings, ratio, options);
    const kappa = ratioOf(ratio.kappa);
    return {
      ...over(old, inside ? kappa : squareRoot(kappa)),
      reason: 'Epsilon is compared with the gradient’s level, which noise dominates',
    };
  },
  advice: ({ optimizer }) =>
    optimizer.normalises === 'after-momentum' && optimizer.decayInTrustRatio
      ? [
          {
            code: 'sqrt-lamb',
            message: `the square-root rule is derived for Adam and RMSprop; ${optimizer.title}’s step is normalised after averaging, so its learning rate moves by kappa`,
          },
        ]
      : [],
};
