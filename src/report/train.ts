import type { ChalkInstance } from 'chalk';
import { readable } from '../document/pointer.ts';
import { printable } from '../problem.ts';
import type { CandidateResult, RegimeResult } from '../verify/train.ts';
import type { NoTraining, Training } from '../verify/train-configs.ts';
import { wrap } from './text.ts';

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

/** A training for people: rules against noise scales, and what to think of the rule in use. */
export function trainingText(
  trainings: readonly (Training | NoTraining)[],
  chalk: ChalkInstance,
  columns = 80,
): string {
  return trainings
    .map((training) =>
      'why' in training
        ? lines(`${title(training)} not trained: ${training.why}`, columns)
        : table(training, columns, chalk),
    )
    .join('\n');
}

function title({ pointer, optimizer }: Pick<Training, 'pointer' | 'optimizer'>): string {
  return printable(pointer === '' ? optimizer : `${optimizer} at ${readable(pointer)}`);
}

const NAMES: Readonly<Record<string, string>> = {
  'not-converted': 'not converted',
  'kappa-lr-converted-momentum': 'kappa*lr, mu^kappa',
  'sqrt-lr': 'sqrt(kappa)*lr',
  'as-written': 'as written',
};
const NAME_WIDTH = 26;
const CELL_WIDTH = 18;

function table(training: Training, columns: number, chalk: ChalkInstance): string {
  const { regimes, inUse, standIn, sizes } = training;
  const [first] = regimes;
  const head = `${''.padEnd(NAME_WIDTH)}${regimes.map((r) => `N ${short(r.noiseScale)}`.padStart(CELL_WIDTH - 1).padEnd(CELL_WIDTH)).join('')}`;
  const rows = (first?.candidates ?? []).map(({ rule }, i) => {
    const name = `${NAMES[rule] ?? rule}${rule === inUse ? ' (in use)' : ''}`.padEnd(NAME_WIDTH);
    const cells = regimes.map((r) => cell(r.candidates[i]!, chalk)).join('');
    return `${rule === inUse ? chalk.bold(name) : name}${cells}`.trimEnd();
  });
  const updates = `${sizes.problems} problems of ${sizes.layers * sizes.width} weights, ${sizes.oldSteps} old steps`;
  const about = `distance of the loss paths, mean |log(new/old)|: 0 is the same path; * none is closer; N is the gradient noise scale at the start in samples; ${updates}`;
  return [
    `${chalk.bold(`${title(training)} at work on a noisy quadratic`)}\n`,
    `${chalk.dim(head.trimEnd())}\n${rows.join('\n')}\n`,
    chalk.dim(lines(standIn ? `${about}; ${standIn}` : about, columns)),
    ...regimes.map((regime) => lines(advice(regime, inUse), columns)),
  ].join('');
}

function cell({ pathDistance, best }: CandidateResult, chalk: ChalkInstance): string {
  const { value, standardError } = pathDistance;
  const text = value > DIVERGED ? 'diverged' : `${short(value)} +- ${short(standardError, 1)}`;
  return (best ? chalk.green : (t: string) => t)(`${text}${best ? '*' : ' '}`.padStart(CELL_WIDTH));
}

/** A mean distance of this much is beyond e^50 in loss. */
const DIVERGED = 50;
/** A path this close to the old one is close enough for most purposes. */
const CLOSE = 0.05;

/** What follows for the rule in use at one noise scale. */
function advice({ noiseScale, candidates }: RegimeResult, inUse: string): string {
  const used = candidates.find(({ rule }) => rule === inUse)!;
  const best = candidates.filter((c) => c.best).map(({ rule }) => NAMES[rule] ?? rule);
  const at = `At noise scale ${short(noiseScale)}`;
  const name = NAMES[inUse] ?? inUse;
  if (used.best) return `${at} nothing follows the old path closer than ${name}.`;
  const off = used.pathDistance.value > DIVERGED ? 'diverges' : `is ${percent(used.pathDistance.value)} off`;
  const enough = used.pathDistance.value <= CLOSE ? ', which is little' : '';
  return `${at} ${name} ${off} on average${enough}; closest: ${best.join(', ')}.`;
}

function percent(distance: number): string {
  const factor = Math.expm1(distance);
  return factor < 1 ? `${short(100 * factor)} %` : `a factor of ${short(factor + 1)}`;
}

function lines(text: string, columns: number): string {
  return `${wrap(text, columns).join('\n')}\n`;
}

function short(x: number, digits = 2): string {
  const rounded = Number(x.toPrecision(digits));
  return rounded !== 0 && (Math.abs(rounded) < 1e-3 || Math.abs(rounded) >= 1e5)
    ? rounded.toExponential().replace('e+', 'e')
    : String(rounded);
}
