import type { LossPaths } from '../../layer.ts';
import type { AveragesRequest } from '../backend.ts';
import type { Kernel } from './kernel.ts';
import { layersOf, type NamedTraining } from './layers.ts';
import { type AveragesPart, averagesOf } from './tiles.ts';

/** Work for one thread: coordinates or layers [from, to). */
export interface AveragesJob {
  readonly kind: 'averages';
  readonly request: AveragesRequest;
  /** A multiple of GROUP. */
  readonly from: number;
  readonly to: number;
}

export interface TrainingJob {
  readonly kind: 'training';
  readonly request: NamedTraining;
  readonly from: number;
  readonly to: number;
}

export type Job = AveragesJob | TrainingJob;
/** The result of a job. */
export type Part<J extends Job> = J extends AveragesJob ? AveragesPart : LossPaths[];

/** Does a job, on any thread. Yields periodically how much is done, 0 to 1. */
export function perform<J extends Job>(kernel: Kernel, job: J): Generator<number, Part<J>>;
export function perform(kernel: Kernel, job: Job): Generator<number, AveragesPart | LossPaths[]> {
  const { from, to } = job;
  return job.kind === 'averages'
    ? averagesOf(kernel, job.request, from, to)
    : layersOf(kernel, job.request, from, to);
}
