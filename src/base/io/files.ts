import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { BUDGET, tooLarge } from '../budget.ts';
import type { Source } from '../diagnostic.ts';
import { Problem } from '../problem.ts';
import { reasonOf } from './reason.ts';
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
    const plain = whatIs(resolve(io.cwd, whole))?.isFile();
    return plain ? readSource(whole, io) : undefined;
  };
}

/**
 * The text of a file; `-` is standard input.
 * @param most bytes
 * @throws Problem: unreadable, not-utf8, too-large
 */
export async function readText(file: string, io: Io, most: number = BUDGET.bytes): Promise<string> {
  return file === '-' ? asText(await readAll(io, most), file, most) : readTextFile(file, io.cwd, most);
}

/**
 * The text of a file on disk.
 * @param most bytes
 * @throws Problem: unreadable, not-utf8, too-large
 */
export function readTextFile(file: string, cwd: string, most: number = BUDGET.bytes): string {
  return asText(readBytes(file, cwd, most), file, most);
}

function asText(bytes: Buffer | undefined, file: string, most: number): string {
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
function readBytes(file: string, cwd: string, most: number): Buffer | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(resolve(cwd, file), 'r');
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

function existing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** What is at a path, behind links; undefined where nothing can be reached. */
export function whatIs(path: string): Stats | undefined {
  return existing(() => statSync(path));
}

/** A file as messages call it. */
export function displayName(file: string): string {
  return file === '-' ? '<stdin>' : file;
}

function named(problem: Problem, file: string): Problem {
  problem.file = displayName(file);
  return problem;
}
