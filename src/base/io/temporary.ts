import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeAll } from './write-all.ts';

/**
 * A new file beside another one, on the disk with all of the bytes, with that one's owner, group and mode:
 * `.run.yaml.rebatch-0123456789ab.tmp` beside `run.yaml`.
 * @param there the file that it is to replace, if there is one
 * @returns undefined where the folder may not be written, or the owner not be given away
 * @throws what the system says; then there is no new file
 */
export function temporaryBeside(target: string, bytes: Uint8Array, there?: Stats): string | undefined {
  const path = join(dirname(target), `${prefixOf(target)}${random()}.tmp`);
  const fd = opened(path, there);
  if (fd === undefined) return undefined;
  let kept = false;
  try {
    if (there && !dressed(fd, there)) return undefined;
    writeAll(fd, bytes);
    fsyncSync(fd);
    kept = true;
    return path;
  } finally {
    closeSync(fd);
    if (!kept) rmSync(path, { force: true });
  }
}

/** Removes the temporary files of a file, whoever left them, but for one. What cannot be removed stays. */
export function clearBeside(target: string, but?: string): void {
  const [folder, prefix] = [dirname(target), prefixOf(target)];
  try {
    for (const name of readdirSync(folder))
      if (name.startsWith(prefix) && RANDOM.test(name.slice(prefix.length)) && join(folder, name) !== but)
        rmSync(join(folder, name), { force: true });
  } catch {
    // A folder that cannot be listed or written keeps what is in it.
  }
}

const RANDOM = /^[0-9a-f]{12}\.tmp$/;

function random(): string {
  return Math.random().toString(16).slice(2, 14).padEnd(12, '0');
}

/** File systems allow names of 255 bytes, so a long one is cut. */
function prefixOf(target: string): string {
  const name = basename(target);
  return `.${Buffer.byteLength(name) > 200 ? `${name.slice(0, 60)}~${name.length}` : name}.rebatch-`;
}

/** Nobody else may read it before it has its owner. @returns undefined where there can be no new file, and need not be */
function opened(path: string, there?: Stats): number | undefined {
  try {
    return openSync(path, 'wx', there ? 0o600 : 0o666);
  } catch (error) {
    if (there && isBarred(error)) return undefined;
    throw error;
  }
}

/** Gives a file the owner, group and mode of another. @returns whether that is allowed here */
function dressed(fd: number, { uid, gid, mode }: Stats): boolean {
  const own = fstatSync(fd);
  try {
    // Owner first: giving a file away takes the special bits of its mode.
    if (own.uid !== uid || own.gid !== gid) fchownSync(fd, uid, gid);
    if (own.mode !== mode) fchmodSync(fd, mode & 0o7777);
    return true;
  } catch {
    return false;
  }
}

/** Whether a file cannot be replaced by another one, although it may itself be writable. A mount point is busy. */
export function isBarred(error: unknown): boolean {
  return BARRED.has((error as NodeJS.ErrnoException).code);
}

const BARRED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV']);
