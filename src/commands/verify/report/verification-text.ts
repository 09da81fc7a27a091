import type { ChalkInstance } from 'chalk';
import { printable } from '../../../base/diagnostic.ts';
import { count, fraction, num, short, withError } from '../../../base/numbers.ts';
import { tableLines } from '../../../base/table.ts';
import { hanging, wrap } from '../../../base/text.ts';
import { fieldName, readable } from '../../../document/pointer.ts';
import { warningJson } from '../../../pipe/json.ts';
import { sidesText } from '../../../pipe/sides.ts';
import { warningLines } from '../../../pipe/warnings.ts';
import type { NoTraining, Training } from '../train-configs.ts';
import type { AverageOutcome, LearningRateOutcome, Verification } from '../verification.ts';
import { type Conclusion, conclusionLine, conclusionOf } from './conclusion.ts';
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
  const { pass, verdict, backend, seed, tolerance, averages, learningRates, unpaired, seconds } =
    verification;
  const { batch, rule, warnings } = verification;
  return {
    version: 1,
    pass,
    verdict,
    summary: conclusionLine(conclusionOf(verification, trainings)),
    rule,
    kappa: batch.to / batch.from,
    batch,
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
    warnings: warnings.flatMap(({ source, warnings }) =>
      warnings.map((one) => ({ file: source.file, ...warningJson(one, source) })),
    ),
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
    coordinates: average.coordinates,
    samples: average.samples,
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

/** A verification for people: a table, what to know about it, and last what was proven and what was not. */
export function verificationText(named: NamedVerification, chalk: ChalkInstance, columns = 80): string {
  const { title, verification, trainings = [] } = named;
  const { averages, learningRates, rule, warnings } = verification;
  return [
    headText(title, verification, chalk, columns),
    averages.length ? table(averages, chalk, columns) : '',
    ...learningRates.map((rate) => learningRateLine(rate, rule, chalk)),
    ...notesOf(verification).map((note) => `${chalk.yellow('!')} ${hanging(note, columns, '  ')}\n`),
    ...warnings.map((said) => warningLines(said, chalk, columns, { named: true })),
    trainings.some((one) => !('why' in one)) ? `\n${trainingText(trainings, chalk, columns)}\n` : '',
    conclusionText(conclusionOf(verification, trainings), chalk, columns),
  ].join('');
}

function headText(title: string, verification: Verification, chalk: ChalkInstance, columns: number): string {
  const { batch, rule } = verification;
  const what = `${sidesText(batch)}  kappa ${fraction(batch.to / batch.from)}  rule ${rule}`;
  const run = `${chalk.dim(wrap(machineOf(verification), columns).join('\n'))}\n`;
  return `${chalk.bold(printable(title))}\n${what}\n${verification.averages.length ? run : ''}`;
}

/** What was run, and on what. */
export function machineOf({ averages, seed, backend, seconds }: Verification): string {
  const sizes = averages.map(
    ({ coordinates, samples }) => `${coordinates} coordinates × ${count(samples)} samples`,
  );
  return [...new Set(sizes), `seed ${seed}`, backend.device, `${seconds.toFixed(1)}s`].join(', ');
}

/** The colour of a verdict: what is verified alone is green. */
function painter(chalk: ChalkInstance, verdict: Verification['verdict']): (text: string) => string {
  return { pass: chalk.green, coarse: chalk.yellow, fail: chalk.red, nothing: chalk.bold }[verdict];
}

function conclusionText(conclusion: Conclusion, chalk: ChalkInstance, columns: number): string {
  const { verdict, word } = conclusion;
  const text = wrap(conclusionLine(conclusion), columns).join('\n');
  return `${painter(chalk, verdict)(word)}${text.slice(word.length)}\n`;
}

/** What one average came to. */
export function verdictOn({ verdict, agrees }: AverageOutcome): AverageOutcome['verdict'] {
  return agrees ? verdict : 'fail';
}

const VERDICTS = { pass: 'pass', coarse: 'coarse', fail: 'FAIL' } as const;

function table(averages: readonly AverageOutcome[], chalk: ChalkInstance, columns: number): string {
  const [titles, ...figures] = tableLines({
    columns: FIGURES.map((title) => ({ title, align: 'right' })),
    rows: averages.map(cellsOf),
    indent: MARGIN,
    paintTitles: chalk.dim,
  });
  const below = (text: string) => `${MARGIN}${chalk.dim(hanging(text, columns, MARGIN))}\n`;
  const lines = averages.map((average, i) => {
    const verdict = verdictOn(average);
    const word = painter(chalk, verdict)(VERDICTS[verdict].padEnd(MARGIN.length));
    const level = levelOf(average);
    const title = hanging(titleOf(average), columns, MARGIN);
    return `${word}${title}\n${figures[i]}\n${level ? below(level) : ''}`;
  });
  return `${titles}\n${lines.join('')}${below(ABOUT)}`;
}

const MARGIN = ' '.repeat(8);
const FIGURES = ['off by', 'predicted', 'least possible', 'not converted', 'predicted'] as const;
/** What the figures are. */
export const ABOUT =
  'off by: rms of old minus new average over that of the old one, on the same gradients, where both have seen the same samples; 0 is the same. least possible: under the best decay. not converted: under the old decay at the new batch';

function cellsOf({ converted, theory, best, unconverted, unconvertedTheory }: AverageOutcome): string[] {
  const others = [theory, best, unconverted.value, unconvertedTheory].map((x) => short(x));
  return [withError(converted).join(' ± '), ...others];
}

/** An average with its values as the files write them, and the decays that these mean. */
function titleOf(average: AverageOutcome): string {
  const { averaged, decay, written } = average;
  const means = isDecay(average) ? '' : ` (decay ${short(decay[0], 8)} -> ${short(decay[1], 8)})`;
  return `${fieldName(average)}, ${averaged}: ${written.join(' -> ')}${means}`;
}

/** Whether the files write the decays themselves, and not half-lives or 1 - decay. */
export function isDecay({ decay, written }: Pick<AverageOutcome, 'decay' | 'written'>): boolean {
  return decay.every((value, i) => Number(written[i]!.replace(/^default |["'_]/g, '')) === value);
}

/** How the level of an average of squares follows the batch, whatever its decay. */
function levelOf({ levels, batch }: AverageOutcome): string | undefined {
  if (!levels || batch[0] === batch[1]) return undefined;
  const { measured, theory, noiseScale } = levels;
  return `mean square of the gradients: × ${withError(measured).join(' ± ')}, predicted ${short(theory, 3)}, for a gradient noise scale of ${num(noiseScale)}`;
}

function learningRateLine(rate: LearningRateOutcome, rule: string, chalk: ChalkInstance): string {
  const { asAsked, decides, written } = rate;
  const word = (text: string) => text.padEnd(MARGIN.length);
  const verdict = decides
    ? painter(chalk, asAsked ? 'pass' : 'fail')(word(asAsked ? VERDICTS.pass : VERDICTS.fail))
    : asAsked
      ? word('by rule')
      : chalk.yellow(word('differs'));
  return `${verdict}${printable(`${readable(rate.pointer)}: ${written.join(' -> ')}`)}\n${MARGIN}${askedOf(rate, rule)}\n`;
}

/** What a learning rate was multiplied by, and what it should have been. */
export function askedOf({ decides, ratio: found, asked }: LearningRateOutcome, rule: string): string {
  const who = decides ? 'its momentum' : rule;
  const [was, ought] = [num(found), num(asked)];
  return was === ought ? `× ${was}, as ${who} asks` : `× ${was}; ${who} asks for × ${ought}`;
}

/** What to know about a verification beside its figures and what a conversion says, as sentences. */
export function notesOf({ averages, unpaired, tolerance, warnings }: Verification): string[] {
  const told = warnings.some((said) => said.warnings.some(({ code }) => code === 'nesterov'));
  return [
    ...unpaired,
    ...averages.flatMap((average) => [
      ...(average.agrees ? [] : [disagreementOf(average)]),
      ...(average.verdict === 'fail' ? [failNote(average, tolerance)] : []),
      ...(average.lookAhead && !told ? [lookAheadNote(average)] : []),
    ]),
  ];
}

function disagreementOf(average: AverageOutcome): string {
  const { converted, theory } = average;
  return `${fieldName(average)}: what was measured (${short(converted.value)}) is more than 5 standard errors from what was predicted (${short(theory)}): backend error, result not usable`;
}

function failNote(average: AverageOutcome, tolerance: number): string {
  const { gain, of, size, best } = average;
  return Math.abs(gain - 1) > tolerance
    ? `${fieldName(average)}: the new average counts ${num(gain)} times what it should: ${of === 'gradient' ? 'learning rate and momentum do not fit together' : 'its weight is wrong'}`
    : `${fieldName(average)}: off by ${short(size)}; the best decay reaches ${short(best)}, and ${num(tolerance)} would do`;
}

function lookAheadNote(average: AverageOutcome): string {
  return `${fieldName(average)}: the step looks one gradient ahead (Nesterov). Compared is the buffer, whose memory can be kept; how much the newest samples weigh in the step cannot`;
}
