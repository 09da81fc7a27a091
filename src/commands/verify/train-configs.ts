import type { DecayRole } from '../../dialect/roles.ts';
import type { Pointer } from '../../document/pointer.ts';
import type { Control } from '../../lab/backends/backend.ts';
import { type Hyperparameters, REFERENCES, type Reference } from '../../lab/optimizers.ts';
import { type LayerPaths, type RegimeResult, train } from '../../lab/training.ts';
import type { Candidate, TrainingSizes } from '../../lab/training-plan.ts';
import { trainingSizes, travellingRate } from '../../lab/training-sizes.ts';
import { OPTIMIZERS, type OptimizerName } from '../../optimizers/table.ts';
import { decayOf, type Field, type Group, isRole } from '../../recipe/recipe.ts';
import type { PlanOptions } from '../../rules/assessment.ts';
import { rulesFor } from '../../rules/index.ts';
import type { Rule } from '../../rules/rule.ts';
import { candidates, settingsUnder } from './candidates.ts';
import { type Comparison, trainersOwn } from './compare.ts';

/** What decides the trainings beside the configs. */
export interface TrainingOptions extends PlanOptions {
  readonly rule: Rule;
  /** Unsigned 32-bit. */
  readonly seed: number;
  /** What trains; the float64 reference by default. */
  readonly layersOf?: LayerPaths;
  /** Coordinate updates to spend on each optimizer. */
  readonly updates?: number;
}

/** One optimizer of a config, trained under its old settings, its new ones, and every rule's. */
export interface Training {
  readonly pointer: Pointer;
  readonly optimizer: string;
  /** The rule whose settings the new config has, or `as-written` where it has no rule's. */
  readonly inUse: string;
  readonly sizes: TrainingSizes;
  readonly regimes: readonly RegimeResult[];
}

/** An optimizer that cannot be trained here, and why. */
export interface NoTraining {
  readonly pointer: Pointer;
  readonly optimizer: string;
  readonly why: string;
}

/** On one core about eight seconds of the reference, one of the kernel. */
const UPDATES = 8e8;
/** The name of new settings that no rule gives. */
const AS_WRITTEN = 'as-written';

/**
 * Trains each optimizer that two configs share. Both runs see the same samples: what is compared is settings, and
 * noise of its own in each run would put a floor under all distances.
 * @throws the control signal's reason when stopped
 */
export async function trainConfigs(
  comparison: Comparison,
  options: TrainingOptions,
  control: Control,
): Promise<(Training | NoTraining)[]> {
  const pairs = pairsOf(comparison);
  const results: (Training | NoTraining)[] = [];
  for (const [i, pair] of pairs.entries()) {
    const progress = (done: number) => control.progress?.((i + done) / pairs.length);
    const none = whyNot(pair, comparison);
    results.push(none ?? (await trainGroup(pair, comparison, options, { ...control, progress })));
  }
  return results;
}

/** The optimizers of two configs that cannot be trained here, known before anything runs. */
export function untrainable(comparison: Comparison): NoTraining[] {
  return pairsOf(comparison).flatMap((pair) => whyNot(pair, comparison) ?? []);
}

type Pair = readonly [old: Group, now: Group];

function pairsOf({ sides: { old, now } }: Comparison): Pair[] {
  const { groups } = now.recipe;
  return old.recipe.groups.slice(0, groups.length).map((group, i) => [group, groups[i]!]);
}

function whyNot([old, now]: Pair, comparison: Comparison): NoTraining | undefined {
  const { optimizer } = old.binding;
  const because = (why: string) => ({ pointer: old.pointer, optimizer: optimizer.title, why });
  if (!REFERENCES[optimizer.name as OptimizerName])
    return because('there is no reference of this optimizer yet');
  // Where a config names no optimizer, the one it looks like can change with the fields a conversion writes.
  const guessed = old.known === 'inferred' || now.known === 'inferred';
  if (now.binding.optimizer.name !== optimizer.name && !guessed)
    return because(`the new config trains with ${now.binding.optimizer.title}`);
  return ratesOf(old, comparison) ? undefined : because('a learning rate is missing in one of the configs');
}

function ratesOf({ fields }: Group, { learningRates }: Comparison) {
  return learningRates.find((r) => fields.some((f) => f.pointer === r.pointer));
}

async function trainGroup(
  [old, now]: Pair,
  comparison: Comparison,
  options: TrainingOptions,
  control: Control,
): Promise<Training> {
  const { optimizer } = old.binding;
  const reference = REFERENCES[optimizer.name as OptimizerName]!;
  const rates = ratesOf(old, comparison)!;
  const settings = [
    hyperparametersOf(old, rates.values[0], 1),
    hyperparametersOf(now, rates.values[1], ownDecay(old, now, comparison, options), old),
  ] as const;
  const planned = planTraining(settings, old, reference, comparison, options);
  const { from, to } = comparison.batch;
  const regimes = await train(
    { ...planned, reference, batch: [from, to], seed: options.seed, noise: 'shared' },
    control,
    options.layersOf,
  );
  return {
    pointer: old.pointer,
    optimizer: optimizer.title,
    inUse: planned.inUse,
    sizes: planned.sizes,
    regimes,
  };
}

/** What optimizers take for a number that neither the config nor the framework's table says. */
const CUSTOMARY = { secondMoment: 0.999, epsilon: 1e-8 } as const;

/**
 * The config's numbers for the reference. Where it says several of a kind, those at the pointers of `like` are taken,
 * so that both configs are read alike.
 */
function hyperparametersOf(
  { fields, binding, nesterov }: Group,
  lr: number,
  ownDecay: number,
  like?: Group,
): Hyperparameters {
  const { optimizer, defaults } = binding;
  const first = (is: (field: Field) => boolean) => {
    const pointer = like?.fields.find(is)?.pointer;
    return fields.find((f) => f.pointer === pointer && is(f)) ?? fields.find(is);
  };
  const decay = (of: DecayRole['of'], otherwise: number) => {
    const field = first((f) => isRole(f, 'decay') && f.role.of === of);
    return field && isRole(field, 'decay') ? decayOf(field) : otherwise;
  };
  const secondMoment = defaults.secondMoment ?? CUSTOMARY.secondMoment;
  const gradient = decay('gradient', defaults.gradient ?? 0);
  const weightDecay = first((f) => isRole(f, 'weight-decay'));
  const form = weightDecay && isRole(weightDecay, 'weight-decay') ? weightDecay.role.form : undefined;
  const averages = optimizer.buffer === 'ema' && OPTIMIZERS[optimizer.name as OptimizerName].buffer === 'sum';
  return {
    lr,
    gradient,
    secondMoment: decay('second-moment', optimizer.secondMoment ? secondMoment : 0),
    third: decay('third', defaults.third ?? 0),
    // A framework whose buffer averages where others sum: the same as dampening by the momentum.
    dampening: averages ? gradient : (first((f) => isRole(f, 'dampening'))?.value ?? 0),
    nesterov,
    epsilon: first((f) => isRole(f, 'epsilon'))?.value ?? defaults.epsilon ?? CUSTOMARY.epsilon,
    weightDecay: (weightDecay?.value ?? 0) * ownDecay,
    weightDecayForm: form ?? optimizer.weightDecay,
  };
}

/** What a trainer that scales the weight decay by itself makes of it at the new batch. */
function ownDecay(old: Group, now: Group, { batch, sides }: Comparison, options: PlanOptions): number {
  const trainerOf = ({ fields }: Group) => {
    const field = fields.find((f) => isRole(f, 'weight-decay'));
    return field && isRole(field, 'weight-decay') ? field.role.trainer : undefined;
  };
  const ratio = { ...batch, kappa: batch.to / batch.from };
  return trainerOf(old) === trainerOf(now) ? trainersOwn(trainerOf(now), { ...sides, ratio, options }) : 1;
}

function planTraining(
  [old, now]: readonly [Hyperparameters, Hyperparameters],
  group: Group,
  reference: Reference,
  { batch }: Comparison,
  { rule, noiseScale, ...options }: TrainingOptions,
) {
  const ratio = { ...batch, kappa: batch.to / batch.from };
  const { optimizer } = group.binding;
  const ruled = { ...options, ...(noiseScale === undefined ? {} : { noiseScale }) };
  const inUse = alike(now, settingsUnder(rule, old, optimizer, ratio, ruled)) ? rule.name : AS_WRITTEN;
  // A rule of one's own need not be in the list.
  const rules = new Set([...rulesFor(options), rule]);
  /** By the letter only where that was asked for. */
  const optionsAt = (scale: number) => (one: Rule) => ({
    noiseScale: scale,
    ...(options.power === undefined ? {} : { power: options.power }),
    ...(one === rule && options.literal ? { literal: true } : {}),
  });
  const scales = noiseScale === undefined ? regimesOf(batch) : [noiseScale];
  const named = scales.map((scale) => ({
    noiseScale: scale,
    candidates: [
      ...candidates(rules, old, optimizer, ratio, optionsAt(scale)),
      ...(inUse === AS_WRITTEN ? [{ rule: AS_WRITTEN, settings: now }] : []),
    ],
  }));
  const distinct = named.reduce((sum, { candidates: all }) => sum + countDistinct(all), 0);
  const updates = (options.updates ?? UPDATES) / (reference.cost ?? 1);
  const sizes = trainingSizes(ratio.kappa, scales.length, distinct, updates);
  const unit = travellingRate(reference, old, sizes) / old.lr;
  const regimes = named.map(({ noiseScale: scale, candidates: all }) => ({
    noiseScale: scale,
    candidates: all.map((c) => ({ ...c, settings: inUnitsOf(unit, c.settings) })),
  }));
  return { old: inUnitsOf(unit, old), regimes, sizes, inUse };
}

function countDistinct(all: readonly Candidate[]): number {
  return new Set(all.map(({ settings }) => JSON.stringify(settings))).size;
}

/** Signal far above the noise of both batches, noise as large as signal between them, and noise far above. */
function regimesOf({ from, to }: { readonly from: number; readonly to: number }): number[] {
  const [least, most] = [Math.min(from, to), Math.max(from, to)];
  return [least / 100, Math.sqrt(least * most), most * 100];
}

/** The same settings where weights are measured in another unit: what decay takes off per step stays. */
function inUnitsOf(unit: number, settings: Hyperparameters): Hyperparameters {
  const { weightDecay, weightDecayForm } = settings;
  return {
    ...settings,
    lr: settings.lr * unit,
    weightDecay: weightDecayForm === 'times-lr' ? weightDecay / unit : weightDecay,
  };
}

/** What six digits of a written number leave open. */
const ROUNDING = 1e-4;

function alike(a: Hyperparameters, b: Hyperparameters): boolean {
  const close = (x: number, y: number) => Math.abs(x - y) <= ROUNDING * Math.max(Math.abs(x), Math.abs(y));
  const same = (key: 'lr' | 'epsilon' | 'weightDecay') => close(a[key], b[key]);
  const decays = ['gradient', 'secondMoment', 'third', 'dampening'] as const;
  return (
    same('lr') &&
    same('epsilon') &&
    same('weightDecay') &&
    decays.every((key) => close(1 - a[key], 1 - b[key]))
  );
}
