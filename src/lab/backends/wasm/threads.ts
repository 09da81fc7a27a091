import { Worker } from 'node:worker_threads';
import { workThrough } from '../../slices.ts';
import type { Control } from '../backend.ts';
import { type Job, type Part, perform } from './jobs.ts';
import { instantiate } from './kernel.ts';

/** A worker's input and its messages. */
export interface WorkerTask {
  readonly module: WebAssembly.Module;
  readonly job: Job;
}
export type Message = { readonly done: number } | { readonly part: unknown };

/**
 * Runs each job on its own thread; a single job, and all jobs where `script` is missing, run here one after another.
 * @param script what the workers run
 * @throws the control signal's reason when it is aborted
 */
export async function performAll<J extends Job>(
  module: WebAssembly.Module,
  script: string | undefined,
  jobs: readonly J[],
  control: Control,
): Promise<Part<J>[]> {
  const done = jobs.map(() => 0);
  const tell = (i: number, share: number) => {
    done[i] = share;
    control.progress?.(done.reduce((sum, x) => sum + x, 0) / jobs.length);
  };
  if (script !== undefined && jobs.length > 1) return onThreads(module, script, jobs, control, tell);
  const parts: Part<J>[] = [];
  for (const [i, job] of jobs.entries()) {
    const progress = (share: number) => tell(i, share);
    parts.push(await workThrough(perform(instantiate(module), job), { ...control, progress }));
  }
  return parts;
}

async function onThreads<J extends Job>(
  module: WebAssembly.Module,
  script: string,
  jobs: readonly J[],
  { signal }: Control,
  tell: (index: number, done: number) => void,
): Promise<Part<J>[]> {
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
