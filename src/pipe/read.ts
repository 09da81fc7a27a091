import { type Diagnostic, type Source, warning } from '../base/diagnostic.ts';
import { about, Problem } from '../base/problem.ts';
import { collect, type Dialect, detect, isCertain, loadDialect, refusesAll } from '../dialect/dialect.ts';
import type { Found } from '../dialect/roles.ts';
import { commandsIn } from '../document/embedded.ts';
import type { Document, Progress } from '../document/nodes.ts';
import { numberOf } from '../document/nodes.ts';
import { type ParsedText, parse } from '../document/parse.ts';
import { child, isWithin, readable, segments } from '../document/pointer.ts';
import { experimentsIn, partOf, withoutWrappers } from '../document/view.ts';
import { buildRecipe, type RecipeOptions } from '../recipe/build.ts';
import { usedThrough } from '../recipe/fields.ts';
import { fieldsOf, type Recipe } from '../recipe/recipe.ts';
import { type Account, accountOf } from '../vocabulary/account.ts';
import type { OwnNames } from '../vocabulary/own-names.ts';
import { type Doubtful, type NamedReading, readByName, rolesByName } from '../vocabulary/reader.ts';
import { leftAlone, misspeltKeys } from '../vocabulary/unclaimed.ts';
import { type Bases, basesOf, baseWarnings, withBases } from './bases.ts';
import { trainingCommand, trainingCommands } from './commands.ts';
import { type Companion, companionOf } from './companion.ts';

/** Options that decide how a config is read. */
export interface ReadOptions extends RecipeOptions {
  /** A dialect's name, or a compiled one; recognised from the content by default. */
  readonly dialect?: string | Dialect;
  /** In-house names of keys. */
  readonly names?: OwnNames;
  /** Of a file with several experiments the one to read: the pointer of its block. */
  readonly at?: string;
}

/** One document of a file with its recipe. */
export interface Config {
  readonly source: Source;
  /** All documents of the file, and the index of this one. */
  readonly parsed: ParsedText;
  readonly at: number;
  readonly document: Document;
  readonly dialect: Dialect;
  /** The files that this one builds on, where it names any; `document` is joined with them. */
  readonly bases?: Bases;
  /** A file that this one names and whose numbers must agree with its own. */
  readonly companion?: Companion;
  /** The file is this dialect's beyond doubt, so keys that only its trainer knows may be written into it. */
  readonly certain: boolean;
  readonly recipe: Recipe;
  readonly warnings: readonly Diagnostic[];
  readonly account: Account;
  /** A key that speaks of the batch and was not understood, where the batch itself was read by name. */
  readonly unclear?: Doubtful;
  /** Keys that are called like learning rates, of which nobody knows what they belong to. */
  readonly strays: readonly Doubtful[];
  /** A key that says that the trainer multiplies its learning rates, where nobody says by what. */
  readonly scaling?: Doubtful;
}

/**
 * Reads the training configs of a file: the way in of every command.
 * @throws Problem where it cannot be read, is not recognised, or does not say enough
 */
export async function readConfigs(
  source: Source,
  options: ReadOptions,
  progress?: Progress,
): Promise<[Config, ...Config[]]> {
  return about(source, async () => {
    const whole = await parse(source.text, source.file, progress);
    const parsed = withoutWrappers(await chosenPart(whole, options));
    const configs: Config[] = [];
    for (const [at, own] of parsed.documents.entries()) {
      const bases = options.at === undefined ? await basesOf(own, source) : undefined;
      const document = withBases(own, bases);
      const dialect = await dialectOf(document, parsed.documents.length > 1, options);
      if (!dialect) continue;
      if (options.dialect === undefined && dialect.open) oneExperiment(document);
      const certain = options.dialect !== undefined || isCertain(document.data, dialect.name);
      const claimed = collect(document, dialect);
      const byName = await otherwiseByName(document, dialect, claimed, options);
      const meaning = byName ?? understand(document, dialect, options, claimed);
      const alone = areOverrides(whole.documents[at]) ? [warning('overrides-alone', OVERRIDES_ALONE, 0)] : [];
      const unread = [...alone, ...baseWarnings(bases), ...unreadSettings(own)];
      const warnings = [...unread, ...meaning.warnings];
      const companion = await companionOf(document, claimed, source);
      // What a dialect says of files that it cannot read is out of date where they were read.
      const read = bases && bases.missing.length === 0 ? bases.keys : [];
      const followed = [companion?.pointer, ...read.map((key) => child('', key))];
      const notes = meaning.recipe.notes.filter(({ pointer }) => !followed.includes(pointer));
      const recipe = { ...meaning.recipe, notes };
      const beside = { ...(bases ? { bases } : {}), ...(companion ? { companion } : {}) };
      configs.push({ source, parsed, at, certain, ...beside, ...meaning, recipe, warnings });
    }
    const [first, ...others] = configs;
    if (!first) throw unrecognised(parsed.documents[0]!);
    return [first, ...others];
  });
}

const OVERRIDES_ALONE =
  'these are overrides of a config: what that sets and they do not is not read here. Where the run wrote its whole config (config.yaml beside this file), convert that';

/** A list that was read as the settings in it. */
function areOverrides(written: Document | undefined): boolean {
  return written?.nodes.get('')?.kind === 'list';
}

/**
 * What of a file is read: all of it, the part that was asked for, or the command that trains, of a script and of a file
 * that is no config and holds one.
 */
async function chosenPart(whole: ParsedText, options: ReadOptions): Promise<ParsedText> {
  const { at, names } = options;
  const isScript = whole.documents[0]?.notation.format === 'shell';
  const isLaunchFile = !isScript && whole.documents.every((document) => isNoConfig(document, options));
  const commands = isScript ? whole : isLaunchFile ? await commandsIn(whole) : undefined;
  const training = commands ? trainingCommands(commands, names) : [];
  if (commands && (isScript || training.length > 0)) return trainingCommand(commands, training, at);
  return at === undefined ? whole : partOf(whole, at);
}

/** Whether neither a dialect nor names know a document, or a dialect that refuses it does. */
function isNoConfig(document: Document, { dialect, names }: ReadOptions): boolean {
  if (typeof dialect === 'object') return false;
  if (document.nodes.get('')?.kind !== 'map') return false;
  const found = detect(document.data);
  return found.length ? found.every(refusesAll) : !isNamed(document, names);
}

/** Settings that a text only mentions: what they say is not known. */
function unreadSettings({ unread = [] }: Document): Diagnostic[] {
  return unread.map(({ source, offset, file }) =>
    warning(
      'settings-unread',
      file
        ? `${source} has more settings, which are not read here: convert that file in the same way`
        : `${source} stands for more settings, which are not known here`,
      offset,
    ),
  );
}

/**
 * The meaning by names alone of a document in whose text the recognised dialect finds no learning rate or no batch
 * size, and names find both: it has the framework's marks and another way of writing.
 */
async function otherwiseByName(
  document: Document,
  dialect: Dialect,
  claimed: readonly Found[],
  options: ReadOptions,
) {
  if (options.dialect !== undefined || dialect.open) return undefined;
  const numbers = (found: readonly Found[], role: 'learning-rate' | 'batch') =>
    found.filter(
      ([pointer, what]) => 'role' in what && what.role.role === role && isNumber(document, pointer),
    );
  const both = (found: readonly Found[]) =>
    numbers(found, 'learning-rate').length > 0 && numbers(found, 'batch').length > 0;
  if (both(claimed)) return undefined;
  const names = readByName(document, [], new Set(), options.names).found;
  if (!both(names)) return undefined;
  // Names must say no less of the batch than the dialect does: a number of devices that only it knows counts.
  const named = new Set(numbers(names, 'batch').map(([pointer]) => pointer));
  if (numbers(claimed, 'batch').some(([pointer]) => !named.has(pointer))) return undefined;
  const meaning = understand(document, await loadDialect('generic'), options);
  const message = `it looks like a config of ${dialect.framework}, but has no learning rate or batch size where that has them: read by the names of its keys`;
  return { ...meaning, warnings: [warning('read-by-name', message), ...meaning.warnings] };
}

/** A number, a list of them, or `${a.b}` of one. */
function isNumber({ nodes }: Document, pointer: string): boolean {
  const node = nodes.get(pointer);
  const path = node?.kind === 'scalar' ? /^\$\{([\w.]+)\}$/.exec(String(node.value))?.[1] : undefined;
  const target = path ? nodes.get(`/${path.replaceAll('.', '/')}`) : node;
  const [first] = target?.kind === 'list' ? target.items : [target];
  return first !== undefined && numberOf(first) !== undefined;
}

/** @throws Problem: several-experiments with the choices */
function oneExperiment(document: Document): void {
  const [first, ...others] = experimentsIn(document);
  if (first === undefined) return;
  const names = [first, ...others].map(readable).join(', ');
  const choices = [first, ...others].map((at) => `--at ${document.inText(at)}`).join(' or ');
  throw new Problem(
    'several-experiments',
    `${names} each have a batch size and a learning rate: several experiments, or stages of one, in one file. Say which to convert, one after the other: ${choices}`,
    document.nodes.get(first)?.offset ?? 0,
  );
}

/** The dialect of a document; undefined where a file of several documents holds one that is not a config. */
async function dialectOf(
  document: Document,
  oneOfMany: boolean,
  { dialect, names }: ReadOptions,
): Promise<Dialect | undefined> {
  if (typeof dialect === 'object') return dialect;
  if (dialect !== undefined) return loadDialect(dialect);
  const [name, ...others] = detect(document.data);
  if (others.length)
    throw new Problem(
      'ambiguous-dialect',
      `this could be ${[name, ...others].join(' or ')}: say which with --dialect NAME`,
      0,
    );
  if (name !== undefined) {
    const found = await loadDialect(name);
    if (found.refuses && !oneOfMany) throw new Problem('not-a-training-config', found.refuses, 0);
    return found.refuses ? undefined : found;
  }
  if (isNamed(document, names)) return loadDialect('generic');
  if (oneOfMany) return undefined;
  throw unrecognised(document);
}

/** Whether names alone tell a training config: a learning rate, a decay or a batch. */
export function isNamed(document: Document, names?: OwnNames): boolean {
  const roles = rolesByName(document, names);
  return ['learning-rate', 'decay', 'batch'].some((role) => roles.has(role));
}

function unrecognised(document: Document): Problem {
  const root = document.nodes.get('');
  const keys =
    root?.kind === 'map'
      ? root.entries
          .map((e) => e.key)
          .slice(0, 5)
          .join(', ')
      : 'none';
  const shown = keys.length > 100 ? `${keys.slice(0, 100)}…` : keys;
  return new Problem(
    'unknown-dialect',
    `not a recognised training config (top-level keys: ${shown}). Name its dialect with --dialect (rebatch schema lists them) or describe it with --schema FILE`,
    0,
  );
}

/**
 * Reads a document's meaning: batch, optimizers, averages, counts.
 * @param claimed what the dialect's schema says of the document
 * @throws Problem: schema, and whatever keeps the recipe from being built
 */
export function understand(
  document: Document,
  dialect: Dialect,
  options: ReadOptions,
  claimed: readonly Found[] = collect(document, dialect),
): Omit<Config, 'source' | 'parsed' | 'at' | 'certain' | 'bases' | 'companion'> {
  const warnings: Diagnostic[] = [];
  const spoken = [...claimed, ...usedThrough(document, claimed)];
  const named = readByName(document, spoken, dialect.known, options.names);
  const found = [...claimed, ...named.found];
  warnings.push(...doubledKeys(document, found));
  const recipe = buildRecipe(document, found, dialect.library, options, warnings);
  const account = accountOf(document, spoken, named);
  const read = new Set(fieldsOf(recipe).map(({ pointer }) => pointer));
  const left = named.doubtful.filter(({ pointer }) => !read.has(pointer));
  warnings.push(
    ...misspeltKeys(document, found),
    ...leftAlone({ ...named, doubtful: left }),
    ...byName(dialect, account, document),
  );
  if (!dependsOnBatch(recipe)) refuseIdle(recipe, dialect);
  const unclear = unclearBatch(claimed, named);
  const strays = left.filter(({ topic }) => topic === 'rate');
  const scaling = options.lrScaledBy === undefined && left.find(({ topic }) => topic === 'scaling');
  return {
    document,
    dialect,
    recipe,
    warnings,
    account,
    strays,
    ...(scaling ? { scaling } : {}),
    ...(unclear ? { unclear } : {}),
  };
}

/** A dialect that knows the batch is not confused by other keys. */
function unclearBatch(claimed: readonly Found[], { doubtful }: NamedReading): Doubtful | undefined {
  const known = claimed.some(([, what]) => 'role' in what && what.role.role === 'batch');
  return known ? undefined : doubtful.find(({ topic }) => topic === 'batch');
}

/** In a dialect of its own, what was read by name is told: the dialect's schema does not vouch for it. */
function byName({ name, title }: Dialect, account: Account, { launch = [] }: Document): Diagnostic[] {
  const own = account.byName.filter((pointer) => !launch.includes(segments(pointer)[0]!));
  if (name === 'generic' || own.length === 0) return [];
  const fields = own.map(readable).join(', ');
  return [warning('read-by-name', `not in the schema of ${title}, so read by name: ${fields}`)];
}

/**
 * Keys that stand twice in their mapping; of flags the last holds, and people rely on that.
 * @throws Problem: duplicate-key where one is a setting that was read
 */
function doubledKeys({ doubled, notation }: Document, found: readonly Found[]): Diagnostic[] {
  const read = found.filter(([, what]) => 'role' in what || 'encoding' in what);
  return doubled.map(({ pointer, offset, lines: [first, again], maybe }) => {
    const stands = `${readable(pointer)} stands twice, in lines ${first} and ${again}`;
    if ((notation.format !== 'shell' || maybe) && read.some(([at]) => isWithin(at, pointer)))
      throw new Problem(
        'duplicate-key',
        `duplicate key: ${stands}: which one is meant? Keep one of them`,
        offset,
      );
    return warning('duplicate-key', `${stands}: as ${readerOf(notation)}, the last is read`, offset);
  });
}

/** Whose way of reading is followed where a key stands twice. */
function readerOf({ format }: Document['notation']): string {
  return format === 'shell' ? 'argparse' : 'PyYAML';
}

function dependsOnBatch({ groups, averages, counts }: Recipe): boolean {
  return groups.length > 0 || averages.length > 0 || counts.some((c) => c.role.use === 'schedule');
}

/** Refuses a config in which nothing can change: its values are in another file, or it is not a training config. */
function refuseIdle({ unreadable, batch }: Recipe, { title }: Dialect): void {
  const blocked = unreadable.find(({ why }) => why !== 'ambiguous');
  if (blocked)
    throw new Problem(
      blocked.why === 'auto' ? 'auto' : 'interpolation',
      `every value here that would change is ${blocked.source}: the trainer's own config sets it, so convert that file`,
      blocked.offset,
    );
  if (batch.fields.length === 0)
    throw new Problem(
      'not-a-training-config',
      `nothing here depends on the batch size (read as ${title})`,
      0,
    );
}

/**
 * The configs of two files, paired by order. `from` and `world` complete the old one, `to` and `worldTo` the new one.
 * @param dialect of the old file, if it differs
 * @throws Problem: several-experiments if one has more configs than the other
 */
export async function readPairs(
  old: Source,
  now: Source,
  options: ReadOptions,
  dialect = options.dialect,
): Promise<{ readonly old: Config; readonly now: Config }[]> {
  const { from, to, by: _ratio, world, worldTo: _worldTo, ...others } = options;
  if (to === 'same') throw new Problem('usage', '--to same has no meaning where both files are given');
  const before = await readConfigs(old, {
    ...others,
    ...(dialect === undefined ? {} : { dialect }),
    ...known({ from, world }),
  });
  const after = await readConfigs(now, optionsOfNew(options));
  if (before.length !== after.length)
    throw new Problem(
      'several-experiments',
      `it holds ${after.length} configs, ${old.file} ${before.length}: they cannot be paired`,
    ).in(now);
  return before.map((config, i) => ({ old: config, now: after[i]! }));
}

/** What reads the new one of two files: `to` and `worldTo` say what it leaves open. */
export function optionsOfNew({
  from: _from,
  to,
  by: _ratio,
  world,
  worldTo,
  ...others
}: ReadOptions): ReadOptions {
  return { ...others, ...known({ from: to === 'same' ? undefined : to, world: worldTo ?? world }) };
}

function known(options: { from?: number | undefined; world?: number | undefined }): ReadOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
