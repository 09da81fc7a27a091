import { drawsOf, oneIn } from './draw.ts';
import { jsonText } from './json.ts';
import type { Judge, ShellJudge } from './judges.ts';
import { converted, type Ending, editedAtRandom, type Read } from './laws.ts';
import { anyFile, type Format, type Tree, training } from './model.ts';
import { pythonText } from './python.ts';
import { convertedScript, shellText } from './shell.ts';
import { tomlText } from './toml.ts';
import { yamlText } from './yaml.ts';

/** `edits`: random edits of a random file; `converts`: a training config through the whole pipe and back. */
export type Kind = 'edits' | 'converts';

export interface Judges {
  readonly python: Judge;
  readonly bash: ShellJudge;
}

/** One execution: the file that a seed stands for, and how it ended. */
export async function execute(
  format: Format,
  kind: Kind,
  seed: number,
  judges: Judges,
  instead?: string,
): Promise<{ text: string; ending: Ending }> {
  const draw = drawsOf(seed ^ 0x5eed);
  const own = format as Read;
  if (kind === 'edits') {
    const plain = format === 'python';
    const trees =
      format === 'yaml' && oneIn(draw, 6)
        ? [anyFile(seed, plain), anyFile(seed + 1, plain)]
        : [anyFile(seed, plain)];
    const text = instead ?? written(own, trees, draw, true);
    return { text, ending: await editedAtRandom(own, text, draw, judges.python) };
  }
  const made = training(format, seed);
  if (format === 'shell') {
    const text = instead ?? shellText(made, draw);
    return { text, ending: await convertedScript(text, made, judges.bash) };
  }
  const text = instead ?? written(own, [made.tree], draw, false);
  return { text, ending: await converted(own, text, made, judges.python) };
}

type Root = Tree & { kind: 'map' };

function written(
  format: Read,
  trees: readonly Root[],
  draw: ReturnType<typeof drawsOf>,
  free: boolean,
): string {
  if (format === 'yaml') return yamlText(trees, draw, free);
  const [tree] = trees as [Root];
  if (format === 'toml') return tomlText(tree, draw);
  return format === 'python' ? pythonText(tree, draw) : jsonText(tree, draw);
}
