import type { Diagnostic } from '../base/diagnostic.ts';
import { about } from '../base/problem.ts';
import type { Document, Progress } from '../document/nodes.ts';
import { editAndProve, type Planned } from '../document/proof.ts';
import type { Change } from '../rules/plan.ts';
import { Editor, type PlacedChange } from './editor.ts';
import type { Config } from './read.ts';

/** The planned changes of one config in a file. */
export interface Part {
  readonly config: Config;
  readonly changes: readonly Change[];
}

/** An edited file that has passed its proof. */
export interface Written {
  readonly text: string;
  /** The edited text, parsed. */
  readonly documents: readonly Document[];
  /** The changes of each part, and warnings about them. */
  readonly parts: readonly {
    readonly changes: readonly PlacedChange[];
    readonly warnings: readonly Diagnostic[];
  }[];
}

/**
 * Writes changes into the text that the configs were read from, and proves the result.
 * @param parts configs of one file
 * @throws Problem: alias-conflict, cannot-insert, proof-failed
 */
export async function writeChanges(parts: readonly Part[], progress?: Progress): Promise<Written> {
  const { source, parsed } = parts[0]!.config;
  return about(source, async () => {
    const planned: Planned[][] = parsed.documents.map(() => []);
    const editors = parts.map(({ config, changes }) => {
      const editor = new Editor(config.document, config.recipe);
      const placed = changes.length ? editor.edit(changes) : [];
      planned[config.at]!.push(...editor.planned);
      return { changes: placed, warnings: editor.warnings, edits: editor.edits };
    });
    const edits = editors.flatMap((e) => e.edits);
    return { ...editAndProve(parsed, edits, planned, progress), parts: editors };
  });
}
