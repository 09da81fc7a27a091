import { lookUp } from '../base/look-up.ts';
import { LIBRARIES, type Spelling } from './libraries.ts';
import type { Binding, Optimizer } from './optimizer.ts';
import { OPTIMIZERS } from './table.ts';

/**
 * Words around an optimizer's name that change its storage, its kernel or its place, not its rule: adamw_bnb_8bit,
 * paged_lion_32bit, FusedAdam, adamw_torch_npu_fused, adamw_bf16.
 */
const DECORATIONS =
  /torch|fused|foreach|forloop|capturable|multitensor|apex|xla|npu|cpu|bnb|paged|anyprecision|layerwise|experimental|optimizer|bf16|bfloat16|fp32|fp16|fp8|(?:4|8|16|32)bits?|(?:4|8|16|32)b$/g;

/**
 * Finds an optimizer by the name a config gives it (`torch.optim.AdamW`, `timm/lamb`, `adamw_bnb_8bit`). A class of a
 * package that no table holds updates as its name says, but what it takes by default is not known: then there is none.
 * Nor is there for a name that another library alone has.
 * @returns undefined where no table knows the name, or where libraries mean different things by it
 */
export function findOptimizer(library: string, name: string): Binding | undefined {
  const path = name.trim().split(/[./]/);
  const home = path.length > 1 ? packageOf(path) : undefined;
  const spellings = spellingsOf(path.at(-1)!);
  const start = home !== undefined && Object.hasOwn(LIBRARIES, home) ? home : library;
  for (let at: string | undefined = start; at; at = lookUp(LIBRARIES, at)?.extends) {
    const spelling = inLibrary(at, spellings);
    if (!spelling) continue;
    const { is, differs, ...defaults } = spelling;
    const known = home === undefined || (at === home && (home === library || lookUp(LIBRARIES, at)?.package));
    return { optimizer: { ...OPTIMIZERS[is], ...differs }, defaults: known ? defaults : {} };
  }
  return elsewhere(spellings);
}

/** The canonical optimizers' names, for an error that lists what can be declared. */
export function optimizerNames(): string[] {
  return Object.keys(OPTIMIZERS);
}

/** The package of a class: its first name, or Keras within TensorFlow (`tf.keras.optimizers.Adam`). */
function packageOf(path: readonly string[]): string {
  return path.includes('keras') ? 'keras' : path[0]!;
}

/** How the tables may spell a name: as it is without its separators, and without its decorations too. */
function spellingsOf(name: string): readonly string[] {
  const plain = name.toLowerCase().replace(/[_\-\s]/g, '');
  const bare = plain.replace(DECORATIONS, '');
  return bare === '' ? [plain] : [plain, bare];
}

function inLibrary(library: string, spellings: readonly string[]): Spelling | undefined {
  const names: Readonly<Record<string, Spelling>> = lookUp(LIBRARIES, library)?.names ?? {};
  const spelling = spellings.find((s) => Object.hasOwn(names, s));
  return spelling === undefined ? undefined : lookUp(names, spelling);
}

/** What the libraries that have the name mean by it, where they agree on the update rule. */
function elsewhere(spellings: readonly string[]): Binding | undefined {
  for (const spelling of spellings) {
    const meanings = Object.keys(LIBRARIES).flatMap((library): Optimizer[] => {
      const found = inLibrary(library, [spelling]);
      return found ? [{ ...OPTIMIZERS[found.is], ...found.differs }] : [];
    });
    const [first] = meanings;
    if (!first) continue;
    const agree = meanings.every((other) => JSON.stringify(other) === JSON.stringify(first));
    return agree ? { optimizer: first, defaults: {} } : undefined;
  }
  return undefined;
}
