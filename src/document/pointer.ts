/** A JSON pointer (RFC 6901), the address of a value in a document. */
export type Pointer = string;

/** `parent` with one more segment. */
export function child(parent: Pointer, key: string | number): Pointer {
  return `${parent}/${String(key).replace(/~/g, '~0').replace(/\//g, '~1')}`;
}

/** The segments of a pointer, unescaped. */
export function segments(pointer: Pointer): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((s) => s.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** The pointer of the enclosing map or list. */
export function parentOf(pointer: Pointer): Pointer {
  return pointer.slice(0, pointer.lastIndexOf('/'));
}

/** The last segment of a pointer: a key, or an index in a list. */
export function keyOf(pointer: Pointer): string {
  return segments(pointer).at(-1) ?? '';
}

/** Whether `inner` is `outer` or below it. */
export function isWithin(inner: Pointer, outer: Pointer): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}

/** A pointer as people write it: `optimizer.params.betas[0]`. */
export function readable(pointer: Pointer): string {
  let text = '';
  for (const s of segments(pointer)) text += /^\d+$/.test(s) ? `[${s}]` : text ? `.${s}` : s;
  return text || '(document)';
}

/** The name of a field in messages: its place, and the part if there are several numbers (`betas beta2`). */
export function fieldName({ pointer, part }: { readonly pointer: Pointer; readonly part?: string }): string {
  return part ? `${readable(pointer)} ${part}` : readable(pointer);
}
