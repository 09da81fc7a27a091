/** What one field of a role takes: one of some values, each with its meaning, or any value of a type. */
interface FieldOfRole {
  readonly means?: string;
  readonly values?: Readonly<Record<string, string>>;
  readonly type?: 'boolean' | 'integer';
  readonly required?: true;
}

/** A role that a field of a config can play. */
interface RoleDescription {
  readonly means: string;
  readonly fields: Readonly<Record<string, FieldOfRole>>;
}

/** Trainers that scale a value themselves. */
export const TRAINER = {
  means: 'what the trainer itself multiplies the value by as the batch changes; it is divided out again',
  values: {
    linear: 'the global batch',
    sqrt: 'the root of the global batch',
    'per-worker': 'the number of devices',
    'sqrt-per-worker': 'the root of the number of devices',
    noam: 'the length of the warm-up to the power -1/2',
    'summed-passes': 'the passes of one step (accumulation x devices), where their gradients are added up',
    micro: 'the samples of one pass on one device',
    'sqrt-micro': 'the root of the samples of one pass on one device',
    accumulation: 'the accumulation',
    'sqrt-accumulation': 'the root of the accumulation',
    'per-device': 'the samples that one device takes for one step (micro x accumulation)',
    'sqrt-per-device': 'the root of the samples that one device takes for one step (micro x accumulation)',
  },
} as const;

/**
 * Every role. The types below, the check of what a schema writes under `role` (meta-schema.ts) and the list
 * in docs/write-a-dialect.md come from this table; types and bounds of values are in schemas/roles.schema.json.
 */
export const ROLES = {
  batch: {
    means: 'a factor of the global batch, or the product of some',
    fields: {
      part: {
        required: true,
        values: {
          global: 'the samples of one optimizer step: micro x accumulation x devices x nodes',
          micro: 'what one device takes through one forward and backward pass',
          accumulation: 'passes whose gradients make one step',
          devices: 'data-parallel devices, of one node where nodes are given too',
          nodes: 'machines',
          world: 'devices of all machines in one number',
          replicas:
            'data-parallel groups, where the file counts these and not devices; several are multiplied',
          'model-parallel':
            'devices that share one copy of the model (tensor, pipeline, context parallel); several are multiplied, and the devices are divided by them',
          unsaid:
            'a batch size of which no word says whether it counts one device or the whole step: the rest of the file or --batch-is decides',
          'per-device': 'micro x accumulation in one number',
          'per-node': 'the samples of one machine',
          nominal:
            'a batch up to which the trainer accumulates by itself: a step has the larger of it and global',
          'micro-limit': 'a second limit on the micro batch (tokens beside sentences), moved in proportion',
        },
      },
      unit: { required: true, values: { samples: '', tokens: '' } },
      fractional: { type: 'boolean', means: 'the trainer takes fractions of a sample for each device' },
      ids: {
        values: {
          sure: 'on devices: the number of one of them, or a list of such numbers',
          perhaps: 'on devices: how many, or which one; from 2 on nobody can tell',
          several: 'on devices: true or a name says that there are several',
        },
      },
      together: {
        type: 'boolean',
        means: 'on the accumulation: it counts the passes of all devices, which the trainer shares out',
      },
      accumulates: {
        type: 'boolean',
        means:
          'on the global batch: the trainer works out the accumulation from it and the micro batch, which stays where it divides',
      },
    },
  },
  'learning-rate': {
    means: 'a learning rate, not a factor of one',
    fields: {
      point: {
        required: true,
        values: {
          peak: 'the highest of the schedule',
          minimum: 'where the schedule ends; may be 0',
          'warmup-start': 'where the warm-up begins; may be 0',
        },
      },
      trainer: TRAINER,
    },
  },
  decay: {
    means: 'an exponential average',
    fields: {
      of: {
        required: true,
        values: {
          gradient: "heavy-ball momentum or beta1: the optimizer's buffer decides",
          'second-moment': 'squared gradients (beta2)',
          third: 'a third average of the optimizer, such as beta3 of AdEMAMix',
          'model-ema': "the model's weights",
          'batch-norm': 'the statistics of batch normalisation',
          preconditioner: 'the matrices of Shampoo and SOAP',
          schedule: 'an exponential warm-up of the learning rate, which forgets its start in the same way',
        },
      },
      form: {
        required: true,
        values: {
          decay: 'the decay itself',
          complement: '1 - decay',
          'half-life': 'the half-life in updates',
        },
      },
      per: {
        required: true,
        means: 'what one update of the average is',
        values: { step: 'an optimizer step', forward: 'a forward pass' },
      },
      cycled: {
        means: "where a scheduler runs the average between two values, whatever the optimizer's own is",
        values: {
          lowest: 'the lower one, in force where the learning rate is highest',
          highest: 'the higher one',
        },
      },
      whole: { type: 'boolean', means: 'a half-life that the trainer reads as a whole number' },
    },
  },
  count: {
    means: 'a number of steps, or of passes, samples, tokens or epochs',
    fields: {
      unit: {
        required: true,
        values: {
          steps: 'optimizer steps',
          'micro-steps': 'passes of the data loader; a step has as many as the accumulation',
          'scheduler-ticks': 'calls of the scheduler: one a step from each device',
          samples: 'stays',
          tokens: 'stays',
          epochs: 'stays',
        },
      },
      use: {
        required: true,
        values: {
          schedule: 'shapes the run: its length, warm-up, decay',
          cadence: 'how often to log, save or evaluate: moved with --cadence alone',
          average: 'belongs to an average: its start, its ramp',
        },
      },
      minimum: { type: 'integer', means: 'the smallest value that the trainer accepts' },
      fraction: {
        means: 'a fraction of the run is allowed here instead, and stays',
        values: { 'below-1': 'where the value is below 1', float: 'where it has a decimal point' },
      },
      origin: {
        type: 'integer',
        means:
          'the field is the number of one step, not a count of steps; this is the number of the first step',
      },
    },
  },
  'weight-decay': {
    means: 'the decay of the weights',
    fields: {
      form: {
        means: "where it is not the optimizer's own",
        values: {
          coupled: 'added to the gradient',
          'times-lr': 'w -= lr*wd*w',
          independent: 'w -= wd*w, whatever the peak learning rate',
        },
      },
      trainer: TRAINER,
    },
  },
  epsilon: {
    means: 'what is added to the second moment or to its root',
    fields: { inside: { type: 'boolean', means: "inside the root, where that is not the optimizer's own" } },
  },
  dampening: { means: 'the part of a gradient that does not enter the momentum', fields: {} },
  nesterov: { means: 'true: the momentum looks one gradient ahead', fields: {} },
  clip: { means: 'the norm that gradients are cut to', fields: {} },
  optimizer: { means: "the optimizer's name", fields: {} },
  'sync-norm': { means: 'true: batch normalisation takes its statistics over all devices', fields: {} },
  rate: { means: "a rate for each step, such as NAdam's momentum_decay: times kappa", fields: {} },
  'ramp-gamma': {
    means: "the time constant of an average's warm-up 1-(1+t/gamma)^-power, beside its power",
    fields: {},
  },
  'ramp-power': { means: 'the power of that warm-up', fields: {} },
} as const satisfies Readonly<Record<string, RoleDescription>>;

type ValueOf<F> = F extends { values: infer V }
  ? keyof V & string
  : F extends { type: 'integer' }
    ? number
    : boolean;
type RequiredIn<Fields> = {
  [K in keyof Fields]: Fields[K] extends { required: true } ? K : never;
}[keyof Fields];
type RoleNamed<N extends keyof typeof ROLES, Fields = (typeof ROLES)[N]['fields']> = {
  readonly role: N;
} & { readonly [K in RequiredIn<Fields>]: ValueOf<Fields[K]> } & {
  readonly [K in Exclude<keyof Fields, RequiredIn<Fields>>]?: ValueOf<Fields[K]>;
};

export type BatchRole = RoleNamed<'batch'>;
export type LearningRateRole = RoleNamed<'learning-rate'>;
export type DecayRole = RoleNamed<'decay'>;
export type CountRole = RoleNamed<'count'>;

/** What a field of a config does, as its dialect's schema declares it (schemas/roles.schema.json). */
export type Role = { [N in keyof typeof ROLES]: RoleNamed<N> }[keyof typeof ROLES];

/** How a trainer scales a value by itself as the batch changes. */
export type TrainerScaling = keyof (typeof TRAINER)['values'];

/** How an optimizer takes the weight decay. */
export type WeightDecayForm = ValueOf<(typeof ROLES)['weight-decay']['fields']['form']>;

/** Roles packed into one string: `"(0.9, 0.98)"`, `"momentum=0.9, nesterov=True"`, `"100ba"`. */
export interface Encoding {
  readonly kind: 'tuple-string' | 'kv-string' | 'time-string';
  readonly items?: readonly { readonly role: Role }[];
  /** The value of a key is one number, or a tuple with a role for each entry (`betas=0.9,0.99`). */
  readonly fields?: Readonly<Record<string, EncodedField>>;
}

/** The value of one key of a `kv-string`. */
export type EncodedField = { readonly role: Role } | { readonly items: readonly { readonly role: Role }[] };

/** A constraint between counts that rounding could break. Fields are paths below the object, `a/b`. */
export type CountConstraint =
  /** The first must stay a whole multiple of the second. */
  | { readonly kind: 'multiple'; readonly of: readonly [string, string] }
  /** The first must stay the sum of the others; the last of them is adjusted. */
  | { readonly kind: 'sum'; readonly of: readonly [string, string, ...string[]] };

/** What a trainer demands of the batch; a config that breaks it is refused. Fields are paths below the object. */
export type Demand =
  /** The global batch must be a whole multiple of the field's value. */
  | { readonly kind: 'batch-multiple'; readonly of: readonly [string]; readonly default?: number }
  /** The first, a limit on the batch, must not be below the second: the longest sample. */
  | { readonly kind: 'at-least'; readonly of: readonly [string, string] };

/** What must hold between fields. */
export type Constraint = CountConstraint | Demand;

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

/** What a trainer takes for an optimizer whatever the file says. */
export interface Assumed {
  readonly optimizer?: string;
  /** It takes no decays from the file, so none can be written there; a note of the schema says what to do. */
  readonly decays?: 'in the code';
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
    | { readonly assumes: Assumed }
    | { readonly agrees: string }
    | { readonly absent: Absent },
];
