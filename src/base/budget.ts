import { Problem } from './problem.ts';

/**
 * What a file may ask of rebatch. The longest of 103 published configs has 78 kB, the deepest 9 levels; a config that is
 * a multiple of these is no accident of somebody's work.
 */
export const BUDGET = {
  /** Bytes of a config: ten times what a generated one of a large model has. */
  bytes: 16 * 1024 * 1024,
  /** Bytes of a training log: some 300,000 steps. */
  logBytes: 64 * 1024 * 1024,
  /** Mappings and lists within each other. Python's own readers of YAML and JSON end below 1000. */
  depth: 200,
  /** Values that the aliases of a file stand for, together. */
  expanded: 100_000,
  /** Blocks that hold an optimizer each, or one of its groups of parameters. */
  optimizers: 1000,
  /** Numbers that have a role. */
  fields: 10_000,
} as const;

/** A refusal of a file that asks for too much. @param what it has more of: `1,000 optimizers` */
export function tooLarge(what: string, offset?: number): Problem {
  return new Problem('too-large', `has more than ${what}: more than a config has, and than is read`, offset);
}
