import type { Diagnostic, Severity, Source } from '../../base/diagnostic.ts';
import type { FindingCode } from '../../base/findings.ts';
import { num } from '../../base/numbers.ts';
import { Problem } from '../../base/problem.ts';
import type { Edit } from '../../document/edit.ts';
import type { Document, ScalarNode } from '../../document/nodes.ts';
import { writeNumber } from '../../document/number.ts';
import { fieldName, type Pointer } from '../../document/pointer.ts';
import { editAndProve, type Planned } from '../../document/proof.ts';
import type { ScalarValue } from '../../document/scalar.ts';
import type { ConvertOptions } from '../../pipe/plan.ts';
import { lacking, ruleOf } from '../../pipe/plan.ts';
import type { Config } from '../../pipe/read.ts';
import { optionsOfNew, readPairs } from '../../pipe/read.ts';
import { type Sides, sidesOf } from '../../pipe/sides.ts';
import { writeChanges } from '../../pipe/write.ts';
import { type Field, fieldsOf, offsetOf } from '../../recipe/recipe.ts';
import { assess } from '../../rules/assess.ts';
import { changesOf } from '../../rules/plan.ts';
import type { Rule } from '../../rules/rule.ts';
import { type Compared, type Pairing, type PairOptions, pairRecipes } from './compare-fields.ts';
import { type Finding, finding, findingOf } from './finding.ts';
import { brokenFindings, companionFindings, lintConfig, readForLint, stringFloats } from './lint.ts';
import { type Suppressed, suppress } from './suppress.ts';
import { asWritten } from './written.ts';

/** All options of a check. */
export interface CheckOptions extends ConvertOptions, PairOptions {
  /** Codes of findings to ignore. */
  readonly ignore?: readonly string[];
  /** Codes of findings to report; by default all. */
  readonly only?: readonly string[];
  /** Severities of findings that are not those of docs/findings.md. */
  readonly severity?: Readonly<Partial<Record<FindingCode, Severity | 'off'>>>;
  /** The reference's dialect, if it differs. */
  readonly referenceDialect?: ConvertOptions['dialect'];
  /** Compute the text with the expected values written in. */
  readonly fix?: boolean;
}

/** A compared field with its place in the candidate. */
export interface CheckedField extends Compared {
  /** Its place; that of the batch size if the field is left to a default. */
  readonly offset: number;
}

/** A value that differs and has no role: a seed, a path, a layer size. */
export interface OtherDifference {
  readonly pointer: Pointer;
  readonly from: ScalarValue | undefined;
  readonly actual: ScalarValue | undefined;
}

/** The result of checking one file. */
export interface Checked {
  readonly source: Source;
  /** What it was compared with: another file, or `REV:path`. */
  readonly reference?: string;
  readonly dialect?: string;
  readonly rule?: string;
  readonly kappa?: number;
  readonly batch?: Sides;
  /** Every field that both sides have. */
  readonly compared: readonly CheckedField[];
  readonly others: readonly OtherDifference[];
  readonly findings: readonly Finding[];
  readonly suppressed: readonly Suppressed[];
  readonly warnings: readonly Diagnostic[];
  /** With `fix`: the fixed text, and how many values were fixed. */
  readonly text?: string;
  readonly fixed: number;
  /** True if no finding is an error. */
  readonly pass: boolean;
}

const NOTHING = { compared: [], others: [], warnings: [], fixed: 0 } as const;

/**
 * Checks whether a candidate is what the rule makes of the reference at the candidate's batch size.
 * `from` and `world` complete the reference, `to` and `worldTo` the candidate.
 * @throws Problem if a file cannot be read; everything else is a finding
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
    const pairing = pairRecipes(old.recipe, now.recipe, rule, options);
    const task = { recipe: now.recipe, batch: pairing.batch, rule, options };
    const { lacks } = lacking(now, task, assess(task));
    if (lacks && options.fix) throw lacks.in(candidate);
    return { old, now, pairing, lacks };
  });
  const placed = pairings.map((p) => ({
    ...p,
    checked: p.pairing.compared
      .map((c) => ({ ...c, offset: shownAt(c.field, p.now) }))
      .sort((a, b) => a.offset - b.offset),
  }));
  const found = placed.flatMap(({ checked, pairing, now, lacks }) => [
    ...checked.flatMap(judge),
    ...unpaired(pairing, now),
    ...brokenFindings(now.recipe),
    ...companionFindings(now),
    ...[lacks && findingOf(lacks)].filter((f) => f !== undefined),
  ]);
  const { told, suppressed } = chosen(found, candidate.text, options);
  const wrong = new Set(told.filter(isFixable).map(identity));
  const fixes = options.fix
    ? await fixPairs(
        placed.map(({ now, checked }) => ({ now, checked, wrong })),
        rule,
        options,
      )
    : undefined;
  const findings = fixes ? told.filter((f) => !isFixable(f)) : told;
  const first = pairings.find(({ pairing }) => pairing.batch.kappa !== 1) ?? pairings[0];
  return {
    source: candidate,
    reference: reference.file,
    dialect: first!.now.dialect.name,
    rule: rule.name,
    kappa: first!.pairing.batch.kappa,
    batch: sidesOf(first!.pairing.batch),
    compared: placed.flatMap(({ checked }) => checked),
    others: pairings.flatMap(({ old, now }) => otherDifferences(old, now)),
    findings,
    suppressed,
    warnings: pairs.flatMap(({ now }) => now.warnings),
    ...(fixes ? { text: fixes.text } : {}),
    fixed: fixes?.fixed ?? 0,
    pass: passes(findings),
  };
}

/** Whether `--fix` writes what a finding expects. */
export function isFixable({ code }: Finding): boolean {
  return ['not-converted', 'not-by-rule', 'string-float'].includes(code);
}

/**
 * Checks a candidate as `checkPair` does; what is wrong with it is a finding.
 * @throws Problem about the reference, about what was typed, and about what `fix` cannot write
 */
export async function checkCandidate(
  reference: Source,
  candidate: Source,
  options: CheckOptions,
): Promise<Checked> {
  try {
    return await checkPair(reference, candidate, options);
  } catch (error) {
    if (error instanceof Problem && error.file === reference.file) throw error;
    // What can be judged and not be fixed is refused: nothing is written then.
    const judged = options.fix && checkPair(reference, candidate, { ...options, fix: false });
    const isFixAtFault = await Promise.resolve(judged).then(Boolean, () => false);
    if (isFixAtFault) throw error;
    return unreadable(candidate, error, options);
  }
}

/**
 * Checks a file on its own. Whatever is wrong with it is a finding, also if it is not a config. A custom optimizer is
 * not an error: only a change of the batch cannot be checked with it.
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
    const milder = refusals(error).map((f): Finding => (isMild(f) ? { ...f, severity: 'warning' } : f));
    return told(source, milder, options);
  }
}

/** What keeps a change of the batch from being judged is no fault of a file by itself. */
function isMild({ code, severity }: Finding): boolean {
  return severity === 'error' && (code === 'unknown-optimizer' || code === 'not-judged');
}

/** The result for a file that was not compared. */
export function told(source: Source, all: readonly Finding[], options: CheckOptions): Checked {
  const { told: findings, suppressed } = chosen(all, source.text, options);
  return { ...NOTHING, source, findings, suppressed, pass: passes(findings) };
}

/** Why a config cannot be read, as findings. @throws errors that are not the file's fault */
export function unreadable(source: Source, error: unknown, options: CheckOptions): Checked {
  return told(source, refusals(error), options);
}

function refusals(error: unknown): Finding[] {
  const findings =
    error instanceof Problem ? [error, ...error.also].flatMap((problem) => findingOf(problem) ?? []) : [];
  if (findings.length === 0) throw error;
  return findings;
}

function chosen(findings: readonly Finding[], text: string, options: CheckOptions) {
  const { ignore = [], only, severity = {} } = options;
  const wanted = only ? findings.filter((f) => only.includes(f.code)) : findings;
  const off = Object.entries(severity).flatMap(([code, how]) => (how === 'off' ? [code] : []));
  const { told, suppressed } = suppress(wanted, text, new Set([...ignore, ...off]));
  const judged = told.map((f): Finding => {
    const said = severity[f.code];
    return said === undefined || said === 'off' ? f : { ...f, severity: said };
  });
  return { told: judged, suppressed };
}

function passes(findings: readonly Finding[]): boolean {
  return !findings.some((f) => f.severity === 'error');
}

function sameUnit(old: Config, now: Config, candidate: Source): void {
  const unit = ({ recipe }: Config) =>
    recipe.batch.fields.some((f) => f.role.unit === 'tokens' && f.role.part !== 'micro-limit');
  if (unit(old) === unit(now)) return;
  throw new Problem(
    'batch-unclear',
    `its batch counts ${unit(now) ? 'tokens' : 'samples'}, the reference’s ${unit(old) ? 'tokens' : 'samples'}: their ratio is not known. Give both in one unit with --from and --to`,
  ).in(candidate);
}

/** A field's place; for one left to a default that of the batch size, which is the reason to write it. */
function shownAt(field: Field, { recipe }: Config): number {
  const inText = [field, ...recipe.batch.fields, ...fieldsOf(recipe)].find((f) => f.site.kind === 'text');
  return (inText && offsetOf(inText)) ?? 0;
}

/** A key for a value, unique in a file of several documents. */
function identity({ pointer = '', part = '', offset }: Pick<Finding, 'pointer' | 'part' | 'offset'>): string {
  return `${offset}\n${pointer}\n${part}`;
}

/** The compared field that a finding refers to, if any. */
export function fieldOf(finding: Finding, compared: readonly CheckedField[]): CheckedField | undefined {
  return compared.find(({ field, offset }) => identity({ ...field, offset }) === identity(finding));
}

function judge({ field, offset, from, expected, moves, pass, formula }: CheckedField): Finding[] {
  if (pass) return [];
  const name = fieldName(field);
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

/** The candidate with the expected values written in, edited and proven like a conversion. */
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

/** The file with every `1e-4` written as `1.0e-4`, which PyYAML reads as a number. */
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
