import { BUDGET, tooLarge } from '../base/budget.ts';
import { lookUp } from '../base/look-up.ts';
import { count } from '../base/numbers.ts';
import { ANY } from '../dialect/known-keys.ts';
import type { Found, Role } from '../dialect/roles.ts';
import { type Fault, schemaProblem } from '../dialect/schema-errors.ts';
import {
  type Document,
  type Entry as KeyValue,
  type MapNode,
  type Node,
  numberOf,
  type ScalarNode,
} from '../document/nodes.ts';
import { child, keyOf, type Pointer, parentOf, readable } from '../document/pointer.ts';
import { BETAS, type Definition, outOfBounds, roleOf } from './definitions.ts';
import { ELSEWHERE, type Entry, type Fits } from './entries.ts';
import { meaningsOf } from './match.ts';
import { OWN_NAMES, type OwnNames } from './own-names.ts';
import { saysScaling, type Topic, topicOf } from './topics.ts';
import { cycledMomenta, saysClass, unsaidIn } from './unsaid.ts';
import { wordsOf } from './words.ts';

/** A number whose key may depend on the batch, and which was not understood. */
export interface Doubtful {
  readonly pointer: Pointer;
  readonly source: string;
  readonly offset: number;
  readonly topic: Topic;
}

/** What the words of a document's keys say, where the dialect says nothing. */
export interface NamedReading {
  readonly found: readonly Found[];
  readonly doubtful: readonly Doubtful[];
}

/**
 * Reads by name what a dialect has not claimed. A key is read surely where all of its words are known together; where
 * they only speak of the batch it is doubtful.
 * @param known keys that the dialect speaks of: without a role they have none on purpose
 * @throws Problem: schema, for a value out of its role's bounds
 */
export function readByName(
  document: Document,
  claimed: readonly Found[],
  known: ReadonlySet<string>,
  own: OwnNames = {},
): NamedReading {
  const reader = new Reader(claimed, known, own);
  reader.readAll(document);
  if (reader.faults.length) throw schemaProblem(reader.faults, document);
  reader.settleMaxima(document);
  return { doubtful: reader.doubtful, found: accumulating(reader.found) };
}

/** The roles that names alone tell, be their values in bounds or not, and the parts of the batch; a decay also of a pair of them. */
export function rolesByName(document: Document, names: OwnNames = {}): ReadonlySet<string> {
  const reader = new Reader([], new Set(), names);
  reader.readAll(document);
  return new Set(
    reader.found.flatMap(([, what]) => {
      if (!('role' in what)) return 'encoding' in what ? ['decay'] : [];
      return what.role.role === 'batch' ? ['batch', what.role.part] : [what.role.role];
    }),
  );
}

/** Where a global batch stands beside a micro batch and no accumulation, the trainer works that out. */
function accumulating(found: readonly Found[]): Found[] {
  const parts = new Set(
    found.flatMap(([, what]) => ('role' in what && what.role.role === 'batch' ? [what.role.part] : [])),
  );
  if (!parts.has('micro') || parts.has('accumulation')) return [...found];
  return found.map(([pointer, what]) =>
    'role' in what && what.role.role === 'batch' && what.role.part === 'global'
      ? [pointer, { role: { ...what.role, accumulates: true } }]
      : [pointer, what],
  );
}

interface Place {
  /** The key that led here, and its words. */
  readonly key: string;
  readonly words: readonly string[];
  readonly kinds: ReadonlySet<string>;
  /** An optimizer's block has been opened on the way. */
  readonly scoped: boolean;
}

class Reader {
  readonly found: Found[] = [];
  readonly doubtful: Doubtful[] = [];
  readonly faults: Fault[] = [];
  /** Blocks that were taken for an optimizer's. */
  private opened = 0;
  private readonly stepCounts = new Set<number | undefined>();
  private readonly claimed: Set<Pointer>;
  private readonly scopes: ReadonlySet<Pointer>;
  private readonly lengths: readonly Pointer[];

  constructor(
    found: readonly Found[],
    private readonly known: ReadonlySet<string>,
    private readonly own: OwnNames,
  ) {
    const has = (what: Found[1], ...keys: string[]) => keys.some((key) => Object.hasOwn(what, key));
    // A list is claimed with its entries.
    this.claimed = new Set(
      found
        .filter(([, what]) => has(what, 'role', 'encoding', 'note'))
        .flatMap(([pointer]) => (/\/\d+$/.test(pointer) ? [pointer, parentOf(pointer)] : [pointer])),
    );
    // A T_max that is one of the dialect's lengths is in steps, too.
    this.lengths = found.flatMap(([pointer, what]) =>
      'role' in what && isLength(what.role) ? [pointer] : [],
    );
    this.scopes = new Set(found.filter(([, what]) => has(what, 'scope')).map(([pointer]) => pointer));
  }

  hasScope(pointer: Pointer): boolean {
    return this.scopes.has(pointer);
  }

  readAll({ nodes }: Document): void {
    const root = nodes.get('');
    if (root) this.walk(root, '', { key: '', words: [], kinds: kindsOf(root), scoped: this.hasScope('') });
  }

  walk(node: Node, pointer: Pointer, place: Place): void {
    if (node.kind === 'list')
      for (const [i, item] of node.items.entries()) this.walk(item, child(pointer, i), place);
    if (node.kind !== 'map') return;
    const here = this.block(node, pointer, place);
    for (const entry of node.entries) this.entry(entry, child(pointer, entry.key), here);
  }

  /** A block of its own kind: an optimizer's, a scheduler's, one of an average; or one that holds a learning rate. */
  private block(node: MapNode, pointer: Pointer, { key, words, kinds, scoped }: Place): Place {
    const next = new Set(kinds);
    const kind = kindOf(words);
    if (kind) next.add(kind);
    const rate = node.entries.some((e) => holdsRate(e, next));
    next.delete('rate');
    next.delete('optimizer-itself');
    next.delete('solver');
    if (kind === 'optimizer') next.add('optimizer-itself');
    if (words.some((word) => DATA.has(word))) next.add('data');
    if (rate) next.add('rate');
    if (node.entries.some((e) => SOLVER.test(e.key))) next.add('solver');
    if (kind === 'ema') this.rampDefault(node, pointer);
    this.scheduled(node, pointer, key);
    const opens = !scoped && (kind === 'optimizer' || (rate && kind !== 'learning-rate'));
    if (opens && !this.scopes.has(pointer)) this.found.push([pointer, { scope: 'optimizer' }]);
    if (opens && ++this.opened > BUDGET.optimizers)
      throw tooLarge(`${count(BUDGET.optimizers)} optimizers`, node.offset);
    return { key, words, kinds: next, scoped: scoped || kind === 'optimizer' || this.scopes.has(pointer) };
  }

  private entry({ key, node, offset }: KeyValue, pointer: Pointer, place: Place): void {
    const words = wordsOf(key);
    if (
      this.claimed.has(pointer) ||
      words.some((word) => ELSEWHERE.has(word) && !isTrainings(words, place.kinds))
    )
      return;
    if (isPlain(node) && [place.key, ANY].some((block) => this.known.has(`${block}/${key}`))) return;
    // Hydra's list of files, whose groups are called like settings.
    if (key === 'defaults' && node.kind === 'list') return;
    if (this.ownName(key, node, pointer)) return;
    if (saysScaling(words, node)) return this.doubt(pointer, node, offset, 'scaling');
    if (this.clipSwitch(words, node, pointer, place) || this.normSwitch(words, node, pointer)) return;
    if (this.batches(words, node, pointer)) return;
    for (const meaning of meaningsOf(words, place)) if (this.read(meaning, node, pointer, words)) return;
    if (!isPlain(node)) return this.walk(node, pointer, { ...place, key, words });
    const topic = topicOf(words, node, place.kinds);
    if (topic) this.doubt(pointer, node, offset, topic);
  }

  private doubt(pointer: Pointer, node: Node, offset: number, topic: Topic): void {
    const source = node.kind === 'scalar' ? node.source : '[...]';
    this.doubtful.push({ pointer, source, offset: node.offset ?? offset, topic });
  }

  /** Composer's `1000ba` is a number of optimizer steps in any file (mosaicml/composer composer/core/time.py). */
  private batches(words: readonly string[], node: Node, pointer: Pointer): boolean {
    if (node.kind !== 'scalar' || !/^\d[\d_.]*(?:e\d+)?ba$/i.test(String(node.value))) return false;
    const often = words.some((word) => CADENCE.has(word));
    const use = often ? 'cadenceSteps' : words.includes('ema') ? 'averageSteps' : 'scheduleSteps';
    this.found.push([pointer, { encoding: { kind: 'time-string', items: [{ role: roleOf(use) }] } }]);
    return true;
  }

  /** `batchnorm: true`: the statistics of one device's batch, averaged with a momentum that the code sets. */
  private normSwitch(words: readonly string[], node: Node, pointer: Pointer): boolean {
    const plain = words.every((word) => ['use', 'with', 'batch', 'norm'].includes(word));
    if (!plain || !words.includes('batch') || !words.includes('norm')) return false;
    if (node.kind !== 'scalar' || typeof node.value !== 'boolean') return false;
    const note =
      'batch normalisation averages the statistics of one device’s batch with a momentum that is not in this file (torch: 0.1, and 1-(1-0.1)^k at k times the samples on a device): write it down where the trainer takes it';
    if (node.value) this.found.push([pointer, { note }]);
    return true;
  }

  /** `clip_grad_norm: true`: gradients are clipped, and at which norm the code says. */
  private clipSwitch(words: readonly string[], node: Node, pointer: Pointer, { kinds }: Place): boolean {
    if (kinds.has('audio')) return false;
    const enables =
      words.includes('clip') || (kinds.has('clip') && words.some((word) => /^enabled?$/.test(word)));
    if (!enables || node.kind !== 'scalar' || typeof node.value !== 'boolean') return false;
    const note =
      'gradients are clipped at a norm that the code sets, and which stays: no rule is exact for one that mixes signal and noise';
    if (node.value) this.found.push([pointer, { note }]);
    return true;
  }

  /** diffusers' EMAModel takes 1 for an inv_gamma that is not there. */
  private rampDefault(node: MapNode, pointer: Pointer): void {
    const has = (name: string) => node.entries.some(({ key }) => key === name);
    if (has('power') && !has('inv_gamma'))
      this.found.push([child(pointer, 'inv_gamma'), { absent: { default: 1, role: roleOf('rampGamma') } }]);
  }

  /** The momenta of a scheduler that overrules the optimizer's, and what else its name says. */
  private scheduled(node: MapNode, pointer: Pointer, own: string): void {
    const isScheduler = (key: string) => /^schedul/i.test(key) || wordsOf(key).includes('scheduler');
    const momenta = cycledMomenta(node, pointer).filter(([at]) => !this.claimed.has(at));
    for (const [at] of momenta) this.claimed.add(at);
    // In a scheduler's block its class says it, where the dialect does not speak of that.
    const saysScheduler = (key: string) =>
      isScheduler(key) || (isScheduler(own) && saysClass(key) && !this.known.has(`${own}/${key}`));
    const notes = unsaidIn(node, pointer, saysScheduler).filter(([at]) => !this.claimed.has(at));
    this.found.push(...momenta, ...notes);
  }

  private ownName(key: string, node: Node, pointer: Pointer): boolean {
    const name = lookUp(this.own, key);
    if (name === undefined) return false;
    const meant = OWN_NAMES[name];
    if (meant !== undefined) this.push(pointer, meant, node);
    return true;
  }

  /** A scheduler's T_max counts epochs or steps; where it equals a number of steps of the file, steps. */
  settleMaxima({ nodes }: Document): void {
    for (const pointer of this.lengths) {
      const node = nodes.get(pointer);
      if (node) this.stepCounts.add(numberOf(node));
    }
    for (const one of this.doubtful.splice(0)) {
      const steps = /\/t_?max$/i.test(one.pointer) && this.stepCounts.has(Number(one.source));
      if (steps) this.found.push([one.pointer, { role: roleOf('scheduleSteps') }]);
      else this.doubtful.push(one);
    }
  }

  /** Whether the value is what the meaning asks for; if so it is read. */
  private read({ fits, reads }: Entry, node: Node, pointer: Pointer, words: readonly string[]): boolean {
    if (!FITS[fits](node)) return false;
    // A rate of 0 stays 0 where a warm-up begins with it, a part is frozen, or a framework sets it later.
    const mayBeZero = this.known.size > 0 || fits === 'small-rate' || words.includes('initial');
    if (reads === 'learningRate' && numberOf(node) === 0 && mayBeZero) return true;
    // 0 and below switch a clip off.
    if (fits === 'positive' && numberOf(node)! <= 0) return true;
    if (fits === 'betas') this.betas(pointer, node);
    else if (reads === 'devices') this.push(pointer, devicesIn(keyOf(pointer)), node);
    else if (reads === 'batchNormMomentum' && numberOf(node)! > 0.5)
      this.push(pointer, 'batchNormDecay', node);
    else this.push(pointer, reads, node);
    return true;
  }

  private push(pointer: Pointer, name: Definition, node: Node): void {
    if (name === 'scheduleSteps') this.stepCounts.add(numberOf(node));
    // A list of devices is as long as there are devices; any other list has a role for each entry.
    const each = node.kind === 'list' && !DEVICES.has(name);
    for (const [i, item] of (each ? node.items : [node]).entries()) {
      const at = each ? child(pointer, i) : pointer;
      this.validate(at, name, item);
      this.found.push([at, { role: roleOf(name) }]);
    }
    if (this.found.length > BUDGET.fields)
      throw tooLarge(`${count(BUDGET.fields)} numbers that depend on the batch`, node.offset);
  }

  private betas(pointer: Pointer, node: Node): void {
    if (node.kind === 'list')
      for (const [i, item] of node.items.entries())
        this.validate(
          child(pointer, i),
          (['gradientDecay', 'secondMomentDecay', 'beta3'] as const)[i] ?? 'beta3',
          item,
        );
    this.found.push([pointer, { encoding: BETAS }]);
  }

  private validate(pointer: Pointer, name: Definition, node: Node): void {
    // A number in a string is checked where strings are read.
    const value = node.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined;
    const wrong = value === undefined ? undefined : outOfBounds(name, value);
    if (wrong) this.faults.push({ pointer, message: `${readable(pointer)} ${wrong} (read by name)` });
  }
}

/** In files about environments steps are the environments', unless they say otherwise. */
function kindsOf(node: Node): ReadonlySet<string> {
  const about = (n: Node): boolean =>
    n.kind === 'map'
      ? n.entries.some(({ key, node: value }) => ENVIRONMENT.test(key) || about(value))
      : n.kind === 'list'
        ? n.items.some(about)
        : typeof n.value === 'string' && ALGORITHM.test(n.value);
  return new Set(about(node) ? ['environment'] : []);
}

const ENVIRONMENT = /(?:^|_)n?(?:envs?|environments?|timesteps|rollouts?|buffer_size|time_horizon)(?:_|$)/i;
const ALGORITHM = /^(?:ppo2?|sac|dqn|a2c|td3|ddpg|poca|impala)$/i;

/** What a block is by the words of its key. */
function kindOf(words: readonly string[]): string | undefined {
  const has = (...all: string[]) => all.every((word) => words.includes(word));
  if (has('learning', 'rate') && words.length === 2) return 'learning-rate';
  if (has('scheduler')) return 'scheduler';
  if (has('optimizer') && words.every((word) => OPTIMIZER_BLOCK.has(word) || /^\d+$/.test(word)))
    return 'optimizer';
  if (has('ema')) return 'ema';
  if (has('clip')) return 'clip';
  if (has('loss')) return 'loss';
  if (has('audio')) return 'audio';
  // Of a parameter (`weight_attr`): its learning rate is a factor (PaddlePaddle/Paddle python/paddle/base/param_attr.py).
  if (has('attr')) return 'attribute';
  // Other norms keep no statistics, so a momentum beside them is batch normalisation's (OpenMMLab's norm_cfg).
  if (
    has('batch', 'norm') ||
    (has('norm') && /^(?:cfg|config|configuration|args|kwargs)$/.test(words[1] ?? ''))
  )
    return 'batch-norm';
  return undefined;
}

/** `optim_g`, `optimizer_config`; but `pixel_opt` holds the options of something else. */
const OPTIMIZER_BLOCK = new Set(
  'optimizer g d gen disc generator discriminator encoder decoder actor critic backbone head model train main base default kwargs args params parameters config configs cfg settings options builder wrapper component adam adamw sgd muon'.split(
    ' ',
  ),
);

function holdsRate({ key, node }: KeyValue, kinds: ReadonlySet<string>): boolean {
  const rate = (entry: Entry) => entry.reads === 'learningRate' && FITS[entry.fits](node);
  return node.kind !== 'map' && meaningsOf(wordsOf(key), { kinds }).some(rate);
}

/** `train_eval_unit` trains, too; `eval_steps` still counts optimizer steps, `gradient_clip_val` is a value, and a data loader's sampler draws batches. */
function isTrainings(words: readonly string[], kinds: ReadonlySet<string>): boolean {
  const draws = words.includes('sampling') && kinds.has('data');
  return ['step', 'clip', 'train'].some((word) => words.includes(word)) || draws;
}

function isLength(role: Role): boolean {
  return role.role === 'count' && role.unit === 'steps' && role.use === 'schedule';
}

/** A scalar, or a list of nothing else, also of such lists. */
function isPlain(node: Node): boolean {
  return node.kind === 'scalar' || (node.kind === 'list' && node.items.every(isPlain));
}

/** Words of a key that says how often something is done. */
const CADENCE = new Set(
  'interval every logging save evaluation checkpoint validation frequency freq'.split(' '),
);

/** Keys of an iterative solver of linear models, whose `max_iter` is no length of a training (pecos, scikit-learn). */
const SOLVER = /^(?:solver|solver_type|tol|newton_eps|Cp|Cn)$/;

const DATA = new Set(['data', 'loader', 'dataloader', 'dataset', 'reader']);

const DEVICES: ReadonlySet<Definition> = new Set(['devices', 'deviceIds', 'deviceOrDevices']);

/** Whether a key counts devices (`num_gpus`, `devices`, `gpu_per_node`), says which are used (`gpu_ids`), or either (`gpu: 3`). */
function devicesIn(key: string): Definition {
  const words = key
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/);
  const has = (pattern: RegExp) => words.some((word) => pattern.test(word));
  if (has(/^(?:ids?|index|indices|visible)$/)) return 'deviceIds';
  return has(
    /^(?:n|nr|num|number|count|per|world\w*|cores?|process\w*|procs?|n?(?:device|gpu|npu|xpu|tpu|card|accelerator)s|ngpu|ndev|nproc)$/,
  )
    ? 'devices'
    : 'deviceOrDevices';
}

const text = (node: Node) => node.kind === 'scalar' && typeof node.value === 'string';
const all = (node: Node, fits: (value: number) => boolean) =>
  node.kind === 'list' && node.items.length > 0 && node.items.every((i) => fits(numberOf(i) ?? Number.NaN));
const one = (node: Node, fits: (value: number) => boolean) => fits(numberOf(node) ?? Number.NaN);
const each = (fits: (value: number) => boolean) => (node: Node) => one(node, fits) || all(node, fits);

/** `auto` and references stand for numbers that are somewhere else. */
const STANDS_FOR = /^auto$|^\?\?\?$|\$\{|^(?:!ref\b|@|\$)\w?/;
const orElsewhere = (fits: (node: Node) => boolean) => (node: Node) =>
  fits(node) || (node.kind === 'scalar' && typeof node.value === 'string' && STANDS_FOR.test(node.value));

/** A momentum below it would be none. */
const LEAST_BETA = 0.1;

const someNumber = orElsewhere((node) => numberOf(node) !== undefined);

const FITS: Readonly<Record<Fits, (node: Node) => boolean>> = {
  positive: someNumber,
  number: someNumber,
  rate: orElsewhere(each(Number.isFinite)),
  // A learning rate that is no number is not passed over: its role refuses it.
  'any-rate': (node) => each(Number.isFinite)(node) || text(node),
  'small-rate': orElsewhere(each((value) => value > 0 && value <= 0.02)),
  decay: someNumber,
  // Smaller ones are the noise of a diffusion's first step (`beta_1: 1e-4` beside `beta_T: 0.02`).
  beta: orElsewhere((node) => one(node, (value) => value <= 0 || value >= LEAST_BETA)),
  'high-decay': each((value) => value > 0.5 && value <= 1),
  count: orElsewhere(each(Number.isInteger)),
  devices: orElsewhere(
    (node) =>
      each(Number.isInteger)(node) ||
      (text(node) &&
        /^(?:\[\d+(?:\s*,\s*\d+)*\]|\d+(?:\s*,\s*\d+)+)$/.test(String((node as ScalarNode).value))),
  ),
  true: (node) => node.kind === 'scalar' && node.value === true,
  parallel: (node) =>
    text(node) &&
    /^(?:ddp|fsdp|deepspeed|horovod|dp$|multi|mirrored|pytorch$|slurm$|mpi$|torchrun$)/i.test(
      String((node as ScalarNode).value),
    ),
  boolean: (node) => node.kind === 'scalar' && typeof node.value === 'boolean',
  name: (node) => text(node) && numberOf(node) === undefined,
  betas: (node) =>
    (node.kind === 'list' &&
      node.items.length > 0 &&
      (numberOf(node.items[1] ?? node.items[0]!) ?? 1) >= 0.1) ||
    (text(node) && numberOf(node) === undefined),
};
