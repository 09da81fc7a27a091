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
  adamax: define('adamax', 'Adamax', {
    source:
      'pytorch/pytorch torch/optim/adamax.py: exp_inf = max(beta2*exp_inf, |grad|+eps), a decaying maximum',
  }),
  adopt: define('adopt', 'ADOPT', {
    weightDecay: 'times-lr',
    source:
      'Taniguchi et al., arXiv 2411.02853; huggingface/pytorch-image-models timm/optim/adopt.py: exp_avg of grad / max(sqrt(previous exp_avg_sq), eps)',
  }),
  nadam: define('nadam', 'NAdam', { lookAhead: true, source: 'pytorch/pytorch torch/optim/nadam.py' }),
  radam: define('radam', 'RAdam', {
    source: 'Liu et al., arXiv 1908.03265; pytorch/pytorch torch/optim/radam.py',
  }),
  adafactor: define('adafactor', 'Adafactor', {
    buffer: 'none',
    epsilonInside: true,
    weightDecay: 'times-lr',
    source: 'Shazeer & Stern, arXiv 1804.04235; pytorch/pytorch torch/optim/_adafactor.py',
  }),
  came: define('came', 'CAME', {
    epsilonInside: true,
    weightDecay: 'times-lr',
    source: 'Luo et al., arXiv 2307.02047; yangluo7/CAME came_pytorch/CAME.py',
  }),
  rmsprop: define('rmsprop', 'RMSprop', {
    buffer: 'sum',
    source: 'pytorch/pytorch torch/optim/rmsprop.py: buf = momentum*buf + grad/avg',
  }),
  'rmsprop-tf': define('rmsprop-tf', 'RMSprop (TensorFlow)', {
    buffer: 'sum',
    epsilonInside: true,
    lrInBuffer: true,
    source:
      'huggingface/pytorch-image-models timm/optim/rmsprop_tf.py: buf = momentum*buf + lr*grad/sqrt(avg+eps)',
  }),
  adagrad: define('adagrad', 'Adagrad', {
    buffer: 'none',
    accumulatesForever: true,
    source: 'pytorch/pytorch torch/optim/adagrad.py: state_sum += grad*grad',
  }),
  adadelta: define('adadelta', 'Adadelta', {
    buffer: 'none',
    epsilonInside: true,
    source: 'pytorch/pytorch torch/optim/adadelta.py: sqrt(acc_delta+eps)/sqrt(square_avg+eps)*grad',
  }),
  lamb: define('lamb', 'LAMB', {
    normalises: 'after-momentum',
    weightDecay: 'times-lr',
    decayInTrustRatio: true,
    keepsWarmupSteps: true,
    source:
      'You et al., arXiv 1904.00962; Viehmann 2019; timm/optim/lamb.py: update = m/(sqrt(v)+eps) + wd*p, then the ratio of norms',
  }),
  lars: define('lars', 'LARS', {
    normalises: 'gradient-norm',
    buffer: 'sum',
    secondMoment: false,
    weightDecay: 'coupled',
    decayInTrustRatio: true,
    source:
      'You, Gitman & Ginsburg, arXiv 1708.03888; timm/optim/lars.py: the ratio scales grad + wd*p, the buffer sums after it, lr outside',
  }),
  lion: define('lion', 'Lion', {
    normalises: 'after-momentum',
    secondMoment: false,
    mixesNewest: true,
    weightDecay: 'times-lr',
    source: 'Chen et al., arXiv 2302.06675; lucidrains/lion-pytorch lion_pytorch/lion_pytorch.py',
  }),
  muon: define('muon', 'Muon', {
    normalises: 'after-momentum',
    secondMoment: false,
    weightDecay: 'times-lr',
    lookAhead: true,
    matricesOnly: true,
    source: 'pytorch/pytorch torch/optim/_muon.py: buf.lerp_(grad, 1-momentum), then orthogonalised',
  }),
  'muon-sum': define('muon-sum', 'Muon with a summing buffer', {
    normalises: 'after-momentum',
    buffer: 'sum',
    secondMoment: false,
    weightDecay: 'times-lr',
    lookAhead: true,
    matricesOnly: true,
    source:
      'hiyouga/LLaMA-Factory src/llamafactory/third_party/muon/muon.py: buf.mul_(m).add_(g), then orthogonalised',
  }),
  ademamix: define('ademamix', 'AdEMAMix', {
    weightDecay: 'times-lr',
    source:
      'Pagliardini et al., arXiv 2409.03137; apple/ml-ademamix pytorch/ademamix.py: (m1 + alpha*m2)/(sqrt(v)+eps) + wd*p, all averages',
  }),
  // The divisor estimates the Hessian (batch times squares of gradients at sampled labels), which has no level of
  // gradient noise, and what it leaves is clipped: the step is as long at any noise, as with LAMB.
  sophia: define('sophia', 'Sophia', {
    normalises: 'after-momentum',
    weightDecay: 'times-lr',
    source: 'Liu et al., arXiv 2305.14342; Liuhong99/Sophia sophia.py: sign(m)*min(|m|/(rho*bs*h), 1)',
  }),
  shampoo: define('shampoo', 'Shampoo', {
    accumulatesForever: true,
    source:
      'Gupta, Koren & Singer, arXiv 1802.09568; jettify/pytorch-optimizer torch_optimizer/shampoo.py: precond += g g^T',
  }),
  soap: define('soap', 'SOAP', {
    weightDecay: 'times-lr',
    source: 'Vyas et al., arXiv 2409.11321; nikhilvyas/SOAP soap.py',
  }),
  // The decay joins the normalised gradient in front of the buffer, so it scales with lr/(1-beta1) as the step does.
  novograd: define('novograd', 'NovoGrad', {
    buffer: 'sum',
    source:
      'NVIDIA/NeMo nemo/core/optim/novograd.py: exp_avg = beta1*exp_avg + g, grad_averaging False by default',
  }),
  'schedule-free-adamw': define('schedule-free-adamw', 'schedule-free AdamW', {
    buffer: 'none',
    interpolatesIterates: true,
    weightDecay: 'times-lr',
    source:
      'Defazio et al., arXiv 2405.15682; facebookresearch/schedule_free schedulefree/adamw_schedulefree.py',
  }),
  'schedule-free-sgd': define('schedule-free-sgd', 'schedule-free SGD', {
    normalises: 'never',
    buffer: 'none',
    secondMoment: false,
    interpolatesIterates: true,
    weightDecay: 'times-lr',
    source:
      'Defazio et al., arXiv 2405.15682; facebookresearch/schedule_free schedulefree/sgd_schedulefree.py',
  }),
} as const satisfies Record<string, Optimizer>;

/** The canonical name of an optimizer. */
export type OptimizerName = keyof typeof OPTIMIZERS;
