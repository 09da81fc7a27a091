import { isUtf8 } from 'node:buffer';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Source } from '../diagnostic.ts';
import { Problem } from '../problem.ts';
import { reasonOf } from './reason.ts';
import type { Io } from './streams.ts';

/** Reads a config; `-` is standard input. @throws Problem: unreadable, not-utf8 */
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

/** The text of a file; `-` is standard input. @throws Problem: unreadable, not-utf8 */
export async function readText(file: string, io: Io): Promise<string> {
  return file === '-' ? asText(await readAll(io), file) : readTextFile(file, io.cwd);
}

/**
 * The text of a file on disk. Synchronous, since loading the promise version of fs takes longer than reading a config.
 * @throws Problem: unreadable, not-utf8
 */
export function readTextFile(file: string, cwd: string): string {
  return asText(readBytes(file, cwd), file);
}

function asText(bytes: Buffer, file: string): string {
  if (!isUtf8(bytes)) throw named(new Problem('not-utf8', 'is not UTF-8 text; save it as UTF-8 first'), file);
  return bytes.toString('utf8');
}

function readBytes(file: string, cwd: string): Buffer {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (error) {
    throw named(
      new Problem('unreadable', `cannot be read: ${reasonOf(error as NodeJS.ErrnoException)}`),
      file,
    );
  }
}

async function readAll(io: Io): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
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
