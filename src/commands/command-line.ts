import type { Io } from '../base/io/streams.ts';
import { quoted } from '../document/shell/quoting.ts';

/** The words of a command line as text on standard input, which messages call by its name. */
export function asInput(words: readonly string[], io: Io): Io {
  const { stdout, env, cwd } = io;
  return {
    stdin: lines([words.map(quoted).join(' ')]),
    inputName: '<command>',
    get stderr() {
      return io.stderr;
    },
    stdout,
    env,
    cwd,
  };
}

async function* lines(texts: readonly string[]): AsyncGenerator<string> {
  for (const text of texts) yield `${text}\n`;
}
