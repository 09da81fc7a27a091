import type { AveragesRequest } from '../../lab/backends/backend.ts';
import { type AveragesSetup, averagesRequest } from '../../lab/sizes.ts';
import { align, stretchCount } from '../../lab/theory.ts';

/** How much to run, where the default is not enough. */
export interface Size {
  /** Samples that each average sees, at least. */
  readonly samples?: number;
  /** Independent gradient coordinates, at least. */
  readonly coordinates?: number;
}

/** Below this a standard error over coordinates is itself too uncertain. */
const FEWEST_COORDINATES = 48;
/** Of a long run: each comparison needs a prediction, a tenth of a second for as many as these. */
const MOST_COMPARISONS = 2 ** 17;
/** Part of a run that is over before the first comparison, at most. */
const START = 0.4;

/**
 * A request of the size asked for, by default of the one that `averagesRequest` chooses. Memory is by coordinates; a
 * longer run takes none.
 */
export function sizedRequest(setup: AveragesSetup, { samples, coordinates }: Size): AveragesRequest {
  const usual = averagesRequest(setup);
  const size = {
    coordinates: coordinates === undefined ? usual.coordinates : 2 * Math.ceil(coordinates / 2),
    blocks:
      samples === undefined ? usual.blocks : Math.max(2, Math.ceil(samples / samplesPerBlock(setup.batch))),
  };
  if (size.blocks === usual.blocks) return { ...usual, ...size };
  // With these draws no run ends before the slowest average has forgotten its start.
  const draws =
    Math.max(size.coordinates, FEWEST_COORDINATES) * size.blocks * stretchCount(align(setup.batch));
  const { cases } = averagesRequest({ ...setup, draws });
  return {
    ...usual,
    ...size,
    cases: usual.cases.map((one, i) => ({
      ...one,
      snapshots: {
        ...one.snapshots,
        first: Math.max(1, Math.min(cases[i]!.snapshots.first, Math.ceil(START * size.blocks))),
        every: Math.max(one.snapshots.every, Math.floor(size.blocks / MOST_COMPARISONS)),
      },
    })),
  };
}

/** The samples that every average of a request has seen at its end. */
export function samplesOf({ batch, blocks }: Pick<AveragesRequest, 'batch' | 'blocks'>): number {
  return blocks * samplesPerBlock(batch);
}

function samplesPerBlock(batch: AveragesRequest['batch']): number {
  return align(batch).old * batch[0];
}
