import type { Diagnostic, Source } from '../../base/diagnostic.ts';
import { num } from '../../base/numbers.ts';
import { Problem } from '../../base/problem.ts';
import type { Edit } from '../../document/edit.ts';
import type { Document, ScalarNode } from '../../document/nodes.ts';
import { writeNumber } from '../../document/number.ts';
import { type Pointer, readable } from '../../document/pointer.ts';
import { editAndProve, type Planned } from '../../document/proof.ts';
import type { ScalarValue } from '../../document/scalar.ts';
import type { ConvertOptions } from '../../pipe/plan.ts';
import { ruleOf } from '../../pipe/plan.ts';
import type { Config } from '../../pipe/read.ts';
import { optionsOfNew, readPairs } from '../../pipe/read.ts';
import { writeChanges } from '../../pipe/write.ts';
import { type Field, fieldsOf, offsetOf } from '../../recipe/recipe.ts';
import { changesOf } from '../../rules/plan.ts';
import type { Rule } from '../../rules/rule.ts';
import { type Compared, type Pairing, type PairOptions, pairRecipes } from './compare-fields.ts';
import { type Finding, finding, findingOf } from './finding.ts';
import { lintConfig, readForLint, stringFloats } from './lint.ts';
import { type Suppressed, suppress } from './suppress.ts';
import { asWritten } from './written.ts';

/** Everything that decides a check beside the texts. */
export interface CheckOptions extends ConvertOptions, PairOptions {
  /** Codes of findings not to tell. */
  readonly ignore?: readonly string[];
  /** Codes of the only findings to tell. */
  readonly only?: readonly string[];
  /** The reference's dialect, where it is not the candidate's. */
  readonly referenceDialect?: ConvertOptions['dialect'];
  /** Compute the text with the expected values written in. */
  readonly fix?: boolean;
}

/** A compared field with its place in the candidate. */
export interface CheckedField extends Compared {
  /** Where it stands; where the file leaves it to a default, where the batch size stands. */
  readonly offset: number;
}

/** A value that differs and that no rule speaks of: a seed, a path, a layer size. */
export interface OtherDifference {
  readonly pointer: Pointer;
  readonly from: ScalarValue | undefined;
  readonly actual: ScalarValue | undefined;
}

/** What the gate says about one file. */
export interface Checked {
  readonly source: Source;
  /** What it was compared with: another file, or `REV:path`. */
  readonly reference?: string;
  readonly dialect?: string;
  readonly rule?: string;
  readonly kappa?: number;
  readonly batch?: { readonly from: number; readonly to: number };
  /** Every field that both sides have. */
  readonly compared: readonly CheckedField[];
  readonly others: readonly OtherDifference[];
  readonly findings: readonly Finding[];
  readonly suppressed: readonly Suppressed[];
  readonly warnings: readonly Diagnostic[];
  /** The text with what could be fixed written in, where `fix` was asked for; and how many values that were. */
  readonly text?: string;
  readonly fixed: number;
  /** No finding is an error. */
  readonly pass: boolean;
}

const NOTHING = { compared: [], others: [], warnings: [], fixed: 0 } as const;

/**
 * Judges a candidate by a reference: is it what the rule makes of the reference at the candidate's batch size?
 * `from` and `world` say what the reference leaves open, `to` and `worldTo` what the candidate does.
 * @throws Problem where one of them cannot be read; whatever can be said about readable ones is a finding
 */
export async function checkPair(
  reference: Source,
  candidate: Source,
  options: CheckOptions = {},
): Promise<Checked> {
  const rule = ruleOf(options);
  const pairs = await readPairs(reference, candidate, options, options.referenceDialect);
  const pairings = pairs.map(({ old, now }) => {
    sameUnit(old, now, candidate);
    return { old, now, pairing: pairRecipes(old.recipe, now.recipe, rule, options) };
  });
  const placed = pairings.map((p) => ({
    ...p,
    checked: p.pairing.compared
      .map((c) => ({ ...c, offset: shownAt(c.field, p.now) }))
      .sort((a, b) => a.offset - b.offset),
  }));
  const found = placed.flatMap(({ checked, pairing, now }) => [
    ...checked.flatMap(judge),
    ...unpaired(pairing, now),
  ]);
  const { told, suppressed } = chosen(found, candidate.text, options);
  const wrong = new Set(told.filter((f) => f.severity === 'error').map(identity));
  const fixes = options.fix
    ? await fixPairs(
        placed.map(({ now, checked }) => ({ now, checked, wrong })),
        rule,
        options,
      )
    : undefined;
  const first = pairings.find(({ pairing }) => pairing.batch.kappa !== 1) ?? pairings[0];
  return {
    source: candidate,
    reference: reference.file,
    dialect: first!.now.dialect.name,
    rule: rule.name,
    kappa: first!.pairing.batch.kappa,
    batch: { from: first!.pairing.batch.from.global, to: first!.pairing.batch.to.global },
    compared: placed.flatMap(({ checked }) => checked),
    others: pairings.flatMap(({ old, now }) => otherDifferences(old, now)),
    findings: fixes ? told.filter((f) => f.severity !== 'error') : told,
    suppressed,
    warnings: pairs.flatMap(({ now }) => now.warnings),
    ...(fixes ? { text: fixes.text } : {}),
    fixed: fixes?.fixed ?? 0,
    pass: fixes !== undefined || wrong.size === 0,
  };
}

/**
 * Judges a file by itself. What is wrong with it is a finding, also that it cannot be read as a config. An optimizer of
 * one's own is nothing wrong: it only keeps a batch change from being judged.
 */
export async function lint(source: Source, options: CheckOptions = {}): Promise<Checked> {
  try {
    const configs = await readForLint(source, options);
    const { told, suppressed } = chosen(configs.flatMap(lintConfig), source.text, options);
    const fixes = options.fix ? fixFloats(configs, told) : undefined;
    const findings = fixes ? told.filter((f) => f.code !== 'string-float') : told;
    return {
      ...NOTHING,
      source,
      dialect: configs[0]!.dialect.name,
      findings,
      suppressed,
      ...(fixes ?? {}),
      pass: passes(findings),
    };
  } catch (error) {
    const { findings, ...rest } = unreadable(source, error, options);
    const milder = findings.map((f) =>
      f.code === 'unknown-optimizer' ? ({ ...f, severity: 'warning' } as const) : f,
    );
    return { ...rest, findings: milder, pass: passes(milder) };
  }
}

/** A file about which something is to be said, and nothing was compared. */
export function told(source: Source, all: readonly Finding[], options: CheckOptions): Checked {
  const { told: findings, suppressed } = chosen(all, source.text, options);
  return { ...NOTHING, source, findings, suppressed, pass: passes(findings) };
}

/** What keeps a config from being understood, as findings. @throws whatever says nothing about the file itself */
export function unreadable(source: Source, error: unknown, options: CheckOptions): Checked {
  const findings =
    error instanceof Problem ? [error, ...error.also].flatMap((problem) => findingOf(problem) ?? []) : [];
  if (findings.length === 0) throw error;
  return told(source, findings, options);
}

function chosen(findings: readonly Finding[], text: string, { ignore = [], only }: CheckOptions) {
  const wanted = only ? findings.filter((f) => only.includes(f.code)) : findings;
  return suppress(wanted, text, new Set(ignore));
}

function passes(findings: readonly Finding[]): boolean {
  return !findings.some((f) => f.severity === 'error');
}

function sameUnit(old: Config, now: Config, candidate: Source): void {
  const unit = ({ recipe }: Config) =>
    recipe.batch.fields.some((f) => f.role.unit === 'tokens' && f.role.part !== 'micro-limit');
  if (unit(old) === unit(now)) return;
  throw new Problem(
    'usage',
    `its batch counts ${unit(now) ? 'tokens' : 'samples'}, the reference’s ${unit(old) ? 'tokens' : 'samples'}: their ratio is not known. Give both in one unit with --from and --to`,
  ).in(candidate);
}

/** A field's own place; one that is left to a default is shown at the batch size, which is why it must be written. */
function shownAt(field: Field, { recipe }: Config): number {
  const inText = [field, ...recipe.batch.fields, ...fieldsOf(recipe)].find((f) => f.site.kind === 'text');
  return (inText && offsetOf(inText)) ?? 0;
}

/** A value told apart from all others of a file, which may hold several documents. */
function identity({ pointer = '', part = '', offset }: Pick<Finding, 'pointer' | 'part' | 'offset'>): string {
  return `${offset}\n${pointer}\n${part}`;
}

/** The field that a finding is about, if it is about one that was compared. */
export function fieldOf(finding: Finding, compared: readonly CheckedField[]): CheckedField | undefined {
  return compared.find(({ field, offset }) => identity({ ...field, offset }) === identity(finding));
}

function judge({ field, offset, from, expected, moves, pass, formula }: CheckedField): Finding[] {
  if (pass) return [];
  const name = readable(field.pointer) + (field.part ? ` ${field.part}` : '');
  const where = {
    offset,
    pointer: field.pointer,
    ...(field.part === undefined ? {} : { part: field.part }),
  };
  const actual = field.site.kind === 'text' ? field.site.source : `left to the default ${num(field.value)}`;
  if (!moves)
    return [finding('changed-otherwise', `${name} was ${asWritten(from, field)} and is ${actual}`, where)];
  const should = `should be ${asWritten(expected, field)} = ${formula}`;
  return num(field.value) === num(from)
    ? [finding('not-converted', `${name} is ${actual} as before, and ${should}`, where)]
    : [
        finding(
          'not-by-rule',
          `${name} was ${asWritten(from, field)} and is ${actual}, but ${should}`,
          where,
        ),
      ];
}

function unpaired({ unpaired: sentences }: Pairing, { recipe }: Config): Finding[] {
  const batch = recipe.batch.fields.find((f) => f.site.kind === 'text')?.site;
  const where = batch?.kind === 'text' ? { offset: batch.offset } : {};
  return sentences.map((sentence) => finding('not-compared', sentence, where));
}

/** Scalars without a role that differ between two files of one dialect. */
function otherDifferences(old: Config, now: Config): OtherDifference[] {
  if (old.dialect.name !== now.dialect.name) return [];
  const understood = new Set(
    [old, now].flatMap(({ recipe }) => fieldsOf(recipe).map(({ pointer }) => pointer)),
  );
  const pointers = new Set([...scalars(old.document), ...scalars(now.document)]);
  return [...pointers].flatMap((pointer) => {
    const [from, actual] = [old, now].map(({ document }) => scalarAt(document, pointer));
    return understood.has(pointer) || Object.is(from, actual) ? [] : [{ pointer, from, actual }];
  });
}

function scalars({ nodes }: Document): Pointer[] {
  return [...nodes].flatMap(([pointer, node]) => (node.kind === 'scalar' ? [pointer] : []));
}

function scalarAt({ nodes }: Document, pointer: Pointer): ScalarValue | undefined {
  const node = nodes.get(pointer);
  return node?.kind === 'scalar' ? node.value : undefined;
}

/** The candidate with the expected value at every wrong place, through the editor and its proof. */
async function fixPairs(
  pairs: readonly {
    readonly now: Config;
    readonly checked: readonly CheckedField[];
    readonly wrong: ReadonlySet<string>;
  }[],
  rule: Rule,
  options: CheckOptions,
): Promise<{ text: string; fixed: number }> {
  const parts = pairs.map(({ now, checked, wrong }) => ({
    config: now,
    batch: now.recipe.batch,
    rule,
    options,
    reading: optionsOfNew(options),
    changes: changesOf(
      checked.map(({ field, offset, expected, formula, reason }) => ({
        field,
        formula,
        reason,
        value: wrong.has(identity({ ...field, offset })) ? expected : field.value,
      })),
    ),
  }));
  const { text } = await writeChanges(parts);
  return { text, fixed: parts.reduce((sum, { changes }) => sum + changes.length, 0) };
}

/** The file with `1e-4` written as the number that PyYAML reads too: `1.0e-4`. */
function fixFloats(configs: readonly Config[], told: readonly Finding[]) {
  const wanted = new Set(told.filter((f) => f.code === 'string-float').map((f) => f.offset));
  const { parsed } = configs[0]!;
  const planned: Planned[][] = parsed.documents.map(() => []);
  const edits = configs.flatMap((config) => {
    const nodes = stringFloats(config)
      .map(({ node }) => node)
      .filter(({ offset }) => wanted.has(offset));
    planned[config.at]!.push(...nodes.flatMap((node) => kept(node, config.document)));
    return nodes.map(
      ({ offset, length, source, value }): Edit => ({
        offset,
        length,
        text: writeNumber(value as number, source, 'yaml'),
      }),
    );
  });
  return { text: editAndProve(parsed, edits, planned).text, fixed: edits.length };
}

function kept(node: ScalarNode, { nodes }: Document): Planned[] {
  return [...nodes].flatMap(([pointer, other]) => (other === node ? [{ pointer, value: node.value }] : []));
}
