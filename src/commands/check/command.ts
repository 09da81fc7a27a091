import { Command, Option } from 'commander';
import type { Io } from '../../base/io/streams.ts';
import { type ConversionFlags, notNegative, ruleOptions, wholeNumber } from '../options.ts';

/** What the command line says beside what decides a conversion. */
export interface CheckFlags extends ConversionFlags {
  readonly base?: string;
  readonly alone?: boolean;
  readonly fix?: boolean;
  readonly printConfig?: boolean;
  readonly tolerance?: number;
  readonly ignore?: readonly string[];
  readonly only?: readonly string[];
  readonly format?: (typeof FORMATS)[number];
  readonly json?: boolean;
  readonly color?: boolean;
}

/** What a check can be reported as. */
export const FORMATS = ['text', 'json', 'github', 'sarif', 'junit'] as const;

/**
 * `rebatch check REFERENCE CANDIDATE`, `rebatch check --base REV FILE...`, `rebatch check FILE`. What it runs is loaded
 * when it runs.
 */
export function checkCommand(io: Io, answer: (yes: boolean) => void): Command {
  return ruleOptions(new Command('check'))
    .description(
      'does a config follow from another, or from itself at a git revision? Or is it sound by itself?',
    )
    .argument(
      '<config...>',
      'reference and candidate; with --base or --alone the files to judge; - is standard input',
    )
    .option('--base <rev>', 'compare each file with itself at this git revision')
    .option('--alone', 'judge each file by itself (as one file alone always is)')
    .option('--fix', 'write the expected values into the files')
    .option('--print-config', 'print what applies to the files, and where it comes from, and check nothing')
    .option('--tolerance <x>', 'relative difference that passes, also of 1-decay (0.01)', notNegative)
    .option('--ignore <code>', 'a kind of finding not to tell; give several', several)
    .option('--only <code>', 'the only kind of finding to tell; give several', several)
    .option('--from <n>', 'global batch size of the reference, where it does not say', wholeNumber)
    .option('--to <n>', 'global batch size of the candidate, where it does not say', wholeNumber)
    .option('--world <n>', 'devices the reference runs on, where it does not say', wholeNumber)
    .option('--world-to <n>', 'devices the candidate runs on, where it is not as many', wholeNumber)
    .addOption(
      new Option('--format <how>', 'output (text; github where GITHUB_ACTIONS is true)').choices(FORMATS),
    )
    .addOption(new Option('--json', 'same as --format json').conflicts('format'))
    .action(async (files: string[], flags: CheckFlags, command: Command) => {
      const { runCheck } = await import('./run.ts');
      answer(await runCheck(files, { ...command.optsWithGlobals<CheckFlags>(), ...flags }, io));
    });
}

function several(text: string, all: readonly string[] = []): string[] {
  return [...all, ...text.split(',').map((code) => code.trim())];
}
