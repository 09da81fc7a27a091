import type { DecayRole, WeightDecayForm } from '../dialect/roles.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Quantity } from './quantity.ts';

/** The batch before and after, as a rule sees it. */
export interface Ratio {
  /** Global batch sizes in samples. */
  readonly from: number;
  readonly to: number;
  /** to / from. */
  readonly kappa: number;
}

/** One optimizer's settings before the change: its new learning rate and decays depend on all of them. */
export interface OptimizerSettings {
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
  /** What power of kappa learning rates move by, under the rule `power`. */
  readonly power?: number;
  /** The rule by the letter: of `sqrt` the linear form 1 - kappa*(1 - beta), of `ema` Lion's b1*b2^(kappa-1). */
  readonly literal?: boolean;
  /** Never write a second-moment decay below this; its window is then no longer kept in samples. */
  readonly floorBeta2?: number;
}

/** A value under a rule: what it becomes with its formula, and one sentence why. */
export type Scaled = Quantity & { readonly reason: string };

/** What the user should know about a plan. The code is part of the interface. */
export interface Advice {
  readonly code: string;
  readonly message: string;
}

/**
 * A scaling rule: how each kind of setting follows the batch. Pure functions of quantities; they know no framework.
 * Most rules change one thing of another rule (CONTRIBUTING.md has the steps):
 * `{ ...ema, name: 'mine', learningRateFactor: (_, { kappa }) => ({ ...squareRoot(ratio(kappa)), reason: 'Why' }) }`.
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
  /** Options that this rule uses and not every rule does. */
  readonly uses?: readonly ('noiseScale' | 'power' | 'literal')[];
  /** What to multiply every learning rate of the optimizer by. */
  learningRateFactor(settings: OptimizerSettings, ratio: Ratio, options: RuleOptions): Scaled;
  /** A decay under a change of its own ratio (global for optimizers, per device for BatchNorm). */
  decay(
    old: Quantity,
    of: DecayRole['of'],
    settings: OptimizerSettings | undefined,
    kappa: number,
    options: RuleOptions,
  ): Scaled;
  /** Weight decay; `lrFactor` is what the learning rate was multiplied by. */
  weightDecay(
    old: Quantity,
    form: WeightDecayForm,
    settings: OptimizerSettings,
    lrFactor: number,
    ratio: Ratio,
  ): Scaled;
  epsilon(
    old: Quantity,
    inside: boolean,
    settings: OptimizerSettings,
    ratio: Ratio,
    options: RuleOptions,
  ): Scaled;
  /** A number of steps: same samples, so divided by the ratio of samples per step. Not yet rounded. */
  count(steps: Quantity, kappa: number): Scaled;
  /** What to know about the learning rate of one optimizer, which it multiplies by `factor`. */
  advice?(settings: OptimizerSettings, ratio: Ratio, options: RuleOptions, factor: number): readonly Advice[];
}
