import type { Diagnostic, Source } from '../../base/diagnostic.ts';
import type { BatchRole, CountRole } from '../../dialect/roles.ts';
import type { Pointer } from '../../document/pointer.ts';
import { type ConvertOptions, draftFor, namesTarget, type Plan, planFor } from '../../pipe/plan.ts';
import { readConfigs } from '../../pipe/read.ts';
import type { BatchChange } from '../../recipe/batch.ts';
import { decayOf, type Field, isRole, offsetOf } from '../../recipe/recipe.ts';
import { samplesPerUpdate } from '../../recipe/samples.ts';
import type { Assessment } from '../../rules/assessment.ts';
import { halfLife } from '../../rules/decays.ts';
import type { TimeScale } from '../../rules/time-scale.ts';
import type { Account } from '../../vocabulary/account.ts';

/** A field of a config with everything that is known about it. */
export interface ExplainedField {
  readonly pointer: Pointer;
  readonly part?: string;
  /** The file that it stands in, where this one builds on it; its place then is that of the key that names the file. */
  readonly file?: string;
  /** Where it stands; undefined where the trainer's default holds. */
  readonly offset?: number;
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
export interface Explanation {
  readonly source: Source;
  readonly dialect: string;
  readonly framework: string;
  readonly rule: string;
  readonly batch: BatchChange;
  /** False: no target was given, and the other side shows what twice the batch would do. */
  readonly asked: boolean;
  readonly fields: readonly ExplainedField[];
  readonly warnings: readonly Diagnostic[];
  /** Where every number of the config went. */
  readonly account: Account;
}

/**
 * Explains every recognised field of a config: what it does, how long it remembers in steps and in samples, what the
 * rule makes of it, and where that comes from. Without a target batch, of twice the batch.
 * @throws Problem as a conversion does
 */
export async function explainConfig(source: Source, options: ConvertOptions): Promise<Explanation> {
  const [config] = await readConfigs(source, options);
  const asked = namesTarget(options);
  const { dialect } = config;
  const plan = asked ? await planFor(config, options) : await draftFor(config, { ...options, by: 2 });
  const { assessments, batch, rule, warnings } = plan;
  const fields = assessments.map((a) => explanation(a, plan, dialect.version || dialect.title));
  const order = ({ offset = Number.POSITIVE_INFINITY }: ExplainedField) => offset;
  return {
    source,
    dialect: dialect.name,
    framework: dialect.framework,
    rule: rule.name,
    batch,
    asked,
    fields: fields.sort((a, b) => order(a) - order(b)),
    // What only follows from a target belongs to the conversion, where one was asked for.
    warnings: asked ? warnings : config.warnings,
    account: config.account,
  };
}

function explanation(a: Assessment, plan: Plan, framework: string): ExplainedField {
  const { field, settings, value, formula, reason, scale } = a;
  const { site } = field;
  const memory = memoryOf(field, plan);
  const scientific =
    isRole(field, 'learning-rate') ||
    isRole(field, 'decay') ||
    isRole(field, 'weight-decay') ||
    isRole(field, 'epsilon');
  const at = offsetOf(field);
  return {
    pointer: field.pointer,
    ...(field.part === undefined ? {} : { part: field.part }),
    ...(at === undefined ? {} : { offset: at }),
    ...(site.kind === 'text' && site.inherited !== undefined ? { file: site.inherited } : {}),
    role: roleInWords(a),
    value: field.value,
    ...(memory ? { memory } : {}),
    to: value,
    formula,
    reason,
    ...(scale ? { scale } : {}),
    source: scientific
      ? [plan.rule.source, settings?.optimizer.source].filter(Boolean).join('; ')
      : framework,
  };
}

function memoryOf(field: Field, { config: { recipe }, batch }: Plan): ExplainedField['memory'] {
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
  world: 'devices of all nodes',
  replicas: 'data-parallel groups',
  'model-parallel': 'devices that share one copy of the model',
  unsaid: 'batch size',
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
