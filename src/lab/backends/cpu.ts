import { SLICE, workThrough } from '../slices.ts';
import { align } from '../theory.ts';
import type {
  AverageCase,
  AverageResult,
  AveragesRequest,
  AveragesResult,
  Backend,
  Control,
} from './backend.ts';
import { isSnapshot } from './block-weights.ts';
import { gradientsOf } from './gradients.ts';
import {
  type CaseSnapshot,
  type CaseSums,
  rmsRatios,
  startSums,
  TRAJECTORY_POINTS,
  takeSnapshot,
} from './statistics.ts';

/** The float64 reference: the averages' own recurrences, step by step, on typed arrays. */
export const cpu: Backend = { name: 'cpu', device: 'CPU, float64', averages };

async function averages(request: AveragesRequest, control: Control): Promise<AveragesResult> {
  return workThrough(runAverages(request), control);
}

function* runAverages(request: AveragesRequest): Generator<number, AveragesResult> {
  const { blocks } = request;
  const gradients = gradientsOf(request, align(request.batch));
  const runs = request.cases.map((one) => startCase(one, request));
  let lookUp = performance.now() + SLICE;
  for (let block = 0; block < blocks; block++) {
    for (const [i, { ends }] of gradients.plan.entries()) {
      gradients.draw(block, i);
      if (ends.old) for (const { old, decay } of runs) step(old, decay[0], gradients.old);
      if (ends.now) for (const run of runs) stepNew(run, gradients.now);
    }
    for (const run of runs) {
      trace(run, block + 1);
      if (isSnapshot(run, block + 1)) takeSnapshot(run.sums, compare(run));
    }
    if (performance.now() < lookUp) continue;
    yield (block + 1) / blocks;
    lookUp = performance.now() + SLICE;
  }
  return {
    cases: runs.map(({ sums, trajectory }) => ({ ...rmsRatios(sums), trajectory })),
    level: gradients.level(),
  };
}

/** The plots' curves, of the first coordinate, for backends that do not stop at their points. */
export async function trajectoriesOf(
  request: AveragesRequest,
  { signal }: Control,
): Promise<AverageResult['trajectory'][]> {
  const ends = request.cases.map(({ snapshots: { first, pace } }) => first + (TRAJECTORY_POINTS - 1) * pace);
  const blocks = Math.min(request.blocks, Math.max(...ends));
  const result = await averages({ ...request, coordinates: 1, blocks }, signal ? { signal } : {});
  return result.cases.map(({ trajectory }) => trajectory);
}

/** The state of one case, and its sums over snapshots. */
interface CaseRun extends AverageCase {
  readonly old: Float64Array;
  readonly now: Float64Array;
  readonly unconverted: Float64Array;
  readonly compared: CaseSnapshot;
  readonly sums: CaseSums;
  readonly trajectory: { blocks: number[]; old: number[]; now: number[] };
}

function startCase(one: AverageCase, request: AveragesRequest): CaseRun {
  const zeros = () => new Float64Array(request.coordinates);
  const old = zeros();
  return {
    ...one,
    old,
    now: zeros(),
    unconverted: zeros(),
    compared: { old, difference: zeros(), unconvertedDifference: zeros() },
    sums: startSums(request),
    trajectory: { blocks: [], old: [], now: [] },
  };
}

function stepNew({ now, unconverted, decay }: CaseRun, gradient: Float64Array): void {
  step(now, decay[1], gradient);
  step(unconverted, decay[0], gradient);
}

function step(average: Float64Array, decay: number, gradient: Float64Array): void {
  const weight = 1 - decay;
  for (let p = 0; p < average.length; p++) average[p] = decay * average[p]! + weight * gradient[p]!;
}

function compare({ old, now, unconverted, gain, unconvertedGain, compared }: CaseRun): CaseSnapshot {
  const { difference, unconvertedDifference } = compared;
  for (let p = 0; p < old.length; p++) {
    difference[p] = old[p]! - gain * now[p]!;
    unconvertedDifference[p] = old[p]! - unconvertedGain * unconverted[p]!;
  }
  return compared;
}

function trace({ snapshots, trajectory, old, now, gain }: CaseRun, block: number): void {
  const { first, pace } = snapshots;
  if (block < first || (block - first) % pace !== 0 || trajectory.blocks.length === TRAJECTORY_POINTS) return;
  trajectory.blocks.push(block);
  trajectory.old.push(old[0]!);
  trajectory.now.push(gain * now[0]!);
}
