import type { AveragePlot, Curve } from '../../../base/report/page/plot-data.ts';
import { align, spreadOf } from '../../../lab/theory.ts';
import type { AverageOutcome } from '../verification.ts';

/** How far back weights are drawn, in memories of the old average. */
const MEMORIES = 4;
const MOST_POINTS = 240;
/** Standard deviations within which 95 % of a normal lie. */
const WITHIN = 1.96;

/** What there is to draw of an average. */
export function averagePlot(average: AverageOutcome, id: string): AveragePlot {
  const { batch, filter, gain, unconvertedGain, trajectory, theory } = average;
  const perBlock = align(batch).old * batch[0];
  const at = (values: readonly number[]) =>
    values.map((y, i): [number, number] => [trajectory.blocks[i]! * perBlock, y]);
  const until = Math.max((MEMORIES * batch[0]) / (1 - filter[0]), 3 * batch[1]);
  const unit = (1 - filter[0]) / batch[0];
  const kernel = (kind: Curve['kind'], decay: number, size: number, factor: number): Curve => ({
    kind,
    points: weights(decay, size, until).map(([age, weight]) => [age, (factor * weight) / unit]),
  });
  const spread = spreadOf({ batch, decay: filter, gain });
  return {
    id,
    kernels: [
      kernel('not converted', filter[0], batch[1], unconvertedGain),
      kernel('old', filter[0], batch[0], 1),
      kernel('new', filter[1], batch[1], gain),
    ],
    trajectories: [
      { kind: 'old', points: at(trajectory.old) },
      { kind: 'new', points: at(trajectory.now) },
    ],
    difference: { kind: 'old - new', points: at(trajectory.old.map((x, i) => x - trajectory.now[i]!)) },
    band: at(trajectory.blocks.map((b) => WITHIN * theory * Math.sqrt(spread(b).old))),
  };
}

/** What one sample weighs in an average, by its age in samples: a step for every update, or fewer where they are many. */
function weights(decay: number, batch: number, until: number): [number, number][] {
  const updates = Math.ceil(until / batch);
  const stride = Math.max(1, Math.ceil(updates / MOST_POINTS));
  const points: [number, number][] = [];
  for (let k = 0; k <= updates; k += stride) points.push([k * batch, ((1 - decay) * decay ** k) / batch]);
  return points;
}
