import type { DecayRole } from '../dialect/roles.ts';
import { keepsVariance, keepsWeights } from './lion.ts';
import {
  constant,
  fewer,
  inLetters,
  oneMinus,
  over,
  power,
  type Quantity,
  ratio as ratioOf,
  squareRoot,
  times,
  unchanged,
} from './quantity.ts';
import type { OptimizerSettings, Ratio, Rule, RuleOptions, Scaled } from './rule.ts';

/**
 * What the buffer does to the step length. A heavy-ball buffer g + mu*buf adds up to g/(1-mu), so with mu^kappa the
 * learning rate needs (1-mu^kappa)/(1-mu) to keep lr/(1-mu) per sample. With dampening tau that is neither 0 nor mu
 * the factor is (1-tau)/(1-tau') * (1-mu')/(1-mu), tau' = tau.
 * @returns undefined for a buffer that averages, which needs nothing
 */
export function bufferFactor(settings: OptimizerSettings, kappa: number): Scaled | undefined {
  const { optimizer, gradientDecay: mu = 0, dampening: tau = 0 } = settings;
  const averaging = optimizer.buffer !== 'sum' || mu === 0 || (tau !== 0 && tau === mu);
  if (averaging || optimizer.normalises === 'after-momentum') return undefined;
  const old = constant(mu);
  return {
    ...over(oneMinus(power(old, ratioOf(kappa))), oneMinus(old)),
    reason: 'The buffer sums (g + mu*buf), so lr/(1-mu) is the step per gradient, and mu changes',
  };
}

/** True for optimizers whose step is divided by a level that moves with the batch. */
export function dividesByLevel({ optimizer }: OptimizerSettings): boolean {
  return optimizer.normalises === 'second-moment' || optimizer.normalises === 'gradient-norm';
}

const NORMALISED =
  'The step is normalised, so its length is about the same, and there are kappa times fewer steps for the same samples (signal above noise; else see --rule noise-aware)';

const WHY_LINEAR: Record<OptimizerSettings['optimizer']['normalises'], string> = {
  'after-momentum':
    'Step length is set after averaging, so it is the same at any batch size, and there are kappa times fewer steps for the same samples',
  'second-moment': NORMALISED,
  'gradient-norm': NORMALISED,
  never: 'The gradient is a mean over the batch, and there are kappa times fewer steps for the same samples',
};

function learningRateFactor(settings: OptimizerSettings, { kappa }: Ratio): Scaled {
  if (settings.optimizer.accumulatesForever)
    return {
      ...squareRoot(ratioOf(kappa)),
      reason:
        'The step is divided by the root of a sum of squares over the whole run, which has kappa times fewer terms for the same samples',
    };
  const buffer = bufferFactor(settings, kappa);
  const why = WHY_LINEAR[settings.optimizer.normalises];
  if (!buffer) return { ...ratioOf(kappa), reason: why };
  return { ...times(ratioOf(kappa), buffer, ' '), reason: `${why}. ${buffer.reason}` };
}

function decay(
  old: Quantity,
  of: DecayRole['of'],
  settings: OptimizerSettings | undefined,
  kappa: number,
  { literal }: RuleOptions = {},
): Scaled {
  const beta2 = settings?.secondMomentDecay;
  if (of === 'gradient' && settings?.optimizer.mixesNewest && beta2) {
    const mixed = (literal ? keepsWeights : keepsVariance)(old, constant(beta2), kappa);
    if (mixed) return mixed;
  }
  // A moving average with decay beta over batches of B forgets as fast, per sample, as beta^kappa over kappa*B.
  return { ...power(old, ratioOf(kappa)), reason: 'The average keeps its memory in samples' };
}

function weightDecay(
  old: Quantity,
  form: Parameters<Rule['weightDecay']>[1],
  { optimizer }: OptimizerSettings,
  lrFactor: number,
  { kappa }: Ratio,
): Scaled {
  if (form === 'coupled')
    return { ...unchanged(old), reason: 'It is part of the gradient and scales with it' };
  if (form === 'independent')
    return {
      ...oneMinus(power(oneMinus(old), ratioOf(kappa))),
      reason:
        'It shrinks the weights at every step whatever the learning rate, so it must compound to the same per sample',
    };
  if (optimizer.decayInTrustRatio)
    return {
      ...unchanged(old),
      reason:
        'It is part of the step whose length the trust ratio sets; the learning rate carries the change',
    };
  const factor = kappa / lrFactor;
  if (Math.abs(factor - 1) < 1e-12)
    return { ...unchanged(old), reason: 'lr times weight decay per sample is kept by the learning rate' };
  return {
    ...inLetters(`${old.term.text}*kappa/(lr'/lr)`, times(old, constant(factor))),
    reason: 'lr times weight decay per sample is kept',
  };
}

/**
 * The rule of Viehmann 2019 in the form each optimizer needs.
 * @see Viehmann 2019, "Exponentially moving average and batch size"
 */
export const ema: Rule = {
  name: 'ema',
  title: 'keep every average’s memory in samples',
  source: 'Viehmann 2019, Exponentially moving average and batch size (lernapparat.de)',
  holds:
    'LAMB, Lion and Muon: at practically every noise level. SGD: at every noise level while the learning rate is small. Adam and RMSprop: where the batch is above the gradient noise scale.',
  leaves: 'Coupled weight decay, epsilon, gradient clipping.',
  uses: ['literal'],
  learningRateFactor,
  decay,
  weightDecay,
  epsilon: (old) => ({
    ...unchanged(old),
    reason: 'The normalised gradient keeps its level under this rule',
  }),
  count: (steps, kappa) => ({ ...fewer(steps, kappa), reason: 'The same number of samples' }),
};
