import { fraction } from '../../base/numbers.ts';
import { asText, chartPlace, figure, htmlPage, legend, list, table } from '../../base/report/html.ts';
import type { Chart } from '../../base/report/page/plot-data.ts';
import { type Followed, figureLines, notes, remedyLines, verdictText } from './view.ts';

/** A page with the verdict, both losses and their ratio. @param result what `--json` prints */
export function followHtml(followed: Followed, result: object): string {
  const { files, batches, runs, outcome } = followed;
  const charts = chartsOf(followed);
  const batch = batches
    ? `Batch ${batches[0]} &rarr; ${batches[1]} (kappa ${fraction(batches[1] / batches[0])}). `
    : '';
  const columns = [...new Set(runs.map(({ column }) => column))].map(
    (name) => `&ldquo;${asText(name)}&rdquo;`,
  );
  const text = verdictText(outcome.verdict);
  const body = `<p class="verdict ${outcome.verdict === 'follows' ? 'pass' : 'fail'}">${asText(text[0]!.toUpperCase() + text.slice(1))}</p>
<p class="quiet">${batch}Column ${columns.join(' and ')}.</p>
${list([...figureLines(outcome), ...remedyLines(followed)])}
${list(notes(followed), ' class="note"')}
<h2>Plots</h2>
${legend(['old', 'new'])}
<div class="figures">${chartPlace(charts[0]!, 'Losses', 'At the same samples seen.')}
${chartPlace(charts[1]!, 'Ratio', 'log(new/old): above 0 the new loss is the higher one. Shaded: a mean up to there is following.')}</div>
<h2>Figures</h2>
${lossTable(followed)}`;
  const title = files.join(' ');
  return htmlPage({ title, state: outcome.verdict, body, result, charts });
}

function chartsOf({ outcome: { windows, resolution } }: Followed): Chart[] {
  const points = (y: (losses: readonly [number, number]) => number) =>
    windows.map(({ samples, losses }) => [samples, y(losses)] as const);
  const ends = [windows[0]!.samples, windows.at(-1)!.samples];
  return [
    {
      id: 'losses',
      x: 'samples seen',
      y: 'loss',
      logarithmic: true,
      curves: [
        { kind: 'old', points: points(([old]) => old) },
        { kind: 'new', points: points(([, now]) => now) },
      ],
    },
    {
      id: 'ratio',
      x: 'samples seen',
      y: 'log(new/old)',
      curves: [{ kind: 'old - new', points: points(([old, now]) => Math.log(now / old)) }],
      band: ends.map((x) => [x, -resolution, resolution] as const),
    },
  ];
}

function lossTable({ outcome: { windows } }: Followed): string {
  const rows = windows.map(({ samples, losses: [old, now] }) => [
    figure(samples, 9),
    figure(old),
    figure(now),
    figure(Math.log(now / old), 3),
  ]);
  const columns = [
    { title: 'samples' },
    ...['old', 'new', 'log(new/old)'].map((title) => ({ title, number: true })),
  ];
  return table('Losses where both have seen the same samples', columns, rows);
}
