/** What a field of a config does, as its dialect's schema declares it (schemas/roles.schema.json). */
export type Role =
  | BatchRole
  | LearningRateRole
  | DecayRole
  | CountRole
  | { readonly role: 'dampening' | 'nesterov' | 'clip' | 'optimizer' | 'sync-norm' | 'rate' }
  /** An average's warm-up 1-(1+t/gamma)^-power: its time constant and its power, side by side in one object. */
  | { readonly role: 'ramp-gamma' | 'ramp-power' }
  | { readonly role: 'weight-decay'; readonly form?: WeightDecayForm; readonly trainer?: TrainerScaling }
  | { readonly role: 'epsilon'; readonly inside?: boolean };

/** A factor of the global batch. The product of micro, accumulation, devices and nodes is global. */
export interface BatchRole {
  readonly role: 'batch';
  /**
   * `per-device` is micro x accumulation in one number, `per-node` the samples of one machine. `nominal` is a batch up to which the trainer accumulates by
   * itself: the batch behind a step is the larger of it and global. `micro-limit` is a second limit on the micro batch
   * (tokens beside sentences) and moves in proportion.
   */
  readonly part:
    | 'global'
    | 'micro'
    | 'accumulation'
    | 'devices'
    | 'nodes'
    | 'per-device'
    | 'per-node'
    | 'nominal'
    | 'micro-limit';
  readonly unit: 'samples' | 'tokens';
  /** The trainer takes fractions of a sample per device (MaxText). */
  readonly fractional?: boolean;
  /**
   * On the global batch: the trainer accumulates global / (micro x devices) times without a field that says so, so
   * the micro batch stays where it divides.
   */
  readonly accumulates?: boolean;
}

export interface LearningRateRole {
  readonly role: 'learning-rate';
  readonly point: 'peak' | 'minimum' | 'warmup-start';
  /** What the trainer multiplies the value by at run time as the batch changes; it is divided out again. */
  readonly trainer?: TrainerScaling;
}

/**
 * How a trainer scales a value by itself: with the global batch, its root, the number of devices, (`noam`) with the
 * warm-up length to the power -1/2, with the passes that make a step (accumulation x devices, where their gradients
 * are added up), or with the samples of one such pass (`micro`).
 */
export type TrainerScaling = 'linear' | 'sqrt' | 'per-worker' | 'noam' | 'summed-passes' | 'micro';

/** An exponential average; `schedule` is an exponential warm-up of the learning rate, which forgets its start alike. */
export interface DecayRole {
  readonly role: 'decay';
  readonly of:
    | 'gradient'
    | 'second-moment'
    | 'third'
    | 'model-ema'
    | 'batch-norm'
    | 'preconditioner'
    | 'schedule';
  /** How the value is written: the decay, 1 - decay, or the half-life in updates. */
  readonly form: 'decay' | 'complement' | 'half-life';
  /** What one update of the average is: an optimizer step, or a forward pass. */
  readonly per: 'step' | 'forward';
  /** A half-life that the trainer reads as a whole number. */
  readonly whole?: boolean;
}

export interface CountRole {
  readonly role: 'count';
  readonly unit: 'steps' | 'micro-steps' | 'scheduler-ticks' | 'samples' | 'tokens' | 'epochs';
  readonly use: 'schedule' | 'cadence' | 'average';
  readonly minimum?: number;
  /** A fraction of the run stays: a value below 1, or (`'float'`) whatever is written with a decimal point. */
  readonly fraction?: boolean | 'float';
  /** The number of the first step, where the field is the number of a step rather than of steps. */
  readonly origin?: number;
}

/** coupled: added to the gradient. times-lr: w -= lr*wd*w. independent: w -= wd*w whatever the peak lr. */
export type WeightDecayForm = 'coupled' | 'times-lr' | 'independent';

/** Roles packed into one string: `"(0.9, 0.98)"`, `"momentum=0.9, nesterov=True"`, `"100ba"`. */
export interface Encoding {
  readonly kind: 'tuple-string' | 'kv-string' | 'time-string';
  readonly items?: readonly { readonly role: Role }[];
  /** Behind a key stands one number, or a tuple with a role for each entry (`betas=0.9,0.99`). */
  readonly fields?: Readonly<Record<string, EncodedField>>;
}

/** What stands behind one key of a `kv-string`. */
export type EncodedField = { readonly role: Role } | { readonly items: readonly { readonly role: Role }[] };

/** A constraint between counts that rounding could break. Fields are paths below the object, `a/b`. */
export type Constraint =
  /** The first must stay a whole multiple of the second. */
  | { readonly kind: 'multiple'; readonly of: readonly [string, string] }
  /** The first must stay the sum of the others; the last of them gives way. */
  | { readonly kind: 'sum'; readonly of: readonly [string, string, ...string[]] };

/** The default that a trainer uses for a field the file does not have. */
export type Default = number | string | boolean | readonly number[];

/** A field that the schema knows and the file lacks. */
export interface Absent {
  /** The trainer's default, or undefined where the optimizer table knows it. */
  readonly default?: Default;
  readonly role?: Role;
  /** For a list: the roles of its entries. */
  readonly items?: readonly Role[];
}

/** What a validator collects as it walks a config: [pointer, what was found there]. */
export type Found = readonly [
  pointer: string,
  found:
    | { readonly role: Role }
    | { readonly encoding: Encoding }
    | { readonly scope: 'optimizer' }
    | { readonly constraint: Constraint }
    | { readonly note: string }
    | { readonly assumes: { readonly optimizer: string } }
    | { readonly absent: Absent },
];
