import type { TrainerScaling } from '../dialect/roles.ts';
import type { PlanTask } from './assessment.ts';

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

/** What each scaling multiplies by, as powers of the factors of a batch; `steps` is a length of the schedule in steps. */
const POWERS: Readonly<Record<TrainerScaling, Readonly<Partial<Record<keyof Ratios, number>>>>> = {
  linear: { global: 1 },
  sqrt: { global: 1 / 2 },
  'per-worker': { world: 1 },
  'sqrt-per-worker': { world: 1 / 2 },
  noam: { steps: -1 / 2 },
  'summed-passes': { accumulation: 1, world: 1 },
  micro: { micro: 1 },
  'sqrt-micro': { micro: 1 / 2 },
  accumulation: { accumulation: 1 },
  'sqrt-accumulation': { accumulation: 1 / 2 },
  'per-device': { global: 1, world: -1 },
  'sqrt-per-device': { global: 1 / 2, world: -1 / 2 },
};

interface Ratios {
  readonly global: number;
  readonly micro: number;
  readonly accumulation: number;
  readonly world: number;
  readonly steps: number;
}

/** The trainer's own factor at the new batch over that at the old one; 1 where it does not scale. */
export function trainerFactor(trainer: TrainerScaling | undefined, change: TrainerChange): number {
  if (trainer === undefined) return 1;
  const { kappa, world, accumulation: passes, stepsKept } = change;
  const accumulation = passes[1] / passes[0];
  const micro = kappa / (accumulation * world);
  const ratios: Ratios = { global: kappa, micro, accumulation, world, steps: stepsKept ? 1 : 1 / kappa };
  return Object.entries(POWERS[trainer]).reduce(
    (factor, [of, power]) => factor * ratios[of as keyof Ratios] ** power,
    1,
  );
}

/** What a conversion changes for the trainer. */
export function trainerChange({ batch, options }: Pick<PlanTask, 'batch' | 'options'>): TrainerChange {
  return {
    kappa: batch.kappa,
    world: batch.world,
    accumulation: [batch.from.accumulation, batch.to.accumulation],
    stepsKept: options.steps === 'keep',
  };
}
