/** A conversion, or why there is none, as elements. */

import { button, element } from './dom.ts';
import type { ChangeRow, Converted, Hunk, Message, Rules } from './messages.ts';

/** Where the reader can be taken to. */
export interface Ways {
  /** Into the config. */
  readonly toText: (offset: number) => void;
  /** To the field of a flag; false where the form has none. */
  readonly hasFlag: (flag: string) => boolean;
  readonly toFlag: (flag: string) => void;
  readonly useRule: (rule: string) => void;
}

/** A conversion: the rules to choose from, the changes, the diff, and what to know about it. */
export function conversionView(converted: Converted, ways: Ways): HTMLElement[] {
  const { changes, rules, hunks, messages } = converted;
  return [
    ...(rules ? [rulesView(rules, ways)] : []),
    ...(changes.length ? [changesView(changes, ways)] : []),
    ...(messages.length ? [messagesView('To know', messages, ways)] : []),
    ...(hunks.length ? [diffView(hunks)] : []),
  ];
}

/** Messages as a list; the place of each leads there, and so do the flags that it names. */
export function messagesView(title: string, messages: readonly Message[], ways: Ways): HTMLElement {
  return element(
    'section',
    { class: 'messages' },
    element('h3', {}, title),
    element('ul', {}, ...messages.map((message) => messageView(message, ways))),
  );
}

function messageView({ severity, code, text, file, place }: Message, ways: Ways): HTMLElement {
  const [first = '', ...more] = text.split('\n');
  const where = place
    ? button(`line ${place.line}, column ${place.column}`, () => ways.toText(place.offset), { class: 'link' })
    : file;
  const kind = severity === 'error' ? 'Error' : severity === 'warning' ? 'Warning' : 'Note';
  return element(
    'li',
    { class: severity },
    element('strong', {}, kind),
    ' ',
    where,
    where === undefined ? undefined : ': ',
    ...withFlags(first, ways),
    ' ',
    element('code', { class: 'quiet' }, code),
    ...(more.length
      ? [element('ul', {}, ...more.map((line) => element('li', {}, ...withFlags(line, ways))))]
      : []),
  );
}

/** A text whose flags lead to their fields. */
function withFlags(text: string, { hasFlag, toFlag }: Ways): (string | Node)[] {
  return text.split(/(--[a-z][a-z0-9-]*)/).map((part) => {
    const flag = part.slice(2);
    return part.startsWith('--') && hasFlag(flag)
      ? button(part, () => toFlag(flag), { class: 'link flag' })
      : part;
  });
}

function rulesView({ columns, rows, open, observed }: Rules, ways: Ways): HTMLElement {
  const { useRule, toFlag } = ways;
  const head = columns.map(({ rule, title, inUse }) =>
    element(
      'th',
      { scope: 'col', class: inUse ? 'number used' : 'number', title },
      rule,
      inUse ? element('span', { class: 'quiet' }, open ? ' by default' : ' in use') : undefined,
    ),
  );
  const body = rows.map(({ field, from, to }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, breakable(field)),
      element('td', { class: 'number' }, from),
      ...to.map((text, i) => element('td', { class: columns[i]?.inUse ? 'number used' : 'number' }, text)),
    ),
  );
  const choices = columns.map(({ rule, holds, inUse }) =>
    element(
      'li',
      {},
      element('strong', {}, rule),
      holds ? `: ${holds}. ` : ' ',
      inUse && !open
        ? element('span', { class: 'quiet' }, 'in use')
        : button(`Use ${rule}`, () => useRule(rule), { class: 'small' }),
    ),
  );
  return element(
    'section',
    { class: open ? 'decision open' : 'decision' },
    element('h3', {}, open ? 'To decide: which rule' : 'The rules side by side'),
    element(
      'p',
      {},
      'Both are right, at different gradient noise scales N. ',
      open ? 'Nobody has said N, so the first is used. ' : '',
      button('Give N', () => toFlag('noise-scale'), { class: 'link' }),
      ' if you know it; rebatch noise measures it in one run.',
    ),
    tableOf(
      'The rules side by side',
      [
        element('th', { scope: 'col' }, 'field'),
        element('th', { scope: 'col', class: 'number' }, 'old'),
        ...head,
      ],
      body,
    ),
    element('ul', { class: 'choices' }, ...choices),
    element('p', { class: 'quiet' }, ...withFlags(observed, ways)),
  );
}

/** On a phone its rows are blocks, so that it says its roles itself: a browser drops those of a table laid out so. */
function changesView(changes: readonly ChangeRow[], { toText }: Ways): HTMLElement {
  const cell = (kind: string, ...children: Parameters<typeof element>[2][]) =>
    element('td', { role: 'cell', class: kind }, ...children);
  const rows = changes.map(({ field, place, inserted, from, to, formula, reason, scale, overrides }) =>
    element(
      'tr',
      { role: 'row' },
      cell(
        'number line',
        button(inserted ? `+${place.line}` : String(place.line), () => toText(place.offset), {
          class: 'link',
          'aria-label': inserted ? `Inserted after line ${place.line}` : `Line ${place.line}`,
          title: inserted ? `inserted after line ${place.line}` : `line ${place.line}`,
        }),
      ),
      element(
        'th',
        { scope: 'row', role: 'rowheader' },
        breakable(field),
        overrides === undefined ? undefined : element('span', { class: 'quiet' }, ` overrides ${overrides}`),
      ),
      cell('number old', from),
      cell('number new', to),
      cell(
        'why',
        element('code', {}, formula),
        element('span', {}, reason),
        scale ? element('span', { class: 'quiet' }, scale) : undefined,
      ),
    ),
  );
  const head = [
    ['line', 'number'],
    ['field', ''],
    ['old', 'number'],
    ['new', 'number'],
    ['why', ''],
  ].map(([title = '', kind]) => element('th', { scope: 'col', role: 'columnheader', class: kind }, title));
  const table = element(
    'table',
    { role: 'table', class: 'changes', 'aria-label': 'Changes' },
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...head)),
    element('tbody', { role: 'rowgroup' }, ...rows),
  );
  return element('section', {}, element('h3', {}, 'Changes'), table);
}

function tableOf(name: string, head: readonly Node[], rows: readonly Node[]): HTMLElement {
  return element(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': name, tabindex: '0' },
    element(
      'table',
      { 'aria-label': name },
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...rows),
    ),
  );
}

function diffView(hunks: readonly Hunk[]): HTMLElement {
  const lines = hunks.flatMap((hunk, i) => [
    ...(i === 0 ? [] : [element('tr', { class: 'gap' }, element('td', { colspan: '4' }, '⋯'))]),
    ...numbered(hunk),
  ]);
  return element(
    'section',
    {},
    element('h3', {}, 'Diff'),
    element(
      'div',
      { class: 'scroll diff', role: 'region', 'aria-label': 'Diff', tabindex: '0' },
      element('table', { 'aria-label': 'Diff' }, element('tbody', {}, ...lines)),
    ),
  );
}

const KINDS: Readonly<Record<string, string>> = { '+': 'added', '-': 'removed' };

function numbered({ oldStart, newStart, lines }: Hunk): HTMLElement[] {
  let [before, after] = [oldStart, newStart];
  return lines.map((line) => {
    const sign = line[0] ?? ' ';
    const old = sign === '+' ? '' : String(before++);
    const now = sign === '-' ? '' : String(after++);
    return element(
      'tr',
      { class: KINDS[sign] },
      element('td', { class: 'number quiet' }, old),
      element('td', { class: 'number quiet' }, now),
      element('td', {}, sign),
      element('td', {}, line.slice(1)),
    );
  });
}

/** A name that may be broken before its dots and brackets. */
function breakable(name: string): DocumentFragment {
  const made = document.createDocumentFragment();
  for (const part of name.split(/(?=[.[_])/)) made.append(part, document.createElement('wbr'));
  return made;
}
