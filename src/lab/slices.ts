import type { Control } from './backends/backend.ts';

// Long work is a generator that yields its progress, 0 to 1, about once a slice.

/** Milliseconds between two checks for progress and Ctrl-C. */
export const SLICE = 50;

/** Does work on this thread. @throws the control signal's reason when it is aborted */
export async function workThrough<T>(work: Generator<number, T>, { progress, signal }: Control): Promise<T> {
  for (;;) {
    const step = work.next();
    // Work may be over before its first slice is.
    progress?.(step.done ? 1 : step.value);
    signal?.throwIfAborted();
    if (step.done) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
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
