import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { Problem } from '../base/problem.ts';
import type { Edit } from '../document/edit.ts';
import { fillEmpty } from '../document/insert.ts';
import type { Document, MapNode, NewEntry, ScalarNode } from '../document/nodes.ts';
import { writeNumber } from '../document/number.ts';
import { keyOf, type Pointer, parentOf, readable, segments } from '../document/pointer.ts';
import type { Planned } from '../document/proof.ts';
import { type Field, fieldsOf, isRole, type Recipe } from '../recipe/recipe.ts';
import type { Change } from '../rules/plan.ts';
import { type Override, override, placeOfOverride } from './overrides.ts';

/** A change with its place in the old text; for an inserted value, that of the entry before it. */
export interface PlacedChange extends Change {
  readonly offset: number;
  /** Other pointers to the same text, through an alias or a merge key. */
  readonly uses: readonly Pointer[];
  /** The old and the new text of the value. */
  readonly text: { readonly from: string; readonly to: string };
}

/** Turns changes into edits of one document. */
export class Editor {
  readonly edits: Edit[] = [];
  readonly planned: Planned[] = [];
  readonly warnings: Diagnostic[] = [];
  private readonly understood: ReadonlySet<Pointer>;
  /** Where the text at an offset stands. */
  private readonly definitions: ReadonlyMap<number, Pointer>;
  /** Values that are written as an alias, other than mappings. */
  private readonly aliases: ReadonlySet<Pointer>;
  /** What the text says of optimizers, by the mapping that it stands in. */
  private readonly optimizersFields = new Map<Pointer, Field[]>();

  constructor(
    private readonly document: Document,
    recipe: Recipe,
    /** The document joined with what it builds on. */
    private readonly whole: Document,
  ) {
    this.understood = new Set(fieldsOf(recipe).map((f) => f.pointer));
    this.definitions = new Map(document.scalars.map(({ offset, path }) => [offset, path]));
    this.aliases = new Set(
      document.scalars
        .filter(({ path, source }) => source.startsWith('*') && document.nodes.get(path)?.kind !== 'map')
        .map(({ path }) => path),
    );
    for (const field of recipe.groups.flatMap((group) => group.fields)) {
      if (field.site.kind !== 'text') continue;
      const around = parentOf(field.pointer);
      const here = this.optimizersFields.get(around);
      if (here) here.push(field);
      else this.optimizersFields.set(around, [field]);
    }
  }

  edit(changes: readonly Change[]): PlacedChange[] {
    const byNode = new Map<ScalarNode, Change[]>();
    for (const change of changes) {
      const { site } = change.fields[0]!;
      if (site.kind === 'text' && !change.inserted)
        byNode.set(site.node, [...(byNode.get(site.node) ?? []), change]);
    }
    const placed = [...byNode].flatMap(([node, own]) => this.replace(node, own));
    return [...placed, ...this.insertions(changes.filter((c) => c.inserted))].sort(
      (a, b) => a.offset - b.offset,
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
      refuseTag(node, change, Number.isInteger(change.to));
      const to = writeNumber(change.to as number, site.source, this.document.notation.format);
      inner.push({ offset: site.offset, length: site.length, text: quote + to + quote });
      return {
        ...change,
        offset: site.offset,
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

  /** Aliases share one text, so all uses must want the same value; one that must not change is a conflict too. */
  private agree(node: ScalarNode, changes: readonly Change[], pointers: readonly Pointer[]): Change[] {
    const byPart = new Map<string, Change>();
    for (const change of changes) {
      const key = change.part ?? '';
      const other = byPart.get(key);
      if (other && other.to !== change.to)
        throw new Problem(
          'alias-conflict',
          `this value is used as ${useOf(other)} (should become ${other.to}) and as ${useOf(change)} (${change.to}): give them values of their own`,
          node.offset,
        );
      if (!other) byPart.set(key, change);
    }
    const changed = new Set(changes.map((c) => c.pointer));
    const definition = this.definitions.get(node.offset);
    const understood = definition !== undefined && this.understood.has(definition);
    const left = pointers.find((p) => !changed.has(p) && (p !== definition || understood));
    if (left !== undefined)
      throw new Problem(
        'alias-conflict',
        `${readable(changes[0]!.pointer)} must change, but ${readable(left)} uses the same text and must not: give them values of their own`,
        node.offset,
      );
    if (definition === undefined || changed.has(definition) || !this.hasAlias(changes))
      return [...byPart.values()];
    if (
      !onlyDefines(
        definition,
        changes.map((c) => c.pointer),
      )
    )
      throw new Problem(
        'alias-conflict',
        `${readable(changes[0]!.pointer)} must become ${changes[0]!.to}, and ${readable(definition)}, which holds its anchor, would change with it: give ${readable(changes[0]!.pointer)} a value of its own`,
        node.offset,
      );
    this.warnings.push(
      warning(
        'anchor-moves',
        `${readable(definition)} holds the anchor of ${readable(changes[0]!.pointer)} and changes with it: check that nothing else depends on it`,
        node.offset,
      ),
    );
    return [...byPart.values()];
  }

  /** Whether a value itself is written as an alias, rather than a mapping around it. */
  private hasAlias(changes: readonly Change[]): boolean {
    return changes.some(({ pointer }) => {
      let at = pointer;
      while (at !== '' && !this.aliases.has(at)) at = parentOf(at);
      return this.aliases.has(at);
    });
  }

  private insertions(changes: readonly Change[]): PlacedChange[] {
    const together = new Map<Pointer, Change[]>();
    for (const change of changes) {
      const pointer = placeOfOverride(change, this.whole);
      together.set(pointer, [...(together.get(pointer) ?? []), change]);
    }
    const filled: PlacedChange[] = [];
    const byMap = new Map<Pointer, Nested[]>();
    for (const [pointer, own] of together) {
      const empty = this.document.nodes.get(pointer);
      if (empty?.kind === 'scalar' && empty.value === null) filled.push(this.fillEmpty(empty, own[0]!));
      else {
        const { at, nested } = this.nest(pointer, own);
        byMap.set(at, [...(byMap.get(at) ?? []), nested]);
      }
    }
    // Where several mappings end in one place, what goes into the inner one comes first.
    const innerFirst = [...byMap].sort(([a], [b]) => segments(b).length - segments(a).length);
    return [...filled, ...innerFirst.flatMap(([at, values]) => this.insert(at, values))];
  }

  /** Where new values go: the innermost mapping around their place that is in the text. */
  private nest(pointer: Pointer, changes: readonly Change[]): { at: Pointer; nested: Nested } {
    const [change] = changes as readonly [Change, ...Change[]];
    let at = parentOf(pointer);
    while (at !== '' && !this.document.nodes.has(at)) at = parentOf(at);
    const map = this.document.nodes.get(at);
    if (map?.kind !== 'map')
      throw new Problem(
        'cannot-insert',
        `${readable(pointer)} should be ${JSON.stringify(change.to)}, but there is no mapping to write it into: write it there, or use --no-insert`,
        map ? map.offset : 0,
      );
    this.refuseShared(map, change);
    const written = this.document.inText(pointer).slice(this.document.inText(at).length);
    const value = this.newValue(pointer, changes, map.flow);
    return { at, nested: { path: segments(written), pointer, changes, ...value } };
  }

  /** Inserts values into one mapping, those of one new block together. */
  private insert(at: Pointer, values: readonly Nested[]): PlacedChange[] {
    const map = this.document.nodes.get(at) as MapNode;
    const sibling = this.siblingFor(at, map);
    this.refuseOverFile(values[0]!.changes[0]!);
    this.edits.push(...this.document.notation.insert(this.document, map, sibling, entriesOf(values)));
    this.planned.push(...values.map(({ pointer, value }) => ({ pointer, value })));
    return values.flatMap(({ changes }) =>
      changes.map((change) => ({
        ...change,
        offset: sibling?.end ?? map.offset,
        uses: [],
        text: { from: '', to: this.oneValue(change) },
      })),
    );
  }

  /** A default is none where a file that is not read may set the value. */
  private refuseOverFile({ pointer, to }: Change): void {
    const file = this.document.unread?.find((unread) => unread.file);
    if (file)
      throw new Problem(
        'cannot-insert',
        `${readable(pointer)} should be ${JSON.stringify(to)} if ${file.source} does not set it, and that is not read here: write its value there or here, or use --no-insert and convert that file in the same way`,
        file.offset,
      );
  }

  private refuseShared(node: MapNode | ScalarNode, { pointer, to }: Change): void {
    if ((this.document.shared.get(node)?.length ?? 1) > 1)
      throw new Problem(
        'cannot-insert',
        `${readable(pointer)} should be ${JSON.stringify(to)}, but its ${node.kind === 'map' ? 'mapping' : 'empty value'} is shared through an alias: write the value there, or use --no-insert`,
        node.offset,
      );
  }

  /** `key:` without a value gets one; `null` is replaced. */
  private fillEmpty(node: ScalarNode, change: Change): PlacedChange {
    this.refuseShared(node, change);
    if (node.unsaid)
      throw new Problem(
        'cannot-insert',
        `${readable(change.pointer)} should be ${JSON.stringify(change.to)}, and its key has no colon: write \`${keyOf(change.pointer)}: ${JSON.stringify(change.to)}\` there, or use --no-insert`,
        node.offset,
      );
    refuseTag(node, change, false);
    const { text: to, value } = this.newValue(change.pointer, [change], true);
    this.edits.push(fillEmpty(this.document, node, to));
    this.planned.push({ pointer: change.pointer, value });
    return { ...change, inserted: false, offset: node.offset, uses: [], text: { from: node.source, to } };
  }

  /** The entry to insert after: the learning rate, else another field of an optimizer, else the last one. */
  private siblingFor(at: Pointer, map: MapNode) {
    const here = this.optimizersFields.get(at) ?? [];
    const field = here.find((f) => isRole(f, 'learning-rate')) ?? here[0];
    return map.written.find((e) => field && e.key === keyOf(field.pointer)) ?? map.written.at(-1);
  }

  private newValue(pointer: Pointer, changes: readonly Change[], flow: boolean): Override {
    const [change] = changes as readonly [Change, ...Change[]];
    if (change.overrides !== undefined) return override(pointer, changes, this.whole, flow);
    return { text: this.oneValue(change), value: change.to };
  }

  /** The new number, or list of numbers, by itself. */
  private oneValue({ from, to, fields }: Change): string {
    const { site } = fields[0]!;
    const one = (value: number, like: number) =>
      writeNumber(value, site.kind === 'text' ? site.source : String(like), this.document.notation.format);
    if (typeof to === 'number') return one(to, from as number);
    return this.document.notation.list(to.map((v, i) => one(v, (from as readonly number[])[i]!)));
  }
}

/** A tag may say that a value is none of what it should become. */
function refuseTag(node: ScalarNode, { pointer, to }: Change, takes: boolean): void {
  if (takes || node.tag === undefined || (!node.tag.endsWith(':int') && node.value !== null)) return;
  throw new Problem(
    'cannot-insert',
    `${readable(pointer)} should be ${JSON.stringify(to)}, which its tag ${node.tag.replace(/^tag:yaml\.org,2002:/, '!!')} does not take: take the tag out`,
    node.offset,
  );
}

/** Values as entries, those that begin with the same key together. */
function entriesOf(values: readonly Nested[]): NewEntry[] {
  const groups = new Map<string, Nested[]>();
  for (const value of values) {
    const [key = '', ...path] = value.path;
    groups.set(key, [...(groups.get(key) ?? []), { ...value, path }]);
  }
  return [...groups].map(([key, inner]) => {
    const [only] = inner;
    return { key, value: only && only.path.length === 0 ? only.text : entriesOf(inner) };
  });
}

/** A value to insert, and the keys that lead to it from the entry that is inserted. */
interface Nested extends Override {
  readonly path: readonly string[];
  readonly pointer: Pointer;
  readonly changes: readonly Change[];
}

/** Names of blocks in which people collect values for others to refer to. */
const COLLECTIONS =
  /^(?:[._].*|x-.*|(?:.*_)?(?:anchors?|aliases|shared|common|vars?|variables|constants?|definitions?|defs|params?|parameters|hparams|hyper_?params|hyper_?parameters|templates?|refs?|references?))$/i;

/**
 * Whether an anchor's key is there for its uses alone: it is in a block for such values, or its name has a word in
 * common with one of them (`base_lr: &lr` for `lr: *lr`).
 */
function onlyDefines(definition: Pointer, uses: readonly Pointer[]): boolean {
  const path = segments(definition);
  if (path.some((key) => COLLECTIONS.test(key))) return true;
  const words = (pointer: Pointer) => {
    const keys = segments(pointer).filter((key) => !/^\d+$/.test(key));
    const name = (keys.at(-1) ?? '').replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
    return name
      .replace(/\blr\b|(?<=_)lr|lr(?=_)/g, 'rate')
      .split(/[^a-z\d]+/)
      .filter((word) => !COMMON.has(word));
  };
  const own = new Set(words(definition));
  return uses.some((use) => words(use).some((word) => own.has(word)));
}

/** Words that two names may share although they mean different things: `max_epochs` and `max_steps`. */
const COMMON = new Set([
  '',
  'max',
  'min',
  'num',
  'n',
  'per',
  'total',
  'train',
  'training',
  'size',
  'start',
  'end',
  'value',
  'of',
]);

function useOf({ fields, pointer }: Change): string {
  return readable(fields[0]?.usedAt ?? pointer);
}
