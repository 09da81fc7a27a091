import type { Control } from './backends/backend.ts';

// Long work is a generator that yields its progress, 0 to 1, about once a slice.

/** Milliseconds between two checks for progress and Ctrl-C. */
export const SLICE = 50;

/**
 * Lets what waits run, such as Ctrl-C or a message. Node and browsers have channels alike; a timer of 0 ms takes
 * browsers 4 ms.
 */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const heard = () => {
      port1.close();
      resolve();
    };
    port1.addEventListener('message', heard);
    port1.start();
    port2.postMessage(null);
  });
}

/** Does work on this thread. @throws the control signal's reason when it is aborted */
export async function workThrough<T>(work: Generator<number, T>, { progress, signal }: Control): Promise<T> {
  for (;;) {
    const step = work.next();
    // Work may be over before its first slice is.
    progress?.(step.done ? 1 : step.value);
    signal?.throwIfAborted();
    if (step.done) return step.value;
    await pause();
    signal?.throwIfAborted();
  }
}

/** Work as a part of other work. @param share turns the part's progress into that of the whole */
export function* asPart<T>(
  work: Generator<number, T>,
  share: (done: number) => number,
): Generator<number, T> {
  let step = work.next();
  for (; !step.done; step = work.next()) yield share(step.value);
  return step.value;
}
