import { parentPort, workerData } from 'node:worker_threads';
import { perform } from './jobs.ts';
import { instantiate } from './kernel.ts';
import type { Message, WorkerTask } from './threads.ts';

// The script of a worker thread, bundled into src/lab/generated/worker.js: one job, then the end.
const { module, job } = workerData as WorkerTask;
const steps = perform(instantiate(module), job);
const post = (message: Message) => parentPort!.postMessage(message);
for (;;) {
  const step = steps.next();
  post(step.done ? { part: step.value } : { done: step.value });
  if (step.done) break;
}
