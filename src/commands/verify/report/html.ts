import { short } from '../../../base/numbers.ts';
import { asText, breakable, figure, htmlPage, legend, list, table } from '../../../base/report/html.ts';
import type { RuleBars } from '../../../base/report/page/plot-data.ts';
import { readable } from '../../../document/pointer.ts';
import { countedPer } from '../../../pipe/sides.ts';
import type { Training } from '../train-configs.ts';
import type { AverageOutcome, Verification } from '../verification.ts';
import { averagePlot } from './average-plot.ts';
import { type Conclusion, conclusionOf } from './conclusion.ts';
import { advices, DIVERGED, notTrained, ruleName, trainedTitle, updatesOf } from './training-text.ts';
import {
  askedOf,
  nameOf as averageName,
  type NamedVerification,
  notesOf,
  type ReportJson,
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

function section(
  { verification, trainings = [] }: NamedVerification,
  { pass, word, what, limits }: Conclusion,
  index: number,
): string {
  const { batch, rule, seed, backend, seconds, averages } = verification;
  const verdict = `${word[0]!.toUpperCase()}${word.slice(1)}${what ? `: ${asText(what)}` : ''}`;
  return `<p class="verdict ${pass ? (word === 'verified' ? 'pass' : 'coarse') : 'fail'}">${verdict}</p>
${limits.map((limit) => `<p>${asText(limit)}</p>`).join('\n')}
<p class="quiet">Batch ${batch.from} &rarr; ${batch.to}${countedPer({ per: batch.per })} (kappa ${short(batch.to / batch.from)}), rule ${asText(rule)}, tolerance ${short(verification.tolerance)}, seed ${seed}, on ${asText(backend.device)}, ${short(seconds)} s.</p>
<h2>Settings</h2>
${settingsTable(verification)}
${ratesList(verification)}
${averages.length ? `<h2>Averages</h2>\n${resultsTable(averages)}` : ''}
${averages.some(({ levels }) => levels) ? levelsTable(averages) : ''}
${list(notesOf(verification), ' class="note"')}
${trainings.length ? trainingSections(trainings, index) : ''}
${averages.length ? `<h2>Plots</h2>\n${KEY}` : ''}
${averages.map((average, j) => plots(average, `${index}-${j}`)).join('\n')}`;
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

function ratesList({ learningRates, rule }: Verification): string {
  const items = learningRates.map((rate) => {
    const kind = rate.asAsked ? 'pass' : rate.decides ? 'fail' : 'coarse';
    return `<li>${breakable(asText(readable(rate.pointer)))}: <span class="${kind}">${asText(askedOf(rate, rule))}</span></li>`;
  });
  return items.length ? `<ul>${items.join('')}</ul>` : '';
}

function resultsTable(averages: readonly AverageOutcome[]): string {
  const rows = averages.map((average) => {
    const word = !average.agrees ? 'fail' : average.verdict;
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

function levelsTable(averages: readonly AverageOutcome[]): string {
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

const KEY = legend(['old', 'new', ['not converted', 'old decay at the new batch']]);

function plots(average: AverageOutcome, id: string): string {
  const name = nameOf(average);
  const part = (key: string, title: string, text: string) =>
    `<figure class="${key}"><figcaption><strong>${title}.</strong> ${text}</figcaption><div data-figure="${id}" data-part="${key}" data-description="${name}: ${title.toLowerCase()}. ${text}"></div></figure>`;
  const { converted, theory, trajectory } = average;
  const same = trajectory.old.every((x, i) => x === trajectory.now[i]);
  return `<h3>${breakable(name)}</h3>
<div class="figures">
${part('kernels', 'Weights', 'How much one sample counts in the average, by its age.')}
${part('trajectories', 'Trajectories', 'One coordinate of the old and of the new average, at equal sample counts.')}
${part('difference', 'Difference', same ? 'Old minus new: 0 everywhere.' : `Old minus new; rms ${short(converted.value)} of the old average’s own, predicted ${short(theory)}. Shaded: 95 % of what is predicted.`)}
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
  const { regimes, inUse, sizes, substitute } = training;
  const title = `${trainedTitle(training)} on a noisy quadratic`;
  const rows = (regimes[0]?.candidates ?? []).map(({ rule }, i) => [
    asText(ruleName(rule, inUse)),
    ...regimes.map(({ candidates }) => {
      const { pathDistance, best } = candidates[i]!;
      const { value, standardError } = pathDistance;
      const text = `${figure(value, 3)} &plusmn; ${figure(standardError, 1)}`;
      return best ? `<span class="pass">${text}</span>` : text;
    }),
  ]);
  const columns = [
    { title: 'rule' },
    ...regimes.map(({ noiseScale }) => ({ title: `noise scale ${figure(noiseScale, 2)}`, number: true })),
  ];
  const caption = `Distance of the loss path from the old one, by rule; green: none is closer. ${updatesOf(sizes)}${substitute ? `; ${substitute}` : ''}`;
  const charts = regimes.map(({ noiseScale, candidates }, k) => {
    const at = `noise scale ${short(noiseScale, 2)}`;
    const off = candidates.filter(({ pathDistance }) => pathDistance.value > DIVERGED);
    const diverged = off.map(({ rule }) => ruleName(rule, inUse)).join('; ');
    return `<figure><figcaption>At ${at}${diverged ? `; diverged: ${asText(diverged)}` : ''}</figcaption><div data-figure="rules-${id}-${k}" data-description="Distance of the loss path from the old one, by rule, at ${at}"></div></figure>`;
  });
  return `<h3>${breakable(asText(title))}</h3>\n${table(caption, columns, rows)}\n${list(advices(training))}\n<div class="figures">${charts.join('')}</div>`;
}

function nameOf(average: Pick<AverageOutcome, 'pointer' | 'part'>): string {
  return asText(averageName(average));
}
