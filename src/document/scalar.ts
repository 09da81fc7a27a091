export type ScalarValue = string | number | boolean | null;

/** The value of a plain scalar, and whether PyYAML reads it differently. */
export interface Resolved {
  readonly value: ScalarValue;
  /** A number to every trainer that converts it, but a string to PyYAML (`1e-4`: no dot, or no exponent sign). */
  readonly stringToPyYaml?: true;
}

// PyYAML's implicit resolvers, which follow YAML 1.1 (yaml/pyyaml, lib/yaml/resolver.py).
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const DECIMAL = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const OCTAL = /^[-+]?0[0-7_]+$/;
const HEX = /^[-+]?0x[0-9a-fA-F_]+$/;
const BINARY = /^[-+]?0b[01_]+$/;
const SEXAGESIMAL = /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
const NAN = /^\.(?:nan|NaN|NAN)$/;
/** The floats of YAML 1.1 as PyYAML reads them: a dot is needed, a sign in the exponent, and none before `.5`. */
const PYYAML_FLOAT = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
/** Read as a number by OmegaConf, pydantic and `float()`, but as a string by PyYAML. */
const LENIENT_FLOAT =
  /^(?:[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+|[-+]\.[0-9][0-9_]*)$/;

/** Reads a plain (unquoted) YAML scalar as trainers do: PyYAML's rules, but `1e-4` is a number. */
export function resolvePlain(source: string): Resolved {
  if (NULL.test(source)) return { value: null };
  if (TRUE.test(source)) return { value: true };
  if (FALSE.test(source)) return { value: false };
  const digits = source.replace(/_/g, '');
  if (DECIMAL.test(source)) return { value: Number(digits) };
  if (OCTAL.test(source)) return { value: radix(digits, /0/, 8) };
  if (HEX.test(source)) return { value: radix(digits, /0x/, 16) };
  if (BINARY.test(source)) return { value: radix(digits, /0b/, 2) };
  if (PYYAML_FLOAT.test(source)) return { value: Number(digits) };
  if (LENIENT_FLOAT.test(source)) return { value: Number(digits), stringToPyYaml: true };
  if (SEXAGESIMAL.test(source)) return { value: sexagesimal(digits) };
  if (INFINITE.test(source)) return { value: source.startsWith('-') ? -Infinity : Infinity };
  if (NAN.test(source)) return { value: Number.NaN };
  return { value: source };
}

/** The number in a string that is nothing but a number (`"320"`, `"1e-4"`), or undefined. */
export function numberInString(text: string): number | undefined {
  const t = text.trim();
  return DECIMAL.test(t) || PYYAML_FLOAT.test(t) || LENIENT_FLOAT.test(t)
    ? Number(t.replace(/_/g, ''))
    : undefined;
}

function radix(digits: string, prefix: RegExp, base: number): number {
  const value = Number.parseInt(digits.replace(/^[-+]/, '').replace(prefix, ''), base);
  return digits.startsWith('-') ? -value : value;
}

function sexagesimal(digits: string): number {
  const parts = digits.replace(/^[-+]/, '').split(':').map(Number);
  const value = parts.reduce((sum, part) => sum * 60 + part, 0);
  return digits.startsWith('-') ? -value : value;
}
