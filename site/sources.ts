/** What the page gives as the library takes it, and the library's messages as the page takes them. */

import { messageLines, placeOf, printable } from '../src/base/diagnostic.ts';
import type { Diagnostic, Problem, Source } from '../src/index.ts';
import type { Files, Message } from './messages.ts';

/** A config with the files beside it: each is found by its name, whatever folder the config names. */
export function sourceOf({ file, text, beside }: Files): Source {
  const others = new Map(beside);
  const find = async (path: string): Promise<Source | undefined> => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const found = others.get(name);
    return found === undefined ? undefined : { file: name, text: found, beside: find };
  };
  return { file, text, beside: find };
}

/** A refusal with the further ones of the same kind. */
export function refusals(problem: Problem, source: Source): Message[] {
  return [problem, ...problem.also].map((one) => messageOf(one, source, one.file ?? problem.file));
}

/** A message; its place is left out where it stands in another file. */
export function messageOf(one: Diagnostic, source: Source, file = source.file): Message {
  const { code, severity, offset } = one;
  const elsewhere = file !== source.file;
  return {
    code,
    severity,
    text: messageLines(one).join('\n'),
    ...(elsewhere ? { file: printable(file) } : {}),
    ...(offset === undefined || elsewhere ? {} : { place: { ...placeOf(source.text, offset), offset } }),
  };
}
