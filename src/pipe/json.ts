import { type Diagnostic, placeOf, type Source } from '../base/diagnostic.ts';
import { Problem } from '../base/problem.ts';
import type { Pointer } from '../document/pointer.ts';
import type { BatchChange } from '../recipe/batch.ts';
import type { Account } from '../vocabulary/account.ts';
import { sidesOf } from './sides.ts';

/** The fields that every JSON about a conversion begins with. */
export function headJson(of: {
  readonly source: Source;
  readonly dialect: string;
  readonly rule: string;
  readonly batch: BatchChange;
}) {
  return {
    version: 1,
    file: of.source.file,
    dialect: of.dialect,
    rule: of.rule,
    kappa: of.batch.kappa,
    batch: sidesOf(of.batch),
  };
}

/** A warning in JSON, the same in every command. */
export function warningJson({ code, message, offset }: Diagnostic, { text }: Source): object {
  return { code, message, ...(offset === undefined ? {} : { line: placeOf(text, offset).line }) };
}

/** What `--json` prints in place of a result: version 1 of the format. */
export function errorJson(error: unknown): object {
  if (!(error instanceof Problem)) {
    // commander's own messages begin so.
    const message = (error instanceof Error ? error.message : String(error)).replace(/^error: /, '');
    return { version: 1, error: { code: isUsage(error) ? 'usage' : 'internal', message } };
  }
  const { also } = error;
  return {
    version: 1,
    error: {
      ...problemJson(error),
      ...(also.length ? { also: also.map((one) => problemJson(one, error)) } : {}),
    },
  };
}

function isUsage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

/** @param first the problem that this one comes with, which knows the file */
function problemJson({ code, message, offset, file, text }: Problem, first?: Problem): object {
  const [named, whole] = [file ?? first?.file, text ?? first?.text];
  return {
    code,
    message,
    ...(named === undefined ? {} : { file: named }),
    ...(offset === undefined || whole === undefined ? {} : placeOf(whole, offset)),
  };
}

/** Where the numbers of a file's configs went, together. */
export function accountsJson(accounts: readonly Account[]): Account {
  const all = (pick: (account: Account) => readonly Pointer[]) => accounts.flatMap(pick);
  return {
    claimed: all((a) => a.claimed),
    byName: all((a) => a.byName),
    declared: all((a) => a.declared),
    named: all((a) => a.named),
  };
}
