import { placeOf } from '../../base/position.ts';
import { Problem } from '../../base/problem.ts';
import type { BatchRole, CountRole } from '../../dialect/roles.ts';
import { parse } from '../../document/parse.ts';
import type { Pointer } from '../../document/pointer.ts';
import {
  type ConvertOptions,
  dialectOf,
  lined,
  type PlacedWarning,
  ruleOf,
  understand,
} from '../../pipe/convert.ts';
import { type BatchChange, moveBatch } from '../../recipe/batch.ts';
import { decayOf, type Field, isRole } from '../../recipe/recipe.ts';
import { samplesPerUpdate } from '../../recipe/samples.ts';
import { adviceOn } from '../../rules/advice.ts';
import { assess } from '../../rules/assess.ts';
import type { Assessment, PlanTask } from '../../rules/assessment.ts';
import { halfLife } from '../../rules/decays.ts';
import type { TimeScale } from '../../rules/time-scale.ts';

/** A field of a config with everything that is known about it. */
export interface Explanation {
  readonly pointer: Pointer;
  readonly part?: string;
  /** Where it stands; undefined where the trainer's default holds. */
  readonly line?: number;
  /** In words: `heavy-ball momentum`, `learning rate (peak)`. */
  readonly role: string;
  readonly value: number;
  /** For an average: how long it remembers, in updates and in samples (window: 1/(1-decay) updates). */
  readonly memory?: {
    readonly halfLifeSteps: number;
    readonly windowSteps: number;
    readonly halfLifeSamples: number;
    readonly windowSamples: number;
  };
  readonly to: number;
  readonly formula: string;
  readonly reason: string;
  readonly scale?: TimeScale;
  /** Where the rule or the framework's behaviour comes from. */
  readonly source: string;
}

/** A config explained field by field. */
export interface Explained {
  readonly file: string;
  readonly dialect: string;
  readonly framework: string;
  readonly rule: string;
  readonly batch: BatchChange;
  /** False: no target was given, and the other side shows what twice the batch would do. */
  readonly asked: boolean;
  readonly fields: readonly Explanation[];
  readonly warnings: readonly PlacedWarning[];
}

/**
 * Explains every field that rebatch understands in a config: what it does, how long it remembers in steps and in
 * samples, what the rule makes of it, and where that comes from. Without a target batch, of twice the batch.
 * @throws Problem as `convert` does
 */
export async function explainText(text: string, file: string, options: ConvertOptions): Promise<Explained> {
  try {
    const { documents } = await parse(text, file);
    const rule = ruleOf(options);
    for (const document of documents) {
      const dialect = await dialectOf(document, documents.length > 1, text, options);
      if (!dialect) continue;
      const { recipe, warnings } = understand(document, dialect, text, options);
      const asked = [options.to, options.micro, options.accumulation, options.worldTo].some(
        (n) => n !== undefined,
      );
      const batch = moveBatch(
        recipe.batch,
        asked ? options : { ...options, to: 2 * recipe.batch.global },
        text,
      );
      const task = { recipe, batch, rule, options };
      const assessments = assess(task);
      const fields = assessments.map((a) => explanation(a, task, dialect.version || dialect.title, text));
      // What only follows from a target belongs to the conversion, where one was asked for.
      if (asked) warnings.push(...adviceOn(task, assessments));
      fields.sort((a, b) => (a.line ?? Number.POSITIVE_INFINITY) - (b.line ?? Number.POSITIVE_INFINITY));
      return {
        file,
        dialect: dialect.name,
        framework: dialect.framework,
        rule: rule.name,
        batch,
        asked,
        fields,
        warnings: warnings.map((w) => lined(w, text)),
      };
    }
    throw new Problem('unknown-dialect', 'none of its documents is a training config that rebatch knows');
  } catch (error) {
    if (error instanceof Problem) error.file ??= file;
    throw error;
  }
}

function explanation(a: Assessment, task: PlanTask, framework: string, text: string): Explanation {
  const { field, settings, value, formula, reason, scale } = a;
  const { site } = field;
  const memory = memoryOf(field, task);
  const scientific =
    isRole(field, 'learning-rate') ||
    isRole(field, 'decay') ||
    isRole(field, 'weight-decay') ||
    isRole(field, 'epsilon');
  return {
    pointer: field.pointer,
    ...(field.part === undefined ? {} : { part: field.part }),
    ...(site.kind === 'text' ? { line: placeOf(text, site.offset).line } : {}),
    role: roleInWords(a),
    value: field.value,
    ...(memory ? { memory } : {}),
    to: value,
    formula,
    reason,
    ...(scale ? { scale } : {}),
    source: scientific
      ? [task.rule.source, settings?.optimizer.source].filter(Boolean).join('; ')
      : framework,
  };
}

function memoryOf(field: Field, { recipe, batch }: PlanTask): Explanation['memory'] {
  if (!isRole(field, 'decay') || field.role.form === 'half-life') return undefined;
  const decay = decayOf(field);
  if (decay <= 0 || decay >= 1) return undefined;
  const perUpdate = samplesPerUpdate(field.role, batch.from, recipe.syncNorm);
  const [halfLifeSteps, windowSteps] = [halfLife(decay), 1 / (1 - decay)];
  return {
    halfLifeSteps,
    windowSteps,
    halfLifeSamples: halfLifeSteps * perUpdate,
    windowSamples: windowSteps * perUpdate,
  };
}

const PART_OF_BATCH: Readonly<Record<BatchRole['part'], string>> = {
  global: 'global batch',
  micro: 'micro batch',
  accumulation: 'gradient accumulation',
  devices: 'devices',
  nodes: 'nodes',
  'per-device': 'batch per device and step',
  'per-node': 'batch per node',
  nominal: 'nominal batch',
  'micro-limit': 'second limit of the micro batch',
};

const AVERAGE_OF = {
  'second-moment': 'decay of the second moment',
  third: 'decay of a third average',
  'model-ema': 'decay of the weight average (EMA)',
  'batch-norm': 'BatchNorm statistics',
  schedule: 'exponential warm-up of the learning rate',
  preconditioner: 'decay of the preconditioner',
} as const;

const UNIT_IN_WORDS: Partial<Record<CountRole['unit'], string>> = { 'scheduler-ticks': 'scheduler ticks' };

function roleInWords({ field, settings }: Assessment): string {
  const { role } = field;
  switch (role.role) {
    case 'batch':
      return PART_OF_BATCH[role.part];
    case 'learning-rate':
      return `learning rate (${{ peak: 'peak', minimum: 'minimum', 'warmup-start': 'start of warm-up' }[role.point]})`;
    case 'decay':
      if (role.of !== 'gradient') return AVERAGE_OF[role.of];
      return settings?.optimizer.buffer === 'sum' ? 'heavy-ball momentum' : 'decay of the gradient average';
    case 'count':
      return `${role.use === 'cadence' ? 'cadence' : role.use === 'average' ? 'timing of an average' : 'schedule'} in ${UNIT_IN_WORDS[role.unit] ?? role.unit}`;
    case 'weight-decay':
      return `weight decay (${role.form ?? settings?.optimizer.weightDecay ?? 'coupled'})`;
    case 'epsilon':
      return 'epsilon';
    case 'clip':
      return 'gradient norm clip';
    case 'ramp-gamma':
      return 'time constant of an average’s ramp';
    case 'ramp-power':
      return 'power of an average’s ramp';
    case 'rate':
      return 'rate per step';
    default:
      return role.role;
  }
}
