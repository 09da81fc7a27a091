import { type Diagnostic, placeOf, type Source } from '../base/diagnostic.ts';
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
