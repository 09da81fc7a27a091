import type { Word } from 'unbash';
import { lookUp } from '../../base/look-up.ts';
import type { Node } from '../nodes.ts';
import type { Launched } from './launch.ts';
import { type Setting, scalarAt } from './settings.ts';
import type { Assigned } from './variables.ts';

/** Flags of launchers under the names that everybody understands. */
const NAMES: Readonly<Record<string, string>> = {
  np: 'num_processes',
  n: 'num_processes',
  ntasks: 'num_processes',
  ntasks_per_node: 'num_processes_per_node',
  N: 'nodes',
  include: 'gpu_ids',
};
/** Flags that say how many processes there are. */
const COUNTS = /^(?:n?proc_per_node|num_processes|num_processes_per_node|num_gpus|gpu_ids|num_proc)$/;

/** Devices by their numbers. */
const LIST = /^\d+(?:,\d+)+$/;

/** What launchers say, by names and values that do not depend on them. */
export function launcherSettings(settings: readonly Setting[], launcher: string): Setting[] {
  return settings.map((setting) => {
    const [key = ''] = setting.path;
    const listed = key === 'gpus' && setting.node.kind === 'scalar' && LIST.test(String(setting.node.value));
    const name = listed ? 'gpu_ids' : (lookUp(NAMES, key) ?? key);
    const node = setting.maybe
      ? unknown(setting.node)
      : listed
        ? idList(setting.node)
        : inDevices(setting.node);
    return { ...setting, path: [launcher, name], node };
  });
}

/** What a launcher is told in some runs only counts no devices. */
function unknown(node: Node): Node {
  return node.kind === 'scalar' ? { ...node, value: `\${$ ${node.source}}` } : node;
}

/** `host:0,1` are two devices; `gpu` is as many processes as there are devices. */
function inDevices(node: Node): Node {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return node;
  if (node.value === 'gpu') return { ...node, value: 'auto' };
  const ids = /^\w+:(\d+(?:,\d+)*)$/.exec(node.value)?.[1];
  return ids === undefined ? node : idList({ ...node, value: ids });
}

/** `0,1` as a list. */
export function idList(node: Node): Node {
  if (node.kind !== 'scalar' || !/^\d+(?:,\d+)*$/.test(String(node.value))) return node;
  const items = String(node.value)
    .split(',')
    .map((id) => ({ ...node, value: Number(id) }));
  return { kind: 'list', offset: node.offset, end: node.offset + node.length, flow: true, items };
}

/** Whether a launcher says how many processes it starts. */
export function countsProcesses(settings: readonly Setting[]): boolean {
  return settings.some(({ path }) => COUNTS.test(path.at(-1)!));
}

/** A line of a batch job's header, `#SBATCH --nodes=2`. */
export interface Directive {
  readonly name: string;
  readonly value: string;
  readonly offset: number;
}

const SHORT: Readonly<Record<string, string>> = { N: 'nodes', n: 'ntasks', G: 'gpus' };

/** What the header of a batch job asks for (SchedMD/slurm doc/man/man1/sbatch.1). */
export function directivesOf(text: string): Directive[] {
  return [...text.matchAll(/^[ \t]*#SBATCH[ \t]+--?([\w-]+)[= \t]+(\S+)/gm)].map((match) => {
    const [whole, key = '', written = ''] = match;
    const name = (lookUp(SHORT, key) ?? key).replaceAll('-', '_');
    const count = /^(?:gpu:)?(?:[A-Za-z]\w*:)?(\d+)$/.exec(written)?.[1] ?? written;
    return {
      name: name === 'gres' ? 'gpus_per_node' : name,
      value: count,
      offset: match.index + whole.length - count.length,
    };
  });
}

/** Variables that a batch job finds set. */
const SET: Readonly<Record<string, readonly string[]>> = {
  nodes: ['SLURM_NNODES', 'SLURM_JOB_NUM_NODES'],
  ntasks: ['SLURM_NTASKS', 'SLURM_NPROCS'],
  ntasks_per_node: ['SLURM_NTASKS_PER_NODE', 'SLURM_TASKS_PER_NODE'],
  gpus_per_node: ['SLURM_GPUS_ON_NODE', 'SLURM_GPUS_PER_NODE'],
  gpus: ['SLURM_GPUS'],
};

/** The variables that the header sets. */
export function variablesOf(directives: readonly Directive[]): Assigned[] {
  return directives.flatMap(({ name, value, offset }) =>
    (lookUp(SET, name) ?? []).map((variable) => ({
      name: variable,
      value: wordAt(value, offset),
      offset: -1,
      append: false,
      sure: true,
    })),
  );
}

function wordAt(text: string, pos: number): Word {
  return { type: 'Word', text, value: text, pos, end: pos + text.length };
}

/**
 * The directives that count what a command runs on, where its launcher does not say it.
 * @param base where the text that they were found in begins
 */
export function headerSettings(
  directives: readonly Directive[],
  base: number,
  { launchers }: Launched,
): Setting[] {
  const tasks = launchers.some(({ name }) => name === 'srun');
  const counted = tasks ? ['nodes', 'ntasks', 'ntasks_per_node'] : ['nodes', 'gpus_per_node', 'gpus'];
  return directives
    .filter(({ name, value }) => counted.includes(name) && /^\d+$/.test(value))
    .map(({ name, value, offset }) => {
      const known = name === 'gpus' ? 'world_size' : (lookUp(NAMES, name) ?? name);
      const node = scalarAt(base + offset, value, Number(value));
      return {
        path: ['SBATCH', known],
        offset: node.offset,
        end: node.offset + node.length,
        quote: '',
        node,
      };
    });
}
