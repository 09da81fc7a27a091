import type { Hyperparameters } from '../../lab/optimizers.ts';
import type { Candidate } from '../../lab/train.ts';
import type { Optimizer } from '../../optimizers/optimizer.ts';
import { ema } from '../../rules/ema.ts';
import { RULES } from '../../rules/index.ts';
import { constant } from '../../rules/quantity.ts';
import type { OptimizerSettings, Ratio, Rule, RuleOptions } from '../../rules/rule.ts';

/** An optimizer as the rules see it. */
function settingsOf(optimizer: Optimizer, by: Hyperparameters): OptimizerSettings {
  return {
    optimizer,
    gradientDecay: by.gradient,
    secondMomentDecay: by.secondMoment,
    dampening: by.dampening,
    nesterov: by.nesterov,
  };
}

/** What a rule makes of an optimizer's settings, unrounded. @throws Problem where the rule does not apply */
export function settingsUnder(
  rule: Rule,
  old: Hyperparameters,
  optimizer: Optimizer,
  ratio: Ratio,
  options: RuleOptions = {},
): Hyperparameters {
  const settings = settingsOf(optimizer, old);
  const factor = rule.learningRateFactor(settings, ratio, options).value;
  const decay = (value: number, of: 'gradient' | 'second-moment' | 'third') =>
    rule.decay(constant(value), of, settings, ratio.kappa, options).value;
  const dampened = old.dampening !== 0 && old.dampening === old.gradient;
  return {
    ...old,
    lr: old.lr * factor,
    gradient: decay(old.gradient, 'gradient'),
    secondMoment: decay(old.secondMoment, 'second-moment'),
    third: decay(old.third, 'third'),
    dampening: dampened ? decay(old.dampening, 'gradient') : old.dampening,
    epsilon: rule.epsilon(constant(old.epsilon), optimizer.epsilonInside, settings, ratio, options).value,
    weightDecay: rule.weightDecay(constant(old.weightDecay), old.weightDecayForm, settings, factor, ratio)
      .value,
  };
}

/**
 * Every rule's settings at one noise scale, and the mistakes people make with this optimizer:
 * - `not-converted`: the old settings at the new batch;
 * - `kappa-lr-converted-momentum`: kappa*lr with mu^kappa for a summing buffer, whose sum the learning rate then misses;
 * - `sqrt-lr`: sqrt(kappa)*lr with converted decays, for optimizers to which the square-root rule does not apply.
 * @param noiseScale in samples, above 0
 */
export function candidates(
  old: Hyperparameters,
  optimizer: Optimizer,
  ratio: Ratio,
  noiseScale: number,
): Candidate[] {
  const ruled = RULES.map((rule) => ({
    rule: rule.name,
    settings: settingsUnder(rule, old, optimizer, ratio, { noiseScale }),
  }));
  const converted = settingsUnder(ema, old, optimizer, ratio);
  const trap = { ...converted, lr: old.lr * ratio.kappa };
  const root = { ...converted, lr: old.lr * Math.sqrt(ratio.kappa) };
  return [
    { rule: 'not-converted', settings: old },
    ...ruled,
    ...(trap.lr === converted.lr ? [] : [{ rule: 'kappa-lr-converted-momentum', settings: trap }]),
    ...(optimizer.normalises === 'after-momentum' ? [{ rule: 'sqrt-lr', settings: root }] : []),
  ];
}
