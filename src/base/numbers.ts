/** Numbers as text, for people. */

/** A number for formulas: six significant digits, and every digit before the point. */
export function num(x: number): string {
  return significant(x, 6);
}

/** A number, or several as a list, for formulas and messages. */
export function numbers(value: number | readonly number[]): string {
  return typeof value === 'number' ? num(value) : `[${value.map(num).join(', ')}]`;
}

/** A number to at least so many significant digits; digits before the point are never rounded away. */
export function significant(x: number, digits: number): string {
  const size = Math.abs(x);
  const whole = size >= 1e6 && size < 1e17 ? Math.floor(Math.log10(size)) + 1 : 0;
  return String(Number(x.toPrecision(Math.max(digits, whole))));
}

/** A ratio: as a fraction if the denominator is small, else as a decimal. */
export function fraction(x: number): string {
  for (let d = 1; d <= 64; d++)
    if (Math.abs(x * d - Math.round(x * d)) < 1e-9 * x * d)
      return d === 1 ? num(x) : `${Math.round(x * d)}/${d}`;
  const inverse = 1 / x;
  return Math.abs(inverse - Math.round(inverse)) < 1e-9 * inverse ? `1/${Math.round(inverse)}` : num(x);
}

/** A number of samples or steps: whole from 100 on, with digit groups (by hand: loading locales takes 5 ms). */
export function count(n: number): string {
  return n >= 100 ? String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',') : short(n);
}

/** A number to a few significant digits. */
export function short(n: number, digits = 4): string {
  return String(Number(n.toPrecision(digits)));
}

/** A figure and its standard error as people write them: to the digits that the error leaves, without exponents. */
export function withError(
  { value, standardError }: { readonly value: number; readonly standardError: number },
  digits = 2,
): readonly [value: string, standardError: string] {
  if (!(standardError > 0) || !Number.isFinite(value)) return [short(value), short(standardError, digits)];
  const decimals = Math.min(100, Math.max(0, digits - 1 - Math.floor(Math.log10(standardError))));
  return [value.toFixed(decimals), standardError.toFixed(decimals)];
}
