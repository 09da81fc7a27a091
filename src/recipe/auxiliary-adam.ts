import { segments } from '../document/pointer.ts';
import { type Field, isRole } from './recipe.ts';

/**
 * Muon trains matrices only; an Adam beside it trains the rest (KellerJordan/Muon muon.py MuonWithAuxAdam, and every
 * trainer that has both). Of their settings, Adam's are those with its name in their key, second moments, betas and
 * epsilons; a momentum is Muon's, and so is what has no other owner: one learning rate or weight decay for both.
 */
export function splitAdam(fields: readonly Field[]): { readonly muon: Field[]; readonly adam: Field[] } {
  const adam = fields.filter((field) => isAdams(field, fields));
  return { muon: fields.filter((field) => !adam.includes(field)), adam };
}

function isAdams(field: Field, all: readonly Field[]): boolean {
  const words = segments(field.pointer)
    .slice(-2)
    .concat(field.part ?? [])
    .join('_')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.includes('muon')) return words.includes('adam') || words.includes('adamw');
  if (words.some((word) => /^adamw?$/.test(word))) return true;
  if (isRole(field, 'epsilon')) return true;
  if (!isRole(field, 'decay')) return false;
  if (field.role.of === 'second-moment') return true;
  // A beta beside a beta2 is Adam's, as is one beside a momentum.
  const decays = all.filter((f) => isRole(f, 'decay'));
  return words.some((word) => /^(beta|b)s?1?$/.test(word)) && decays.length > 1;
}
