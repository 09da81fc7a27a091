/** Numbers as text, for people. */

/** A number for formulas: six significant digits. */
export function num(x: number): string {
  return String(Number(x.toPrecision(6)));
}

/** A ratio: as a fraction if the denominator is small, else as a decimal. */
export function fraction(x: number): string {
  for (let d = 1; d <= 64; d++)
    if (Math.abs(x * d - Math.round(x * d)) < 1e-9 * x * d)
      return d === 1 ? num(x) : `${Math.round(x * d)}/${d}`;
  const inverse = 1 / x;
  return Math.abs(inverse - Math.round(inverse)) < 1e-9 * inverse ? `1/${Math.round(inverse)}` : num(x);
}

/** A ratio as an exponent, in brackets where it needs them. */
export function exponent(x: number): string {
  const text = fraction(x);
  return /[/-]/.test(text) ? `(${text})` : text;
}

/** A number of samples or steps: whole from 100 on, with digit groups (by hand: loading locales takes 5 ms). */
export function count(n: number): string {
  return n >= 100 ? String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',') : short(n);
}

/** A number to a few significant digits. */
export function short(n: number, digits = 4): string {
  return String(Number(n.toPrecision(digits)));
}
