import type { LibraryName } from '../dialect/meta-schema.ts';
import type { Optimizer, OptimizerDefaults } from './optimizer.ts';
import type { OptimizerName } from './table.ts';

/** One name in one library: which optimizer it is, where it differs from the table, and its defaults. */
export interface Spelling extends OptimizerDefaults {
  readonly is: OptimizerName;
  readonly differs?: Partial<Optimizer>;
}

export interface Library {
  /** Names that are not found here are looked up there. */
  readonly extends?: string;
  /** It is a Python package too, whose classes have these defaults (`apex.optimizers.FusedLAMB`). */
  readonly package?: true;
  /** By name in lower case without `_` and `-`, and without the decorations (find.ts). */
  readonly names: Readonly<Record<string, Spelling>>;
}

const ADAM: OptimizerDefaults = {
  lr: 1e-3,
  gradient: 0.9,
  secondMoment: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
};

const LION: OptimizerDefaults = { lr: 1e-4, gradient: 0.9, secondMoment: 0.99, weightDecay: 0 };

const KERAS_ADAM: OptimizerDefaults = { lr: 1e-3, gradient: 0.9, secondMoment: 0.999, epsilon: 1e-7 };

const TIMM_ADAM: OptimizerDefaults = { gradient: 0.9, secondMoment: 0.999, epsilon: 1e-8 };

const TIMM_SGD: OptimizerDefaults = { gradient: 0.9, dampening: 0, nesterov: true };

const GARDEN_ADAM: OptimizerDefaults = { gradient: 0.9, secondMoment: 0.999, epsilon: 1e-7 };

const LEVANTER: OptimizerDefaults = { lr: 6e-4, gradient: 0.9, epsilon: 1e-8, weightDecay: 0.1 };

const TIMES_LR: Pick<Spelling, 'differs'> = { differs: { weightDecay: 'times-lr' } };

const INDEPENDENT: Pick<Spelling, 'differs'> = { differs: { weightDecay: 'independent' } };

/** NovoGrad with grad_averaging. */
const AVERAGES: Pick<Spelling, 'differs'> = { differs: { buffer: 'ema' } };

/** facebookresearch/schedule_free schedulefree/{adamw,radam}_schedulefree.py: the first beta is not an average and stays. */
const SCHEDULE_FREE: Spelling = {
  is: 'schedule-free-adamw',
  lr: 2.5e-3,
  secondMoment: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
};

/**
 * What each framework calls its optimizers and which defaults they have there.
 * The facts of a library follow its source, named at its head.
 */
export const LIBRARIES: Readonly<Record<string, Library>> = {
  // pytorch/pytorch torch/optim/*.py (2.14).
  torch: {
    extends: 'customary',
    package: true,
    names: {
      sgd: { is: 'sgd', lr: 1e-3, gradient: 0, dampening: 0, weightDecay: 0, nesterov: false },
      adam: { is: 'adam', ...ADAM },
      adamw: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      nadam: { is: 'nadam', ...ADAM, lr: 2e-3 },
      radam: { is: 'radam', ...ADAM },
      adamax: { is: 'adamax', ...ADAM, lr: 2e-3 },
      adagrad: { is: 'adagrad', lr: 1e-2, weightDecay: 0, epsilon: 1e-10 },
      adadelta: { is: 'adadelta', lr: 1, secondMoment: 0.9, weightDecay: 0, epsilon: 1e-6 },
      adafactor: { is: 'adafactor', lr: 1e-2, weightDecay: 0 },
      rmsprop: { is: 'rmsprop', lr: 1e-2, gradient: 0, secondMoment: 0.99, weightDecay: 0, epsilon: 1e-8 },
      muon: { is: 'muon', lr: 1e-3, gradient: 0.95, weightDecay: 0.1, nesterov: true },
      // Not torch's but apex's or DeepSpeed's, where Adam is AdamW by default.
      fusedadam: { is: 'adamw', ...ADAM },
      cpuadam: { is: 'adamw', ...ADAM },
      // Nor torch's but bitsandbytes', whose Adam is AdamW (csrc/kernels.cu).
      adam8bit: { is: 'adamw', ...ADAM },
      adam32bit: { is: 'adamw', ...ADAM },
      pagedadam: { is: 'adamw', ...ADAM },
      pagedadam8bit: { is: 'adamw', ...ADAM },
      pagedadam32bit: { is: 'adamw', ...ADAM },
    },
  },
  // Names that torch lacks: several packages have each, so a value is given only where those that were read agree
  // (huggingface/pytorch-image-models timm/optim, jettify/pytorch-optimizer, kozistr/pytorch_optimizer, NVIDIA/apex,
  // bitsandbytes, and the optimizer's own repository).
  customary: {
    names: {
      deepspeedcpuadam: { is: 'adamw', ...ADAM },
      // hpcaitech/ColossalAI colossalai/nn/optimizer/hybrid_adam.py: AdamW unless adamw_mode is False.
      hybridadam: { is: 'adamw', ...ADAM },
      // Paddle's, TensorFlow's and timm's name for heavy ball; its learning rate is outside the buffer in all three
      // (PaddlePaddle/Paddle python/paddle/optimizer/momentum.py).
      momentum: { is: 'sgd' },
      // PiotrNawrot/nanoT5 nanot5/utils/copied_utils.py: AdamW whose rate is times the weights' root mean square.
      adamwscale: { is: 'adamw', gradient: 0.9, secondMoment: 0.999 },
      // open-mmlab/OpenPCDet tools/train_utils/optimization: Adam with betas (0.9, 0.99) whose decay is times lr
      // (true_wd); the schedule moves beta1 between MOMS.
      adamonecycle: { is: 'adamw', secondMoment: 0.99 },
      // No epsilon (1e-6, DeepSpeed and bitsandbytes 1e-8), no weight decay (0; timm and apex 0.01).
      lamb: { is: 'lamb', lr: 1e-3, gradient: 0.9, secondMoment: 0.999 },
      // No momentum: 0 in timm, 0.9 in kozistr's and optax.
      lars: { is: 'lars' },
      lion: { is: 'lion', ...LION },
      // No weight decay: 0 in apple/ml-ademamix, 0.01 in bitsandbytes.
      ademamix: {
        is: 'ademamix',
        lr: 1e-3,
        gradient: 0.9,
        secondMoment: 0.999,
        third: 0.9999,
        epsilon: 1e-8,
      },
      adopt: { is: 'adopt', lr: 1e-3, gradient: 0.9, secondMoment: 0.9999, epsilon: 1e-6, weightDecay: 0 },
      // No betas: (0.95, 0.98) in NVIDIA's, (0.95, 0) in jettify's.
      novograd: { is: 'novograd', lr: 1e-3, epsilon: 1e-8, weightDecay: 0 },
      fusednovograd: { is: 'novograd', ...ADAM, ...AVERAGES },
      came: { is: 'came', gradient: 0.9, secondMoment: 0.999, third: 0.9999, weightDecay: 0 },
      sophia: { is: 'sophia' },
      // Liuhong99/Sophia sophia.py; its learning rate and rho differ between versions.
      sophiag: { is: 'sophia', gradient: 0.965, secondMoment: 0.99, weightDecay: 0.1 },
      shampoo: { is: 'shampoo' },
      soap: { is: 'soap', lr: 3e-3, gradient: 0.95, secondMoment: 0.95, epsilon: 1e-8, weightDecay: 0.01 },
      schedulefreeadamw: SCHEDULE_FREE,
      adamwschedulefree: SCHEDULE_FREE,
      schedulefreeradam: SCHEDULE_FREE,
      radamschedulefree: SCHEDULE_FREE,
      schedulefreesgd: { is: 'schedule-free-sgd', lr: 1, weightDecay: 0 },
      sgdschedulefree: { is: 'schedule-free-sgd', lr: 1, weightDecay: 0 },
      // jiaweizzhao/GaLore galore_torch/adamw.py, a copy of transformers' former AdamW.
      galoreadamw: { is: 'adamw', ...ADAM, epsilon: 1e-6 },
      galoreadafactor: { is: 'adafactor' },
      // Its defaults are not confirmed.
      apolloadamw: { is: 'adamw' },
      // warner-benjamin/optimi optimi/stableadamw.py and kozistr's; epsilon is 1e-6 in one and 1e-8 in the other.
      stableadamw: { is: 'adamw', gradient: 0.9, secondMoment: 0.99, weightDecay: 0.01 },
      // cognitivecomputations/grokadamw: AdamW on gradients with an amplified average of their own.
      grokadamw: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      decoupledadamw: {
        is: 'adamw',
        ...ADAM,
        secondMoment: 0.95,
        weightDecay: 1e-5,
        ...INDEPENDENT,
      },
    },
  },
  // NVIDIA/apex apex/optimizers/fused_{adam,lamb,novograd}.py. NovoGrad averages (grad_averaging True).
  apex: {
    extends: 'torch',
    package: true,
    names: {
      adam: { is: 'adamw', ...ADAM },
      lamb: { is: 'lamb', ...ADAM, epsilon: 1e-6, weightDecay: 0.01 },
      novograd: { is: 'novograd', ...ADAM, ...AVERAGES },
    },
  },
  // bitsandbytes-foundation/bitsandbytes bitsandbytes/optim/*.py, csrc/kernels.cu: one kernel for Adam and AdamW, with
  // p *= 1-lr*weight_decay; LAMB is that Adam with a step of at most the weights' norm.
  bitsandbytes: {
    extends: 'torch',
    package: true,
    names: {
      adam: { is: 'adamw', ...ADAM },
      adamw: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      ademamix: { is: 'ademamix', ...ADAM, third: 0.9999, weightDecay: 0.01 },
      lamb: { is: 'lamb', ...ADAM },
      lion: { is: 'lion', ...LION },
      rmsprop: { is: 'rmsprop', lr: 1e-2, gradient: 0, secondMoment: 0.99, weightDecay: 0, epsilon: 1e-8 },
    },
  },
  // huggingface/transformers src/transformers/trainer_optimizer.py (5.18): the betas are TrainingArguments', wd 0; those
  // of Lion too, so beta2 is 0.999. RMSprop bnb is bitsandbytes'. LOMO is SGD without momentum, AdaLomo an Adafactor
  // (OpenLMLab/LOMO lomo_optim/*.py).
  hf: {
    extends: 'torch',
    names: {
      adamw: { is: 'adamw', ...ADAM, lr: 5e-5 },
      sgd: { is: 'sgd', gradient: 0, dampening: 0, weightDecay: 0, nesterov: false },
      lion: { is: 'lion', gradient: 0.9, secondMoment: 0.999, weightDecay: 0 },
      ademamix: { is: 'ademamix', ...ADAM, third: 0.9999 },
      rmsprop: { is: 'rmsprop', gradient: 0, secondMoment: 0.99 },
      adamwhf: { is: 'adamw', ...ADAM, lr: 5e-5 },
      lomo: { is: 'sgd', gradient: 0, nesterov: false, ...TIMES_LR },
      adalomo: { is: 'adafactor', weightDecay: 0 },
    },
  },
  // axolotl-ai-cloud/axolotl src/axolotl/core/builders/base.py: the Trainer's optimizers and some more, all with TrainingArguments' betas.
  axolotl: {
    extends: 'hf',
    names: {
      aoadamw: { is: 'adamw', ...ADAM },
      aoadamwfp8: { is: 'adamw', ...ADAM },
      optimiadamw: { is: 'adamw' },
      adoptadamw: { is: 'adopt' },
      muon: { is: 'muon', nesterov: false },
      camepy: { is: 'came', gradient: 0.9, secondMoment: 0.999, third: 0.9999 },
      camepytorch: { is: 'came', gradient: 0.9, secondMoment: 0.999, third: 0.9999 },
    },
  },
  // mosaicml/composer composer/optim/decoupled_weight_decay.py, mosaicml/llm-foundry llmfoundry/optim/{lion,adaptive_lion}.py:
  // p *= 1 - (lr/initial_lr)*weight_decay, so the decay does not depend on the peak learning rate.
  composer: {
    extends: 'torch',
    package: true,
    names: {
      decoupledsgdw: {
        is: 'sgd',
        gradient: 0,
        dampening: 0,
        weightDecay: 0,
        nesterov: false,
        ...INDEPENDENT,
      },
      decoupledadamw: { is: 'adamw', ...ADAM, secondMoment: 0.95, weightDecay: 1e-5, ...INDEPENDENT },
      decoupledlionw: { is: 'lion', ...LION, ...INDEPENDENT },
      adalrlion: { is: 'lion', ...LION, ...INDEPENDENT },
      cliplion: { is: 'lion', ...LION, ...INDEPENDENT },
    },
  },
  // AI-Hypercomputer/maxtext src/maxtext/optimizers/optimizers.py; the defaults are base.yml's.
  maxtext: {
    extends: 'torch',
    names: {
      adamw: { is: 'adamw' },
      adampax: { is: 'adamw' },
      sgd: { is: 'sgd', gradient: 0 },
      muon: { is: 'muon', nesterov: true },
    },
  },
  // allenai/OLMo olmo/optim.py: the decay is times lr, under the old name decoupled_lionw too.
  olmo: {
    extends: 'torch',
    names: { lionw: { is: 'lion' }, decoupledlionw: { is: 'lion' }, adamw: { is: 'adamw' } },
  },
  // facebookresearch/fairseq fairseq/optim/*.py: weights shrink by lr*weight_decay in all but torch's own optimizers.
  fairseq: {
    extends: 'torch',
    names: {
      adam: { is: 'adamw' },
      cpuadam: { is: 'adamw' },
      adamax: { is: 'adamax', ...TIMES_LR },
      lamb: { is: 'lamb', ...ADAM },
      // nag.py: the learning rate is in the buffer, but a change of it rescales the buffer at once (lr_correct).
      nag: { is: 'sgd', gradient: 0.99, weightDecay: 0, nesterov: true, ...TIMES_LR },
      sgd: { is: 'sgd', gradient: 0, dampening: 0, weightDecay: 0 },
    },
  },
  // keras-team/keras keras/src/optimizers/*.py (3.15): the learning rate is inside SGD's and RMSprop's buffers, weight decay is
  // variable*wd*lr beside every step (LAMB's too), Muon's buffer sums and AdamW runs beside it. Adagrad's epsilon is inside the root, unlike torch's.
  keras: {
    extends: 'torch',
    package: true,
    names: {
      sgd: { is: 'sgd-lr-in-buffer', lr: 0.01, gradient: 0, nesterov: false },
      rmsprop: { is: 'rmsprop-tf', ...KERAS_ADAM, gradient: 0, secondMoment: 0.9, ...TIMES_LR },
      adam: { is: 'adam', ...KERAS_ADAM, ...TIMES_LR },
      adamw: { is: 'adamw', ...KERAS_ADAM, weightDecay: 0.004 },
      adamax: { is: 'adamax', ...KERAS_ADAM, ...TIMES_LR },
      nadam: { is: 'nadam', ...KERAS_ADAM, ...TIMES_LR },
      lamb: { is: 'lamb', ...KERAS_ADAM, differs: { decayInTrustRatio: false } },
      lion: { is: 'lion', lr: 1e-3, gradient: 0.9, secondMoment: 0.99 },
      muon: {
        is: 'muon-sum',
        ...KERAS_ADAM,
        gradient: 0.95,
        weightDecay: 0.004,
        nesterov: true,
      },
      adagrad: {
        is: 'adagrad',
        lr: 1e-3,
        epsilon: 1e-7,
        differs: { weightDecay: 'times-lr', epsilonInside: true },
      },
      adadelta: { is: 'adadelta', lr: 1e-3, secondMoment: 0.95, epsilon: 1e-7, ...TIMES_LR },
      adafactor: { is: 'adafactor', lr: 1e-3 },
      schedulefreeadamw: { is: 'schedule-free-adamw', lr: 2.5e-3, secondMoment: 0.999, epsilon: 1e-8 },
    },
  },
  // tensorflow/models official/modeling/optimization/optimizer_factory.py and configs/optimizer_config.py: Keras 2's
  // optimizers and the garden's own AdamWeightDecay, LAMB and LARS; the learning rate is in lr_schedule.
  'tf-model-garden': {
    extends: 'torch',
    names: {
      sgd: { is: 'sgd-lr-in-buffer', gradient: 0, nesterov: false },
      sgdexperimental: { is: 'sgd-lr-in-buffer', gradient: 0, nesterov: false },
      adam: { is: 'adam', ...GARDEN_ADAM },
      adamexperimental: { is: 'adam', ...GARDEN_ADAM },
      adamw: { is: 'adamw', ...GARDEN_ADAM, weightDecay: 0 },
      adamwexperimental: { is: 'adamw', ...GARDEN_ADAM, weightDecay: 0 },
      lamb: { is: 'lamb', ...GARDEN_ADAM, epsilon: 1e-6, weightDecay: 0 },
      rmsprop: { is: 'rmsprop-tf', gradient: 0, secondMoment: 0.9, epsilon: 1e-7 },
      adagrad: { is: 'adagrad', epsilon: 1e-7 },
      adafactor: { is: 'adafactor' },
      lars: { is: 'lars', gradient: 0.9, weightDecay: 0, nesterov: false, differs: { lrInBuffer: true } },
      popularlars: { is: 'lars', differs: { normalises: 'after-momentum' } },
    },
  },
  // hiyouga/LLaMA-Factory src/llamafactory/third_party/muon/muon.py: the buffer sums.
  'llama-factory': {
    extends: 'hf',
    names: { muon: { is: 'muon-sum', nesterov: false } },
  },
  // PrimeIntellect-ai/prime-rl src/prime_rl/trainer/optim/__init__.py: Muon of dion, whose buffer sums, beside AdamW.
  'prime-rl': {
    extends: 'torch',
    names: { muon: { is: 'muon-sum', nesterov: false } },
  },
  // stanford-crfm/levanter src/levanter/optim/*.py: adam adds its weight decay to the update, cautious masks it, and
  // Muon's buffer sums beside an AdamW with a rate of its own (adam_lr).
  levanter: {
    names: {
      adam: { is: 'adamw', ...LEVANTER, secondMoment: 0.95 },
      cautious: { is: 'adamw', ...LEVANTER, gradient: 0.95, secondMoment: 0.95 },
      adopt: { is: 'adopt', ...LEVANTER, secondMoment: 0.95, epsilon: 1e-6 },
      lion: { is: 'lion', ...LEVANTER, secondMoment: 0.95 },
      sophiah: { is: 'sophia', ...LEVANTER, gradient: 0.96, secondMoment: 0.99, epsilon: 1e-12 },
      soap: { is: 'soap', ...LEVANTER, gradient: 0.95, secondMoment: 0.95, weightDecay: 0 },
      muon: {
        is: 'muon-sum',
        ...LEVANTER,
        secondMoment: 0.95,
        weightDecay: 0,
        nesterov: true,
      },
    },
  },
  // deepspeedai/DeepSpeed deepspeed/runtime/engine.py _configure_basic_optimizer: Adam is AdamW unless adam_w_mode is
  // false (ops/adam), LAMB's epsilon is 1e-8 (ops/lamb), Lion's beta2 0.999 (ops/lion), MuAdamW is torch's AdamW (mup).
  deepspeed: {
    extends: 'torch',
    package: true,
    names: {
      adam: { is: 'adamw', ...ADAM },
      adamw: { is: 'adamw', ...ADAM },
      onebitadam: { is: 'adamw', ...ADAM },
      zerooneadam: { is: 'adamw', ...ADAM },
      muadam: { is: 'adam', ...ADAM },
      muadamw: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      musgd: { is: 'sgd', gradient: 0, dampening: 0 },
      lamb: { is: 'lamb', ...ADAM },
      onebitlamb: { is: 'lamb', ...ADAM },
      lion: { is: 'lion', lr: 1e-3, gradient: 0.9, secondMoment: 0.999, weightDecay: 0 },
      // runtime/zero/muon/original_muon.py MuonWithAuxAdam: one optimizer, AdamW for all but matrices.
      muon: {
        is: 'muon',
        gradient: 0.95,
        epsilon: 1e-10,
        weightDecay: 0,
        nesterov: true,
      },
    },
  },
  // NVIDIA/Megatron-LM megatron/core/optimizer/optimizer_config.py: decoupled_weight_decay is on, and Muon leaves
  // embeddings, biases and norms to an Adam whose second moment is set beside it.
  megatron: {
    extends: 'torch',
    names: {
      adam: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      sgd: { is: 'sgd', gradient: 0.9, dampening: 0, weightDecay: 0.01 },
      lion: { is: 'lion', gradient: 0.95, secondMoment: 0.98, weightDecay: 0.01 },
      muon: { is: 'muon', nesterov: false },
      distmuon: { is: 'muon', nesterov: false },
      soap: { is: 'soap', ...ADAM, weightDecay: 0.01 },
    },
  },
  // NVIDIA/NeMo nemo/core/optim/optimizers.py, novograd.py; the fused and distributed ones are apex's and Megatron's,
  // whose weight decay is decoupled.
  nemo: {
    extends: 'torch',
    package: true,
    names: {
      fusedadam: { is: 'adamw', ...ADAM },
      megatronfusedadam: { is: 'adamw', ...ADAM },
      distributedfusedadam: { is: 'adamw', ...ADAM },
      mcoredistributedoptim: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      lamb: { is: 'lamb', ...ADAM, epsilon: 1e-6, weightDecay: 0.01 },
      adafactor: { is: 'adafactor', weightDecay: 0 },
      novograd: {
        is: 'novograd',
        lr: 1e-3,
        gradient: 0.95,
        secondMoment: 0.98,
        epsilon: 1e-8,
        weightDecay: 0,
      },
      novogradgradaveraging: {
        is: 'novograd',
        lr: 1e-3,
        gradient: 0.95,
        secondMoment: 0.98,
        epsilon: 1e-8,
        weightDecay: 0,
        differs: { buffer: 'ema' },
      },
    },
  },
  // Project-MONAI/MONAI monai/optimizers/novograd.py: sums unless grad_averaging is set, as NeMo's.
  monai: {
    extends: 'torch',
    package: true,
    names: {
      novograd: {
        is: 'novograd',
        lr: 1e-3,
        gradient: 0.9,
        secondMoment: 0.98,
        epsilon: 1e-8,
        weightDecay: 0,
      },
      novogradgradaveraging: {
        is: 'novograd',
        lr: 1e-3,
        gradient: 0.9,
        secondMoment: 0.98,
        epsilon: 1e-8,
        weightDecay: 0,
        differs: { buffer: 'ema' },
      },
    },
  },
  // mit-han-lab/efficientvit efficientvit/apps/utils/opt.py REGISTERED_OPTIMIZER_DICT: SGD is Nesterov's.
  efficientvit: {
    extends: 'torch',
    names: { sgd: { is: 'sgd', gradient: 0.9, dampening: 0, weightDecay: 0, nesterov: true } },
  },
  // ostris/ai-toolkit toolkit/optimizer.py: all Adams have epsilon 1e-6; adam8 and adamw8 are its own
  // (toolkit/optimizers/adam8bit.py, decouple True in both), those in 8bit bitsandbytes'.
  'ai-toolkit': {
    extends: 'torch',
    names: {
      adam: { is: 'adam', ...ADAM, epsilon: 1e-6 },
      adamw: { is: 'adamw', ...ADAM, epsilon: 1e-6, weightDecay: 0.01 },
      adam8: { is: 'adamw', ...ADAM, epsilon: 1e-6 },
      adamw8: { is: 'adamw', ...ADAM, epsilon: 1e-6 },
      adam8bit: { is: 'adamw', ...ADAM, epsilon: 1e-6 },
      ademamix8bit: { is: 'ademamix', ...ADAM, third: 0.9999, epsilon: 1e-6, weightDecay: 0.01 },
    },
  },
  // Nerogar/OneTrainer modules/util/create.py: those in 8bit, AdEMAMix, LAMB, LARS, RMSprop and Adagrad are bitsandbytes',
  // ADOPT is kozistr's with weight_decouple False, Muon the same MuonWithAuxAdam as DeepSpeed's.
  onetrainer: {
    extends: 'torch',
    names: {
      lion8bit: { is: 'lion', gradient: 0.9, secondMoment: 0.999, weightDecay: 0 },
      ademamix: { is: 'ademamix', ...ADAM, third: 0.9999, weightDecay: 0.01 },
      lamb: { is: 'lamb', ...ADAM },
      lars: { is: 'lars', gradient: 0, weightDecay: 0, nesterov: false },
      adopt: {
        is: 'adopt',
        gradient: 0.9,
        secondMoment: 0.9999,
        epsilon: 1e-6,
        weightDecay: 0,
        differs: { weightDecay: 'coupled' },
      },
      schedulefreeadamw: { ...SCHEDULE_FREE, weightDecay: 0.01 },
      muon: { is: 'muon', gradient: 0.95, weightDecay: 0, nesterov: true },
    },
  },
  // kohya-ss/sd-scripts library/train_util.py get_optimizer: without a momentum SGDNesterov takes 0.9.
  kohya: {
    extends: 'torch',
    names: { sgdnesterov: { is: 'sgd', gradient: 0.9, dampening: 0, weightDecay: 0, nesterov: true } },
  },
  // bghira/SimpleTuner simpletuner/helpers/training/optimizer_param.py: bitsandbytes' Adam is AdamW; optimi's Adam and
  // SGD have coupled weight decay there, its RAdam not; adamw_bf16, muon and soap are its own (optimizers/*).
  simpletuner: {
    extends: 'torch',
    names: {
      adamwbf16: { is: 'adamw', ...ADAM, epsilon: 1e-6, weightDecay: 0.01 },
      bnbadam: { is: 'adamw', ...ADAM },
      bnbadam8bit: { is: 'adamw', ...ADAM },
      aoadamw: { is: 'adamw', ...ADAM, epsilon: 1e-6, weightDecay: 0.01 },
      aoadam: { is: 'adam', ...ADAM, epsilon: 1e-6, weightDecay: 0.01 },
      optimistableadamw: { is: 'adamw', gradient: 0.9, secondMoment: 0.99, epsilon: 1e-6, weightDecay: 0.01 },
      optimiadamw: { is: 'adamw', gradient: 0.9, secondMoment: 0.99, epsilon: 1e-6, weightDecay: 0 },
      optimiadam: { is: 'adam', gradient: 0.9, secondMoment: 0.99, epsilon: 1e-6, weightDecay: 0 },
      optimiradam: {
        is: 'radam',
        gradient: 0.9,
        secondMoment: 0.99,
        epsilon: 1e-6,
        weightDecay: 0,
        ...TIMES_LR,
      },
      optimilion: { is: 'lion', gradient: 0.9, secondMoment: 0.99, weightDecay: 0 },
      optimisgd: { is: 'sgd', gradient: 0, weightDecay: 0, nesterov: false },
      soap: { is: 'soap', gradient: 0.95, secondMoment: 0.95, epsilon: 1e-8, weightDecay: 0.01 },
      muon: { is: 'muon', gradient: 0.95, weightDecay: 0.1, nesterov: false },
      'adamwschedulefree+aggressive': SCHEDULE_FREE,
      'adamwschedulefree+nokahan': SCHEDULE_FREE,
      sdnqadamw: { is: 'adamw', gradient: 0.9, secondMoment: 0.95, weightDecay: 0.01 },
      'sdnqadamw+noquant': { is: 'adamw', gradient: 0.9, secondMoment: 0.95, weightDecay: 0.01 },
      sdnqlion: { is: 'lion', gradient: 0.9, secondMoment: 0.99, weightDecay: 0.01 },
    },
  },
  // NVlabs/Sana diffusion/utils/optimizer.py: wrappers of CAME, bitsandbytes' AdamW and Lion; the rest is torch's.
  sana: {
    extends: 'torch',
    names: {
      camewrapper: { is: 'came', gradient: 0.9, secondMoment: 0.999, third: 0.9999, weightDecay: 0 },
      adamwwrapper: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
    },
  },
  // huggingface/diffusers examples/*/train_*.py: AdamW or bitsandbytes' AdamW8bit, with adam_* arguments.
  diffusers: { extends: 'torch', names: { adamw: { is: 'adamw', ...ADAM, weightDecay: 0.01 } } },
  // tdrussell/diffusion-pipe train.py get_optimizer, optimizers/{adamw_8bit,generic_optim}.py: AdamW8bitKahan is
  // bitsandbytes' AdamW with a shift; warner-benjamin/optimi optimi/{adamw,stableadamw}.py have a beta2 of 0.99.
  'diffusion-pipe': {
    extends: 'torch',
    names: {
      adamw8bit: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      adamw8bitkahan: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      adamwoptimi: { is: 'adamw', gradient: 0.9, secondMoment: 0.99, epsilon: 1e-6, weightDecay: 0 },
      stableadamw: { is: 'adamw', gradient: 0.9, secondMoment: 0.99, epsilon: 1e-6, weightDecay: 0.01 },
      offload: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      genericoptim: { is: 'adamw', ...ADAM, epsilon: 1e-6, weightDecay: 0 },
    },
  },
  // facebookresearch/detectron2 detectron2/solver/build.py: torch SGD, NESTEROV False.
  detectron2: {
    extends: 'torch',
    names: { sgd: { is: 'sgd', gradient: 0.9, dampening: 0, weightDecay: 1e-4, nesterov: false } },
  },
  // espnet/espnet espnet2/optimizers/sgd.py: torch's SGD with another default; the rest is torch's (espnet2/tasks/abs_task.py).
  espnet: {
    extends: 'torch',
    names: { sgd: { is: 'sgd', lr: 0.1, gradient: 0, dampening: 0, weightDecay: 0, nesterov: false } },
  },
  // OpenNMT/OpenNMT-py and eole-nlp/eole {onmt,eole}/utils/optimizers.py: sparseadam is Adam, with torch's SparseAdam for
  // the embeddings; FusedAdam is an old copy of apex's that adds its weight decay to the gradient.
  opennmt: {
    extends: 'torch',
    names: {
      sparseadam: { is: 'adam', ...ADAM },
      fusedadam: { is: 'adam', ...ADAM },
    },
  },
  // microsoft/Swin-Transformer optimizer.py: SGD with nesterov=True; apex's FusedAdam is AdamW by default.
  swin: {
    extends: 'torch',
    names: {
      sgd: { is: 'sgd', gradient: 0.9, dampening: 0, nesterov: true },
      fusedadam: { is: 'adamw', ...ADAM },
    },
  },
  // facebookresearch/SlowFast slowfast/models/optimizer.py; mt_adamw is torch's multi-tensor AdamW. LARS_ON wraps SGD.
  slowfast: {
    extends: 'torch',
    names: {
      sgd: { is: 'sgd', gradient: 0.9, dampening: 0, nesterov: true },
      lars: { is: 'lars', gradient: 0.9, nesterov: true },
      mtadamw: { is: 'adamw', ...ADAM },
    },
  },
  // ultralytics/ultralytics ultralytics/engine/trainer.py build_optimizer: SGD with nesterov=True, betas (momentum, 0.999).
  ultralytics: {
    extends: 'torch',
    names: { sgd: { is: 'sgd', gradient: 0.937, dampening: 0, weightDecay: 5e-4, nesterov: true } },
  },
  // PaddlePaddle/Paddle python/paddle/optimizer/*.py: `Momentum` is heavy ball, `SGD` has no momentum. weight_decay of all
  // but AdamW is a regularizer, added to the gradient. RMSProp holds lr in its buffer and epsilon inside the root. AdamWDL
  // (PaddleDetection, PaddleClas, PaddleSeg) is AdamW with a rate for each layer.
  paddle: {
    extends: 'customary',
    names: {
      sgd: { is: 'sgd', lr: 1e-3, gradient: 0, dampening: 0, weightDecay: 0, nesterov: false },
      momentum: { is: 'sgd', lr: 1e-3, gradient: 0.9, dampening: 0, weightDecay: 0, nesterov: false },
      adam: { is: 'adam', ...ADAM },
      adamw: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      adamwdl: { is: 'adamw', ...ADAM },
      adamwdlcae: { is: 'adamw', ...ADAM },
      adamax: { is: 'adamax', ...ADAM },
      adagrad: { is: 'adagrad', epsilon: 1e-6 },
      adadelta: { is: 'adadelta', lr: 1e-3, secondMoment: 0.95, epsilon: 1e-6 },
      rmsprop: { is: 'rmsprop-tf', gradient: 0, secondMoment: 0.95, weightDecay: 0, epsilon: 1e-6 },
      lamb: { is: 'lamb', lr: 1e-3, gradient: 0.9, secondMoment: 0.999, epsilon: 1e-6, weightDecay: 0.01 },
    },
  },
  // open-mmlab/OpenPCDet tools/train_utils/optimization/__init__.py: torch's Adam in a wrapper that decays by lr (true_wd).
  openpcdet: {
    extends: 'torch',
    names: {
      adamonecycle: { is: 'adamw', gradient: 0.9, secondMoment: 0.99, epsilon: 1e-8 },
      adamcosineanneal: { is: 'adamw', gradient: 0.9, secondMoment: 0.99, epsilon: 1e-8 },
    },
  },
  // deepmodeling/deepmd-kit deepmd/utils/argcheck.py. The two with Muon train vectors with Adam, under one learning rate.
  deepmd: {
    extends: 'torch',
    names: {
      adam: { is: 'adam', ...ADAM },
      adamw: { is: 'adamw', ...ADAM, weightDecay: 1e-3 },
      adamuon: {
        is: 'muon',
        gradient: 0.95,
        secondMoment: 0.95,
        weightDecay: 1e-3,
      },
      hybridmuon: {
        is: 'muon',
        gradient: 0.95,
        secondMoment: 0.95,
        weightDecay: 1e-3,
      },
    },
  },
  // ludwig-ai/ludwig ludwig/schema/optimizers.py: torch's or bitsandbytes' classes, with defaults of its own.
  ludwig: {
    extends: 'torch',
    names: {
      sgd: { is: 'sgd', gradient: 0, dampening: 0, weightDecay: 0, nesterov: false },
      sgd8bit: { is: 'sgd', gradient: 0, dampening: 0, weightDecay: 0, nesterov: false },
      adamw: { is: 'adamw', ...ADAM },
      adamw8bit: { is: 'adamw', ...ADAM },
      pagedadamw: { is: 'adamw', ...ADAM },
      pagedadamw8bit: { is: 'adamw', ...ADAM },
      adadelta: { is: 'adadelta', secondMoment: 0.9, weightDecay: 0, epsilon: 1e-6 },
      lars: { is: 'lars', gradient: 0.9, weightDecay: 0 },
      lion: { is: 'lion', gradient: 0.9, secondMoment: 0.999, weightDecay: 0 },
      lion8bit: { is: 'lion', gradient: 0.9, secondMoment: 0.999, weightDecay: 0 },
      pagedlion: { is: 'lion', gradient: 0.9, secondMoment: 0.999, weightDecay: 0 },
      pagedlion8bit: { is: 'lion', gradient: 0.9, secondMoment: 0.999, weightDecay: 0 },
    },
  },
  // huggingface/pytorch-image-models timm/optim/_optim_factory.py (1.0.29): weight decay comes from train.py (2e-5), a
  // momentum that the optimizer takes is 0.9. Names with a leading c are cautious, which masks the step.
  timm: {
    extends: 'torch',
    names: {
      sgd: { is: 'sgd', ...TIMM_SGD },
      nesterov: { is: 'sgd', ...TIMM_SGD },
      momentum: { is: 'sgd', ...TIMM_SGD, nesterov: false },
      // It ignores nesterov.
      bnbsgd: { is: 'sgd', ...TIMM_SGD, nesterov: false },
      sgdw: { is: 'sgd', ...TIMM_SGD, ...TIMES_LR },
      nesterovw: { is: 'sgd', ...TIMM_SGD, ...TIMES_LR },
      adam: { is: 'adam', ...TIMM_ADAM },
      adamw: { is: 'adamw', ...TIMM_ADAM },
      // adam_w_mode False, unlike apex; bitsandbytes' Adam is AdamW.
      fusedadam: { is: 'adam', ...TIMM_ADAM },
      fusedadamw: { is: 'adamw', ...TIMM_ADAM },
      bnbadam: { is: 'adamw', ...TIMM_ADAM },
      bnbadam8bit: { is: 'adamw', ...TIMM_ADAM },
      adamwlegacy: { is: 'adamw', ...TIMM_ADAM },
      cadamw: { is: 'adamw', ...TIMM_ADAM },
      nadam: { is: 'nadam', ...TIMM_ADAM },
      nadamlegacy: { is: 'nadam', ...TIMM_ADAM },
      nadamw: { is: 'nadam', ...TIMM_ADAM, ...TIMES_LR },
      cnadamw: { is: 'nadam', ...TIMM_ADAM, ...TIMES_LR },
      radam: { is: 'radam', ...TIMM_ADAM },
      // radam.py: p -= weight_decay*lr*p, so the legacy one decays like AdamW too.
      radamlegacy: { is: 'radam', ...TIMM_ADAM, ...TIMES_LR },
      radamw: { is: 'radam', ...TIMM_ADAM, ...TIMES_LR },
      adamax: { is: 'adamax', ...TIMM_ADAM },
      // The factory passes them no betas.
      adopt: { is: 'adopt', epsilon: 1e-6, differs: { weightDecay: 'coupled' } },
      adoptw: { is: 'adopt', epsilon: 1e-6 },
      adagrad: { is: 'adagrad', epsilon: 1e-8 },
      adadelta: { is: 'adadelta', secondMoment: 0.9, epsilon: 1e-6 },
      adafactor: { is: 'adafactor' },
      lamb: { is: 'lamb', ...TIMM_ADAM, epsilon: 1e-6 },
      lambc: { is: 'lamb', ...TIMM_ADAM, epsilon: 1e-6 },
      clamb: { is: 'lamb', ...TIMM_ADAM, epsilon: 1e-6 },
      lambw: { is: 'lamb', ...TIMM_ADAM, epsilon: 1e-6, differs: { decayInTrustRatio: false } },
      lars: { is: 'lars', gradient: 0.9, nesterov: false },
      larc: { is: 'lars', gradient: 0.9, nesterov: false },
      nlars: { is: 'lars', gradient: 0.9, nesterov: true },
      nlarc: { is: 'lars', gradient: 0.9, nesterov: true },
      lion: { is: 'lion', gradient: 0.9, secondMoment: 0.99 },
      clion: { is: 'lion', gradient: 0.9, secondMoment: 0.99 },
      ademamix: { is: 'ademamix', ...TIMM_ADAM, third: 0.9999 },
      novograd: { is: 'novograd', gradient: 0.95, secondMoment: 0.98, epsilon: 1e-8 },
      fusednovograd: { is: 'novograd', gradient: 0.95, secondMoment: 0.98, epsilon: 1e-8, ...AVERAGES },
      rmsprop: { is: 'rmsprop', gradient: 0.9, secondMoment: 0.9, epsilon: 1e-8 },
      rmsproptf: { is: 'rmsprop-tf', gradient: 0.9, secondMoment: 0.9, epsilon: 1e-10 },
      muon: { is: 'muon', gradient: 0.9, nesterov: false },
      nmuon: { is: 'muon', gradient: 0.9, nesterov: true },
      // Muon whose orthogonalised step is divided by its own second moment (betas[1]).
      adamuon: { is: 'muon', gradient: 0.9, nesterov: false },
      nadamuon: { is: 'muon', gradient: 0.9, nesterov: true },
    },
  },
} satisfies Readonly<Record<LibraryName, Library>>;

/** The libraries whose names for optimizers are known. */
export const LIBRARY_NAMES: readonly string[] = Object.keys(LIBRARIES);
