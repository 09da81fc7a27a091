import type { Hyperparameters, Reference } from './optimizers.ts';
import { type Alignment, type AveragePair, align, type Step, stepsOf } from './theory.ts';

/** One way to set an optimizer for the new batch. */
export interface Candidate {
  readonly rule: string;
  readonly settings: Hyperparameters;
}

/** How much to run. */
export interface TrainingSizes {
  /** Coordinates of a layer (an even number), and layers of a problem. */
  readonly width: number;
  readonly layers: number;
  /** Independent problems, 2 or more: standard errors are taken over them. */
  readonly problems: number;
  /** Optimizer steps under the old settings; whole aligned blocks of them are run. */
  readonly oldSteps: number;
}

/** One optimizer under old settings and several new ones. */
export interface TrainingRequest {
  readonly reference: Reference;
  readonly batch: AveragePair['batch'];
  readonly old: Hyperparameters;
  /** Candidates may differ by the noise scale (samples, above 0). */
  readonly regimes: readonly { readonly noiseScale: number; readonly candidates: readonly Candidate[] }[];
  readonly sizes: TrainingSizes;
  /** Unsigned 32-bit. */
  readonly seed: number;
  /**
   * `shared`: both runs see the same samples, so that only the rule sets them apart. `independent`: as
   * two trainings with data in different order; the distance then has a lower bound for every rule.
   */
  readonly noise: 'shared' | 'independent';
}

/** E[h^2 (w-w*)^2] at the start: exp(2) * 2. The noise scale in samples is sigma^2 over it. */
const MEAN_SQUARE_SIGNAL = 2 * Math.exp(2);

/** Points of a loss path at most. */
const MOST_SNAPSHOTS = 500;
/** One optimizer with one setting on one side, at one noise scale. */
export interface TrainingRun {
  readonly side: 'old' | 'now';
  readonly settings: Hyperparameters;
  /** Standard deviation of a batch gradient's noise. */
  readonly noise: number;
}

/** The runs of a training and when their losses are compared. */
export interface TrainingPlan {
  readonly alignment: Alignment;
  /** Of one block. */
  readonly steps: readonly Step[];
  readonly blocks: number;
  /** Blocks from one comparison of the losses to the next, and how many comparisons there are. */
  readonly every: number;
  readonly snapshots: number;
  /** Old runs and those of the distinct settings, and where each regime's are among them. */
  readonly runs: readonly TrainingRun[];
  readonly regimes: readonly { readonly old: number; readonly candidates: readonly number[] }[];
}

export function planOf({ batch, old, regimes, sizes }: Omit<TrainingRequest, 'reference'>): TrainingPlan {
  const alignment = align(batch);
  const blocks = Math.max(1, Math.floor(sizes.oldSteps / alignment.old));
  const every = Math.ceil(blocks / MOST_SNAPSHOTS);
  const runs: TrainingRun[] = [];
  const add = (run: TrainingRun) => runs.push(run) - 1;
  const planned = regimes.map(({ noiseScale, candidates }) => {
    const [noiseOld, noiseNow] = batch.map((size) => Math.sqrt((noiseScale * MEAN_SQUARE_SIGNAL) / size));
    const distinct = new Map<string, number>();
    const indices = candidates.map(({ settings }) => {
      const key = JSON.stringify(settings);
      const known = distinct.get(key) ?? add({ side: 'now', settings, noise: noiseNow! });
      distinct.set(key, known);
      return known;
    });
    return { old: add({ side: 'old', settings: old, noise: noiseOld! }), candidates: indices };
  });
  const snapshots = Math.floor(blocks / every);
  return {
    alignment,
    steps: stepsOf(alignment),
    blocks,
    every,
    snapshots,
    runs,
    regimes: planned,
  };
}
