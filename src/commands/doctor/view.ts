import type { ChalkInstance } from 'chalk';
import { count } from '../../base/numbers.ts';
import { hanging } from '../../base/text.ts';
import type { BackendReport, Choice, Examination } from './examine.ts';

/** The result of `doctor --json`: version 1 of the format. */
export function doctorJson({ backends, auto }: Examination): object {
  return {
    version: 1,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    backends,
    auto,
  };
}

/** What `doctor` found, for people. */
export function doctorText({ backends, auto }: Examination, chalk: ChalkInstance, columns = 80): string {
  const choice = hanging(choiceText(auto), columns, ' '.repeat(LABEL + 2));
  return `${backends.map((report) => paragraph(report, chalk, columns)).join('\n')}\n${chalk.bold('auto')}: ${choice}\n`;
}

/** Which backend `--backend auto` takes at which size. */
function choiceText({ upTo, small, averages, training }: Choice): string {
  if (averages === small && training === small) return `takes ${small} at every size, the fastest here`;
  const more = averages === training ? averages : `${averages} for averages and ${training} for training`;
  return `takes ${small} up to ${millions(upTo)} draws or updates; beyond that it times every GPU and ${small} on the first part of the work, and by these rates takes ${more}`;
}

function millions(x: number): string {
  return `${count(Number((x / 1e6).toPrecision(2)))} million`;
}

const LABEL = 10;

function paragraph(report: BackendReport, chalk: ChalkInstance, columns: number): string {
  const word = { works: chalk.green('works'), wrong: chalk.red('WRONG'), absent: chalk.yellow('not here') };
  const lines = linesOf(report).map(([label, text]) => {
    return `  ${chalk.dim(label.padEnd(LABEL))}${hanging(text, columns, ' '.repeat(LABEL + 2))}\n`;
  });
  return `${chalk.bold(report.name)}: ${word[report.state]}\n${lines.join('')}`;
}

function linesOf(report: BackendReport): (readonly [label: string, text: string])[] {
  if (report.state === 'absent')
    return [
      ['why', report.why],
      ['next', report.next],
    ];
  const { worst, against, drawsPerSecond, updatesPerSecond } = report.selfTest;
  const same = worst === 0 ? 'the same figures as' : `figures within ${worst.toExponential(0)} of`;
  const figures =
    against === 'reference'
      ? `${same} the float64 reference`
      : `figures within ${worst.toFixed(1)} standard errors of the closed forms`;
  return [
    ['package', `${report.package} ${report.version}`],
    ['device', report.device],
    ['memory', report.memory],
    ['self-test', figures],
    ['averages', `${millions(drawsPerSecond)} draws a second`],
    ['training', `${millions(updatesPerSecond)} updates a second (AdamW)`],
    ...(report.next === undefined ? [] : [['next', report.next] as const]),
  ];
}
