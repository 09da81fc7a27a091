import { fstatSync, fsyncSync } from 'node:fs';
import { isatty } from 'node:tty';
import { Problem } from '../problem.ts';
import { reasonOf } from './reason.ts';
import { writeAll } from './write-all.ts';

/** Everything outside the process that commands use; tests pass their own. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** What messages call standard input, where it is not `<stdin>`. */
  readonly inputName?: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface Output {
  /** Writes all of the text. @throws Problem: unwritable */
  write(text: string): unknown;
  /** Nothing more comes. @throws Problem: unwritable, where the system only now says that it cannot keep all */
  end?(): void;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** The world of this process. Streams of Node are opened when they are used: each takes milliseconds. */
export function processIo(): Io {
  const stdout = output(1, 'standard output');
  const stderr = output(2, 'standard error');
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return stdout();
    },
    get stderr() {
      return stderr();
    },
    env: process.env,
    cwd: process.cwd(),
  };
}

/**
 * Standard output or error. Node's own stream writes a part to a full disk without an error, so it serves terminals
 * alone (lib/internal/fs/sync_write_stream.js: the count that writeSync returns is not looked at).
 */
function output(fd: 1 | 2, name: string): () => Output {
  let opened: Output | undefined;
  return () => (opened ??= isatty(fd) ? terminal(fd) : pipeOrFile(fd, name));
}

/** A terminal that is closed reads no message. */
function terminal(fd: 1 | 2): Output {
  return (fd === 1 ? process.stdout : process.stderr).on('error', () => {});
}

function pipeOrFile(fd: 1 | 2, name: string): Output {
  let gone = false;
  const attempt = (action: () => unknown) => {
    if (gone) return;
    try {
      action();
    } catch (error) {
      // Whatever failed once is not tried again.
      gone = true;
      if (!LEFT.has((error as NodeJS.ErrnoException).code)) throw incomplete(name, error);
    }
  };
  return {
    write: (text) => attempt(() => writeAll(fd, Buffer.from(text))),
    // Servers and some disks take more than they have room for, and say so when they are asked to keep it.
    end: () => attempt(() => fstatSync(fd).isFile() && fsyncSync(fd)),
  };
}

/** A reader that has seen enough, as in `| head`, is no error; Windows calls it EOF. */
const LEFT: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EOF']);

function incomplete(name: string, error: unknown): Problem {
  const why = reasonOf(error as NodeJS.ErrnoException);
  const problem = new Problem('unwritable', `cannot be written: ${why}. What it holds now is incomplete`);
  problem.file = name;
  return problem;
}
