import type { TrainerScaling } from '../dialect/roles.ts';

/** What changes for a trainer that scales values by itself. */
export interface TrainerChange {
  /** New over old global batch, and new over old number of devices. */
  readonly kappa: number;
  readonly world: number;
  /** Gradient accumulation, old and new. */
  readonly accumulation: readonly [from: number, to: number];
  /** Warm-up lengths stay in steps (`--steps keep`). */
  readonly stepsKept: boolean;
}

/** The trainer's own factor at the new batch over that at the old one; 1 where it does not scale. */
export function trainerFactor(trainer: TrainerScaling | undefined, change: TrainerChange): number {
  const { kappa, world, accumulation, stepsKept } = change;
  const passes = (accumulation[1] / accumulation[0]) * world;
  switch (trainer) {
    case undefined:
      return 1;
    case 'linear':
      return kappa;
    case 'sqrt':
      return Math.sqrt(kappa);
    case 'per-worker':
      return world;
    case 'summed-passes':
      return passes;
    case 'micro':
      return kappa / passes;
    case 'noam':
      return stepsKept ? 1 : Math.sqrt(kappa);
  }
}
