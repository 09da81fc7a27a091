import type { ChalkInstance } from 'chalk';
import { printable, type Severity } from '../../../base/diagnostic.ts';
import { counted, hanging } from '../../../base/text.ts';
import { type Checked, isFixable } from '../check.ts';
import { isUnrelated } from '../finding.ts';

/** What a run has found so far. */
interface Totals {
  /** Files that were judged, and those of them that are told of. */
  files: number;
  wrong: number;
  error: number;
  warning: number;
  notice: number;
  ignored: number;
  fixed: number;
  fixedFiles: number;
  fixable: boolean;
  /** Files that are no training config. */
  readonly unrelated: string[];
}

export function noTotals(): Totals {
  const none = { files: 0, wrong: 0, error: 0, warning: 0, notice: 0, ignored: 0, fixed: 0, fixedFiles: 0 };
  return { ...none, fixable: false, unrelated: [] };
}

/** Adds a file to the totals. @param shown severities that are told */
export function count(totals: Totals, checked: Checked, shown: readonly Severity[]): void {
  const { findings, suppressed, fixed, source } = checked;
  totals.ignored += suppressed.length;
  totals.fixed += fixed;
  totals.fixedFiles += fixed ? 1 : 0;
  if (findings.some(isUnrelated)) {
    totals.unrelated.push(source.file);
    return;
  }
  totals.files += 1;
  const told = findings.filter((f) => f.severity !== 'notice' && shown.includes(f.severity));
  totals.wrong += told.length ? 1 : 0;
  totals.fixable ||= told.some(isFixable);
  for (const { severity } of findings) totals[severity] += 1;
}

/** How the totals are shown. */
interface View {
  readonly chalk: ChalkInstance;
  readonly columns: number;
  readonly terminal: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly single: boolean;
  readonly leftOut: number;
}

/**
 * The last lines: files that are no training config, and what was found. Where nothing was, a pipe gets nothing and a
 * terminal one line.
 */
export function summaryLines(totals: Totals, view: View): string[] {
  const { quiet, verbose, terminal, single, columns } = view;
  const { error, warning, fixed, unrelated, files } = totals;
  if (quiet) return [];
  const passed = unrelated.length && !single && !verbose ? [unrelatedLine(unrelated, columns)] : [];
  const isSaid = error + warning + fixed > 0 || ((terminal || verbose) && files > 0);
  return [...passed, ...(isSaid ? [summary(totals, view)] : [])];
}

function summary(totals: Totals, { chalk, columns, verbose, leftOut }: View): string {
  const { files, wrong, error, warning, notice, ignored, fixed, fixedFiles, fixable } = totals;
  const aside = ignored ? ` (${ignored} ignored)` : '';
  const found = [error && counted(error, 'error'), warning && counted(warning, 'warning')].filter(Boolean);
  const where = files > 1 ? ` in ${wrong} of ${files} files` : '';
  const results = [
    ...(fixed
      ? [`${counted(fixed, 'value')} fixed${files > 1 ? ` in ${counted(fixedFiles, 'file')}` : ''}`]
      : []),
    ...(found.length ? [`${found.join(', ')}${where}${aside}`] : []),
  ];
  const result = results.join('; ') || `${counted(files, 'file')}, no problems${aside}`;
  const colour = error ? chalk.red : warning ? chalk.yellow : chalk.green;
  const extras = [
    ...(fixable ? ['--fix writes what is expected'] : []),
    ...(notice
      ? [`${counted(notice, 'notice')}${verbose ? '' : ` (-v shows ${notice === 1 ? 'it' : 'them'})`}`]
      : []),
    ...(leftOut ? [`${leftOut} left out by .rebatchignore`] : []),
  ];
  const text = hanging([result, ...extras].join('; '), columns, '  ');
  return text.replace(result, () => colour(result));
}

/** The longest line of names in a pipe. */
const LONGEST = 200;

/** Files that were not judged, in one line: as many names as fit, and how many there are. */
function unrelatedLine(files: readonly string[], columns: number): string {
  const width = Math.min(columns, LONGEST);
  const start = `${counted(files.length, 'file')} not judged, being no training config: `;
  const rest = (shown: number) => (shown < files.length ? `, and ${files.length - shown} more` : '');
  let shown = 1;
  const line = (n: number) => printable(`${start}${files.slice(0, n).join(', ')}${rest(n)}`);
  while (shown < files.length && line(shown + 1).length <= width) shown += 1;
  return line(shown);
}
