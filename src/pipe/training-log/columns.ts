import { Problem } from '../../base/problem.ts';
import type { TrainingLog } from './read.ts';

/** A column of a log, by the name it has there. */
export interface Column {
  readonly name: string;
  readonly values: readonly number[];
}

/** Words that a column's name may consist of, the ones to prefer first. */
type Names = readonly RegExp[];

/** How trainers and dashboards call what is looked for here, as `plainName` leaves it. */
export const NAMES = {
  /** The gradient of one micro-batch. `--snippet` writes the first name. */
  microNorm: [/^grad_norm_micro$/, /^(?=.*grad)(?=.*norm).*(?:micro|small|local|per_device|rank)/],
  /** The gradient that the optimizer steps with, before it is clipped. `--snippet` writes the first name. */
  stepNorm: [
    /^grad_norm_step$/,
    /^(?=.*grad)(?=.*norm)(?!.*(?:micro|small|local|per_device|rank|clipped)).*(?:step|big|global|total|accumulated)/,
    /^(?:grad|gradient)_norm$/,
    /^(?:total|global)_norm$/,
    /^gnorm$/,
    /^(?=.*grad)(?=.*norm)(?!.*(?:micro|small|local|per_device|rank|clipped))/,
    // A dashboard's export of a single curve names the curve in the file's name.
    /^value$/,
  ],
  microBatch: [/^batch_micro$/],
  stepBatch: [/^batch_step$/],
  samples: [/^samples$/, /^(?:consumed|seen|num|train)_samples$/, /^samples_seen$/, /^examples$/],
  // A dashboard counts its own steps as "Step": the trainer's own are the better ones.
  step: [/^global_step$/, /^_?step$/, /^(?:iteration|iter|steps|num_updates|update)$/],
  heldOutLoss: [/^(?:eval|val|valid|validation|test)_loss(?:_epoch)?$/, /^loss_(?:eval|val|valid|test)$/],
  trainLoss: [
    /^(?:train_)?loss$/,
    /^train_loss_step$/,
    /^(?:training|lm|reduced_train)_loss$/,
    /^nll$/,
    /^value$/,
  ],
} as const satisfies Record<string, Names>;

export type Sought = keyof typeof NAMES;

/**
 * A column's name without what a dashboard puts around it: the run's name, the group, the case. Of `val/loss` the group
 * says what it is, so it stays.
 */
function plainName(name: string): string {
  const own = name.slice(name.lastIndexOf(' - ') + 1 ? name.lastIndexOf(' - ') + 3 : 0).toLowerCase();
  const parts = own.split('/').map((part) => part.trim().replace(/[\s.-]+/g, '_'));
  const last = parts.at(-1)!;
  const group = parts.at(-2) ?? '';
  return /^(?:eval|val|valid|validation|test)$/.test(group) ? `${group}_${last}` : last;
}

/** A dashboard's export has the least and the largest value of each point beside it. */
function isExtreme(name: string): boolean {
  return /__(?:MIN|MAX)$/.test(name);
}

/**
 * The column of a log that holds something, found by its name.
 * @returns undefined where there is none
 * @throws Problem: usage where several fit equally well, such as the same curve of several runs
 */
export function findColumn(log: TrainingLog, sought: Sought, option = '--column NAME'): Column | undefined {
  const all = [...log.columns].filter(([name, values]) => !isExtreme(name) && values.some(Number.isFinite));
  for (const pattern of NAMES[sought]) {
    const found = all.filter(([name]) => pattern.test(plainName(name)));
    if (found.length > 1)
      throw problemIn(
        log,
        `several columns could be meant: ${found.map(([name]) => `"${name}"`).join(', ')}; say which with ${option}`,
      );
    const [one] = found;
    if (one) return { name: one[0], values: one[1] };
  }
  return undefined;
}

/**
 * The column that a user names, by its whole name or by the name without what a dashboard puts around it.
 * @throws Problem: usage where there is none, or more than one
 */
export function namedColumn(log: TrainingLog, name: string): Column {
  const exact = log.columns.get(name);
  if (exact) return { name, values: exact };
  const found = [...log.columns].filter(([own]) => !isExtreme(own) && endsIn(own, name));
  if (found.length === 1) return { name: found[0]![0], values: found[0]![1] };
  const there = [...log.columns.keys()].filter((own) => !isExtreme(own));
  throw problemIn(
    log,
    found.length
      ? `several columns end in "${name}": ${found.map(([own]) => `"${own}"`).join(', ')}; give the whole name`
      : `there is no column "${name}"; it has ${there.join(', ') || 'no numbers'}`,
  );
}

function endsIn(own: string, name: string): boolean {
  return own.endsWith(` - ${name}`) || own.endsWith(`/${name}`);
}

/** A refusal that names the log. */
export function problemIn({ file }: Pick<TrainingLog, 'file'>, message: string): Problem {
  const problem = new Problem('usage', message);
  problem.file = file;
  return problem;
}
