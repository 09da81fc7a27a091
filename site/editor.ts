/** The text of the config, with numbered lines and places to jump to. */

import { byId, element } from './dom.ts';
import type { Message } from './messages.ts';

export interface Editor {
  text: string;
  /** Puts the cursor at an offset, and the line in view. */
  goTo(offset: number): void;
  /** Marks the lines that messages are about. */
  mark(messages: readonly Message[]): void;
}

/** @param changed called when the text was edited by hand */
export function editorOf(changed: () => void): Editor {
  const area = byId('config', HTMLTextAreaElement);
  const gutter = byId('gutter', HTMLElement);
  const lineHeight = () => Number.parseFloat(getComputedStyle(area).lineHeight);
  let marks: ReadonlyMap<number, Message['severity']> = new Map();
  const number = () => {
    const lines = area.value.split('\n').length;
    gutter.replaceChildren(
      ...Array.from({ length: lines }, (_, i) => element('span', { class: marks.get(i + 1) }, String(i + 1))),
    );
  };
  area.addEventListener('input', () => {
    number();
    changed();
  });
  area.addEventListener('scroll', () => {
    gutter.scrollTop = area.scrollTop;
  });
  number();
  return {
    get text() {
      return area.value;
    },
    set text(text) {
      area.value = text;
      area.scrollTop = 0;
      number();
    },
    goTo(offset) {
      const before = area.value.slice(0, offset).split('\n').length - 1;
      const rest = area.value.slice(offset);
      const end = offset + (/^[^\s,;:#)\]}]+/.exec(rest)?.[0].length ?? 0);
      area.focus();
      area.setSelectionRange(offset, Math.max(end, offset));
      area.scrollTop = Math.max(0, (before - 3) * lineHeight());
    },
    mark(messages) {
      // Of several messages the gravest counts, and errors come first.
      const placed = messages.flatMap(({ place, severity }) =>
        place ? [[place.line, severity] as const] : [],
      );
      marks = new Map(placed.reverse());
      number();
    },
  };
}
