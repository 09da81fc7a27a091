import type { Source } from '../../base/diagnostic.ts';
import { num } from '../../base/numbers.ts';
import { Problem, type ProblemCode } from '../../base/problem.ts';
import { TRAINER } from '../../dialect/roles.ts';
import type { Document } from '../../document/nodes.ts';
import { readable, segments } from '../../document/pointer.ts';
import { disagreement } from '../../pipe/companion.ts';
import type { ConvertOptions } from '../../pipe/plan.ts';
import type { Config } from '../../pipe/read.ts';
import { readConfigs } from '../../pipe/read.ts';
import { brokenDemands, valuesAt } from '../../recipe/demands.ts';
import {
  decayOf,
  type Field,
  fieldsOf,
  type Group,
  isRole,
  offsetOf,
  type Recipe,
} from '../../recipe/recipe.ts';
import { fieldOf } from '../../recipe/statements.ts';
import { halfLife } from '../../rules/decays.ts';
import { type Finding, finding, findingOf } from './finding.ts';

/** bfloat16 keeps 8 significant bits: a change of less than 2^-9 of a value rounds away. */
const BF16_STEP = 2 ** -9;

/** Refusals that only mean that the batch size is not in this file. */
export const WITHOUT_BATCH: readonly ProblemCode[] = ['batch-unknown', 'auto', 'interpolation'];

/**
 * The configs of a file, also without a batch size: most findings do not depend on it.
 * @throws Problem as `readConfigs`, except for an unknown batch size
 */
export async function readForLint(source: Source, options: ConvertOptions): Promise<Config[]> {
  try {
    return await readConfigs(source, options);
  } catch (error) {
    if (!(error instanceof Problem && WITHOUT_BATCH.includes(error.code)) || options.from !== undefined)
      throw error;
    return readConfigs(source, { ...options, from: ANY_BATCH });
  }
}

/** Stands for a batch that nobody says: a whole multiple of what one device may take, 64 times every number up to 16. */
const ANY_BATCH = 64 * 720_720;

/** Findings about a config on its own. */
export function lintConfig(config: Config): Finding[] {
  const { recipe, document } = config;
  return [
    ...stringFloats(config).map(({ field, message, severity }) =>
      finding('string-float', message, { ...where(field), severity }),
    ),
    ...recipe.groups.flatMap((group) => secondMomentTooShort(group)),
    ...(keepsStateInBf16(document) ? fieldsOf(recipe).flatMap((field) => lostInBf16(field)) : []),
    ...fieldsOf(recipe).flatMap((field) => rescaled(field)),
    ...nominalBatch(recipe),
    ...brokenFindings(recipe),
    ...companionFindings(config),
    ...config.warnings
      .filter(({ code }) => code === 'misspelt')
      .map(({ message, offset = 0 }) => finding('misspelt', message, { offset })),
    ...config.warnings
      .filter(({ code }) => code === 'duplicate-key')
      .map(({ message, offset = 0 }) => finding('duplicate-key', message, { offset, severity: 'warning' })),
  ];
}

/** What the trainer demands of the batch and does not get. */
export function brokenFindings({ demands, batch }: Recipe): Finding[] {
  return brokenDemands(demands, batch, valuesAt(batch.fields)).flatMap((problem) => findingOf(problem) ?? []);
}

/** Numbers that a file named here has otherwise. */
export function companionFindings({ recipe, companion }: Config): Finding[] {
  const message = companion && disagreement(recipe, companion);
  if (!message) return [];
  return [finding('companion-differs', message, { offset: companion.offset, pointer: companion.pointer })];
}

function where(field: Field): Pick<Finding, 'offset' | 'pointer' | 'part'> {
  const at = offsetOf(field);
  return {
    pointer: field.pointer,
    ...(field.part === undefined ? {} : { part: field.part }),
    ...(at === undefined ? {} : { offset: at }),
  };
}

/** Numbers with a role that PyYAML reads as strings. */
export function stringFloats({ recipe, dialect }: Pick<Config, 'recipe' | 'dialect'>) {
  if (dialect.floats === 'also without a dot') return [];
  const severity = dialect.floats === 'as PyYAML reads them' ? 'error' : 'notice';
  const nodes = new Set<unknown>();
  return fieldsOf(recipe).flatMap((field) => {
    const { site } = field;
    if (site.kind !== 'text' || !site.node.stringToPyYaml || nodes.has(site.node)) return [];
    nodes.add(site.node);
    const consequence =
      severity === 'error'
        ? `and ${dialect.framework} passes it on as it is`
        : dialect.version === ''
          ? 'and whether the trainer converts it is not known'
          : `which ${dialect.framework} is not known to pass on unconverted`;
    const message = `${readable(field.pointer)}: PyYAML reads ${site.source} as a string, ${consequence}`;
    return [{ field, node: site.node, severity, message } as const];
  });
}

function secondMomentTooShort({ fields, binding: { optimizer } }: Group): Finding[] {
  if (!optimizer.secondMoment || optimizer.mixesNewest || optimizer.buffer !== 'ema') return [];
  const [first, second] = (['gradient', 'second-moment'] as const).map((of) =>
    fields.find((f) => isRole(f, 'decay') && f.role.of === of),
  );
  if (!first || !second || !isRole(first, 'decay') || !isRole(second, 'decay')) return [];
  const [beta1, beta2] = [decayOf(first), decayOf(second)];
  if (beta1 <= 0 || beta2 <= 0 || beta2 >= beta1) return [];
  const shown = second.site.kind === 'text' ? second : first;
  return [
    finding(
      'short-second-moment',
      `${optimizer.title}: beta2 ${num(beta2)} forgets half in ${num(halfLife(beta2))} steps, beta1 ${num(beta1)} in ${num(halfLife(beta1))}: the divisor forgets faster than what it divides`,
      where(shown),
    ),
  ];
}

/** Settings for weights and optimizer states in bfloat16 (mixed precision keeps them in float32). */
const STATE_IN_BF16: readonly { readonly key: RegExp; readonly value: RegExp }[] = [
  { key: /precision$/i, value: /^(?:bf16-true|pure[-_]bf16|full[-_]bf16)$/i },
  { key: /^(?:pure_bf16|pure_bf16_training|bf16_full|full_bf16)$/i, value: /^true$/ },
  {
    key: /^(?:optimizer|optim|state|states|master_weights?|exp_avg|exp_avg_sq|ema)_?d?type$/i,
    value: /^(?:torch\.)?bf(?:loat)?16$/i,
  },
];

function keepsStateInBf16({ nodes }: Document): boolean {
  return [...nodes].some(([pointer, node]) => {
    if (node.kind !== 'scalar') return false;
    const key = segments(pointer).at(-1) ?? '';
    return STATE_IN_BF16.some((s) => s.key.test(key) && s.value.test(String(node.value)));
  });
}

function lostInBf16(field: Field): Finding[] {
  if (!isRole(field, 'decay')) return [];
  const left = 1 - decayOf(field);
  if (left <= 0 || left >= BF16_STEP) return [];
  const name = readable(field.pointer);
  return [
    finding(
      'bf16-decay',
      `${name}: an update moves this average by ${num(left)} of the difference, below what bfloat16 resolves (2^-9 = 0.00195), and the file keeps states in bfloat16`,
      where(field),
    ),
  ];
}

function rescaled(field: Field): Finding[] {
  const { role } = field;
  const trainer = role.role === 'learning-rate' || role.role === 'weight-decay' ? role.trainer : undefined;
  if (trainer === undefined || field.site.kind !== 'text' || field.value === 0) return [];
  return [
    finding(
      'trainer-rescales',
      `${readable(field.pointer)}: the trainer multiplies it by ${TRAINER.values[trainer]}`,
      where(field),
    ),
  ];
}

function nominalBatch({ batch }: Recipe): Finding[] {
  const field = fieldOf(batch.fields, 'nominal') ?? batch.fields[0];
  if (batch.nominal === undefined || !field) return [];
  const shown =
    field.site.kind === 'text' ? field : (batch.fields.find((f) => f.site.kind === 'text') ?? field);
  return [
    finding(
      'trainer-rescales',
      `the trainer accumulates up to ${batch.nominal} samples by itself: the batch behind a step is ${batch.global}`,
      where(shown),
    ),
  ];
}
