import type { Binding, Optimizer, OptimizerDefaults } from './optimizer.ts';
import { OPTIMIZERS, type OptimizerName } from './table.ts';

/** One name in one library: which optimizer it is, where it differs from the table, and what it takes by default. */
interface Spelling extends OptimizerDefaults {
  readonly is: OptimizerName;
  readonly differs?: Partial<Optimizer>;
}

interface Library {
  /** Names that are not found here are looked up there. */
  readonly extends?: string;
  /** By name in lower case without `_` and `-`, and without the decorations below. */
  readonly names: Readonly<Record<string, Spelling>>;
}

const ADAM: OptimizerDefaults = {
  lr: 1e-3,
  gradient: 0.9,
  secondMoment: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
};

/** Muon for the matrices and AdamW for the rest, under one learning rate: the betas are AdamW's. */
const MUON_BESIDE_ADAM: Partial<Optimizer> = { title: 'Muon beside AdamW', secondMoment: true };

/**
 * What each framework calls its optimizers and which defaults they have there.
 * The facts of a library follow its source, named at its head.
 */
const LIBRARIES: Readonly<Record<string, Library>> = {
  // pytorch/pytorch torch/optim/*.py (2.14); names that torch lacks are the customary packages'.
  torch: {
    names: {
      sgd: { is: 'sgd', lr: 1e-3, gradient: 0, dampening: 0, weightDecay: 0, nesterov: false },
      adam: { is: 'adam', ...ADAM },
      adamw: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      nadam: { is: 'nadam', ...ADAM, lr: 2e-3 },
      radam: { is: 'radam', ...ADAM },
      adamax: { is: 'adam', ...ADAM, lr: 2e-3 },
      adagrad: { is: 'adagrad', lr: 1e-2, weightDecay: 0, epsilon: 1e-10 },
      adadelta: { is: 'adadelta', lr: 1, secondMoment: 0.9, weightDecay: 0, epsilon: 1e-6 },
      adafactor: { is: 'adafactor', lr: 1e-2, weightDecay: 0 },
      rmsprop: { is: 'rmsprop', lr: 1e-2, gradient: 0, secondMoment: 0.99, weightDecay: 0, epsilon: 1e-8 },
      muon: { is: 'muon', lr: 1e-3, gradient: 0.95, weightDecay: 0.1, nesterov: true },
      lamb: { is: 'lamb', ...ADAM, epsilon: 1e-6 },
      lars: { is: 'lars', gradient: 0.9 },
      lion: { is: 'lion', lr: 1e-4, gradient: 0.9, secondMoment: 0.99, weightDecay: 0 },
      ademamix: { is: 'ademamix', ...ADAM, third: 0.9999, weightDecay: 0.01 },
      novograd: { is: 'novograd', lr: 1e-3, gradient: 0.95, secondMoment: 0.98, epsilon: 1e-8 },
      came: { is: 'came', gradient: 0.9, secondMoment: 0.999, third: 0.9999 },
      sophia: { is: 'sophia', gradient: 0.965, secondMoment: 0.99 },
      sophiag: { is: 'sophia', gradient: 0.965, secondMoment: 0.99 },
      shampoo: { is: 'shampoo' },
      soap: { is: 'soap', gradient: 0.95, secondMoment: 0.95 },
      schedulefreeadamw: { is: 'schedule-free-adamw', secondMoment: 0.999 },
      adamwschedulefree: { is: 'schedule-free-adamw', secondMoment: 0.999 },
      schedulefreeradam: { is: 'schedule-free-adamw', secondMoment: 0.999 },
      schedulefreesgd: { is: 'schedule-free-sgd' },
      sgdschedulefree: { is: 'schedule-free-sgd' },
      galoreadamw: { is: 'adamw', ...ADAM },
      galoreadafactor: { is: 'adafactor' },
      apolloadamw: { is: 'adamw', ...ADAM },
      stableadamw: { is: 'adamw', gradient: 0.9, secondMoment: 0.99 },
      grokadamw: { is: 'adamw', ...ADAM },
      decoupledadamw: {
        is: 'adamw',
        ...ADAM,
        weightDecay: 1e-5,
        secondMoment: 0.999,
        differs: { weightDecay: 'independent' },
      },
    },
  },
  // huggingface/transformers src/transformers/trainer_optimizer.py (5.18): the betas are TrainingArguments', wd 0.
  hf: {
    extends: 'torch',
    names: {
      adamw: { is: 'adamw', ...ADAM, lr: 5e-5 },
      sgd: { is: 'sgd', gradient: 0, dampening: 0, weightDecay: 0, nesterov: false },
      lion: { is: 'lion', gradient: 0.9, secondMoment: 0.999, weightDecay: 0 },
      ademamix: { is: 'ademamix', ...ADAM, third: 0.9999 },
      rmsprop: { is: 'rmsprop', gradient: 0, secondMoment: 0.99 },
    },
  },
  // axolotl-ai-cloud/axolotl src/axolotl/core/builders/base.py: the Trainer's optimizers and some more, all with TrainingArguments' betas.
  axolotl: {
    extends: 'hf',
    names: {
      aoadamw: { is: 'adamw', ...ADAM },
      optimiadamw: { is: 'adamw' },
      adoptadamw: { is: 'adamw', differs: { title: 'ADOPT' } },
      muon: { is: 'muon', nesterov: false, differs: MUON_BESIDE_ADAM },
      camepy: { is: 'came', gradient: 0.9, secondMoment: 0.999, third: 0.9999 },
      camepytorch: { is: 'came', gradient: 0.9, secondMoment: 0.999, third: 0.9999 },
    },
  },
  // hiyouga/LLaMA-Factory src/llamafactory/third_party/muon/muon.py: a summing buffer, momentum 0.95, Nesterov.
  'llama-factory': {
    extends: 'hf',
    names: { muon: { is: 'muon-sum', nesterov: false, differs: MUON_BESIDE_ADAM } },
  },
  // deepspeedai/DeepSpeed deepspeed/runtime/engine.py _configure_basic_optimizer: Adam is AdamW unless adam_w_mode is false.
  deepspeed: {
    extends: 'torch',
    names: {
      adam: { is: 'adamw', ...ADAM },
      adamw: { is: 'adamw', ...ADAM },
      onebitadam: { is: 'adamw', ...ADAM },
      zerooneadam: { is: 'adamw', ...ADAM },
      muadam: { is: 'adam', ...ADAM },
      muadamw: { is: 'adamw', ...ADAM },
      musgd: { is: 'sgd', gradient: 0, dampening: 0 },
      lamb: { is: 'lamb', ...ADAM },
      onebitlamb: { is: 'lamb', ...ADAM },
      lion: { is: 'lion', lr: 1e-3, gradient: 0.9, secondMoment: 0.99, weightDecay: 0 },
      // runtime/zero/muon/original_muon.py MuonWithAuxAdam: one optimizer, AdamW for what is no matrix.
      muon: {
        is: 'muon',
        gradient: 0.95,
        epsilon: 1e-10,
        weightDecay: 0,
        nesterov: true,
        differs: MUON_BESIDE_ADAM,
      },
    },
  },
};

/**
 * Words around an optimizer's name that change its storage or its kernel, not its rule: adamw_bnb_8bit,
 * paged_lion_32bit, FusedAdam, adamw_torch_npu_fused.
 */
const DECORATIONS =
  /torch|fused|foreach|apex|xla|npu|cpu|bnb|paged|anyprecision|layerwise|(?:4|8|16|32)bits?|(?:4|8|16|32)b$/g;

/** All library names, for messages and tests. */
export const LIBRARY_NAMES: readonly string[] = Object.keys(LIBRARIES);

/**
 * Finds an optimizer by the name a config gives it (`torch.optim.AdamW`, `adamw_bnb_8bit`, `OneBitLamb`).
 * @returns undefined where no table knows the name
 */
export function findOptimizer(library: string, name: string): Binding | undefined {
  const plain = (name.split('.').at(-1) ?? name).toLowerCase().replace(/[_\-\s]/g, '');
  for (let at: string | undefined = library; at; at = LIBRARIES[at]?.extends) {
    const names: Readonly<Record<string, Spelling>> = LIBRARIES[at]?.names ?? {};
    const spelling = names[plain] ?? names[plain.replace(DECORATIONS, '')];
    if (!spelling) continue;
    const { is, differs, ...defaults } = spelling;
    return { optimizer: { ...OPTIMIZERS[is], ...differs }, defaults };
  }
  return undefined;
}

/** The canonical optimizers' names, for an error that lists what can be declared. */
export function optimizerNames(): string[] {
  return Object.keys(OPTIMIZERS);
}
