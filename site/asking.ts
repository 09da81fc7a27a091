/** Questions to the worker. */

import type { Answer, Converted, FromWorker, Question, ToWorker, Verified } from './messages.ts';

export interface Library {
  convert(question: Extract<Question, { ask: 'convert' }>): Promise<Answer<Converted>>;
  /** @param progress 0 to 1 */
  verify(
    question: Extract<Question, { ask: 'verify' }>,
    progress: (done: number) => void,
  ): Promise<Answer<Verified>>;
  /** Ends what is being verified; it is never answered. */
  cancel(): void;
}

interface Waiting {
  readonly progress: (done: number) => void;
  readonly resolve: (answer: Answer<never>) => void;
  readonly reject: (error: Error) => void;
}

/** Starts the worker. @param broken called where it cannot be loaded */
export function startLibrary(broken: (why: string) => void): Library {
  const worker = new Worker('worker.js', { type: 'module' });
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const send = (message: ToWorker) => worker.postMessage(message);
  worker.addEventListener('error', ({ message }) => broken(message || 'its script did not load'));
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
    const one = waiting.get(data.id);
    if ('progress' in data) return one?.progress(data.progress);
    waiting.delete(data.id);
    if ('failed' in data) one?.reject(new Error(data.failed));
    else one?.resolve(data.answer as Answer<never>);
  });
  const ask = <T>(question: Question, progress: Waiting['progress'] = () => {}) =>
    new Promise<Answer<T>>((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { progress, resolve, reject });
      send({ id, question });
    });
  return {
    convert: (question) => ask<Converted>(question),
    verify: (question, progress) => ask<Verified>(question, progress),
    cancel: () => send({ cancel: true }),
  };
}
