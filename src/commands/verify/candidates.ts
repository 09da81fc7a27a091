import { lookUp } from '../../base/look-up.ts';
import type { Hyperparameters } from '../../lab/optimizers.ts';
import type { Candidate } from '../../lab/training-plan.ts';
import type { Optimizer } from '../../optimizers/optimizer.ts';
import { ema } from '../../rules/ema.ts';
import { constant } from '../../rules/quantity.ts';
import type { Ratio, Rule, RuleOptions } from '../../rules/rule.ts';

/** What a rule makes of an optimizer's settings, unrounded. @throws Problem where the rule does not apply */
export function settingsUnder(
  rule: Rule,
  old: Hyperparameters,
  optimizer: Optimizer,
  ratio: Ratio,
  options: RuleOptions = {},
): Hyperparameters {
  const settings = {
    optimizer,
    gradientDecay: old.gradient,
    secondMomentDecay: old.secondMoment,
    dampening: old.dampening,
    nesterov: old.nesterov,
  };
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

/** Settings that are no rule's: their names in JSON, and for people. */
const OTHER_SETTINGS: Readonly<Record<string, string>> = {
  /** The old settings at the new batch. */
  'not-converted': 'not converted',
  /** kappa*lr with mu^kappa for a buffer that sums; the learning rate then misses the change of the sum. */
  'kappa-lr-converted-momentum': 'kappa*lr, mu^kappa',
  /** sqrt(kappa)*lr with converted decays, for optimizers to which the square-root rule does not apply. */
  'sqrt-lr': 'sqrt(kappa)*lr',
  /** The new config's, where no rule gives them. */
  'as-written': 'as written',
};

/** A candidate's name for people. */
export function candidateTitle(rule: string): string {
  return lookUp(OTHER_SETTINGS, rule) ?? rule;
}

/**
 * The settings of every rule at one noise scale, and the mistakes people make with this optimizer.
 * @param rules that are compared with each other
 * @param optionsOf what each of them is given
 */
export function candidates(
  rules: Iterable<Rule>,
  old: Hyperparameters,
  optimizer: Optimizer,
  ratio: Ratio,
  optionsOf: (rule: Rule) => RuleOptions,
): Candidate[] {
  const ruled = [...rules].map((rule) => ({
    rule: rule.name,
    settings: settingsUnder(rule, old, optimizer, ratio, optionsOf(rule)),
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
