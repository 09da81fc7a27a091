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
  /** Columns of a training log, which all have as many cells as there are rows; a dashboard exports some hundreds. */
  columns: 2000,
  /** Mappings and lists within each other. Python's own readers of YAML and JSON end below 1000. */
  depth: 200,
  /** Words of a config: some kB each while it is read. */
  words: 1_500_000,
  /** Of a program, a script or TOML, whose readers take ten times the time and memory for each. */
  program: { characters: 500_000, words: 50_000 },
  /** Names that a Python file, or a mapping in it, holds. */
  names: 5_000,
  /** Values that the aliases of a file stand for, together. */
  expanded: 100_000,
  /** Blocks that hold an optimizer each, or one of its groups of parameters. */
  optimizers: 1000,
  /** Documents of a YAML file, and commands of a script that start a program: stages of one training. */
  documents: 200,
  /** Keys that stand more than once. */
  doubled: 1000,
  /** Characters of a key: where PyYAML ends one too (yaml/pyyaml lib/yaml/scanner.py). */
  key: 1024,
  /** Characters of a value that has a role: a list of a thousand devices, a string of arguments. */
  value: 10_000,
  /** Files that one builds on, each as often as it is named. */
  bases: 200,
  /** Numbers that have a role. */
  fields: 10_000,
} as const;

/** A refusal of a file that asks for too much. @param what it has more of: `1,000 optimizers` */
export function tooLarge(what: string, offset?: number): Problem {
  return new Problem('too-large', `has more than ${what}: more than a config has, and than is read`, offset);
}
