/** Where what a sticky expression matches ends, again and again. One expression with a star would try every division. */
export function pastAll(text: string, from: number, piece: RegExp): number {
  let at = from;
  for (;;) {
    piece.lastIndex = at;
    const length = piece.exec(text)?.[0].length ?? 0;
    if (length === 0) return at;
    at += length;
  }
}

/** Where the line of an offset begins. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Where it ends, before its line break. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  if (end === -1) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

/** The line break that a text uses. */
export function newline(text: string): string {
  const first = text.indexOf('\n');
  return first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n';
}

/** The end of the last line before an offset that is not empty. */
export function endOfContent(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && /[\r\n]/.test(text[at - 1]!)) at--;
  return at;
}
