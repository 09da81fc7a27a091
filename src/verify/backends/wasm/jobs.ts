import { type AveragesPart, averagesOf, type SyntheticRequest } from './averages.ts';
import type { Kernel } from './kernel.ts';

/** Work for one thread, and what comes of it. */
export interface AveragesJob {
  readonly kind: 'averages';
  readonly request: SyntheticRequest;
  /** Coordinates [from, to); `from` is a multiple of GROUP. */
  readonly from: number;
  readonly to: number;
}

export type Job = AveragesJob;
export type Part<J extends Job> = J extends AveragesJob ? AveragesPart : never;

/** Does a job, on any thread. Yields how much is done, 0 to 1, every now and then. */
export function perform<J extends Job>(kernel: Kernel, job: J): Generator<number, Part<J>>;
export function perform(kernel: Kernel, job: Job): Generator<number, AveragesPart> {
  return averagesOf(kernel, job.request, job.from, job.to);
}
