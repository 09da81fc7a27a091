import { ENTRIES, type Entry } from './entries.ts';
import { wordsOf } from './words.ts';

/** What stands around a key. */
export interface Around {
  /** Kinds of the blocks that it stands in, and `rate` where its own block holds a learning rate. */
  readonly kinds: ReadonlySet<string>;
}

interface Compiled {
  readonly entry: Entry;
  readonly ways: readonly (readonly string[])[];
  readonly also: ReadonlySet<string>;
  readonly within: readonly string[];
}

const COMPILED: readonly Compiled[] = ENTRIES.map((entry) => ({
  entry,
  ways: entry.words.split('|').map((way) => [...new Set(wordsOf(way))]),
  also: new Set(wordsOf(entry.also ?? '')),
  within: entry.within?.split(' ') ?? [],
}));

/**
 * The meanings of a key by its words, the one with most words first: every word is asked for or allowed beside them.
 * Which of them holds, the value decides.
 */
export function meaningsOf(words: readonly string[], { kinds }: Around): Entry[] {
  const own = new Set(words);
  return COMPILED.flatMap(({ entry, ways, also, within }) => {
    if (within.length && !within.some((kind) => kinds.has(kind))) return [];
    if (entry.unless?.split(' ').some((kind) => kinds.has(kind))) return [];
    const covered = ways
      .filter((way) => way.every((word) => own.has(word)))
      .filter((way) => [...own].every((word) => way.includes(word) || also.has(word)))
      .map((way) => way.length);
    return covered.length ? [{ entry, by: Math.max(...covered) }] : [];
  })
    .sort((a, b) => b.by - a.by)
    .map(({ entry }) => entry);
}
