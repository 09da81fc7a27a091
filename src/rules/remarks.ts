import { type Diagnostic, warning as warningAt } from '../base/diagnostic.ts';
import { fraction, num } from '../base/numbers.ts';
import { readable } from '../document/pointer.ts';
import { type Field, type Group, isRole, offsetOf } from '../recipe/recipe.ts';
import { type Assessment, halfLife, settingsOf, type Task } from './assess.ts';
import { varianceKeepingBeta1 } from './lion.ts';
import { gradientLevelRatio } from './noise-aware.ts';
import type { Scaled, Settings } from './rule.ts';

/**
 * Below these a decay has little left of an average. A second moment over so few batches has a relative standard
 * deviation near 0.5 in pure noise (sqrt(2(1-b)/(1+b))), which is where loss spikes were reported.
 */
const SHORT_SECOND_MOMENT = 0.8;
const SHORT_GRADIENT = 0.5;
/** bfloat16 keeps 8 significant bits: a change of less than 2^-9 of a value rounds away. */
const BF16_STEP = 2 ** -9;

/** What a user should know about a plan, with numbers. Says nothing where nothing moves. */
export function remarks(task: Task, assessments: readonly Assessment[]): Diagnostic[] {
  const { recipe, batch, rule, options } = task;
  if (batch.kappa === 1) return nominal(task, assessments);
  return [
    ...recipe.groups.flatMap((group) => aboutOptimizer(group, task)),
    ...assessments.flatMap((a) => [...aboutDecay(a, task), ...aboutCount(a, task)]),
    ...recipe.clips.filter((c) => c.value > 0).map((c) => aboutClip(c, batch.kappa)),
    ...unreadable(task),
    ...(options.noiseScale !== undefined &&
    batch.to.global > options.noiseScale &&
    batch.kappa > 1 &&
    rule.name !== 'noise-aware'
      ? [
          warning(
            'above-noise-scale',
            `the target batch ${batch.to.global} is above the gradient noise scale ${num(options.noiseScale)}: a larger batch buys little there`,
          ),
        ]
      : []),
    ...(batch.from.fields.every((f) => f.role.part === 'accumulation')
      ? [
          warning(
            'batch-elsewhere',
            `this file has no batch size to rewrite: set the global batch to ${batch.to.global} where it is set`,
          ),
        ]
      : []),
    ...recipe.notes.map(({ pointer, note }) => warning('note', `${readable(pointer)}: ${note}`)),
  ];
}

function warning(code: string, message: string, field?: Field): Diagnostic {
  return warningAt(code, message, field && offsetOf(field));
}

function nominal({ batch: { from, moves } }: Task, assessments: readonly Assessment[]): Diagnostic[] {
  if (from.nominal === undefined || moves.length === 0) return [];
  const others = assessments.some((a) => a.field.role.role !== 'batch' && a.value !== a.field.value);
  const consequence = others
    ? '; only what depends on the number of passes changes'
    : ' and nothing else has to change';
  return [
    warning(
      'nominal-batch',
      `the trainer accumulates gradients up to ${from.nominal} samples by itself, so the batch behind a step stays ${from.global}${consequence}`,
    ),
  ];
}

function aboutOptimizer(group: Group, { batch, rule, options }: Task): Diagnostic[] {
  const { kappa } = batch;
  const settings = settingsOf(group);
  const { optimizer, gradientDecay = 0, secondMomentDecay } = settings;
  const rates = group.fields.filter((f) => isRole(f, 'learning-rate'));
  const peak = rates.find((f) => f.role.point === 'peak') ?? rates[0];
  const result: Diagnostic[] = [];
  const add = (code: string, message: string) => result.push(warning(code, message, peak));
  const powers = rule.decay(0.5, 'gradient', settings, kappa, { ...options, literal: false }).value !== 0.5;
  if (group.nesterov && gradientDecay > 0 && powers) {
    const [before, after] = newestShare(gradientDecay, kappa);
    add(
      'nesterov',
      `${optimizer.title} looks one gradient ahead: decay and step per sample are kept, but the newest samples weigh ${num(after)} where they weighed ${num(before)}; no momentum value keeps both`,
    );
  }
  if (optimizer.normalises === 'never' && optimizer.buffer === 'sum' && gradientDecay > 0 && peak && powers)
    add(
      'effective-lr',
      effectiveRate(
        peak.value,
        settings,
        kappa,
        rule.learningRateFactor(settings, { from: batch.from.global, to: batch.to.global, kappa }, options)
          .value,
        rule.decay(gradientDecay, 'gradient', settings, kappa, options),
      ),
    );
  if (
    optimizer.mixesNewest &&
    secondMomentDecay &&
    gradientDecay * secondMomentDecay ** (kappa - 1) >= 1 &&
    powers
  )
    add(
      'lion-beta1',
      `beta1 ${num(gradientDecay)} is not below beta2 ${num(secondMomentDecay)}, so beta1*beta2^(kappa-1) is no decay: beta1^kappa is used`,
    );
  if (optimizer.interpolatesIterates)
    add(
      'schedule-free',
      `the first beta of ${optimizer.title} interpolates between iterates and is no average; it is left alone. No tested rule is known`,
    );
  if (optimizer.mixesNewest && secondMomentDecay && gradientDecay > 0 && powers)
    add(
      'lion-noise',
      `beta1 keeps what every older sample weighs in the update. Where gradient noise counts, ${num(varianceKeepingBeta1(gradientDecay, secondMomentDecay, kappa))} keeps the update's variance instead and followed the old path closer in tests`,
    );
  const dampening = group.fields.find((f) => isRole(f, 'dampening'));
  if (dampening && dampening.value !== 0 && dampening.value !== gradientDecay)
    add(
      'dampening',
      `dampening ${num(dampening.value)} is neither 0 nor the momentum: it is kept, and the learning rate allows for it exactly, except for the first step, which is not dampened`,
    );
  if (optimizer.name === 'lamb' && options.steps !== 'keep')
    add(
      'lamb-warmup',
      'warm-up is kept in samples; the LAMB paper instead keeps its steps while the batch grows (--steps keep)',
    );
  if (optimizer.name === 'lamb' && rule.name === 'sqrt')
    add(
      'sqrt-lamb',
      'the square-root rule is derived for Adam and RMSprop; LAMB’s step is normalised after averaging, so its learning rate moves by kappa',
    );
  if (peak && (optimizer.normalises === 'second-moment' || optimizer.normalises === 'gradient-norm')) {
    if (options.noiseScale === undefined && rule.name === 'ema')
      add(
        'noise-scale-unknown',
        `${optimizer.title}: kappa*lr holds where the batch is well above the gradient noise scale; well below it sqrt(kappa)*lr does (a factor of ${num(Math.sqrt(kappa))} between them). With --noise-scale N it lies in between`,
      );
    if (
      options.noiseScale !== undefined &&
      rule.name === 'noise-aware' &&
      batch.to.global > options.noiseScale
    )
      add(
        'above-noise-scale',
        `the target batch ${batch.to.global} is above the gradient noise scale ${num(options.noiseScale)}: the path is kept on average, but no learning rate keeps its noise as well (the gradient’s level moves by ${num(gradientLevelRatio({ from: batch.from.global, to: batch.to.global, kappa }, options.noiseScale))})`,
      );
  }
  return result;
}

function effectiveRate(lr: number, settings: Settings, kappa: number, factor: number, decay: Scaled): string {
  const { gradientDecay: mu = 0, dampening: tau = 0, nesterov } = settings;
  const complement = decay.complement ?? 1 - decay.value;
  const damped = tau === mu && tau !== 0 ? complement : 1 - tau;
  const [rate, newRate] = [lr * (1 - tau), lr * factor * damped];
  const [before, after] = [rate / (1 - mu), newRate / complement];
  const curvature = `. The largest curvature it is stable at, 2(1+mu)/lr, goes from ${num(stableCurvature(rate, mu))} to ${num(stableCurvature(newRate, decay.value))}: where the old rate was near its limit the new one is beyond it`;
  return `the step per gradient is lr/(1-mu): ${num(before)} before, ${num(after)} after, which is kappa = ${fraction(kappa)} times; kappa*lr with the new momentum would be ${num((1 - mu) / complement)} of that${kappa > 1 && !nesterov ? curvature : ''}`;
}

/**
 * Heavy ball on curvature h: z^2 - (1+mu-lr*h) z + mu has its roots inside the unit circle for lr*h < 2(1+mu).
 * @param lr what the buffer's newest gradient moves, above 0
 * @param mu in [0, 1)
 */
export function stableCurvature(lr: number, mu: number): number {
  return (2 * (1 + mu)) / lr;
}

/**
 * Under Nesterov's g + mu*buf, what the newest samples (one batch of the larger size) weigh before and after:
 * newest batch 1-mu^2, newest k smaller batches 1-mu^(1+1/k) of the larger one's decay.
 */
function newestShare(mu: number, kappa: number): [before: number, after: number] {
  return kappa > 1 ? [1 - mu ** (kappa + 1), 1 - mu ** (2 * kappa)] : [1 - mu ** 2, 1 - mu ** (1 + kappa)];
}

function aboutDecay({ field, value, complement }: Assessment, { batch, options }: Task): Diagnostic[] {
  if (!isRole(field, 'decay') || value === field.value || field.role.form === 'half-life') return [];
  const name = readable(field.pointer);
  const { of, form } = field.role;
  const [old, now] = form === 'complement' ? [1 - field.value, 1 - value] : [field.value, value];
  const result: Diagnostic[] = [];
  const memory = -Math.log(old) * batch.kappa;
  if (of === 'second-moment' && now < SHORT_SECOND_MOMENT)
    result.push(
      warning(
        'short-beta2',
        `${name} becomes ${num(now)}: a second moment over so few batches has a relative standard deviation of ${num(Math.sqrt((2 * (1 - now)) / (1 + now)))} in noise, which can spike the loss. --floor-beta2 0.95 holds it, at the price of a longer window`,
        field,
      ),
    );
  else if (of === 'gradient' && now < SHORT_GRADIENT)
    result.push(
      warning(
        'short-beta1',
        `${name} becomes ${num(now)}: hardly any momentum is left. The memory it had, ${num(halfLife(old) * batch.from.global)} samples at half weight, is ${memory > 1 ? 'shorter than' : 'about'} one new batch of ${batch.to.global}`,
        field,
      ),
    );
  else if (memory > 1)
    result.push(
      warning(
        'short-memory',
        `${name}: its memory in samples is shorter than one new batch (kappa*theta = ${num(memory)}), so the batch does the averaging`,
        field,
      ),
    );
  if (of === 'second-moment' && options.floorBeta2 !== undefined && now === options.floorBeta2) {
    const kept = old ** batch.kappa;
    result.push(
      warning(
        'floored-beta2',
        `${name} is held at ${num(now)} where ${num(kept)} would keep its memory: the window is ${num(Math.log(kept) / Math.log(now))} times as long in samples`,
        field,
      ),
    );
  }
  const small = complement !== undefined && form !== 'complement' ? complement : 1 - now;
  if (small < BF16_STEP && 1 - old >= BF16_STEP)
    result.push(
      warning(
        'state-precision',
        `${name}: 1-decay is now ${num(small)}, below what bfloat16 resolves (2^-9): keep this average's state in float32`,
        field,
      ),
    );
  return result;
}

function aboutCount({ field, exact, value, scale }: Assessment, { options, batch }: Task): Diagnostic[] {
  if (!isRole(field, 'count')) return [];
  const { minimum = 1, use } = field.role;
  if (exact !== undefined && exact < minimum)
    return [
      warning(
        'count-clamped',
        `${readable(field.pointer)}: ${num(field.value)} steps would become ${num(exact)}; ${value} is the least there is`,
        field,
      ),
    ];
  if (use === 'schedule' && options.steps === 'keep' && scale && scale.to !== scale.from)
    return [
      warning(
        'steps-kept',
        `${readable(field.pointer)} is kept at ${num(field.value)} steps, which is now ${fraction(batch.kappa)} times the samples (--steps keep)`,
        field,
      ),
    ];
  return [];
}

function aboutClip(clip: Field, kappa: number): Diagnostic {
  return warning(
    'clip',
    `${readable(clip.pointer)} ${num(clip.value)} is left alone: no rule is exact for a norm that mixes signal and noise. Where noise dominates, clip/sqrt(kappa) = ${num(clip.value / Math.sqrt(kappa))}`,
    clip,
  );
}

function unreadable({ recipe }: Task): Diagnostic[] {
  return recipe.unreadable.flatMap(({ pointer, role, source, why, offset }) => {
    const matters =
      role.role === 'count' ? role.use !== 'cadence' : role.role !== 'batch' || role.part !== 'devices';
    const advice =
      why === 'auto'
        ? 'is filled in from the trainer’s own config: convert that too'
        : 'is computed from other values: check what it comes to';
    return matters ? [warningAt(why, `${readable(pointer)} (${source}) ${advice}`, offset)] : [];
  });
}
