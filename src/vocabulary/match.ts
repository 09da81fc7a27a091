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

/** The entries that ask for a word first, in order: most keys have few candidates. */
const BY_WORD = new Map<string, number[]>();
for (const [i, { ways }] of COMPILED.entries())
  for (const [first = ''] of ways) BY_WORD.set(first, [...(BY_WORD.get(first) ?? []), i]);

/**
 * The meanings of a key by its words, the one with most words first: every word is asked for or allowed beside them.
 * Which of them holds, the value decides.
 */
export function meaningsOf(words: readonly string[], { kinds }: Around): Entry[] {
  const own = new Set(words);
  const candidates = new Set<number>();
  for (const word of own) for (const i of BY_WORD.get(word) ?? []) candidates.add(i);
  if (candidates.size === 0) return [];
  const inOrder = [...candidates].sort((a, b) => a - b).map((i) => COMPILED[i]!);
  return inOrder
    .flatMap(({ entry, ways, also, within }) => {
      if (entry.ends !== undefined && words.at(-1) !== entry.ends) return [];
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
