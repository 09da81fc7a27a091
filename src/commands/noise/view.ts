import { printable } from '../../base/diagnostic.ts';
import { count, num, short } from '../../base/numbers.ts';
import { tableLines } from '../../base/table.ts';
import { hanging } from '../../base/text.ts';
import type { NoiseEstimate, NoiseScale, Phase } from './noise-scale.ts';
import type { RunNorms } from './norms.ts';

/** What is said of a run beside its noise scale. */
export interface RunView {
  readonly norms: RunNorms;
  readonly thirds: readonly Phase[];
}

export const THIRDS = ['first third', 'second third', 'last third'];

/** The estimate for a terminal, ending with the command that uses it. */
export function noiseText(estimate: NoiseEstimate, run: RunView | undefined, width: number): string {
  const { signal, noise, measurements } = estimate;
  const from = measurements
    .map((m) => `${num(m.meanSquaredNorm)} at batch ${m.batch} (${m.count})`)
    .join(', ');
  const lines = [
    `gradient noise scale ${scaleText(estimate)}`,
    `|G|^2 ${num(signal)}, tr(Sigma) ${num(noise)}, from mean squared norms ${from}`,
    ...(run ? runLines(run) : []),
    ...remarks(estimate, run).map((remark) => `! ${hanging(remark, width, '  ')}`),
    `to use it: rebatch CONFIG --to N --noise-scale ${valueToUse(estimate)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function scaleText({ noiseScale, interval, bound }: NoiseScale): string {
  if (!interval) return `${rounded(noiseScale)} samples; one measurement each, so no interval`;
  const [low, high] = interval;
  if (bound === 'at-least')
    return `at least ${rounded(low)} samples (97.5 %, bootstrap); no upper end: the bigger batch is still nearly all noise`;
  if (bound === 'at-most')
    return `at most ${rounded(high)} samples (97.5 %, bootstrap); no lower end: even the smaller batch has hardly any noise`;
  return `${rounded(noiseScale)} samples, 95 % between ${rounded(low)} and ${rounded(high)} (bootstrap)`;
}

/** The number for `--noise-scale`: of an open interval the end that is known. */
export function valueToUse({ noiseScale, interval, bound }: NoiseScale): string {
  return rounded(bound === 'at-least' ? interval![0] : bound === 'at-most' ? interval![1] : noiseScale);
}

/** Three digits: its interval is seldom narrower than a tenth of it. */
export function rounded(x: number): string {
  return num(Number(x.toPrecision(3)));
}

function runLines({ norms, thirds }: RunView): string[] {
  const rows = thirds.map((third, i) => [
    THIRDS[i]!,
    `${norms.counted} ${count(norms.steps[third.from]!)} to ${count(norms.steps[third.to - 1]!)}`,
    Number.isFinite(third.noiseScale) ? short(third.noiseScale, 3) : '-',
    intervalText(third),
  ]);
  const table = !rows.length
    ? []
    : tableLines({
        indent: '  ',
        columns: [{}, {}, { title: 'N', align: 'right' }, { title: '95 %' }],
        rows,
      });
  const [small, big] = norms.columns;
  return [
    printable(`one run: "${small}" at batch ${norms.batches[0]}, "${big}" at batch ${norms.batches[1]}`),
    ...table,
  ];
}

function intervalText({ interval }: NoiseScale): string {
  if (!interval) return '';
  const [low, high] = interval;
  if (low === 0 && high === Infinity) return 'unknown';
  if (high === Infinity) return `at least ${short(low, 3)}`;
  return low === 0 ? `at most ${short(high, 3)}` : `${short(low, 3)} to ${short(high, 3)}`;
}

/** Thirds for `--noise-scale`; one without a number of its own goes with the one before it. */
function byThirds(thirds: readonly Phase[]): string {
  return thirds
    .flatMap((third, i) =>
      third.noiseScale > 0 && third.noiseScale < Infinity
        ? [`${valueToUse(third)}@${i === 0 ? '0' : `${Math.round((100 * i) / 3)}%`}`]
        : [],
    )
    .join(',');
}

/** What a reader should know before using the number. */
export function remarks({ bound, interval }: NoiseScale, run: RunView | undefined): string[] {
  const open =
    bound === 'at-least'
      ? [
          `N is at least ${rounded(interval![0])}. More steps, or a bigger batch to compare with (accumulate more micro-batches), narrow it`,
        ]
      : bound === 'at-most'
        ? [`N is at most ${rounded(interval![1])}. More steps, or a smaller micro-batch, narrow it`]
        : [];
  if (!run) return open;
  const [first, , last] = run.thirds;
  const grown = first?.interval && last?.interval && last.interval[0] > first.interval[1];
  const growth = grown
    ? [
        `N grows along this run. The value over the whole run is the one for a run from its start; for one that goes on from a late checkpoint take that of the last third. Where the log is of a whole run from scratch, rebatch schedule with --noise-scale ${byThirds(run.thirds)} tells what each third needs`,
      ]
    : [];
  const { leftOut } = run.norms;
  const other = leftOut ? [`${leftOut} rows of another batch size were left out`] : [];
  return [...open, ...growth, ...other];
}
