import { fraction, num } from '../base/numbers.ts';
import { placeOf, problemAt } from '../base/position.ts';
import { Problem } from '../base/problem.ts';
import { collect, type Dialect, detect, loadDialect } from '../dialect/dialect.ts';
import type { Edit } from '../document/edit.ts';
import type { Document } from '../document/nodes.ts';
import { type Progress, parse } from '../document/parse.ts';
import { readable } from '../document/pointer.ts';
import { editAndProve, type Planned } from '../document/proof.ts';
import { type BatchChange, moveBatch } from '../recipe/batch.ts';
import { buildRecipe, type RecipeOptions, type Warning } from '../recipe/build.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { adviceOn } from '../rules/advice.ts';
import { assess } from '../rules/assess.ts';
import type { PlanOptions, PlanTask } from '../rules/assessment.ts';
import { defaultRule, findRule } from '../rules/index.ts';
import { type Change, changesOf } from '../rules/plan.ts';
import type { Rule } from '../rules/rule.ts';
import { aboutOtherKeys } from '../vocabulary/unclaimed.ts';
import { Editor, type PlacedChange } from './editor.ts';

/** Everything that decides a conversion beside the text. */
export interface ConvertOptions extends RecipeOptions, PlanOptions {
  /** A rule's name, or a custom rule; by default `ema`, and `noise-aware` where a noise scale is given. */
  readonly rule?: string | Rule;
  /** A dialect's name, or a compiled one; recognised from the content unless told. */
  readonly dialect?: string | Dialect;
}

/** A converted text, what changed in it, and what to know about it. */
export interface Conversion {
  readonly file: string;
  readonly text: string;
  readonly dialect: string;
  readonly rule: string;
  readonly batch: BatchChange;
  readonly changes: readonly PlacedChange[];
  readonly warnings: readonly PlacedWarning[];
}

/** A warning with its line, where it is about one. */
export type PlacedWarning = Warning & { readonly line?: number };

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
export async function convertText(
  text: string,
  file: string,
  options: ConvertOptions,
  progress: Progress = () => {},
): Promise<Conversion> {
  try {
    return await conversion(text, file, options, progress);
  } catch (error) {
    if (error instanceof Problem) error.file ??= file;
    throw error;
  }
}

async function conversion(
  text: string,
  file: string,
  options: ConvertOptions,
  progress: Progress,
): Promise<Conversion> {
  // The two readings take all of the time that one could notice.
  const { documents, again } = await parse(text, file, (done) => progress(done / 2));
  progress(1 / 2);
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
    const [first] = results;
    if (first && batch.kappa !== first.batch.kappa)
      warnings.push({
        code: 'another-batch',
        message: `this document goes from batch ${batch.from.global} to ${batch.to.global} (kappa ${fraction(batch.kappa)}), the first one from ${first.batch.from.global}`,
        offset: startOf(document),
      });
    results.push({
      dialect: dialect.name,
      batch,
      changes: placed,
      warnings: warnings.map((w) => lined(w, text)),
    });
  }
  const [first, ...others] = results;
  if (!first) throw unrecognised(documents[0]!, text);
  const result = editAndProve(text, edits, documents, planned, (edited) =>
    again(edited, (done) => progress(1 / 2 + done / 2)),
  );
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
export function ruleOf({ rule, ...options }: Pick<ConvertOptions, 'rule' | 'noiseScale'>): Rule {
  if (typeof rule === 'object') return rule;
  return rule === undefined ? defaultRule(options) : findRule(rule);
}

/** The changes to write, and what to know about them; with `insert: false` insertions become warnings. */
function decide(task: PlanTask, warnings: Warning[]): Change[] {
  const assessments = assess(task);
  warnings.push(...adviceOn(task, assessments));
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
  warnings.push(...aboutOtherKeys(document, found, recipe, dialect.open === true));
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

function startOf(document: Document): number {
  return document.nodes.get('')?.offset ?? 0;
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

/** A warning with the line of its place. */
export function lined(warning: Warning, text: string): PlacedWarning {
  return warning.offset === undefined ? warning : { ...warning, line: placeOf(text, warning.offset).line };
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
  try {
    const { documents, again } = await parse(text, file);
    const planned: Planned[][] = documents.map(() => []);
    const edits = parts.flatMap(({ at, document, recipe, warnings, changes }) => {
      const editor = new Editor(text, document, recipe, warnings);
      if (changes.length) editor.edit(changes);
      planned[at]!.push(...editor.planned);
      return editor.edits;
    });
    return editAndProve(text, edits, documents, planned, again);
  } catch (error) {
    if (error instanceof Problem) error.file ??= file;
    throw error;
  }
}
