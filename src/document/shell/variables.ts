import type { ArrayValue, Word } from 'unbash';
import { BUDGET, tooLarge } from '../../base/budget.ts';
import { count } from '../../base/numbers.ts';

/** An assignment of a script. */
export interface Assigned {
  readonly name: string;
  readonly value: Word | ArrayValue;
  readonly offset: number;
  /** It adds to what the variable holds: `ARGS+=(...)`. */
  readonly append: boolean;
  /** It happens whenever the script runs: it is in no branch, loop or function. */
  readonly sure: boolean;
}

/** What the variables of a script hold, as far as its text says it. */
export class Variables {
  private readonly byName = new Map<string, Assigned[]>();
  private spent = 0;

  constructor(assigned: readonly Assigned[]) {
    for (const each of assigned) {
      const known = this.byName.get(each.name);
      if (known) known.push(each);
      else this.byName.set(each.name, [each]);
    }
  }

  /** Whether a variable is assigned before a place of the script. */
  has(name: string, at: number): boolean {
    return this.before(name, at).length > 0;
  }

  /**
   * The assignments that together make what a variable holds at a place of the script; undefined where none does, or
   * where it depends on how the script runs.
   */
  pieces(name: string, at: number): readonly Assigned[] | undefined {
    let pieces: Assigned[] | undefined;
    for (const each of this.before(name, at)) {
      if (each.append) pieces?.push(each);
      else if (each.sure || mentions(each.value, name)) pieces = [each];
      // An option that is given when the script is called: what is written is its default.
      else if (!isArgument(each.value)) pieces = undefined;
    }
    return pieces;
  }

  /** @throws Problem: too-large where variables stand for others again and again */
  private before(name: string, at: number): Assigned[] {
    const all = this.byName.get(name) ?? [];
    this.spend(all.length, at);
    return all.filter(({ offset }) => offset < at);
  }

  /** @param values that are looked at or written out */
  spend(values: number, at: number): void {
    this.spent += values;
    if (this.spent > BUDGET.expanded)
      throw tooLarge(`${count(BUDGET.expanded)} characters behind its variables`, at);
  }
}

/** `X="$X more"`. */
function mentions(value: Word | ArrayValue, name: string): boolean {
  const text = value.type === 'Word' ? value.text : value.elements.map((element) => element.text).join(' ');
  return new RegExp(`\\$\\{?${name}\\b(?![:=-])`).test(text);
}

/** `$2`, `"${1#*=}"`. */
function isArgument(value: Word | ArrayValue): boolean {
  return value.type === 'Word' && /^"?\$\{?\d/.test(value.text);
}
