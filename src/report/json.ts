import type { Conversion, PlacedWarning } from '../convert.ts';
import type { PlacedChange } from '../editor.ts';

/** What the JSON of every conversion begins with: the file, how it was read, and its batch. */
export function headJson({
  file,
  dialect,
  rule,
  batch,
}: Pick<Conversion, 'file' | 'dialect' | 'rule' | 'batch'>) {
  const { kappa, from, to } = batch;
  return { version: 1, file, dialect, rule, kappa, batch: { from: from.global, to: to.global } };
}

/** The result of `convert --json`: version 1 of the format, stable. */
export function conversionJson(conversion: Conversion): object {
  const { changes, warnings } = conversion;
  return {
    ...headJson(conversion),
    changes: changes.map(changeJson),
    warnings: warnings.map(warningJson),
  };
}

/** A warning as every JSON has it. */
export function warningJson({ code, message, line }: PlacedWarning): object {
  return { code, message, ...(line === undefined ? {} : { line }) };
}

function changeJson({
  pointer,
  part,
  place,
  role,
  from,
  to,
  formula,
  reason,
  inserted,
  uses,
  scales,
}: PlacedChange): object {
  const { role: name, ...details } = role;
  return {
    pointer,
    ...(part === undefined ? {} : { part }),
    line: place.line,
    column: place.column,
    role: name,
    ...('of' in details ? { of: details.of } : {}),
    from,
    to,
    formula,
    reason,
    inserted,
    uses,
    scales,
  };
}
