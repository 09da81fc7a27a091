import { lookUp } from '../base/look-up.ts';
import { numberInString } from '../document/scalar.ts';
import type { Encoding, Role } from './roles.ts';

/** One value inside an encoded string. */
export interface EncodedPart {
  /** The key, the index, or both (`betas 0`). */
  readonly name: string;
  readonly source: string;
  /** Its offset in the string. */
  readonly index: number;
  readonly role: Role;
  /** The notation to write another value in, where it is not the source's own. */
  readonly like?: string;
}

type Roles = readonly { readonly role: Role }[];

/** The values in a string that packs several roles, or one with its unit. */
export function partsOf(encoding: Encoding, text: string): EncodedPart[] {
  const { kind, items = [], fields = {} } = encoding;
  if (kind === 'tuple-string') return entriesOf(text, 0, '', items);
  if (kind === 'kv-string') return pairsOf(text, fields);
  // `100ba`: 100 batches.
  const source = /^\s*(\d[\d_.]*(?:e[-+]?\d+)?)ba\s*$/i.exec(text)?.[1];
  const role = items[0]?.role;
  if (source === undefined || !role) return [];
  // Written without an exponent: a trainer that reads 1e3ba may not read 4.0e+3ba.
  const like = String(numberInString(source) ?? source);
  return [{ name: 'ba', source, index: text.indexOf(source), role, like }];
}

/** The role of an entry of a list or tuple; the last one serves all further entries. */
export function roleOfEntry(roles: Roles, index: number): Role | undefined {
  return roles[Math.min(index, roles.length - 1)]?.role;
}

function entriesOf(tuple: string, at: number, prefix: string, roles: Roles): EncodedPart[] {
  return [...tuple.matchAll(/[^\s,()[\]]+/g)].flatMap((match, i) => {
    const role = roleOfEntry(roles, i);
    return role ? [{ name: `${prefix}${i}`, source: match[0], index: at + match.index, role }] : [];
  });
}

function pairsOf(text: string, fields: NonNullable<Encoding['fields']>): EncodedPart[] {
  return [...text.matchAll(/(?<![\w.])([\w.]+)\s*=\s*([^,\s]+)/g)].flatMap((match) => {
    const [whole, key = '', source = ''] = match;
    const field = lookUp(fields, key);
    const index = match.index + whole.length - source.length;
    if (!field) return [];
    if (!('items' in field)) return [{ name: key, source, index, role: field.role }];
    const tuple = /^[([]?[^()[\]=]*?(?=[)\]]|\s+[\w.]+\s*=|$)/.exec(text.slice(index))?.[0] ?? '';
    return entriesOf(tuple, index, `${key} `, field.items);
  });
}
