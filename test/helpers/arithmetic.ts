/**
 * What each side of a formula comes to: numbers, + - * / ^, brackets, sqrt(a), max(a, b), and the letters given.
 * @throws Error where the text is anything else
 */
export function evaluate(text: string, letters: Readonly<Record<string, number>> = {}): number {
  const tokens = text.match(/\d+(?:\.\d+)?(?:e[-+]?\d+)?|[a-z]+|[^\s]/gi) ?? [];
  let at = 0;
  const next = (token: string) => tokens[at] === token && ++at > 0;
  const expect = (token: string) => {
    if (!next(token)) throw new Error(`"${text}": ${token} expected at "${tokens.slice(at).join(' ')}"`);
  };

  const sum = (): number => {
    let value = next('-') ? -product() : product();
    for (;;)
      if (next('+')) value += product();
      else if (next('-')) value -= product();
      else return value;
  };
  const product = (): number => {
    let value = power();
    for (;;)
      if (next('*')) value *= power();
      else if (next('/')) value /= power();
      else return value;
  };
  const power = (): number => {
    const base = atom();
    return next('^') ? base ** atom() : base;
  };
  const atom = (): number => {
    const token = tokens[at++] ?? '';
    if (/^\d/.test(token)) return Number(token);
    if (Object.hasOwn(letters, token)) return letters[token]!;
    if (!['(', 'sqrt', 'max'].includes(token)) throw new Error(`"${text}": "${token}" is no number`);
    if (token !== '(') expect('(');
    let value = sum();
    if (token === 'sqrt') value = Math.sqrt(value);
    if (token === 'max') {
      expect(',');
      value = Math.max(value, sum());
    }
    expect(')');
    return value;
  };

  const value = sum();
  if (at < tokens.length) throw new Error(`"${text}": nothing expected at "${tokens.slice(at).join(' ')}"`);
  return value;
}

/** The entries of a list, or the sides of an equation: split where no bracket is open. */
export function split(text: string, separator: ', ' | ' = '): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')') depth--;
    if (depth > 0 || !text.startsWith(separator, i)) continue;
    parts.push(text.slice(start, i));
    start = i + separator.length;
  }
  return [...parts, text.slice(start)];
}
