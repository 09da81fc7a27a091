import { Worker } from 'node:worker_threads';
import { worker as script } from '../../generated/worker.js';
import type { Control } from '../backend.ts';
import type { Job, Part } from './jobs.ts';
import { HERE, type Performer } from './perform.ts';

/** A worker's input and its messages. */
export interface WorkerTask {
  readonly module: WebAssembly.Module;
  readonly job: Job;
}
export type Message = { readonly done: number } | { readonly part: unknown };

/** A performer that runs each job on a thread of its own; a single one runs here. */
export function onThreads(threads: number): Performer {
  return {
    threads,
    performAll: (module, jobs, control) =>
      jobs.length > 1 ? inWorkers(module, jobs, control) : HERE.performAll(module, jobs, control),
  };
}

async function inWorkers<J extends Job>(
  module: WebAssembly.Module,
  jobs: readonly J[],
  { signal, progress }: Control,
): Promise<Part<J>[]> {
  const done = jobs.map(() => 0);
  const tell = (i: number, share: number) => {
    done[i] = share;
    progress?.(done.reduce((sum, x) => sum + x, 0) / jobs.length);
  };
  const workers: Worker[] = [];
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
    signal?.addEventListener('abort', stop);
  });
  const running = jobs.map(
    (job, i) =>
      new Promise<Part<J>>((resolve, reject) => {
        const worker = new Worker(script, { eval: true, workerData: { module, job } satisfies WorkerTask });
        workers.push(worker);
        worker.on('error', reject);
        worker.on('message', (message: Message) => {
          // A part may be over before its first slice is.
          tell(i, 'part' in message ? 1 : message.done);
          if ('part' in message) resolve(message.part as Part<J>);
        });
      }),
  );
  try {
    return await Promise.race([Promise.all(running), stopped]);
  } finally {
    signal?.removeEventListener('abort', stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
