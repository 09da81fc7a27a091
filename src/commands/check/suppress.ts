import { placeOf } from '../../base/diagnostic.ts';
import { isFindingCode } from '../../base/findings.ts';
import { type Finding, finding } from './finding.ts';

/** A finding ignored by a comment in the file, or by `--ignore`. */
export interface Suppressed extends Finding {
  readonly by: 'comment' | 'option';
}

/** `# rebatch-ignore CODE, CODE  and why`; in JSON with comments `//`. */
const COMMENT = /(?:^|\s)(?:#|\/\/)\s*rebatch-ignore:?\s+([\w-]+(?:\s*,\s*[\w-]+)*)/;
const ALONE = /^\s*(?:#|\/\/)/;

/**
 * Splits findings into reported and suppressed ones. A comment after a value applies to its own line, one on its own
 * line to the next line that is not a comment.
 */
export function suppress(
  findings: readonly Finding[],
  text: string,
  ignored: ReadonlySet<string>,
): { readonly told: Finding[]; readonly suppressed: Suppressed[] } {
  const { byLine, typos } = comments(text);
  const told: Finding[] = [];
  const suppressed: Suppressed[] = [];
  for (const one of [...findings, ...typos]) {
    if (ignored.has(one.code)) suppressed.push({ ...one, by: 'option' });
    else if (one.offset !== undefined && byLine.get(placeOf(text, one.offset).line)?.has(one.code))
      suppressed.push({ ...one, by: 'comment' });
    else told.push(one);
  }
  return { told, suppressed };
}

function comments(text: string): { byLine: Map<number, Set<string>>; typos: Finding[] } {
  const byLine = new Map<number, Set<string>>();
  const typos: Finding[] = [];
  if (!text.includes('rebatch-ignore')) return { byLine, typos };
  const lines = text.split('\n');
  const targets = targetsOf(lines);
  let offset = 0;
  for (const [i, line] of lines.entries()) {
    const codes = COMMENT.exec(line)?.[1]?.split(/\s*,\s*/) ?? [];
    const at = targets[i]!;
    for (const code of codes) {
      if (isFindingCode(code)) byLine.set(at + 1, (byLine.get(at + 1) ?? new Set()).add(code));
      else {
        const at = offset + line.indexOf(code, line.indexOf('rebatch-ignore') + 14);
        typos.push(finding('unknown-code', `there is no finding "${code}" to ignore`, { offset: at }));
      }
    }
    offset += line.length + 1;
  }
  return { byLine, typos };
}

/** The line that a comment in each line is about: its own, or the next one that is no comment. */
function targetsOf(lines: readonly string[]): number[] {
  let next = lines.length;
  return lines
    .map((line, i) => ({ alone: ALONE.test(line), i }))
    .reverse()
    .map(({ alone, i }) => {
      if (!alone) next = i;
      return next;
    })
    .reverse();
}
