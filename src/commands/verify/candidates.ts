import type { Hyperparameters } from '../../lab/optimizers.ts';
import type { Candidate } from '../../lab/training-plan.ts';
import type { Optimizer } from '../../optimizers/optimizer.ts';
import { ema } from '../../rules/ema.ts';
import { keepLr } from '../../rules/keep-lr.ts';
import { linear } from '../../rules/linear.ts';
import { noiseAware } from '../../rules/noise-aware.ts';
import type { Ratio, Rule, RuleOptions, Settings } from '../../rules/rule.ts';
import { sqrt } from '../../rules/sqrt.ts';

/** An optimizer as the rules see it. */
function settingsOf(optimizer: Optimizer, by: Hyperparameters): Settings {
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
    rule.decay(value, of, settings, ratio.kappa, options).value;
  const dampened = old.dampening !== 0 && old.dampening === old.gradient;
  return {
    ...old,
    lr: old.lr * factor,
    gradient: decay(old.gradient, 'gradient'),
    secondMoment: decay(old.secondMoment, 'second-moment'),
    third: decay(old.third, 'third'),
    dampening: dampened ? decay(old.dampening, 'gradient') : old.dampening,
    epsilon: rule.epsilon(old.epsilon, optimizer.epsilonInside, settings, ratio, options).value,
    weightDecay: rule.weightDecay(old.weightDecay, old.weightDecayForm, settings, factor, ratio).value,
  };
}

/** The rules that are tried against each other, besides leaving everything as it is. */
const COMPARED: readonly Rule[] = [ema, noiseAware, sqrt, linear, keepLr];

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
  const ruled = COMPARED.map((rule) => ({
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
