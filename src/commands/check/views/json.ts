import type { Source } from '../../../base/diagnostic.ts';
import { jsonText, placeOf } from '../../../base/diagnostic.ts';
import type { Checked, CheckedField } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { Reporter } from './reporter.ts';

/** One report, or a list of them: what was named decides, so that a folder with one config in it is a list. */
export function jsonReporter(asList: boolean): Reporter {
  const reports: string[] = [];
  return {
    add(checked) {
      reports.push(jsonText(checkJson(checked)));
      return '';
    },
    *end() {
      if (!asList) return yield `${reports[0]}\n`;
      yield '[';
      for (const [i, report] of reports.entries())
        yield `${i ? ',' : ''}\n  ${report.replaceAll('\n', '\n  ')}`;
      yield '\n]\n';
    },
  };
}

/** Version 1 of `check --json`: as `convert --json`, with `expected` and `actual` in place of `to`. */
function checkJson(checked: Checked): object {
  const { source, reference, dialect, rule, kappa, batch, pass, fixed, compared, others } = checked;
  return {
    version: 1,
    file: source.file,
    ...(reference === undefined ? {} : { reference }),
    ...(dialect === undefined ? {} : { dialect }),
    ...(rule === undefined ? {} : { rule }),
    ...(kappa === undefined ? {} : { kappa }),
    ...(batch === undefined ? {} : { batch }),
    pass,
    fixed,
    changes: compared.filter((c) => c.moves).map((c) => fieldJson(c, source)),
    others: [
      ...compared
        .filter((c) => !c.moves && !c.pass)
        .map(({ field, from }) => ({ pointer: field.pointer, from, actual: field.value })),
      ...others.map(({ pointer, from = null, actual = null }) => ({ pointer, from, actual })),
    ],
    findings: checked.findings.map((f) => findingJson(f, source)),
    suppressed: checked.suppressed.map((s) => ({ ...findingJson(s, source), by: s.by })),
    warnings: checked.warnings.map(({ code, message }) => ({ code, message })),
  };
}

function fieldJson(
  { field, offset, from, expected, formula, reason, scale, pass }: CheckedField,
  { text }: Source,
): object {
  const { role: name, ...details } = field.role;
  return {
    pointer: field.pointer,
    ...(field.part === undefined ? {} : { part: field.part }),
    ...placeOf(text, offset),
    role: name,
    ...('of' in details ? { of: details.of } : {}),
    from,
    expected,
    actual: field.value,
    formula,
    reason,
    inserted: field.site.kind === 'absent',
    uses: field.usedAt === undefined ? [] : [field.usedAt],
    scales: scale ? [scale] : [],
    pass,
  };
}

function findingJson({ code, severity, message, offset, pointer, part }: Finding, { text }: Source): object {
  return {
    code,
    severity,
    message,
    ...(pointer === undefined ? {} : { pointer }),
    ...(part === undefined ? {} : { part }),
    ...(offset === undefined ? {} : placeOf(text, offset)),
  };
}
