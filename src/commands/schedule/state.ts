import { fraction } from '../../base/numbers.ts';
import { type Group, isRole, type Recipe } from '../../recipe/recipe.ts';
import { bufferFactor, dividesByLevel } from '../../rules/ema.ts';
import { meanSquareRatio } from '../../rules/noise-aware.ts';
import { optimizerSettings } from '../../rules/optimizer-settings.ts';
import {
  constant,
  fewer,
  inLetters,
  oneMinus,
  over,
  type Quantity,
  symbol,
  times,
} from '../../rules/quantity.ts';
import type { OptimizerSettings, Ratio, Rule, RuleOptions } from '../../rules/rule.ts';

/** What to do with a piece of optimizer state when the batch changes. */
export interface StateChange {
  readonly what: string;
  /** Multiply by this; undefined where it is not known without the noise scale. */
  readonly factor?: number;
  readonly formula: string;
}

/**
 * What to do with the state of a run when its batch changes from one phase to the next.
 * @param recipe the config, as written for its own batch
 * @param ruleFor the rule of one optimizer
 * @param from batch of the phase that ends, in samples
 * @param to batch of the phase that begins
 */
export function stateChanges(
  recipe: Recipe,
  ruleFor: (group: Group) => Rule,
  from: number,
  to: number,
  options: RuleOptions,
): StateChange[] {
  const ratio = { from, to, kappa: to / from };
  const counter = fewer(symbol('t'), ratio.kappa);
  const changes = recipe.groups.flatMap((group) => {
    const rule = ruleFor(group);
    const before = settingsAt(group, rule, from / recipe.batch.global, options);
    const name = recipe.groups.length > 1 ? `${before.optimizer.title} at ${group.pointer}: ` : '';
    const own = optimizerState(before, rule, ratio, options);
    return own.map((change) => ({ ...change, what: name + change.what }));
  });
  if (recipe.averages.some((a) => isRole(a, 'decay') && a.role.of === 'model-ema'))
    changes.push(state('update counter of the weight average (EMA); its weights stay', counter));
  changes.push(state('learning-rate scheduler counter', counter));
  return changes;
}

function state(what: string, { value, formula }: Quantity): StateChange {
  return { what, factor: value, formula };
}

/** The settings of a group in a phase whose batch is `kappa` times that of the config. */
function settingsAt(group: Group, rule: Rule, kappa: number, options: RuleOptions): OptimizerSettings {
  const written = optimizerSettings(group);
  if (written.gradientDecay === undefined) return written;
  const { value } = rule.decay(constant(written.gradientDecay), 'gradient', written, kappa, options);
  return { ...written, gradientDecay: value };
}

function optimizerState(
  before: OptimizerSettings,
  rule: Rule,
  ratio: Ratio,
  options: RuleOptions,
): StateChange[] {
  const { optimizer, gradientDecay: mu = 0 } = before;
  const changes: StateChange[] = [];
  if (optimizer.buffer === 'sum' && mu > 0)
    changes.push(state('momentum buffer', momentumBuffer(before, mu, rule, ratio, options)));
  else if (optimizer.buffer !== 'none')
    changes.push({ what: 'gradient average', factor: 1, formula: 'unchanged: it is an average' });
  if (optimizer.secondMoment) changes.push(secondMoment(ratio, options));
  if (dividesByLevel(before) || bufferFactor(before, ratio.kappa) || optimizer.secondMoment)
    changes.push(state('step counter of the bias correction', fewer(symbol('t'), ratio.kappa)));
  return changes;
}

/** A sum g/(1-mu) at the level that the new momentum will keep it at; some buffers hold the learning rate too. */
function momentumBuffer(
  before: OptimizerSettings,
  mu: number,
  rule: Rule,
  ratio: Ratio,
  options: RuleOptions,
): Quantity {
  const after = rule.decay(constant(mu), 'gradient', before, ratio.kappa, options);
  const level = over(oneMinus(constant(mu)), oneMinus(after));
  const rate = before.optimizer.lrInBuffer ? rule.learningRateFactor(before, ratio, options).value : 1;
  if (rate === 1) return level;
  return inLetters("(1-mu)/(1-mu') * lr'/lr", times(level, constant(rate), ' '));
}

function secondMoment(ratio: Ratio, { noiseScale }: RuleOptions): StateChange {
  const what = 'second moment';
  if (noiseScale !== undefined) return state(what, meanSquareRatio(ratio, noiseScale));
  return {
    what,
    formula: `between 1 (signal dominates) and ${fraction(1 / ratio.kappa)} (noise dominates); --noise-scale N makes it exact`,
  };
}
