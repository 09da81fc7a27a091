import { execFile, spawn } from 'node:child_process';
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import type { Io } from '../../base/io/streams.ts';
import { Problem } from '../../base/problem.ts';

/** A revision of a repository. */
export interface Revision {
  /** As the user wrote it. */
  readonly name: string;
  /** True where the repository has no commit yet, so that there is no revision at all. */
  readonly unborn: boolean;
  /** A file at the revision, under its old name if renamed; undefined if it did not exist. */
  before(file: string): Promise<{ readonly path: string; readonly text: string } | undefined>;
  /** Ends the git process, which would keep this one alive. */
  close(): void;
}

/** Larger than any config, so that git's answer is never cut. */
const LARGEST = 256 * 1024 * 1024;

/**
 * The folder from which git finds the repository of a file: the working folder if the file is in it, else the nearest
 * existing folder above the file.
 */
export function folderOf(file: string, { cwd }: Pick<Io, 'cwd'>): string {
  const path = resolve(cwd, file);
  const below = relative(cwd, path);
  if (!isAbsolute(below) && below.split(sep)[0] !== '..') return cwd;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (folder === dirname(folder)) return cwd;
  }
}

/**
 * Finds a revision. Renames are those that `git diff -M` sees between it and the working tree.
 * @param folder one in the repository
 * @throws Problem with code `usage`: no git, no repository, no such revision and how to fetch it
 */
export async function findRevision(name: string, { cwd }: Pick<Io, 'cwd'>, folder = cwd): Promise<Revision> {
  const git = (...args: string[]) => run(args, folder);
  const top = await git('rev-parse', '--show-toplevel', '--show-prefix');
  if (top.code !== 0)
    throw new Problem(
      'usage',
      `--base needs a git repository, and ${folder} is in none: ${firstLine(top.errors) || 'git says no more'}`,
    );
  const [root = '', prefix = ''] = top.text.split('\n');
  const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`);
  if (commit.code !== 0 && (await isUnborn(name, git)))
    return { name, unborn: true, before: async () => undefined, close: () => {} };
  if (commit.code !== 0) throw await missing(name, folder === cwd ? '' : ` in ${folder}`, git);
  const id = commit.text.trim();
  const renamed = await renames(id, git);
  const objects = objectReader(folder);
  return {
    name,
    unborn: false,
    async before(file) {
      const path = inRepository(folder === cwd ? file : resolve(cwd, file), { cwd, root, prefix });
      const old = renamed.get(path) ?? path;
      if (old.startsWith('../')) return undefined;
      const object = await objects.read(await nameOf(`${id}:${old}`, git));
      if (object === undefined) return undefined;
      if (object.type !== 'blob')
        throw new Problem('usage', `git cannot give ${name}:${old}: it is a ${object.type}`);
      return { path: old, text: object.content.toString('utf8') };
    },
    close: objects.close,
  };
}

/** Whether a name means the head of a branch that has no commit yet. */
async function isUnborn(name: string, git: Git): Promise<boolean> {
  return /^(?:HEAD|@)$/.test(name) && (await git('symbolic-ref', '--quiet', 'HEAD')).code === 0;
}

/** A name without line breaks for `cat-file --batch`, which reads one name a line: the id if the path has one. */
async function nameOf(object: string, git: Git): Promise<string> {
  if (!/[\r\n]/.test(object)) return object;
  return (await git('rev-parse', '--verify', '--quiet', object)).text.trim();
}

/** An object of git's store: a `blob` is a file. */
interface GitObject {
  readonly type: string;
  readonly content: Buffer;
}

interface ObjectReader {
  /** The object of this name, `COMMIT:PATH` or an id; undefined if there is none. The name must not contain a line break. */
  read(name: string): Promise<GitObject | undefined>;
  close(): void;
}

/** Reads all objects through one git process: starting one for each takes longer than checking a file. */
function objectReader(cwd: string): ObjectReader {
  const git = spawn('git', ['cat-file', '--batch'], {
    cwd,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // If git dies its output ends, which is reported there.
  git.on('error', () => {});
  git.stdin.on('error', () => {});
  const chunks: AsyncIterator<Buffer> = git.stdout[Symbol.asyncIterator]();
  let read: Buffer = Buffer.alloc(0);
  const more = async (): Promise<Buffer> => {
    const { done, value } = await chunks.next();
    if (done) throw new Problem('usage', 'git ended before it had given every file of the revision');
    return value;
  };
  const take = async (length: number): Promise<Buffer> => {
    const parts = [read];
    for (let have = read.length; have < length; have += parts.at(-1)!.length) parts.push(await more());
    const all = Buffer.concat(parts);
    read = all.subarray(length);
    return all.subarray(0, length);
  };
  const takeLine = async (): Promise<string> => {
    while (!read.includes('\n')) read = Buffer.concat([read, await more()]);
    return (await take(read.indexOf('\n') + 1)).toString('utf8');
  };
  return {
    async read(name) {
      git.stdin.write(`${name}\n`);
      const found = /^[0-9a-f]+ (?<type>[a-z]+) (?<size>\d+)\n$/.exec(await takeLine())?.groups;
      if (!found) return undefined;
      const size = Number(found.size);
      return { type: found.type!, content: (await take(size + 1)).subarray(0, size) };
    },
    close: () => git.stdin.end(),
  };
}

/** Old names by new ones. A rename in the working tree counts once git knows of it (`git mv`, `git add`). */
async function renames(id: string, git: Git): Promise<ReadonlyMap<string, string>> {
  const status = await git(
    'diff',
    '--name-status',
    '--diff-filter=R',
    '-M',
    '-z',
    '--no-ext-diff',
    '--no-relative',
    id,
    '--',
  );
  const fields = status.text.split('\0');
  const names = new Map<string, string>();
  for (let i = 0; i + 2 < fields.length; i += 3) names.set(fields[i + 2]!, fields[i + 1]!);
  return names;
}

/** A file's path in git. A symbolic link is resolved, since its target is what gets read. */
function inRepository(
  file: string,
  { cwd, root, prefix }: { cwd: string; root: string; prefix: string },
): string {
  const path = resolve(cwd, file);
  const folder = dirname(path);
  // A deleted folder has no real path; its name has to do.
  if (!existsSync(folder) && !isAbsolute(file)) return posix.normalize(prefix + file.split(sep).join('/'));
  const link = existsSync(path) && lstatSync(path).isSymbolicLink();
  const target = link
    ? realpathSync(path)
    : existsSync(folder)
      ? join(realpathSync(folder), basename(path))
      : path;
  return relative(realpathSync(root), target).split(sep).join('/');
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

type Git = (...args: string[]) => Promise<{ code: number; text: string; errors: string }>;

function run(args: readonly string[], cwd: string): ReturnType<Git> {
  return new Promise((done, fail) => {
    const options = { cwd, maxBuffer: LARGEST, encoding: 'utf8', windowsHide: true } as const;
    execFile('git', ['-c', 'core.quotePath=false', ...args], options, (error, text, errors) => {
      if (error?.code === 'ENOENT')
        return fail(new Problem('usage', '--base needs git, which is not installed here'));
      const code = typeof error?.code === 'number' ? error.code : error ? 1 : 0;
      done({ code, text, errors });
    });
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
