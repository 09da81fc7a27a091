import type { ChalkInstance } from 'chalk';
import { printable } from '../../../base/diagnostic.ts';
import { withError } from '../../../base/numbers.ts';
import { tableLines } from '../../../base/table.ts';
import { wrap } from '../../../base/text.ts';
import { readable } from '../../../document/pointer.ts';
import type { CandidateResult } from '../../../lab/training.ts';
import { candidateTitle } from '../candidates.ts';
import type { NoTraining, Training } from '../train-configs.ts';

/** How far one rule's training ends up from the old path, at one noise scale. */
export interface TrainingRow {
  readonly pointer: string;
  readonly rule: string;
  readonly noiseScale: number;
  readonly pathDistance: number;
  readonly standardError: number;
  /** No other rule is closer here. */
  readonly best: boolean;
  readonly inUse: boolean;
}

/** The trainings in `verify --json`: one entry for each optimizer, noise scale and rule. */
export function trainingJson(trainings: readonly (Training | NoTraining)[]): TrainingRow[] {
  return trainings.flatMap((training) => {
    if ('why' in training) return [];
    return training.regimes.flatMap(({ noiseScale, candidates }) =>
      candidates.map(({ rule, pathDistance, best }) => ({
        pointer: training.pointer,
        rule,
        noiseScale,
        pathDistance: pathDistance.value,
        standardError: pathDistance.standardError,
        best,
        inUse: rule === training.inUse,
      })),
    );
  });
}

/** Trainings for people: rules against noise scales. What was not trained is in the conclusion. */
export function trainingText(
  trainings: readonly (Training | NoTraining)[],
  chalk: ChalkInstance,
  columns = 80,
): string {
  return trainings
    .flatMap((training) => ('why' in training ? [] : table(training, columns, chalk)))
    .join('\n');
}

/** An optimizer as the reports call it. */
export function trainedTitle({ pointer, optimizer }: Pick<Training, 'pointer' | 'optimizer'>): string {
  return printable(pointer === '' ? optimizer : `${optimizer} at ${readable(pointer)}`);
}

/** A rule as people read it, with a mark where it is the one in use. */
export function ruleName(rule: string, inUse?: string): string {
  return `${candidateTitle(rule)}${rule === inUse ? ' (in use)' : ''}`;
}

/** How much was trained. */
export function updatesOf({ problems, layers, width, oldSteps }: Training['sizes']): string {
  return `${problems} problems of ${layers * width} weights, ${oldSteps} old steps`;
}

function table(training: Training, columns: number, chalk: ChalkInstance): string {
  const { regimes, inUse, sizes } = training;
  const rules = regimes[0]?.candidates.map(({ rule }) => rule) ?? [];
  const rows = tableLines({
    columns: [
      { paint: rules.map((rule) => (rule === inUse ? chalk.bold : String)) },
      ...regimes.map(({ noiseScale, candidates }) => ({
        title: `N ${short(noiseScale)} `,
        align: 'right' as const,
        paint: candidates.map(({ best }) => (best ? chalk.green : String)),
      })),
    ],
    rows: rules.map((rule, i) => [ruleName(rule, inUse), ...regimes.map((r) => cell(r.candidates[i]!))]),
    paintTitles: (titles) => chalk.dim(titles.trimEnd()),
  }).map((line) => line.trimEnd());
  const about = `distance of the loss paths, mean |log(new/old)|: 0 is the same path; * none is closer; N is the gradient noise scale at the start in samples; ${updatesOf(sizes)}`;
  return [
    `${chalk.bold(`${trainedTitle(training)} on a noisy quadratic`)}\n`,
    `${rows.join('\n')}\n`,
    `${chalk.dim(wrap(about, columns).join('\n'))}\n`,
  ].join('');
}

function cell({ pathDistance, best }: CandidateResult): string {
  const text = pathDistance.value > DIVERGED ? 'diverged' : withError(pathDistance, 1).join(' ± ');
  return `${text}${best ? '*' : ' '}`;
}

/** A mean distance of this much is beyond e^50 in loss. */
export const DIVERGED = 50;
/** A path this close to the old one is close enough for most purposes. */
const CLOSE = 0.05;

/** A rule is clearly closer where its distance is at most this part of another's. */
const CLEARLY = 1 / 2;

/** Why an optimizer was not trained. */
export function notTrained(training: NoTraining): string {
  return `${trainedTitle(training)} not trained: ${training.why}`;
}

/**
 * How far the loss is off its old path under the settings in use, noise scale by noise scale, and where another rule's
 * is clearly closer; as a sentence without its end.
 */
export function offPath(training: Training): string {
  const { regimes, inUse } = training;
  const places = regimes.map(({ noiseScale, candidates }) => {
    const used = candidates.find(({ rule }) => rule === inUse)!.pathDistance.value;
    const closest = candidates.reduce((a, b) => (b.pathDistance.value < a.pathDistance.value ? b : a));
    const least = closest.pathDistance.value;
    const better = used > CLOSE && least <= CLEARLY * used;
    return `${offBy(used)} at N ${short(noiseScale)}${better ? ` (${candidateTitle(closest.rule)}: ${offBy(least)})` : ''}`;
  });
  return `On a noisy quadratic of gradient noise scale N the loss of ${trainedTitle(training)} under ${candidateTitle(inUse)} is off its old path by ${places.join(', ')}`;
}

function offBy(distance: number): string {
  return distance > DIVERGED ? 'more than a factor of e^50' : percent(distance);
}

function percent(distance: number): string {
  const factor = Math.expm1(distance);
  return factor < 1 ? `${short(100 * factor)} %` : `a factor of ${short(factor + 1)}`;
}

function short(x: number, digits = 2): string {
  const rounded = Number(x.toPrecision(digits));
  return rounded !== 0 && (Math.abs(rounded) < 1e-3 || Math.abs(rounded) >= 1e5)
    ? rounded.toExponential().replace('e+', 'e')
    : String(rounded);
}
