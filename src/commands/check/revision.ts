import { posix } from 'node:path';
import type { Source } from '../../base/diagnostic.ts';
import { Problem } from '../../base/problem.ts';
import { mayInherit } from '../../pipe/bases.ts';
import { type Checked, type CheckOptions, checkCandidate, lint, told } from './check.ts';
import { finding } from './finding.ts';
import type { Before, Revision } from './git.ts';
import { WITHOUT_BATCH } from './lint.ts';

/**
 * Checks a file against its past at a revision. With the same batch size there is nothing to check.
 * @param now the file's text; undefined if it was deleted
 * @param beside reads what the file builds on now
 * @throws Problem of code `usage`; an error in either version is a finding
 */
export async function checkAgainst(
  revision: Revision,
  file: string,
  now: string | undefined,
  options: CheckOptions,
  beside?: Source['beside'],
): Promise<Checked> {
  const before = await revision.before(file);
  const source: Source = { file, text: now ?? '', ...(beside ? { beside } : {}) };
  if (now === undefined) {
    const message = `it was deleted since ${revision.name}`;
    return told(source, [finding('deleted-file', message)], options);
  }
  if (!before)
    return told(
      source,
      [finding('new-file', `it does not exist at ${revision.name}: nothing to compare`)],
      options,
    );
  if ('unread' in before)
    return told(
      source,
      [finding('not-judged', `${before.unread} at ${revision.name}: nothing to compare`)],
      options,
    );
  const reference = past(revision, file, before);
  if (before.text === now && !mayInherit(now)) return unchanged(source, reference);
  try {
    const checked = await checkCandidate(reference, source, options);
    return sameBatch(checked) ? unchanged(source, reference, checked) : checked;
  } catch (error) {
    if (!(error instanceof Problem) || error.file !== reference.file) throw error;
    const own = await lint(source, options);
    if (own.dialect === undefined) return own;
    const message = `its version at ${revision.name} cannot be read: ${error.message}`;
    const code = WITHOUT_BATCH.includes(error.code) ? 'not-judged' : 'reference-unreadable';
    return told(source, [finding(code, message)], options);
  }
}

/** A file at a revision, with what it built on then. */
function past(revision: Revision, file: string, { path, text }: Before & { text: string }): Source {
  const beside = async (name: string) => {
    const other = posix.isAbsolute(name) ? name : posix.join(posix.dirname(file), name);
    const before = await revision.before(other);
    return before && 'text' in before ? past(revision, other, before) : undefined;
  };
  return { file: `${revision.name}:${path}`, text, beside };
}

/** Whether the batch is the same, globally and per device: then no value has to change. */
function sameBatch({ kappa, compared }: Checked): boolean {
  return kappa === 1 && !compared.some(({ moves }) => moves);
}

function unchanged(source: Source, reference: Source, checked?: Checked): Checked {
  const { dialect, rule, kappa, batch } = checked ?? {};
  return {
    source,
    reference: reference.file,
    ...(dialect === undefined ? {} : { dialect }),
    ...(rule === undefined ? {} : { rule }),
    ...(kappa === undefined ? {} : { kappa }),
    ...(batch === undefined ? {} : { batch }),
    compared: [],
    others: [],
    findings: [],
    suppressed: [],
    warnings: [],
    fixed: 0,
    pass: true,
  };
}
