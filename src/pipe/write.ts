import type { Diagnostic } from '../base/diagnostic.ts';
import { about } from '../base/problem.ts';
import type { Progress } from '../document/nodes.ts';
import { editAndProve, type Planned } from '../document/proof.ts';
import { Editor, type PlacedChange } from './editor.ts';
import { type Meant, proveMeaning, type Result } from './meaning.ts';

/** An edited file that has passed its proofs. */
export interface Written {
  readonly text: string;
  /** For each part what was changed, what to know about it, and what it means now. */
  readonly parts: readonly {
    readonly changes: readonly PlacedChange[];
    readonly warnings: readonly Diagnostic[];
    readonly result: Result;
  }[];
}

/**
 * Writes changes into the text that the configs were read from, and proves the result: its text, then its meaning.
 * @param parts configs of one file
 * @throws Problem: alias-conflict, cannot-insert, not-readable-again, proof-failed
 */
export async function writeChanges(parts: readonly Meant[], progress?: Progress): Promise<Written> {
  const { source, parsed } = parts[0]!.config;
  return about(source, async () => {
    const planned: Planned[][] = parsed.documents.map(() => []);
    const editors = parts.map(({ config, changes }) => {
      const editor = new Editor(parsed.documents[config.at]!, config.recipe, config.document);
      const placed = changes.length ? editor.edit(changes) : [];
      planned[config.at]!.push(...editor.planned);
      return { changes: placed, warnings: editor.warnings, edits: editor.edits };
    });
    const edits = editors.flatMap((e) => e.edits);
    const { text, documents } = editAndProve(parsed, edits, planned, progress);
    return {
      text,
      parts: editors.map(({ changes, warnings }, i) => ({
        changes,
        warnings,
        result: proveMeaning(parts[i]!, documents[parts[i]!.config.at]!),
      })),
    };
  });
}
