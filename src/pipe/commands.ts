import { placeOf } from '../base/diagnostic.ts';
import { Problem } from '../base/problem.ts';
import { detect } from '../dialect/dialect.ts';
import type { Document } from '../document/nodes.ts';
import type { ParsedText } from '../document/parse.ts';
import { readable } from '../document/pointer.ts';
import { inScalars, usedAlso } from '../document/tree.ts';
import { SAMPLES } from '../recipe/statements.ts';
import type { OwnNames } from '../vocabulary/own-names.ts';
import { rolesByName } from '../vocabulary/reader.ts';

/**
 * The one command of a script that trains, as its only document.
 * @param training the indices of those that do
 * @param at which of several, counted from 1
 * @throws Problem: several-experiments with the choices, usage where there is no such command
 */
export function trainingCommand(
  parsed: ParsedText,
  training: readonly number[],
  at: string | undefined,
): ParsedText {
  const { documents } = parsed;
  const chosen = training[at === undefined ? 0 : Number(at) - 1];
  const lines = training.map((index) => placeOf(documents[index]!.text, offsetOf(documents[index]!)).line);
  if (at !== undefined && chosen === undefined)
    throw new Problem(
      'usage',
      `--at ${at}: a number from 1 to ${training.length} is expected, which training command of the script (those of lines ${lines.join(', ')})`,
    );
  if (at === undefined && training.length > 1)
    throw new Problem(
      'several-experiments',
      `there are ${training.length} training commands here, in lines ${lines.join(', ')}. Say which to convert, one after the other: ${training.map((_, i) => `--at ${i + 1}`).join(' or ')}`,
      offsetOf(documents[training[1]!]!),
    );
  if (chosen === undefined) {
    const [open] = documents.flatMap(({ unread = [] }) =>
      unread.filter(({ source }) => /^"?\$\{?[@*]/.test(source)),
    );
    throw new Problem(
      'not-a-training-config',
      `no command of this script has a learning rate or a batch size${open ? `; ${open.source} may stand for them: convert the command that calls this script (rebatch ... -- COMMAND)` : ''}`,
      open?.offset,
    );
  }
  const others = training.filter((index) => index !== chosen);
  const one = (all: readonly Document[]) => [
    withUsesOf(
      others.map((i) => all[i]!),
      all[chosen]!,
    ),
  ];
  return { documents: one(documents), again: (text, progress) => one(parsed.again(text, progress)) };
}

/** A command's document that knows which of its texts other commands use. */
function withUsesOf(others: readonly Document[], document: Document): Document {
  const uses = new Map(
    others.flatMap((other) => {
      const { line } = placeOf(other.text, offsetOf(other));
      return other.scalars.map(({ offset, path }) => [offset, `line ${line}: ${readable(path)}`] as const);
    }),
  );
  return usedAlso(document, inScalars(uses));
}

/** The indices of the commands that have a learning rate or a decay, else of those that have a batch size. */
export function trainingCommands({ documents }: ParsedText, names?: OwnNames): number[] {
  const roles = documents.map((document) => rolesByName(document, names));
  const having = (...wanted: readonly string[]) =>
    [...documents.keys()].filter((i) => wanted.some((role) => roles[i]!.has(role)));
  const rates = having('learning-rate', 'decay');
  if (rates.length > 0) return rates;
  const known = [...documents.keys()].filter((i) => detect(documents[i]!.data).length > 0);
  return known.length > 0 ? known : having(...SAMPLES, 'accumulation');
}

function offsetOf({ nodes }: Document): number {
  return nodes.get('')!.offset;
}
