import { keyOf, parentOf } from '../document/pointer.ts';
import { findOptimizer } from '../optimizers/find.ts';
import type { Binding } from '../optimizers/optimizer.ts';
import { type Field, type Group, isRole } from './recipe.ts';

/** What the fields of an optimizer that is named nowhere say about it. */
export interface Conclusion {
  readonly from: NonNullable<Group['from']>;
  readonly binding: Binding;
  /** A sentence that names what was concluded, and how to overrule it. */
  readonly message: string;
}

/** Whether a first average has a name, or stands in a block, that only the Adam family has. */
function isBeta(field: Field): boolean {
  return /beta|adam/i.test(field.pointer) || /^(?:b1|moms)$/i.test(nameOf(field));
}

/** Betas belong to the Adam family, a momentum beside a learning rate to heavy ball; a learning rate alone to nobody. */
export function inferred(fields: readonly Field[]): Conclusion {
  const decays = fields.filter((f) => isRole(f, 'decay'));
  const epsilon = fields.find((f) => isRole(f, 'epsilon') && /adam/i.test(nameOf(f)));
  const adam = decays.some((f) => f.role.of !== 'gradient' || isBeta(f));
  if (decays.some((f) => /adamw/i.test(nameOf(f))))
    return {
      from: 'key',
      binding: rule('adamw'),
      message: `no optimizer named: ${nameOf(decays[0]!)} means AdamW (if it is another: --optimizer NAME)`,
    };
  if (adam || epsilon)
    return {
      from: 'betas',
      binding: rule('adam'),
      message: `no optimizer named: ${nameOf(decays[0] ?? epsilon!)} means one of the Adam family (if it is another: --optimizer NAME)`,
    };
  if (decays.length)
    return {
      from: 'momentum',
      binding: rule('sgd'),
      message:
        'no optimizer named: momentum without betas means SGD with momentum, heavy ball (if it is another: --optimizer NAME)',
    };
  return {
    from: 'nothing',
    binding: rule('sgd'),
    message:
      'no optimizer named, and how the learning rate follows the batch depends on it: pass --optimizer NAME (adamw, sgd, ...)',
  };
}

/** The key of a field; of an entry of a list, that of the list. */
function nameOf({ pointer }: Field): string {
  const key = keyOf(pointer);
  return /^\d+$/.test(key) ? keyOf(parentOf(pointer)) : key;
}

/** What an optimizer named nowhere could be, as groups to be compared: where they agree, it need not be known. */
export function couldBe(group: Group): Group[] {
  if (group.from !== 'betas' && group.from !== 'nothing') return [group];
  if (group.from === 'betas') return [group, { ...group, binding: rule('adamw') }];
  const momentum: Field = {
    pointer: `${group.pointer}/momentum`,
    role: { role: 'decay', of: 'gradient', form: 'decay', per: 'step' },
    value: 0.9,
    site: { kind: 'absent', pointer: '' },
  };
  const { fields } = group;
  return [
    group,
    { ...group, fields: [...fields, momentum] },
    { ...group, binding: rule('adam') },
    { ...group, binding: rule('adamw') },
  ];
}

/** An optimizer's update rule, with none of a library's defaults. */
function rule(name: 'adam' | 'adamw' | 'sgd'): Binding {
  return { optimizer: findOptimizer('torch', name)!.optimizer, defaults: {} };
}
