import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { slips } from '../base/edit-distance.ts';
import type { Found } from '../dialect/roles.ts';
import type { Document, Node } from '../document/nodes.ts';
import { child, keyOf, type Pointer, parentOf, readable } from '../document/pointer.ts';
import { numberInString } from '../document/scalar.ts';

// Keys that a dialect says nothing about although their names say something: what is left alone must not be left
// without a word.

const words = (list: string) => new Set(list.split(' '));

/** Kinds of names, by the words in them, and the values that make sense for them. */
const KINDS: readonly {
  readonly of: ReadonlySet<string>;
  /** Words with which the name means something else: a multiplier, a cadence, a number of denoising steps. */
  readonly not: ReadonlySet<string>;
  fits(value: number): boolean;
}[] = [
  {
    of: words('step steps iter iters iteration iterations update updates warmup niter milestones tmax'),
    not: words(
      'log save saving print checkpoint checkpoints ckpt report display vis plot summary dump sync every interval freq frequency per sample samples generate ddim noise denoising rollout horizon obs action accum accumulation accumulate epoch epochs ratio frac fraction portion factor power mult init type method policy limit size critic ns newton search beam refine inner cg attack resume start skip patience batch batches momentum bias weight',
    ),
    fits: (value) => Number.isInteger(value) && value >= 2,
  },
  {
    of: words('lr lrs lrate'),
    not: words(
      'decay mult mul multiplier scale scaler factor gamma ratio power scheduler schedule policy cycle cycles epoch epochs step steps iters coef weight patience num layer layerwise milestones monitor annealing find finder auto threshold cooldown restart restarts period div percent pct frac fraction',
    ),
    fits: (value) => value > 0 && value <= 10,
  },
  {
    of: words('beta betas beta1 beta2 beta3 momentum ema polyak'),
    not: words(
      'schedule scheduler noise kl dpo vae start end linear scaled loss weight coef warmup step steps update every after power min max entropy reward sigma interval freq epoch epochs kd focal mixup',
    ),
    fits: (value) => value >= 0.5 && value < 1,
  },
];

/** Blocks that are about something else than training. */
const ELSEWHERE = words(
  'eval evaluation val validation test testing inference profiler profiling sampler sampling sde diffusion generation env environment dataset data logger logging callback callbacks',
);

const MOST_NAMED = 8;

/**
 * What to know about the keys that no role was found for.
 * @param claimed pointers of the numbers that have a role
 * @param open any key may matter, not only those of the schema
 */
export function aboutOtherKeys(
  document: Document,
  found: readonly Found[],
  claimed: ReadonlySet<Pointer>,
  open: boolean,
): Diagnostic[] {
  const typos = misspelt(document, found).map(({ pointer, meant, offset }) =>
    warning(
      'misspelt',
      `unknown key ${readable(pointer)}; did you mean ${meant}? ${meant} keeps its default`,
      offset,
    ),
  );
  const left = open ? unclaimed(document, found, claimed) : [];
  const [first] = left;
  if (!first) return typos;
  const named = left.slice(0, MOST_NAMED).map(({ pointer, source }) => `${readable(pointer)} ${source}`);
  const more = left.length > named.length ? ` and ${left.length - named.length} more` : '';
  const message = `left alone, although by their names they may depend on the batch: ${named.join(', ')}${more}. Change them by hand where they do, or describe them with --schema FILE`;
  return [...typos, warning('unclaimed', message, first.offset)];
}

/** Numbers whose names look like step counts, learning rates or decays, and which no role was found for. */
function unclaimed(document: Document, found: readonly Found[], claimed: ReadonlySet<Pointer>) {
  const known = new Set(claimed);
  for (const [pointer, what] of found)
    if ('role' in what || 'encoding' in what || 'note' in what) known.add(pointer);
  const result: { readonly pointer: Pointer; readonly source: string; readonly offset: number }[] = [];
  const look = (node: Node, pointer: Pointer, name: readonly string[]) => {
    if (known.has(pointer)) return;
    if (node.kind === 'map')
      for (const { key, node: value } of node.entries) {
        const below = wordsOf(key);
        if (!below.some((word) => ELSEWHERE.has(word))) look(value, child(pointer, key), below);
      }
    if (node.kind === 'list')
      for (const [i, item] of node.items.entries()) look(item, child(pointer, i), name);
    if (node.kind !== 'scalar') return;
    const value = typeof node.value === 'string' ? numberIn(node.value) : node.value;
    if (typeof value === 'number' && mayDepend(name, value))
      result.push({ pointer, source: node.source, offset: node.offset });
  };
  const root = document.nodes.get('');
  if (root) look(root, '', []);
  return result;
}

/** A number in a text, also one with a thousand's letter, which the trainer's own code reads (`400k`). */
function numberIn(text: string): number | undefined {
  const short = /^\s*(\d+(?:\.\d+)?)([km])\s*$/i.exec(text);
  if (!short) return numberInString(text);
  return Number(short[1]) * (short[2]!.toLowerCase() === 'k' ? 1e3 : 1e6);
}

function mayDepend(name: readonly string[], value: number): boolean {
  return KINDS.some(
    ({ of, not, fits }) =>
      name.some((word) => of.has(word)) && !name.some((word) => not.has(word)) && fits(value),
  );
}

/** `lrWarmupSteps` and `lr-warmup_steps` are lr, warmup, steps; a learning rate is an lr, however long. */
function wordsOf(key: string): string[] {
  return key
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/learning[_-]?rate/g, 'lr')
    .replace(/\bt_max\b/, 'tmax')
    .split(/[^a-z\d]+/);
}

/** Keys that nothing was found for, beside a field that is left to its default and called nearly so. */
function misspelt(document: Document, found: readonly Found[]) {
  const known = new Set<Pointer>();
  const absent = new Map<Pointer, Set<string>>();
  for (const [pointer, what] of found) {
    if (!('absent' in what)) known.add(pointer);
    else {
      const scope = parentOf(pointer);
      absent.set(scope, (absent.get(scope) ?? new Set()).add(keyOf(pointer)));
    }
  }
  return [...absent].flatMap(([scope, meant]) => {
    const node = document.nodes.get(scope);
    if (node?.kind !== 'map') return [];
    return node.entries.flatMap(({ key, offset }) => {
      const pointer = child(scope, key);
      if (known.has(pointer)) return [];
      return [...meant].filter((name) => nearly(key, name)).map((name) => ({ pointer, offset, meant: name }));
    });
  });
}

const SHORTEST = 5;

/** One typo apart, two in a long name; `beta1` for `beta2` is none. */
function nearly(key: string, meant: string): boolean {
  const most = meant.length < 10 ? 1 : 2;
  if (key === meant || meant.length < SHORTEST || Math.abs(key.length - meant.length) > most) return false;
  const digits = (text: string) => text.replace(/\D/g, '');
  return digits(key) === digits(meant) && slips(key, meant) <= most;
}
