import { jsonText, printable } from '../diagnostic.ts';
import { lookUp } from '../look-up.ts';
import { short } from '../numbers.ts';
import { script, style } from './generated/page.js';
import type { AveragePlot, Chart, Curve, RuleBars } from './page/plot-data.ts';

/** What a page consists of. */
export interface Page {
  readonly title: string;
  /** What was found, in a word or two: the browser's tab has it behind the title. */
  readonly state: string;
  /** HTML. */
  readonly body: string;
  /** What `--json` prints: the page contains it unchanged. */
  readonly result: object;
  /** What is drawn at the places that `data-figure` names. */
  readonly averages?: readonly AveragePlot[];
  readonly bars?: readonly RuleBars[];
  readonly charts?: readonly Chart[];
}

/** A page that needs nothing but itself: tables of every figure, plots, and the result as JSON. */
export function htmlPage({
  title,
  state,
  body,
  result,
  averages = [],
  bars = [],
  charts = [],
}: Page): string {
  const json = jsonText(result);
  const data = (id: string, text: string) =>
    `<script type="application/json" id="${id}">${inScript(text)}</script>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${asText(title)}: ${asText(state)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${breakable(asText(title))}</h1>
${body}
<details><summary>The same as JSON</summary><pre tabindex="0">${entities(json)}</pre></details>
</main>
${data('result', json)}
${data('figures', jsonText(averages))}
${data('bars', jsonText(bars))}
${data('charts', jsonText(charts))}
<script>${script.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`;
}

/** A list of texts; nothing where there are none. @param kind attributes of each item, as HTML */
export function list(items: readonly string[], kind = ''): string {
  return items.length ? `<ul>${items.map((item) => `<li${kind}>${asText(item)}</li>`).join('')}</ul>` : '';
}

/** A column of a table; its title is HTML. */
export interface Column {
  readonly title: string;
  readonly number?: boolean;
}

/** Cells are HTML; the first of a row is its heading. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const kind = ({ number }: Column) => (number ? ' class="number"' : '');
  const head = columns.map((c) => `<th scope="col"${kind(c)}>${c.title}</th>`).join('');
  const body = rows.map(([first = '', ...rest]) => {
    const cells = rest.map((cell, i) => `<td${kind(columns[i + 1]!)}>${cell}</td>`).join('');
    return `<tr><th scope="row">${first}</th>${cells}</tr>`;
  });
  return `<div class="scroll" role="region" aria-label="${asText(caption)}" tabindex="0"><table><caption><span>${asText(caption)}</span></caption><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

/** As the script of the page draws the kinds of curves: colour, dashes, width. */
const STROKES: Readonly<Record<Curve['kind'], readonly [colour: string, dashes: string, width: number]>> = {
  old: ['old', '', 3],
  new: ['new', '5 4', 1.6],
  'not converted': ['neither', '2 3', 1.6],
  'old - new': ['ink', '', 1.6],
};

/** What the curves of the plots are, by their kind: its name, or another text. */
export function legend(entries: readonly (Curve['kind'] | readonly [Curve['kind'], string])[]): string {
  const items = entries.map((entry) => {
    const [kind, text] = typeof entry === 'string' ? [entry, entry] : entry;
    const [colour, dashes, width] = STROKES[kind];
    const line = `<svg viewBox="0 0 32 8" aria-hidden="true"><path d="M0 4H32" stroke="var(--${colour})" stroke-width="${width}"${dashes ? ` stroke-dasharray="${dashes}"` : ''}/></svg>`;
    return `<li>${line}${asText(text)}</li>`;
  });
  return `<ul class="key">${items.join('')}</ul>`;
}

/** The place where a chart is drawn, with what it shows in words. @param text HTML */
export function chartPlace({ id }: Pick<Chart, 'id'>, title: string, text: string): string {
  return `<figure class="difference"><figcaption><strong>${asText(title)}.</strong> ${text}</figcaption><div data-figure="${id}" data-description="${asText(title)}"></div></figure>`;
}

/** A name that may be broken before its dots, brackets and underscores, and nowhere else: 0.64 stays whole. */
export function breakable(name: string): string {
  return name.replace(/(?=[[_]|\.\D|(?<!\d)\.)/g, '<wbr>');
}

/** A number to a few digits for people, and to the last one for programs. */
export function figure(value: number, digits = 4): string {
  return `<data value="${value}">${short(value, digits)}</data>`;
}

/** Text as HTML, on one line. */
export function asText(text: string): string {
  return entities(printable(text));
}

function entities(text: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (c) => lookUp(named, c)!);
}

/** JSON inside a script element: a "<" could end it. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
