import type { ChalkInstance } from 'chalk';
import type { Severity, Source } from '../../../base/diagnostic.ts';
import { placeName, printable } from '../../../base/diagnostic.ts';
import { fraction, num } from '../../../base/numbers.ts';
import { tableLines } from '../../../base/table.ts';
import { hanging } from '../../../base/text.ts';
import { fieldName, readable } from '../../../document/pointer.ts';
import { sidesText } from '../../../pipe/sides.ts';
import { describeScale } from '../../../rules/time-scale.ts';
import { type Checked, type CheckedField, fieldOf, type OtherDifference } from '../check.ts';
import type { Finding } from '../finding.ts';
import { asWritten } from '../written.ts';
import type { Reporter } from './reporter.ts';

/** Most other differences to list; the rest are counted. */
const MOST_OTHERS = 8;
const INDENT = '    ';

/** The results of a check for people, file by file. */
export function textReporter(chalk: ChalkInstance, columns = 80): Reporter {
  let files = 0;
  let wrong = 0;
  return {
    add(checked) {
      files += 1;
      wrong += checked.pass ? 0 : 1;
      return (files > 1 ? '\n' : '') + fileText(checked, chalk, columns);
    },
    end: () => (files > 1 ? [`\n${total(files, wrong, chalk)}\n`] : []),
  };
}

function fileText(checked: Checked, chalk: ChalkInstance, columns: number): string {
  const { findings, compared } = checked;
  const wrong = findings.flatMap((finding) => {
    const field = finding.severity === 'error' ? fieldOf(finding, compared) : undefined;
    return field ? [{ field, finding }] : [];
  });
  const shown = new Set(wrong.map(({ finding }) => finding));
  return [
    heading(checked, chalk),
    ...(wrong.length ? table(checked.source, wrong, chalk, columns) : []),
    ...findings.filter((f) => !shown.has(f)).map((f) => findingText(checked.source, f, chalk, columns)),
    ...others(checked.others, columns).map((line) => chalk.dim(line)),
    verdict(checked, chalk),
    '',
  ].join('\n');
}

function heading({ source, reference, dialect, batch, kappa, rule }: Checked, chalk: ChalkInstance): string {
  const parts = [
    chalk.bold(printable(source.file)),
    dialect ?? '',
    batch ? `${sidesText(batch)}  kappa ${fraction(kappa ?? 1)}  rule ${rule}` : '',
    reference === undefined ? '' : `against ${printable(reference)}`,
  ];
  return parts.filter(Boolean).join('  ');
}

function table(
  source: Source,
  wrong: readonly { readonly field: CheckedField; readonly finding: Finding }[],
  chalk: ChalkInstance,
  columns: number,
): string[] {
  const rows = wrong.map(({ field: { field, from, expected, formula, scale, offset }, finding }) => ({
    place: placeName(source, offset),
    field: fieldName(field),
    was: asWritten(from, field),
    is: field.site.kind === 'text' ? field.site.source : `(${num(field.value)})`,
    expected: asWritten(expected, field),
    rule: formula,
    scale: scale ? describeScale(scale) : '',
    code: finding.code,
  }));
  return tableLines(
    {
      columns: [
        { title: 'place' },
        { title: 'field' },
        { title: 'was' },
        { title: 'is', paint: chalk.red },
        { title: 'expected', paint: chalk.green },
        { title: 'rule', optional: true, paint: chalk.dim },
        { title: 'code', optional: true, paint: chalk.dim },
      ],
      rows: rows.map((r) => [r.place, r.field, r.was, r.is, r.expected, r.rule, r.code]),
      paintTitles: chalk.dim,
      below: {
        texts: rows.map(({ rule, scale, code }) => `${[rule, scale].filter(Boolean).join('; ')} [${code}]`),
        indent: INDENT,
        paint: chalk.dim,
      },
    },
    columns,
  );
}

const PAINT: Readonly<Record<Severity, 'red' | 'yellow' | 'cyan'>> = {
  error: 'red',
  warning: 'yellow',
  notice: 'cyan',
};

function findingText(
  source: Source,
  { code, severity, message, offset }: Finding,
  chalk: ChalkInstance,
  columns: number,
): string {
  const where = placeName(source, offset);
  const text = hanging(`${where}: ${severity}: ${message} [${code}]`, columns, '  ');
  return text.replace(`${severity}:`, chalk[PAINT[severity]](`${severity}:`));
}

function others(differences: readonly OtherDifference[], columns: number): string[] {
  if (differences.length === 0) return [];
  const shown = differences
    .slice(0, MOST_OTHERS)
    .map(({ pointer, from, actual }) => `${readable(pointer)} ${written(from)} -> ${written(actual)}`);
  const more = differences.length > MOST_OTHERS ? [`and ${differences.length - MOST_OTHERS} more`] : [];
  const text = `other differences: ${[...shown, ...more].join(', ')}`;
  return [hanging(text, columns, '  ')];
}

function written(value: OtherDifference['from']): string {
  if (value === undefined) return '(none)';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function verdict(
  { findings, fixed, pass, compared, suppressed, reference, kappa }: Checked,
  chalk: ChalkInstance,
): string {
  const errors = findings.filter((f) => f.severity === 'error').length;
  const aside = suppressed.length ? ` (${suppressed.length} ignored)` : '';
  if (!pass) {
    const fixable = findings.some((f) => ['not-converted', 'not-by-rule', 'string-float'].includes(f.code));
    return (
      chalk.red(`${errors} error${errors === 1 ? '' : 's'}${aside}`) +
      (fixable ? '; --fix writes what is expected' : '')
    );
  }
  if (fixed) return chalk.green(`${fixed} fixed${aside}`);
  if (reference !== undefined && compared.length === 0 && findings.length === 0)
    return chalk.green(`batch unchanged${aside}`);
  const moved = compared.filter(({ moves }) => moves).length;
  if (kappa !== undefined && moved) return chalk.green(`${moved} values follow the batch${aside}`);
  return chalk.green(`no problems${aside}`);
}

function total(files: number, wrong: number, chalk: ChalkInstance): string {
  const text = `${files} files, ${wrong} with errors`;
  return wrong ? chalk.red(text) : chalk.green(text);
}
