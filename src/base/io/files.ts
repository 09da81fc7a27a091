import { isUtf8 } from 'node:buffer';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { BUDGET, tooLarge } from '../budget.ts';
import type { Source } from '../diagnostic.ts';
import { lookUp } from '../look-up.ts';
import { Problem } from '../problem.ts';
import type { Io } from './streams.ts';

/** Reads a config; `-` is standard input. @throws Problem: unreadable, not-utf8, too-large */
export async function readSource(file: string, io: Io): Promise<Source> {
  const source = {
    file: file === '-' ? (io.inputName ?? displayName(file)) : file,
    text: await readText(file, io),
  };
  return file === '-' ? source : { ...source, beside: neighbours(file, io) };
}

/** Reads the files that a file names, by their paths from its folder; what cannot be read is not there. */
function neighbours(file: string, io: Io): NonNullable<Source['beside']> {
  return async (path) => {
    const there = join(dirname(file), path.replace(/^~(?=\/)/, homedir()));
    const whole = isAbsolute(path) ? path : there;
    const plain = existing(() => statSync(resolve(io.cwd, whole)))?.isFile();
    return plain ? readSource(whole, io) : undefined;
  };
}

/**
 * The text of a file; `-` is standard input.
 * @param most bytes
 * @throws Problem: unreadable, not-utf8, too-large
 */
export async function readText(file: string, io: Io, most: number = BUDGET.bytes): Promise<string> {
  const bytes = file === '-' ? await readAll(io, most) : readBytes(file, io, most);
  if (bytes === undefined) throw named(tooLarge(`${most / 1024 / 1024} MB`), file);
  if (!isUtf8(bytes)) throw named(new Problem('not-utf8', 'is not UTF-8 text; save it as UTF-8 first'), file);
  return bytes.toString('utf8');
}

/** What is read of a file at a time. */
const CHUNK = 1024 * 1024;

/**
 * A file's bytes; undefined where there are more. Piece by piece, since a device has no size and no end. Synchronous,
 * since loading the promise version of fs takes longer than reading a config.
 */
function readBytes(file: string, io: Io, most: number): Buffer | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(resolve(io.cwd, file), 'r');
    const chunks: Buffer[] = [];
    for (let total = 0; total <= most; ) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const length = readSync(handle, chunk);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
      total += length;
    }
    return undefined;
  } catch (error) {
    throw named(
      new Problem('unreadable', `cannot be read: ${reasonOf(error as NodeJS.ErrnoException)}`),
      file,
    );
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

async function readAll(io: Io, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of io.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    total += chunks.at(-1)!.length;
    if (total > most) return undefined;
  }
  return Buffer.concat(chunks);
}

/**
 * Replaces a file's text in one step: a temporary file in the same folder with the same mode is flushed to disk and
 * renamed over it. Of a symbolic link the target is replaced. What is not a plain file (`/dev/null`, a pipe) is
 * written to directly. A file without write permission is refused, although a rename would work.
 * @throws Problem: unreadable
 */
export function writeText(file: string, text: string, io: Io): void {
  const path = resolve(io.cwd, file);
  try {
    const there = existing(() => statSync(path));
    if (there) accessSync(path, constants.W_OK);
    if (there && !there.isFile()) return writeFileSync(path, text);
    const target = there ? realpathSync(path) : (linkTarget(path) ?? path);
    const mode = there && there.mode & 0o7777;
    const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    const handle = openSync(temporary, 'wx', mode ?? 0o666);
    try {
      writeFileSync(handle, text);
      if (mode !== undefined) fchmodSync(handle, mode);
      fsyncSync(handle);
      closeSync(handle);
      renameSync(temporary, target);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw named(
      new Problem('unreadable', `cannot be written: ${reasonOf(error as NodeJS.ErrnoException)}`),
      file,
    );
  }
}

/** The target of a link, also where it does not exist yet. */
function linkTarget(path: string): string | undefined {
  const target = existing(() => readlinkSync(path));
  return target === undefined ? undefined : resolve(dirname(path), target);
}

function existing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** A file as messages call it. */
export function displayName(file: string): string {
  return file === '-' ? '<stdin>' : file;
}

function named(problem: Problem, file: string): Problem {
  problem.file = displayName(file);
  return problem;
}

function reasonOf(error: NodeJS.ErrnoException): string {
  const known: Record<string, string> = {
    ENOENT: 'there is no such file',
    EISDIR: 'it is a folder',
    EACCES: 'permission denied',
    ENOTDIR: 'a part of its path is not a folder',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
  };
  return lookUp(known, error.code ?? '') ?? error.message;
}
