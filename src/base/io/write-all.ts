import { writeSync } from 'node:fs';

/**
 * Writes every byte, or throws what the system says. All results go through here, to streams and to files: a disk that
 * fills up takes a part and gives no error before the next write, and a pipe that is busy takes nothing for a while.
 * @param at bytes from the start of the file; where the stream stands, if not given
 */
export function writeAll(fd: number, bytes: Uint8Array, at?: number): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done, bytes.length - done, at === undefined ? null : at + done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      pause(2);
    }
  }
}

/** Stops this thread. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
