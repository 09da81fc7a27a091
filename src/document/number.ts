import type { Notation } from './nodes.ts';

/** How to write a number. */
export interface NumberStyle {
  readonly format: Notation['format'];
  /** Significant digits of the value, and of 1 - value where `complement` is given. */
  readonly digits: number;
  /** 1 - value for a decay, computed without cancellation: it sets the decay's time scale. */
  readonly complement?: number;
}

/** YAML 1.1's integers: decimal and octal, hexadecimal, binary, sexagesimal. */
const INTEGER = /^[-+]?(?:\d[\d_]*|0x[\da-f_]+|0o[0-7_]+|0b[01_]+|\d[\d_]*(?::[0-5]?\d)+)$/i;
/** Below this a plain decimal has too many zeros to read easily. */
const SMALLEST_PLAIN = 1e-6;
/** From here on an exponent is no help: 1.6e-1 is 0.16. */
const SMALLEST_ALWAYS_PLAIN = 0.1;

/**
 * Rounds to the digits of the style: significant digits of the value and, for a decay, of 1 - value too
 * (0.99987494 keeps six digits of 1.25063e-4). A number of three digits fewer is taken where it is off by no
 * more than such rounding may be (5e-6 at six digits), so that 0.9 there and back is 0.9 again, not 0.9000001.
 */
export function roundTo(value: number, style: Omit<NumberStyle, 'format'>): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const { digits, complement = 0 } = style;
  const rounder = digits > 3 ? cut(value, { ...style, digits: digits - 3 }) : Number.NaN;
  const size = complement > 0 ? Math.min(complement, Math.abs(value)) : Math.abs(value);
  return Math.abs(rounder - value) <= 5 * 10 ** -digits * size ? rounder : cut(value, style);
}

function cut(value: number, { digits, complement }: Omit<NumberStyle, 'format'>): number {
  const rounded = Number(value.toPrecision(digits));
  if (complement === undefined || complement <= 0 || complement >= value) return rounded;
  const decimals = digits - 1 - exponentOf(complement);
  const fine = decimals > 17 ? value : Number(value.toFixed(Math.max(0, decimals)));
  return fine < 1 ? fine : value;
}

function exponentOf(x: number): number {
  return Math.floor(Math.log10(Math.abs(x)));
}

/**
 * Writes a rounded number in the notation of the number it replaces: plain or exponent, `e-05` or `e-5`, `E`,
 * digit groups (`150_001`), with or without a decimal point. In YAML an exponent gets the dot and the sign
 * without which PyYAML reads a string: `1.0e-4`, never `1e-4`.
 */
export function writeNumber(value: number, like: string, format: NumberStyle['format']): string {
  const source = like.replace(/^["']|["']$/g, '').trim();
  const wasInteger = INTEGER.test(source);
  const exponent = /e([-+]?)(\d+)$/i.exec(source);
  if (wasInteger && Number.isInteger(value)) return group(plain(value), source);
  if (exponent && (Math.abs(value) < SMALLEST_ALWAYS_PLAIN || Number.isInteger(value))) {
    return scientific(value, format, {
      letter: source.includes('E') ? 'E' : 'e',
      width: exponent[2]?.length ?? 1,
      dot: source.includes('.'),
      plus: exponent[1] === '+',
    });
  }
  if (!exponent && Math.abs(value) < SMALLEST_PLAIN && value !== 0)
    return scientific(value, format, { letter: 'e', width: 2, dot: true, plus: false });
  const text = plain(value);
  return text.includes('.') ? text : `${text}.0`;
}

function scientific(
  value: number,
  format: NumberStyle['format'],
  style: { letter: string; width: number; dot: boolean; plus: boolean },
) {
  const [mantissa = '0', power = '0'] = value.toExponential().split('e');
  const dotted = mantissa.includes('.') || !(style.dot || format === 'yaml') ? mantissa : `${mantissa}.0`;
  const negative = power.startsWith('-');
  const sign = negative ? '-' : style.plus || format === 'yaml' ? '+' : '';
  return `${dotted}${style.letter}${sign}${power.replace(/^[-+]/, '').padStart(style.width, '0')}`;
}

/** The shortest decimal that reads back as the same float64, without an exponent. */
function plain(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const [mantissa = '', power = ''] = text.split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const shift = Number(power);
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}`;
  return `${sign}${whole}${fraction.padEnd(shift, '0')}`;
}

function group(text: string, like: string): string {
  return like.includes('_') ? text.replace(/\B(?=(\d{3})+$)/g, '_') : text;
}
