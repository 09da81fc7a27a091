/** The files that are open: the one that is converted, and those that it may build on. */

import { byId, element } from './dom.ts';
import type { Files } from './messages.ts';

/** Formats by the ending that says so; the empty one leaves it to the content. */
const FORMATS: readonly (readonly [ending: string, title: string])[] = [
  ['', 'by its content'],
  ['.yaml', 'YAML'],
  ['.json', 'JSON'],
  ['.sh', 'shell script'],
  ['.py', 'Python'],
  ['.toml', 'TOML'],
  ['.txt', 'printed run'],
];

/** The name of a text that came without one. */
const NAMELESS = 'config';

export interface OpenFiles {
  /** The files with the text of the editor in place of that of the one shown. */
  now(text: string): Files;
  /** @returns the text of the file shown */
  open(files: readonly (readonly [name: string, text: string])[]): string;
}

/** @param shown called with the text of another file, or with none where its name changed */
export function openFiles(current: () => string, shown: (text?: string) => void): OpenFiles {
  const [files, format] = [byId('file', HTMLSelectElement), byId('format', HTMLSelectElement)];
  let texts = new Map([[NAMELESS, '']]);
  let name = NAMELESS;
  format.append(...FORMATS.map(([value, title]) => element('option', { value }, title)));
  const show = () => {
    files.replaceChildren(...[...texts.keys()].map((one) => element('option', { value: one }, one)));
    files.value = name;
    files.disabled = texts.size === 1;
    const ending = /\.\w+$/.exec(name)?.[0].replace('.yml', '.yaml') ?? '';
    format.value = FORMATS.some(([one]) => one === ending) ? ending : '';
  };
  files.addEventListener('change', () => {
    texts.set(name, current());
    name = files.value;
    show();
    shown(texts.get(name));
  });
  format.addEventListener('change', () => {
    const renamed = name.replace(/\.\w+$/, '') + format.value;
    texts = new Map([...texts].map(([one, text]) => [one === name ? renamed : one, text]));
    name = renamed;
    show();
    shown();
  });
  show();
  return {
    now: (text) => ({ file: name, text, beside: [...texts].filter(([one]) => one !== name) }),
    open(opened) {
      texts = new Map(opened);
      const [[first, text] = [NAMELESS, '']] = opened;
      name = first;
      show();
      return text;
    },
  };
}

/** Reads dropped or chosen files. @throws where one is not text */
export function readFiles(list: FileList): Promise<(readonly [name: string, text: string])[]> {
  const decode = async (file: File) => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer());
    } catch {
      throw new Error(`${file.name} is not UTF-8 text`);
    }
  };
  return Promise.all([...list].map(async (file) => [file.name, await decode(file)] as const));
}
