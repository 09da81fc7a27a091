import type { Schema } from './keywords.ts';

/**
 * Top-level keys of which at least one must be there for a `detect` schema to hold; undefined where the
 * schema does not say. Lets recognition skip most detectors without running (and so compiling) them.
 */
export function requiredKeysOf(schema: Schema): readonly string[] | undefined {
  const { required, anyOf, oneOf, allOf } = schema as { required?: string[] } & Record<
    string,
    Schema[] | undefined
  >;
  const candidates = [
    required?.[0] === undefined ? undefined : [required[0]],
    ...(allOf ?? []).map(requiredKeysOf),
    ...[anyOf, oneOf].map((branches) => {
      const each = branches?.map(requiredKeysOf) ?? [undefined];
      return each.includes(undefined) ? undefined : [...new Set((each as string[][]).flat())];
    }),
  ];
  return candidates.filter((c) => c !== undefined).sort((a, b) => a.length - b.length)[0];
}
