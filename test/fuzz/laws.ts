import { Problem } from '../../src/base/problem.ts';
import { applyEdits } from '../../src/document/edit.ts';
import type { Document, MapNode, ScalarNode } from '../../src/document/nodes.ts';
import { type ParsedText, parse } from '../../src/document/parse.ts';
import { child, isWithin, type Pointer, parentOf } from '../../src/document/pointer.ts';
import { editAndProve, type Planned } from '../../src/document/proof.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import { Editor } from '../../src/pipe/editor.ts';
import type { Field, Recipe } from '../../src/recipe/recipe.ts';
import type { Change } from '../../src/rules/plan.ts';
import { difference, numberIn, placesOf } from './compare.ts';
import { type Draw, oneIn, pick, some } from './draw.ts';
import type { Judge, Judged, Reading } from './judges.ts';
import { type Format, moved, type Training, type Tree } from './model.ts';

export type Read = Exclude<Format, 'shell'>;

/** How an execution ended. `broken` is what the fuzzer looks for. */
export type Ending =
  | { readonly kind: 'held' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'not-read-by-judge'; readonly why: string }
  | { readonly kind: 'broken'; readonly law: string; readonly what: string };

const HELD: Ending = { kind: 'held' };
function broken(law: string, what: string): Ending {
  return { kind: 'broken', law, what };
}

/** A refusal with a reason is an answer; a failed proof and everything else that is thrown is a fault. */
export function refusal(error: unknown): Ending {
  if (!(error instanceof Problem))
    return broken('crash', error instanceof Error ? (error.stack ?? error.message) : String(error));
  if (error.code === 'proof-failed') return broken('proof', error.message);
  return { kind: 'refused', code: error.code, message: error.message };
}

const FILES: Readonly<Record<Read, string>> = {
  yaml: 'x.yaml',
  json: 'x.json',
  toml: 'x.toml',
  python: 'x.py',
};

/** Reads a text as the judge does. */
async function readBoth(
  format: Read,
  text: string,
  judge: Judge,
): Promise<{ parsed: ParsedText; judged: readonly Judged[]; slow: boolean } | Ending> {
  const reading = judge.read(format, text);
  let parsed: ParsedText;
  try {
    parsed = await parse(text, FILES[format]);
  } catch (error) {
    const judged = await reading;
    const own = refusal(error);
    return own.kind === 'refused' && 'refused' in judged
      ? { kind: 'not-read-by-judge', why: judged.refused }
      : own;
  }
  const first = differs(format, parsed, await reading);
  if (!first) return { parsed, judged: documentsOf(await reading), slow: false };
  // The judge that is written in C is not the one that people have: what it says is confirmed.
  const slow = await judge.read(format, text, true);
  const second = differs(format, parsed, slow);
  return second ?? { parsed, judged: documentsOf(slow), slow: true };
}

function documentsOf(reading: Reading): readonly Judged[] {
  return 'documents' in reading ? reading.documents : [];
}

function differs(format: Read, { documents }: ParsedText, reading: Reading): Ending | undefined {
  if ('refused' in reading) return { kind: 'not-read-by-judge', why: reading.refused };
  if (documents.length !== reading.documents.length)
    return broken('reading', `${documents.length} documents, and the judge says ${reading.documents.length}`);
  for (const [i, document] of documents.entries()) {
    const found = difference(document.nodes.get('')!, reading.documents[i]!, format !== 'python');
    if (found) return broken('reading', found);
  }
  return undefined;
}

/** Edits at random places of a file, as the program makes them for its own reasons. */
export async function editedAtRandom(format: Read, text: string, draw: Draw, judge: Judge): Promise<Ending> {
  const both = await readBoth(format, text, judge);
  if ('kind' in both) return both;
  const { parsed, judged, slow } = both;
  const at = draw(parsed.documents.length);
  const document = parsed.documents[at]!;
  const changes = changesOf(document, judged[at]!, draw);
  if (changes.length === 0) return HELD;
  let result: string;
  let planned: readonly Planned[];
  let edits: Editor['edits'];
  try {
    const editor = new Editor(document, recipeWith(changes, document, draw), document);
    editor.edit(changes);
    ({ edits, planned } = editor);
    const plans = parsed.documents.map((_, i) => (i === at ? planned : []));
    if (process.env.REBATCH_FUZZ_SHOW) console.log(applyEdits(text, edits));
    result = editAndProve(parsed, edits, plans).text;
  } catch (error) {
    return refusal(error);
  }
  if (applyEdits(text, edits) !== result) return broken('bytes', 'the result is not what the edits say');
  return asPlanned(await confirmed(format, result, judge, slow), judged, at, planned, result);
}

async function confirmed(format: Read, text: string, judge: Judge, slow: boolean): Promise<Reading> {
  const reading = await judge.read(format, text, slow);
  return 'refused' in reading ? judge.read(format, text, true) : reading;
}

/** The judge's values after the edits: the planned ones where planned, and all others as before. */
function asPlanned(
  now: Reading,
  before: readonly Judged[],
  at: number,
  planned: readonly Planned[],
  result: string,
): Ending {
  if ('refused' in now) return broken('result', `the judge no longer reads it: ${now.refused}\n${result}`);
  if (now.documents.length !== before.length)
    return broken('result', `the number of documents changed\n${result}`);
  for (const [i, document] of before.entries()) {
    const found = unlike(placesOf(now.documents[i]!), placesOf(document), i === at ? planned : []);
    if (found) return broken('result', `${found}\n${result}`);
  }
  return HELD;
}

function unlike(
  now: Map<Pointer, Judged>,
  old: Map<Pointer, Judged>,
  planned: readonly Planned[],
): string | undefined {
  const wanted = new Map<Pointer, unknown>();
  for (const { pointer, value } of planned)
    if (Array.isArray(value)) for (const [i, item] of value.entries()) wanted.set(child(pointer, i), item);
    else wanted.set(pointer, value);
  for (const [pointer, value] of wanted) {
    const read = now.get(pointer);
    const number = numberIn(read, true);
    if (number !== (typeof value === 'string' ? Number(value.trim().replaceAll('_', '')) : value))
      return `${pointer} should be ${String(value)}, and the judge says ${JSON.stringify(read)}`;
  }
  for (const [pointer, value] of now)
    if (!wanted.has(pointer) && JSON.stringify(old.get(pointer)) !== JSON.stringify(value))
      return `${pointer} was ${JSON.stringify(old.get(pointer))} and is ${JSON.stringify(value)}`;
  for (const pointer of old.keys())
    if (!now.has(pointer) && ![...wanted.keys()].some((w) => isWithin(w, pointer)))
      return `${pointer} is gone`;
  return undefined;
}

/** Numbers to replace, empty values to fill, entries to insert. */
function changesOf(document: Document, judged: Judged, draw: Draw): Change[] {
  const known = placesOf(judged);
  const nodes = [...document.nodes];
  const numbers = nodes.filter(
    ([pointer, node]) =>
      node.kind === 'scalar' &&
      numberIn(known.get(pointer), true) !== undefined &&
      typeof node.value === 'number' &&
      Number.isFinite(node.value) &&
      document.nodes.get(pointer) === node,
  );
  const maps = nodes.filter(([pointer, node]) => node.kind === 'map' && document.nodes.get(pointer) === node);
  const empty = nodes.filter(
    ([pointer, node]) =>
      node.kind === 'scalar' &&
      node.value === null &&
      known.get(pointer) === null &&
      document.nodes.get(pointer) === node,
  );
  const replaced = some(draw, numbers, 3).map(([pointer, node]) =>
    replacement(pointer, node as ScalarNode, draw),
  );
  const added = some(draw, maps, 2).flatMap(([pointer]) => [
    insertion(child(pointer, 'beta_new'), draw),
    ...(oneIn(draw, 3) ? [insertion(child(pointer, 'beta_other'), draw)] : []),
  ]);
  const filled = oneIn(draw, 3) ? some(draw, empty, 1).map(([pointer]) => insertion(pointer, draw)) : [];
  // One text is one number, whatever leads to it.
  const whole = replaced.flatMap((change) => {
    const site = change.fields[0]!.site;
    const all = site.kind === 'text' ? (document.shared.get(site.node) ?? [change.pointer]) : [];
    return all.map((pointer) => ({ ...change, pointer, fields: [{ ...change.fields[0]!, pointer }] }));
  });
  return [...whole.filter(unique), ...added, ...filled];
}

function unique({ fields: [field] }: Change, at: number, all: readonly Change[]): boolean {
  return all.findIndex(({ fields: [other] }) => other!.pointer === field!.pointer) === at;
}

const NEW_VALUES = [0.5, 0.0001, 1e-9, 3, 0, 123456, 0.998001, 1e22, 2.5e-7];
const ROLE = { role: 'learning-rate', point: 'peak' } as const;

function changeOf(
  pointer: Pointer,
  from: Change['from'],
  to: Change['to'],
  site: Field['site'],
  inserted: boolean,
): Change {
  const field = { pointer, role: ROLE, value: 0, site } as Field;
  return { pointer, role: ROLE, from, to, formula: '', reason: '', inserted, scales: [], fields: [field] };
}

function replacement(pointer: Pointer, node: ScalarNode, draw: Draw): Change {
  const { offset, length, source } = node;
  return changeOf(
    pointer,
    0,
    pick(draw, NEW_VALUES),
    { kind: 'text', node, offset, length, source, format: 'yaml' },
    false,
  );
}

function insertion(pointer: Pointer, draw: Draw): Change {
  const site = { kind: 'absent', pointer } as const;
  if (oneIn(draw, 3)) return changeOf(pointer, [0.9, 0.999], [0.81, 0.5], site, true);
  return changeOf(pointer, 0.9, pick(draw, [0.81, 0.25, 1e-7]), site, true);
}

/** A recipe in which one field of each mapping is the learning rate, behind which new entries go. */
function recipeWith(changes: readonly Change[], document: Document, draw: Draw): Recipe {
  const maps = new Set(changes.filter(({ inserted }) => inserted).map(({ pointer }) => parentOf(pointer)));
  const fields = [...maps].flatMap((at) => {
    const node = document.nodes.get(at);
    if (node?.kind !== 'map' || node.written.length === 0 || oneIn(draw, 3)) return [];
    const { key, node: value } = pick(draw, (node as MapNode).written);
    return [
      {
        pointer: child(at, key),
        role: ROLE,
        value: 0,
        site: { kind: 'text', node: value },
      } as unknown as Field,
    ];
  });
  return {
    groups: [{ fields }],
    batch: { fields: [] },
    averages: [],
    counts: [],
    ramps: [],
    clips: [],
  } as unknown as Recipe;
}

/** Converts a training config and back, by the whole pipe. */
export async function converted(
  format: Read,
  text: string,
  { tree, unsaid, by }: Training,
  judge: Judge,
): Promise<Ending> {
  const both = await readBoth(format, text, judge);
  if ('kind' in both) return both;
  const source = { file: FILES[format], text };
  const options = { digits: 12 };
  try {
    const { text: there, changes } = await convertConfig(source, { ...options, by });
    const ending = asExpected(
      await confirmed(format, there, judge, both.slow),
      both.judged,
      expectations(tree, unsaid, by),
    );
    if (ending.kind !== 'held')
      return { ...ending, what: `${(ending as { what: string }).what}\n${there}` } as Ending;
    if (changes.length === 0) return broken('result', 'nothing changed');
    const { text: back } = await convertConfig({ ...source, text: there }, { ...options, by: 1 / by });
    const home = asExpected(
      await confirmed(format, back, judge, both.slow),
      both.judged,
      expectations(tree, unsaid, 1),
    );
    return home.kind === 'held'
      ? HELD
      : broken('round trip', `${(home as { what: string }).what}\n${there}\n${back}`);
  } catch (error) {
    return refusal(error);
  }
}

/** What the judge must read at which places; what may be there and need not. */
interface Expected {
  readonly sure: ReadonlyMap<Pointer, number>;
  readonly possible: ReadonlyMap<Pointer, number>;
}

export function expectations(tree: Tree, unsaid: Training['unsaid'], by: number): Expected {
  const sure = new Map<Pointer, number>();
  const momentum = momentumIn(tree);
  const walk = (part: Tree, at: Pointer): void => {
    if (part.kind === 'number' && part.moves) sure.set(at, moved(part.value, part.moves, by, momentum));
    if (part.kind === 'list') for (const [i, item] of part.items.entries()) walk(item, child(at, i));
    if (part.kind === 'map') for (const [key, value] of part.entries) walk(value, child(at, key));
  };
  walk(tree, '');
  const possible = new Map<Pointer, number>();
  for (const [pointer, { value, moves }] of Object.entries(unsaid))
    if (typeof value === 'number') possible.set(pointer, moved(value, moves, by));
    else for (const [i, one] of value.entries()) possible.set(child(pointer, i), moved(one, moves, by));
  return { sure, possible };
}

function momentumIn(tree: Tree): number {
  if (tree.kind !== 'map') return 0;
  const entry = tree.entries.find(([key]) => key === 'momentum')?.[1];
  return entry?.kind === 'number' ? entry.value : 0;
}

function asExpected(now: Reading, before: readonly Judged[], { sure, possible }: Expected): Ending {
  if ('refused' in now) return broken('result', `the judge no longer reads it: ${now.refused}`);
  if (now.documents.length !== before.length) return broken('result', 'the number of documents changed');
  for (const [i, document] of before.entries()) {
    const [places, old] = [placesOf(now.documents[i]!), placesOf(document)];
    for (const [pointer, value] of sure) {
      const read = numberIn(places.get(pointer), true);
      if (read === undefined || Math.abs(read - value) > 1e-9 * Math.abs(value))
        return broken(
          'result',
          `${pointer} should be ${value}, and the judge says ${JSON.stringify(places.get(pointer))}`,
        );
      if (
        typeof old.get(pointer) === 'object' &&
        'i' in (old.get(pointer) as object) &&
        Number.isInteger(value) &&
        !('i' in (places.get(pointer) as object))
      )
        return broken('result', `${pointer} is no whole number any more`);
    }
    for (const [pointer, value] of places) {
      if (sure.has(pointer)) continue;
      const wanted = possible.get(pointer);
      const read = numberIn(value);
      if (
        !old.has(pointer) &&
        wanted !== undefined &&
        read !== undefined &&
        Math.abs(read - wanted) <= 1e-9 * wanted
      )
        continue;
      if (JSON.stringify(old.get(pointer)) !== JSON.stringify(value))
        return broken(
          'result',
          `${pointer} was ${JSON.stringify(old.get(pointer))} and is ${JSON.stringify(value)}`,
        );
    }
    for (const pointer of old.keys()) if (!places.has(pointer)) return broken('result', `${pointer} is gone`);
  }
  return HELD;
}
