import { Command, InvalidArgumentError, Option } from 'commander';
import type { Conversion, ConvertOptions } from '../convert.ts';
import { convertText } from '../convert.ts';
import { displayName, readText, writeText } from '../io/files.ts';
import type { Io } from '../io/streams.ts';
import { Problem } from '../problem.ts';
import { chalkFor } from '../report/colour.ts';
import { conversionJson } from '../report/json.ts';
import { conversionTable, warningLines } from '../report/table.ts';
import { RULES } from '../rules/index.ts';

interface Flags {
  to?: number;
  from?: number;
  world?: number;
  worldTo?: number;
  micro?: number;
  accumulation?: number;
  optimizer?: string;
  rule?: string;
  noiseScale?: number;
  literal?: boolean;
  digits?: number;
  steps?: 'keep' | 'scale';
  cadence?: boolean;
  insert: boolean;
  dialect?: string;
  schema?: string;
  write?: boolean;
  output?: string;
  diff?: boolean;
  json?: boolean;
  quiet?: boolean;
  color?: boolean;
}

/** `rebatch convert CONFIG... --to N`, which is also what `rebatch CONFIG... --to N` means. */
export function convertCommand(io: Io): Command {
  return conversionOptions(new Command('convert'))
    .description('rewrite configs for another batch size')
    .argument('<config...>', 'config files; - is standard input')
    .addOption(new Option('-w, --write', 'rewrite the files in place').conflicts(['output', 'diff', 'json']))
    .addOption(
      new Option('-o, --output <file>', 'write the converted text to this file').conflicts(['diff', 'json']),
    )
    .addOption(new Option('--diff', 'print a unified diff instead of the text').conflicts('json'))
    .option('--json', 'print the changes as JSON instead of the text')
    .option('-q, --quiet', 'no table and no warnings')
    .action(async (files: string[], flags: Flags, command: Command) => {
      await convert(files, { ...command.optsWithGlobals<Flags>(), ...flags }, io);
    });
}

/** The options that decide a conversion, shared by the commands that make one. */
export function conversionOptions(command: Command): Command {
  return command
    .option('--to <n>', 'global batch size to convert to', wholeNumber)
    .option('--from <n>', 'global batch size of the file, where it does not say', wholeNumber)
    .option('--world <n>', 'devices the file’s settings run on, where it does not say', wholeNumber)
    .option('--world-to <n>', 'devices the new settings will run on', wholeNumber)
    .option('--micro <n>', 'samples per device and forward pass to use', wholeNumber)
    .option('--accumulation <n>', 'gradient accumulation to use', wholeNumber)
    .option('--optimizer <name>', 'which optimizer it is, where the file does not say or the name is unknown')
    .addOption(
      new Option('--rule <name>', `scaling rule: ${RULES.map((r) => r.name).join(', ')}`).default('ema'),
    )
    .option('--noise-scale <n>', 'gradient noise scale in samples', positive)
    .option('--digits <n>', 'significant digits to write (6)', digits)
    .addOption(
      new Option('--steps <how>', 'warm-up and schedule lengths in steps')
        .choices(['scale', 'keep'])
        .default('scale'),
    )
    .option('--cadence', 'also scale how often the run logs, saves and evaluates')
    .option('--no-insert', 'do not write fields that the file leaves to defaults; warn instead')
    .option('--dialect <name>', 'read the file as this dialect')
    .option('--schema <file>', 'read the file by a dialect of your own');
}

async function convert(files: readonly string[], flags: Flags, io: Io): Promise<void> {
  if (
    flags.to === undefined &&
    flags.micro === undefined &&
    flags.accumulation === undefined &&
    flags.worldTo === undefined
  )
    throw new Problem(
      'usage',
      'say which batch size to convert to with --to N (or --micro, --accumulation, --world-to)',
    );
  if (files.length > 1 && flags.output !== undefined)
    throw new Problem('usage', '--output takes one config; use --write for several');
  if (files.length > 1 && !flags.write && !flags.diff && !flags.json)
    throw new Problem('usage', 'several configs need --write, --diff or --json');
  if (files.filter((f) => f === '-').length > 1)
    throw new Problem('usage', 'standard input can be read once');
  if (files.includes('-') && flags.write)
    throw new Problem('usage', 'standard input cannot be rewritten in place; leave --write away');
  const options = await conversionSettings(flags, io);
  const sources = new Map<string, string>();
  const conversions: Conversion[] = [];
  for (const file of files) {
    const text = await readText(file, io);
    sources.set(file, text);
    conversions.push(await convertText(text, displayName(file), options));
  }
  await emit(files, sources, conversions, flags, io);
}

async function emit(
  files: readonly string[],
  sources: ReadonlyMap<string, string>,
  conversions: readonly Conversion[],
  flags: Flags,
  io: Io,
): Promise<void> {
  if (!flags.quiet) {
    const chalk = chalkFor(io.stderr, io.env, flags.color);
    for (const c of conversions)
      io.stderr.write(
        conversionTable(c, chalk, io.stderr.columns) + warningLines(c, chalk, io.stderr.columns),
      );
  }
  if (flags.json) {
    const reports = conversions.map(conversionJson);
    io.stdout.write(`${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`);
    return;
  }
  for (const [i, { text, file }] of conversions.entries()) {
    const before = sources.get(files[i]!) ?? '';
    if (flags.diff) {
      const { unifiedDiff } = await import('../report/diff.ts');
      io.stdout.write(unifiedDiff(file, before, text, chalkFor(io.stdout, io.env, flags.color)));
    } else if (flags.write) {
      if (text !== before) await writeText(files[i]!, text, io);
    } else if (flags.output !== undefined) await writeText(flags.output, text, io);
    else io.stdout.write(text);
  }
}

/** Command-line flags as the options of a conversion; `--schema` is compiled here. */
export async function conversionSettings(flags: Flags, io: Io): Promise<ConvertOptions> {
  const {
    to,
    from,
    world,
    worldTo,
    micro,
    accumulation,
    optimizer,
    rule,
    noiseScale,
    literal,
    digits,
    steps,
    cadence,
    insert,
    dialect,
    schema,
  } = flags;
  if (schema !== undefined && dialect !== undefined)
    throw new Problem('usage', '--schema and --dialect exclude each other');
  const own =
    schema === undefined ? dialect : await (await import('../dialect/user.ts')).readDialect(schema, io);
  const given = {
    to,
    from,
    world,
    worldTo,
    micro,
    accumulation,
    optimizer,
    rule,
    noiseScale,
    literal,
    digits,
    steps,
    cadence,
    insert,
    dialect: own,
  };
  return Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as ConvertOptions;
}

function wholeNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number of at least 0.');
  return value;
}

function digits(text: string): number {
  const value = wholeNumber(text);
  if (value > 17) throw new InvalidArgumentError('A float64 has 17 significant digits at most.');
  return value;
}
