/** The page: what is typed is converted as it is typed. */

import { startLibrary } from './asking.ts';
import { button, byId, download, element } from './dom.ts';
import { editorOf } from './editor.ts';
import { EXAMPLES, type Example } from './examples.ts';
import { openFiles, readFiles } from './files.ts';
import { formOf } from './form.ts';
import { fragmentOf, fragmentWith, readFragment } from './link.ts';
import type { Converted, Files, Message } from './messages.ts';
import { conversionView, messagesView, type Ways } from './results.ts';
import { commandLine, namesTarget, readSettings, SETTINGS } from './settings.ts';
import { verifyingOf } from './verifying.ts';

/** Milliseconds without a key after which what was typed is converted. */
const PATIENCE = 200;

const status = byId('status', HTMLElement);
const answer = byId('answer', HTMLElement);
const told = byId('told', HTMLElement);
/** What the result is. */
const say = (text: string) => {
  status.textContent = text;
  told.textContent = '';
};
/** What was done beside it. */
const tell = (text: string) => {
  told.textContent = text;
};

const library = startLibrary((why) => say(`The library did not start: ${why}. Load the page again.`));
const editor = editorOf(() => soon());
const files = openFiles(
  () => editor.text,
  (text) => {
    if (text !== undefined) editor.text = text;
    soon();
  },
);
const form = formOf(() => soon());
const ways: Ways = {
  toText: (offset) => editor.goTo(offset),
  toFlag: (flag) => form.goTo(flag),
  hasFlag: (flag) => SETTINGS.some((one) => one.flag === flag),
  useRule(rule) {
    form.fill(new Map([...form.fields, ['rule', rule]]));
    soon();
  },
};
const verifying = verifyingOf(library, ways);

let timer = 0;
let turn = 0;

/** Converts once nothing more is typed. */
function soon(): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => void update(), PATIENCE);
}

/** Shows what the config and the settings come to. Of several conversions under way the last is shown. */
async function update(): Promise<void> {
  const own = ++turn;
  const fields = form.fields;
  const { options, wrong } = readSettings(fields);
  form.complain(wrong);
  remember(fragmentOf(fields));
  if (editor.text.trim() === '') return nothing('Paste a config, drop a file, or try an example.');
  if (wrong.size) return nothing('One of the settings cannot be read.', [...wrong].map(unreadable));
  if (!namesTarget(fields)) return nothing('Say which batch size to convert to.');
  const now = files.now(editor.text);
  try {
    const found = await library.convert({ ask: 'convert', files: now, options });
    if (own !== turn) return;
    if (!found.ok) return nothing('Refused: nothing was converted.', found.messages);
    const { value } = found;
    say(summary(value));
    show(outputs(now, value), ...conversionView(value, ways));
    editor.mark(value.messages);
    verifying.about({ files: now, options });
  } catch (error) {
    if (own === turn) nothing(`A fault of this program, not of the config: ${error}`);
  }
}

/** Puts the settings into the address. Browsers refuse to be told the same a hundred times. */
function remember(fragment: string): void {
  if (location.hash.slice(1) === fragment) return;
  history.replaceState(null, '', fragment ? `#${fragment}` : location.pathname + location.search);
}

function unreadable([flag, why]: readonly [flag: string, why: string]): Message {
  return { severity: 'error', code: 'usage', text: `--${flag}: ${why}` };
}

/** What a link said that this page cannot read, as long as the page is open. */
let unread: readonly HTMLElement[] = [];

function show(...views: readonly Node[]): void {
  answer.replaceChildren(...unread, ...views);
}

function nothing(why: string, messages: readonly Message[] = []): void {
  say(why);
  show(...(messages.length ? [messagesView('What is wrong', messages, ways)] : []));
  editor.mark(messages);
  verifying.about(undefined);
}

function summary({ changes, batch, kappa, rule, dialect, messages }: Converted): string {
  const what =
    changes.length === 0
      ? 'Nothing has to change'
      : changes.length === 1
        ? '1 value changes'
        : `${changes.length} values change`;
  const more = messages.length
    ? `; ${messages.length} ${messages.length === 1 ? 'thing' : 'things'} to know`
    : '';
  return `${what}: ${batch}, kappa ${kappa}, rule ${rule}, read as ${dialect}${more}.`;
}

/** What to do with the converted text. */
function outputs(now: Files, { text }: Converted): HTMLElement {
  const command = commandLine(now.file, form.fields);
  const link = element('input', { type: 'text', readonly: true, hidden: true, 'aria-label': 'Link' });
  const give = (url: string, done: string) => {
    link.value = url;
    link.hidden = false;
    link.select();
    copy(url, done);
  };
  const withConfig = async () => {
    const fragment = await fragmentWith(form.fields, now);
    give(`${location.href.split('#')[0]}#${fragment}`, 'Link with the settings and the config copied.');
  };
  return element(
    'section',
    { class: 'outputs' },
    element(
      'p',
      { class: 'row' },
      button('Copy new config', () => copy(text, 'The new config is copied.'), { class: 'main' }),
      button('Download', () => download(now.file, text)),
      button('Copy link', () =>
        give(location.href, 'Link with the settings copied; the config is not in it.'),
      ),
      button('Copy link with config', () => void withConfig()),
    ),
    link,
    element(
      'p',
      { class: 'command' },
      element('code', {}, command),
      button('Copy', () => copy(command, 'The command is copied.'), {
        class: 'small',
        'aria-label': 'Copy the command',
      }),
    ),
  );
}

function copy(text: string, done: string): void {
  navigator.clipboard.writeText(text).then(
    () => tell(done),
    () => tell('The browser does not let this page copy: select the text and copy it by hand.'),
  );
}

function open(opened: readonly (readonly [name: string, text: string])[]): void {
  editor.text = files.open(opened);
  soon();
}

async function openList(list: FileList | null | undefined): Promise<void> {
  if (!list?.length) return;
  await readFiles(list).then(open, (error: Error) => nothing(error.message));
}

function useExample({ file, text, fields }: Example): void {
  form.fill(fields);
  open([[file, text]]);
}

function acceptFiles(): void {
  const chooser = byId('files', HTMLInputElement);
  byId('open', HTMLButtonElement).addEventListener('click', () => chooser.click());
  chooser.addEventListener(
    'change',
    () =>
      void openList(chooser.files).then(() => {
        chooser.value = '';
      }),
  );
  // Anywhere on the page: a file that misses its place would otherwise be opened instead of the page.
  const place = byId('drop', HTMLElement);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    place.classList.add('over');
  });
  for (const over of ['dragleave', 'drop', 'dragend'])
    document.addEventListener(over, () => place.classList.remove('over'));
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    void openList(event.dataTransfer?.files);
  });
}

async function followLink(): Promise<void> {
  const { fields, config, unknown } = await readFragment(location.hash);
  form.fill(fields);
  if (config) editor.text = files.open([[config.file, config.text]]);
  const ignored = `The link also says ${unknown.join(', ')}, which this page does not know.`;
  unread = unknown.length ? [element('p', { class: 'coarse' }, ignored)] : [];
  await update();
}

byId('examples', HTMLElement).append(
  ...EXAMPLES.map((one) => button(one.title, () => useExample(one), { class: 'link' })),
);
acceptFiles();
addEventListener('hashchange', () => void followLink());
await followLink();
