/** The fields of the settings. */

import { byId, element } from './dom.ts';
import { SETTINGS, type Setting, type Typed } from './settings.ts';

export interface Form {
  readonly fields: Typed;
  fill(fields: Typed): void;
  /** Says beneath the fields what is wrong with them. */
  complain(wrong: ReadonlyMap<string, string>): void;
  /** Goes to the field of a flag. @returns false where there is none */
  goTo(flag: string): boolean;
}

type Field = HTMLInputElement | HTMLSelectElement;

/** @param changed called when a field was edited */
export function formOf(changed: () => void): Form {
  const form = byId('settings', HTMLFormElement);
  const controls = new Map(SETTINGS.map((setting) => [setting.flag, controlOf(setting)]));
  const rows = (more: boolean) =>
    SETTINGS.filter((one) => (one.more ?? false) === more).map((one) => rowOf(one, controls.get(one.flag)!));
  const folded = element(
    'details',
    {},
    element('summary', {}, 'More options'),
    element('div', { class: 'fields' }, ...rows(true)),
  );
  form.append(element('div', { class: 'fields' }, ...rows(false)), folded);
  form.addEventListener('input', changed);
  form.addEventListener('submit', (event) => event.preventDefault());
  const isSet = (field: Field) => (isBox(field) ? field.checked : field.value.trim() !== '');
  return {
    get fields() {
      const set = [...controls].filter(([, field]) => isSet(field));
      return new Map(set.map(([flag, field]) => [flag, isBox(field) ? '' : field.value.trim()]));
    },
    fill(fields) {
      for (const [flag, field] of controls)
        if (isBox(field)) field.checked = fields.has(flag);
        else field.value = fields.get(flag) ?? '';
      folded.open = SETTINGS.some(({ flag, more }) => more && fields.has(flag));
    },
    complain(wrong) {
      for (const [flag, field] of controls) {
        byId(`${flag}-wrong`, HTMLElement).textContent = wrong.get(flag) ?? '';
        field.setAttribute('aria-invalid', String(wrong.has(flag)));
        if (wrong.has(flag) && folded.contains(field)) folded.open = true;
      }
    },
    goTo(flag) {
      const field = controls.get(flag);
      if (!field) return false;
      if (folded.contains(field)) folded.open = true;
      field.focus();
      return true;
    },
  };
}

function isBox(field: Field): field is HTMLInputElement {
  return field.type === 'checkbox';
}

function controlOf({ flag, choices, box, hint }: Setting): Field {
  const attributes = { id: flag, 'aria-describedby': `${flag}-hint ${flag}-wrong` };
  if (choices)
    return element(
      'select',
      attributes,
      ...choices.map(([value, text]) => element('option', { value }, text)),
    );
  if (box) return element('input', { ...attributes, type: 'checkbox' });
  return element('input', {
    ...attributes,
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: hint,
  });
}

/** A field with its name, its flag on the command line, and room for what is wrong with it. */
function rowOf({ flag, label, hint, box }: Setting, field: Field): HTMLElement {
  const name = element('label', { for: flag }, label);
  const option = element(
    'code',
    { id: `${flag}-hint` },
    `--${flag}`,
    hint ? element('span', { class: 'unseen' }, `, ${hint}`) : undefined,
  );
  const wrong = element('p', { class: 'fail', id: `${flag}-wrong` });
  return box
    ? element('div', { class: 'field box' }, field, name, option, wrong)
    : element('div', { class: 'field' }, element('div', { class: 'name' }, name, option), field, wrong);
}
