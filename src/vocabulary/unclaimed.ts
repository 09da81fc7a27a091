import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { slips } from '../base/edit-distance.ts';
import type { Found } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { child, keyOf, type Pointer, parentOf, readable } from '../document/pointer.ts';
import type { Doubtful, NamedReading } from './reader.ts';

/** The first keys with their values, and how many more there are. */
export function listed(doubtful: readonly Doubtful[], most: number): string {
  const named = doubtful.slice(0, most).map(({ pointer, source }) => `${readable(pointer)} ${source}`);
  const more = doubtful.length > named.length ? ` and ${doubtful.length - named.length} more` : '';
  return `${named.join(', ')}${more}`;
}

const MOST_NAMED = 8;

/** Keys that were not read and whose names say that they may depend on the batch. */
export function leftAlone(reading: NamedReading): Diagnostic[] {
  // What the learning rates are multiplied by is asked for.
  const doubtful = reading.doubtful.filter(({ topic }) => topic !== 'scaling');
  const [first] = doubtful;
  if (!first) return [];
  const message = `left alone, although by their names they may depend on the batch: ${listed(doubtful, MOST_NAMED)}. Change them by hand where they do, or describe them with --schema FILE`;
  return [warning('unclaimed', message, first.offset)];
}

/** Unknown keys beside a field that is left to its default and called nearly so. */
export function misspeltKeys(document: Document, found: readonly Found[]): Diagnostic[] {
  return misspelt(document, found).map(({ pointer, meant, offset }) =>
    warning(
      'misspelt',
      `unknown key ${readable(pointer)}; did you mean ${meant}? ${meant} keeps its default`,
      offset,
    ),
  );
}

/** Unknown keys beside an unset field of nearly the same name. */
function misspelt(document: Document, found: readonly Found[]) {
  const known = new Set<Pointer>();
  const absent = new Map<Pointer, Set<string>>();
  for (const [pointer, what] of found) {
    if (!('absent' in what)) known.add(pointer);
    else {
      const scope = parentOf(pointer);
      absent.set(scope, (absent.get(scope) ?? new Set()).add(keyOf(pointer)));
    }
  }
  return [...absent].flatMap(([scope, meant]) => {
    const node = document.nodes.get(scope);
    if (node?.kind !== 'map') return [];
    return node.entries.flatMap(({ key, offset }) => {
      const pointer = child(scope, key);
      if (known.has(pointer)) return [];
      return [...meant].filter((name) => nearly(key, name)).map((name) => ({ pointer, offset, meant: name }));
    });
  });
}

const SHORTEST = 5;

/** One typo apart, two in a long name; other digits are another name (`beta1`, `beta2`). */
function nearly(key: string, meant: string): boolean {
  const most = meant.length < 10 ? 1 : 2;
  if (key === meant || meant.length < SHORTEST || Math.abs(key.length - meant.length) > most) return false;
  const digits = (text: string) => text.replace(/\D/g, '');
  return digits(key) === digits(meant) && slips(key, meant) <= most;
}
