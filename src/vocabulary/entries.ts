import type { Definition } from './definitions.ts';

/** What the value behind a key must look like for the key to mean this. */
export type Fits =
  | 'number'
  | 'positive'
  | 'rate'
  | 'any-rate'
  | 'small-rate'
  | 'decay'
  | 'beta'
  | 'high-decay'
  | 'count'
  | 'devices'
  | 'true'
  | 'parallel'
  | 'boolean'
  | 'name'
  | 'betas';

/** What a key means by its words. */
export interface Entry {
  /** Words that must all be in the key; alternatives are separated by a bar. */
  readonly words: string;
  /** Words that may stand beside them without another meaning. */
  readonly also?: string;
  /** The word with which the key must end. */
  readonly ends?: string;
  /** A word, one of which must be in the keys of the blocks around, or the block holds a learning rate (`rate`). */
  readonly within?: string;
  /** Kinds of files or blocks in which the key means something else. */
  readonly unless?: string;
  readonly fits: Fits;
  /** The role's definition in schemas/roles.schema.json. */
  readonly reads: Definition;
  /** Where such a key was seen: repository, or framework. */
  readonly seen: string;
}

/** Parts of a model that have learning rates of their own. */
const PARTS =
  'encoder decoder backbone head classifier unet text image vision tower projector mm generator discriminator g d gen disc dis discr actor critic lora embedding trunk body neck transformer language vit llm adam adamw muon sgd bias other unfrozen component';
/** Words that say nothing of their own beside a learning rate. */
const RATE = 'base maximum peak initial train model optimizer value values default absolute';

const RATES: readonly Entry[] = [
  {
    words: 'learning rate',
    also: RATE,
    unless: 'attribute',
    fits: 'any-rate',
    reads: 'learningRate',
    seen: 'torch, optax, LAVIS (init_lr), PaddleDetection (base_lr)',
  },
  {
    words: 'learning rate',
    also: `${RATE} ${PARTS}`,
    unless: 'attribute',
    fits: 'small-rate',
    reads: 'learningRate',
    seen: 'LLaVA (mm_projector_lr, vision_tower_lr), diffusers (text_encoder_lr)',
  },
  {
    words:
      'learning rate minimum|learning rate final|eta minimum|eta minimum learning rate|learning rate cool',
    also: `${RATE} down scheduler g d e`,
    fits: 'rate',
    reads: 'minimumLearningRate',
    seen: 'torch CosineAnnealingLR (eta_min), Megatron (min_lr), I-JEPA (final_lr)',
  },
  {
    words: 'learning rate warm up initial',
    also: RATE,
    fits: 'rate',
    reads: 'warmupStartLearningRate',
    seen: 'fairseq (warmup_init_lr), Megatron (lr_warmup_init)',
  },
  {
    // The other way round it is a length or a part of the run (joeynmt: learning_rate_warmup: 4000).
    words: 'learning rate warm up',
    also: RATE,
    ends: 'rate',
    fits: 'rate',
    reads: 'warmupStartLearningRate',
    seen: 'timm (warmup_lr)',
  },
  {
    words: 'peak|initial|maximum|base|value|values',
    also: 'value',
    within: 'learning-rate',
    fits: 'rate',
    reads: 'learningRate',
    seen: 'optax (init_value, peak_value), ClassyVision (values)',
  },
  {
    words: 'final|minimum',
    also: 'value',
    within: 'learning-rate',
    fits: 'rate',
    reads: 'minimumLearningRate',
    seen: 'optax (end_value)',
  },
];

const OPTIMIZER = 'adam adamw optimizer lion lamb muon radam nadam';

const DECAYS: readonly Entry[] = [
  {
    words: 'beta',
    also: `${OPTIMIZER} g d e generator discriminator`,
    fits: 'betas',
    reads: 'betas',
    seen: 'torch, fastai (moms)',
  },
  {
    words: 'beta 1|b 1',
    also: OPTIMIZER,
    fits: 'beta',
    reads: 'gradientDecay',
    seen: 'HF TrainingArguments (adam_beta1), optax (b1), lucidrains (adam_b1)',
  },
  {
    words: 'beta 2|b 2',
    also: OPTIMIZER,
    fits: 'beta',
    reads: 'secondMomentDecay',
    seen: 'HF TrainingArguments (adam_beta2), optax (b2)',
  },
  { words: 'beta 3|b 3', also: OPTIMIZER, fits: 'beta', reads: 'beta3', seen: 'AdEMAMix, CAME' },
  {
    words: 'momentum',
    also: 'sgd optimizer muon',
    within: 'optimizer rate',
    fits: 'decay',
    reads: 'gradientDecay',
    seen: 'torch SGD, Megatron (muon_momentum)',
  },
  {
    words: 'dampening',
    also: 'sgd',
    within: 'optimizer rate',
    fits: 'number',
    reads: 'dampening',
    seen: 'torch SGD',
  },
  {
    words: 'nesterov',
    also: 'sgd use momentum',
    within: 'optimizer rate',
    fits: 'boolean',
    reads: 'nesterov',
    seen: 'torch SGD',
  },
  {
    words: 'alpha|rho',
    also: 'rmsprop',
    within: 'optimizer',
    fits: 'high-decay',
    reads: 'secondMomentDecay',
    seen: 'torch RMSprop (alpha), Keras RMSprop (rho)',
  },
  { words: 'weight decay', also: `${OPTIMIZER} sgd`, fits: 'number', reads: 'weightDecay', seen: 'torch' },
  {
    words: 'epsilon',
    also: OPTIMIZER,
    within: 'optimizer rate',
    fits: 'number',
    reads: 'epsilon',
    seen: 'torch (eps), HF TrainingArguments (adam_epsilon)',
  },
];

const AVERAGES: readonly Entry[] = [
  {
    words: 'ema decay|ema rate|ema keep rate|moving average decay|polyak decay|average decay',
    also: 'model teacher rate weight weights target factor student exponential',
    fits: 'decay',
    reads: 'modelEmaDecay',
    seen: 'timm (model_ema_decay), improved-diffusion (ema_rate), audiocraft',
  },
  {
    // Some write 1 - decay under these names.
    words: 'ema momentum|ema beta|ema',
    also: 'model teacher weight weights target student exponential',
    fits: 'high-decay',
    reads: 'modelEmaDecay',
    seen: 'I-JEPA (ema: [0.996, 1.0]), BYOL',
  },
  {
    words: 'decay',
    within: 'ema',
    fits: 'decay',
    reads: 'modelEmaDecay',
    seen: 'InternImage (TRAIN.EMA.DECAY)',
  },
  {
    words: 'rate|keep rate|momentum|beta',
    also: 'value',
    within: 'ema',
    fits: 'high-decay',
    reads: 'modelEmaDecay',
    seen: 'InternImage (TRAIN.EMA.DECAY), BasicSR',
  },
  // The block of diffusers' EMAModel (src/diffusers/training_utils.py): decay 1-(1+t/inv_gamma)^-power, capped by max_value.
  { words: 'power', within: 'ema', fits: 'number', reads: 'rampPower', seen: 'diffusers EMAModel' },
  { words: 'inv gamma', within: 'ema', fits: 'number', reads: 'rampGamma', seen: 'diffusers EMAModel' },
  {
    words: 'maximum value',
    within: 'ema',
    fits: 'decay',
    reads: 'modelEmaDecay',
    seen: 'diffusers EMAModel',
  },
  {
    words: 'teacher momentum|moco m|moco momentum|target momentum|tau base',
    also: 'final initial',
    fits: 'high-decay',
    reads: 'modelEmaDecay',
    seen: 'DINO (momentum_teacher), MoCo (moco_m), solo-learn (base_tau)',
  },
  {
    words: 'ema initial step|ema step initial|ema initial|update after step',
    also: 'after',
    fits: 'count',
    reads: 'averageSteps',
    seen: 'diffusers (ema_start), ema-pytorch (update_after_step)',
  },
  {
    words: 'initial step|update after step',
    within: 'ema',
    fits: 'count',
    reads: 'averageSteps',
    seen: 'lucidrains ema-pytorch',
  },
];

const COUNTED = 'number train total maximum';

const COUNTS: readonly Entry[] = [
  {
    words: 'warm up step',
    also: `${COUNTED} learning rate linear scheduler`,
    fits: 'count',
    reads: 'scheduleSteps',
    seen: 'HF TrainingArguments (warmup_steps), fairseq (warmup_updates)',
  },
  {
    words: 'cool down step|decay step',
    also: `${COUNTED} learning rate scheduler`,
    fits: 'count',
    reads: 'scheduleSteps',
    seen: 'Megatron (lr_decay_iters), nanoGPT',
  },
  {
    words: 'maximum step|total step|train step',
    also: COUNTED,
    unless: 'environment solver',
    fits: 'count',
    reads: 'scheduleSteps',
    seen: 'HF TrainingArguments (max_steps), trlX (total_steps), nanoGPT (max_iters)',
  },
  {
    words: 'logging step|save step|evaluation step|checkpoint step|validation step',
    also: 'every number interval n freq frequency',
    fits: 'count',
    reads: 'cadenceStepsOrFraction',
    seen: 'HF TrainingArguments (logging_steps, save_steps, eval_steps)',
  },
];

const BATCHES: readonly Entry[] = [
  {
    words: 'batch size',
    also: 'train dataloader loader',
    fits: 'count',
    reads: 'unsaidBatch',
    seen: 'most code',
  },
  { words: 'mini batch size', also: 'train', fits: 'count', reads: 'unsaidBatch', seen: 'own code' },
  {
    words: 'global batch size|total batch size|batch size total|sample per batch|sample per step',
    also: 'train target',
    fits: 'count',
    reads: 'globalBatch',
    seen: 'Megatron, LitGPT (global_batch_size), nanochat (total_batch_size, target_examples_per_step), Detectron2 (IMS_PER_BATCH)',
  },
  {
    words:
      'micro batch size|batch size per device|batch device|sample per device|batch per device|local batch size',
    also: 'train size device',
    fits: 'count',
    reads: 'microBatch',
    seen: 'HF TrainingArguments (per_device_train_batch_size), MMDetection (samples_per_gpu), StyleGAN2 (batch_gpu)',
  },
  {
    words: 'accumulate|gradient accumulate',
    also: 'step batch every number freq frequency count counts iter size factor',
    fits: 'count',
    reads: 'accumulation',
    seen: 'ESPnet (accum_grad), SpeechBrain (grad_accumulation_factor), OpenCLIP (accum_freq), Lightning (accumulate_grad_batches), lucidrains (gradient_accumulate_every), MAE (accum_iter)',
  },
  {
    words:
      'number micro batch|step freq|batch multiplier|optimizer delay|optimizer step every|backward passes per step',
    also: '',
    fits: 'count',
    reads: 'accumulation',
    seen: 'mistral-finetune (num_microbatches), fairseq and BEiT (update_freq), joeynmt/joeynmt (batch_multiplier), marian-nmt/marian-dev (optimizer-delay), horovod/horovod (backward_passes_per_step)',
  },
  {
    words:
      'number device|device|device per node|process per node|number process per node|task per node|number task per node',
    also: 'number count ids id index indices use used train visible cuda core cores',
    fits: 'devices',
    reads: 'devices',
    seen: 'Lightning (devices, gpus), torchrun (nproc_per_node), V-JEPA 2 (tasks_per_node)',
  },
  {
    words:
      'ddp|distributed|data parallel|distributed data parallel|fsdp|multi device|multi process|multi node',
    also: 'use enable enabled train is with torch',
    fits: 'true',
    reads: 'severalDevices',
    seen: 'own code',
  },
  {
    words: 'strategy|distributed strategy|launcher',
    also: 'train',
    fits: 'parallel',
    reads: 'severalDevices',
    seen: 'Lightning (strategy: ddp), OpenMMLab (launcher: pytorch)',
  },
  {
    words: 'data parallel size|data parallel degree|dp size|dp degree|number replicas',
    also: '',
    fits: 'count',
    reads: 'replicas',
    seen: 'nanotron, torchtitan (data_parallel_degree), vLLM and SGLang trainers (dp_size)',
  },
  {
    words: 'world size|number process',
    also: 'data distributed total train',
    fits: 'count',
    reads: 'world',
    seen: 'torch.distributed (world_size), accelerate (num_processes)',
  },
  {
    words: 'number node|node',
    also: '',
    fits: 'count',
    reads: 'nodes',
    seen: 'Lightning (num_nodes), torchrun (nnodes), V-JEPA 2 (nodes)',
  },
  {
    words:
      'tensor parallel size|tensor model parallel size|pipeline parallel size|pipeline model parallel size|context parallel size|model parallel size|tp size|pp size|cp size',
    also: 'degree',
    fits: 'count',
    reads: 'modelParallel',
    seen: 'NVIDIA/Megatron-LM megatron/training/arguments.py; nanotron (tp, pp)',
  },
];

const OTHERS: readonly Entry[] = [
  {
    words:
      'gradient clip|maximum gradient norm|clip gradient norm|clip norm|gradient norm|maximum gradient l 2 norm',
    also: 'value norm maximum gradient val g d gen disc generator discriminator',
    unless: 'audio',
    fits: 'positive',
    reads: 'clip',
    seen: 'HF TrainingArguments (max_grad_norm), Lightning (gradient_clip_val), AllenNLP (grad_norm), MMF (max_grad_l2_norm)',
  },
  {
    words: 'batch norm momentum|norm momentum',
    also: '',
    fits: 'number',
    reads: 'batchNormMomentum',
    seen: 'timm (bn_momentum)',
  },
  {
    words: 'momentum',
    also: '',
    within: 'batch-norm',
    fits: 'number',
    reads: 'batchNormMomentum',
    seen: 'own code',
  },
  {
    words: 'sync batch norm',
    also: 'use',
    fits: 'boolean',
    reads: 'syncNorm',
    seen: 'Lightning (sync_batchnorm)',
  },
  { words: 'optimizer', also: 'name type class', fits: 'name', reads: 'optimizer', seen: 'most code' },
  {
    words: 'name|type|class|target|class path|class name|component',
    also: 'path',
    within: 'optimizer-itself',
    fits: 'name',
    reads: 'optimizer',
    seen: 'Hydra (_target_), Lightning (class_path), StyleGAN2 (class_name), fvcore',
  },
];

/** Every meaning that is read by name. Of several that fit, the one with most words wins. */
export const ENTRIES: readonly Entry[] = [...RATES, ...DECAYS, ...AVERAGES, ...COUNTS, ...BATCHES, ...OTHERS];

/** Words of a block that is not about training, or of a key that is none of training's. */
export const ELSEWHERE = new Set(
  'validation evaluation test inference sampling sweeper profiler profiling sde diffusion generation env environment rollout logging callback callbacks balancer tokenizer augmentation augment aug stats sampler'.split(
    ' ',
  ),
);
