import { type Place, Problem, type ProblemCode } from './problem.ts';

/** Line and column of an offset (both from 1; a column is a UTF-16 unit, as editors count). */
export function placeOf(text: string, offset: number): Place {
  const before = text.lastIndexOf('\n', offset - 1);
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  const bom = before === -1 && text.charCodeAt(0) === 0xfeff ? 1 : 0;
  return { offset, line, column: Math.max(1, offset - before - bom) };
}

/** A problem at an offset of the text, with its line. */
export function problemAt(code: ProblemCode, message: string, text: string, offset: number): Problem {
  const place = placeOf(text, offset);
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const line = text.slice(start, end === -1 ? undefined : end).replace(/^\ufeff|\r$/g, '');
  return new Problem(code, message, place, { line, column: place.column });
}
