import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Problem } from '../problem.ts';
import { reasonOf } from './reason.ts';
import type { Io } from './streams.ts';
import { clearBeside, isBarred, temporaryBeside } from './temporary.ts';
import { pause, writeAll } from './write-all.ts';

/** A file and the text that it is to hold. */
export interface FileText {
  readonly file: string;
  readonly text: string;
  /** The text that was read from it, if this is a rewrite. */
  readonly before?: string;
}

type World = Pick<Io, 'cwd' | 'stdout' | 'stderr'>;

/** A file that is ready to be written: what can be known beforehand has been checked. */
interface Staged {
  /** As the user calls it. */
  readonly file: string;
  /** The file behind links. */
  readonly target: string;
  readonly bytes: Buffer;
  /** What it holds now; undefined where there is none, and of devices and pipes. */
  readonly was?: Buffer | undefined;
  /** A new file beside it with the new text; undefined where it has to be written in place. */
  readonly temporary?: string | undefined;
  /** One of this process's own streams, which may be a file that others write to as well. */
  readonly stream?: 'stdout' | 'stderr';
}

const OWN_STREAM = /^\/(?:dev\/(?:fd\/|std)|proc\/self\/fd\/)(?<name>out|err|[12])$/;

/** How often a process tries again that meets another one at the same file. */
const ATTEMPTS = 8;

/**
 * Writes files, all or none.
 *
 * First each text goes into a temporary file in the folder of its file, with the same owner, group and mode, flushed to
 * the disk. Then each file is compared with what was read of it. Then the temporary files are renamed over the files,
 * so that each is wholly old or wholly new at every moment. Where one fails, those before it are put back, and what
 * cannot be put back is named. Signals that can be caught (Ctrl-C) wait until all is done; `kill -9` or a power failure
 * between two renames leaves some files new and the others old.
 *
 * A symbolic link stays one. A file with several names (hard links) is refused: a rename would part them, writing in
 * place would change files elsewhere, and only the user knows what is meant. Where a rename cannot be (the file is a
 * mount point, its folder may not be written, its owner cannot be kept) the file is written in place, by one call:
 * what a full disk leaves is put back, but a kill within that call can leave a mixture.
 *
 * Temporary files of killed runs are removed by the next run that is to write the same file, also where nothing changes.
 * That takes them from a run that is still going as well, so that its rename fails: of two runs at once at most one
 * writes, and the other one starts again and finds the file changed.
 * @throws Problem: unwritable; changed, where a file does not hold what was read; busy
 */
export function writeFiles(files: readonly FileText[], io: World): void {
  for (let attempt = 1; ; attempt++) {
    try {
      return uninterrupted(() => writeOnce(files, io));
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'busy') || attempt === ATTEMPTS) throw error;
      pause(Math.random() * 20 * attempt);
    }
  }
}

/** Adds to the end of a file, all or nothing. @throws Problem: unwritable */
export function appendText(file: string, text: string, { cwd }: Pick<Io, 'cwd'>): void {
  naming(file, () => {
    const fd = openSync(resolve(cwd, file), 'a');
    const before = fstatSync(fd);
    try {
      writeAll(fd, Buffer.from(text));
    } catch (error) {
      if (before.isFile()) ftruncateSync(fd, before.size);
      throw error;
    } finally {
      closeSync(fd);
    }
  });
}

function writeOnce(files: readonly FileText[], io: World): void {
  const staged: Staged[] = [];
  const done: Staged[] = [];
  try {
    for (const { file, text, before } of files) {
      const was = before === undefined ? undefined : Buffer.from(before);
      const one = naming(file, () => stage(file, resolve(io.cwd, file), Buffer.from(text), was));
      if (one) staged.push(one);
    }
    const single = withoutDoubles(staged);
    for (const { target, temporary } of single) clearBeside(target, temporary);
    for (const one of single) naming(one.file, () => refuseChanged(one));
    for (const one of single) {
      naming(one.file, () => replace(one, io));
      done.push(one);
    }
  } catch (error) {
    throw withWhatIsLeft(
      error,
      done.reverse().flatMap((one) => putBack(one, io)),
    );
  } finally {
    for (const { temporary } of staged) if (temporary !== undefined) rmSync(temporary, { force: true });
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals that can be caught have their effect when this is done; it takes milliseconds. */
function uninterrupted(action: () => void): void {
  const heed = (signal: NodeJS.Signals) => {
    stop();
    process.kill(process.pid, signal);
  };
  const stop = () => {
    for (const signal of SIGNALS) process.off(signal, heed);
  };
  for (const signal of SIGNALS) process.on(signal, heed);
  try {
    action();
  } finally {
    // Node hands out what came meanwhile in the next turn but one of its loop.
    setImmediate(() => setImmediate(stop));
  }
}

/**
 * @param before what was read from the file, where it was read
 * @returns undefined where nothing has to be written
 */
function stage(file: string, path: string, bytes: Buffer, before?: Buffer): Staged | undefined {
  const own = OWN_STREAM.exec(path)?.groups?.name;
  if (own) return { file, target: path, bytes, stream: /out|1/.test(own) ? 'stdout' : 'stderr' };
  const there = statOf(path);
  if (there && !there.isFile()) return { file, target: path, bytes };
  const target = there ? realpathSync.native(path) : endOfLinks(path);
  if (before?.equals(bytes)) return void clearBeside(target);
  if (there) {
    accessSync(target, constants.W_OK);
    refuseSeveralNames(there, file);
  }
  const was = before ?? (there ? readFileSync(target) : undefined);
  return { file, target, bytes, was, temporary: temporaryBeside(target, bytes, there) };
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** Where links lead that end at nothing. */
function endOfLinks(path: string): string {
  try {
    return endOfLinks(resolve(dirname(path), readlinkSync(path)));
  } catch {
    return path;
  }
}

function refuseSeveralNames({ nlink }: Stats, file: string): void {
  if (nlink < 2) return;
  throw new Problem(
    'unwritable',
    `is one of ${nlink} names of the same file (hard links), and whether the others are to change with it cannot be known. Make it a file of its own first: cp -p ${file} ${file}.own && mv ${file}.own ${file}. Or change it under all names: write another file with -o, then cat that into ${file}`,
  );
}

/** Without second names of a file. @throws Problem: unwritable, where they are to become two texts */
function withoutDoubles(staged: readonly Staged[]): Staged[] {
  return staged.filter((one) => {
    const first = staged.find(({ target }) => target === one.target)!;
    if (first.bytes.equals(one.bytes)) return first === one;
    throw named(new Problem('unwritable', `is the same file as ${first.file}; name it once`), one.file);
  });
}

/** What holds the new text already is as it should be: another run has done the same. */
function refuseChanged({ target, was, bytes, stream }: Staged): void {
  if (stream) return;
  const there = statOf(target);
  if (there && !there.isFile()) return;
  const now = there && readFileSync(target);
  if (now === was || (now && (was?.equals(now) || bytes.equals(now)))) return;
  throw new Problem(
    'changed',
    'was changed by somebody else while rebatch worked on it. Nothing was written; run it again',
  );
}

/** Writes one file that is staged. */
function replace(one: Staged, io: World): void {
  const { target, temporary, was, stream } = one;
  if (stream) return void io[stream].write(one.bytes.toString());
  refuseChanged(one);
  if (temporary === undefined) return writeInPlace(one);
  try {
    renameSync(temporary, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Problem('busy', 'is being written by another run of rebatch; run it again');
    if (was && isBarred(error)) return writeInPlace(one);
    throw error;
  }
}

/** Writes a file without making a new one; what it held comes back where that fails. Devices and pipes take the text. */
function writeInPlace({ target, bytes, was }: Staged): void {
  const fd = openSync(target, was ? 'r+' : 'w');
  try {
    if (was) fill(fd, bytes);
    else writeAll(fd, bytes);
  } catch (error) {
    if (was) restore(fd, was, error);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** A text that gets shorter ends in empty lines until the file is cut: a kill in between adds nothing to its meaning. */
function fill(fd: number, bytes: Buffer): void {
  const padded = Buffer.alloc(Math.max(bytes.length, fstatSync(fd).size), '\n');
  bytes.copy(padded);
  writeAll(fd, padded, 0);
  ftruncateSync(fd, bytes.length);
  fsyncSync(fd);
}

function restore(fd: number, was: Buffer, cause: unknown): void {
  try {
    fill(fd, was);
  } catch {
    const why = reasonOf(cause as NodeJS.ErrnoException);
    throw new Problem(
      'unwritable',
      `cannot be written: ${why}. A part of it was, and the old text cannot be put back: the file is damaged`,
    );
  }
}

/** Puts back what a file held. @returns why it could not be, if so */
function putBack({ file, target, bytes, was }: Staged, io: World): string[] {
  try {
    if (was) {
      const back = stage(file, target, was, bytes);
      try {
        if (back) replace(back, io);
      } finally {
        if (back?.temporary !== undefined) rmSync(back.temporary, { force: true });
      }
    } else if (statOf(target)?.isFile()) rmSync(target);
    else return [`${file} has been written`];
    return [];
  } catch (error) {
    return [`${file} has been written and cannot be put back (${(error as Error).message})`];
  }
}

function withWhatIsLeft(error: unknown, left: readonly string[]): unknown {
  if (!(error instanceof Problem) || left.length === 0) return error;
  return named(new Problem('unwritable', [error.message, ...left].join('; ')), error.file ?? '');
}

/** Runs code that writes a file; what the system refuses becomes a refusal with the file's name. */
function naming<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Problem) throw named(error, file);
    const system = error as NodeJS.ErrnoException;
    if (system.syscall === undefined) throw error;
    throw named(new Problem('unwritable', `cannot be written: ${whyNot(system)}`), file);
  }
}

/** A file that is written need not be there; its folder must. */
function whyNot(error: NodeJS.ErrnoException): string {
  return error.code === 'ENOENT' ? 'there is no such folder' : reasonOf(error);
}

function named(problem: Problem, file: string): Problem {
  problem.file = file;
  return problem;
}
