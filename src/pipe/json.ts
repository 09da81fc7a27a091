import type { Conversion, PlacedWarning } from './convert.ts';

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

/** A warning as every JSON has it. */
export function warningJson({ code, message, line }: PlacedWarning): object {
  return { code, message, ...(line === undefined ? {} : { line }) };
}
