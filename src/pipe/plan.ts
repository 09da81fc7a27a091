import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { numbers } from '../base/numbers.ts';
import { about, Problem } from '../base/problem.ts';
import type { Document } from '../document/nodes.ts';
import { child, keyOf, type Pointer, readable } from '../document/pointer.ts';
import { type BatchChange, moveBatch } from '../recipe/batch.ts';
import { brokenDemands, valuesAt } from '../recipe/demands.ts';
import { isRole, offsetOf } from '../recipe/recipe.ts';
import { adviceOn } from '../rules/advice.ts';
import { assess } from '../rules/assess.ts';
import type { Assessment, PlanOptions, PlanTask } from '../rules/assessment.ts';
import { type Decision, decisionOn, decisionText } from '../rules/decision.ts';
import { incomplete } from '../rules/incomplete.ts';
import { defaultRule, findRule } from '../rules/index.ts';
import { checkKept } from '../rules/keep.ts';
import { type Change, changesOf } from '../rules/plan.ts';
import type { Rule } from '../rules/rule.ts';
import { BASE_KEYS, DEFAULTS } from '../vocabulary/base-keys.ts';
import type { Doubtful } from '../vocabulary/reader.ts';
import { listed } from '../vocabulary/unclaimed.ts';
import type { Bases } from './bases.ts';
import { disagreement } from './companion.ts';
import type { Config, ReadOptions } from './read.ts';

/** All options of a conversion. */
export interface ConvertOptions extends ReadOptions, PlanOptions {
  /** A rule's name, or a custom rule; `ema` by default, `noise-aware` where a noise scale is given. */
  readonly rule?: string | Rule;
  /** Refuse to go by the default rule where it is not the only right one. */
  readonly strict?: boolean;
}

/** The rule asked for. @throws Problem with code `usage` */
export function ruleOf({ rule, ...options }: Pick<ConvertOptions, 'rule' | 'noiseScale' | 'power'>): Rule {
  if (typeof rule === 'object') return rule;
  return rule === undefined ? defaultRule(options) : findRule(rule);
}

type Target = Pick<ConvertOptions, 'to' | 'by' | 'micro' | 'accumulation' | 'worldTo'>;

/** Whether the options set a new batch. */
export function namesTarget({ to, by, micro, accumulation, worldTo }: Target): boolean {
  return [to, by, micro, accumulation, worldTo].some((n) => n !== undefined);
}

/** The values of one config at another batch, by a rule. */
export interface Plan {
  readonly config: Config;
  readonly rule: Rule;
  readonly batch: BatchChange;
  readonly assessments: readonly Assessment[];
  /** What the user has to decide, where nothing has: the default's values are used. */
  readonly decision?: Decision;
  /** From reading and from the rule. */
  readonly warnings: readonly Diagnostic[];
}

/** @throws Problem: batch-unreachable, unknown-optimizer, half-converted, and what the rule refuses */
export async function planFor(config: Config, options: ConvertOptions): Promise<Plan> {
  const { lacks, ...plan } = await draftFor(config, options);
  if (lacks) throw lacks.in(config.source);
  return plan;
}

/**
 * A plan also where it is incomplete.
 * @throws Problem: batch-unreachable, and what the rule refuses
 */
export async function draftFor(
  config: Config,
  options: ConvertOptions,
): Promise<Plan & { readonly lacks?: Problem }> {
  return about(config.source, async () => {
    const batch = moveBatch(config.recipe.batch, options);
    clearBatch(config, batch, options);
    meetDemands(config, batch.to, valuesAt(batch.from.fields, batch.moves));
    const { task, rest, advice, ...draft } = draftAt(config, batch, options);
    const warnings = [...config.warnings, ...openDecision(draft.decision, batch), ...advice, ...rest];
    return { config, rule: task.rule, batch, ...draft, warnings };
  });
}

/** What a config asks at another batch, what is lacking or undecided, and what to know about it. */
export function draftAt(config: Config, batch: BatchChange, options: ConvertOptions) {
  const { recipe } = config;
  const rule = ruleOf(options);
  checkKept(recipe, options);
  if (batch.from.perDevice && options.noiseScale !== undefined)
    throw new Problem(
      'world-unknown',
      'a gradient noise scale counts the samples of a whole batch, and nobody says how many devices there are: pass --world N',
    );
  const task = { recipe, batch, rule, options };
  const assessments = assess(task);
  const { lacks, rest } = lacking(config, task, assessments);
  const decision = options.rule === undefined ? decisionOn(task) : undefined;
  if (decision && options.strict) throw undecided(decision, batch.kappa);
  return {
    task,
    assessments,
    ...(decision ? { decision } : {}),
    advice: adviceOn(task, assessments),
    rest,
    ...(lacks ? { lacks } : {}),
  };
}

/** What must be changed in the file that a config names, where its numbers are another's. */
export function companionWarnings({ companion }: Config, { recipe }: Pick<Config, 'recipe'>): Diagnostic[] {
  const message = companion && disagreement(recipe, companion);
  return message ? [warning('companion-differs', message, companion.offset)] : [];
}

/** An open decision, once for the file, whatever fields it is about. */
export function openDecision(decision: Decision | undefined, { kappa }: BatchChange): Diagnostic[] {
  return decision
    ? [warning('noise-scale-unknown', decisionText(decision, kappa), offsetOf(decision.field))]
    : [];
}

function undecided(decision: Decision, kappa: number): Problem {
  return new Problem('undecided', decisionText(decision, kappa), offsetOf(decision.field));
}

/** @throws Problem: batch-unclear where a key may be a part of the batch and was not understood */
export function clearBatch({ unclear }: Config, { kappa }: BatchChange, { batchAt }: ConvertOptions): void {
  if (unclear && kappa !== 1 && batchAt === undefined) throw unclearBatch(unclear);
}

/** @throws Problem: demand where the trainer would refuse the batch */
export function meetDemands(
  { recipe }: Config,
  batch: BatchChange['to'],
  valueAt: (pointer: Pointer) => number | undefined,
): void {
  const [broken] = brokenDemands(recipe.demands, batch, valueAt);
  if (broken) throw broken;
}

function unclearBatch({ pointer, source, offset }: Doubtful): Problem {
  const name = readable(pointer);
  return new Problem(
    'batch-unclear',
    `${name} ${source} may be a part of the batch and is not understood (a mini batch? accumulation?): say which field holds the batch with --batch-at POINTER, or give ${name} a meaning in rebatch.config.yaml (names: {...: micro})`,
    offset,
  );
}

/** Why a config cannot be converted as a whole; for one that is another's companion, where the rest is. */
export function lacking(
  { dialect, document, bases, strays, scaling }: Config,
  task: PlanTask,
  assessments: readonly Assessment[],
): { readonly lacks?: Problem; readonly rest: readonly Diagnostic[] } {
  const half = incomplete(task, assessments);
  const companion = dialect.companion ?? buildsOn(document, bases);
  if (companion !== undefined && half?.code === 'half-converted')
    return { rest: [warning('companion', companion)] };
  const known = half && half.code !== 'half-converted';
  const lacks = known
    ? half
    : (strayRates(strays, task, assessments) ?? half ?? scaled(scaling, assessments));
  return { ...(lacks ? { lacks } : {}), rest: [] };
}

/** A trainer that multiplies its learning rates by itself, which they would then be twice. */
function scaled(scaling: Doubtful | undefined, assessments: readonly Assessment[]): Problem | undefined {
  const rate = assessments.find((a) => isRole(a.field, 'learning-rate') && a.value !== a.field.value);
  if (!scaling || !rate) return undefined;
  return new Problem(
    'rate-unclear',
    `${readable(scaling.pointer)} ${scaling.source}: does the trainer multiply its learning rates by something of the batch? Say by what with --lr-scaled-by linear, sqrt or per-worker, or that it does not with none`,
    scaling.offset,
  );
}

/** Learning rates that would stay while others move, or the momentum or the batch, for want of knowing what they are. */
function strayRates(
  strays: readonly Doubtful[],
  { options }: PlanTask,
  assessments: readonly Assessment[],
): Problem | undefined {
  const [first] = strays;
  const moving = assessments.filter((a) => a.value !== a.field.value);
  const { field } = moving.find((a) => isRole(a.field, 'learning-rate')) ?? moving[0] ?? {};
  if (!first || !field || options.partial) return undefined;
  return new Problem(
    'half-converted',
    `${listed(strays, 3)} would stay while ${readable(field.pointer)} moves: called like a learning rate, but of what? Say so in rebatch.config.yaml (names: {${keyOf(first.pointer)}: learning-rate}, or none where it does not follow the batch), or pass --partial and change it yourself`,
    first.offset,
  );
}

/** Where the rest of a config is that builds on other files. */
function buildsOn({ nodes }: Document, bases: Bases | undefined): string | undefined {
  if (bases && bases.missing.length === 0) return undefined;
  const key = [...BASE_KEYS.map((base) => base.key), DEFAULTS].find((base) => nodes.has(child('', base)));
  return (
    key &&
    `no learning rate is in this file, which builds on others (${key}): convert the one that has it too`
  );
}

/**
 * The changes to write; with `insert: false`, and in a file that may be another trainer's, insertions become warnings.
 * @throws Problem: cannot-insert where that would leave the old batch in the file, and the next run would scale again
 */
export function changesToWrite({ assessments, config }: Plan, { insert }: ConvertOptions) {
  const all = changesOf(assessments);
  const may = insert !== false && config.certain;
  const left = may ? [] : all.filter(({ inserted, overrides }) => inserted && overrides === undefined);
  const why = config.certain
    ? '--no-insert'
    : `this file may be another trainer’s, which rejects keys that it does not know; if it is ${config.dialect.framework}’s, say --dialect ${config.dialect.name}`;
  const batch = left.find(({ role }) => role.role === 'batch');
  if (batch)
    throw new Problem(
      'cannot-insert',
      `${readable(batch.pointer)} is left to the trainer’s default ${batch.from} and would have to become ${batch.to}, and it is not written (${why}): the file would still mean the old batch, and the next conversion would scale its values again. Write ${keyOf(batch.pointer)}: ${batch.from} into the file first`,
    ).in(config.source);
  return {
    changes: all.filter((change) => !left.includes(change)),
    warnings: [...left.map((change) => notInserted(change, why)), ...overridden(all)],
  };
}

function notInserted({ pointer, from, to }: Change, why: string): Diagnostic {
  return warning(
    'not-inserted',
    `${readable(pointer)} is left to the trainer’s default ${numbers(from)}, but should become ${numbers(to)} (${why})`,
  );
}

/** What is written here although other files have it. */
function overridden(changes: readonly Change[]): Diagnostic[] {
  const files = new Set(changes.flatMap(({ overrides }) => overrides ?? []));
  return [...files].map((file) => {
    const own = changes.filter((change) => change.overrides === file);
    const names = [...new Set(own.map(({ pointer }) => readable(pointer)))].join(', ');
    return warning(
      'overrides',
      `${names}: stands in ${file} and is overridden here`,
      offsetOf(own[0]!.fields[0]!),
    );
  });
}
