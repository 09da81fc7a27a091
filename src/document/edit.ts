/** A replacement of `length` characters at `offset` by `text`; length 0 is an insertion. */
export interface Edit {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/** Splices edits into a text. Insertions at the same place keep their order; overlapping edits are a bug. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of inOrder(edits)) {
    if (edit.offset < at) throw new RangeError(`overlapping edits at offset ${edit.offset}`);
    result += text.slice(at, edit.offset) + edit.text;
    at = edit.offset + edit.length;
  }
  return result + text.slice(at);
}

/** Edits by place in the text. The sort is stable, so insertions at one place keep their order. */
export function inOrder(edits: readonly Edit[]): Edit[] {
  return [...edits].sort((a, b) => a.offset - b.offset);
}
