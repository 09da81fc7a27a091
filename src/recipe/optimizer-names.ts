import type { Document, MapNode, Node } from '../document/nodes.ts';
import { child, keyOf, type Pointer, parentOf } from '../document/pointer.ts';
import { findOptimizer } from '../optimizers/find.ts';
import type { Field } from './recipe.ts';

/** An optimizer's name as it stands in a config. */
export interface Named {
  readonly name: string;
  /** The text that says it, or the block whose key it is. */
  readonly at: Pointer;
  /** Nothing in the file says it: it is the trainer's default. */
  readonly byDefault?: true;
  /** Keys that say a class or a type, not just a name: what stands beside them goes to its constructor. */
  readonly ofClass?: true;
}

/** What a name is looked for in. */
export interface Surroundings {
  readonly document: Document;
  readonly library: string;
  /** The innermost optimizer block around a place. */
  scopeOf(pointer: Pointer): Pointer | undefined;
  /** The name that the dialect reads in each block; under undefined the one that stands in none. */
  readonly nameIn: ReadonlyMap<Pointer | undefined, readonly [at: Pointer, name: string]>;
}

/** Keys that name what a block is (pytorch-template `type`, Hydra `_target_`, jsonargparse `class_path`, Keras `class_name`). */
const NAME_KEYS = /^(?:_target_|target|type|class|class_path|class_name|cls|name)$/i;
const CLASS_KEYS = /^(?:_target_|target|type|class|class_path|class_name|cls)$/i;

/** Keys of blocks whose entries are the arguments of what is named beside them. */
const ARGUMENTS = /^(?:args|arguments|params|parameters|kwargs|init_args|config|cfg|settings|options)$/i;

/** Words of keys that hold an optimizer or its name: `optimizer`, `OPTIM`, `opt_g`, `OptimizerBuilder`. */
const OPTIMIZER_WORDS = new Set(['optimizer', 'optimizers', 'optimiser', 'optim', 'optims', 'opt']);

/** Words of keys that are about an optimizer and hold none: its schedule, its state, its precision. */
const ABOUT_IT =
  /sched|state|level|wrapper|load|save|resume|ckpt|(?<!class_)path|dir|file|dtype|precision|freq|interval|step|impl/i;

/** Keys that hold an optimizer's name and nothing else, so that a name no table has is one too. */
const ITS_NAME = /^(?:optimizer|optimiser|optim)(?:_?(?:type|name|class|cls|class_path|class_name))?$/i;

/** Whether a key holds an optimizer, or its name. */
function isOptimizerKey(key: string): boolean {
  const words = key.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
  return words.split(/[^a-z\d]+/).some((word) => OPTIMIZER_WORDS.has(word)) && !ABOUT_IT.test(key);
}

/** A text that can be a name at all: no reference, file, sentence, or placeholder. */
const NAME = /^[A-Za-z][\w.\- ]{1,80}$/;

/**
 * The name of the optimizer whose settings stand in a block: in the block, then outwards, at each level beside it, as
 * the block's key, and in the optimizer's block there.
 */
export function nameOf(block: Pointer, where: Surroundings): Named | undefined {
  for (let level = block; ; level = parentOf(level)) {
    const named = roleName(level, where) ?? inTree(level, block, where);
    if (named) return named;
    if (level === '') return roleName(undefined, where);
  }
}

/** A name that the dialect reads as one. @param scope of the name; undefined where it stands in no block */
function roleName(scope: Pointer | undefined, { document, nameIn }: Surroundings) {
  const found = nameIn.get(scope);
  if (!found) return undefined;
  const [at, name] = found;
  const node = document.nodes.get(at);
  const written = node?.kind === 'scalar' && node.value !== null;
  const ofClass = CLASS_KEYS.test(keyOf(at));
  return {
    name,
    at,
    ...(written ? {} : { byDefault: true as const }),
    ...(ofClass ? { ofClass: true as const } : {}),
  };
}

/** A name at one level of the way out from a block that no dialect reads as one. */
function inTree(level: Pointer, block: Pointer, where: Surroundings): Named | undefined {
  const { document, library } = where;
  const node = document.nodes.get(level);
  const key = keyOf(level);
  const own = level === block || isOptimizerKey(key) || argumentsOf(block, level);
  if (node?.kind === 'map') {
    const inside = level !== '' && own ? namedIn(node, level, isOptimizerKey(key), library) : undefined;
    const found = inside ?? beside(node, level, library);
    if (found) return found;
  }
  const named = level === block || argumentsOf(block, level) || isOptimizerKey(keyOf(parentOf(level)));
  return named && known(key, library) ? { name: key, at: level } : undefined;
}

/** Whether a block holds the arguments of what its parent names. */
function argumentsOf(block: Pointer, level: Pointer): boolean {
  return parentOf(block) === level && ARGUMENTS.test(keyOf(block));
}

function known(name: string, library: string): boolean {
  return NAME.test(name) && findOptimizer(library, name) !== undefined;
}

/**
 * What a block says that it is; two that differ say nothing.
 * @param sure that it is an optimizer, so that a name no table holds is one too
 */
function namedIn(map: MapNode, at: Pointer, sure: boolean, library: string): Named | undefined {
  const texts = map.entries.flatMap(({ key, node }) => {
    const name = NAME_KEYS.test(key) ? textOf(node) : undefined;
    return name === undefined ? [] : [{ key, name }];
  });
  const classes = texts.filter(({ key }) => CLASS_KEYS.test(key));
  // A name beside a class may be a label.
  const [ofClass, ofName] = [classes, texts].map((of) => of.filter(({ name }) => known(name, library)));
  const [first, ...others] = ofClass!.length ? ofClass! : ofName!;
  const is = (name: string) => findOptimizer(library, name)?.optimizer.name;
  if (first && others.some(({ name }) => is(name) !== is(first.name))) return undefined;
  const found = first ?? (sure ? (classes[0] ?? texts[0]) : undefined);
  if (!found) return undefined;
  return {
    name: found.name,
    at: child(at, found.key),
    ...(CLASS_KEYS.test(found.key) ? { ofClass: true as const } : {}),
  };
}

/** What stands under an optimizer's key of a mapping: a name, or a block with one. Two that differ say nothing. */
function beside(map: MapNode, at: Pointer, library: string): Named | undefined {
  const found = map.entries.flatMap(({ key, node }): Named[] => {
    if (!isOptimizerKey(key)) return [];
    const here = child(at, key);
    const name = textOf(node);
    if (name !== undefined) return known(name, library) || ITS_NAME.test(key) ? [{ name, at: here }] : [];
    const block = node.kind === 'list' && node.items.length === 1 ? node.items[0]! : node;
    const place = block === node ? here : child(here, 0);
    if (block.kind !== 'map') return [];
    return [namedIn(block, place, true, library) ?? byItsKey(block, place, library) ?? []].flat();
  });
  const [first] = found;
  return first && found.every(({ name }) => name === first.name) ? first : undefined;
}

/** `optimizer: {adamw: {...}}`: the one key that is an optimizer's name. */
function byItsKey(map: MapNode, at: Pointer, library: string): Named | undefined {
  const keys = map.entries.filter(({ key, node }) => node.kind === 'map' && known(key, library));
  return keys.length === 1 ? { name: keys[0]!.key, at: child(at, keys[0]!.key) } : undefined;
}

function textOf(node: Node): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  return NAME.test(node.value) && !/^(?:true|false|none|null|auto|default)$/i.test(node.value)
    ? node.value
    : undefined;
}

/**
 * The block that goes to a class's constructor: one of arguments beside the class, or, where that is written with its
 * full path, what stands beside it.
 * @param argument one of the arguments
 */
export function argumentsPlace(
  { at, ofClass }: Named,
  argument: Pick<Field, 'pointer' | 'usedAt'>,
  fullPath: boolean,
): Pointer | undefined {
  const place = parentOf(argument.usedAt ?? argument.pointer);
  if (!ofClass) return undefined;
  const beside = parentOf(at);
  if (ARGUMENTS.test(keyOf(place)) && parentOf(place) === beside) return place;
  return fullPath && place === beside ? place : undefined;
}
