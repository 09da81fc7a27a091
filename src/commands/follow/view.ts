import type { ChalkInstance } from 'chalk';
import { printable } from '../../base/diagnostic.ts';
import { fraction, num, short } from '../../base/numbers.ts';
import { tableLines } from '../../base/table.ts';
import { hanging } from '../../base/text.ts';
import type { Verdict } from './compare-losses.ts';
import type { Follow, Ranged } from './follow.ts';
import type { RunLosses } from './losses.ts';

/** What was compared, for the views. */
export interface Followed {
  readonly files: readonly [string, string];
  readonly batches?: readonly [number, number];
  readonly runs: readonly [RunLosses, RunLosses];
  readonly outcome: Follow;
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  follows: 'follows: no further off than the noise of the logs explains',
  behind: 'behind: the new run’s loss is higher at the same samples',
  ahead: 'ahead: the new run’s loss is lower at the same samples, so it has left the old path',
  crosses: 'crosses: as far off as a run that does not follow, now above and now below the old one',
};

/** The verdict in a sentence. */
export function verdictText(verdict: Verdict): string {
  return VERDICTS[verdict];
}

const ROWS = 6;

export function followText(followed: Followed, chalk: ChalkInstance, width: number): string {
  const { outcome } = followed;
  const paint = outcome.verdict === 'follows' ? chalk.green : chalk.red;
  const lines = [
    headLine(followed),
    ...lossTable(followed),
    ...figureLines(outcome),
    ...remedyLines(followed).map((line) => hanging(line, width, '  ')),
    ...notes(followed).map((note) => `! ${hanging(note, width, '  ')}`),
    paint(hanging(VERDICTS[outcome.verdict], width, '  ')),
  ];
  return `${lines.join('\n')}\n`;
}

function headLine({ files, batches, runs }: Followed): string {
  const [old, now] = runs;
  const batch = batches
    ? `, batch ${batches[0]} -> ${batches[1]} (kappa ${fraction(batches[1] / batches[0])})`
    : '';
  const columns = old.column === now.column ? `"${old.column}"` : `"${old.column}" and "${now.column}"`;
  return printable(`${files[0]} -> ${files[1]}${batch}: ${columns}`);
}

function lossTable({ outcome: { windows } }: Followed): string[] {
  const last = windows.length - 1;
  const shown = Array.from({ length: ROWS }, (_, i) => windows[Math.round((i * last) / (ROWS - 1))]!);
  const rows = shown.map(({ samples, losses: [old, now] }) => [
    digitGroups(samples),
    short(old),
    short(now),
    signed(Math.log(now / old)),
  ]);
  const right = 'right' as const;
  const columns = ['samples', 'old', 'new', 'log(new/old)'].map((title) => ({ title, align: right }));
  return tableLines({ indent: '  ', columns, rows });
}

/** The figures, one a line, as the page has them too. */
export function figureLines({ distance, shift, floor, resolution, windows }: Follow): string[] {
  return [
    `mean |log(new/old)| ${short(distance.value, 3)} +- ${short(distance.standardError, 2)} over ${windows.length} windows; the logs’ own noise makes ${short(floor, 3)}`,
    `mean log(new/old) ${signed(shift.value)} +- ${short(shift.standardError, 2)}; up to ${short(resolution, 2)} is following`,
  ];
}

/** What would explain the difference, where there is one. */
export function remedyLines({ outcome, batches }: Followed): string[] {
  const { verdict, remedy } = outcome;
  // No one factor explains a path that is above as well as below.
  if (verdict === 'follows' || verdict === 'crosses') return [];
  if (!remedy) return ['the losses do not tell which learning rate would explain it'];
  const { factor, used, measured, noiseScale } = remedy;
  const bound = remedy.bound === 'at-least' ? 'at least' : 'at most';
  const [low, high] = factor.interval;
  if (low <= 1 && high >= 1) return [`no learning rate explains it: the best factor is ${ranged(factor)}`];
  const line = `to explain it by the learning rate, multiply the new one by ${bound} ${ranged(factor)}`;
  if (!noiseScale || !batches) return [line];
  const total = factor.value * used;
  const had = measured
    ? `it was ${Math.abs(used - 1) < 1e-3 ? '' : `${short(used, 3)} times `}kappa*lr`
    : 'if it was kappa*lr (log the learning rate too, and it need not be assumed)';
  return [`${line}; ${had}`, noiseLine(noiseScale, total, batches, bound)];
}

function noiseLine(
  { value, interval }: Ranged,
  total: number,
  [old, now]: readonly [number, number],
  bound: string,
): string {
  const root = `${short(Math.sqrt(old / now), 3)} times kappa*lr`;
  const wanted = `${bound} ${short(total, 3)} times kappa*lr`;
  // A bound beyond all that noise can ask for leaves every N open, or none.
  if (value === (bound === 'at most' ? Infinity : 0))
    return `${wanted} leaves every noise scale open: noise asks for something between kappa*lr and the square root, ${root}`;
  if (value === 0) return `no gradient noise asks for ${wanted}: look for another cause`;
  if (value === Infinity)
    return `${wanted} is more than gradient noise asks for (at most the square root, ${root}): look for another cause`;
  return `for Adam and its kin that is a noise scale of ${bound} ${ranged({ value, interval })} samples. Measure it (rebatch noise), or try rebatch OLD_CONFIG --to ${now} --noise-scale ${num(Number(value.toPrecision(3)))} and follow again`;
}

function ranged({ value, interval }: Ranged): string {
  const [low, high] = interval.map((x) => (Number.isFinite(x) ? short(x, 3) : 'any'));
  return `${short(value, 3)} (95 %: ${low} to ${high})`;
}

/** More than this many times the old log's jumps is worth a word. */
const JUMPY = 2;

/** What to keep in mind. */
export function notes({ outcome, runs, files }: Followed): string[] {
  const { jumps, verdict, windows } = outcome;
  const [old, now] = runs;
  const compared = windows.at(-1)!.samples;
  const [ends, most] = [now.samples.at(-1)!, old.samples.at(-1)!];
  return [
    ...(ends < 0.9 * most
      ? [
          `${files[1]} ends at ${digitGroups(ends)} of ${digitGroups(most)} samples: the rest is not compared. Did it diverge?`,
        ]
      : []),
    ...(jumps > JUMPY
      ? [
          `the new loss jumps ${short(jumps, 2)} times as much as the old one: its steps are too large, or its noise is`,
        ]
      : []),
    ...(verdict === 'follows' || compared === 0
      ? []
      : [
          'runs of different seeds differ by more than their logs jump. Where the two started from other weights or saw other samples, compare two old runs in the same way first',
        ]),
  ];
}

/** A signed number to three digits. */
function signed(x: number): string {
  return `${x >= 0 ? '+' : ''}${short(x, 3)}`;
}

function digitGroups(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');
}
