import type { Hyperparameters, Reference } from './optimizers.ts';
import type { TrainingRequest, TrainingSizes } from './training-plan.ts';

/** How far a run should come: the sum of its step lengths, in the problem's unit of 1 for the spread of weights. */
const TRAVEL = { gradient: 10, unit: 2, relative: 2, length: 2, slowing: 2 } as const;

/**
 * The learning rate that lowers the loss well in the given number of steps. A config's own rate means nothing in the
 * problem's units, and nothing depends on it: rules only multiply it.
 */
export function travellingRate(
  { step, bufferSum }: Reference,
  by: Pick<Hyperparameters, 'gradient' | 'dampening'>,
  { oldSteps, width }: Pick<TrainingSizes, 'oldSteps' | 'width'>,
): number {
  const unit = step === 'length' ? Math.sqrt(width) : 1;
  const steps = step === 'slowing' ? 2 * Math.sqrt(oldSteps) : oldSteps;
  const sum = bufferSum ? (1 - by.dampening) / (1 - by.gradient) : 1;
  return (TRAVEL[step] * unit) / (steps * sum);
}

/** Steps of the larger batch: as many as the published comparison takes. */
const COARSE_STEPS = 1000;
const FEWEST_COARSE_STEPS = 125;
const LAYERS = 8;
const WIDTHS = [128, 64, 32, 16] as const;
const PROBLEMS = 4;
/** The cost of a normal in coordinate updates. */
const DRAW = 3;

/**
 * Sizes for a budget of coordinate updates: coordinates are reduced first, then steps.
 * @param kappa new batch over old
 * @param old how many old runs there are, and `now` how many new ones
 * @param updates about 10^8 a second on one core
 */
export function trainingSizes(kappa: number, old: number, now: number, updates: number): TrainingSizes {
  const perSample = DRAW + (kappa > 1 ? old + now / kappa : old * kappa + now);
  const stretch = Math.max(kappa, 1 / kappa);
  const cost = (width: number) => PROBLEMS * LAYERS * width * COARSE_STEPS * stretch * perSample;
  const width = WIDTHS.find((w) => cost(w) <= updates) ?? WIDTHS.at(-1)!;
  const affordable = Math.floor(COARSE_STEPS * Math.min(1, updates / cost(width)));
  const coarse = Math.max(FEWEST_COARSE_STEPS, affordable);
  return { width, layers: LAYERS, problems: PROBLEMS, oldSteps: Math.round(coarse * Math.max(1, kappa)) };
}

/** Updates of a coordinate in a training of some layers, in updates of Adam. */
export function updatesOf({ batch, regimes, sizes, reference }: TrainingRequest, layers: number): number {
  const perOldStep = batch[0] / batch[1];
  const runs = regimes.reduce((sum, { candidates }) => sum + 1 + perOldStep * candidates.length, 0);
  return sizes.width * sizes.oldSteps * layers * runs * (reference.cost ?? 1);
}
