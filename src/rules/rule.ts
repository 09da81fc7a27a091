import type { DecayRole, WeightDecayForm } from '../dialect/roles.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';

/** The batch before and after, as a rule sees it. */
export interface Ratio {
  /** Global batch sizes in samples. */
  readonly from: number;
  readonly to: number;
  /** to / from. */
  readonly kappa: number;
}

/** One optimizer's settings before the change: what its learning rate and decays have to be seen together with. */
export interface Settings {
  readonly optimizer: Optimizer;
  /** beta1 or heavy-ball momentum, in [0, 1). */
  readonly gradientDecay?: number;
  /** beta2, or RMSprop's alpha, in [0, 1). */
  readonly secondMomentDecay?: number;
  /** torch SGD's dampening, in [0, 1). */
  readonly dampening?: number;
  readonly nesterov: boolean;
}

/** What the user gives a rule beside the config. */
export interface RuleOptions {
  /** Gradient noise scale tr(Sigma)/|G|^2 in samples (McCandlish et al., arXiv 1812.06162). */
  readonly noiseScale?: number;
  /** For `sqrt`: the paper's linear form 1 - kappa*(1 - beta) instead of the power. */
  readonly literal?: boolean;
  /** Never write a second-moment decay below this; its window is then no longer kept in samples. */
  readonly floorBeta2?: number;
}

/** A value under a rule: what it becomes, the formula with numbers in it, and one sentence why. */
export interface Scaled {
  readonly value: number;
  /** For a decay: 1 - value without cancellation. */
  readonly complement?: number;
  readonly formula: string;
  readonly reason: string;
}

/** A multiplier with its formula, numbers put in: `1/8*(1-0.9^(1/8))/(1-0.9)`. */
export interface Factor {
  readonly value: number;
  readonly formula: string;
  readonly reason: string;
}

/**
 * A scaling rule: how each kind of setting follows the batch. Pure functions of numbers; they know no framework.
 * A rule of one's own is `{ ...ema, name: 'mine', learningRateFactor: ... }`.
 */
export interface Rule {
  readonly name: string;
  readonly title: string;
  /** Paper or post. */
  readonly source: string;
  /** When it holds, in one sentence. */
  readonly holds: string;
  /** What it leaves alone, in one sentence. */
  readonly leaves: string;
  /** What to multiply every learning rate of the optimizer by. */
  learningRateFactor(settings: Settings, ratio: Ratio, options: RuleOptions): Factor;
  /** A decay under a change of its own ratio (global for optimizers, per device for BatchNorm). */
  decay(
    value: number,
    of: DecayRole['of'],
    settings: Settings | undefined,
    kappa: number,
    options: RuleOptions,
  ): Scaled;
  /** Weight decay; `lrFactor` is what the learning rate was multiplied by. */
  weightDecay(
    value: number,
    form: WeightDecayForm,
    settings: Settings,
    lrFactor: number,
    ratio: Ratio,
  ): Scaled;
  epsilon(value: number, inside: boolean, settings: Settings, ratio: Ratio, options: RuleOptions): Scaled;
  /** A number of steps: same samples, so divided by the ratio of samples per step. Not yet rounded. */
  count(value: number, kappa: number): Scaled;
}
