/**
 * Optimal string alignment distance: how many letters to insert, remove, replace, or swap with the next. `teh` is one
 * typo away from `the`.
 */
export function slips(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]![j]!;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : replaced;
      rows[i]!.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}

/** The name that was probably meant, as the end of a sentence: `: did you mean NAME?`, or nothing. */
export function meant(word: string, names: readonly string[]): string {
  const near = names
    .map((name) => ({ name, by: slips(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ by }) => by <= Math.min(2, word.length / 3))
    .sort((a, b) => a.by - b.by)[0];
  return near ? `: did you mean ${near.name}?` : '';
}
