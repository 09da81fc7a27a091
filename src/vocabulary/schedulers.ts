import type { Found, Role } from '../dialect/roles.ts';
import type { Entry, MapNode, Node } from '../document/nodes.ts';
import { child, type Pointer } from '../document/pointer.ts';
import { roleOf } from './definitions.ts';

/**
 * Schedulers of torch that run the momentum, or beta1, between two values of their own unless `cycle_momentum` is
 * false, whatever the optimizer has; and those values where they are not said.
 * Source: pytorch/pytorch torch/optim/lr_scheduler.py.
 */
const CYCLERS: Readonly<Record<string, readonly [base: number, max: number]>> = {
  CyclicLR: [0.8, 0.9],
  OneCycleLR: [0.85, 0.95],
};

/** Keys under which a file writes a class and, beside it, what its constructor takes. */
const CLASS = /^(?:_target_|class_path|class_name|class|type|name|target)$/;
const ARGUMENTS = /^(?:init_args|params|args|kwargs|arguments|config)$/;

/** Names of such a scheduler where no class is built: `sched: onecycle`. */
const NAMED = /^(?:torch\.optim\.lr_scheduler\.)?(?:(?:one|1)[-_ ]?cycle|cyclic)(?:[-_]?lr)?$/i;
const MOMENTA = /^(?:cycle_momentum|(?:base|max|min)_momentum|moms?)$/i;

/** What to know where a scheduler that moves the momentum is named and its momenta have no known place in the file. */
export function cycledUnsaid(
  block: MapNode,
  pointer: Pointer,
  isScheduler: (key: string) => boolean,
): Found[] {
  const named = block.entries.find(
    ({ key, node }) =>
      isScheduler(key) && node.kind === 'scalar' && typeof node.value === 'string' && NAMED.test(node.value),
  );
  if (!named || block.entries.some(({ key }) => MOMENTA.test(key))) return [];
  const note =
    'in most libraries moves the momentum or beta1 between two values of its own (torch: 0.85 and 0.95), whatever the optimizer has. They are not in this file and were not converted: write them down where the trainer takes them, or switch that off (cycle_momentum: false)';
  return [[child(pointer, named.key), { note }]];
}

/** What to know about a class that keeps an average of the weights by its name, whose decay the file leaves out. */
export function averageUnsaid(block: MapNode, pointer: Pointer): Found[] {
  const named = block.entries.find(
    ({ key, node }) =>
      CLASS.test(key) && node.kind === 'scalar' && /\.\w*(?:EMA|Ema)[A-Z]?\w*$/.test(String(node.value)),
  );
  const says = (node: Node): boolean =>
    node.kind === 'map' &&
    node.entries.some(({ key, node: inner }) => /decay|half|momentum|power/i.test(key) || says(inner));
  if (!named || says(block)) return [];
  const note =
    'keeps an average of the weights by its name, and its decay is not in this file: where it has one by default, write it down raised to the power kappa, the ratio of the batches';
  return [[child(pointer, named.key), { note }]];
}

/** What to know about a scheduler that waits for so many evaluations without progress. */
export function plateauUnsaid(
  block: MapNode,
  pointer: Pointer,
  isScheduler: (key: string) => boolean,
): Found[] {
  const named = block.entries.find(
    ({ key, node }) => isScheduler(key) && node.kind === 'scalar' && /plateau/i.test(String(node.value)),
  );
  if (!named) return [];
  const note =
    'waits for a number of evaluations, which stays: where these come every so many steps, their interval must follow the batch (--cadence)';
  return [[child(pointer, named.key), { note }]];
}

/** The momenta of a scheduler that a block builds. */
export function cycledMomenta(block: MapNode, pointer: Pointer): Found[] {
  const named = block.entries.find(({ key, node }) => CLASS.test(key) && cyclerOf(node) !== undefined);
  if (!named) return [];
  const name = cyclerOf(named.node)!;
  const beside = block.entries.find(({ key, node }) => ARGUMENTS.test(key) && node.kind === 'map');
  const own = beside?.node.kind === 'map' ? beside.node : block;
  const at = beside ? child(pointer, beside.key) : pointer;
  const has = (key: string) => own.entries.find((entry) => entry.key === key);
  if (isFalse(has('cycle_momentum'))) return [];
  const [base, max] = CYCLERS[name]!;
  const momenta = [
    ['base_momentum', base, 'lowest'],
    ['max_momentum', max, 'highest'],
  ] as const;
  return momenta.flatMap(([key, value, cycled]): Found[] => {
    const role: Role = { ...(roleOf('gradientDecay') as Extract<Role, { role: 'decay' }>), cycled };
    const written = has(key);
    if (written) return placesOf(written.node, child(at, key)).map((place) => [place, { role }]);
    return [[child(at, key), { absent: { default: value, role } }]];
  });
}

function cyclerOf(node: Node): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const name = node.value.slice(node.value.lastIndexOf('.') + 1);
  return Object.hasOwn(CYCLERS, name) ? name : undefined;
}

function isFalse(entry: Entry | undefined): boolean {
  return entry?.node.kind === 'scalar' && entry.node.value === false;
}

function placesOf(node: Node, pointer: Pointer): Pointer[] {
  return node.kind === 'list' ? node.items.map((_, i) => child(pointer, i)) : [pointer];
}
