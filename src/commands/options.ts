import { isAbsolute, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../base/diagnostic.ts';
import { readText } from '../base/io/files.ts';
import type { Io } from '../base/io/streams.ts';
import { Problem } from '../base/problem.ts';
import * as typed from '../base/typed.ts';
import type { ConvertOptions } from '../pipe/plan.ts';
import { LR_SCALINGS } from '../recipe/build.ts';
import { RULES, rulesUsing } from '../rules/index.ts';
import { type NoisePhase, pooledNoiseScale, typedNoiseScale } from '../rules/noise-phases.ts';
import { type Found, findSettings } from '../settings/find.ts';
import type { Applied } from '../settings/settings.ts';

/** The options that decide a conversion, as commander hands them over; `schema` is a file name still. */
export interface ConversionFlags extends Omit<ConvertOptions, 'rule' | 'dialect' | 'noiseScale'> {
  readonly noiseScale?: number | readonly NoisePhase[];
  readonly rule?: string;
  readonly dialect?: string;
  readonly schema?: string;
  /** A settings file that applies instead of those found. */
  readonly config?: string;
  readonly quiet?: boolean;
}

/** A number as it is typed, read for commander. */
const asArgument =
  <T>(read: (text: string) => T) =>
  (text: string): T => {
    try {
      return read(text);
    } catch (error) {
      if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };

export const wholeNumber = asArgument(typed.wholeNumber);
export const notNegative = asArgument(typed.notNegative);
export const seed = asArgument(typed.seed);
const noiseScale = asArgument(typedNoiseScale);
const target = asArgument(typed.target);
const ratio = asArgument(typed.ratio);
const decay = asArgument(typed.decay);
const digits = asArgument(typed.digits);

const RULE_NAMES = RULES.map((r) => r.name).join(', ');

/** Adds the options that decide a conversion to a command; those of its own that follow are its output. */
export function conversionOptions(command: Command): Command {
  const batch = command
    .optionsGroup('Batch:')
    .option('--to <n>', 'global batch size to convert to; same: the old one, on other devices', target)
    .addOption(
      new Option('--by <r>', 'new over old batch size, such as 1/4 or 2; needs no number of devices')
        .argParser(ratio)
        .conflicts('to'),
    )
    .option('--from <n>', 'global batch size of the config, if not in the file', wholeNumber)
    .option('--world <n>', 'devices (GPUs) the config was tuned for, if not in the file', wholeNumber)
    .option('--world-to <n>', 'devices the new settings will run on', wholeNumber)
    .option('--micro <n>', 'samples per device and forward pass to use', wholeNumber)
    .option('--accumulation <n>', 'gradient accumulation to use', wholeNumber)
    .option('--batch-at <pointer>', 'the field that holds the batch; other batch sizes stay')
    .addOption(
      new Option('--batch-is <what>', 'what an ambiguous batch size counts').choices(['device', 'total']),
    );
  return ruleOptions(batch)
    .optionsGroup(WRITTEN)
    .option('--no-insert', 'do not add missing fields; warn instead')
    .optionsGroup('Output:');
}

const WRITTEN = 'What is written:';

/** Adds the options that say by which rule, and how the file is read. */
export function ruleOptions(command: Command): Command {
  return command
    .optionsGroup('Rule:')
    .option(
      '--rule <name>',
      `scaling rule: ${RULE_NAMES} (ema, or noise-aware with --noise-scale, power with --power)`,
    )
    .option(
      '--noise-scale <n>',
      'gradient noise scale in samples; of a run from scratch as it grows: 2@0,15@10%,45@20%',
      noiseScale,
    )
    .option('--power <p>', 'with --rule power: learning rates move by kappa^p', notNegative)
    .option(
      '--keep <field>',
      'leave this field as it is, and let the learning rate follow; may be repeated',
      (name: string, before: readonly string[] = []) => [...before, name],
    )
    .option(
      '--literal',
      'the rule by the letter: sqrt’s linear form 1-kappa*(1-beta), ema’s b1*b2^(kappa-1) for Lion',
    )
    .option('--floor-beta2 <x>', 'never write a second-moment decay below this', decay)
    .optionsGroup('Reading:')
    .option('--optimizer <name>', 'optimizer to assume if none or an unknown one is named')
    .addOption(
      new Option(
        '--lr-scaled-by <what>',
        'what the trainer itself multiplies its learning rates by: the batch (linear), its root (sqrt), the devices (per-worker)',
      ).choices(LR_SCALINGS),
    )
    .option('--partial', 'go by what is in the file, although its learning rate is not')
    .option('--at <pointer>', 'of several experiments in one file, the one to read: /small', once)
    .option('--dialect <name>', 'read the file as this dialect')
    .option('--schema <file>', 'read the file with a custom dialect')
    .option('--config <file>', 'settings file to use instead of those found; globs from this folder')
    .optionsGroup(WRITTEN)
    .addOption(
      new Option('--steps <how>', 'warm-up and schedule lengths in steps')
        .choices(['scale', 'keep'])
        .default('scale'),
    )
    .option('--cadence', 'also scale how often the run logs, saves and evaluates')
    .option('--digits <n>', 'significant digits to write (6)', digits)
    .optionsGroup('Output:');
}

/** Says where the optional packages of backends are, if not beside rebatch. */
export function packagesOption(): Option {
  return new Option('--packages <folder>', 'folder whose node_modules holds packages for backends, too');
}

/** The folder of that option. */
export function packagesOf({ packages }: { readonly packages?: string }, { cwd }: Io): string | undefined {
  return packages === undefined ? undefined : resolve(cwd, packages);
}

const SETTINGS = [
  'to',
  'by',
  'from',
  'world',
  'worldTo',
  'micro',
  'accumulation',
  'batchAt',
  'batchIs',
  'optimizer',
  'lrScaledBy',
  'rule',
  'noiseScale',
  'power',
  'keep',
  'literal',
  'floorBeta2',
  'digits',
  'steps',
  'cadence',
  'insert',
  'partial',
  'dialect',
  'at',
] as const satisfies readonly (keyof ConversionFlags)[];

/**
 * What decides the conversion of one config: the flags, and beneath them what the project's settings say of the file.
 * The dialect of `--schema` is compiled here.
 * @param file the config; `-` is standard input
 * @throws Problem: usage, schema
 */
export async function conversionSettings(
  flags: ConversionFlags,
  io: Io,
  file: string,
): Promise<ConvertOptions> {
  for (const option of ['literal', 'power'] as const) usedBy(option, flags);
  const given = Object.fromEntries(
    SETTINGS.filter((key) => flags[key] !== undefined).map((key) => [key, flags[key]]),
  );
  if (typeof flags.noiseScale === 'object') given.noiseScale = pooledNoiseScale(flags.noiseScale);
  const { settings } = await projectSettings(file, flags, io);
  const { tolerance: _check, ignore: _codes, severity: _how, schema: projects, ...project } = settings;
  const schema = flags.schema ?? (flags.dialect === undefined ? projects : undefined);
  if (schema === undefined) return { ...project, ...given };
  if (flags.dialect !== undefined) throw new Problem('usage', '--schema and --dialect exclude each other');
  const { readDialect } = await import('../dialect/user.ts');
  return { ...project, ...given, dialect: await readDialect(schema, io) };
}

/** An option that the rule does not use would be dropped in silence. `power` alone chooses its rule. */
function usedBy(option: 'literal' | 'power', flags: ConversionFlags): void {
  const rules = rulesUsing(option);
  const rule = flags.rule ?? (option === 'power' ? rules[0]! : '');
  if (flags[option] && !rules.includes(rule))
    throw new Problem('usage', `--${option} belongs to --rule ${rules.join(' or ')}`);
}

/** Which settings of a project apply: those found, or a file that is named. */
type SettingsFlags = Pick<ConversionFlags, 'config' | 'quiet'>;

/** What the settings of a project say of one config. @throws Problem where they are not valid */
export async function projectSettings(file: string, flags: SettingsFlags, io: Io): Promise<Applied> {
  const { cwd } = io;
  if (flags.config !== undefined) {
    await readText(flags.config, io); // Refuses a file that cannot be read.
    const { readSettings } = await import('../settings/settings.ts');
    return readSettings(resolve(cwd, flags.config), file, cwd, cwd);
  }
  const found = findSettings(file, cwd);
  if (found && !flags.quiet) tellSettings(found, io);
  if (found === undefined || found.foreign) return { settings: {}, origins: {} };
  const { readSettings } = await import('../settings/settings.ts');
  return readSettings(found.file, file, cwd);
}

const TOLD = new WeakMap<Io, Set<string>>();

/** Names the settings that one does not see in the working folder, each once in a run. */
function tellSettings({ file, foreign }: Found, io: Io): void {
  const told = TOLD.get(io) ?? new Set();
  TOLD.set(io, told);
  const shown = relative(io.cwd, file);
  if (told.has(file) || !(foreign || shown.startsWith('..') || isAbsolute(shown))) return;
  told.add(file);
  const what = foreign
    ? `${file} is another user's and does not apply; --config ${file} takes it`
    : `settings: ${shown}`;
  io.stderr.write(`${printable(what)}\n`);
}

/** A value that can be given once: of two, the first would be dropped in silence. */
function once(value: string, before: string | undefined): string {
  if (before !== undefined)
    throw new InvalidArgumentError('It can be given once: convert one after the other, with --write.');
  return value;
}
