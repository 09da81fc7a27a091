import roles from '../../schemas/roles.schema.json' with { type: 'json' };
import type { Encoding, Role } from '../dialect/roles.ts';

/** A definition of schemas/roles.schema.json: what is read by name is validated by it, as a dialect's fields are. */
export type Definition = keyof typeof roles.$defs;

interface Bounds {
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
}

/** The role of a definition. @throws TypeError for one that holds several */
export function roleOf(name: Definition): Role {
  const { role } = roles.$defs[name] as { readonly role?: unknown };
  if (!role) throw new TypeError(`${name} is not the definition of one role`);
  return role as Role;
}

/** The roles of (beta1, beta2, beta3). */
export const BETAS: Encoding = {
  kind: 'tuple-string',
  items: (['gradientDecay', 'secondMomentDecay', 'beta3'] as const).map((name) => ({ role: roleOf(name) })),
};

/** What the bounds of a definition have against a number; undefined where nothing. */
export function outOfBounds(name: Definition, value: number): string | undefined {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = roles.$defs[name] as Bounds;
  if (minimum !== undefined && value < minimum) return `must be >= ${minimum}`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `must be > ${exclusiveMinimum}`;
  if (maximum !== undefined && value > maximum) return `must be <= ${maximum}`;
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return `must be < ${exclusiveMaximum}`;
  return undefined;
}
