import type { ChalkInstance } from 'chalk';
import { printable } from '../../base/diagnostic.ts';
import { count } from '../../base/numbers.ts';
import { hanging } from '../../base/text.ts';
import type { Finding } from './examine.ts';

/** The result of `doctor --json`: version 1 of the format. */
export function doctorJson(findings: readonly Finding[]): object {
  return {
    version: 1,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    backends: findings,
  };
}

/** What `doctor` found, for people. */
export function doctorText(findings: readonly Finding[], chalk: ChalkInstance, columns = 80): string {
  return findings.map((finding) => paragraph(finding, chalk, columns)).join('\n');
}

const LABEL = 10;

function paragraph(finding: Finding, chalk: ChalkInstance, columns: number): string {
  const word = { works: chalk.green('works'), wrong: chalk.red('WRONG'), absent: chalk.yellow('not here') };
  const lines = linesOf(finding).map(([label, text]) => {
    return `  ${chalk.dim(label.padEnd(LABEL))}${hanging(printable(text), columns, ' '.repeat(LABEL + 2))}\n`;
  });
  return `${chalk.bold(finding.name)}: ${word[finding.state]}\n${lines.join('')}`;
}

function linesOf(finding: Finding): (readonly [label: string, text: string])[] {
  if (finding.state === 'absent')
    return [
      ['why', finding.why],
      ['next', finding.next],
    ];
  const { worst, drawsPerSecond } = finding.selfTest;
  const figures = worst === 0 ? 'the same figures as' : `figures within ${worst.toExponential(0)} of`;
  const speed = `${count(Number((drawsPerSecond / 1e6).toPrecision(2)))} million draws a second`;
  return [
    ['package', `${finding.package} ${finding.version}`],
    ['device', finding.device],
    ['memory', finding.memory],
    ['self-test', `${figures} the float64 reference, ${speed}`],
    ...(finding.next === undefined ? [] : [['next', finding.next] as const]),
  ];
}
