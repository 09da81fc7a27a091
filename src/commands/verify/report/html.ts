import { placeOf } from '../../../base/diagnostic.ts';
import { fraction, num, short, withError } from '../../../base/numbers.ts';
import { asText, breakable, figure, htmlPage, legend, list, table } from '../../../base/report/html.ts';
import type { RuleBars } from '../../../base/report/page/plot-data.ts';
import { fieldName, readable } from '../../../document/pointer.ts';
import type { Measured } from '../../../lab/backends/backend.ts';
import { countedPer } from '../../../pipe/sides.ts';
import type { Training } from '../train-configs.ts';
import type { AverageOutcome, Verification } from '../verification.ts';
import { averagePlot } from './average-plot.ts';
import { type Conclusion, conclusionOf } from './conclusion.ts';
import { DIVERGED, notTrained, ruleName, trainedTitle, updatesOf } from './training-text.ts';
import {
  ABOUT,
  askedOf,
  isDecay,
  machineOf,
  type NamedVerification,
  notesOf,
  type ReportJson,
  verdictOn,
} from './verification-text.ts';

/**
 * A page that needs nothing but itself: tables of every figure, plots, and the result as JSON.
 * @param json what `--json` prints for each verification: the page contains it unchanged
 */
export function verificationHtml(named: readonly NamedVerification[], json: readonly ReportJson[]): string {
  const title = named[0]?.title ?? '';
  const pass = named.every(({ verification }) => verification.pass);
  const conclusions = named.map(({ verification, trainings }) => conclusionOf(verification, trainings));
  const figures = named.flatMap(({ verification }, i) =>
    verification.averages.map((average, j) => averagePlot(average, `${i}-${j}`)),
  );
  const bars = named.flatMap(({ trainings = [] }, i) => barsOf(trainings, i));
  const state = (conclusions.length === 1 && conclusions[0]?.word) || (pass ? 'verified' : 'NOT verified');
  return htmlPage({
    title,
    state,
    body: named.map((one, i) => section(one, conclusions[i]!, i)).join('\n'),
    result: json.length === 1 ? json[0]! : json,
    averages: figures,
    bars,
  });
}

/** What there is to know in one screen, then the rest. */
function section(
  { verification, trainings = [] }: NamedVerification,
  conclusion: Conclusion,
  index: number,
): string {
  const { averages, warnings } = verification;
  const first = worstOf(averages);
  const others = averages.filter((average) => average !== first);
  const figures = (average: AverageOutcome) => plots(average, `${index}-${averages.indexOf(average)}`);
  return `${verdictOf(conclusion)}
${metaOf(verification, index)}
${changedTable(verification)}
${first ? `${figures(first)}\n${KEY}` : ''}
${averages.length ? `<h2>Averages</h2>\n${resultsTable(averages)}\n<p class="quiet">${asText(machineOf(verification))}, tolerance ${short(verification.tolerance)}.</p>` : ''}
${averages.some(({ levels }) => levels) ? levelsTable(averages) : ''}
${list(notesOf(verification), ' class="note"')}
${warningsOf(warnings, index)}
${trainings.length ? trainingSections(trainings, index) : ''}
${others.length ? `<h2>More plots</h2>\n${KEY}\n${others.map(figures).join('\n')}` : ''}`;
}

function verdictOf({ verdict, word, found, open }: Conclusion): string {
  const capital = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}`;
  return `<p class="verdict ${verdict}"><strong>${capital(word)}</strong>: ${breakable(asText(found))}.</p>${open ? `\n<p class="open">${breakable(asText(open))}.</p>` : ''}`;
}

function metaOf({ batch, rule, warnings }: Verification, index: number): string {
  const count = warnings.reduce((sum, said) => sum + said.warnings.length, 0);
  const link = count
    ? ` <a href="#warnings-${index}">${count} ${count > 1 ? 'warnings' : 'warning'}</a>.`
    : '';
  return `<p class="quiet">Batch ${num(batch.from)} &rarr; ${num(batch.to)}${countedPer({ per: batch.per })}, so kappa, the new batch over the old, is ${fraction(batch.to / batch.from)}. Rule ${asText(rule)}.${link}</p>`;
}

/** The average that is plotted first: the one that is farthest off. */
function worstOf(averages: readonly AverageOutcome[]): AverageOutcome | undefined {
  const rank = { fail: 2, coarse: 1, pass: 0 };
  return [...averages].sort(
    (a, b) => rank[verdictOn(b)] - rank[verdictOn(a)] || Math.min(b.size, 1) - Math.min(a.size, 1),
  )[0];
}

function changedTable({ averages, learningRates, rule, batch }: Verification): string {
  const setting = (name: string, what: string) =>
    `${breakable(asText(name))} <span class="quiet">${asText(what)}</span>`;
  const rows = [
    ...learningRates.map((rate) => [
      setting(readable(rate.pointer), `learning rate, ${rate.optimizer}`),
      ...rate.written.map((text, i) => `<data value="${rate.values[i]}">${asText(text)}</data>`),
      `<span class="${rate.asAsked ? (rate.decides ? 'pass' : '') : rate.decides ? 'fail' : 'coarse'}">${asText(askedOf(rate, rule))}</span>`,
    ]),
    ...averages.map((average) => [
      setting(fieldName(average), average.averaged),
      ...average.written.map((text, i) =>
        isDecay(average)
          ? asText(text)
          : `${asText(text)} <span class="quiet">decay ${short(average.decay[i]!, 8)}</span>`,
      ),
      `<span class="${verdictOn(average)}">${verdictOn(average)}</span>, off by ${short(average.converted.value, 3)}`,
    ]),
  ];
  if (rows.length === 0) return '';
  const columns = [
    { title: 'setting' },
    { title: 'old', number: true },
    { title: 'new', number: true },
    { title: 'found' },
  ];
  const all = [
    [
      'batch <span class="quiet">samples per step</span>',
      num(batch.from),
      num(batch.to),
      `× ${fraction(batch.to / batch.from)}`,
    ],
    ...rows,
  ];
  return table('What changed, as the files write it', columns, all);
}

function warningsOf(warnings: Verification['warnings'], index: number): string {
  const items = warnings.flatMap(({ source, warnings }) =>
    warnings.map(({ code, message, offset }) => {
      const place =
        offset === undefined ? source.file : `${source.file}:${placeOf(source.text, offset).line}`;
      return `${place}: ${message} [${code}]`;
    }),
  );
  return items.length ? `<h2 id="warnings-${index}">Warnings</h2>\n${list(items, ' class="warning"')}` : '';
}

function resultsTable(averages: readonly AverageOutcome[]): string {
  const rows = averages.map((average) => {
    const word = verdictOn(average);
    return [
      breakable(nameOf(average)),
      `<span class="${word}">${word}</span>`,
      ...average.decay.map((decay) => figure(decay, 8)),
      measuredCell(average.converted),
      figure(average.theory),
      figure(average.best),
      figure(average.unconverted.value),
      figure(average.unconvertedTheory),
      `${figure(average.coordinates, 9)} × ${figure(average.samples, 17)}`,
    ];
  });
  const titles = [
    'old decay',
    'new decay',
    'off by',
    'predicted',
    'least possible',
    'not converted',
    'predicted',
    'run',
  ];
  const columns = [
    { title: 'average' },
    { title: 'verdict' },
    ...titles.map((title) => ({ title, number: true })),
  ];
  return table(`${ABOUT[0]!.toUpperCase()}${ABOUT.slice(1)}. run: coordinates × samples.`, columns, rows);
}

function levelsTable(averages: readonly AverageOutcome[]): string {
  const rows = averages.flatMap((average) => {
    const { levels } = average;
    if (!levels) return [];
    const { measured, theory, noiseScale } = levels;
    return [[breakable(nameOf(average)), measuredCell(measured), figure(theory), figure(noiseScale)]];
  });
  const columns = [
    { title: 'average' },
    { title: 'measured', number: true },
    { title: 'predicted', number: true },
    { title: 'at noise scale', number: true },
  ];
  return table('Mean square of the gradients, new over old, whatever the decay', columns, rows);
}

/** A figure with its standard error; programs find both to the last digit. */
function measuredCell(measured: Measured, digits?: number): string {
  const [value, error] = withError(measured, digits);
  return `<data value="${measured.value}">${value}</data> ± <data value="${measured.standardError}">${error}</data>`;
}

const KEY = legend(['old', 'new', ['not converted', 'old decay at the new batch']]);

function plots(average: AverageOutcome, id: string): string {
  const name = nameOf(average);
  const part = (key: string, title: string, text: string) =>
    `<figure><figcaption><strong>${title}.</strong> ${text}</figcaption><div data-figure="${id}" data-part="${key}" data-description="${name}: ${title.toLowerCase()}. ${text}"></div></figure>`;
  const { converted, theory, trajectory } = average;
  const same = trajectory.old.every((x, i) => x === trajectory.now[i]);
  return `<h3>${breakable(name)}</h3>
<div class="figures three">
${part('kernels', 'Weights', 'How much one sample counts in the average, by its age.')}
${part('trajectories', 'Trajectories', 'One coordinate of the old and of the new average, at equal sample counts.')}
${part('difference', 'Difference', same ? 'Old − new: 0 everywhere.' : `Old − new, rms ${short(converted.value)} × the old one’s (predicted ${short(theory)}). Shaded: 95 %.`)}
</div>`;
}

function barsOf(trainings: NonNullable<NamedVerification['trainings']>, index: number): RuleBars[] {
  return trainings.flatMap((training, j) =>
    'why' in training
      ? []
      : training.regimes.map(({ candidates }, k) => ({
          id: `rules-${index}-${j}-${k}`,
          bars: candidates
            .filter(({ pathDistance }) => pathDistance.value <= DIVERGED)
            .map(({ rule, pathDistance: { value, standardError } }) => ({
              rule: ruleName(rule, training.inUse),
              distance: value,
              error: standardError,
              inUse: rule === training.inUse,
            })),
        })),
  );
}

function trainingSections(trainings: NonNullable<NamedVerification['trainings']>, index: number): string {
  const about =
    'How far the losses of a training under each rule are from those of the old settings, mean |log(new/old)|: 0 is the same path. The noise scale is that at the start, in samples.';
  const parts = trainings.map((training, j) =>
    'why' in training
      ? `<p>${asText(notTrained(training))}.</p>`
      : trainingSection(training, `${index}-${j}`),
  );
  return `<h2>Rules</h2>\n<p>${asText(about)}</p>\n${parts.join('\n')}`;
}

function trainingSection(training: Training, id: string): string {
  const { regimes, inUse, sizes } = training;
  const title = `${trainedTitle(training)} on a noisy quadratic`;
  const rows = (regimes[0]?.candidates ?? []).map(({ rule }, i) => [
    asText(ruleName(rule, inUse)),
    ...regimes.map(({ candidates }) => {
      const { pathDistance, best } = candidates[i]!;
      const text = measuredCell(pathDistance, 1);
      return best ? `<span class="pass">${text}</span>` : text;
    }),
  ]);
  const columns = [
    { title: 'rule' },
    ...regimes.map(({ noiseScale }) => ({ title: `noise scale ${figure(noiseScale, 2)}`, number: true })),
  ];
  const caption = `Distance of the loss path from the old one, by rule; green: none is closer. ${updatesOf(sizes)}`;
  const charts = regimes.map(({ noiseScale, candidates }, k) => {
    const at = `noise scale ${short(noiseScale, 2)}`;
    const off = candidates.filter(({ pathDistance }) => pathDistance.value > DIVERGED);
    const diverged = off.map(({ rule }) => ruleName(rule, inUse)).join('; ');
    return `<figure><figcaption>At ${at}${diverged ? `; diverged: ${asText(diverged)}` : ''}</figcaption><div data-figure="rules-${id}-${k}" data-description="Distance of the loss path from the old one, by rule, at ${at}"></div></figure>`;
  });
  return `<h3>${breakable(asText(title))}</h3>\n${table(caption, columns, rows)}\n<div class="figures">${charts.join('')}</div>`;
}

function nameOf(average: Pick<AverageOutcome, 'pointer' | 'part'>): string {
  return asText(fieldName(average));
}
