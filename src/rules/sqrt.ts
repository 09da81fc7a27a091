import { exponent, fraction, num } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import { bufferFactor, ema } from './ema.ts';
import { dividesByLevel } from './noise-aware.ts';
import type { Rule } from './rule.ts';

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
  learningRateFactor(settings, ratio, options) {
    const plain = ema.learningRateFactor(settings, ratio, options);
    if (settings.optimizer.accumulatesForever)
      return {
        value: 1,
        formula: '1',
        reason: 'Fewer terms in its sum of squares and less noise in each cancel out',
      };
    const buffer = bufferFactor(settings, ratio.kappa);
    // 1-mu' = kappa*(1-mu) in the linear form, so that is what a summing buffer's weight changes by.
    const linear = options.literal === true && buffer.formula !== '';
    if (!dividesByLevel(settings) && !linear) return plain;
    const kappa = fraction(ratio.kappa);
    const [root, rootFormula] = dividesByLevel(settings)
      ? [Math.sqrt(ratio.kappa), `sqrt(${kappa})`]
      : [ratio.kappa, kappa];
    const [weight, weightFormula] = linear ? [ratio.kappa, kappa] : [buffer.value, buffer.formula];
    return {
      value: root * weight,
      formula: weightFormula ? `${rootFormula} * ${weightFormula}` : rootFormula,
      reason: dividesByLevel(settings)
        ? 'The step is divided by the gradient’s root mean square, which noise dominates and which therefore moves by 1/sqrt(kappa)'
        : plain.reason,
    };
  },
  decay(value, of, settings, kappa, options) {
    if (!options.literal) return ema.decay(value, of, settings, kappa, options);
    const complement = kappa * (1 - value);
    if (complement > 1)
      throw new Problem(
        'rule-not-applicable',
        `--literal gives 1-kappa*(1-${num(value)}) = ${num(1 - complement)}, which is no decay: the linear form ends at kappa ${num(1 / (1 - value))}. Leave --literal away for ${num(value)}^kappa`,
      );
    return {
      value: 1 - complement,
      complement,
      formula: `1-${exponent(kappa)}*(1-${num(value)})`,
      reason: 'The paper’s linear form, which agrees with the power only while kappa*(1-beta) is small',
    };
  },
  epsilon(value, inside, settings, { kappa }, options) {
    if (!settings.optimizer.secondMoment)
      return ema.epsilon(value, inside, settings, { kappa, from: 1, to: kappa }, options);
    const factor = inside ? 1 / kappa : 1 / Math.sqrt(kappa);
    return {
      value: value * factor,
      formula: inside ? `${num(value)}/${exponent(kappa)}` : `${num(value)}/sqrt(${fraction(kappa)})`,
      reason: 'Epsilon is compared with the gradient’s level, which noise dominates',
    };
  },
};
