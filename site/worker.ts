/** The library on a thread of its own, so that the page never waits for it. */

import { answerConvert, answerVerify } from './answers.ts';
import type { FromWorker, ToWorker } from './messages.ts';

// TypeScript has one type for the global scope of pages and another for that of workers, and not both.
const scope = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: { readonly data: ToWorker }) => void;
};

let running = new AbortController();

scope.onmessage = async ({ data }) => {
  if ('cancel' in data) {
    running.abort(new Error('cancelled'));
    running = new AbortController();
    return;
  }
  const { id, question } = data;
  const { signal } = running;
  try {
    const answer =
      question.ask === 'convert'
        ? await answerConvert(question)
        : await answerVerify(question, {
            signal,
            progress: (progress) => scope.postMessage({ id, progress }),
          });
    scope.postMessage({ id, answer });
  } catch (error) {
    if (!signal.aborted) scope.postMessage({ id, failed: String(error) });
  }
};
