import type { ChalkInstance } from 'chalk';
import { printable } from '../../base/diagnostic.ts';
import { count } from '../../base/numbers.ts';
import { hanging } from '../../base/text.ts';
import type { BackendReport } from './examine.ts';

/** The result of `doctor --json`: version 1 of the format. */
export function doctorJson(reports: readonly BackendReport[]): object {
  return {
    version: 1,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    backends: reports,
  };
}

/** What `doctor` found, for people. */
export function doctorText(reports: readonly BackendReport[], chalk: ChalkInstance, columns = 80): string {
  return reports.map((report) => paragraph(report, chalk, columns)).join('\n');
}

const LABEL = 10;

function paragraph(report: BackendReport, chalk: ChalkInstance, columns: number): string {
  const word = { works: chalk.green('works'), wrong: chalk.red('WRONG'), absent: chalk.yellow('not here') };
  const lines = linesOf(report).map(([label, text]) => {
    return `  ${chalk.dim(label.padEnd(LABEL))}${hanging(printable(text), columns, ' '.repeat(LABEL + 2))}\n`;
  });
  return `${chalk.bold(report.name)}: ${word[report.state]}\n${lines.join('')}`;
}

function linesOf(report: BackendReport): (readonly [label: string, text: string])[] {
  if (report.state === 'absent')
    return [
      ['why', report.why],
      ['next', report.next],
    ];
  const { worst, drawsPerSecond } = report.selfTest;
  const figures = worst === 0 ? 'the same figures as' : `figures within ${worst.toExponential(0)} of`;
  const speed = `${count(Number((drawsPerSecond / 1e6).toPrecision(2)))} million draws a second`;
  return [
    ['package', `${report.package} ${report.version}`],
    ['device', report.device],
    ['memory', report.memory],
    ['self-test', `${figures} the float64 reference, ${speed}`],
    ...(report.next === undefined ? [] : [['next', report.next] as const]),
  ];
}
