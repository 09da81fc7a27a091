import { exponent, fraction, num } from '../base/numbers.ts';
import type { DecayRole } from '../dialect/roles.ts';
import type { Factor, Ratio, Rule, Scaled, Settings } from './rule.ts';

/**
 * decay^kappa and 1 - decay^kappa, the latter through expm1 so that no digit is lost.
 * A moving average with decay beta over batches of B forgets as fast, per sample, as beta^kappa over kappa*B.
 * @param decay in [0, 1)
 * @param kappa ratio of the samples behind one update, above 0
 * @see Viehmann 2019, "Exponentially moving average and batch size"
 */
export function decayPower(decay: number, kappa: number): { value: number; complement: number } {
  if (decay === 0) return { value: 0, complement: 1 };
  const logarithm = kappa * Math.log(decay);
  return { value: Math.exp(logarithm), complement: -Math.expm1(logarithm) };
}

/** 1 - decay^kappa over 1 - decay: how much a summing buffer's total weight changes, inverted. */
function sumRatio(decay: number, kappa: number): number {
  return decay === 0 ? 1 : decayPower(decay, kappa).complement / (1 - decay);
}

/**
 * What the buffer does to the step length. A heavy-ball buffer g + mu*buf adds up to g/(1-mu), so with mu^kappa the
 * learning rate needs (1-mu^kappa)/(1-mu) to keep lr/(1-mu) per sample; an averaging buffer needs nothing.
 * With dampening tau that is neither 0 nor mu the factor is (1-tau)/(1-tau') * (1-mu')/(1-mu), tau' = tau.
 */
export function bufferFactor(settings: Settings, kappa: number): Factor {
  const { optimizer, gradientDecay: mu = 0, dampening: tau = 0 } = settings;
  const averaging = optimizer.buffer !== 'sum' || mu === 0 || (tau !== 0 && tau === mu);
  if (averaging || optimizer.normalises === 'after-momentum') return { value: 1, formula: '', reason: '' };
  return {
    value: sumRatio(mu, kappa),
    formula: `(1-${num(mu)}^${exponent(kappa)})/(1-${num(mu)})`,
    reason: 'The buffer sums (g + mu*buf), so lr/(1-mu) is the step per gradient, and mu changes',
  };
}

const WHY_LINEAR: Record<Settings['optimizer']['normalises'], string> = {
  'after-momentum':
    'Step length is set after averaging, so it is the same at any batch size, and there are kappa times fewer steps for the same samples',
  'second-moment':
    'The step is normalised, so its length is about the same, and there are kappa times fewer steps for the same samples (signal above noise; else see --rule noise-aware)',
  'gradient-norm':
    'The step is normalised, so its length is about the same, and there are kappa times fewer steps for the same samples (signal above noise; else see --rule noise-aware)',
  never: 'The gradient is a mean over the batch, and there are kappa times fewer steps for the same samples',
};

function learningRateFactor(settings: Settings, { kappa }: Ratio): Factor {
  const buffer = bufferFactor(settings, kappa);
  if (settings.optimizer.accumulatesForever)
    return {
      value: Math.sqrt(kappa),
      formula: `sqrt(${fraction(kappa)})`,
      reason:
        'The step is divided by the root of a sum of squares over the whole run, which has kappa times fewer terms for the same samples',
    };
  return {
    value: kappa * buffer.value,
    formula: buffer.formula ? `${fraction(kappa)} * ${buffer.formula}` : fraction(kappa),
    reason: buffer.reason
      ? `${WHY_LINEAR[settings.optimizer.normalises]}. ${buffer.reason}`
      : WHY_LINEAR[settings.optimizer.normalises],
  };
}

function decay(value: number, of: DecayRole['of'], settings: Settings | undefined, kappa: number): Scaled {
  const beta2 = settings?.secondMomentDecay;
  if (of === 'gradient' && settings?.optimizer.mixesNewest && beta2 !== undefined && beta2 > 0) {
    // Lion: c = b1*m + (1-b1)*g, m = b2*m + (1-b2)*g. An older gradient weighs b1*b2^(age-1)*(1-b2) in c, so the
    // exact conversion is b2^kappa and b1*b2^(kappa-1), as long as that stays a decay.
    const logarithm = Math.log(value) + (kappa - 1) * Math.log(beta2);
    if (logarithm < 0)
      return {
        value: Math.exp(logarithm),
        complement: -Math.expm1(logarithm),
        formula: `b1*b2^(kappa-1) = ${num(value)}*${num(beta2)}^${exponent(kappa - 1)}`,
        reason:
          'beta1 only weighs the newest gradient against the buffer, whose decay is beta2; older samples keep their weight',
      };
  }
  const power = decayPower(value, kappa);
  return {
    ...power,
    formula: `${num(value)}^${exponent(kappa)}`,
    reason: 'The average keeps its memory in samples',
  };
}

/** The rule of Viehmann 2019 in the form each optimizer needs. */
export const ema: Rule = {
  name: 'ema',
  title: 'keep every average’s memory in samples',
  source: 'Viehmann 2019, Exponentially moving average and batch size (lernapparat.de)',
  holds:
    'LAMB, Lion and Muon: at practically every noise level. SGD: at every noise level while the learning rate is small. Adam and RMSprop: where the batch is above the gradient noise scale.',
  leaves: 'Coupled weight decay, epsilon, gradient clipping.',
  learningRateFactor,
  decay,
  weightDecay(value, form, settings, lrFactor, { kappa }) {
    if (form === 'coupled')
      return { value, formula: 'unchanged', reason: 'It is part of the gradient and scales with it' };
    if (form === 'independent')
      return {
        value: -Math.expm1(kappa * Math.log1p(-value)),
        formula: `1-(1-${num(value)})^${exponent(kappa)}`,
        reason: 'It shrinks the weights by itself at every step, so per sample it must compound to the same',
      };
    if (settings.optimizer.decayInTrustRatio)
      return {
        value,
        formula: 'unchanged',
        reason:
          'It is part of the step whose length the trust ratio sets; the learning rate carries the change',
      };
    const factor = kappa / lrFactor;
    if (Math.abs(factor - 1) < 1e-12)
      return {
        value,
        formula: 'unchanged',
        reason: 'lr times weight decay per sample is kept by the learning rate',
      };
    return {
      value: value * factor,
      formula: `${num(value)}*kappa/(lr'/lr) = ${num(value)}*${num(factor)}`,
      reason: 'lr times weight decay per sample is kept',
    };
  },
  epsilon: (value) => ({
    value,
    formula: 'unchanged',
    reason: 'The normalised gradient keeps its level under this rule',
  }),
  count: (value, kappa) => ({
    value: value / kappa,
    formula: kappa < 1 ? `${num(value)}*${fraction(1 / kappa)}` : `${num(value)}/${exponent(kappa)}`,
    reason: 'The same number of samples',
  }),
};
