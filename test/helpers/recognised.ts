import { detect } from '../../src/dialect/dialect.ts';
import type { Document } from '../../src/document/nodes.ts';
import { isNamed } from '../../src/pipe/read.ts';

/** The dialects that a document is recognised as: of its marks, else by the names of its keys. */
export function recognised(document: Document): string[] {
  const marked = detect(document.data);
  return marked.length === 0 && isNamed(document) ? ['generic'] : marked;
}
