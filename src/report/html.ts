import { readable } from '../document/pointer.ts';
import type { Verification, VerifiedAverage } from '../verify/verify.ts';
import { figuresOf } from './figures.ts';
import { script, style } from './generated/page.js';
import type { Bars } from './page/figures.ts';
import type { NamedVerification, ReportJson } from './verification.ts';

type Trained = ReportJson['training'][number];

/**
 * A page that needs nothing but itself: tables of every figure, plots, and the result as JSON.
 * @param json what `--json` prints for each verification: the page carries it word by word
 */
export function verificationHtml(named: readonly NamedVerification[], json: readonly ReportJson[]): string {
  const title = named[0]?.title ?? '';
  const pass = named.every(({ verification }) => verification.pass);
  const figures = named.flatMap(({ verification }, i) =>
    verification.averages.map((average, j) => figuresOf(average, `${i}-${j}`)),
  );
  const bars = json.flatMap(({ training }, i) => barsOf(training, i));
  const result = JSON.stringify(json.length === 1 ? json[0] : json, null, 2);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${pass ? 'Verified' : 'Not verified'}: ${asText(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${breakable(asText(title))}</h1>
<p class="verdict ${pass ? 'pass' : 'fail'}">${pass ? 'Verified' : 'Not verified'}</p>
${named.map(({ verification }, i) => section(verification, json[i]!, i)).join('\n')}
<details><summary>The same as JSON</summary><pre tabindex="0">${asText(result)}</pre></details>
</main>
<script type="application/json" id="result">${inScript(result)}</script>
<script type="application/json" id="figures">${inScript(JSON.stringify(figures))}</script>
<script type="application/json" id="bars">${inScript(JSON.stringify(bars))}</script>
<script>${script.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`;
}

function section(verification: Verification, { training }: ReportJson, index: number): string {
  const { batch, rule, seed, backend, seconds, averages } = verification;
  return `<p class="quiet">Batch ${batch.from} &rarr; ${batch.to} (kappa ${short(batch.to / batch.from)}), rule ${asText(rule)}, tolerance ${short(verification.tolerance)}, seed ${seed}, on ${asText(backend.device)}, ${short(seconds)} s.</p>
<h2>Settings</h2>
${settingsTable(verification)}
${unpairedList(verification)}
<h2>Averages</h2>
${resultsTable(averages)}
${averages.some(({ levels }) => levels) ? levelsTable(averages) : ''}
${trainingSection(training, index)}
<h2>Plots</h2>
${KEY}
${averages.map((average, j) => plots(average, `${index}-${j}`)).join('\n')}`;
}

interface Column {
  readonly title: string;
  readonly number?: boolean;
}

/** Cells are HTML; the first of a row is its heading. */
function table(caption: string, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const kind = ({ number }: Column) => (number ? ' class="number"' : '');
  const head = columns.map((c) => `<th scope="col"${kind(c)}>${c.title}</th>`).join('');
  const body = rows.map(([first = '', ...rest]) => {
    const cells = rest.map((cell, i) => `<td${kind(columns[i + 1]!)}>${cell}</td>`).join('');
    return `<tr><th scope="row">${first}</th>${cells}</tr>`;
  });
  return `<div class="scroll" role="region" aria-label="${asText(caption)}" tabindex="0"><table><caption><span>${asText(caption)}</span></caption><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function settingsTable({ averages, learningRates }: Verification): string {
  const rows = [
    ...learningRates.map(({ pointer, optimizer, values }) => [
      breakable(asText(readable(pointer))),
      `learning rate, ${asText(optimizer)}`,
      figure(values[0]),
      figure(values[1]),
    ]),
    ...averages.map((average) => [
      breakable(nameOf(average)),
      `decay, ${asText(average.of)}`,
      figure(average.decay[0], 8),
      figure(average.decay[1], 8),
    ]),
  ];
  const columns = [
    { title: 'setting' },
    { title: 'what it is' },
    { title: 'old', number: true },
    { title: 'new', number: true },
  ];
  return table('What was compared', columns, rows);
}

function resultsTable(averages: readonly VerifiedAverage[]): string {
  const rows = averages.map((average) => {
    const word = average.agrees === false ? 'fail' : average.verdict;
    return [
      breakable(nameOf(average)),
      `<span class="${word}">${word}</span>`,
      `${figure(average.converted.value)} &plusmn; ${figure(average.converted.standardError, 2)}`,
      figure(average.theory),
      figure(average.best),
      figure(average.unconverted.value),
      figure(average.unconvertedTheory),
    ];
  });
  const titles = ['measured', 'predicted', 'best possible', 'not converted', 'predicted'];
  const columns = [
    { title: 'average' },
    { title: 'verdict' },
    ...titles.map((title) => ({ title, number: true })),
  ];
  return table('Rms of old - new over that of the old average, on the same gradients', columns, rows);
}

function levelsTable(averages: readonly VerifiedAverage[]): string {
  const rows = averages.flatMap((average) => {
    const { levels } = average;
    if (!levels) return [];
    const { measured, theory, noiseScale } = levels;
    const found = `${figure(measured.value)} &plusmn; ${figure(measured.standardError, 2)}`;
    return [[breakable(nameOf(average)), found, figure(theory), figure(noiseScale)]];
  });
  const columns = [
    { title: 'average' },
    { title: 'measured', number: true },
    { title: 'predicted', number: true },
    { title: 'at noise scale', number: true },
  ];
  return table('Mean square of the gradients, new over old, whatever the decay', columns, rows);
}

function unpairedList({ unpaired, learningRates }: Verification): string {
  const rates = learningRates
    .filter(({ asAsked }) => !asAsked)
    .map(
      ({ pointer, ratio, asked }) =>
        `${readable(pointer)} is multiplied by ${short(ratio)}; the rule asks for ${short(asked)}`,
    );
  const notes = [...unpaired, ...rates];
  return notes.length ? `<ul>${notes.map((note) => `<li>${asText(note)}</li>`).join('')}</ul>` : '';
}

const line = (kind: string, dashes = '', width = 1.6) =>
  `<svg viewBox="0 0 32 8" aria-hidden="true"><path d="M0 4H32" stroke="var(--${kind})" stroke-width="${width}"${dashes ? ` stroke-dasharray="${dashes}"` : ''}/></svg>`;
const KEY = `<ul class="key"><li>${line('old', '', 3)}old</li><li>${line('new', '5 4')}new</li><li>${line('neither', '2 3')}old decay at the new batch</li></ul>`;

function plots(average: VerifiedAverage, id: string): string {
  const name = nameOf(average);
  const part = (key: string, title: string, text: string) =>
    `<figure class="${key}"><figcaption><strong>${title}.</strong> ${text}</figcaption><div data-figure="${id}" data-part="${key}" data-description="${name}: ${title.toLowerCase()}. ${text}"></div></figure>`;
  const { converted, theory } = average;
  const band = average.agrees === undefined ? '' : ' Shaded: 95 % of what is predicted.';
  return `<h3>${breakable(name)}</h3>
<div class="figures">
${part('kernels', 'Weights', 'How much one sample counts in the average, by its age.')}
${part('trajectories', 'Trajectories', 'One coordinate of the old and of the new average, at equal sample counts.')}
${part('difference', 'Difference', `Old minus new; rms ${short(converted.value)} of the old average’s own, predicted ${short(theory)}.${band}`)}
</div>`;
}

function barsOf(training: readonly Trained[], index: number): Bars[] {
  return scalesOf(training).map((scale, j) => ({
    id: `rules-${index}-${j}`,
    bars: training
      .filter(({ noiseScale }) => noiseScale === scale)
      .map(({ rule, pathDistance, standardError = 0 }) => ({
        rule,
        distance: pathDistance,
        error: standardError,
      })),
  }));
}

function scalesOf(training: readonly Trained[]): (number | undefined)[] {
  return [...new Set(training.map(({ noiseScale }) => noiseScale))];
}

function trainingSection(training: readonly Trained[], index: number): string {
  if (training.length === 0) return '';
  const rows = training.map(({ rule, pathDistance, standardError, noiseScale }) => [
    asText(rule),
    noiseScale === undefined ? '' : figure(noiseScale),
    `${figure(pathDistance)}${standardError === undefined ? '' : ` &plusmn; ${figure(standardError, 2)}`}`,
  ]);
  const columns = [
    { title: 'rule' },
    { title: 'noise scale', number: true },
    { title: 'distance', number: true },
  ];
  const caption = 'Distance of the loss path from the old one, by rule';
  const charts = scalesOf(training).map(
    (scale, j) =>
      `<figure><figcaption>${scale === undefined ? 'By rule' : `At noise scale ${short(scale)}`}</figcaption><div data-figure="rules-${index}-${j}" data-description="${caption}"></div></figure>`,
  );
  return `<h2>Rules</h2>\n${table(caption, columns, rows)}\n<div class="figures">${charts.join('')}</div>`;
}

function nameOf({ pointer, part }: Pick<VerifiedAverage, 'pointer' | 'part'>): string {
  return asText(part === undefined ? readable(pointer) : `${readable(pointer)} ${part}`);
}

/** A name that may be broken before its dots, brackets and underscores, and nowhere else. */
function breakable(name: string): string {
  return name.replace(/(?=[.[_])/g, '<wbr>');
}

/** A number to a few digits for people, and to the last one for programs. */
function figure(value: number, digits = 4): string {
  return `<data value="${value}">${short(value, digits)}</data>`;
}

function short(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)));
}

/** Text as HTML, without control characters. */
function asText(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')
    .replace(/[&<>"]/g, (c) => entities[c]!);
}

/** JSON inside a script element: a "<" could end it. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
