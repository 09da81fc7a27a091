import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Io } from '../../base/io/streams.ts';
import { Problem } from '../../base/problem.ts';
import { type Git, gitIn, type ObjectReader, objectReader } from './git-program.ts';

/** A file as it was: its path then, and its text, or why that cannot be had. */
export type Before =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly unread: string };

/** A revision of a repository. */
export interface Revision {
  /** As the user wrote it. */
  readonly name: string;
  /** True where the repository has no commit yet, so that there is no revision at all. */
  readonly unborn: boolean;
  /** A file at the revision, under its old name if renamed; undefined if it did not exist. */
  before(file: string): Promise<Before | undefined>;
  /** Ends the git process, which would keep this one alive. */
  close(): void;
}

/** The folder of a file's own repository, which can be a submodule of another; the working folder if it is in none. */
export function folderOf(file: string, { cwd }: Pick<Io, 'cwd'>): string {
  return repositoryAt(dirname(withoutLinks(resolve(cwd, file)))) ?? cwd;
}

/** The nearest folder, this one or above, that is a repository's. */
function repositoryAt(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** A path whose folders are no links, as far as they exist. */
function withoutLinks(path: string): string {
  const folder = dirname(path);
  if (folder === path) return path;
  return join(existsSync(folder) ? realpathSync(folder) : withoutLinks(folder), basename(path));
}

function isWithin(path: string, folder: string): boolean {
  const below = relative(folder, path);
  return !isAbsolute(below) && below.split(sep)[0] !== '..';
}

/**
 * Finds a revision. Renames are those that `git diff -M` sees between it and the index.
 * @param folder the repository's, as folderOf gives it
 * @throws Problem with code `usage`: no git, no repository, no such commit and how to fetch it
 */
export async function findRevision(name: string, { cwd }: Pick<Io, 'cwd'>, folder = cwd): Promise<Revision> {
  const here = realpathSync(cwd);
  const own = isWithin(here, folder) || folder === cwd;
  const git = gitIn(folder, own);
  const top = await git('rev-parse', '--show-toplevel');
  if (top.code !== 0)
    throw new Problem(
      'usage',
      `--base needs a git repository, and ${folder} is in none: ${firstLine(top.errors) || 'git says no more'}`,
    );
  const root = realpathSync(top.text.replace(/\n$/, ''));
  const outer = own ? undefined : await recordedCommit(name, folder, here);
  const withoutPast = { name, before: async () => undefined, close: () => {} };
  // A submodule that came later has no past.
  if (outer === 'none') return { ...withoutPast, unborn: false };
  if (outer === undefined && (await isUnborn(name, git))) return { ...withoutPast, unborn: true };
  const id = await commitOf(outer ?? name, git, own ? '' : ` in ${folder}`);
  const renamed = await renames(id, git);
  const objects = objectReader(folder, own);
  return {
    name,
    unborn: false,
    async before(file) {
      for (const path of pathsOf(resolve(cwd, file), root)) {
        const then = renamed.get(path) ?? path;
        const found = await readAt(id, then, git, objects);
        if (found === 'elsewhere') throw elsewhere(name, then, folder);
        if (found !== undefined) return { path: then, ...found };
      }
      return undefined;
    },
    close: objects.close,
  };
}

/** Whether a name means the head of a branch that has no commit yet. */
async function isUnborn(name: string, git: Git): Promise<boolean> {
  if (!/^(?:HEAD|@)$/.test(name) || (await git('symbolic-ref', '--quiet', 'HEAD')).code !== 0) return false;
  return (await git('rev-parse', '--verify', '--quiet', 'HEAD^{commit}')).code !== 0;
}

/** The id of a commit. Whatever else git takes for a revision, `^HEAD` or a range, is none. @throws Problem: usage */
async function commitOf(name: string, git: Git, where: string): Promise<string> {
  const found = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`);
  const id = found.text.trim();
  if (found.code !== 0 || !/^[0-9a-f]{40,64}$/.test(id)) throw await missing(name, where, git);
  return id;
}

/**
 * The commit of a submodule that the repository around it had at a revision, if rebatch runs there; `none` if it had no
 * such submodule then; undefined if this is no submodule of the repository that rebatch runs in.
 * @param here the working folder
 */
async function recordedCommit(
  name: string,
  folder: string,
  here: string,
): Promise<string | 'none' | undefined> {
  const around = repositoryAt(dirname(folder));
  if (around === undefined) return undefined;
  const own = isWithin(here, around);
  const git = gitIn(around, own);
  const path = relative(around, folder).split(sep).join('/');
  if (!(await git('ls-files', '--stage', '-z', '--', path)).text.startsWith('160000 ')) return undefined;
  const outer = own ? name : await recordedCommit(name, around, here);
  if (outer === undefined || outer === 'none') return outer;
  const id = await commitOf(outer, git, own ? '' : ` in ${around}`);
  const entry = await git('ls-tree', '-z', '--full-tree', id, '--', path);
  return /^160000 commit (?<id>[0-9a-f]+)\t/.exec(entry.text)?.groups?.id ?? 'none';
}

/**
 * Where a file may stand in git, best first: under its own name, which is compared although it is a link now, and
 * under that of its target.
 */
function pathsOf(path: string, root: string): string[] {
  const file = withoutLinks(path);
  const link = existsSync(file) && lstatSync(file).isSymbolicLink();
  return [file, ...(link ? [realpathSync(file)] : [])]
    .filter((one) => isWithin(one, root))
    .map((one) => relative(root, one).split(sep).join('/'));
}

/** A file of a commit; undefined if it has none of this name; `elsewhere` if it has and its content is not here. */
async function readAt(
  id: string,
  path: string,
  git: Git,
  objects: ObjectReader,
): Promise<{ text: string } | { unread: string } | 'elsewhere' | undefined> {
  const object = await objects.read(await nameOf(`${id}:${path}`, git));
  if (object?.type === 'blob') return { text: object.content.toString('utf8') };
  if (object?.type === 'symlink') return { unread: `it was a link to ${object.content}` };
  if (object?.type === 'tree') return { unread: 'it was a folder' };
  const entry = await git('ls-tree', '-z', '--full-tree', id, '--', path);
  if (entry.code === 0 && entry.text === '') return undefined;
  if (entry.text.startsWith('120000 ')) return { unread: 'it was a link that led nowhere' };
  if (entry.text.startsWith('160000 ')) return { unread: 'it was a submodule' };
  return 'elsewhere';
}

/** A partial clone does not hold every file, and git would fetch what it lacks. */
function elsewhere(name: string, path: string, folder: string): Problem {
  return new Problem(
    'usage',
    `this clone does not hold the content of ${name}:${path}, and rebatch fetches nothing. Fetch it first: git -C ${folder} cat-file -e '${name}:${path}'`,
  );
}

/** A name without line breaks for `cat-file --batch`, which reads one name a line: the id if the path has one. */
async function nameOf(object: string, git: Git): Promise<string> {
  if (!/[\r\n]/.test(object)) return object;
  return (await git('rev-parse', '--verify', '--quiet', '--end-of-options', object)).text.trim();
}

/** Old names by new ones. A rename in the working tree counts once git knows of it (`git mv`, `git add`). */
async function renames(id: string, git: Git): Promise<ReadonlyMap<string, string>> {
  const { code, text, errors } = await git(
    'diff-index',
    '--cached',
    '--name-status',
    '--diff-filter=R',
    '-M',
    '-z',
    '--no-ext-diff',
    '--no-textconv',
    '--ignore-submodules=all',
    id,
    '--',
  );
  if (code !== 0)
    throw new Problem('usage', `git cannot tell which files were renamed: ${firstLine(errors)}`);
  const fields = text.split('\0');
  const names = new Map<string, string>();
  for (let i = 0; i + 2 < fields.length; i += 3) names.set(fields[i + 2]!, fields[i + 1]!);
  return names;
}

async function missing(name: string, where: string, git: Git): Promise<Problem> {
  const shallow = (await git('rev-parse', '--is-shallow-repository')).text.trim() === 'true';
  if (!shallow)
    return new Problem(
      'usage',
      `git knows no commit ${name}${where}. For a branch of the remote: ${fetchOf(name)}`,
    );
  return new Problem(
    'usage',
    `this clone is shallow and does not hold ${name}${where}. Fetch it first: ${fetchOf(name)} (in GitHub Actions: actions/checkout with fetch-depth: 0)`,
  );
}

/** The command that fetches a missing revision. */
function fetchOf(name: string): string {
  const back = /^[^~^]*[~^]+(\d*)/.exec(name);
  if (back) return `git fetch --deepen=${Math.max(Number(back[1] || 1), 1)}`;
  const remote = /^(?:refs\/remotes\/)?origin\/(.+)$/.exec(name);
  if (remote) return `git fetch --depth=1 origin ${remote[1]}:refs/remotes/origin/${remote[1]}`;
  if (/^[0-9a-f]{7,64}$/.test(name)) return `git fetch --depth=1 origin ${name}`;
  return `git fetch --depth=1 origin ${name}:${name}`;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
