import { placeOf } from '../../base/position.ts';
import { type Finding, finding, isFindingCode } from './finding.ts';

/** A finding that somebody decided not to be told: in a comment of the file, or by `--ignore`. */
export interface Silenced extends Finding {
  readonly by: 'comment' | 'option';
}

/** `# rebatch-ignore CODE, CODE  and why`; in JSON with comments `//`. */
const COMMENT = /(?:^|\s)(?:#|\/\/)\s*rebatch-ignore:?\s+([\w-]+(?:\s*,\s*[\w-]+)*)/;
const ALONE = /^\s*(?:#|\/\/)/;

/**
 * Parts findings into those to tell and those silenced. A comment behind a value speaks of its own line; one that
 * stands alone, of the next line that is no comment.
 */
export function silence(
  findings: readonly Finding[],
  text: string,
  ignored: ReadonlySet<string>,
): { readonly told: Finding[]; readonly silenced: Silenced[] } {
  const { byLine, slips } = comments(text);
  const told: Finding[] = [];
  const silenced: Silenced[] = [];
  for (const one of [...findings, ...slips]) {
    if (ignored.has(one.code)) silenced.push({ ...one, by: 'option' });
    else if (one.place && byLine.get(one.place.line)?.has(one.code)) silenced.push({ ...one, by: 'comment' });
    else told.push(one);
  }
  return { told, silenced };
}

function comments(text: string): { byLine: Map<number, Set<string>>; slips: Finding[] } {
  const byLine = new Map<number, Set<string>>();
  const slips: Finding[] = [];
  if (!text.includes('rebatch-ignore')) return { byLine, slips };
  const lines = text.split('\n');
  let offset = 0;
  for (const [i, line] of lines.entries()) {
    const codes = COMMENT.exec(line)?.[1]?.split(/\s*,\s*/) ?? [];
    const at = ALONE.test(line) ? nextLine(lines, i) : i;
    for (const code of codes) {
      if (isFindingCode(code)) byLine.set(at + 1, (byLine.get(at + 1) ?? new Set()).add(code));
      else {
        const place = placeOf(text, offset + line.indexOf(code, line.indexOf('rebatch-ignore') + 14));
        slips.push(finding('unknown-code', `there is no finding "${code}" to ignore`, { place }));
      }
    }
    offset += line.length + 1;
  }
  return { byLine, slips };
}

function nextLine(lines: readonly string[], from: number): number {
  let at = from + 1;
  while (at < lines.length && ALONE.test(lines[at]!)) at++;
  return at;
}
