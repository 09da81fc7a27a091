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

const LION: OptimizerDefaults = { lr: 1e-4, gradient: 0.9, secondMoment: 0.99, weightDecay: 0 };

const KERAS_ADAM: OptimizerDefaults = { lr: 1e-3, gradient: 0.9, secondMoment: 0.999, epsilon: 1e-7 };

const TIMES_LR: Pick<Spelling, 'differs'> = { differs: { weightDecay: 'times-lr' } };

const INDEPENDENT: Pick<Spelling, 'differs'> = { differs: { weightDecay: 'independent' } };

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
        secondMoment: 0.95,
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
  // mosaicml/composer composer/optim/decoupled_weight_decay.py, mosaicml/llm-foundry llmfoundry/optim/{lion,adaptive_lion}.py:
  // p *= 1 - (lr/initial_lr)*weight_decay, so the decay does not depend on the peak learning rate.
  composer: {
    extends: 'torch',
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
  // AI-Hypercomputer/maxtext src/maxtext/optimizers/optimizers.py; the defaults are base.yml's. Its muon runs AdamW
  // beside it for what is no matrix, so there is a second moment.
  maxtext: {
    extends: 'torch',
    names: {
      adamw: { is: 'adamw' },
      adampax: { is: 'adamw' },
      sgd: { is: 'sgd', gradient: 0 },
      muon: { is: 'muon', nesterov: true, differs: { secondMoment: true } },
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
      adamax: { is: 'adam', differs: { weightDecay: 'times-lr' } },
      nag: { is: 'sgd-lr-in-buffer', gradient: 0.99, weightDecay: 0, nesterov: true },
      sgd: { is: 'sgd', gradient: 0, dampening: 0, weightDecay: 0 },
    },
  },
  // keras-team/keras keras/src/optimizers/*.py: the learning rate is inside SGD's and RMSprop's buffers, weight decay is
  // variable*wd*lr beside every step (LAMB's too), Muon's buffer sums and AdamW runs beside it.
  keras: {
    extends: 'torch',
    names: {
      sgd: { is: 'sgd-lr-in-buffer', lr: 0.01, gradient: 0, nesterov: false },
      rmsprop: { is: 'rmsprop-tf', ...KERAS_ADAM, gradient: 0, secondMoment: 0.9, ...TIMES_LR },
      adam: { is: 'adam', ...KERAS_ADAM, ...TIMES_LR },
      adamw: { is: 'adamw', ...KERAS_ADAM, weightDecay: 0.004 },
      adamax: { is: 'adam', ...KERAS_ADAM, ...TIMES_LR },
      nadam: { is: 'nadam', ...KERAS_ADAM, ...TIMES_LR },
      lamb: { is: 'lamb', ...KERAS_ADAM, differs: { decayInTrustRatio: false } },
      lion: { is: 'lion', lr: 1e-3, gradient: 0.9, secondMoment: 0.99 },
      muon: {
        is: 'muon-sum',
        ...KERAS_ADAM,
        gradient: 0.95,
        weightDecay: 0.1,
        nesterov: true,
        differs: { secondMoment: true },
      },
      adagrad: { is: 'adagrad', lr: 1e-3, ...TIMES_LR },
      adadelta: { is: 'adadelta', lr: 1e-3, secondMoment: 0.95, ...TIMES_LR },
      adafactor: { is: 'adafactor', lr: 1e-3 },
    },
  },
  // tensorflow/models official/modeling/optimization/optimizer_factory.py and configs/optimizer_config.py: Keras 2's
  // optimizers and the garden's own AdamWeightDecay, LAMB and LARS; the learning rate is in lr_schedule.
  'tf-model-garden': {
    extends: 'torch',
    names: {
      sgd: { is: 'sgd-lr-in-buffer', gradient: 0, nesterov: false },
      sgdexperimental: { is: 'sgd-lr-in-buffer', gradient: 0, nesterov: false },
      adam: { is: 'adam' },
      adamexperimental: { is: 'adam' },
      adamw: { is: 'adamw' },
      adamwexperimental: { is: 'adamw' },
      rmsprop: { is: 'rmsprop-tf' },
      lars: { is: 'lars', differs: { lrInBuffer: true } },
      popularlars: { is: 'lars', differs: { normalises: 'after-momentum' } },
    },
  },
  // hiyouga/LLaMA-Factory src/llamafactory/third_party/muon/muon.py: the buffer sums.
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
  // NVIDIA/Megatron-LM megatron/core/optimizer/optimizer_config.py: decoupled_weight_decay is on, and Muon leaves
  // embeddings, biases and norms to an Adam whose second moment is set beside it.
  megatron: {
    extends: 'torch',
    names: {
      adam: { is: 'adamw', ...ADAM, weightDecay: 0.01 },
      sgd: { is: 'sgd', gradient: 0.9, dampening: 0, weightDecay: 0.01 },
      lion: { is: 'lion', gradient: 0.95, secondMoment: 0.98, weightDecay: 0.01 },
      muon: { is: 'muon', nesterov: false, differs: { secondMoment: true } },
      distmuon: { is: 'muon', nesterov: false, differs: { secondMoment: true } },
    },
  },
  // NVIDIA/NeMo nemo/core/optim/optimizers.py, novograd.py; the fused and distributed ones are apex's and Megatron's,
  // whose weight decay is decoupled.
  nemo: {
    extends: 'torch',
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
  // mit-han-lab/efficientvit efficientvit/apps/utils/opt.py REGISTERED_OPTIMIZER_DICT: SGD is Nesterov's.
  efficientvit: {
    extends: 'torch',
    names: { sgd: { is: 'sgd', gradient: 0.9, dampening: 0, weightDecay: 0, nesterov: true } },
  },
  // ostris/ai-toolkit toolkit/optimizer.py: adam8 and adamw8 are its own, all Adams have epsilon 1e-6.
  'ai-toolkit': {
    extends: 'torch',
    names: {
      adam: { is: 'adam', ...ADAM, epsilon: 1e-6 },
      adamw: { is: 'adamw', ...ADAM, epsilon: 1e-6, weightDecay: 0.01 },
      adam8: { is: 'adam', ...ADAM, epsilon: 1e-6 },
      adamw8: { is: 'adamw', ...ADAM, epsilon: 1e-6 },
    },
  },
  // kohya-ss/sd-scripts library/train_util.py get_optimizer: without a momentum SGDNesterov takes 0.9.
  kohya: {
    extends: 'torch',
    names: { sgdnesterov: { is: 'sgd', gradient: 0.9, dampening: 0, weightDecay: 0, nesterov: true } },
  },
  // huggingface/diffusers examples/*/train_*.py: AdamW or bitsandbytes' AdamW8bit, with adam_* arguments.
  diffusers: { extends: 'torch', names: { adamw: { is: 'adamw', ...ADAM, weightDecay: 0.01 } } },
  // facebookresearch/detectron2 detectron2/solver/build.py: torch SGD, NESTEROV False.
  detectron2: {
    extends: 'torch',
    names: { sgd: { is: 'sgd', gradient: 0.9, dampening: 0, weightDecay: 1e-4, nesterov: false } },
  },
  // microsoft/Swin-Transformer optimizer.py: SGD with nesterov=True; apex's FusedAdam is AdamW unless told otherwise.
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
  // huggingface/pytorch-image-models timm/optim/_optim_factory.py and the classes it names.
  timm: {
    extends: 'torch',
    names: {
      sgd: { is: 'sgd', gradient: 0.9, dampening: 0, nesterov: true },
      nesterov: { is: 'sgd', gradient: 0.9, dampening: 0, nesterov: true },
      momentum: { is: 'sgd', gradient: 0.9, dampening: 0, nesterov: false },
      sgdw: { is: 'sgd', gradient: 0.9, dampening: 0, nesterov: true, differs: { weightDecay: 'times-lr' } },
      nesterovw: {
        is: 'sgd',
        gradient: 0.9,
        dampening: 0,
        nesterov: true,
        differs: { weightDecay: 'times-lr' },
      },
      adamwlegacy: { is: 'adamw', ...ADAM },
      nadamlegacy: { is: 'nadam', ...ADAM },
      nadamw: { is: 'nadam', ...ADAM, differs: { weightDecay: 'times-lr' } },
      radamlegacy: { is: 'radam', ...ADAM },
      radamw: { is: 'radam', ...ADAM, differs: { weightDecay: 'times-lr' } },
      lamb: { is: 'lamb', ...ADAM, epsilon: 1e-6 },
      lambc: { is: 'lamb', ...ADAM, epsilon: 1e-6 },
      lars: { is: 'lars', gradient: 0.9 },
      nlars: { is: 'lars', gradient: 0.9, nesterov: true },
      lion: { is: 'lion', gradient: 0.9, secondMoment: 0.99 },
      novograd: { is: 'novograd', gradient: 0.95, secondMoment: 0.98, epsilon: 1e-8 },
      rmsprop: { is: 'rmsprop', gradient: 0.9, secondMoment: 0.9, epsilon: 1e-8 },
      rmsproptf: { is: 'rmsprop-tf', gradient: 0.9, secondMoment: 0.9, epsilon: 1e-10 },
      muon: { is: 'muon', gradient: 0.9, nesterov: false },
      nmuon: { is: 'muon', gradient: 0.9, nesterov: true },
    },
  },
};

/**
 * Words around an optimizer's name that change its storage or its kernel, not its rule: adamw_bnb_8bit,
 * paged_lion_32bit, FusedAdam, adamw_torch_npu_fused.
 */
const DECORATIONS =
  /torch|fused|foreach|apex|xla|npu|cpu|bnb|paged|anyprecision|layerwise|(?:4|8|16|32)bits?|(?:4|8|16|32)b$/g;

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
