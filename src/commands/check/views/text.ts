import type { ChalkInstance } from 'chalk';
import type { Severity, Source } from '../../../base/diagnostic.ts';
import { placeName, printable } from '../../../base/diagnostic.ts';
import type { Output } from '../../../base/io/streams.ts';
import { fraction, num } from '../../../base/numbers.ts';
import { tableLines } from '../../../base/table.ts';
import { counted, hanging } from '../../../base/text.ts';
import { fieldName, readable } from '../../../document/pointer.ts';
import { sidesText } from '../../../pipe/sides.ts';
import { describeScale } from '../../../rules/time-scale.ts';
import { type Checked, type CheckedField, fieldOf, isFixable, type OtherDifference } from '../check.ts';
import { type Finding, isUnrelated } from '../finding.ts';
import { type CheckFlags, shownSeverities } from '../flags.ts';
import type { Targets } from '../targets.ts';
import { asWritten } from '../written.ts';
import type { Reporter } from './reporter.ts';
import { count, noTotals, summaryLines } from './summary.ts';

/** Most other differences to list; the rest are counted. */
const MOST_OTHERS = 8;
const INDENT = '    ';

/** What of a run the text depends on. */
interface Run extends Pick<CheckFlags, 'quiet' | 'verbose'> {
  readonly chalk: ChalkInstance;
  /** In a pipe a message is one line, however long, so that it can be searched. */
  readonly columns: number;
  readonly terminal: boolean;
  readonly severities: readonly Severity[];
  readonly single: boolean;
  readonly leftOut: number;
}

/** The results of a check for people: what is wrong, and one line about all of it. */
export function textReporter(
  chalk: ChalkInstance,
  flags: CheckFlags,
  { single, leftOut }: Targets,
  { columns, isTTY }: Output,
): Reporter {
  const terminal = isTTY === true;
  const width = columns ?? (terminal ? 80 : Number.POSITIVE_INFINITY);
  const { quiet = false, verbose = false } = flags;
  const severities = shownSeverities(flags);
  const run: Run = { chalk, columns: width, terminal, quiet, verbose, severities, single, leftOut };
  const totals = noTotals();
  let blocks = 0;
  return {
    add(checked) {
      count(totals, checked, severities);
      const lines = fileLines(checked, run);
      if (lines.length === 0) return '';
      const isBlock = verbose || checked.batch !== undefined;
      const gap = isBlock && blocks > 0 ? '\n' : '';
      blocks += isBlock ? 1 : 0;
      return `${gap}${lines.join('\n')}\n`;
    },
    end: () => summaryLines(totals, run).map((line) => `${line}\n`),
  };
}

function fileLines(checked: Checked, run: Run): string[] {
  const { chalk, columns, severities, verbose, single } = run;
  const { compared, source } = checked;
  // Of a file that was named alone it is told why it was not judged.
  const alone = (f: Finding) => single && !run.quiet && isUnrelated(f);
  const findings = checked.findings.filter((f) => severities.includes(f.severity) || alone(f));
  const inTable = findings.flatMap((finding) => {
    const field = isFixable(finding) ? fieldOf(finding, compared) : undefined;
    return field ? [{ field, finding }] : [];
  });
  const tabled = new Set(inTable.map(({ finding }) => finding));
  const lines = [
    ...(inTable.length ? table(source, inTable, chalk, columns) : []),
    ...findings.filter((f) => !tabled.has(f)).map((f) => findingText(source, f, chalk, columns)),
  ];
  if (verbose)
    return [
      heading(checked, run),
      ...lines,
      ...others(checked.others, columns).map((line) => chalk.dim(line)),
      ...verdict(checked),
    ];
  return lines.length && checked.batch ? [heading(checked, run), ...lines] : lines;
}

function heading(
  { source, reference, dialect, batch, kappa, rule }: Checked,
  { chalk, columns }: Run,
): string {
  const name = printable(source.file);
  const parts = [
    dialect ?? '',
    ...(batch ? [sidesText(batch), `kappa ${fraction(kappa ?? 1)}`, `rule ${rule}`] : []),
    reference === undefined ? '' : `against ${printable(reference)}`,
  ];
  const lines: string[] = [];
  let line = name;
  for (const part of parts.filter(Boolean)) {
    if (line.length + 2 + part.length <= columns) line += `  ${part}`;
    else {
      lines.push(line);
      line = `  ${part}`;
    }
  }
  return [...lines, line].join('\n').replace(name, () => chalk.bold(name));
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

/** What was right, of a file that was compared. */
function verdict({ findings, pass, compared, reference, kappa }: Checked): string[] {
  if (!pass || reference === undefined) return [];
  if (compared.length === 0 && findings.length === 0) return ['batch unchanged'];
  const moved = compared.filter(({ moves }) => moves).length;
  return kappa !== undefined && moved ? [`${counted(moved, 'value')} follow the batch`] : [];
}
