import { Command, Option } from 'commander';
import { jsonText, printable, printableLines, type Source } from '../../base/diagnostic.ts';
import { readSource } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { writeFiles } from '../../base/io/write-files.ts';
import { Problem } from '../../base/problem.ts';
import { progressBar } from '../../base/progress.ts';
import type { Conversion } from '../../pipe/convert.ts';
import { convertConfig } from '../../pipe/convert.ts';
import { namesTarget } from '../../pipe/plan.ts';
import { type ConversionFlags, conversionOptions, conversionSettings } from '../options.ts';

interface Flags extends ConversionFlags {
  readonly write?: boolean;
  readonly output?: string;
  readonly diff?: boolean;
  readonly json?: boolean;
  readonly stdout?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
}

/** `rebatch convert CONFIG... --to N`; without a command's name the same. */
export function convertCommand(io: Io): Command {
  return conversionOptions(new Command('convert'))
    .description('rewrite configs for another batch size')
    .argument('<config...>', 'config files; - is standard input')
    .addOption(new Option('-w, --write', 'rewrite the files in place').conflicts(['output', 'diff', 'json']))
    .addOption(
      new Option(
        '-o, --output <file>',
        'write the converted text to this file; - is standard output',
      ).conflicts(['diff', 'json']),
    )
    .addOption(new Option('--diff', 'print a unified diff instead of the text').conflicts('json'))
    .option('--json', 'print the changes as JSON instead of the text')
    .option('--stdout', 'print the converted text on a terminal, too')
    .option('-q, --quiet', 'no table and no warnings')
    .option('-v, --verbose', 'long lists in full')
    .optionsGroup('Rule:')
    .option('--strict', 'refuse to go by the default rule where only the noise scale can decide')
    .action(async (files: string[], flags: Flags, command: Command) => {
      await convert(files, { ...command.optsWithGlobals<Flags>(), ...flags }, io);
    });
}

async function convert(files: readonly string[], flags: Flags, io: Io): Promise<void> {
  // A file that is not there is told first, whatever else is missing.
  const named = new Map<string, Source>();
  for (const file of files) if (file !== '-') named.set(file, await readSource(file, io));
  if (!namesTarget(flags))
    throw new Problem(
      'usage',
      'say which batch size to convert to with --to N or --by 1/4 (or --micro, --accumulation, --world-to)',
    );
  if (files.length > 1 && flags.output !== undefined)
    throw new Problem('usage', '--output takes one config; use --write for several');
  if (files.length > 1 && !flags.write && !flags.diff && !flags.json)
    throw new Problem('usage', 'several configs need --write, --diff or --json');
  if (files.filter((f) => f === '-').length > 1)
    throw new Problem('usage', 'standard input can be read once');
  if (files.includes('-') && flags.write)
    throw new Problem('usage', 'standard input cannot be rewritten in place; leave --write away');
  const conversions: Conversion[] = [];
  for (const file of files) {
    const source = named.get(file) ?? (await readSource(file, io));
    const settings = await conversionSettings(flags, io, file);
    const options = { ...settings, strict: flags.strict ?? false };
    const bar = flags.quiet ? undefined : progressBar(io.stderr, `converting ${printable(source.file)}`);
    try {
      conversions.push(await convertConfig(source, options, bar?.show));
    } finally {
      bar?.clear();
    }
  }
  await emit(files, conversions, flags, io);
}

async function emit(
  files: readonly string[],
  conversions: readonly Conversion[],
  flags: Flags,
  io: Io,
): Promise<void> {
  if (!flags.quiet) {
    const { chalkFor, conversionTable, warningLines } = await import('./views.ts');
    const chalk = chalkFor(io.stderr, io.env, flags.color);
    // A terminal that does not know its width says 0.
    const columns = io.stderr.columns || 80;
    for (const c of conversions)
      io.stderr.write(
        conversionTable(c, chalk, columns) + warningLines(c, chalk, columns, { fold: !flags.verbose }),
      );
  }
  if (flags.json) {
    const { conversionJson } = await import('./json.ts');
    const reports = conversions.map(conversionJson);
    io.stdout.write(`${jsonText(reports.length === 1 ? reports[0] : reports)}\n`);
    return;
  }
  if (flags.write)
    writeFiles(
      conversions.map(({ source, text }, i) => ({ file: files[i]!, text, before: source.text })),
      io,
    );
  const plan = isPlan(flags, io);
  const told = (line: string) => {
    if (!flags.quiet) io.stderr.write(`${printable(line)}\n`);
  };
  for (const [i, { text, source, changes }] of conversions.entries()) {
    if (flags.diff) {
      const { chalkFor, unifiedDiff } = await import('./diff.ts');
      const chalk = chalkFor(io.stdout, io.env, flags.color);
      io.stdout.write(unifiedDiff(source, text, chalk, io.stdout.isTTY === true || chalk.level > 0));
    } else if (flags.write) {
      told(text === source.text ? `${files[i]} is as it should be` : `${files[i]} written`);
    } else if (flags.output !== undefined && flags.output !== '-') {
      writeFiles([{ file: flags.output, text }], io);
      told(`${flags.output} written`);
    } else if (plan) told(planned(changes.length, source.file));
    else io.stdout.write(io.stdout.isTTY ? printableLines(text) : text);
  }
}

/** On a terminal the table is what one wants to see first; the text goes into pipes and files, or where asked for. */
function isPlan({ quiet, stdout, output }: Flags, io: Io): boolean {
  return io.stdout.isTTY === true && !quiet && !stdout && output === undefined;
}

function planned(changes: number, file: string): string {
  const values = `${changes} value${changes === 1 ? ' changes' : 's change'}`;
  return `${values}; nothing written. --write changes ${file === '-' || file.startsWith('<') ? 'a file' : file}, --diff or --stdout shows the text`;
}
