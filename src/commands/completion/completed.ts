import type { Command, Option } from 'commander';
import { FINDINGS } from '../../base/findings.ts';
import { lookUp } from '../../base/look-up.ts';
import { listDialects } from '../../dialect/dialect.ts';
import { optimizerNames } from '../../optimizers/find.ts';
import { RULES } from '../../rules/index.ts';

const DIALECTS = listDialects().map(({ name }) => name);

/** Values of options that do not declare choices, because their own errors say more. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  '--dialect': DIALECTS,
  '--rule': RULES.map(({ name }) => name),
  '--optimizer': optimizerNames(),
  '--ignore': Object.keys(FINDINGS),
  '--only': Object.keys(FINDINGS),
};
/** Values of a command's first argument. */
const WORDS: Readonly<Record<string, readonly string[]>> = { schema: [...DIALECTS, 'rebatch.config'] };

/** What follows an option: nothing, one of some words, a file, or what no shell can know (a number, a name). */
export type Value = 'none' | readonly string[] | 'file' | 'any';

/** What a shell has to know of an option. */
export interface CompletedOption {
  /** `-o`, `--output` */
  readonly flags: readonly string[];
  readonly value: Value;
  readonly description: string;
}

/** What a shell has to know of a command. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** Values of its first argument, if it is not a file. */
  readonly words: readonly string[];
}

/** The program's commands, as every script is made from them. */
export function completedCommands(program: Command): CompletedCommand[] {
  const help = program.createHelp();
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: [
      ...help.visibleOptions(command),
      ...program.options.filter((o) => /color/.test(o.long ?? '')),
    ].map((option) => ({
      flags: [option.short, option.long].flatMap((flag) => flag ?? []),
      value: whatFollows(option),
      description: option.description,
    })),
    words: command.registeredArguments[0]?.argChoices ?? lookUp(WORDS, command.name()) ?? [],
  }));
}

function whatFollows(option: Option): Value {
  if (!option.required && !option.optional) return 'none';
  return (
    option.argChoices ?? lookUp(NAMES, option.long ?? '') ?? (/<file>/.test(option.flags) ? 'file' : 'any')
  );
}
