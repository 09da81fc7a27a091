/**
 * What a table has under a word, which may be a user's: nothing for `constructor` and whatever else every object
 * inherits. `node scripts/tables.mjs` fails where a table is asked in another way.
 */
export function lookUp<T>(table: Readonly<Record<string, T>> | undefined, word: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}
