import { Command, Option } from 'commander';
import type { Io } from '../../base/io/streams.ts';
import { notNegative, ruleOptions, wholeNumber } from '../options.ts';
import { type CheckFlags, FORMATS } from './flags.ts';

/**
 * `rebatch check FILE...`, `rebatch check --base REV FILE...`, `rebatch check --against REFERENCE FILE...`. Loads its
 * core only when it runs.
 */
export function checkCommand(io: Io, answer: (yes: boolean) => void): Command {
  return ruleOptions(new Command('check'))
    .description('check configs by themselves, against a git revision, or against a reference')
    .argument(
      '<config...>',
      'files, folders and globs to judge, each by itself; - is standard input; .rebatchignore names files to leave out',
    )
    .optionsGroup('What is judged:')
    .option('--base <rev>', 'compare each file with itself at this git revision')
    .addOption(
      new Option('--against <reference>', 'compare each file with this one, at its own batch size').conflicts(
        'base',
      ),
    )
    .option('--require-judged', 'fail where a file is no training config or cannot be judged')
    .option('--fix', 'write the expected values into the files')
    .option('--print-config', 'print effective settings and their origin, then exit')
    .option('--tolerance <x>', 'relative difference that passes, also of 1-decay (0.01)', notNegative)
    .option('--ignore <code>', 'finding code to ignore (repeatable)', several)
    .option('--only <code>', 'finding code to report (repeatable)', several)
    .option('--from <n>', 'global batch size of the reference, if not in the file', wholeNumber)
    .option('--to <n>', 'global batch size of the candidate, if not in the file', wholeNumber)
    .option('--world <n>', 'devices of the reference, if not in the file', wholeNumber)
    .option('--world-to <n>', 'devices of the candidate, if different', wholeNumber)
    .optionsGroup('Output:')
    .addOption(
      new Option('--format <how>', 'output (text; github where GITHUB_ACTIONS is true)').choices(FORMATS),
    )
    .addOption(new Option('--json', 'same as --format json').conflicts('format'))
    .addOption(new Option('-q, --quiet', 'errors alone: no warnings and no summary').conflicts('verbose'))
    .option('-v, --verbose', 'notices too, and every file with what was judged')
    .action(async (files: string[], flags: CheckFlags, command: Command) => {
      const { runCheck } = await import('./run.ts');
      answer(await runCheck(files, { ...command.optsWithGlobals<CheckFlags>(), ...flags }, io));
    });
}

function several(text: string, all: readonly string[] = []): string[] {
  return [...all, ...text.split(',').map((code) => code.trim())];
}
