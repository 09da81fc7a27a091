import { fraction, num } from '../base/numbers.ts';
import { fieldName, keyOf, readable } from '../document/pointer.ts';
import { type Field, type Group, isRole } from '../recipe/recipe.ts';
import { globalRatio, type PlanOptions, type PlanTask } from './assessment.ts';
import { ruleFor } from './keep.ts';
import { keepsVariance, keepsWeights, updateVariance } from './lion.ts';
import { optimizerSettings, peakOf } from './optimizer-settings.ts';
import { constant, type Quantity } from './quantity.ts';
import type { Advice, OptimizerSettings, Ratio } from './rule.ts';

/** One optimizer under a rule. */
interface OptimizerChange {
  readonly settings: OptimizerSettings;
  readonly ratio: Ratio;
  readonly options: PlanOptions;
  readonly peak: Field | undefined;
  /** What the learning rate is multiplied by. */
  readonly factor: number;
  /** The gradient's decay and what it becomes, where there is one and the rule moves decays. */
  readonly momentum: { readonly old: number; readonly now: Quantity; readonly name: string } | undefined;
}

/** What to know about one optimizer: what holds under every rule, then the rule's own advice. */
export function optimizerAdvice(group: Group, task: PlanTask): Advice[] {
  const { batch, options } = task;
  const rule = ruleFor(group, task);
  const settings = optimizerSettings(group);
  const ratio = globalRatio(batch);
  const decay = (x: number, literal = options.literal ?? false) =>
    rule.decay(constant(x), 'gradient', settings, ratio.kappa, { ...options, literal });
  const { gradientDecay = 0 } = settings;
  const moves = gradientDecay > 0 && decay(0.5, false).value !== 0.5;
  const peak = peakOf(group);
  const factor = rule.learningRateFactor(settings, ratio, options).value;
  const momentum = moves
    ? { old: gradientDecay, now: decay(gradientDecay), name: nameOfMomentum(group) }
    : undefined;
  const change = { settings, ratio, options, peak, factor, momentum };
  return [
    ...besideMuon(group, { ...task, rule }),
    ...ALWAYS.flatMap((advise) => advise(change) ?? []),
    ...(peak ? (rule.advice?.(settings, ratio, options, factor) ?? []) : []),
  ];
}

/** What Muon and the Adam beside it share follows the batch by one rule only, and Muon's is taken. */
function besideMuon(group: Group, { recipe, batch, rule, options }: PlanTask): Advice[] {
  const muon = recipe.groups.find(({ pointer, part }) => pointer === group.pointer && part === undefined);
  const shared = muon && peakOf(muon);
  if (group.part !== 'adam' || !shared || shared.value === 0) return [];
  const ratio = globalRatio(batch);
  const factor = rule.learningRateFactor(optimizerSettings(group), ratio, options).value;
  const own = peakOf(group);
  const { title } = group.binding.optimizer;
  const name = fieldName(shared);
  if (!own) {
    const [signal, noise] = [shared.value * ratio.kappa, shared.value * Math.sqrt(ratio.kappa)].map(num);
    const wanted =
      factor === ratio.kappa
        ? `between ${signal} (batch well above the noise scale N) and ${noise} (well below)`
        : num(shared.value * factor);
    return [
      {
        code: 'one-rate-for-two',
        message: `${name} serves both Muon’s matrices, for which kappa*lr is right, and ${title}’s rest, which would need ${wanted}: where the trainer takes a rate of its own for ${title}, set it`,
      },
    ];
  }
  const decay = muon.fields.find((f) => isRole(f, 'weight-decay') && f.value > 0);
  if (!decay || factor === ratio.kappa || group.fields.some((f) => isRole(f, 'weight-decay'))) return [];
  return [
    {
      code: 'one-decay-for-two',
      message: `${fieldName(decay)} serves both Muon, for which it is right, and ${title}, whose ${fieldName(own)}*${fieldName(decay)} per sample is now ${num(factor / ratio.kappa)} times what it was: where the trainer takes one of its own for ${title}, set it to ${num((decay.value * ratio.kappa) / factor)}`,
    },
  ];
}

const ALWAYS: readonly ((change: OptimizerChange) => Advice | undefined)[] = [
  nesterov,
  effectiveLearningRate,
  lionBeta1,
  scheduleFree,
  dampening,
  warmup,
];

/** What to type for the momentum: its key, or its place in a list. */
function nameOfMomentum({ fields }: Group): string {
  const field = fields.find((f) => isRole(f, 'decay') && f.role.of === 'gradient');
  if (!field) return 'momentum';
  return field.part ?? (/\D/.test(keyOf(field.pointer)) ? keyOf(field.pointer) : readable(field.pointer));
}

function nesterov({ settings, ratio: { kappa }, momentum }: OptimizerChange): Advice | undefined {
  if (!settings.nesterov || !momentum) return undefined;
  const [before, after] = newestShare(momentum.old, kappa);
  return {
    code: 'nesterov',
    message: `${settings.optimizer.title} looks one gradient ahead: decay and step per sample are kept, but the weight of the newest samples goes from ${num(before)} to ${num(after)}; no momentum keeps both`,
  };
}

/**
 * Under Nesterov's g + mu*buf, what the newest samples (one batch of the larger size) weigh before and after:
 * newest batch 1-mu^2, newest k smaller batches 1-mu^(1+1/k) of the larger one's decay.
 */
function newestShare(mu: number, kappa: number): [before: number, after: number] {
  return kappa > 1 ? [1 - mu ** (kappa + 1), 1 - mu ** (2 * kappa)] : [1 - mu ** 2, 1 - mu ** (1 + kappa)];
}

function effectiveLearningRate(change: OptimizerChange): Advice | undefined {
  const { settings, ratio, peak, factor, momentum } = change;
  const { optimizer, dampening: tau = 0 } = settings;
  if (optimizer.normalises !== 'never' || optimizer.buffer !== 'sum' || !peak || !momentum) return undefined;
  const { kappa } = ratio;
  const { old: mu, now } = momentum;
  const damped = tau === mu && tau !== 0 ? now.complement : 1 - tau;
  const [rate, newRate] = [peak.value * (1 - tau), peak.value * factor * damped];
  const [before, after] = [rate / (1 - mu), newRate / now.complement];
  return {
    code: 'effective-lr',
    message: `the step per gradient is lr/(1-mu): ${num(before)} before, ${num(after)} after, which is kappa = ${fraction(kappa)} times; kappa*lr with the new momentum would be ${num((1 - mu) / now.complement)} of that${kappa > 1 ? stability(change, momentum, [rate, newRate]) : ''}`,
  };
}

/** Below this little is left of what makes a large step stable. */
const SMALL_MOMENTUM = 0.6;

/** A larger batch takes larger steps with less momentum, and both make them less stable. */
function stability(
  { settings: { nesterov: ahead }, ratio: { kappa } }: OptimizerChange,
  { old: mu, now, name }: NonNullable<OptimizerChange['momentum']>,
  [rate, newRate]: readonly [number, number],
): string {
  const [old, after] = [stableCurvature(rate, mu, ahead), stableCurvature(newRate, now.value, ahead)];
  const formula = ahead ? '2(1+mu)/(1+2mu)/lr' : '2(1+mu)/lr';
  const text = `. The largest curvature it is stable at, ${formula}, goes from ${num(old)} to ${num(after)}: a learning rate that was near its limit is now beyond it`;
  if (now.value >= SMALL_MOMENTUM) return text;
  return `${text}. --keep ${name} writes kappa*lr with the old momentum, stable up to ${num(old / kappa)}; two small networks followed the old run as closely with it, and none went astray`;
}

/**
 * Where roots of the recursion leave the unit circle on curvature h: heavy ball, z^2 - (1+mu-lr*h) z + mu, is stable
 * for lr*h < 2(1+mu); Nesterov's, z^2 - (1+mu)(1-lr*h) z + mu(1-lr*h), for lr*h < 2(1+mu)/(1+2mu).
 * @param lr what the buffer's newest gradient moves, above 0
 * @param mu in [0, 1)
 */
export function stableCurvature(lr: number, mu: number, nesterov: boolean): number {
  return (2 * (1 + mu)) / (nesterov ? 1 + 2 * mu : 1) / lr;
}

/** Where beta1 is not what the rule says, or keeps something else. */
function lionBeta1({ settings, ratio: { kappa }, options, momentum }: OptimizerChange): Advice | undefined {
  const { optimizer, secondMomentDecay: beta2 } = settings;
  if (!optimizer.mixesNewest || !beta2 || !momentum) return undefined;
  const [b1, b2] = [constant(momentum.old), constant(beta2)];
  const literal = keepsWeights(b1, b2, kappa);
  if (!(options.literal ? literal : keepsVariance(b1, b2, kappa)))
    return {
      code: 'lion-beta1',
      message: `beta1 ${num(momentum.old)} lies so high above beta2 ${num(beta2)} that the newest gradient hardly counts in the update; using beta1^kappa`,
    };
  const variance = updateVariance([b1.value, b2.value], [momentum.now.value, b2.value ** kappa], kappa);
  if (Math.abs(variance - 1) < 1e-6)
    return (
      literal && {
        code: 'lion-noise',
        message: `${optimizer.title}’s beta1 weighs the newest gradient against the buffer: ${num(momentum.now.value)} keeps the noise of that mixture, which stayed closest to the old path at worst; --literal writes ${num(literal.value)}, which keeps the weight of older samples`,
      }
    );
  return {
    code: 'lion-noise',
    message: `beta1 ${num(momentum.now.value)} makes the noise variance of the update ${num(variance)} times what it was per sample${
      options.literal
        ? '; without --literal it is kept, which followed the old path closer in the worst case'
        : variance < 1
          ? ': one new batch alone has less'
          : ', the least that any beta1 gives'
    }`,
  };
}

function scheduleFree({ settings: { optimizer } }: OptimizerChange): Advice | undefined {
  if (!optimizer.interpolatesIterates) return undefined;
  return {
    code: 'schedule-free',
    message: `the first beta of ${optimizer.title} interpolates between iterates and is not an average; it stays, as there is no tested rule for it`,
  };
}

function dampening({ settings }: OptimizerChange): Advice | undefined {
  const { dampening: tau = 0, gradientDecay = 0 } = settings;
  if (tau === 0 || tau === gradientDecay) return undefined;
  return {
    code: 'dampening',
    message: `dampening ${num(tau)} is neither 0 nor the momentum: it is kept, and the learning rate allows for it exactly, except for the first step, which is not dampened`,
  };
}

function warmup({ settings: { optimizer }, options }: OptimizerChange): Advice | undefined {
  if (!optimizer.keepsWarmupSteps || options.steps === 'keep') return undefined;
  return {
    code: 'lamb-warmup',
    message: `warm-up is kept in samples; the ${optimizer.title} paper instead keeps its steps while the batch grows (--steps keep)`,
  };
}
