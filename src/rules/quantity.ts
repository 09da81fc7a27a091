import { fraction, num, significant } from '../base/numbers.ts';

/** How tightly the outermost operator of a formula binds: what binds less gets brackets. */
const SUM = 0;
const PRODUCT = 1;
const POWER = 2;
const ATOM = 3;

/** A number together with the arithmetic that made it. Only the functions below make one, so the two always agree. */
export interface Quantity {
  readonly value: number;
  /** 1 - value without cancellation: for a decay, what sets its time scale. */
  readonly complement: number;
  /** What a person reads, with numbers: `1/8*(1-0.9^(1/8))/(1-0.9)`; `unchanged` where nothing was done. */
  readonly formula: string;
  /** The formula as a part of larger ones. */
  readonly term: { readonly text: string; readonly binds: number };
  /** What it is 1 minus, so that 1-(1-x) is x again. */
  readonly oneMinus?: Quantity;
}

function quantity(value: number, text: string, binds: number, complement = 1 - value): Quantity {
  return { value, complement, formula: text, term: { text, binds } };
}

/** A number by itself, with the digits that 1 - x needs, too. @param x finite */
export function constant(x: number): Quantity {
  const decimals = x > 0 && x < 1 ? 5 - Math.floor(Math.log10(1 - x)) : 0;
  const text = significant(x, Math.max(6, decimals));
  return quantity(x, text, x < 0 ? SUM : ATOM);
}

/** A number as a fraction where it is one: 1/8, 3/2, 2. @param x finite */
export function ratio(x: number): Quantity {
  const text = fraction(x);
  return quantity(x, text, text.includes('/') ? PRODUCT : x < 0 ? SUM : ATOM);
}

/** A letter with the value 1, for a formula of a factor: `t/8` is 1/8. */
export function symbol(name: string): Quantity {
  return quantity(1, name, ATOM);
}

const UNCHANGED = 'unchanged';

/** A number that a rule leaves as it is. */
export function unchanged(old: Quantity): Quantity {
  return shownAs(UNCHANGED, old);
}

/** The same quantity with its formula in letters before it: `b1*b2^(kappa-1) = 0.9*0.99^7`. */
export function inLetters(letters: string, q: Quantity): Quantity {
  return shownAs(`${letters} = ${q.term.text}`, q);
}

/** The same quantity with its value after its formula: `5/32 = 0.15625`. */
export function evaluated(q: Quantity): Quantity {
  return shownAs(`${q.term.text} = ${num(q.value)}`, q);
}

function shownAs(formula: string, q: Quantity): Quantity {
  return { ...q, formula };
}

/** @param air spaces around the sign, where whole formulas meet */
export function times(a: Quantity, b: Quantity, air: '' | ' ' = ''): Quantity {
  const text = `${within(a, PRODUCT)}${air}*${air}${within(b, PRODUCT)}`;
  // 1-ab = (1-a) + (1-b) - (1-a)(1-b)
  const complement = a.complement + b.complement - a.complement * b.complement;
  return quantity(a.value * b.value, text, PRODUCT, complement);
}

/** @param air spaces around the sign, where whole formulas meet */
export function over(a: Quantity, b: Quantity, air: '' | ' ' = ''): Quantity {
  const text = `${within(a, PRODUCT)}${air}/${air}${within(b, POWER)}`;
  return quantity(a.value / b.value, text, PRODUCT);
}

/** @param air spaces around the sign, where whole formulas meet */
export function plus(a: Quantity, b: Quantity, air: '' | ' ' = ''): Quantity {
  return quantity(a.value + b.value, `${within(a, SUM)}${air}+${air}${within(b, SUM)}`, SUM);
}

export function minus(a: Quantity, b: Quantity): Quantity {
  return quantity(a.value - b.value, `${within(a, SUM)}-${within(b, PRODUCT)}`, SUM);
}

/**
 * base^exponent, its complement through expm1 so that no digit of it is lost.
 * @param base at least 0
 */
export function power(base: Quantity, exponent: Quantity): Quantity {
  const text = `${within(base, ATOM)}^${within(exponent, ATOM)}`;
  // The logarithm and back would lose the last digit.
  if (exponent.value === 1) return quantity(base.value, text, POWER, base.complement);
  const logarithm = exponent.value * (base.value > 0.5 ? Math.log1p(-base.complement) : Math.log(base.value));
  return quantity(Math.exp(logarithm), text, POWER, -Math.expm1(logarithm));
}

export function squareRoot(q: Quantity): Quantity {
  return quantity(Math.sqrt(q.value), `sqrt(${q.term.text})`, ATOM);
}

/** 1 - q; unchanged where q is. */
export function oneMinus(q: Quantity): Quantity {
  const text = `1-${within(q, PRODUCT)}`;
  const result = q.oneMinus ?? { ...quantity(q.complement, text, SUM, q.value), oneMinus: q };
  return q.formula === UNCHANGED ? unchanged(result) : result;
}

/** The larger of a quantity and a limit, which the formula names only where it applies. */
export function atLeast(limit: Quantity, q: Quantity): Quantity {
  if (q.value >= limit.value) return q;
  return quantity(limit.value, `max(${q.term.text}, ${limit.term.text})`, ATOM, limit.complement);
}

/** A number of steps at a batch `kappa` times as large: the same samples. */
export function fewer(steps: Quantity, kappa: number): Quantity {
  return kappa < 1 ? times(steps, ratio(1 / kappa)) : over(steps, ratio(kappa));
}

/** A quantity as an operand: in brackets where it binds less than the operator around it. */
function within({ term }: Quantity, around: number): string {
  return term.binds < around ? `(${term.text})` : term.text;
}
