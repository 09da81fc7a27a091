import type { ChalkInstance } from 'chalk';
import { printable } from '../../../base/diagnostic.ts';
import { fraction, num, short } from '../../../base/numbers.ts';
import { tableLines } from '../../../base/table.ts';
import { hanging, wrap } from '../../../base/text.ts';
import { readable } from '../../../document/pointer.ts';
import { sidesText } from '../../../pipe/sides.ts';
import type { NoTraining, Training } from '../train-configs.ts';
import type { AverageOutcome, LearningRateOutcome, Verification } from '../verification.ts';
import { type Conclusion, conclusionOf } from './conclusion.ts';
import { type TrainingRow, trainingJson, trainingText } from './training-text.ts';

/** A verification with the names that its reports carry. */
export interface NamedVerification {
  readonly title: string;
  readonly verification: Verification;
  /** What `--train` ran. */
  readonly trainings?: readonly (Training | NoTraining)[];
}

/** The parts of `verify --json` that other reports read. */
export interface ReportJson {
  readonly training: readonly TrainingRow[];
}

/** The result of `verify --json`: version 1 of the format. Fields may be added, none changes its meaning. */
export function verificationJson({
  verification,
  trainings = [],
}: NamedVerification): ReportJson & Readonly<Record<string, unknown>> {
  const { pass, backend, seed, tolerance, averages, learningRates, unpaired, seconds } = verification;
  return {
    version: 1,
    pass,
    backend,
    seed,
    tolerance,
    averages: averages.map(averageJson),
    learningRates: learningRates.map(({ pointer, values, ratio, asked, asAsked, decides }) => ({
      pointer,
      values,
      ratio,
      asked,
      asAsked,
      decides,
    })),
    unpaired,
    training: trainingJson(trainings),
    seconds,
  };
}

function averageJson(average: AverageOutcome): object {
  const { pointer, part, of, decay, gain, converted, unconverted, levels } = average;
  return {
    pointer,
    ...(part === undefined ? {} : { part }),
    of,
    decay,
    ...(gain === 1 ? {} : { gain }),
    relativeRms: converted.value,
    theory: average.theory,
    unconverted: unconverted.value,
    unconvertedTheory: average.unconvertedTheory,
    standardError: converted.standardError,
    best: average.best,
    coarse: average.verdict === 'coarse',
    pass: average.verdict !== 'fail' && average.agrees,
    agrees: average.agrees,
    ...(levels
      ? {
          level: {
            ratio: levels.measured.value,
            standardError: levels.measured.standardError,
            theory: levels.theory,
            noiseScale: levels.noiseScale,
          },
        }
      : {}),
  };
}

/** A verification for people: a table, and what to know about it. */
export function verificationText(named: NamedVerification, chalk: ChalkInstance, columns = 80): string {
  const { title, verification, trainings = [] } = named;
  const { batch, averages, learningRates, backend, seed, rule, seconds } = verification;
  const head = chalk.bold(printable(title));
  const machine = `${sidesText(batch)}  kappa ${fraction(batch.to / batch.from)}  rule ${rule}  seed ${seed}  ${backend.device}  ${seconds.toFixed(1)} s`;
  const rates = learningRates.map((rate) => learningRateLine(rate, rule, chalk));
  const notes = notesOf(verification).map(
    (note) => `${chalk.yellow('!')} ${hanging(printable(note), columns, '  ')}\n`,
  );
  return [
    `${head}\n${chalk.dim(machine)}\n`,
    averages.length ? table(averages, chalk) : '',
    ...rates,
    ...notes,
    trainings.length ? `\n${trainingText(trainings, chalk, columns)}\n` : '',
    conclusionText(conclusionOf(verification, trainings), chalk, columns),
  ].join('');
}

function conclusionText({ pass, word, what, limits }: Conclusion, chalk: ChalkInstance, columns: number) {
  const colour = pass ? (word === 'verified' ? chalk.green : chalk.yellow) : chalk.red;
  const line = what ? `${word}: ${what}` : word;
  const [first, ...rest] = [line, ...limits].map((text) => wrap(printable(text), columns).join('\n'));
  return `${[colour(word) + first!.slice(word.length), ...rest].join('\n')}\n`;
}

const VERDICTS = { pass: 'pass', coarse: 'coarse', fail: 'FAIL' } as const;

function table(averages: readonly AverageOutcome[], chalk: ChalkInstance): string {
  const [titles, ...figures] = tableLines({
    columns: FIGURES.map((title) => ({ title, align: 'right' })),
    rows: averages.map(cellsOf),
    indent: MARGIN,
    paintTitles: chalk.dim,
  });
  const lines = averages.map((average, i) => {
    const { verdict, agrees, decay } = average;
    const word = agrees ? VERDICTS[verdict] : 'FAIL';
    const colour = word === 'FAIL' ? chalk.red : word === 'coarse' ? chalk.yellow : chalk.green;
    const name = `${nameOf(average)}, ${average.of}: ${short(decay[0], 8)} -> ${short(decay[1], 8)}`;
    return `${colour(word.padEnd(MARGIN.length))}${printable(name)}\n${figures[i]}\n`;
  });
  const about = `${MARGIN}rms of old - new over that of the old average, on the same gradients`;
  return `${titles}\n${lines.join('')}${chalk.dim(about)}\n`;
}

const MARGIN = ' '.repeat(8);
const FIGURES = ['difference', 'predicted', 'best', 'not converted', 'predicted'] as const;

function cellsOf({ converted, theory, best, unconverted, unconvertedTheory }: AverageOutcome): string[] {
  const measured = `${ratio(converted.value)} +- ${ratio(converted.standardError)}`;
  return [measured, ...[theory, best, unconverted.value, unconvertedTheory].map(ratio)];
}

/** An average as the reports call it. */
export function nameOf({ pointer, part }: Pick<AverageOutcome, 'pointer' | 'part'>): string {
  return part === undefined ? readable(pointer) : `${readable(pointer)} ${part}`;
}

function learningRateLine(rate: LearningRateOutcome, rule: string, chalk: ChalkInstance): string {
  const { asAsked, decides, values } = rate;
  const word = asAsked
    ? chalk.green('pass'.padEnd(8))
    : decides
      ? chalk.red('FAIL'.padEnd(8))
      : chalk.yellow('differs ');
  return `${word}${printable(readable(rate.pointer))}: ${num(values[0])} -> ${num(values[1])}\n        ${askedOf(rate, rule)}\n`;
}

/** What a learning rate was multiplied by, and what it should have been. */
export function askedOf({ decides, ratio: found, asked }: LearningRateOutcome, rule: string): string {
  return `times ${num(found)}; ${decides ? 'its buffer asks for' : `${rule} asks for`} ${num(asked)}`;
}

/** What to know about a verification beside its figures, as sentences. */
export function notesOf({ averages, unpaired, tolerance, batch }: Verification): string[] {
  const notes = [...unpaired];
  for (const average of averages) {
    const name = nameOf(average);
    const { verdict, agrees, size, best, gain, levels, converted, theory } = average;
    if (!agrees)
      notes.push(
        `${name}: what was measured (${ratio(converted.value)}) is more than 5 standard errors from what was predicted (${ratio(theory)}): backend error, result not usable`,
      );
    if (verdict === 'coarse')
      notes.push(
        `${name}: no decay comes closer than ${ratio(best)} at this ratio: the new batch is longer than the averaging window; this error is unavoidable`,
      );
    if (verdict === 'fail')
      notes.push(
        Math.abs(gain - 1) > tolerance
          ? `${name}: the new average counts ${num(gain)} times what it should: ${average.of === 'gradient' ? 'learning rate and momentum do not fit together' : 'its weight is wrong'}`
          : `${name}: differs by ${ratio(size)}; a decay could reach ${ratio(best)}, and ${num(tolerance)} would do`,
      );
    if (average.lookAhead)
      notes.push(
        `${name}: the step looks one gradient ahead (Nesterov). Compared is the buffer, whose memory can be kept; how much the newest samples weigh in the step cannot`,
      );
    if (levels && batch.from !== batch.to)
      notes.push(
        `${name}: whatever the decay, the mean square it averages is ${short(levels.measured.value, 3)} +- ${short(levels.measured.standardError, 3)} times the old one (predicted ${short(levels.theory, 3)}) at a gradient noise scale of ${num(levels.noiseScale)} samples; the learning rate that keeps the step per sample is kappa*sqrt of it, ${short((batch.to / batch.from) * Math.sqrt(levels.theory), 3)} times the old one`,
      );
  }
  return notes;
}

/** A relative size to four digits at most. */
function ratio(x: number): string {
  return x !== 0 && Math.abs(x) < 0.001 ? x.toExponential(1) : short(x);
}
