/** Verification: started by hand, since it takes seconds, and shown as the report that the command line writes. */

import * as typed from '../src/base/typed.ts';
import type { Library } from './asking.ts';
import { button, byId, download, element } from './dom.ts';
import type { Files, Options, Verified } from './messages.ts';
import { messagesView, type Ways } from './results.ts';

export interface Verifying {
  /** What there is to verify now; undefined where nothing is. What was found before no longer holds. */
  about(subject: { readonly files: Files; readonly options: Options } | undefined): void;
}

/** @param say tells what happens to readers of the status */
export function verifyingOf(library: Library, ways: Ways, say: (text: string) => void): Verifying {
  const section = byId('verify', HTMLElement);
  const found = element('div');
  const seed = element('input', {
    id: 'seed',
    type: 'text',
    inputmode: 'numeric',
    value: '0',
    autocomplete: 'off',
  });
  const train = element('input', { id: 'train', type: 'checkbox' });
  const bar = element('progress', { max: 1, value: 0, 'aria-label': 'Verifying' });
  const start = button('Verify', () => void run(), { class: 'main' });
  const stop = button('Stop', () => end('Stopped; nothing was verified.'));
  let subject: Parameters<Verifying['about']>[0];
  let run_ = 0;
  const idle = (yes: boolean) => {
    start.disabled = !yes;
    bar.hidden = yes;
    stop.hidden = yes;
  };
  const end = (text: string) => {
    run_++;
    library.cancel();
    idle(true);
    say(text);
  };
  const run = async () => {
    if (!subject) return;
    const own = ++run_;
    try {
      const question = {
        ask: 'verify' as const,
        ...subject,
        seed: typed.seed(seed.value.trim()),
        train: train.checked,
      };
      idle(false);
      found.replaceChildren();
      say('Verifying.');
      const answer = await library.verify(question, (done) => {
        if (own === run_) bar.value = done;
      });
      if (own !== run_) return;
      idle(true);
      say(answer.ok ? (answer.value.pass ? 'Verified.' : 'NOT verified.') : 'Not verified: refused.');
      found.replaceChildren(
        ...(answer.ok
          ? reportView(answer.value, question.files.file)
          : [messagesView('Refused', answer.messages, ways)]),
      );
    } catch (error) {
      idle(true);
      say(error instanceof RangeError ? `Seed: ${error.message}` : String(error));
    }
  };
  section.append(
    element('h3', { id: 'verify-title' }, 'Verify'),
    element(
      'p',
      { class: 'quiet' },
      'Runs the averages of old and new settings on the same synthetic gradients, in WebAssembly on this machine, and compares them.',
    ),
    element(
      'div',
      { class: 'row' },
      start,
      element(
        'label',
        { class: 'box' },
        train,
        ' also train under every rule ',
        element('code', {}, '--train'),
      ),
      element('label', {}, 'Seed ', seed),
      bar,
      stop,
    ),
    found,
  );
  idle(true);
  return {
    about(now) {
      if (!stop.hidden) end('The settings changed: what was being verified was stopped.');
      subject = now;
      found.replaceChildren();
      section.hidden = now === undefined;
    },
  };
}

/** The report in a frame of its own, which can neither reach this page nor load anything. */
function reportView({ report }: Verified, file: string): HTMLElement[] {
  const frame = element('iframe', { title: 'Report of the verification', sandbox: 'allow-scripts' });
  frame.srcdoc = report;
  addEventListener('message', ({ source, data }) => {
    if (source === frame.contentWindow && typeof data?.height === 'number')
      frame.style.height = `${Math.ceil(data.height)}px`;
  });
  const name = `${file.replace(/\.\w+$/, '')}-verified.html`;
  return [
    element(
      'p',
      {},
      button('Download the report', () => download(name, report, 'text/html')),
    ),
    frame,
  ];
}
