import type { Document } from '../../src/document/nodes.ts';
import { parse } from '../../src/document/parse.ts';

/** The documents of a text. */
export async function documentsOf(text: string, file = 'x.yaml'): Promise<readonly Document[]> {
  return (await parse(text, file)).documents;
}
