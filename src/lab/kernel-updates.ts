import { decayParts, type Hyperparameters, type KernelName } from './optimizers.ts';
import type { TrainingRun } from './training-plan.ts';

// The numbers of a run for the float32 kernels (wasm, webgpu), computed in float64: averages move by
// weight*(new - old), because a decay near 1 as a float32 would lose digits of its memory.

/** The numbers of a run that do not change, in the order in which the shader's structure has them. */
export const RUN_CONSTANTS = [
  'noise',
  'coupled',
  'off',
  'first',
  'second',
  'epsilon',
  'decay',
  'lr',
  'direct',
  'ahead',
] as const;

/**
 * `first` and `second` are the weights of the new value in the two averages. `direct` and `ahead` are the weights of
 * the gradient and of the buffer in SGD's step.
 */
export type RunConstants = Readonly<Record<(typeof RUN_CONSTANTS)[number], number>>;

export function runConstants({ settings, noise }: TrainingRun): RunConstants {
  const { lr, gradient, secondMoment, epsilon, weightDecay, nesterov } = settings;
  const [direct, ahead] = nesterov ? [lr, lr * gradient] : [0, lr];
  const averages = { first: 1 - gradient, second: 1 - secondMoment };
  return { noise, ...decayParts(settings), ...averages, epsilon, decay: weightDecay, lr, direct, ahead };
}

/**
 * The two numbers that depend on the number of the update, from 1: for SGD what the gradient adds to the buffer, for
 * Adam and LAMB the size of the step and what undoes the second moment's bias.
 */
export function updateRates(kernel: KernelName, by: Hyperparameters, t: number): readonly [number, number] {
  const { lr, gradient: b1, secondMoment: b2, dampening } = by;
  if (kernel === 'lion') return [0, 0];
  if (kernel === 'sgd') return [t === 1 ? 1 : 1 - dampening, 0];
  return [(kernel === 'adam' ? lr : 1) / (1 - b1 ** t), 1 / (1 - b2 ** t)];
}
