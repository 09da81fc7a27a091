import { Problem } from '../base/problem.ts';
import { readable } from '../document/pointer.ts';
import { OPTIMIZERS } from '../optimizers/table.ts';
import { couldBe } from '../recipe/conclude.ts';
import { type Field, type Group, isComputed, isRole, offsetOf } from '../recipe/recipe.ts';
import { assess } from './assess.ts';
import { type Assessment, globalRatio, type PlanTask } from './assessment.ts';
import { ruleFor } from './keep.ts';
import { optimizerSettings } from './optimizer-settings.ts';
import type { OptimizerSettings } from './rule.ts';

/**
 * Why a config cannot be converted as a whole, if it cannot: its optimizer is not known where the values depend on it,
 * or what has to move with the batch is not in the file.
 */
export function incomplete(task: PlanTask, assessments: readonly Assessment[]): Problem | undefined {
  if (task.batch.kappa === 1) return undefined;
  return unknownOptimizer(task) ?? (task.options.partial ? undefined : halfConverted(task, assessments));
}

/** A field that optimizers which fit what is written would treat differently. */
function unknownOptimizer(task: PlanTask): Problem | undefined {
  for (const group of task.recipe.groups) {
    const [field] = disputed(group, task);
    if (!field) continue;
    const message =
      group.from === 'nothing'
        ? 'no optimizer named, and how the learning rate follows the batch depends on it: pass --optimizer NAME (adamw, sgd, ...)'
        : `no optimizer named: the betas mean Adam or AdamW, and ${readable(field.pointer)} follows the batch otherwise in each: pass --optimizer NAME (adam, adamw, ...)`;
    return new Problem('unknown-optimizer', message, offsetOf(field));
  }
  return undefined;
}

function disputed(group: Group, task: PlanTask): Field[] {
  const candidates = couldBe(group);
  if (candidates.length < 2) return [];
  const values = candidates.map((candidate) => {
    const recipe = {
      ...task.recipe,
      groups: [candidate],
      averages: [],
      counts: [],
      ramps: [],
      clips: [],
      constraints: [],
    };
    const own = assess({
      ...task,
      recipe,
      batch: { ...task.batch, from: { ...task.batch.from, fields: [] } },
    });
    return new Map(own.map((a) => [a.field, a.value]));
  });
  return group.fields.filter((field) => values.some((v) => v.get(field) !== values[0]!.get(field)));
}

/** A decay never moves without its learning rate, a batch never alone. */
function halfConverted(task: PlanTask, assessments: readonly Assessment[]): Problem | undefined {
  const moving = assessments.filter((a) => a.value !== a.field.value).map(({ field }) => field);
  if (moving.length === 0) return undefined;
  const stranded = task.recipe.groups
    .filter(
      (group) =>
        !hasRate(group) &&
        group.part === undefined &&
        movesRate(optimizerSettings(group), { ...task, rule: ruleFor(group, task) }),
    )
    .flatMap(({ fields }) => fields.filter((f) => isRole(f, 'decay') && moving.includes(f)));
  if (stranded.length) return half(stranded, stranded.map((f) => readable(f.pointer)).join(', '), task);
  const plain = { optimizer: OPTIMIZERS.sgd, nesterov: false };
  if (task.recipe.groups.some(hasRate) || !movesRate(plain, task)) return undefined;
  return half(
    moving,
    moving.some((f) => isRole(f, 'batch')) ? 'the batch' : readable(moving[0]!.pointer),
    task,
  );
}

/** Not where a schedule ends or begins alone, if that is 0. */
function hasRate({ fields }: Group): boolean {
  return fields.some((f) => isRole(f, 'learning-rate') && (f.role.point === 'peak' || f.value !== 0));
}

function movesRate(settings: OptimizerSettings, { rule, batch, options }: PlanTask): boolean {
  return rule.learningRateFactor(settings, globalRatio(batch), options).value !== 1;
}

function half(alone: readonly Field[], name: string, { recipe }: PlanTask): Problem {
  const hidden = recipe.unreadable.find(({ role }) => role.role === 'learning-rate');
  const noted = recipe.notes.find(({ note }) => note.includes('learning rate'));
  const missing = hidden
    ? `the learning rate, ${readable(hidden.pointer)}, is ${isComputed(hidden) ? `computed, \`${hidden.source}\`` : hidden.source}, which is not in this file`
    : noted
      ? `${readable(noted.pointer)} ${noted.note}`
      : 'no learning rate was found in this file';
  const place = alone.find((f) => f.site.kind === 'text');
  return new Problem(
    'half-converted',
    `${name} would move alone: ${missing}. A run converted by half is wrong, so nothing was converted. Write the learning rate into the file, or pass --partial and change the learning rate yourself where it is`,
    hidden?.offset ?? (place && offsetOf(place)),
  );
}
