import type { Severity, Source } from '../../../base/diagnostic.ts';
import { placeName, placeOf, printable } from '../../../base/diagnostic.ts';
import { fraction, num } from '../../../base/numbers.ts';
import { counted } from '../../../base/text.ts';
import { fieldName, readable } from '../../../document/pointer.ts';
import { countedPer } from '../../../pipe/sides.ts';
import { type Checked, fieldOf } from '../check.ts';
import { type Finding, isUnrelated } from '../finding.ts';
import { asWritten } from '../written.ts';
import type { Reporter } from './reporter.ts';

/**
 * Workflow commands that become annotations at the lines of a pull request. The runner shows ten of each kind for a
 * step, so the worst come first, and everything is in the summary.
 * @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
export function annotationReporter(
  inRepository: (file: string) => string,
  severities: readonly Severity[],
): Reporter {
  const all: Record<Severity, string[]> = { error: [], warning: [], notice: [] };
  return {
    add({ source, findings }) {
      for (const finding of findings)
        all[finding.severity].push(annotation(inRepository(source.file), finding, source));
      return '';
    },
    end: () => severities.flatMap((severity) => all[severity]),
  };
}

function annotation(file: string, finding: Finding, { text }: Source): string {
  const { code, severity, message, offset } = finding;
  const place = offset === undefined ? undefined : placeOf(text, offset);
  const where = place ? `,line=${place.line},col=${place.column}` : '';
  return `::${severity} file=${property(file)}${where},title=${property(`rebatch ${code}`)}::${data(message)}\n`;
}

/** As actions/toolkit packages/core/src/command.ts escapes what is printable. */
function data(text: string): string {
  return printable(text).replace(/%/g, '%25');
}

function property(text: string): string {
  return data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}

/** One Markdown table of all files, for the summary of a step. */
export function summaryReporter(severities: readonly Severity[]): Reporter {
  const batches: string[] = [];
  const rows: string[] = [];
  let files = 0;
  let wrong = 0;
  let unrelated = 0;
  return {
    add(checked) {
      const { source, batch, kappa, rule } = checked;
      if (checked.findings.some(isUnrelated)) {
        unrelated += 1;
        return '';
      }
      files += 1;
      wrong += checked.pass ? 0 : 1;
      if (batch && batch.from !== batch.to)
        batches.push(
          `- \`${cell(source.file)}\`: batch ${batch.from} to ${batch.to}${countedPer({ per: batch.per })}, kappa ${fraction(kappa ?? 1)}, rule \`${rule}\``,
        );
      const shown = checked.findings.filter(({ severity }) => severities.includes(severity));
      rows.push(...shown.map((finding) => row(checked, finding)));
      return '';
    },
    end() {
      const passed = files === 1 ? 'The config passes' : `All ${files} configs pass`;
      const verdict = wrong ? `${wrong} of ${files} configs do not pass` : passed;
      const table = rows.length
        ? ['| | place | field | was | is | expected | |', '|---|---|---|---|---|---|---|', ...rows, '']
        : [];
      const lines = [
        `### rebatch: ${verdict}`,
        '',
        ...batches,
        ...(batches.length ? [''] : []),
        ...(unrelated ? [`${counted(unrelated, 'file')} not judged, being no training config`, ''] : []),
        ...table,
        '',
      ];
      return [lines.join('\n')];
    },
  };
}

const SIGN = { error: '❌', warning: '⚠️', notice: 'ℹ️' } as const;

function row({ source, compared }: Checked, finding: Finding): string {
  const { severity, code, offset, pointer, message } = finding;
  const own = fieldOf(finding, compared);
  const where = placeName(source, offset);
  const cells = own
    ? [
        fieldName(own.field),
        asWritten(own.from, own.field),
        own.field.site.kind === 'text' ? own.field.site.source : `(${num(own.field.value)})`,
        asWritten(own.expected, own.field),
        code,
      ]
    : [pointer === undefined ? '' : readable(pointer), '', '', '', `${message} (${code})`];
  return `| ${[SIGN[severity], `\`${where}\``, ...cells].map(cell).join(' | ')} |`;
}

function cell(text: string): string {
  return printable(text).replace(/\|/g, '\\|').replace(/</g, '&lt;').replaceAll('](', ']&#40;');
}
