import type { WeightDecayForm } from '../dialect/roles.ts';

/**
 * Where an optimizer divides out the size of the gradient, which decides how its learning rate follows the batch:
 * - `after-momentum`: the averaged step itself is normalised (LAMB, Lion, Muon). Its length does not depend on the noise.
 * - `second-moment`: by a running E[g^2] = mu^2 + s^2/B, whose level moves with the batch (Adam, RMSprop).
 * - `gradient-norm`: the raw gradient is normalised before the momentum buffer (LARS); its norm moves like E[g^2].
 * - `never`: plain gradients (SGD).
 */
export type Normalisation = 'after-momentum' | 'second-moment' | 'gradient-norm' | 'never';

/** How the gradient buffer accumulates: `ema` (1-mu)*g + mu*buf, `sum` g + mu*buf (heavy ball), or there is none. */
export type BufferForm = 'ema' | 'sum' | 'none';

/** What the scaling rules need to know about an optimizer. */
export interface Optimizer {
  readonly name: string;
  readonly title: string;
  readonly normalises: Normalisation;
  readonly buffer: BufferForm;
  /** It keeps an average of squared gradients (or of their norms). */
  readonly secondMoment: boolean;
  readonly weightDecay: WeightDecayForm;
  /** Epsilon is added inside the square root. */
  readonly epsilonInside: boolean;
  /** The weight decay is part of the step whose length is normalised: the learning rate carries the change. */
  readonly decayInTrustRatio?: boolean;
  /** beta1 only mixes the newest gradient into the update, beta2 is the buffer's decay (Lion). */
  readonly mixesNewest?: true;
  /** It is for matrices, and an Adam beside it trains the rest (Muon). */
  readonly matricesOnly?: true;
  /** The step looks one gradient ahead, so a power of the decay is not an exact conversion. */
  readonly lookAhead?: true;
  /** The buffer holds lr * gradient, so a change of lr in mid-run reaches it late (Keras SGD). */
  readonly lrInBuffer?: true;
  /** The first decay is an interpolation of iterates, not an average of gradients (schedule-free). */
  readonly interpolatesIterates?: true;
  /** Its second moment is a plain sum over the run, not an average (Adagrad). */
  readonly accumulatesForever?: true;
  /** Its paper keeps the warm-up in steps while the batch grows. */
  readonly keepsWarmupSteps?: true;
  /** Where the update rule was read. */
  readonly source: string;
}

/** An optimizer's defaults. */
export interface OptimizerDefaults {
  readonly lr?: number;
  readonly gradient?: number;
  readonly secondMoment?: number;
  readonly third?: number;
  readonly weightDecay?: number;
  readonly epsilon?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
}

/** An optimizer as one framework has it: the update rule, where that framework differs, and its defaults. */
export interface Binding {
  readonly optimizer: Optimizer;
  readonly defaults: OptimizerDefaults;
}
