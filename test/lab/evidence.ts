import { candidates, settingsUnder } from '../../src/commands/verify/candidates.ts';
import { type Hyperparameters, type Layer, REFERENCES, type Update } from '../../src/lab/optimizers.ts';
import { type CandidateResult, train } from '../../src/lab/training.ts';
import type { Candidate, TrainingSizes } from '../../src/lab/training-plan.ts';
import { OPTIMIZERS, type OptimizerName } from '../../src/optimizers/table.ts';
import { ema } from '../../src/rules/ema.ts';
import { rulesFor } from '../../src/rules/index.ts';
import type { Ratio } from '../../src/rules/rule.ts';

/** Columns of the table: rules by the names that `candidates` gives them. */
export type Column =
  | 'not-converted'
  | 'linear'
  | 'ema'
  | 'sqrt'
  | 'noise-aware'
  | 'keep-lr'
  | 'kappa-lr-converted-momentum'
  | 'sqrt-lr'
  | 'power-of-b1'
  | 'sqrt-lr-power-of-b1'
  | 'literal';

/** Published distances of one optimizer at one noise level. */
interface Row {
  readonly sigma: number;
  readonly published: Readonly<Partial<Record<Column, number>>>;
}

/** One optimizer with its settings at the batch of 512, and what is known of it. */
export interface Entry {
  readonly title: string;
  readonly optimizer: OptimizerName;
  /** What was run under the optimizer's rules, where it is not the optimizer itself. */
  readonly update?: Update;
  readonly settings: Partial<Hyperparameters>;
  readonly rows: readonly Row[];
}

/** The published comparison: 4096 coordinates in 8 layers, 512,000 samples, independent noise in the two runs. */
export const BATCH: readonly [number, number] = [512, 16];
const SAMPLES = 512_000;
export const FULL: TrainingSizes = { width: 512, layers: 8, problems: 4, oldSteps: SAMPLES / BATCH[0] };

const NORMALISED = { lr: 2e-3, gradient: 0.9, secondMoment: 0.95 };

function row(sigma: number, ...figures: readonly (readonly [Column, number])[]): Row {
  return { sigma, published: Object.fromEntries(figures) };
}

function adamRow(sigma: number, none: number, linear: number, ema: number, sqrt: number, aware: number): Row {
  return row(
    sigma,
    ['not-converted', none],
    ['linear', linear],
    ['ema', ema],
    ['sqrt', sqrt],
    ['noise-aware', aware],
  );
}

/** Its published figures have b1^kappa for the weight of the newest gradient, not the b1*b2^(kappa-1) of the rule. */
function lionRow(sigma: number, none: number, linear: number, power: number, root: number): Row {
  return row(
    sigma,
    ['not-converted', none],
    ['linear', linear],
    ['power-of-b1', power],
    ['sqrt-lr-power-of-b1', root],
  );
}

function normalisedRow(sigma: number, none: number, linear: number, ema: number, root: number): Row {
  return row(sigma, ['not-converted', none], ['linear', linear], ['ema', ema], ['sqrt-lr', root]);
}

function sumRow(sigma: number, none: number, linear: number, ema: number, trap: number): Row {
  return row(
    sigma,
    ['not-converted', none],
    ['linear', linear],
    ['ema', ema],
    ['kappa-lr-converted-momentum', trap],
  );
}

/**
 * An averaged gradient divided by its root mean square over the layer: what was published for optimizers that normalise
 * after the momentum. On a layer that is one row, Muon is this.
 */
function normalisedMomentum({ weights, first: buffer }: Layer, g: Float64Array, by: Hyperparameters): void {
  const { lr, gradient: mu } = by;
  let squares = 0;
  for (let p = 0; p < g.length; p++) {
    buffer[p] = mu * buffer[p]! + (1 - mu) * g[p]!;
    squares += buffer[p]! ** 2;
  }
  const length = lr / Math.sqrt(squares / g.length);
  for (let p = 0; p < g.length; p++) weights[p]! -= length * buffer[p]!;
}

export const EVIDENCE: readonly Entry[] = [
  {
    title: 'Adam (.9, .95)',
    optimizer: 'adam',
    settings: NORMALISED,
    rows: [
      adamRow(1, 7.68, 0.007, 0.023, 6.36, 0.02),
      adamRow(30, 3.4, 0.549, 0.545, 0.972, 0.102),
      adamRow(300, 1.04, 0.282, 0.28, 0.06, 0.049),
      adamRow(3000, 0.178, 0.041, 0.041, 0.002, 0.002),
    ],
  },
  {
    title: 'LAMB (.9, .95)',
    optimizer: 'lamb',
    settings: NORMALISED,
    rows: [
      normalisedRow(1, 6.18, 0.176, 0.441, 5.29),
      normalisedRow(30, 2.38, 0.624, 0.204, 2.14),
      normalisedRow(300, 0.863, 0.664, 0.024, 0.854),
      normalisedRow(3000, 0.187, 0.14, 0.006, 0.174),
    ],
  },
  {
    title: 'Lion (.9, .98)',
    optimizer: 'lion',
    settings: { ...NORMALISED, secondMoment: 0.98 },
    rows: [
      lionRow(1, 6.14, 0.001, 0, 4.21),
      lionRow(30, 2.74, 0.174, 0.002, 2.01),
      row(300),
      lionRow(3000, 0.196, 0.157, 0.032, 0.409),
    ],
  },
  {
    title: 'normalised momentum .9',
    optimizer: 'muon',
    update: normalisedMomentum,
    settings: NORMALISED,
    rows: [
      normalisedRow(1, 4.64, 0.298, 0.004, 3.92),
      row(30),
      normalisedRow(300, 0.81, 0.758, 0.005, 0.792),
      row(3000),
    ],
  },
  {
    title: 'SGD heavy ball .9',
    optimizer: 'sgd',
    settings: { lr: 1e-3, gradient: 0.9 },
    rows: [row(1), sumRow(30, 2.41, 0.032, 0.016, 2.35), row(300), sumRow(3000, 3.6, 0.056, 0.033, 3.53)],
  },
];

/** Optimizers that the published table does not have. */
export const MORE: readonly Entry[] = [
  {
    title: 'SGD averaging .9',
    optimizer: 'sgd',
    settings: { lr: 1e-2, gradient: 0.9, dampening: 0.9 },
    rows: [row(1), row(30), row(300), row(3000)],
  },
  {
    title: 'LARS .9',
    optimizer: 'lars',
    settings: { lr: 2e-4, gradient: 0.9 },
    rows: [row(1), row(30), row(300), row(3000)],
  },
  {
    title: 'RMSprop (.95, mu .9)',
    optimizer: 'rmsprop',
    settings: { lr: 2e-4, gradient: 0.9, secondMoment: 0.95 },
    rows: [row(1), row(30), row(300), row(3000)],
  },
  {
    title: 'NAdam (.9, .95)',
    optimizer: 'nadam',
    settings: NORMALISED,
    rows: [row(1), row(30), row(300), row(3000)],
  },
  {
    title: 'NovoGrad (.9, .95)',
    optimizer: 'novograd',
    settings: { lr: 2e-4 * Math.sqrt(512), gradient: 0.9, secondMoment: 0.95 },
    rows: [row(1), row(30), row(300), row(3000)],
  },
  {
    title: 'AdEMAMix (.9, .95, .999)',
    optimizer: 'ademamix',
    settings: { ...NORMALISED, lr: 5e-4, third: 0.999 },
    rows: [row(1), row(30), row(300), row(3000)],
  },
  {
    title: 'Adagrad',
    optimizer: 'adagrad',
    settings: { lr: 2 / (2 * Math.sqrt(1000)) },
    rows: [row(1), row(30), row(300), row(3000)],
  },
];

export function hyperparameters(settings: Partial<Hyperparameters>): Hyperparameters {
  return {
    lr: 1e-3,
    gradient: 0,
    secondMoment: 0,
    third: 0,
    dampening: 0,
    nesterov: false,
    epsilon: 1e-8,
    weightDecay: 0,
    weightDecayForm: 'coupled',
    ...settings,
  };
}

/** sigma^2 over the mean square of the signal at the start. */
export function noiseScaleOf(sigma: number): number {
  return sigma ** 2 / (2 * Math.exp(2));
}

/** Distances of one entry, by noise level and column. */
export async function measure(
  { optimizer, update, settings, rows }: Entry,
  {
    batch = BATCH,
    sizes = FULL,
    seed = 1,
    noise = 'independent' as const,
    only,
  }: {
    batch?: readonly [number, number];
    sizes?: TrainingSizes;
    seed?: number;
    noise?: 'shared' | 'independent';
    only?: readonly string[];
  } = {},
): Promise<Map<number, Map<Column, CandidateResult>>> {
  const known = REFERENCES[optimizer]!;
  const reference = update ? { ...known, update } : known;
  const old = hyperparameters(settings);
  const [from, to] = batch;
  const ratio: Ratio = { from, to, kappa: to / from };
  const regimes = rows.map(({ sigma }) => {
    const noiseScale = noiseScaleOf(sigma);
    const all = [
      ...candidates(rulesFor({}), old, OPTIMIZERS[optimizer], ratio, () => ({ noiseScale })),
      ...otherLion(optimizer, old, ratio),
    ];
    return { noiseScale, candidates: only ? all.filter((c) => only.includes(c.rule)) : all };
  });
  const results = await train({ reference, batch, old, regimes, sizes, seed, noise });
  return new Map(
    results.map(({ candidates: found }, i) => [
      rows[i]!.sigma,
      new Map(found.map((candidate) => [candidate.rule as Column, candidate])),
    ]),
  );
}

/** Lion's other conversions of the weight of the newest gradient, beside the rule's kept variance. */
function otherLion(optimizer: OptimizerName, old: Hyperparameters, ratio: Ratio): Candidate[] {
  if (optimizer !== 'lion') return [];
  const converted = settingsUnder(ema, old, OPTIMIZERS.lion, ratio);
  const power = { ...converted, gradient: old.gradient ** ratio.kappa };
  return [
    { rule: 'power-of-b1', settings: power },
    { rule: 'literal', settings: settingsUnder(ema, old, OPTIMIZERS.lion, ratio, { literal: true }) },
    { rule: 'sqrt-lr-power-of-b1', settings: { ...power, lr: old.lr * Math.sqrt(ratio.kappa) } },
  ];
}
