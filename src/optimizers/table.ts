import type { Optimizer } from './optimizer.ts';

function define(name: string, title: string, traits: Partial<Optimizer> & { source: string }): Optimizer {
  const adaptive = { normalises: 'second-moment', buffer: 'ema', secondMoment: true } as const;
  return { name, title, ...adaptive, weightDecay: 'coupled', epsilonInside: false, ...traits };
}

const ADAM_PAPER = 'Kingma & Ba, arXiv 1412.6980';

/** Every optimizer whose update rule is known, by canonical name: where it normalises, and how its buffer sums. */
export const OPTIMIZERS = {
  sgd: define('sgd', 'SGD', {
    normalises: 'never',
    buffer: 'sum',
    secondMoment: false,
    source: 'pytorch/pytorch torch/optim/sgd.py: buf = momentum*buf + (1-dampening)*grad',
  }),
  'sgd-lr-in-buffer': define('sgd-lr-in-buffer', 'SGD with the learning rate in the buffer', {
    normalises: 'never',
    buffer: 'sum',
    secondMoment: false,
    lrInBuffer: true,
    weightDecay: 'times-lr',
    source: 'keras-team/keras keras/src/optimizers/sgd.py: velocity = momentum*velocity - learning_rate*g',
  }),
  adam: define('adam', 'Adam', { source: `${ADAM_PAPER}; pytorch/pytorch torch/optim/adam.py` }),
  adamw: define('adamw', 'AdamW', {
    weightDecay: 'times-lr',
    source: 'Loshchilov & Hutter, arXiv 1711.05101; pytorch/pytorch torch/optim/adamw.py',
  }),
  amsgrad: define('amsgrad', 'AMSGrad', {
    source: 'Reddi et al., arXiv 1904.09237; pytorch/pytorch torch/optim/adam.py, amsgrad=True',
  }),
  nadam: define('nadam', 'NAdam', { lookAhead: true, source: 'pytorch/pytorch torch/optim/nadam.py' }),
  radam: define('radam', 'RAdam', {
    source: 'Liu et al., arXiv 1908.03265; pytorch/pytorch torch/optim/radam.py',
  }),
  adafactor: define('adafactor', 'Adafactor', {
    buffer: 'none',
    epsilonInside: true,
    weightDecay: 'times-lr',
    source: 'Shazeer & Stern, arXiv 1804.04235',
  }),
  came: define('came', 'CAME', {
    epsilonInside: true,
    weightDecay: 'times-lr',
    source: 'Luo et al., arXiv 2307.02047',
  }),
  rmsprop: define('rmsprop', 'RMSprop', {
    buffer: 'sum',
    source: 'pytorch/pytorch torch/optim/rmsprop.py: buf = momentum*buf + grad/avg',
  }),
  'rmsprop-tf': define('rmsprop-tf', 'RMSprop (TensorFlow)', {
    buffer: 'sum',
    epsilonInside: true,
    lrInBuffer: true,
    source: 'huggingface/pytorch-image-models timm/optim/rmsprop_tf.py',
  }),
  adagrad: define('adagrad', 'Adagrad', {
    buffer: 'none',
    accumulatesForever: true,
    source: 'pytorch/pytorch torch/optim/adagrad.py: state_sum += grad*grad',
  }),
  adadelta: define('adadelta', 'Adadelta', {
    buffer: 'none',
    epsilonInside: true,
    source: 'pytorch/pytorch torch/optim/adadelta.py',
  }),
  lamb: define('lamb', 'LAMB', {
    normalises: 'after-momentum',
    weightDecay: 'times-lr',
    decayInTrustRatio: true,
    source: 'You et al., arXiv 1904.00962; Viehmann 2019',
  }),
  lars: define('lars', 'LARS', {
    normalises: 'gradient-norm',
    buffer: 'sum',
    secondMoment: false,
    weightDecay: 'coupled',
    decayInTrustRatio: true,
    source:
      'You, Gitman & Ginsburg, arXiv 1708.03888: the trust ratio is taken of the raw gradient, the buffer sums after it',
  }),
  lion: define('lion', 'Lion', {
    normalises: 'after-momentum',
    secondMoment: false,
    mixesNewest: true,
    weightDecay: 'times-lr',
    source: 'Chen et al., arXiv 2302.06675; mosaicml/llm-foundry llmfoundry/optim/lion.py',
  }),
  muon: define('muon', 'Muon', {
    normalises: 'after-momentum',
    secondMoment: false,
    weightDecay: 'times-lr',
    lookAhead: true,
    source: 'pytorch/pytorch torch/optim/_muon.py: buf.lerp_(grad, 1-momentum), then orthogonalised',
  }),
  'muon-sum': define('muon-sum', 'Muon with a summing buffer', {
    normalises: 'after-momentum',
    buffer: 'sum',
    secondMoment: false,
    weightDecay: 'times-lr',
    lookAhead: true,
    source:
      'hiyouga/LLaMA-Factory src/llamafactory/third_party/muon/muon.py: buf.mul_(m).add_(g), then orthogonalised',
  }),
  ademamix: define('ademamix', 'AdEMAMix', {
    weightDecay: 'times-lr',
    source: 'Pagliardini et al., arXiv 2409.03137',
  }),
  sophia: define('sophia', 'Sophia', {
    normalises: 'second-moment',
    weightDecay: 'times-lr',
    source: 'Liu et al., arXiv 2305.14342',
  }),
  shampoo: define('shampoo', 'Shampoo', {
    normalises: 'second-moment',
    buffer: 'ema',
    source: 'Gupta, Koren & Singer, arXiv 1802.09568',
  }),
  soap: define('soap', 'SOAP', { weightDecay: 'times-lr', source: 'Vyas et al., arXiv 2409.11321' }),
  novograd: define('novograd', 'NovoGrad', {
    buffer: 'sum',
    source:
      'NVIDIA/NeMo nemo/core/optim/novograd.py: exp_avg = beta1*exp_avg + g, grad_averaging False by default',
  }),
  'schedule-free-adamw': define('schedule-free-adamw', 'schedule-free AdamW', {
    buffer: 'none',
    interpolatesIterates: true,
    weightDecay: 'times-lr',
    source: 'Defazio et al., arXiv 2405.15682',
  }),
  'schedule-free-sgd': define('schedule-free-sgd', 'schedule-free SGD', {
    normalises: 'never',
    buffer: 'none',
    secondMoment: false,
    interpolatesIterates: true,
    weightDecay: 'times-lr',
    source: 'Defazio et al., arXiv 2405.15682',
  }),
} as const satisfies Record<string, Optimizer>;

/** The canonical name of an optimizer. */
export type OptimizerName = keyof typeof OPTIMIZERS;
