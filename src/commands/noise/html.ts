import { short } from '../../base/numbers.ts';
import { asText, chartPlace, figure, htmlPage, legend, list, table } from '../../base/report/html.ts';
import type { Chart } from '../../base/report/page/plot-data.ts';
import type { NoiseEstimate, NoiseScale } from './noise-scale.ts';
import { phasesOf } from './noise-scale.ts';
import { type RunView, remarks, THIRDS, valueToUse } from './view.ts';

/** Parts of a run in the plot: as many as leave each a usable number of steps. */
const MOST_PARTS = 24;
const STEPS_IN_A_PART = 20;

/**
 * A page with the estimate, its thirds and a plot of N along the run.
 * @param result what `--json` prints
 */
export function noiseHtml(
  title: string,
  estimate: NoiseEstimate,
  run: RunView | undefined,
  seed: number,
  result: object,
): string {
  const { bound, interval } = estimate;
  const words = bound
    ? `N is ${bound.replace('-', ' ')} ${valueToUse(estimate)}`
    : `N ${valueToUse(estimate)}`;
  const range =
    interval && !bound
      ? `, 95 % between ${figure(interval[0], 3)} and ${figure(interval[1], 3)} (bootstrap)`
      : '';
  const chart = run && growthChart(estimate, run, seed);
  const body = `<p class="verdict">Gradient noise scale: ${asText(words)} samples${range}</p>
${measurementTable(estimate)}
${run?.thirds.length ? thirdsTable(run) : ''}
${list(remarks(estimate, run))}
${
  chart
    ? `<h2>Along the run</h2>\n${legend([
        ['old', 'of a part of the run'],
        ['not converted', 'of the whole run'],
      ])}\n<div class="figures">${chartPlace(chart, 'Noise scale along the run', 'Shaded: 95 %. A part whose interval is open at one end ends at the edge.')}</div>`
    : ''
}
<h2>To use it</h2>
<pre>rebatch CONFIG --to N --noise-scale ${valueToUse(estimate)}</pre>`;
  return htmlPage({ title, state: words, body, result, ...(chart ? { charts: [chart] } : {}) });
}

function measurementTable({ measurements, signal, noise }: NoiseEstimate): string {
  const rows = measurements.map(({ batch, count, meanSquaredNorm }) => [
    String(batch),
    figure(count),
    figure(meanSquaredNorm, 6),
  ]);
  const columns = [
    { title: 'batch' },
    { title: 'measured', number: true },
    { title: 'mean squared norm', number: true },
  ];
  return `${table('Gradient norms', columns, rows)}
<p>|G|<sup>2</sup> ${figure(signal, 6)}, tr(Sigma) ${figure(noise, 6)}; N is tr(Sigma)/|G|<sup>2</sup>.</p>`;
}

function thirdsTable({ norms, thirds }: RunView): string {
  const end = (x: number) => (Number.isFinite(x) ? figure(x, 3) : 'open');
  const rows = thirds.map(({ from, to, noiseScale, interval }, i) => [
    THIRDS[i]!,
    `${short(norms.steps[from]!, 9)} to ${short(norms.steps[to - 1]!, 9)}`,
    end(noiseScale),
    interval ? end(interval[0]) : '',
    interval ? end(interval[1]) : '',
  ]);
  const titles = [norms.counted, 'N', '95 % from', 'to'];
  const columns = [{ title: 'part' }, ...titles.map((title) => ({ title, number: true }))];
  return table('Noise scale by thirds of the run', columns, rows);
}

function growthChart(estimate: NoiseScale, { norms }: RunView, seed: number): Chart | undefined {
  const { length } = norms.steps;
  const parts = Math.min(MOST_PARTS, Math.floor(length / STEPS_IN_A_PART));
  if (parts < 3) return undefined;
  const phases = phasesOf(norms, parts, seed).map((phase) => ({
    ...phase,
    at: (norms.steps[phase.from]! + norms.steps[phase.to - 1]!) / 2,
  }));
  const drawn = (x: number) => Number.isFinite(x) && x > 0;
  const ends = phases.flatMap(({ noiseScale, interval }) => [noiseScale, ...(interval ?? [])]).filter(drawn);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const points = phases.flatMap(({ at, noiseScale }) =>
    drawn(noiseScale) ? [[at, noiseScale] as const] : [],
  );
  const whole = valueToUse(estimate);
  const [first, last] = [phases[0]!.at, phases.at(-1)!.at];
  return {
    id: 'growth',
    x: norms.counted,
    y: 'noise scale (samples)',
    logarithmic: true,
    curves: [
      { kind: 'old', points },
      { kind: 'not converted', points: [first, last].map((x) => [x, Number(whole)] as const) },
    ],
    band: phases.flatMap(({ at, interval }) =>
      interval ? [[at, Math.max(interval[0], least), Math.min(interval[1], most)] as const] : [],
    ),
  };
}
