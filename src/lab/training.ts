import type { Control, Measured } from './backends/backend.ts';
import { type LossPaths, referencePaths } from './layer.ts';
import { workThrough } from './slices.ts';
import { planOf, type TrainingPlan, type TrainingRequest } from './training-plan.ts';

/**
 * Optimizers on a noisy quadratic: loss h*(w-w*)^2/2 by coordinate with curvature h = exp(normal), w and w*
 * standard normal, and a batch gradient h*(w-w*) + sigma/sqrt(B)*normal. LAMB and the like normalise over
 * a layer. Layers are otherwise independent, so each is trained from start to end while its state is in the cache.
 */

/** How well one candidate followed the old run. */
export interface CandidateResult {
  readonly rule: string;
  /** Mean of |log(loss_new/loss_old)| over aligned sample counts; 0 is the same path. */
  readonly pathDistance: Measured;
  /** The distance in each problem; all candidates have the same problems. */
  readonly byProblem: readonly number[];
  /** Nothing in this regime is closer by more than three standard errors of the difference. */
  readonly best: boolean;
  readonly losses: readonly number[];
}

/** Everything at one noise scale. The losses are means over coordinates and problems, at the same sample counts. */
export interface RegimeResult {
  readonly noiseScale: number;
  readonly samples: readonly number[];
  readonly oldLosses: readonly number[];
  readonly candidates: readonly CandidateResult[];
}

/**
 * Trains under all settings and compares the loss paths.
 * @throws the control signal's reason when it is aborted
 */
export async function train(
  request: TrainingRequest,
  control: Control = {},
  layersOf: LayerPaths = byReference,
): Promise<RegimeResult[]> {
  const plan = planOf(request);
  const { problems: count, layers } = request.sizes;
  const paths = await layersOf(request, count * layers, control);
  const problems = Array.from({ length: count }, (_, problem) =>
    sumOf(paths.slice(problem * layers, (problem + 1) * layers)),
  );
  return regimeResults(plan, problems, request);
}

/** Losses of a problem from those of its layers. */
function sumOf(layers: readonly LossPaths[]): LossPaths {
  return layers[0]!.map((_, run) =>
    layers.reduce(
      (sum, paths) => sum.map((x, i) => x + paths[run]![i]!),
      new Float64Array(layers[0]![run]!.length),
    ),
  );
}

/**
 * Trains the layers 0 to count-1. Backends that can train have one.
 * @throws the control signal's reason when it is aborted
 */
export type LayerPaths = (request: TrainingRequest, count: number, control: Control) => Promise<LossPaths[]>;

/** The float64 reference, layer by layer. */
export const byReference: LayerPaths = async (request, count, control) => {
  const plan = planOf(request);
  const layers: LossPaths[] = [];
  for (let index = 0; index < count; index++) {
    const progress = (done: number) => control.progress?.((index + done) / count);
    layers.push(await workThrough(referencePaths(index, plan, request), { ...control, progress }));
  }
  return layers;
};

function regimeResults(
  plan: TrainingPlan,
  problems: readonly LossPaths[],
  request: TrainingRequest,
): RegimeResult[] {
  const { batch, sizes } = request;
  const perBlock = plan.alignment.old * batch[0];
  const samples = Array.from({ length: plan.snapshots }, (_, i) => (i + 1) * plan.every * perBlock);
  const coordinates = problems.length * sizes.layers * sizes.width;
  const meanPath = (run: number) =>
    samples.map((_, i) => problems.reduce((sum, paths) => sum + paths[run]![i]!, 0) / coordinates);
  return plan.regimes.map(({ old, candidates }, r) => {
    const { noiseScale, candidates: named } = request.regimes[r]!;
    const distances = candidates.map((run) => problems.map((paths) => distance(paths[run]!, paths[old]!)));
    const least = distances.reduce((a, b) => (mean(b).value < mean(a).value ? b : a), distances[0] ?? []);
    return {
      noiseScale,
      samples,
      oldLosses: meanPath(old),
      candidates: named.map(({ rule }, i) => ({
        rule,
        pathDistance: mean(distances[i]!),
        byProblem: distances[i]!,
        best: asClose(distances[i]!, least),
        losses: meanPath(candidates[i]!),
      })),
    };
  });
}

/** Mean of |log(a/b)|. */
function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(Math.log(a[i]! / b[i]!));
  return sum / a.length;
}

/** The mean of independent figures, with its standard error. */
export function mean(values: readonly number[]): Measured {
  const n = values.length;
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (n * (n - 1))) };
}

const STANDARD_ERRORS = 3;

/** The same problems under two rules: whether the first is significantly further from the old run. */
function asClose(distances: readonly number[], least: readonly number[]): boolean {
  const { value, standardError } = mean(distances.map((d, i) => d - least[i]!));
  return value <= STANDARD_ERRORS * standardError;
}
