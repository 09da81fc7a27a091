import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Problem } from '../../base/problem.ts';

/** What git answered. */
export interface Answer {
  readonly code: number;
  readonly text: string;
  readonly errors: string;
}

/** Git in one folder. */
export type Git = (...args: string[]) => Promise<Answer>;

/** Larger than any config, so that git's answer is never cut. */
const LARGEST = 256 * 1024 * 1024;

/**
 * Settings of the repository that would run programs, off (git-config's documentation). A folder of the working tree
 * that looks like a bare repository is none. Filters, textconv and external diffs are not asked for: no command here
 * reads the working tree or writes a patch.
 */
const SETTINGS = [
  'core.quotePath=false',
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'safe.bareRepository=explicit',
].flatMap((setting) => ['-c', setting]);

/**
 * Nothing is fetched, so no ssh, credential helper or upload-pack is run: GIT_NO_LAZY_FETCH is of git 2.45, a list of
 * allowed protocols without any is understood since 2.12.
 */
const ENVIRONMENT = {
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_LITERAL_PATHSPECS: '1',
};

/** What a hook sets for its own repository (`git rev-parse --local-env-vars`), which misleads git in another one. */
const LOCAL = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_CONFIG',
  'GIT_DIR',
  'GIT_GRAFT_FILE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_WORK_TREE',
];

/**
 * Where a program is, by the absolute folders of PATH alone. Windows looks into the working folder first, and a PATH
 * may name it: what lies in a checkout would be run.
 */
export function programOf(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  { platform = process.platform, exists = existsSync as (file: string) => boolean } = {},
): string | undefined {
  const { delimiter, isAbsolute, join } = platform === 'win32' ? path.win32 : path.posix;
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, platform === 'win32' ? `${name}.exe` : name))
    .find(exists);
}

function command(args: readonly string[], cwd: string, own: boolean) {
  const git = programOf('git', process.env);
  if (git === undefined) throw new Problem('usage', '--base needs git, which is not installed here');
  const inherited = Object.entries(process.env).filter(([name]) => own || !LOCAL.includes(name));
  const env = { ...Object.fromEntries(inherited), ...ENVIRONMENT };
  return {
    git,
    args: ['--no-pager', ...SETTINGS, ...args],
    options: { cwd, env, windowsHide: true },
  } as const;
}

/**
 * Git for the repository of a folder. It runs no program of the repository and fetches nothing.
 * @param own whether it is the repository that rebatch runs in, which a hook's environment is about
 * @throws Problem: usage, where there is no git
 */
export function gitIn(folder: string, own: boolean): Git {
  return (...args) => {
    const { git, options, args: all } = command(args, folder, own);
    return new Promise((done) => {
      execFile(git, all, { ...options, maxBuffer: LARGEST, encoding: 'utf8' }, (error, text, errors) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, text, errors });
      });
    });
  };
}

/** An object of git's store: a `blob` is a file, `symlink` is a link out of the tree, with its target. */
export interface GitObject {
  readonly type: string;
  readonly content: Buffer;
}

/** Reads objects of git's store. */
export interface ObjectReader {
  /**
   * The object of this name, `COMMIT:PATH` or an id; undefined if there is none, or not here. Links are followed within
   * the commit. The name must not contain a line break.
   */
  read(name: string): Promise<GitObject | undefined>;
  close(): void;
}

/** Reads all objects through one git process: starting one for each takes longer than checking a file. */
export function objectReader(folder: string, own: boolean): ObjectReader {
  const { git: program, args, options } = command(['cat-file', '--batch', '--follow-symlinks'], folder, own);
  const git = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'ignore'] });
  // In a partial clone git ends at what it lacks: then there is no object here.
  git.on('error', () => {});
  git.stdin.on('error', () => {});
  const chunks: AsyncIterator<Buffer> = git.stdout[Symbol.asyncIterator]();
  let read: Buffer = Buffer.alloc(0);
  let ended = false;
  const more = async (): Promise<Buffer> => {
    const { done = false, value } = await chunks.next();
    ended = done;
    return value ?? Buffer.alloc(0);
  };
  const take = async (length: number): Promise<Buffer> => {
    const parts = [read];
    for (let have = read.length; have < length && !ended; have += parts.at(-1)!.length)
      parts.push(await more());
    const all = Buffer.concat(parts);
    read = all.subarray(length);
    return all.subarray(0, length);
  };
  const takeLine = async (): Promise<string> => {
    while (!read.includes('\n') && !ended) read = Buffer.concat([read, await more()]);
    return (await take(read.indexOf('\n') + 1)).toString('utf8');
  };
  return {
    async read(name) {
      git.stdin.write(`${name}\n`);
      // git-cat-file's documentation, "BATCH OUTPUT": what --follow-symlinks cannot follow has no id.
      const found = /^(?:[0-9a-f]{40,64} )?(?<type>[a-z]+) (?<size>\d+)\n$/.exec(await takeLine())?.groups;
      if (!found) return undefined;
      const size = Number(found.size);
      const content = await take(size + 1);
      return ended ? undefined : { type: found.type!, content: content.subarray(0, size) };
    },
    close: () => git.stdin.end(),
  };
}
