import { writeNumber } from '../../document/number.ts';
import type { Field } from '../../recipe/recipe.ts';

/** A value in the notation that the file has at its place. */
export function asWritten(value: number, { site }: Field): string {
  return site.kind === 'text' ? writeNumber(value, site.source, site.format) : String(value);
}
