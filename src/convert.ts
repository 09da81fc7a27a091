import { collect, type Dialect, detect, loadDialect } from './dialect/dialect.ts';
import { type Edit, insertAfter, type NewEntry } from './document/edit.ts';
import type { Document, MapNode, ScalarNode } from './document/nodes.ts';
import { writeNumber } from './document/number.ts';
import { parse } from './document/parse.ts';
import { isWithin, keyOf, type Pointer, parentOf, readable, segments } from './document/pointer.ts';
import { placeOf, problemAt } from './document/position.ts';
import { editAndProve, type Planned } from './document/proof.ts';
import { type Place, Problem } from './problem.ts';
import { type BatchChange, moveBatch } from './recipe/batch.ts';
import { buildRecipe, type RecipeOptions, type Warning } from './recipe/build.ts';
import { type Field, isRole, type Recipe } from './recipe/recipe.ts';
import { assess, type PlanOptions, type Task } from './rules/assess.ts';
import { findRule } from './rules/index.ts';
import { type Change, changesOf } from './rules/plan.ts';
import { remarks } from './rules/remarks.ts';
import { num, type Rule } from './rules/rule.ts';

/** Everything that decides a conversion beside the text. */
export interface ConvertOptions extends RecipeOptions, PlanOptions {
  /** A rule's name, or a rule of one's own; `ema` unless told, `noise-aware` where a noise scale is given. */
  readonly rule?: string | Rule;
  /** A dialect's name, or a compiled one; recognised from the content unless told. */
  readonly dialect?: string | Dialect;
}

/** A change with its place in the old text; for an inserted value the place it was inserted behind. */
export interface PlacedChange extends Change {
  readonly place: Place;
  /** Other pointers that see the same text through an alias or a merge key. */
  readonly uses: readonly Pointer[];
  /** The old and the new text of the value. */
  readonly text: { readonly from: string; readonly to: string };
}

/** A converted text, what changed in it, and what to know about it. */
export interface Conversion {
  readonly file: string;
  readonly text: string;
  readonly dialect: string;
  readonly rule: string;
  readonly batch: BatchChange;
  readonly changes: readonly PlacedChange[];
  readonly warnings: readonly (Warning & { readonly line?: number })[];
}

/** One document of a file, understood. */
export interface Understood {
  readonly document: Document;
  readonly dialect: Dialect;
  readonly recipe: Recipe;
  readonly warnings: Warning[];
}

/**
 * Rewrites a training config for another batch size. Only the values that must move change; every other byte stays,
 * and that is proven by reading the result again.
 * @param text the config, YAML or JSON (also with comments)
 * @param file its name: for messages, and to know JSON by its extension
 * @throws Problem with a place in the text; nothing is half done
 */
export async function convertText(text: string, file: string, options: ConvertOptions): Promise<Conversion> {
  try {
    return await conversion(text, file, options);
  } catch (error) {
    if (error instanceof Problem) error.file ??= file;
    throw error;
  }
}

async function conversion(text: string, file: string, options: ConvertOptions): Promise<Conversion> {
  const { documents, again } = await parse(text, file);
  const rule = ruleOf(options);
  const edits: Edit[] = [];
  const planned: Planned[][] = documents.map(() => []);
  const results: Omit<Conversion, 'text' | 'file' | 'rule'>[] = [];
  for (const [i, document] of documents.entries()) {
    const dialect = await dialectOf(document, documents.length > 1, text, options);
    if (!dialect) continue;
    const { recipe, warnings } = understand(document, dialect, text, options);
    const batch = moveBatch(recipe.batch, options, text);
    const changes = decide({ recipe, batch, rule, options }, warnings);
    const editor = new Editor(text, document, recipe, warnings);
    const placed = changes.length ? editor.edit(changes) : [];
    edits.push(...editor.edits);
    planned[i]!.push(...editor.planned);
    results.push({
      dialect: dialect.name,
      batch,
      changes: placed,
      warnings: warnings.map((w) => lined(w, text)),
    });
  }
  const [first, ...others] = results;
  if (!first) throw unrecognised(documents[0]!, text);
  const result = editAndProve(text, edits, documents, planned, again);
  return {
    ...first,
    file,
    text: result,
    rule: rule.name,
    changes: [first, ...others].flatMap((r) => r.changes),
    warnings: [first, ...others].flatMap((r) => r.warnings),
  };
}

/** The rule asked for. @throws Problem with code `usage` */
export function ruleOf({ rule, noiseScale }: Pick<ConvertOptions, 'rule' | 'noiseScale'>): Rule {
  if (typeof rule === 'object') return rule;
  return findRule(rule ?? (noiseScale === undefined ? 'ema' : 'noise-aware'));
}

/** The changes to write, and what to know about them; with `insert: false` insertions become warnings. */
function decide(task: Task, warnings: Warning[]): Change[] {
  const assessments = assess(task);
  warnings.push(...remarks(task, assessments));
  return changesOf(assessments).filter(({ inserted, pointer, from, to }) => {
    if (!inserted || task.options.insert !== false) return true;
    const list = (v: number | readonly number[]) =>
      typeof v === 'number' ? num(v) : `[${v.map(num).join(', ')}]`;
    warnings.push({
      code: 'not-inserted',
      message: `${readable(pointer)} is left to the trainer’s default ${list(from)}, but should become ${list(to)} (--no-insert)`,
    });
    return false;
  });
}

/**
 * Reads a document's meaning: dialect, batch, optimizers, averages, counts.
 * @throws Problem as `convertText` does
 */
export function understand(
  document: Document,
  dialect: Dialect,
  text: string,
  options: RecipeOptions,
): Understood {
  const warnings: Warning[] = [];
  const found = collect(document, dialect, text);
  const recipe = buildRecipe(document, found, dialect.library, options, text, warnings);
  if (
    recipe.groups.length === 0 &&
    recipe.averages.length === 0 &&
    !recipe.counts.some((c) => c.role.use === 'schedule')
  ) {
    const blocked = recipe.unreadable[0];
    if (blocked)
      throw problemAt(
        blocked.why,
        `every value here that would change is ${blocked.source}: the trainer's own config sets it, so convert that file`,
        text,
        blocked.offset,
      );
    if (recipe.batch.fields.length === 0)
      throw problemAt(
        'not-a-training-config',
        `nothing here depends on the batch size (read as ${dialect.title})`,
        text,
        0,
      );
  }
  return { document, dialect, recipe, warnings };
}

/** The dialect of a document; undefined where a file of several documents holds one that is no config. */
export async function dialectOf(
  document: Document,
  oneOfMany: boolean,
  text: string,
  { dialect }: Pick<ConvertOptions, 'dialect'>,
): Promise<Dialect | undefined> {
  if (typeof dialect === 'object') return dialect;
  if (dialect !== undefined) return loadDialect(dialect);
  const candidates = detect(document.data);
  if (candidates.length > 1)
    throw problemAt(
      'ambiguous-dialect',
      `this could be ${candidates.join(' or ')}: say which with --dialect NAME`,
      text,
      0,
    );
  if (candidates[0] !== undefined) {
    const found = await loadDialect(candidates[0]);
    if (found.refuses && !oneOfMany) throw problemAt('not-a-training-config', found.refuses, text, 0);
    return found.refuses ? undefined : found;
  }
  if (oneOfMany) return undefined;
  throw unrecognised(document, text);
}

function unrecognised(document: Document, text: string): Problem {
  const keys =
    document.nodes.get('')?.kind === 'map'
      ? [...segmentsBelow(document)].slice(0, 5).join(', ')
      : 'no mapping';
  return problemAt(
    'unknown-dialect',
    `not a training config that rebatch knows (top level: ${printableKeys(keys)}): no dialect recognises it and it has no learning rate, momentum or batch size under an ordinary name. Name its dialect with --dialect (rebatch schema lists them) or describe it with --schema FILE`,
    text,
    0,
  );
}

function segmentsBelow(document: Document): string[] {
  const root = document.nodes.get('');
  return root?.kind === 'map' ? root.entries.map((e) => e.key) : [];
}

function printableKeys(keys: string): string {
  return keys.length > 100 ? `${keys.slice(0, 100)}…` : keys;
}

function lined(warning: Warning, text: string): Warning & { readonly line?: number } {
  return warning.offset === undefined ? warning : { ...warning, line: placeOf(text, warning.offset).line };
}

function useOf({ fields, pointer }: Change): string {
  return readable(fields[0]?.usedAt ?? pointer);
}

/** Turns changes into edits of one document. */
class Editor {
  readonly edits: Edit[] = [];
  readonly planned: Planned[] = [];
  private readonly understood: ReadonlySet<Pointer>;

  constructor(
    private readonly text: string,
    private readonly document: Document,
    private readonly recipe: Recipe,
    private readonly warnings: Warning[],
  ) {
    const { batch, groups, averages, counts, ramps, clips } = recipe;
    const fields = [batch, ...groups].flatMap((part): readonly Field[] => part.fields);
    this.understood = new Set([...fields, ...averages, ...counts, ...ramps, ...clips].map((f) => f.pointer));
  }

  edit(changes: readonly Change[]): PlacedChange[] {
    const byNode = new Map<ScalarNode, Change[]>();
    for (const change of changes) {
      const { site } = change.fields[0]!;
      if (site.kind === 'text') byNode.set(site.node, [...(byNode.get(site.node) ?? []), change]);
    }
    const placed = [...byNode].flatMap(([node, own]) => this.replace(node, own));
    return [...placed, ...this.insertions(changes.filter((c) => c.inserted))].sort(
      (a, b) => a.place.offset - b.place.offset,
    );
  }

  private replace(node: ScalarNode, changes: readonly Change[]): PlacedChange[] {
    const pointers = this.document.shared.get(node) ?? [changes[0]!.pointer];
    const distinct = this.agree(node, changes, pointers);
    const inner: Edit[] = [];
    const placed = distinct.map((change): PlacedChange => {
      const { site } = change.fields[0]!;
      if (site.kind !== 'text') throw new TypeError('a replaced value stands in the text');
      const quoted = node.style === 'single' || node.style === 'double';
      const quote = change.part === undefined && quoted ? node.source[0]! : '';
      const to = writeNumber(change.to as number, site.source, this.document.format);
      inner.push({ offset: site.offset, length: site.length, text: quote + to + quote });
      const place = placeOf(this.text, site.offset);
      return {
        ...change,
        place,
        uses: pointers.filter((p) => p !== change.pointer),
        text: { from: site.source, to: quote + to + quote },
      };
    });
    this.edits.push(...inner);
    const start = node.offset + node.source.indexOf(String(node.value));
    const encoded = distinct[0]!.part !== undefined;
    const value = encoded
      ? inner.reduceRight(
          (v, e) => v.slice(0, e.offset - start) + e.text + v.slice(e.offset - start + e.length),
          String(node.value),
        )
      : typeof node.value === 'number'
        ? (distinct[0]!.to as number)
        : node.style === 'block'
          ? String(node.value).replace(String(node.value).trim(), () => inner[0]!.text)
          : inner[0]!.text.replace(/^["']|["']$/g, '');
    for (const pointer of pointers) this.planned.push({ pointer, value });
    return placed;
  }

  /** One text serves all its uses, so they must agree; a use that should not change at all is a disagreement too. */
  private agree(node: ScalarNode, changes: readonly Change[], pointers: readonly Pointer[]): Change[] {
    const byPart = new Map<string, Change>();
    for (const change of changes) {
      const key = change.part ?? '';
      const other = byPart.get(key);
      if (other && other.to !== change.to)
        throw problemAt(
          'alias-conflict',
          `this value is used as ${useOf(other)} (should become ${other.to}) and as ${useOf(change)} (${change.to}): give them values of their own`,
          this.text,
          node.offset,
        );
      if (!other) byPart.set(key, change);
    }
    const changed = new Set(changes.map((c) => c.pointer));
    const definition = this.document.scalars.find((s) => s.offset === node.offset)?.path;
    const understood = definition !== undefined && this.understood.has(definition);
    const left = pointers.find((p) => !changed.has(p) && (p !== definition || understood));
    if (left !== undefined)
      throw problemAt(
        'alias-conflict',
        `${readable(changes[0]!.pointer)} must change, but ${readable(left)} uses the same text through an alias and must not: give them values of their own`,
        this.text,
        node.offset,
      );
    if (definition !== undefined && !changed.has(definition) && this.hasAlias(changes))
      this.warnings.push({
        code: 'anchor-moves',
        message: `${readable(definition)} holds the anchor of ${readable(changes[0]!.pointer)} and changes with it: check that nothing else depends on it`,
        offset: node.offset,
      });
    return [...byPart.values()];
  }

  /** Whether one of the values itself is written as an alias, not a mapping around it. */
  private hasAlias(changes: readonly Change[]): boolean {
    return this.document.scalars.some(
      ({ path, source }) =>
        source.startsWith('*') &&
        this.document.nodes.get(path)?.kind !== 'map' &&
        changes.some((c) => isWithin(c.pointer, path)),
    );
  }

  private insertions(changes: readonly Change[]): PlacedChange[] {
    const placed: PlacedChange[] = [];
    const byPlace = new Map<
      Pointer,
      { map: MapNode; entries: Map<string, { path: string[]; change: Change }[]> }
    >();
    for (const change of changes) {
      const existing = this.document.nodes.get(change.pointer);
      if (existing?.kind === 'scalar' && existing.value === null) {
        placed.push(this.fillEmpty(existing, change));
        continue;
      }
      let at = parentOf(change.pointer);
      while (at !== '' && !this.document.nodes.has(at)) at = parentOf(at);
      const map = this.document.nodes.get(at);
      if (map?.kind !== 'map')
        throw problemAt(
          'cannot-insert',
          `${readable(change.pointer)} should be ${JSON.stringify(change.to)}, but there is no mapping to write it into: write it there, or use --no-insert`,
          this.text,
          map ? ('offset' in map ? map.offset : 0) : 0,
        );
      if ((this.document.shared.get(map)?.length ?? 1) > 1)
        throw problemAt(
          'cannot-insert',
          `${readable(change.pointer)} should be ${JSON.stringify(change.to)}, but its mapping is shared through an alias: write the value there, or use --no-insert`,
          this.text,
          map.offset,
        );
      const [key = '', ...path] = segments(change.pointer.slice(at.length));
      const place = byPlace.get(at) ?? { map, entries: new Map() };
      place.entries.set(key, [...(place.entries.get(key) ?? []), { path, change }]);
      byPlace.set(at, place);
    }
    for (const [at, { map, entries }] of byPlace) {
      const sibling = this.siblingFor(at, map);
      const written: NewEntry[] = [...entries].map(([key, parts]) => ({ key, value: this.nested(parts) }));
      this.edits.push(...insertAfter(this.text, map, sibling, written));
      for (const { change } of [...entries.values()].flat()) {
        this.planned.push({ pointer: change.pointer, value: change.to });
        placed.push({
          ...change,
          place: placeOf(this.text, sibling?.end ?? map.offset),
          uses: [],
          text: { from: '', to: this.written(change) },
        });
      }
    }
    return placed;
  }

  /** `key:` with nothing behind it takes the value there; `null` is replaced. */
  private fillEmpty(node: ScalarNode, change: Change): PlacedChange {
    const to = this.written(change);
    const before = node.length === 0 && !/\s/.test(this.text[node.offset - 1] ?? '') ? ' ' : '';
    const after = this.text[node.offset + node.length] === '#' ? ' ' : '';
    this.edits.push({ offset: node.offset, length: node.length, text: before + to + after });
    this.planned.push({ pointer: change.pointer, value: change.to });
    return {
      ...change,
      inserted: false,
      place: placeOf(this.text, node.offset),
      uses: [],
      text: { from: node.source, to },
    };
  }

  /** The entry to insert behind: the learning rate if it is there, else another field that was understood, else the last. */
  private siblingFor(at: Pointer, map: MapNode) {
    const here = this.recipe.groups
      .flatMap((g) => g.fields)
      .filter((f) => f.site.kind === 'text' && parentOf(f.pointer) === at);
    const field = here.find((f) => isRole(f, 'learning-rate')) ?? here[0];
    return map.written.find((e) => field && e.key === keyOf(field.pointer)) ?? map.written.at(-1);
  }

  private nested(parts: readonly { path: readonly string[]; change: Change }[]): string {
    const [only] = parts;
    if (only && only.path.length === 0) return this.written(only.change);
    const quote = this.document.format === 'json' ? '"' : '';
    const groups = new Map<string, { path: string[]; change: Change }[]>();
    for (const { path, change } of parts)
      groups.set(path[0]!, [...(groups.get(path[0]!) ?? []), { path: path.slice(1), change }]);
    return `{${[...groups].map(([key, inner]) => `${quote}${key}${quote}: ${this.nested(inner)}`).join(', ')}}`;
  }

  private written({ from, to }: Change): string {
    const one = (value: number, like: number) => writeNumber(value, String(like), this.document.format);
    return typeof to === 'number'
      ? one(to, from as number)
      : `[${to.map((v, i) => one(v, (from as number[])[i]!)).join(', ')}]`;
  }
}

/**
 * Writes changes that were decided elsewhere, with the same proof as a conversion.
 * @param parts the documents that are configs, by their place among all documents of the file
 * @throws Problem: alias-conflict, cannot-insert, proof-failed
 */
export async function writeChanges(
  text: string,
  file: string,
  parts: readonly (Omit<Understood, 'dialect'> & {
    readonly at: number;
    readonly changes: readonly Change[];
  })[],
): Promise<string> {
  const { documents, again } = await parse(text, file);
  const planned: Planned[][] = documents.map(() => []);
  const edits = parts.flatMap(({ at, document, recipe, warnings, changes }) => {
    const editor = new Editor(text, document, recipe, warnings);
    if (changes.length) editor.edit(changes);
    planned[at]!.push(...editor.planned);
    return editor.edits;
  });
  return editAndProve(text, edits, documents, planned, again);
}
