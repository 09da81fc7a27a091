import { type Hyperparameters, REFERENCES } from '../../src/lab/optimizers.ts';
import type { TrainingRequest, TrainingSizes } from '../../src/lab/training-plan.ts';

const SETTINGS: Hyperparameters = {
  lr: 0.01,
  gradient: 0.9,
  secondMoment: 0.99,
  third: 0,
  dampening: 0,
  nesterov: false,
  epsilon: 1e-8,
  weightDecay: 0.01,
  weightDecayForm: 'times-lr',
};

/** One optimizer at a low and a high noise scale, each with two candidates: short, and long enough to tell them apart. */
export function trainingRequest(
  name: keyof typeof REFERENCES,
  by: Partial<Hyperparameters> = {},
  sizes: Partial<TrainingSizes> = {},
): TrainingRequest {
  const old = { ...SETTINGS, ...by };
  const candidates = [
    { rule: 'half', settings: { ...old, lr: old.lr / 2 } },
    { rule: 'double', settings: { ...old, lr: 2 * old.lr, gradient: old.gradient ** 1.5 } },
  ];
  return {
    reference: REFERENCES[name]!,
    batch: [96, 64],
    old,
    regimes: [1, 1000].map((noiseScale) => ({ noiseScale, candidates })),
    sizes: { width: 200, layers: 2, problems: 2, oldSteps: 1000, ...sizes },
    seed: 11,
    noise: 'shared',
  };
}
