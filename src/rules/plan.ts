import type { CountRole, DecayRole, Role, TrainerScaling } from '../dialect/roles.ts';
import { roundTo } from '../document/number.ts';
import { keyOf, type Pointer, parentOf, readable } from '../document/pointer.ts';
import type { BatchChange } from '../recipe/batch.ts';
import type { Warning } from '../recipe/build.ts';
import { type Field, type Group, isRole, type Recipe } from '../recipe/recipe.ts';
import {
  exponent,
  fraction,
  num,
  type Ratio,
  type Rule,
  type RuleOptions,
  type Scaled,
  type Settings,
} from './rule.ts';

/** What the user chooses about the plan. */
export interface PlanOptions extends RuleOptions {
  /** Significant digits to write; 6 unless told. */
  readonly digits?: number;
  /** `keep` leaves warm-up and schedule lengths in steps as they are. */
  readonly steps?: 'keep' | 'scale';
  /** Also scale how often the run logs, saves and evaluates. */
  readonly cadence?: boolean;
  /** False: never write a field that the file leaves to the trainer's default. */
  readonly insert?: boolean;
}

/** What a value means in samples: what stays the same when the batch changes. */
export interface TimeScale {
  readonly what: 'half-life' | 'lr per sample' | 'decay per sample' | 'length' | 'samples per step';
  readonly from: number;
  readonly to: number;
}

/** One value that must move. `from` and `to` are lists where a whole list is inserted. */
export interface Change {
  readonly pointer: Pointer;
  readonly part?: string;
  readonly role: Role;
  readonly from: number | readonly number[];
  readonly to: number | readonly number[];
  readonly formula: string;
  readonly reason: string;
  readonly inserted: boolean;
  /** One for each value of a list. */
  readonly scales: readonly TimeScale[];
  readonly fields: readonly Field[];
}

interface Planned extends Scaled {
  readonly field: Field;
  readonly scale?: TimeScale;
}

/** The changes that a rule asks for, in the order of the recipe, rounded as they will be written. */
export function plan(
  recipe: Recipe,
  batch: BatchChange,
  rule: Rule,
  options: PlanOptions,
  warnings: Warning[],
): Change[] {
  const planner = new Planner(recipe, batch, rule, options, warnings);
  return planner.run();
}

class Planner {
  private readonly planned: Planned[] = [];
  private readonly ratio: Ratio;

  constructor(
    private readonly recipe: Recipe,
    private readonly batch: BatchChange,
    private readonly rule: Rule,
    private readonly options: PlanOptions,
    private readonly warnings: Warning[],
  ) {
    this.ratio = { from: batch.from.global, to: batch.to.global, kappa: batch.kappa };
  }

  run(): Change[] {
    const { moves, to } = this.batch;
    const formula = `${to.global} = micro ${to.micro} x accumulation ${to.accumulation} x devices ${to.world}`;
    for (const { field, to: value } of moves)
      this.planned.push({ field, value, formula, reason: 'The batch asked for' });
    for (const group of this.recipe.groups) this.group(group);
    for (const field of this.recipe.averages) this.average(field);
    this.counts();
    this.remarks();
    return this.merge();
  }

  private warn(code: string, message: string, field?: Field): void {
    this.warnings.push({
      code,
      message,
      ...(field?.site.kind === 'text' ? { offset: field.site.offset } : {}),
    });
  }

  private group(group: Group): void {
    const { rule, ratio, options } = this;
    const settings = settingsOf(group);
    const factor = rule.learningRateFactor(settings, ratio, options);
    for (const field of group.fields) {
      if (isRole(field, 'learning-rate')) this.learningRate(field, factor);
      else if (isRole(field, 'decay')) this.decay(field, settings, ratio.kappa);
      else if (isRole(field, 'dampening')) this.dampening(field, settings);
      else if (isRole(field, 'weight-decay')) {
        const form = field.role.form ?? settings.optimizer.weightDecay;
        const scaled = rule.weightDecay(field.value, form, settings, factor.value, ratio);
        const own = this.ownScaling(field.role.trainer);
        if (own === 1) this.planned.push({ field, ...scaled });
        else
          this.planned.push({
            field,
            value: scaled.value / own,
            formula: `${num(field.value)}/${num(own)}`,
            reason: `${scaled.reason}. The trainer itself multiplies it by ${num(own)} at the new batch, which is divided out`,
          });
      } else if (isRole(field, 'epsilon')) {
        const scaled = rule.epsilon(
          field.value,
          field.role.inside ?? settings.optimizer.epsilonInside,
          settings,
          ratio,
          options,
        );
        this.planned.push({ field, ...scaled });
      }
    }
    this.optimizerRemarks(group, settings);
  }

  private learningRate(field: Field, factor: { value: number; formula: string; reason: string }): void {
    if (field.value === 0 || !isRole(field, 'learning-rate')) return;
    const { from, to } = this.ratio;
    const { trainer } = field.role;
    const own = this.ownScaling(trainer);
    const value = (field.value * factor.value) / own;
    const divided = own === 1 ? '' : `/${num(own)}`;
    const reason =
      trainer && own !== 1
        ? `${factor.reason}. The trainer itself multiplies by ${num(own)} at the new batch, which is divided out`
        : factor.reason;
    const scale: TimeScale = { what: 'lr per sample', from: field.value / from, to: (value * own) / to };
    this.planned.push({
      field,
      value,
      formula: `${factor.formula}${divided} * ${num(field.value)}`,
      reason,
      scale,
    });
  }

  /** What the trainer itself will multiply the value by, at the new batch against the old one. */
  private ownScaling(trainer: TrainerScaling | undefined): number {
    const { kappa } = this.ratio;
    if (trainer === 'linear') return kappa;
    if (trainer === 'sqrt') return Math.sqrt(kappa);
    if (trainer === 'per-worker') return this.batch.world;
    const { from, to, world } = this.batch;
    const passes = (to.accumulation / from.accumulation) * world;
    if (trainer === 'passes') return passes;
    if (trainer === 'micro') return kappa / passes;
    return trainer === 'noam' && this.options.steps !== 'keep' ? Math.sqrt(kappa) : 1;
  }

  private decay(field: Field<DecayRole>, settings: Settings | undefined, kappa: number): void {
    const { from } = this.ratio;
    const { form, of } = field.role;
    if (form === 'half-life') {
      this.planned.push({
        field,
        ...this.rule.count(field.value, kappa),
        scale: { what: 'half-life', from: field.value * from, to: field.value * from },
      });
      return;
    }
    if (field.value === 0 || field.value === 1) return;
    const decay = form === 'complement' ? 1 - field.value : field.value;
    const scaled = this.rule.decay(decay, of, settings, kappa, this.options);
    const complement = scaled.complement ?? 1 - scaled.value;
    const samples = of === 'norm-stats' ? (this.batch.from.micro ?? from) : from;
    const scale: TimeScale = {
      what: 'half-life',
      from: halfLife(decay) * samples,
      to: halfLife(scaled.value, complement) * samples * kappa,
    };
    if (form === 'complement')
      this.planned.push({
        field,
        ...scaled,
        value: complement,
        complement: scaled.value,
        formula: `1-(1-${num(field.value)})^${exponent(kappa)}`,
        scale,
      });
    else this.planned.push({ field, ...scaled, complement, scale });
  }

  private dampening(field: Field, settings: Settings): void {
    if (field.value === 0 || !settings.gradientDecay) return;
    if (field.value === settings.gradientDecay) {
      const scaled = this.rule.decay(field.value, 'gradient', settings, this.ratio.kappa, this.options);
      this.planned.push({
        field,
        ...scaled,
        reason: 'Dampening equal to the momentum makes the buffer an average; it follows the momentum',
      });
    } else
      this.warn(
        'dampening',
        `dampening ${num(field.value)} is neither 0 nor the momentum: it is kept, and the learning rate allows for it exactly, except for the very first step, which torch does not dampen`,
        field,
      );
  }

  private average(field: Field<DecayRole>): void {
    const { kappa, perDevice, perForward } = this.batch;
    if (field.role.of === 'weights')
      return this.decay(field, undefined, field.role.per === 'forward' ? perForward : kappa);
    this.decay(field, undefined, this.recipe.syncNorm ? perForward : perDevice);
  }

  private counts(): void {
    const { steps = 'scale', cadence = false } = this.options;
    const { kappa, perForward, world } = this.batch;
    const ratioOf: Partial<Record<CountRole['unit'], number>> = {
      steps: kappa,
      'micro-steps': perForward,
      ticks: kappa / world,
    };
    for (const field of this.recipe.counts) {
      const { unit, use, fraction: mayBeFraction } = field.role;
      const ratio = ratioOf[unit];
      if (ratio === undefined || field.value <= 0 || isFraction(field, mayBeFraction)) continue;
      if (use === 'cadence' && !cadence) continue;
      if (use === 'schedule' && steps === 'keep') {
        if (ratio !== 1)
          this.warn(
            'steps-kept',
            `${readable(field.pointer)} is kept at ${field.value} steps, which is now ${fraction(ratio)} times the samples (--steps keep)`,
            field,
          );
        continue;
      }
      const scaled = this.rule.count(field.value, ratio);
      const exact = scaled.value;
      const minimum = field.role.minimum ?? 1;
      const value = Math.max(minimum, Math.round(exact));
      if (exact < minimum && value !== exact)
        this.warn(
          'count-clamped',
          `${readable(field.pointer)}: ${num(field.value)} steps would become ${num(exact)}; ${minimum} is the least there is`,
          field,
        );
      const samples =
        (this.ratio.from * field.value) / (unit === 'micro-steps' ? this.batch.from.accumulation : 1);
      const scale: TimeScale = { what: 'length', from: samples, to: (samples / exact) * value };
      this.planned.push({
        field,
        ...scaled,
        value,
        scale,
        formula: value === exact ? scaled.formula : `${scaled.formula} = ${num(exact)}`,
      });
    }
    for (const { scope, constraint } of this.recipe.constraints) {
      if (constraint.kind === 'multiple') this.keepMultiple(scope, constraint.of);
      else this.keepSum(scope, constraint.of);
    }
  }

  /** Rounding apart two counts that must stay multiples breaks the trainer's start: round the larger again. */
  private keepMultiple(scope: Pointer, [large, small]: readonly [string, string]): void {
    const find = (key: string) => this.planned.findIndex((p) => p.field.pointer === `${scope}/${key}`);
    const [i, j] = [find(large), find(small)];
    const [a, b] = [this.planned[i], this.planned[j]];
    if (!a || !b || a.field.value % b.field.value !== 0 || a.value % b.value === 0) return;
    const value = b.value * Math.max(1, Math.round(a.value / b.value));
    this.planned[i] = { ...a, value, reason: `${a.reason}; a multiple of ${small}, as the trainer demands` };
  }

  /** Counts that must add up: the last part gives way to the rounding of the others. */
  private keepSum(scope: Pointer, [whole, ...parts]: readonly string[]): void {
    const of = (key: string | undefined) =>
      this.planned.findIndex((p) => p.field.pointer === `${scope}/${key}`);
    const total = this.planned[of(whole)];
    const members = parts.map((part) => this.planned[of(part)]);
    const last = members.at(-1);
    const sum = (pick: (p: Planned) => number) =>
      members.reduce((all, p) => all + (p ? pick(p) : Number.NaN), 0);
    if (!total || !last || sum((p) => p.field.value) !== total.field.value) return;
    const value = last.value + total.value - sum((p) => p.value);
    this.planned[of(parts.at(-1))] = {
      ...last,
      value,
      reason: `${last.reason}; so that the parts add up to ${whole}`,
    };
  }

  private optimizerRemarks({ nesterov, fields }: Group, settings: Settings): void {
    const { optimizer, gradientDecay = 0 } = settings;
    if (this.ratio.kappa === 1) return;
    const rates = fields.filter((f) => isRole(f, 'learning-rate'));
    const peak = rates.find((f) => f.role.point === 'peak') ?? rates[0];
    if (nesterov && gradientDecay > 0) {
      const [before, after] = newestShare(gradientDecay, this.ratio.kappa);
      this.warn(
        'nesterov',
        `${optimizer.title} looks one gradient ahead: decay and step per sample are kept, but the newest samples weigh ${num(after)} where they weighed ${num(before)}; no momentum value keeps both`,
        peak,
      );
    }
    if (
      optimizer.mixesNewest &&
      settings.secondMomentDecay &&
      gradientDecay > 0 &&
      gradientDecay * settings.secondMomentDecay ** (this.ratio.kappa - 1) >= 1
    )
      this.warn(
        'lion-beta1',
        `beta1 ${num(gradientDecay)} is not below beta2 ${num(settings.secondMomentDecay)}, so beta1*beta2^(kappa-1) is no decay: beta1^kappa is used`,
        peak,
      );
    if (optimizer.interpolatesIterates)
      this.warn(
        'schedule-free',
        `the first beta of ${optimizer.title} interpolates between iterates and is no average; it is left alone. No tested rule is known`,
        peak,
      );
    if (optimizer.accumulatesForever)
      this.warn(
        'adagrad',
        `${optimizer.title} sums squared gradients over the whole run; kappa*lr keeps the first steps, not the later ones`,
        peak,
      );
    if (
      peak &&
      this.options.noiseScale === undefined &&
      (optimizer.normalises === 'second-moment' || optimizer.normalises === 'gradient-norm') &&
      this.rule.name === 'ema'
    )
      this.warn(
        'noise-scale-unknown',
        `${optimizer.title}: kappa*lr holds where the batch is well above the gradient noise scale; well below it sqrt(kappa)*lr does (a factor of ${num(Math.sqrt(this.ratio.kappa))} between them)`,
        peak,
      );
  }

  private remarks(): void {
    const { recipe, ratio } = this;
    if (ratio.kappa === 1) {
      const { nominal } = this.batch.from;
      const others = this.planned.some((p) => !isRole(p.field, 'batch') && p.value !== p.field.value);
      if (nominal !== undefined && this.batch.moves.length)
        this.warn(
          'nominal-batch',
          `the trainer accumulates gradients up to ${nominal} samples by itself, so the batch behind a step stays ${ratio.from}${others ? '; only what depends on the number of passes changes' : ' and nothing else has to change'}`,
        );
      return;
    }
    for (const clip of recipe.clips)
      if (clip.value > 0)
        this.warn(
          'clip',
          `${readable(clip.pointer)} ${num(clip.value)} is left alone: no rule is exact for a norm that mixes signal and noise. Where noise dominates, clip/sqrt(kappa) = ${num(clip.value / Math.sqrt(ratio.kappa))}`,
          clip,
        );
    for (const { pointer, role, source, why, offset } of recipe.unreadable) {
      const reason =
        why === 'auto'
          ? 'is filled in from the trainer’s own config: convert that too'
          : 'is computed from other values: check what it comes to';
      const matters =
        role.role === 'count' ? role.use !== 'cadence' : role.role !== 'batch' || role.part !== 'devices';
      if (matters)
        this.warnings.push({ code: why, message: `${readable(pointer)} (${source}) ${reason}`, offset });
    }
    if (this.batch.from.fields.length === 0)
      this.warn(
        'batch-elsewhere',
        `this file has no batch size to rewrite: set the global batch to ${ratio.to} where it is set`,
      );
    for (const { pointer, note } of recipe.notes)
      this.warnings.push({ code: 'note', message: `${readable(pointer)}: ${note}` });
  }

  /** Rounds, drops what stays, and joins the entries of a list that is inserted as a whole. */
  private merge(): Change[] {
    const { digits = 6, insert = true } = this.options;
    const changes: Change[] = [];
    const lists = new Map<Pointer, Planned[]>();
    for (const planned of this.planned) {
      const { field } = planned;
      const { site } = field;
      const to = Number.isInteger(planned.value)
        ? planned.value
        : roundTo(planned.value, {
            digits,
            ...(planned.complement === undefined ? {} : { complement: planned.complement }),
          });
      const entry = { ...planned, value: to };
      if (site.kind === 'absent' && site.index !== undefined)
        lists.set(site.pointer, [...(lists.get(site.pointer) ?? []), entry]);
      else if (to !== field.value) changes.push(asChange(entry));
    }
    for (const entries of lists.values()) {
      if (entries.every((e) => e.value === e.field.value)) continue;
      const first = asChange(entries[0]!);
      changes.push({
        ...first,
        pointer: parentOf(first.pointer),
        from: entries.map((e) => e.field.value),
        to: entries.map((e) => e.value),
        formula: entries.map((e) => e.formula).join(', '),
        scales: entries.flatMap((e) => (e.scale ? [e.scale] : [])),
        fields: entries.map((e) => e.field),
      });
    }
    return changes.filter((change) => {
      if (!change.inserted || insert) return true;
      this.warn(
        'not-inserted',
        `${readable(change.pointer)} is left to the trainer’s default ${list(change.from)}, but should become ${list(change.to)} (--no-insert)`,
      );
      return false;
    });
  }
}

function asChange({ field, value, formula, reason, scale }: Planned): Change {
  return {
    pointer: field.pointer,
    ...(field.part === undefined ? {} : { part: field.part }),
    role: field.role,
    from: field.value,
    to: value,
    formula,
    reason,
    inserted: field.site.kind === 'absent',
    scales: scale ? [scale] : [],
    fields: [field],
  };
}

/** A count that the trainer reads as a fraction of the run. */
function isFraction({ value, site }: Field, rule: CountRole['fraction']): boolean {
  if (rule === 'float') return site.kind === 'text' && /[.e]/i.test(site.source);
  return rule === true && value < 1;
}

/** The settings of a group that its rules look at together; the block's own fields come before a scheduler's. */
export function settingsOf({
  binding,
  fields,
  nesterov,
}: Pick<Group, 'binding' | 'fields' | 'nesterov'>): Settings {
  const decay = (of: DecayRole['of']) => fields.find((f) => isRole(f, 'decay') && f.role.of === of)?.value;
  const gradientDecay = decay('gradient');
  const secondMomentDecay = decay('second-moment');
  const dampening = fields.find((f) => isRole(f, 'dampening'))?.value;
  return {
    optimizer: binding.optimizer,
    ...(gradientDecay === undefined ? {} : { gradientDecay }),
    ...(secondMomentDecay === undefined ? {} : { secondMomentDecay }),
    ...(dampening === undefined ? {} : { dampening }),
    nesterov,
  };
}

/** Updates after which a decay has forgotten half. */
export function halfLife(decay: number, complement = 1 - decay): number {
  return Math.LN2 / -Math.log1p(-complement);
}

/**
 * Under Nesterov's g + mu*buf, what the newest samples (one batch of the larger size) weigh before and after:
 * newest batch 1-mu^2, newest k smaller batches 1-mu^(1+1/k) of the larger one's decay.
 */
function newestShare(mu: number, kappa: number): [before: number, after: number] {
  return kappa > 1 ? [1 - mu ** (kappa + 1), 1 - mu ** (2 * kappa)] : [1 - mu ** 2, 1 - mu ** (1 + kappa)];
}

function list(value: number | readonly number[]): string {
  return typeof value === 'number' ? num(value) : `[${value.map(num).join(', ')}]`;
}

/** The last key of a change: what the field is called. */
export function nameOf({ pointer, part }: Pick<Change, 'pointer' | 'part'>): string {
  return part ? `${keyOf(pointer)} ${part}` : keyOf(pointer);
}
