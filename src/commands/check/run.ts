import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { printable, type Source } from '../../base/diagnostic.ts';
import { FINDINGS, type FindingCode, isFindingCode } from '../../base/findings.ts';
import { displayName, readSource } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { writeFiles } from '../../base/io/write-files.ts';
import { Problem } from '../../base/problem.ts';
import { loadDialect } from '../../dialect/dialect.ts';
import { ruleOf } from '../../pipe/plan.ts';
import { findSettings } from '../../settings/find.ts';
import type { Settings } from '../../settings/settings.ts';
import { conversionSettings, projectSettings } from '../options.ts';
import { type Checked, type CheckOptions, checkCandidate, checkPair, lint, unreadable } from './check.ts';
import type { CheckFlags } from './flags.ts';
import { findRevision, folderOf, type Revision } from './git.ts';
import { checkAgainst } from './revision.ts';
import { targetsOf } from './targets.ts';
import { reporterOf } from './views/choose.ts';

/**
 * Runs `rebatch check`: reads and checks the files, writes fixes, reports.
 * @param names files, folders and globs
 * @returns whether everything passed
 * @throws Problem: usage, and settings or a reference that cannot be read
 */
export async function runCheck(names: readonly string[], flags: CheckFlags, io: Io): Promise<boolean> {
  refuse(names, flags);
  const targets = targetsOf(names, io, {
    mayBeGone: flags.base !== undefined,
    ownSettings: flags.config !== undefined,
  });
  const { files } = targets;
  if (flags.printConfig) {
    const { printedSettings } = await import('./print-config.ts');
    io.stdout.write(await printedSettings(files, flags, io));
    return true;
  }
  const reporter = reporterOf(flags, targets, io);
  const fixed: { readonly source: Source; readonly text: string }[] = [];
  const judged: Checked[] = [];
  let said = '';
  let pass = true;
  for await (const checked of checkAll(files, flags, io)) {
    const { source, text } = checked;
    pass &&= checked.pass;
    if (files.length === 2) judged.push(checked);
    if (text !== undefined) fixed.push({ source, text });
    said += reporter.add(checked);
    // With --fix nothing is written or reported before every file is checked.
    if (flags.fix) continue;
    io.stdout.write(said);
    said = '';
  }
  if (fixed.length)
    writeFiles(
      fixed.map(({ source: { file, text: before }, text }) => ({ file, text, before })),
      io,
    );
  io.stdout.write(said);
  for (const part of reporter.end()) io.stdout.write(part);
  if (files.length > 1 && flags.config === undefined) await tellIdleGlobs(files, io);
  if (names.length === 2) await tellPair(judged, flags, io);
  return pass;
}

/** A glob of the settings that fits nothing is a typo. It is looked for where several files are judged: that takes a while anyway. */
async function tellIdleGlobs(files: readonly string[], io: Io): Promise<void> {
  if (!files.some((file) => findSettings(file, io.cwd))) return;
  const { idleGlobs } = await import('../../settings/settings.ts');
  for (const sentence of await idleGlobs(files, io.cwd)) io.stderr.write(`${printable(sentence)}\n`);
}

/** Who names two configs with different batches may have meant to compare them. */
async function tellPair(judged: readonly Checked[], flags: CheckFlags, io: Io): Promise<void> {
  const [old, now] = judged;
  const { base, against, only, quiet } = flags;
  if (!old?.dialect || !now?.dialect || (base ?? against ?? only) !== undefined || quiet) return;
  const names = [old, now].map(({ source }) => source.file);
  const options = await sidesOf(names[0]!, names[1]!, flags, io);
  const pair = await checkPair(old.source, now.source, { ...options, fix: false }).catch(() => undefined);
  if (pair?.kappa === undefined || pair.kappa === 1) return;
  const sentence = `${names.join(' and ')} have different batches and were checked each by itself; to compare them: rebatch check --against ${names.join(' ')}`;
  io.stderr.write(`${printable(sentence)}\n`);
}

function refuse(names: readonly string[], flags: CheckFlags): void {
  const { base, against, fix, ignore = [], only = [] } = flags;
  const usage = (message: string) => new Problem('usage', message);
  if ([...names, against].filter((f) => f === '-').length > 1) throw usage('standard input can be read once');
  if (names.includes('-') && base !== undefined)
    throw usage('--base cannot read standard input; give a file');
  if (fix && names.includes('-')) throw usage('standard input cannot be fixed in place');
  const wrong = [...ignore, ...only].find((code) => !isFindingCode(code));
  if (wrong !== undefined)
    throw usage(`there is no finding "${wrong}"; there are: ${Object.keys(FINDINGS).join(', ')}`);
}

/** The options for one file: the flags, else the project's settings. */
async function settingsOf(file: string, flags: CheckFlags, io: Io): Promise<CheckOptions> {
  const given = await conversionSettings(flags, io, file);
  // An unknown rule or dialect is refused before any file is read.
  ruleOf(given);
  if (typeof given.dialect === 'string') await loadDialect(given.dialect);
  const { settings } = await projectSettings(file, flags, io);
  const tolerance = flags.tolerance ?? settings.tolerance;
  const ignore = [...(settings.ignore ?? []), ...(flags.ignore ?? [])];
  const severity = severitiesOf(settings, flags);
  return {
    ...given,
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(ignore.length ? { ignore } : {}),
    ...(severity.length ? { severity: Object.fromEntries(severity) } : {}),
    ...(flags.only ? { only: flags.only } : {}),
    ...(flags.fix ? { fix: flags.fix } : {}),
  };
}

/** Findings that say that a file was not judged. */
const UNJUDGED: readonly FindingCode[] = ['not-judged', 'ambiguous-dialect', 'reference-unreadable'];

/** Severities that were chosen. A reference is named for the files beside it, so they must be judged. */
function severitiesOf({ severity = {} }: Settings, { requireJudged, against }: CheckFlags) {
  const must = requireJudged || against !== undefined ? UNJUDGED : [];
  return [
    ...Object.entries(severity).map(([code, how]) => [code, how === false ? 'off' : how] as const),
    ...must.map((code) => [code, 'error'] as const),
  ];
}

async function* checkAll(files: readonly string[], flags: CheckFlags, io: Io): AsyncGenerator<Checked> {
  const { base, against } = flags;
  if (base !== undefined) yield* checkPast(files, base, flags, io);
  else if (against !== undefined) yield* checkBeside(files, against, flags, io);
  else {
    const options = await inTurn(files, async (file) => batchOfItself(await settingsOf(file, flags, io)));
    for (const [i, file] of files.entries())
      yield judgeFile(file, options[i]!, io, (source) => lint(source, options[i]));
  }
}

async function* checkBeside(
  files: readonly string[],
  against: string,
  flags: CheckFlags,
  io: Io,
): AsyncGenerator<Checked> {
  const options = await inTurn(files, (file) => sidesOf(against, file, flags, io));
  const reference = await readSource(against, io);
  for (const [i, file] of files.entries())
    yield judgeFile(file, options[i]!, io, (source) => checkCandidate(reference, source, options[i]!));
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
  const isHere = (file: string) => existsSync(resolve(io.cwd, file));
  try {
    for (const folder of new Set(folders)) revisions.set(folder, await findRevision(base, io, folder));
    if ([...revisions.values()].some(({ unborn }) => unborn) && !flags.quiet) io.stderr.write(UNBORN);
    for (const [i, file] of files.entries())
      if (!isHere(file) && !(await revisions.get(folders[i]!)!.before(file))) throw nowhere(file, base);
    for (const [i, file] of files.entries()) {
      const revision = revisions.get(folders[i]!)!;
      const judge = ({ text, beside }: Source) => checkAgainst(revision, file, text, options[i]!, beside);
      yield isHere(file)
        ? judgeFile(file, options[i]!, io, judge)
        : checkAgainst(revision, file, undefined, options[i]!);
    }
  } finally {
    for (const revision of revisions.values()) revision.close();
  }
}

const UNBORN = 'there is no commit yet: every file is new, with nothing to compare\n';

function nowhere(file: string, base: string): Problem {
  return new Problem('unreadable', `there is no such file, here or at ${base}`).in({ file, text: '' });
}

/** Reads a file and judges it; that it cannot be read is a finding, so that the others are judged. */
async function judgeFile(
  file: string,
  options: CheckOptions,
  io: Io,
  judge: (source: Source) => Promise<Checked>,
): Promise<Checked> {
  let source: Source;
  try {
    source = await readSource(file, io);
  } catch (error) {
    return unreadable({ file: displayName(file), text: '' }, error, options);
  }
  return judge(source);
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

async function inTurn<T, R>(items: readonly T[], one: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const [i, item] of items.entries()) results.push(await one(item, i));
  return results;
}
