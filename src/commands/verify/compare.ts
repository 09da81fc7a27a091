import type { Said, Source } from '../../base/diagnostic.ts';
import { num } from '../../base/numbers.ts';
import type { DecayRole, LearningRateRole, TrainerScaling } from '../../dialect/roles.ts';
import type { Pointer } from '../../document/pointer.ts';
import { fieldName } from '../../document/pointer.ts';
import { type AveragePair, align } from '../../lab/theory.ts';
import type { Optimizer } from '../../optimizers/optimizer.ts';
import { nameGroup, pairUp, samePlace } from '../../pipe/pairing.ts';
import { type Sides, sidesOf } from '../../pipe/sides.ts';
import { sameCount } from '../../recipe/batch.ts';
import type { Batch } from '../../recipe/recipe.ts';
import { decayOf, type Field, type Group, isRole, type Recipe } from '../../recipe/recipe.ts';
import { samplesPerUpdate } from '../../recipe/samples.ts';
import type { PlanOptions } from '../../rules/assessment.ts';
import { updateVariance } from '../../rules/lion.ts';
import { optimizerSettings } from '../../rules/optimizer-settings.ts';
import { constant } from '../../rules/quantity.ts';
import type { Ratio, Rule } from '../../rules/rule.ts';
import { trainerFactor } from '../../rules/trainer.ts';
import { beyondStability } from './stability.ts';

/** One average that both configs have: what to run, and where it is in the old one. */
export interface AverageCheck {
  readonly pointer: Pointer;
  readonly part?: string;
  readonly of: DecayRole['of'];
  /** What it averages, for people. */
  readonly averaged: string;
  /** As the config means it, whatever form it is written in. */
  readonly decay: readonly [old: number, now: number];
  /** As the files write it. */
  readonly written: Written;
  /** Samples behind one update. */
  readonly batch: AveragePair['batch'];
  /** The decays of the averages to run, and what the new one counts against the old. */
  readonly filter: AveragePair['decay'];
  readonly gain: number;
  readonly unconvertedGain: number;
  /** Its level sets the step: an average of squared gradients that the step is divided by. */
  readonly level: boolean;
  /** The step looks one gradient ahead of this buffer (Nesterov); compared is the buffer. */
  readonly lookAhead: boolean;
}

/** Two values as their files write them; `default 0.9` where a file leaves one to its trainer. */
type Written = readonly [old: string, now: string];

/** The learning rates of one optimizer, with what the trainer multiplies them by put in. */
export interface LearningRateCheck {
  readonly pointer: Pointer;
  readonly optimizer: string;
  readonly values: readonly [old: number, now: number];
  readonly written: Written;
  /** New over old, and what the rule asks for with the new momentum as it is. */
  readonly ratio: number;
  readonly asked: number;
  /** Part of the verdict: plain gradients and sums of gradients, where the ratio holds at every noise level. */
  readonly decides: boolean;
}

/** Two configs side by side. */
export interface Comparison {
  readonly batch: Sides;
  readonly rule: string;
  readonly averages: readonly AverageCheck[];
  readonly learningRates: readonly LearningRateCheck[];
  /** What one config has and the other has not, as sentences. */
  readonly unpaired: readonly string[];
  /** What a conversion says of the configs, file by file. */
  readonly warnings: readonly Said[];
  /** The configs themselves. */
  readonly sides: { readonly old: Side; readonly now: Side };
}

/** One config as it is run: what it means, and its batch. */
export interface Side {
  readonly recipe: Recipe;
  readonly batch: Omit<Batch, 'fields'>;
}

interface Context {
  readonly old: Side;
  readonly now: Side;
  readonly rule: Rule;
  readonly options: PlanOptions;
  readonly ratio: Ratio;
}

/** How two configs are compared. */
interface CompareOptions {
  /** What learning rates are compared with. */
  readonly rule: Rule;
  readonly options: PlanOptions;
  /** The new config, or the one that was converted to it. */
  readonly source: Source;
  /** What is known of the configs already. */
  readonly warnings: readonly Said[];
}

/**
 * Pairs the settings of two configs by what they do. Nothing is assumed about how the second was made; its dialect
 * may be another one.
 */
export function compare(
  old: Side,
  now: Side,
  { rule, options, source, warnings }: CompareOptions,
): Comparison {
  sameCount(old.batch, now.batch);
  const [from, to] = [old.batch.global, now.batch.global];
  const context: Context = { old, now, rule, options, ratio: { from, to, kappa: to / from } };
  const unpaired: string[] = [];
  const groups = pairUp(old.recipe.groups, now.recipe.groups, nameGroup, unpaired);
  const compared = groups.map(([a, b]) => compareGroup(a, b, context, unpaired));
  return {
    batch: sidesOf({ from: old.batch, to: now.batch }),
    rule: rule.name,
    averages: [
      ...compared.flatMap(({ averages }) => averages),
      ...(['model-ema', 'batch-norm'] as const).flatMap((of) => compareOutside(of, context, unpaired)),
    ],
    learningRates: compared.flatMap(({ learningRate }) => learningRate ?? []),
    unpaired,
    warnings: [...warnings, { source, warnings: compared.flatMap(({ beyond }) => beyond ?? []) }],
    sides: { old, now },
  };
}

function decaysOf(fields: readonly Field[], of: DecayRole['of']): Field<DecayRole>[] {
  return fields.filter((f): f is Field<DecayRole> => isRole(f, 'decay') && f.role.of === of);
}

/** Pairs of decays below 1: an average with decay 1 is never updated and cannot be compared. */
function pairDecays(
  old: readonly Field<DecayRole>[],
  now: readonly Field<DecayRole>[],
  unpaired: string[],
): [Field<DecayRole>, Field<DecayRole>][] {
  return pairUp(old, now, fieldName, unpaired).filter(([a, b]) => {
    const [x, y] = [decayOf(a), decayOf(b)];
    if (x === y && (x === 0 || x === 1)) return false;
    if (x < 1 && y < 1) return true;
    unpaired.push(`${fieldName(a)} is never updated in one of the configs (decay ${x} -> ${y})`);
    return false;
  });
}

const IN_OPTIMIZERS: readonly DecayRole['of'][] = ['gradient', 'second-moment', 'third', 'preconditioner'];

function compareGroup(old: Group, now: Group, context: Context, unpaired: string[]) {
  const { ratio } = context;
  const { optimizer } = old.binding;
  const guessed = [old, now].some((group) => group.known === 'inferred');
  if (optimizer.name !== now.binding.optimizer.name && !guessed)
    unpaired.push(
      `the optimizer is ${optimizer.title} in the old config, ${now.binding.optimizer.title} in the new`,
    );
  const pairs = IN_OPTIMIZERS.filter((of) => of !== 'gradient' || !optimizer.interpolatesIterates).map(
    (of) => [of, pairDecays(inForce(old, of), inForce(now, of), unpaired)] as const,
  );
  const momentum = pairs.find(([of]) => of === 'gradient')?.[1][0]?.[1];
  const learningRate = compareLearningRates(old, now, momentum ? decayOf(momentum) : 0, context);
  const batch = [ratio.from, ratio.to] as const;
  const averages = pairs.flatMap(([of, own]) =>
    own.map(([a, b], i) => {
      const decay = [decayOf(a), decayOf(b)] as const;
      const first = of === 'gradient' && i === 0;
      const mixing = first && optimizer.mixesNewest ? mixedWithNewest(decay, old, now, batch) : undefined;
      const gains =
        first && learningRate?.decides && learningRate.asked > 0
          ? {
              gain: learningRate.ratio / learningRate.asked,
              unconvertedGain: 1 / learningRate.askedUnconverted,
            }
          : { gain: 1, unconvertedGain: 1 };
      return {
        ...place(a),
        of,
        averaged: averagedBy(optimizer, of),
        decay,
        written: [writtenIn(a), writtenIn(b)] as const,
        batch,
        filter: decay,
        ...gains,
        ...mixing,
        level: of === 'second-moment' && optimizer.normalises === 'second-moment',
        lookAhead: first && (old.nesterov || now.nesterov),
      };
    }),
  );
  const beyond = learningRate && beyondStability(learningRate, old, now);
  return { averages, learningRate, beyond };
}

const AVERAGED: Readonly<Record<DecayRole['of'], string>> = {
  gradient: 'average of gradients',
  'second-moment': 'average of squared gradients',
  third: 'third average',
  preconditioner: 'average of the preconditioner',
  'model-ema': 'average of weights',
  'batch-norm': 'BatchNorm statistics',
  schedule: 'schedule',
};

/** Where the update mixes the newest gradient in (Lion), the second decay is that of the gradients. */
function averagedBy({ mixesNewest, buffer }: Optimizer, of: DecayRole['of']): string {
  if (mixesNewest && of === 'gradient') return 'share of the average in the update';
  if (mixesNewest && of === 'second-moment') return AVERAGED.gradient;
  return buffer === 'sum' && of === 'gradient' ? 'momentum buffer' : AVERAGED[of];
}

function writtenIn({ site, value }: Field): string {
  return site.kind === 'text' ? site.source : `default ${num(value)}`;
}

function place({ pointer, part }: Field): Pick<AverageCheck, 'pointer' | 'part'> {
  return { pointer, ...(part === undefined ? {} : { part }) };
}

/**
 * Lion's update c = b1*m + (1-b1)*g: b1 keeps no history of its own, it weighs the newest gradient against m. Two
 * things can stay beside the memory of m, and no b1 keeps both: the noise of c (`ema`), or what the samples before the
 * newest aligned block weigh in it, b1*b2^(n-1) for n updates in the block (`ema --literal`). The one that the new
 * config comes closer to is judged.
 */
function mixedWithNewest(
  [b1, c1]: readonly [number, number],
  old: Group,
  now: Group,
  batch: AveragePair['batch'],
): Partial<AverageCheck> | undefined {
  const [b2, c2] = [old, now]
    .map((g) => decaysOf(g.fields, 'second-moment')[0])
    .map((f) => (f ? decayOf(f) : 0));
  if (!b1 || !b2 || !c2) return undefined;
  const kappa = batch[1] / batch[0];
  const noise = (decays: readonly [number, number]) => Math.sqrt(updateVariance([b1, b2], decays, kappa));
  const updates = align(batch);
  const inherited = (decay: number, count: number) => (count - 1) * Math.log(decay);
  const weight = (first: number, second: number) =>
    (first / b1) * Math.exp(inherited(second, updates.now) - inherited(b2, updates.old));
  const kept = { gain: noise([c1, c2]), unconvertedGain: noise([b1, b2]) };
  const literal = { gain: weight(c1, c2), unconvertedGain: weight(b1, b2) };
  const off = ({ gain }: { gain: number }) => Math.abs(Math.log(gain));
  return { filter: [b2, c2], ...(off(literal) < off(kept) ? literal : kept) };
}

/** The averages of a group that are in force, the one at the peak of the learning rate first: a scheduler overrules. */
function inForce({ fields }: Group, of: DecayRole['of']): Field<DecayRole>[] {
  const decays = decaysOf(fields, of);
  const cycled = decays.filter((f) => f.role.cycled !== undefined);
  if (cycled.length === 0) return decays;
  return cycled.sort((a, b) => Number(b.role.cycled === 'lowest') - Number(a.role.cycled === 'lowest'));
}

/** The step that one gradient causes in the end, over the learning rate: 1/(1-mu) for sums, (1-tau)/(1-mu) dampened. */
function stepPerGradient(sums: boolean, mu: number, dampening: number): number {
  return sums ? (1 - dampening) / (1 - mu) : 1;
}

interface RateWithUnconverted extends LearningRateCheck {
  /** What the old momentum, left as it is, would need. */
  readonly askedUnconverted: number;
}

/**
 * The learning rates of two groups against each other. Plain gradients and averages of them need kappa, sums
 * kappa*(1-mu')/(1-mu) with the momentum mu' that the new config really has; everything normalised needs what the
 * rule says.
 * @param momentum of the new group, the counterpart of the old one's first
 */
function compareLearningRates(
  old: Group,
  now: Group,
  momentum: number,
  context: Context,
): RateWithUnconverted | undefined {
  const { rule, ratio, options } = context;
  const peaks = ({ fields }: Group) =>
    fields.filter(
      (f): f is Field<LearningRateRole> =>
        isRole(f, 'learning-rate') && f.role.point === 'peak' && f.value > 0,
    );
  const a = peaks(old)[0];
  const b = a && (peaks(now).find((f) => samePlace(f, a)) ?? peaks(now)[0]);
  if (!a || !b) return undefined;
  const settings = optimizerSettings(old);
  const after = optimizerSettings(now);
  const { optimizer, gradientDecay: mu = 0, dampening: tau = 0 } = settings;
  const sums = optimizer.buffer === 'sum' && optimizer.normalises !== 'after-momentum';
  const never = optimizer.normalises === 'never';
  const ruled = mu === 0 ? 0 : rule.decay(constant(mu), 'gradient', settings, ratio.kappa, options).value;
  const perGradient = {
    old: stepPerGradient(sums, mu, tau),
    now: stepPerGradient(sums, momentum, after.dampening ?? 0),
    ruled: stepPerGradient(sums, ruled, tau !== 0 && tau === mu ? ruled : tau),
  };
  const factor = rule.learningRateFactor(settings, ratio, options).value;
  const perStep = never ? ratio.kappa : (factor * perGradient.ruled) / perGradient.old;
  const own = a.role.trainer === b.role.trainer ? trainersOwn(b.role.trainer, context) : 1;
  return {
    pointer: a.pointer,
    optimizer: optimizer.title,
    values: [a.value, b.value * own],
    written: [writtenIn(a), writtenIn(b)],
    ratio: (b.value * own) / a.value,
    asked: (perStep * perGradient.old) / perGradient.now,
    askedUnconverted: perStep,
    decides: never || (sums && mu > 0),
  };
}

/** What the new config's trainer does to a value of the optimizer by itself. */
export function trainersOwn(
  trainer: TrainerScaling | undefined,
  { ratio, old, now, options }: Omit<Context, 'rule'>,
): number {
  return trainerFactor(trainer, {
    kappa: ratio.kappa,
    world: (now.batch.world ?? 1) / (old.batch.world ?? 1),
    accumulation: [old.batch.accumulation, now.batch.accumulation],
    stepsKept: options.steps === 'keep',
  });
}

/** Averages of the weights go by the optimizer step or the forward pass, those of BatchNorm by what it normalises over. */
function compareOutside(
  of: 'model-ema' | 'batch-norm',
  { old, now }: Context,
  unpaired: string[],
): AverageCheck[] {
  const fields = ({ recipe }: Side) => decaysOf(recipe.averages, of);
  return pairDecays(fields(old), fields(now), unpaired).map(([a, b]) => {
    const decay = [decayOf(a), decayOf(b)] as const;
    return {
      ...place(a),
      of,
      averaged: AVERAGED[of],
      decay,
      written: [writtenIn(a), writtenIn(b)],
      batch: [samples(old, a), samples(now, b)],
      filter: decay,
      gain: 1,
      unconvertedGain: 1,
      level: false,
      lookAhead: false,
    };
  });
}

function samples({ batch, recipe }: Side, { role }: Field<DecayRole>): number {
  return samplesPerUpdate(role, batch, recipe.syncNorm);
}
