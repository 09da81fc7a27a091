import { workThrough } from '../../slices.ts';
import type { Control } from '../backend.ts';
import { type Job, type Part, perform } from './jobs.ts';
import { instantiate } from './kernel.ts';

/** What runs jobs of the kernel, and on how many threads at once. */
export interface Performer {
  readonly threads: number;
  /** @throws the control signal's reason when it is aborted */
  performAll<J extends Job>(
    module: WebAssembly.Module,
    jobs: readonly J[],
    control: Control,
  ): Promise<Part<J>[]>;
}

/** One job after another, on the thread that asks. */
export const HERE: Performer = {
  threads: 1,
  async performAll(module, jobs, control) {
    const parts = [];
    for (const [i, job] of jobs.entries()) {
      const progress = (share: number) => control.progress?.((i + share) / jobs.length);
      parts.push(await workThrough(perform(instantiate(module), job), { ...control, progress }));
    }
    return parts;
  },
};
