import { BUDGET, tooLarge } from '../base/budget.ts';
import { count } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import { type EncodedPart, partsOf, roleOfEntry } from '../dialect/encoding.ts';
import type { Assumed, Encoding, Found, Role } from '../dialect/roles.ts';
import type { Document, ScalarNode } from '../document/nodes.ts';
import { child, type Pointer, readable } from '../document/pointer.ts';
import { numberInString } from '../document/scalar.ts';
import { type Field, offsetOf, type Unreadable } from './recipe.ts';

/** The fields of a document, read by their roles. */
export interface Reading {
  readonly fields: Field[];
  readonly unreadable: Unreadable[];
  /** Optimizer names by pointer. */
  readonly names: Map<Pointer, string>;
  /** Optimizers that the dialect itself says are used, by the pointer of their block. */
  readonly assumed: Map<Pointer, string>;
  /** Blocks of optimizers whose decays no file can set. */
  readonly fixed: Set<Pointer>;
  /** True-or-false roles by pointer. */
  readonly flags: Map<Pointer, { readonly role: Role; readonly value: boolean }>;
  /** Fields whose default only the optimizer table knows. */
  readonly optional: { readonly pointer: Pointer; readonly role?: Role; readonly items?: readonly Role[] }[];
}

/** Reads the numbers behind the roles: through quotes, tuples in strings, key=value strings and interpolations. */
export function readFields(document: Document, found: readonly Found[]): Reading {
  const reader = new FieldReader(document);
  for (const [pointer, what] of found) {
    if ('role' in what) reader.role(pointer, what.role);
    else if ('encoding' in what) reader.encoded(pointer, what.encoding);
    else if ('absent' in what) reader.absent(pointer, what.absent);
    else if ('assumes' in what) reader.assumes(pointer, what.assumes);
  }
  return reader.reading;
}

/** Device numbers in a string, in brackets or without: `0,1`, `[0, 1]` (wenet-e2e/wespeaker examples). */
const DEVICE_LIST = /^\s*(?:\[\s*(?=.*\]))?(\d+(?:\s*,\s*\d+)*,?)\s*\]?\s*$/;

/** How texts refer to another value of their file. */
const REFERENCES = [
  /^\$\{([\w-]+(?:[.[\]]+[\w-]+)*\]?)\}$/,
  /^\$?@([\w-]+(?:(?:#|::)[\w-]+)*)$/,
  /^\$([A-Za-z_]\w*)$/,
];

/**
 * The scalar or list that `${a.b}`, `$a`, or MONAI's `@a::b` and `@a#b` stand for, where it is in this file
 * (Project-MONAI/MONAI monai/bundle/reference_resolver.py).
 */
function targetOf({ nodes }: Document, value: string): Pointer | undefined {
  const reference = REFERENCES.map((pattern) => pattern.exec(value)?.[1]).find((found) => found);
  const target = reference && `/${reference.replace(/::|[\][.#]+/g, '/').replace(/\/$/, '')}`;
  const node = target && nodes.get(target);
  return node && node.kind !== 'map' ? target : undefined;
}

/** What is found at the values that fields with a role refer to: these are read under another key. */
export function usedThrough(document: Document, found: readonly Found[]): Found[] {
  const targets: Found[] = [];
  for (const [pointer, what] of found) {
    if (!('role' in what || 'encoding' in what)) continue;
    const via = new Set<Pointer>();
    for (let at: Pointer | undefined = pointer; at !== undefined && !via.has(at); at = next(at)) {
      if (at !== pointer) targets.push([at, what]);
      via.add(at);
    }
  }
  return targets;

  function next(pointer: Pointer): Pointer | undefined {
    const node = document.nodes.get(pointer);
    return node?.kind === 'scalar' && typeof node.value === 'string'
      ? targetOf(document, node.value)
      : undefined;
  }
}

class FieldReader {
  readonly reading: Reading = {
    fields: [],
    unreadable: [],
    names: new Map(),
    assumed: new Map(),
    fixed: new Set(),
    flags: new Map(),
    optional: [],
  };

  /** Indices of fields by their place: a value that is used in several ways is several. */
  private readonly places = new Map<string, readonly number[]>();

  constructor(private readonly document: Document) {}

  assumes(pointer: Pointer, { optimizer, decays }: Assumed): void {
    if (optimizer !== undefined) this.reading.assumed.set(pointer, optimizer);
    if (decays !== undefined) this.reading.fixed.add(pointer);
  }

  /** @param via the interpolations that led here, the use first */
  role(pointer: Pointer, role: Role, via: readonly Pointer[] = []): void {
    const [usedAt] = via;
    const node = this.document.nodes.get(pointer);
    if (!node) return;
    if (node.kind === 'list' && countsDevices(role)) return this.deviceList(pointer, role, node.items.length);
    if (node.kind === 'list') {
      for (const i of node.items.keys()) this.role(child(pointer, i), role, via);
      return;
    }
    // What Python's None is called in a text, and yacs reads as one.
    if (node.kind !== 'scalar' || node.value === null || node.value === 'None') return;
    const { value } = node;
    refuseLong(value, node.offset);
    if (role.role === 'batch' && role.ids === 'several')
      return value === false ? undefined : this.skip(pointer, role, node, 'ambiguous');
    if (typeof value === 'boolean') {
      if (role.role === 'nesterov' || role.role === 'sync-norm')
        this.reading.flags.set(pointer, { role, value });
      return;
    }
    if (typeof value === 'number') return this.number(pointer, role, value, node, usedAt);
    const number = numberInString(value);
    if (number !== undefined) return this.number(pointer, role, number, node, usedAt);
    const target = targetOf(this.document, value);
    const path = [...via, pointer];
    if (target !== undefined && !path.includes(target)) return this.role(target, role, path);
    if (/\$\{|^\?\?\?$|^[@$]/.test(value)) return this.skip(pointer, role, node, 'interpolation');
    if (role.role === 'optimizer') return void this.reading.names.set(usedAt ?? pointer, value);
    if (value === 'auto') return this.skip(pointer, role, node, 'auto');
    const devices = countsDevices(role) && DEVICE_LIST.exec(value)?.[1];
    if (devices) return this.deviceList(pointer, role, devices.split(',').filter((v) => v.trim()).length);
    throw new Problem(
      'schema',
      `${readable(pointer)} must be a number, not ${JSON.stringify(value)}`,
      node.offset,
    );
  }

  /** A number is the field's, but for that of a device, which is one of them. */
  private number(pointer: Pointer, role: Role, value: number, node: ScalarNode, usedAt?: Pointer): void {
    const ids = role.role === 'batch' && value >= 0 ? role.ids : undefined;
    if (ids === undefined) return this.add(pointer, role, value, node, usedAt);
    if (ids === 'sure' || value <= 1) return this.deviceList(pointer, role, 1);
    this.skip(pointer, role, node, 'ambiguous');
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
    const site = {
      kind: 'text',
      node,
      offset,
      length: source.length,
      source,
      format: this.document.notation.format,
      ...(node.from ? { inherited: node.from.file } : {}),
    } as const;
    this.push({ pointer, role, value, site, ...(usedAt === undefined ? {} : { usedAt }) });
  }

  private push(field: Field): void {
    const wrong = outOfRange(field.role, field.value);
    if (wrong && field.site.kind === 'text') {
      const name = field.part ? `${readable(field.pointer)} ${field.part}` : readable(field.pointer);
      throw new Problem('out-of-range', `${name} is ${field.value}: ${wrong}`, field.site.offset);
    }
    const { fields } = this.reading;
    const place = `${field.pointer}\n${field.part ?? ''}`;
    const here = this.places.get(place) ?? [];
    const known = here.find(
      (i) =>
        fields[i]!.usedAt === undefined || field.usedAt === undefined || fields[i]!.usedAt === field.usedAt,
    );
    if (known === undefined) {
      this.places.set(place, [...here, fields.length]);
      fields.push(field);
      if (fields.length > BUDGET.fields)
        throw tooLarge(`${count(BUDGET.fields)} numbers that depend on the batch`, offsetOf(field));
    } else if (isUnsaid(fields[known]!) !== isUnsaid(field)) {
      if (isUnsaid(fields[known]!)) fields[known] = field;
    } else if (field.usedAt !== undefined && fields[known]!.usedAt === undefined) fields[known] = field;
  }

  encoded(pointer: Pointer, encoding: Encoding, via: readonly Pointer[] = []): void {
    const node = this.document.nodes.get(pointer);
    const { items = [] } = encoding;
    if (node?.kind === 'list')
      for (const i of node.items.keys()) {
        const role = roleOfEntry(items, i);
        if (role) this.role(child(pointer, i), role, via);
      }
    if (node?.kind !== 'scalar' || typeof node.value !== 'string') return;
    refuseLong(node.value, node.offset);
    const target = targetOf(this.document, node.value);
    const path = [...via, pointer];
    if (target !== undefined && !path.includes(target)) return this.encoded(target, encoding, path);
    const first = items[0]?.role;
    if (first && node.value === 'auto') return this.skip(pointer, first, node, 'auto');
    if (first && node.value.includes('${')) return this.skip(pointer, first, node, 'interpolation');
    for (const part of partsOf(encoding, node.value)) this.part(pointer, node, node.value, part);
  }

  /** One value inside an encoded string: a number, or true or false. */
  private part(pointer: Pointer, node: ScalarNode, text: string, found: EncodedPart): void {
    const { name, source, index, role, like = source } = found;
    if (source.includes('${')) return this.skip(pointer, role, node, 'interpolation');
    const value = numberInString(source);
    if (value === undefined) {
      if (/^(?:true|false)$/i.test(source))
        this.reading.flags.set(child(pointer, name), { role, value: /^t/i.test(source) });
      return;
    }
    const start = node.source.indexOf(text);
    if (start === -1)
      throw new Problem(
        'schema',
        `${readable(pointer)} is written over several lines or with escapes, where its numbers cannot be replaced: write it on one line`,
        node.offset,
      );
    const offset = node.offset + start + index;
    this.push({
      pointer,
      part: name,
      role,
      value,
      site: {
        kind: 'text',
        node,
        offset,
        length: source.length,
        source: like,
        format: this.document.notation.format,
        ...(node.from ? { inherited: node.from.file } : {}),
      },
    });
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

/** @throws Problem: too-large */
function refuseLong(value: unknown, offset: number): void {
  if (typeof value === 'string' && value.length > BUDGET.value)
    throw tooLarge(`${count(BUDGET.value)} characters in one value that depends on the batch`, offset);
}

/** `batch_size=args.batch_size_per_gpu`: what says whose batch it is counts, be it the name or the use. */
function isUnsaid({ role }: Field): boolean {
  return role.role === 'batch' && role.part === 'unsaid';
}

/** Parts that count devices, where -1 and 0 mean: as many as there are. */
const OF_DEVICES: ReadonlySet<string> = new Set(['devices', 'nodes', 'world', 'replicas', 'model-parallel']);

function countsDevices(role: Role): boolean {
  return role.role === 'batch' && (role.part === 'devices' || role.part === 'world');
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
    !(value <= 0 && OF_DEVICES.has(role.part))
  )
    return 'a batch size must be a whole number of at least 1';
  if (role.role === 'weight-decay' && value < 0) return 'a weight decay must not be negative';
  return undefined;
}
