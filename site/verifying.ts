/** Verification: started by hand, since it takes seconds, and shown as the report that the command line writes. */

import * as typed from '../src/base/typed.ts';
import type { Library } from './asking.ts';
import { button, byId, download, element } from './dom.ts';
import type { Files, Options, Verified } from './messages.ts';
import { messagesView, type Ways } from './results.ts';

/** What there is to verify. */
interface Subject {
  readonly files: Files;
  readonly options: Options;
}

export interface Verifying {
  /** Takes another subject, or none; what was found of the last no longer holds. */
  about(subject: Subject | undefined): void;
}

export function verifyingOf(library: Library, ways: Ways): Verifying {
  const section = byId('verify', HTMLElement);
  const status = element('p', { role: 'status' });
  const found = element('div');
  const seed = element('input', { id: 'seed', type: 'text', value: '0', autocomplete: 'off' });
  const train = element('input', { id: 'train', type: 'checkbox' });
  const bar = element('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Verifying' });
  let subject: Subject | undefined;
  /** The run under way; none is 0. */
  let running = 0;
  let last = 0;
  const end = (text: string, ...children: readonly Node[]) => {
    running = 0;
    bar.hidden = true;
    start.textContent = 'Verify';
    status.textContent = text;
    found.replaceChildren(...children);
  };
  const stop = () => {
    library.cancel();
    end('Stopped; nothing was verified.');
  };
  const begin = async ({ files, options }: Subject) => {
    const own = ++last;
    try {
      const question = { files, options, seed: typed.seed(seed.value.trim()), train: train.checked };
      end('Verifying.');
      running = own;
      bar.value = 0;
      bar.hidden = false;
      start.textContent = 'Stop';
      const answer = await library.verify({ ask: 'verify', ...question }, (done) => {
        if (own === running) bar.value = done;
      });
      if (own !== running) return;
      if (!answer.ok)
        end('Refused: nothing was verified.', messagesView('What is wrong', answer.messages, ways));
      else end(sentence(answer.value.words), ...reportView(answer.value, files.file));
    } catch (error) {
      end(error instanceof RangeError ? `Seed: ${error.message}` : `A fault of this program: ${error}`);
    }
  };
  const start = button('Verify', () => (running ? stop() : subject && void begin(subject)), {
    class: 'main',
  });
  section.append(...controls(start, train, seed, bar), status, found);
  fitFrames(found);
  return {
    about(now) {
      if (running) stop();
      end('');
      subject = now;
      section.hidden = now === undefined;
    },
  };
}

/** `Verified.` */
function sentence(words: readonly string[]): string {
  const text = [...new Set(words)].join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function controls(start: Node, train: Node, seed: Node, bar: Node): HTMLElement[] {
  const about =
    'Runs the averages of old and new settings on the same synthetic gradients, in WebAssembly on this machine, and compares them.';
  const training = [train, ' also train under every rule ', element('code', {}, '--train')];
  return [
    element('h3', { id: 'verify-title' }, 'Verify'),
    element('p', { class: 'quiet' }, about),
    element(
      'div',
      { class: 'row' },
      start,
      element('label', { class: 'box' }, ...training),
      element('label', {}, 'Seed ', seed),
      bar,
    ),
  ];
}

/** The report in a frame of its own, which can neither reach this page nor load anything. */
function reportView({ report }: Verified, file: string): HTMLElement[] {
  const name = `${file.replace(/\.\w+$/, '')}-verified.html`;
  return [
    element(
      'p',
      {},
      button('Download the report', () => download(name, report, 'text/html')),
    ),
    element('iframe', { title: 'Report of the verification', sandbox: 'allow-scripts', srcdoc: report }),
  ];
}

/** Makes a frame as high as the report in it says that it is. */
function fitFrames(place: HTMLElement): void {
  addEventListener('message', ({ source, data }) => {
    const frame = place.querySelector('iframe');
    if (frame && source === frame.contentWindow && typeof data?.height === 'number')
      frame.style.height = `${Math.ceil(data.height) + 2}px`;
  });
}
