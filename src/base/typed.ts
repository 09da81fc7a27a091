/** Numbers as people type them. What is wrong with one is thrown as a `RangeError` whose message says what it must be. */

/** A whole number of at least 1. */
export function wholeNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  const [, digitsOf = '', unit = ''] = /^(\d+)([km])i?b?$/i.exec(text) ?? [];
  if (unit) {
    const exponent = unit.toLowerCase() === 'k' ? 1 : 2;
    const [decimal, binary] = [1000, 1024].map((base) => Number(digitsOf) * base ** exponent);
    throw new RangeError(`"${text}" is ambiguous (${decimal} or ${binary}); write the number out.`);
  }
  if (/^\d+([_,' ]\d+)+$/.test(text))
    throw new RangeError(`Write it without separators: ${text.replace(/\D/g, '')}.`);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError('It must be a whole number of at least 1.');
  return value;
}

/** A batch size, or `same`. */
export function target(text: string): number | 'same' {
  return text === 'same' ? text : wholeNumber(text);
}

/** A ratio of batch sizes: `1/4`, `2`, `0.5`. */
export function ratio(text: string): number {
  const [, over, under = '1'] = /^(\d+(?:\.\d+)?|\.\d+)(?:\/(\d+(?:\.\d+)?))?$/.exec(text.trim()) ?? [];
  const value = Number(over) / Number(under);
  if (over === undefined || !Number.isFinite(value) || value <= 0)
    throw new RangeError('It must be a ratio above 0, such as 1/4, 2 or 0.5.');
  return value;
}

/** A number of at least 0. */
export function notNegative(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || value < 0) throw new RangeError('It must be a number of at least 0.');
  return value;
}

/** A decay, in [0, 1). */
export function decay(text: string): number {
  const value = notNegative(text);
  if (value >= 1) throw new RangeError('It must lie in [0, 1).');
  return value;
}

/** Significant digits of a float64. */
export function digits(text: string): number {
  const value = wholeNumber(text);
  if (value > 17) throw new RangeError('A float64 has 17 significant digits at most.');
  return value;
}

/** A seed, below 2^32. */
export function seed(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value < 2 ** 32)) throw new RangeError('It must be a whole number from 0 to 4294967295.');
  return value;
}
