import { type Command, parse } from 'unbash';
import { Problem } from '../../base/problem.ts';
import type {
  Document,
  DoubledKey,
  Entry,
  MapNode,
  Node,
  Notation,
  ScalarNode,
  Unread,
  WrittenScalar,
} from '../nodes.ts';
import { child, type Pointer } from '../pointer.ts';
import { documentOf, inScalars, lastOf, usedAlso } from '../tree.ts';
import {
  countsProcesses,
  type Directive,
  directivesOf,
  headerSettings,
  idList,
  launcherSettings,
  variablesOf,
} from './devices.ts';
import { isFlag, type Launched, launched } from './launch.ts';
import { SHELL, WORD_LIST } from './notation.ts';
import { type Steps, stepsOf } from './script.ts';
import { type Setting, SettingsReader } from './settings.ts';
import { Variables } from './variables.ts';
import { type Argument, type Cell, commandsIn, Expander, isUnknown, wordOf } from './words.ts';

/** Commands that only show or fetch something. */
const NO_TRAINING =
  /^(?::|echo|printf|cat|tee|sed|grep|awk|mkdir|rm|cp|mv|ls|cd|source|\.|export|set|module|pip3?|apt(?:-get)?|git|wget|curl|sleep|kill|trap|\[|test|nvidia-smi)$/;

/** The variable that says which devices a program may use. */
const VISIBLE = 'CUDA_VISIBLE_DEVICES';

/**
 * Reads the commands of a shell script that start a program with settings: each is a document, a mapping of what its
 * flags say. @throws Problem: syntax, not-a-training-config
 */
export function parseShell(text: string): Document[] {
  const documents = scriptOf(text, text).documents();
  if (documents.length === 0)
    throw new Problem('not-a-training-config', 'no command of this script starts a program with settings');
  return documents;
}

/** Reads a file of nothing but arguments, on one line or on several; `#` begins a comment. @throws Problem: syntax */
export function parseArguments(text: string): Document[] {
  const blank = (part: string) => ' '.repeat(part.length);
  const line = text.replace(/(?<!\S)#.*$/gm, blank).replace(/\\?\r?\n|^\ufeff/g, blank);
  return scriptOf(text, line).argumentsAlone();
}

/**
 * The commands that start a program with settings in a piece of a text; none where it is no shell script.
 * @param code the piece as the shell is to read it, as long as it is written
 * @param base where it begins
 */
export function commandsInCode(text: string, code: string, base: number): Document[] {
  const script = parse(code);
  return script.errors?.length ? [] : new Script(text, stepsOf(script), code, base).documents();
}

/** The command that starts a program with settings whose words a list of another format holds. */
export function commandOfWords(text: string, words: readonly ScalarNode[]): Document | undefined {
  return new Script(text, { assigned: [], commands: [] }, '').ofWords(words);
}

/** @param text what is written; @param code the same length, as the shell is to read it */
function scriptOf(text: string, code: string): Script {
  const script = parse(code);
  const [error] = script.errors ?? [];
  if (error) throw new Problem('syntax', `not valid shell: ${error.message}`, error.pos);
  return new Script(text, stepsOf(script), code);
}

class Script {
  private readonly directives: readonly Directive[];
  private readonly expander: Expander;

  constructor(
    private readonly text: string,
    private readonly steps: Steps,
    code: string,
    private readonly base = 0,
  ) {
    this.directives = directivesOf(code);
    const variables = new Variables([...variablesOf(this.directives), ...steps.assigned]);
    this.expander = new Expander(code, base, variables);
  }

  /** Of every command that starts a program with settings. */
  documents(): Document[] {
    return this.steps.commands.flatMap((command) =>
      this.started(command).flatMap((started) =>
        started.arguments.length ? [this.document(started, SHELL, command.pos, command.prefix)] : [],
      ),
    );
  }

  /** Of a text whose first word is an argument, too. */
  argumentsAlone(): Document[] {
    return this.steps.commands.map((command) =>
      this.document({ launchers: [], program: '', arguments: this.wordsOf(command) }, SHELL, command.pos),
    );
  }

  ofWords(words: readonly ScalarNode[]): Document | undefined {
    const started = launched(words.filter(({ length }) => length > 0).map(wordOf));
    return started?.arguments.length ? this.document(started, WORD_LIST, words[0]!.offset) : undefined;
  }

  private wordsOf({ name, args }: Command): Argument[] {
    const words = args.filter((arg) => arg.type === 'Word');
    return [...(name ? [name] : []), ...words].flatMap((word) => this.expander.arguments(word));
  }

  /** What a command starts: several things where it is given a text of several commands. */
  private started(command: Command): Launched[] {
    if (!command.name || NO_TRAINING.test(command.name.value)) return [];
    return commandsOf(this.wordsOf(command)).flatMap((words) =>
      NO_TRAINING.test(words[0]?.text ?? '') ? [] : (launched(this.exported(words, command.pos)) ?? []),
    );
  }

  /** Words that the outer shell left as they are and an inner one expands: the `$CMD` of `bash -c '$CMD'`. */
  private exported(words: readonly Argument[], at: number): readonly Argument[] {
    return words.flatMap((word) => {
      const name = word.cells[0]?.computedFrom ? undefined : /^\$\{?(\w+)\}?$/.exec(word.text)?.[1];
      const held = name === undefined ? [] : this.expander.variable(name, at);
      return held.length
        ? this.exported(
            held.flatMap((each) => commandsIn(each).flat()),
            at,
          )
        : [word];
    });
  }

  private document(
    started: Launched,
    notation: Notation,
    pos: number,
    prefix: Command['prefix'] = [],
  ): Document {
    const reader = new SettingsReader(this.text);
    const launchers = started.launchers.flatMap(({ name, arguments: flags }) =>
      launcherSettings(reader.settings(flags), name),
    );
    const around = countsProcesses(launchers) ? [] : this.around(started, prefix, pos, reader);
    const launch = [...launchers, ...around];
    const settings = [...launch, ...reader.settings(started.arguments)];
    const doubled: DoubledKey[] = [];
    const root = { ...mapOf(settings, '', this.text, doubled), offset: this.base + pos };
    const document = documentOf(notation, this.text, root, writtenIn(root), doubled, true);
    const computed = this.computed(started.arguments, pos);
    const alsoUsed = usedAlso(document, inScalars(computed));
    const keys = [...new Set(launch.map(({ path }) => path[0]!))];
    const unread = [...unreadIn(started.arguments), ...filesIn(started)];
    return { ...alsoUsed, launch: keys, unread };
  }

  /** What is computed for arguments, by where the text is that it is computed from. */
  private computed(words: readonly Argument[], at: number): Map<number, string> {
    const found = new Map<number, string>();
    const seen = new Set<string>();
    const look = (cells: readonly Cell[], source?: string): void => {
      for (const { text, at: offset, computedFrom } of cells) {
        if (!computedFrom && source !== undefined) found.set(offset, source);
        for (const name of computedFrom ?? []) {
          if (seen.has(name)) continue;
          seen.add(name);
          look(
            this.expander.variable(name, at).flatMap((value) => value.cells),
            source ?? text,
          );
        }
      }
    };
    look(words.flatMap(({ cells }) => cells));
    return found;
  }

  /** What the script says of devices where the launcher does not. */
  private around(
    started: Launched,
    prefix: Command['prefix'],
    pos: number,
    reader: SettingsReader,
  ): Setting[] {
    const header = headerSettings(this.directives, this.base, started);
    if (header.length) return header;
    const own = prefix.find((part) => part.type === 'Assignment' && part.name === VISIBLE);
    const assigned = own?.type === 'Assignment' && own.value.type === 'Word' ? own.value : undefined;
    const [value] = assigned ? this.expander.arguments(assigned) : this.expander.variable(VISIBLE, pos);
    if (!value) return [];
    const node = idList(reader.value(value.cells, value));
    return [{ path: [VISIBLE], offset: value.place[0], end: value.place[1], quote: '', node }];
  }
}

/** The words of a command, or of those in the text that it gives to a shell; what is before it starts them all. */
function commandsOf(words: readonly Argument[]): (readonly Argument[])[] {
  if (words[0]?.text === 'eval') {
    const all = words.slice(1).map(commandsIn);
    return all.length > 1 ? [all.flat(2)] : (all[0] ?? []);
  }
  const at = words.findIndex(
    ({ text }, i) => /^-[a-z]*c$/.test(text) && /(?:^|\/)(?:ba|z|da)?sh$/.test(words[i - 1]?.text ?? ''),
  );
  const wrapped = words.findIndex(({ text }) => text === '--wrap');
  const [shell, text] = wrapped === -1 ? [at - 1, words[at + 1]] : [wrapped, words[wrapped + 1]];
  if (shell < 0 || !text) return [words];
  return commandsIn(text).map((inner) => [...words.slice(0, shell), ...inner]);
}

/** Arguments whose number and content the script does not say: `"$@"`, `$EXTRA_ARGS`. */
function unreadIn(words: readonly Argument[]): Unread[] {
  return words
    .filter(({ cells }, i) => isUnknown(cells) && !(words[i - 1] && isFlag(words[i - 1]!.text)))
    .map(({ text, place: [offset] }) => ({ source: text, offset }));
}

/** `--config`, `--config-file=`, `--yaml_config`, `-c`: not those of a model, or of what runs below the trainer. */
const OF_SETTINGS =
  /^--?(?:c|(?:train(?:ing|er)?[-_])?(?:ya?ml[-_])?(?:conf|cfg|config|configs|ya?ml)(?:[-_]?(?:file|path|dir|ya?ml))?)(?:=|$)/i;
/** A file that may hold settings. */
const SETTINGS_FILE = /\.(?:ya?ml|toml|json[c5]?|py|cfg|conf|gin|ini)$/i;

/** Files of settings that a program is given, by a flag or as its first argument. */
function filesIn({ program, arguments: words }: Launched): Unread[] {
  const first = /\.(?:py|sh)$/.test(program);
  return words.flatMap((word, i): Unread[] => {
    const named = OF_SETTINGS.test(word.text);
    const value = named && !word.text.includes('=') ? words[i + 1] : word;
    if (
      !value ||
      !(named || (first && i === 0)) ||
      !(SETTINGS_FILE.test(value.text) || (named && isUnknown(value.cells)))
    )
      return [];
    const source = value === word ? word.text : `${word.text} ${value.text}`;
    return [{ source, offset: word.place[0], file: true }];
  });
}

/** Settings as one mapping; of a key that is a value and a block, the value is the block's `name`. */
function mapOf(settings: readonly Setting[], at: Pointer, text: string, doubled: DoubledKey[]): MapNode {
  const entries: Entry[] = [];
  const below = new Map<string, Setting[]>();
  const nested = new Set(settings.filter(({ path }) => path.length > 1).map(({ path }) => path[0]));
  for (const setting of settings) {
    const [key = '', ...path] = setting.path;
    if (!path.length && !nested.has(key)) entries.push({ ...setting, key });
    else if (below.has(key)) below.get(key)!.push({ ...setting, path: path.length ? path : ['name'] });
    else {
      const inner: Setting[] = [{ ...setting, path: path.length ? path : ['name'] }];
      below.set(key, inner);
      entries.push({ ...setting, key });
    }
  }
  const whole = entries.map((entry): Entry => {
    const inner = below.get(entry.key);
    return inner ? { ...entry, node: mapOf(inner, child(at, entry.key), text, doubled) } : entry;
  });
  const [offset, end] = [settings[0]?.offset ?? 0, settings.at(-1)?.end ?? 0];
  return { kind: 'map', offset, end, flow: true, entries: lastOf(whole, at, text, doubled), written: whole };
}

/** Every scalar with the place where it is read; one that several arguments use stands in the script once. */
function writtenIn(root: MapNode): WrittenScalar[] {
  const byOffset = new Map<number, WrittenScalar>();
  const look = (node: Node, path: Pointer): void => {
    if (node.kind === 'map') for (const entry of node.written) look(entry.node, child(path, entry.key));
    else if (node.kind === 'list') for (const [i, item] of node.items.entries()) look(item, child(path, i));
    else if (node.source && !byOffset.has(node.offset))
      byOffset.set(node.offset, { path, source: node.source, offset: node.offset });
  };
  look(root, '');
  return [...byOffset.values()];
}
