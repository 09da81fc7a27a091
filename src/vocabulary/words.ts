/** Spellings of one word: a key is compared by what it says, not by how it is written. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  accumulate: ['acc', 'accum', 'accumulated', 'accumulates', 'accumulating', 'accumulation', 'accumulations'],
  gradient: ['grad', 'grads', 'gradients'],
  batch: ['batches'],
  size: ['sizes'],
  sample: [
    'samples',
    'example',
    'examples',
    'instance',
    'instances',
    'image',
    'images',
    'ims',
    'imgs',
    'sentence',
    'sentences',
  ],
  token: ['tokens', 'tok'],
  atom: ['atoms'],
  period: ['periods'],
  device: [
    'devices',
    'gpu',
    'gpus',
    'npu',
    'npus',
    'xpu',
    'tpu',
    'accelerator',
    'card',
    'cards',
    'accelerators',
    'worldsize',
  ],
  process: ['processes', 'proc', 'procs', 'ranks'],
  task: ['tasks', 'ntasks'],
  node: ['nodes', 'nnode', 'nnodes', 'machine', 'machines', 'hosts'],
  number: ['num', 'n', 'nr'],
  step: ['steps', 'iter', 'iters', 'iteration', 'iterations', 'update', 'updates', 'niter'],
  epoch: ['epochs', 'ep'],
  train: ['training', 'trainer', 'tr'],
  maximum: ['max'],
  minimum: ['min'],
  final: ['end', 'last'],
  initial: ['init', 'start', 'starting', 'begin', 'first'],
  optimizer: ['optim', 'optimiser', 'opt', 'optimizers'],
  scheduler: ['sched', 'schedulers', 'schedule'],
  epsilon: ['eps'],
  beta: ['betas', 'moms', 'momentums'],
  momentum: ['mom'],
  average: ['averaged', 'averaging', 'avg'],
  model: ['models'],
  decay: ['decays'],
  milestone: ['milestones'],
  validation: ['val', 'valid', 'validate', 'dev'],
  evaluation: ['eval', 'evaluate', 'evaluator'],
  test: ['testing', 'tests'],
  inference: ['infer', 'predict', 'prediction', 'generate', 'generation'],
  sampling: ['sampler'],
  logging: ['log', 'logger', 'logs'],
  total: ['effective', 'overall'],
  parallel: ['parallelism'],
  clip: ['clipping', 'clipnorm'],
  norm: ['normalization', 'normalisation'],
};

/** Words that are written as one, and what they are. */
const COMPOUNDS: Readonly<Record<string, string>> = {
  bs: 'batch size',
  batchsize: 'batch size',
  minibatch: 'mini batch',
  minibatchsize: 'mini batch size',
  minibatches: 'mini batch',
  microbatch: 'micro batch',
  microbatches: 'micro batch',
  microbatchsize: 'micro batch size',
  multigpu: 'multi device',
  ngpu: 'number device',
  ngpus: 'number device',
  ndevices: 'number device',
  ndev: 'number device',
  nproc: 'number process',
  lr: 'learning rate',
  // MAE's and those made from it: the trainer multiplies it by the batch.
  blr: 'scaled learning rate',
  lrs: 'learning rate',
  lrate: 'learning rate',
  learningrate: 'learning rate',
  wd: 'weight decay',
  weightdecay: 'weight decay',
  batchnorm: 'batch norm',
  bn: 'batch norm',
  syncbn: 'sync batch norm',
  warmup: 'warm up',
  warmdown: 'cool down',
  cooldown: 'cool down',
  maxiter: 'maximum step',
  maxsteps: 'maximum step',
  maxiters: 'maximum step',
  totalsteps: 'total step',
  totaliters: 'total step',
  trainsteps: 'train step',
  trainiters: 'train step',
  warmupsteps: 'warm up step',
  warmupiters: 'warm up step',
  nsteps: 'number step',
  niters: 'number step',
  numsteps: 'number step',
  numiters: 'number step',
  gradaccum: 'gradient accumulate',
  gradacc: 'gradient accumulate',
};

/** What a spelling or a compound stands for. */
const KNOWN = new Map<string, readonly string[]>([
  ...Object.entries(SPELLINGS).flatMap(([word, spellings]) => spellings.map((s) => [s, [word]] as const)),
  ...Object.entries(COMPOUNDS).map(([compound, words]) => [compound, words.split(' ')] as const),
]);

/**
 * The words of a key, in one spelling: `accumulateGradBatches` and `--accum-grad-batches` are accumulate, gradient,
 * batch; `adam_beta1` is adam, beta, 1.
 */
export function wordsOf(key: string): readonly string[] {
  const before = asked.get(key);
  if (before) return before;
  const words = split(key);
  if (asked.size === MOST_ASKED) asked.clear();
  asked.set(key, words);
  return words;
}

/** Keys are asked for again and again: by each dialect, each rule of names, and when the result is read. */
const asked = new Map<string, readonly string[]>();
const MOST_ASKED = 100_000;

// Large files have a hundred thousand keys of their own: what most of them do not need is not tried.
function split(key: string): readonly string[] {
  // Caffe's (BVLC/caffe src/caffe/proto/caffe.proto SolverParameter): passes whose gradients make one step.
  if (/^iter_size$/i.test(key)) return ['accumulate'];
  const apart = /[A-Z]/.test(key)
    ? key.replace(/([a-z\d])([A-Z])/g, '$1_$2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    : key;
  const words: string[] = [];
  for (const part of apart.toLowerCase().split(/[^a-z\d]+/)) {
    const whole = KNOWN.get(part);
    if (whole) words.push(...whole);
    // Digits stand apart: beta1, b2.
    else if (/[a-z]\d|\d[a-z]/.test(part))
      for (const word of part.split(/(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])/))
        words.push(...(KNOWN.get(word) ?? [word]));
    else if (part) words.push(part);
  }
  // A rate of a learning rate is a ratio: `min_lr_rate` of transformers.
  const rate = words.indexOf('rate');
  return rate === words.lastIndexOf('rate')
    ? words
    : words.map((word, i) => (word === 'rate' && rate < i ? 'ratio' : word));
}
