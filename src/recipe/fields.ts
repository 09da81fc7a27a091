import { problemAt } from '../base/position.ts';
import type { Encoding, Found, Role } from '../dialect/roles.ts';
import type { Document, ScalarNode } from '../document/nodes.ts';
import { child, type Pointer, readable } from '../document/pointer.ts';
import { numberInString } from '../document/scalar.ts';
import type { Field, Unreadable } from './recipe.ts';

/** What a document's roles came to. */
export interface Reading {
  readonly fields: Field[];
  readonly unreadable: Unreadable[];
  /** Optimizer names by pointer. */
  readonly names: Map<Pointer, string>;
  /** Optimizers that the dialect itself says are used, by the pointer of their block. */
  readonly assumed: Map<Pointer, string>;
  /** True-or-false roles by pointer. */
  readonly flags: Map<Pointer, { readonly role: Role; readonly value: boolean }>;
  /** Fields whose default only the optimizer table knows. */
  readonly optional: { readonly pointer: Pointer; readonly role?: Role; readonly items?: readonly Role[] }[];
}

/** Reads the numbers behind the roles: through quotes, tuples in strings, key=value strings and interpolations. */
export function readFields(document: Document, found: readonly Found[], text: string): Reading {
  const reader = new FieldReader(document, text);
  for (const [pointer, what] of found) {
    if ('role' in what) reader.role(pointer, what.role);
    else if ('encoding' in what) reader.encoded(pointer, what.encoding);
    else if ('absent' in what) reader.absent(pointer, what.absent);
    else if ('assumes' in what) reader.reading.assumed.set(pointer, what.assumes.optimizer);
  }
  return reader.reading;
}

class FieldReader {
  readonly reading: Reading = {
    fields: [],
    unreadable: [],
    names: new Map(),
    assumed: new Map(),
    flags: new Map(),
    optional: [],
  };

  constructor(
    private readonly document: Document,
    private readonly text: string,
  ) {}

  /** @param via the interpolations that led here, the use first */
  role(pointer: Pointer, role: Role, via: readonly Pointer[] = []): void {
    const [usedAt] = via;
    const node = this.document.nodes.get(pointer);
    if (!node) return;
    if (node.kind === 'list' && role.role === 'batch')
      return this.deviceList(pointer, role, node.items.length);
    if (node.kind === 'list') {
      for (const i of node.items.keys()) this.role(child(pointer, i), role, via);
      return;
    }
    if (node.kind !== 'scalar' || node.value === null) return;
    const { value } = node;
    if (typeof value === 'boolean') {
      if (role.role === 'nesterov' || role.role === 'sync-norm')
        this.reading.flags.set(pointer, { role, value });
      return;
    }
    if (typeof value === 'number') return this.add(pointer, role, value, node, usedAt);
    const number = numberInString(value);
    if (number !== undefined) return this.add(pointer, role, number, node, usedAt);
    const target = this.target(value);
    const path = [...via, pointer];
    if (target !== undefined && !path.includes(target)) return this.role(target, role, path);
    if (/\$\{|^\?\?\?$/.test(value)) return this.skip(pointer, role, node, 'interpolation');
    if (role.role === 'optimizer') return void this.reading.names.set(usedAt ?? pointer, value);
    if (value === 'auto') return this.skip(pointer, role, node, 'auto');
    const devices =
      role.role === 'batch' && role.part === 'devices' && /^\d+(?:\s*,\s*\d+)*,?$/.test(value.trim());
    if (devices) return this.deviceList(pointer, role, value.split(',').filter((v) => v.trim()).length);
    throw problemAt(
      'schema',
      `${readable(pointer)} must be a number, not ${JSON.stringify(value)}`,
      this.text,
      node.offset,
    );
  }

  /** The scalar or list that `${a.b}` stands for, where it is in this file. */
  private target(value: string): Pointer | undefined {
    const reference = /^\$\{([\w-]+(?:[.[\]]+[\w-]+)*\]?)\}$/.exec(value)?.[1];
    const target = reference && `/${reference.replace(/[\][.]+/g, '/').replace(/\/$/, '')}`;
    const node = target && this.document.nodes.get(target);
    return node && node.kind !== 'map' ? target : undefined;
  }

  /** `devices: [0, 2]` is two devices; such a list cannot be rewritten as another count. */
  private deviceList(pointer: Pointer, role: Role, value: number): void {
    this.reading.fields.push({ pointer, role, value, site: { kind: 'absent', pointer: '' } });
  }

  private skip(pointer: Pointer, role: Role, node: ScalarNode, why: Unreadable['why']): void {
    this.reading.unreadable.push({ pointer, role, source: node.source, why, offset: node.offset });
  }

  private add(pointer: Pointer, role: Role, value: number, node: ScalarNode, usedAt?: Pointer): void {
    // A block scalar's indicator and line breaks stay; elsewhere the whole text is the number.
    const source = node.style === 'block' ? String(node.value).trim() : node.source;
    const offset = node.offset + node.source.lastIndexOf(source);
    const site = { kind: 'text', node, offset, length: source.length, source } as const;
    this.push({ pointer, role, value, site, ...(usedAt === undefined ? {} : { usedAt }) });
  }

  private push(field: Field): void {
    const wrong = outOfRange(field.role, field.value);
    if (wrong && field.site.kind === 'text') {
      const name = field.part ? `${readable(field.pointer)} ${field.part}` : readable(field.pointer);
      throw problemAt('out-of-range', `${name} is ${field.value}: ${wrong}`, this.text, field.site.offset);
    }
    const { fields } = this.reading;
    const known = fields.findIndex(
      (f) =>
        f.pointer === field.pointer &&
        f.part === field.part &&
        (f.usedAt === undefined || field.usedAt === undefined || f.usedAt === field.usedAt),
    );
    if (known === -1) fields.push(field);
    else if (field.usedAt !== undefined && fields[known]?.usedAt === undefined) fields[known] = field;
  }

  encoded(pointer: Pointer, encoding: Encoding, via: readonly Pointer[] = []): void {
    const node = this.document.nodes.get(pointer);
    const roleOf = (i: number) => encoding.items?.[Math.min(i, encoding.items.length - 1)]?.role;
    if (node?.kind === 'list')
      for (const i of node.items.keys()) {
        const role = roleOf(i);
        if (role) this.role(child(pointer, i), role, via);
      }
    if (node?.kind !== 'scalar' || typeof node.value !== 'string') return;
    const target = this.target(node.value);
    const path = [...via, pointer];
    if (target !== undefined && !path.includes(target)) return this.encoded(target, encoding, path);
    const first = roleOf(0);
    if (first && node.value === 'auto') return this.skip(pointer, first, node, 'auto');
    if (first && node.value.includes('${')) return this.skip(pointer, first, node, 'interpolation');
    const start = node.source.indexOf(node.value);
    const at = node.offset + start;
    const part = (name: string, source: string, index: number, role: Role, like = source) => {
      if (source.includes('${')) return this.skip(pointer, role, node, 'interpolation');
      const value = numberInString(source);
      if (value !== undefined && start === -1)
        throw problemAt(
          'schema',
          `${readable(pointer)} is written over several lines or with escapes, where its numbers cannot be replaced: write it on one line`,
          this.text,
          node.offset,
        );
      if (value !== undefined)
        return this.push({
          pointer,
          part: name,
          role,
          value,
          site: { kind: 'text', node, offset: at + index, length: source.length, source: like },
        });
      if (/^(?:true|false)$/i.test(source))
        this.reading.flags.set(child(pointer, name), { role, value: /^t/i.test(source) });
    };
    const entries = (
      tuple: string,
      index: number,
      name: string,
      roles: readonly { readonly role: Role }[],
    ) => {
      for (const [i, match] of [...tuple.matchAll(/[^\s,()[\]]+/g)].entries()) {
        const item = roles[Math.min(i, roles.length - 1)];
        if (item) part(`${name}${i}`, match[0], index + match.index, item.role);
      }
    };
    if (encoding.kind === 'kv-string') {
      for (const match of node.value.matchAll(/([\w.]+)\s*=\s*([^,\s]+)/g)) {
        const [whole, key = '', source = ''] = match;
        const field = encoding.fields?.[key];
        const index = match.index + whole.length - source.length;
        if (field && 'items' in field) {
          const tuple = /^[([]?[^()[\]=]*?(?=[)\]]|\s+[\w.]+\s*=|$)/.exec(node.value.slice(index))?.[0] ?? '';
          entries(tuple, index, `${key} `, field.items);
        } else if (field) part(key, source, index, field.role);
      }
    } else if (encoding.kind === 'tuple-string') {
      entries(node.value, 0, '', encoding.items ?? []);
    } else {
      const batches = /^\s*(\d[\d_.]*(?:e[-+]?\d+)?)ba\s*$/i.exec(node.value);
      const role = encoding.items?.[0]?.role;
      if (batches?.[1] && role) {
        // Written without an exponent: a trainer that reads 1e3ba may not read 4.0e+3ba.
        const like = String(numberInString(batches[1]) ?? batches[1]);
        part('ba', batches[1], node.value.indexOf(batches[1]), role, like);
      }
    }
  }

  absent(pointer: Pointer, found: Extract<Found[1], { absent: unknown }>['absent']): void {
    const { default: value, role, items } = found;
    if (value === undefined) {
      this.reading.optional.push({ pointer, ...(role ? { role } : {}), ...(items ? { items } : {}) });
    } else if (Array.isArray(value)) {
      for (const [index, v] of value.entries()) {
        const itemRole = items?.[index];
        if (itemRole)
          this.push({
            pointer: child(pointer, index),
            role: itemRole,
            value: v,
            site: { kind: 'absent', pointer, index },
          });
      }
    } else if (typeof value === 'string') this.reading.names.set(pointer, value);
    else if (typeof value === 'boolean') this.reading.flags.set(pointer, { role: role!, value });
    else if (role) this.push({ pointer, role, value: value as number, site: { kind: 'absent', pointer } });
  }
}

/** What is wrong with a value for its role, or undefined. Strings reach here unchecked by the schema. */
function outOfRange(role: Role, value: number): string | undefined {
  if (!Number.isFinite(value)) return 'it must be a finite number';
  if (role.role === 'learning-rate' && (role.point === 'peak' ? value <= 0 : value < 0))
    return 'a learning rate must be above 0';
  if (role.role === 'decay' && role.form !== 'half-life') {
    const atMostOne = role.of === 'model-ema' || role.of === 'batch-norm';
    if (value < 0 || (atMostOne ? value > 1 : value >= 1)) return 'a decay must lie in [0, 1)';
  }
  if (
    role.role === 'batch' &&
    (role.fractional ? value <= 0 : !Number.isInteger(value) || value < 1) &&
    !(role.part === 'devices' && value === -1)
  )
    return 'a batch size must be a whole number of at least 1';
  if (role.role === 'weight-decay' && value < 0) return 'a weight decay must not be negative';
  return undefined;
}
