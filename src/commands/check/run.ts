import { appendFileSync, existsSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chalkFor } from '../../base/colour.ts';
import type { Source } from '../../base/diagnostic.ts';
import { FINDINGS, isFindingCode } from '../../base/findings.ts';
import { displayName, readSource, writeText } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { Problem } from '../../base/problem.ts';
import { tableLines } from '../../base/table.ts';
import { ruleOf } from '../../pipe/plan.ts';
import { findSettings } from '../../settings/find.ts';
import { conversionSettings, projectSettings } from '../options.ts';
import { type Checked, type CheckOptions, checkPair, lint } from './check.ts';
import type { CheckFlags } from './flags.ts';
import { findRevision, folderOf, type Revision } from './git.ts';
import { checkAgainst } from './revision.ts';
import { annotationReporter, summaryReporter } from './views/github.ts';
import { jsonReporter } from './views/json.ts';
import { junitReporter } from './views/junit.ts';
import type { Reporter } from './views/reporter.ts';
import { sarifReporter } from './views/sarif.ts';
import { textReporter } from './views/text.ts';

/**
 * Runs `rebatch check`: reads and checks the files, writes fixes, reports.
 * @returns whether everything passed
 * @throws Problem: usage, and errors of reading that are not findings
 */
export async function runCheck(files: readonly string[], flags: CheckFlags, io: Io): Promise<boolean> {
  refuse(files, flags);
  if (flags.printConfig) {
    io.stdout.write(await printedSettings(files, flags, io));
    return true;
  }
  const reporter = reporterOf(flags, io);
  const fixed: { readonly source: Source; readonly text: string }[] = [];
  let said = '';
  let pass = true;
  for await (const checked of checkAll(files, flags, io)) {
    const { source, text } = checked;
    pass &&= checked.pass;
    if (text !== undefined) fixed.push({ source, text });
    said += reporter.add(checked);
    // With --fix nothing is written or reported before every file is checked.
    if (flags.fix) continue;
    io.stdout.write(said);
    said = '';
  }
  for (const { source, text } of fixed) if (text !== source.text) writeText(source.file, text, io);
  io.stdout.write(said);
  for (const part of reporter.end()) io.stdout.write(part);
  if (files.length > 1 && flags.config === undefined) await tellIdleGlobs(files, io);
  return pass;
}

/** A glob of the settings that fits nothing is a typo. It is looked for where several files are judged: that takes a while anyway. */
async function tellIdleGlobs(files: readonly string[], io: Io): Promise<void> {
  if (!files.some((file) => findSettings(file, io.cwd))) return;
  const { idleGlobs } = await import('../../settings/settings.ts');
  for (const sentence of await idleGlobs(files, io.cwd)) io.stderr.write(`${sentence}\n`);
}

function refuse(files: readonly string[], { base, alone, fix, ignore = [], only = [] }: CheckFlags): void {
  const usage = (message: string) => new Problem('usage', message);
  const pair = base === undefined && !alone && files.length > 1;
  if (pair && files.length > 2)
    throw usage(
      `check compares two files, not ${files.length}: use --base REV to compare each with its past, --alone to judge each by itself`,
    );
  if (base !== undefined && alone) throw usage('--base and --alone exclude each other');
  if (files.filter((f) => f === '-').length > 1) throw usage('standard input can be read once');
  if (files.includes('-') && base !== undefined)
    throw usage('--base cannot read standard input; give a file');
  if (fix && (pair ? files.slice(1) : files).includes('-'))
    throw usage('standard input cannot be fixed in place');
  const wrong = [...ignore, ...only].find((code) => !isFindingCode(code));
  if (wrong !== undefined)
    throw usage(`there is no finding "${wrong}"; there are: ${Object.keys(FINDINGS).join(', ')}`);
}

/** The options for one file: the flags, else the project's settings. */
async function settingsOf(file: string, flags: CheckFlags, io: Io): Promise<CheckOptions> {
  const given = await conversionSettings(flags, io, file);
  ruleOf(given); // Refuses an unknown rule before any file is read.
  const { settings } = await projectSettings(file, flags, io);
  const tolerance = flags.tolerance ?? settings.tolerance;
  const ignore = [...(settings.ignore ?? []), ...(flags.ignore ?? [])];
  return {
    ...given,
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(ignore.length ? { ignore } : {}),
    ...(flags.only ? { only: flags.only } : {}),
    ...(flags.fix ? { fix: flags.fix } : {}),
  };
}

async function* checkAll(files: readonly string[], flags: CheckFlags, io: Io): AsyncGenerator<Checked> {
  const { base, alone } = flags;
  if (base !== undefined) yield* checkPast(files, base, flags, io);
  else if (alone || files.length === 1)
    for (const file of files) {
      const options = batchOfItself(await settingsOf(file, flags, io));
      yield lint(await readSource(file, io), options);
    }
  else {
    const [reference, candidate] = files as [string, string];
    const options = await sidesOf(reference, candidate, flags, io);
    yield checkPair(await readSource(reference, io), await readSource(candidate, io), options);
  }
}

async function* checkPast(
  files: readonly string[],
  base: string,
  flags: CheckFlags,
  io: Io,
): AsyncGenerator<Checked> {
  const options = await inTurn(files, (file) => settingsOf(file, flags, io));
  // First of all, so that an unknown revision stops everything.
  const folders = files.map((file) => folderOf(file, io));
  const revisions = new Map<string, Revision>();
  try {
    for (const folder of new Set(folders)) revisions.set(folder, await findRevision(base, io, folder));
    for (const [i, file] of files.entries()) {
      const now = existsSync(resolve(io.cwd, file)) ? await readSource(file, io) : undefined;
      yield checkAgainst(revisions.get(folders[i]!)!, file, now?.text, options[i]!, now?.beside);
    }
  } finally {
    for (const revision of revisions.values()) revision.close();
  }
}

/** The options for a pair: devices and dialect come from each file's own settings. */
async function sidesOf(
  reference: string,
  candidate: string,
  flags: CheckFlags,
  io: Io,
): Promise<CheckOptions> {
  const { settings } = await projectSettings(reference, flags, io);
  const { world, worldTo, dialect, ...options } = await settingsOf(candidate, flags, io);
  const before = flags.world ?? settings.world;
  const now = worldTo ?? world;
  const referenceDialect = flags.dialect ?? settings.dialect ?? dialect;
  return {
    ...options,
    ...(before === undefined ? {} : { world: before }),
    ...(now === undefined ? {} : { worldTo: now }),
    ...(dialect === undefined ? {} : { dialect }),
    ...(referenceDialect === undefined ? {} : { referenceDialect }),
  };
}

/** With one file, --to and --world-to mean the same as --from and --world. */
function batchOfItself({ to: said, worldTo, ...options }: CheckOptions): CheckOptions {
  const to = said === 'same' ? undefined : said;
  const [from, world] = [options.from ?? to, options.world ?? worldTo];
  return { ...options, ...(from === undefined ? {} : { from }), ...(world === undefined ? {} : { world }) };
}

/** The effective settings of each file, one a line, with their origins. */
async function printedSettings(files: readonly string[], flags: CheckFlags, io: Io): Promise<string> {
  const blocks = await inTurn(files, async (file) => {
    const { settings, origins } = await projectSettings(file, flags, io);
    const option = (key: keyof typeof PRINTED) => flags[key] !== undefined;
    const rows = (Object.keys(PRINTED) as (keyof typeof PRINTED)[]).map((key) => {
      const [name, otherwise] = PRINTED[key];
      const both = key === 'ignore' ? [...(settings.ignore ?? []), ...(flags.ignore ?? [])] : undefined;
      const value = both ?? flags[key] ?? settings[key];
      const from = [
        ...(settings[key] === undefined || (option(key) && !both) ? [] : [origins[key]]),
        ...(option(key) ? [`--${name}`] : []),
      ];
      const said = value !== undefined && from.length > 0;
      return [name, said ? shown(value) : otherwise, said ? from.join(', ') : 'default'];
    });
    const lines = tableLines({ columns: [{}, {}, {}], rows, indent: '  ' });
    return `${[displayName(file), ...lines].join('\n')}\n`;
  });
  return blocks.join('\n');
}

/** A setting as people write it. */
function shown(value: unknown): string {
  return typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/** The settings' names and defaults. */
const PRINTED = {
  rule: ['rule', 'ema, or noise-aware with a noise scale'],
  noiseScale: ['noise-scale', 'unknown'],
  power: ['power', 'none'],
  keep: ['keep', 'nothing'],
  tolerance: ['tolerance', '0.01'],
  world: ['world', 'as the file says'],
  dialect: ['dialect', 'recognised from the content'],
  optimizer: ['optimizer', 'as the file says'],
  lrScaledBy: ['lr-scaled-by', 'as the dialect says'],
  ignore: ['ignore', 'nothing'],
  names: ['names', 'none'],
  schema: ['schema', 'none'],
} as const;

async function inTurn<T, R>(items: readonly T[], one: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const [i, item] of items.entries()) results.push(await one(item, i));
  return results;
}

/** The format asked for; by default, on GitHub's runners, annotations and a summary of the step. */
function reporterOf({ format, json, color }: CheckFlags, io: Io): Reporter {
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY } = io.env;
  const path = (file: string) => inRepository(file, io);
  switch (json ? 'json' : (format ?? (GITHUB_ACTIONS === 'true' ? 'github' : 'text'))) {
    case 'text':
      return textReporter(chalkFor(io.stdout, io.env, color), io.stdout.columns);
    case 'json':
      return jsonReporter();
    case 'github':
      return GITHUB_STEP_SUMMARY
        ? withSummary(annotationReporter(path), GITHUB_STEP_SUMMARY)
        : annotationReporter(path);
    case 'sarif':
      return sarifReporter((file) => uriOf(path(file)));
    case 'junit':
      return junitReporter();
  }
}

function withSummary(reporter: Reporter, file: string): Reporter {
  const summary = summaryReporter();
  return {
    add(checked) {
      summary.add(checked);
      return reporter.add(checked);
    },
    *end() {
      yield* reporter.end();
      appendFileSync(file, [...summary.end()].join(''));
    },
  };
}

/** A path relative to the checkout, as annotations need it, whatever the working folder. */
function inRepository(file: string, { env, cwd }: Io): string {
  const path = relative(env.GITHUB_WORKSPACE || cwd, resolve(cwd, file));
  return file === '<stdin>' ? file : path.startsWith('..') ? resolve(cwd, file) : path.split(sep).join('/');
}

function uriOf(path: string): string {
  return isAbsolute(path) ? pathToFileURL(path).href : path.split('/').map(encodeURIComponent).join('/');
}
