/** A word as a shell reads it back: in quotes where it has characters that a shell understands. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./^-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
