import type { Optimizer } from '../optimizers/optimizer.ts';
import { ema } from '../rules/ema.ts';
import { keepLr } from '../rules/keep-lr.ts';
import { linear } from '../rules/linear.ts';
import { noiseAware } from '../rules/noise-aware.ts';
import type { Ratio, Rule, RuleOptions, Settings } from '../rules/rule.ts';
import { sqrt } from '../rules/sqrt.ts';
import type { Hyperparameters, Reference } from './optimizers.ts';
import type { Candidate, TrainingSizes } from './train.ts';

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

/** How far a run should come: the sum of its step lengths, in the problem's unit of 1 for the spread of weights. */
const TRAVEL = { gradient: 10, unit: 2, relative: 2, length: 2, slowing: 2 } as const;

/**
 * The learning rate that takes the problem a good way down in so many steps. A config's own rate means nothing in the
 * problem's units, and nothing depends on it: rules only multiply it.
 */
export function travellingRate(
  { step, bufferSum }: Reference,
  by: Pick<Hyperparameters, 'gradient' | 'dampening'>,
  { oldSteps, width }: Pick<TrainingSizes, 'oldSteps' | 'width'>,
): number {
  const unit = step === 'length' ? Math.sqrt(width) : 1;
  const steps = step === 'slowing' ? 2 * Math.sqrt(oldSteps) : oldSteps;
  const sum = bufferSum ? (1 - by.dampening) / (1 - by.gradient) : 1;
  return (TRAVEL[step] * unit) / (steps * sum);
}

/** Steps of the larger batch: as many as the published comparison takes. */
const COARSE_STEPS = 1000;
const FEWEST_COARSE_STEPS = 125;
const LAYERS = 8;
const WIDTHS = [128, 64, 32, 16] as const;
const PROBLEMS = 4;
/** A normal costs as much as so many coordinate updates. */
const DRAW = 3;

/**
 * Sizes for a number of coordinate updates that can be afforded: coordinates are given up first, then steps.
 * @param kappa new batch over old
 * @param old how many old runs there are beside each other, and `now` how many new ones
 * @param updates about 10^8 a second on one core
 */
export function trainingSizes(kappa: number, old: number, now: number, updates: number): TrainingSizes {
  const perSample = DRAW + (kappa > 1 ? old + now / kappa : old * kappa + now);
  const stretch = Math.max(kappa, 1 / kappa);
  const cost = (width: number) => PROBLEMS * LAYERS * width * COARSE_STEPS * stretch * perSample;
  const width = WIDTHS.find((w) => cost(w) <= updates) ?? WIDTHS.at(-1)!;
  const affordable = Math.floor(COARSE_STEPS * Math.min(1, updates / cost(width)));
  const coarse = Math.max(FEWEST_COARSE_STEPS, affordable);
  return { width, layers: LAYERS, problems: PROBLEMS, oldSteps: Math.round(coarse * Math.max(1, kappa)) };
}
