import { numbers } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import type { Document } from '../document/nodes.ts';
import { type Pointer, parentOf, readable } from '../document/pointer.ts';
import { offsetOf } from '../recipe/recipe.ts';
import type { Change } from '../rules/plan.ts';

/** Refuses to write over a value of another file where what is written here would not be the one in force. */
export function refuseOverride({ pointer, to, fields, overrides }: Change, { nodes }: Document): void {
  const [field] = fields;
  if (overrides === undefined || field?.site.kind !== 'text') return;
  const must = `${readable(pointer)} must become ${numbers(to)} and stands in ${overrides}`;
  const refuse = (why: string) => {
    throw new Problem('cannot-insert', `${must}, ${why}`, offsetOf(field));
  };
  if (field.site.node.overrules)
    refuse(
      'whose values overrule those of this file: convert that file, or let _self_ be the last of the defaults',
    );
  const around = ancestors(pointer).map((at) => nodes.get(at));
  const list = nodes.get(pointer);
  const whole = list?.kind !== 'list' || list.items.length === fields.length;
  if (!whole || around.some((node) => node?.kind === 'list'))
    refuse(
      'in a list, of which a file that builds on it cannot change one entry: convert that file, or copy the whole list into this one',
    );
}

function ancestors(pointer: Pointer): Pointer[] {
  return pointer === '' ? [] : [parentOf(pointer), ...ancestors(parentOf(pointer))];
}
