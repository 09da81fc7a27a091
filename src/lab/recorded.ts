import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Problem } from '../base/problem.ts';
import type { Recording } from './backends/backend.ts';

/**
 * Reads recorded gradients: .npy (float32 or float64, C order) or columns of numbers. Rows are time.
 * @throws Problem: unreadable, with what is wrong
 */
export async function readRecording(file: string, cwd: string): Promise<Recording> {
  const refuse = (message: string) => {
    const problem = new Problem('unreadable', message);
    problem.file = file;
    return problem;
  };
  const bytes = await readFile(resolve(cwd, file)).catch((error: Error) => {
    throw refuse(`cannot be read: ${error.message}`);
  });
  try {
    const recording = file.toLowerCase().endsWith('.npy')
      ? parseNpy(bytes)
      : parseColumns(bytes.toString('utf8'));
    const bad = recording.values.findIndex((x) => !Number.isFinite(x));
    if (bad === -1) return recording;
    throw new RangeError(
      `row ${Math.floor(bad / recording.columns) + 1} holds a value that is no finite number`,
    );
  } catch (error) {
    throw error instanceof RangeError ? refuse(error.message) : error;
  }
}

/**
 * A NumPy array file, format 1.0 to 3.0; further dimensions than the first are columns.
 * @see numpy/numpy numpy/lib/format.py
 * @throws RangeError
 */
export function parseNpy(bytes: Uint8Array): Recording {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = '\u0093NUMPY';
  if (bytes.length < 12 || [...magic].some((c, i) => bytes[i] !== c.charCodeAt(0)))
    throw new RangeError('is no .npy file: it does not start with \\x93NUMPY');
  const long = bytes[6]! >= 2;
  const start = long ? 12 : 10;
  const body = start + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, body));
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const size = type === '<f4' ? 4 : type === '<f8' ? 8 : undefined;
  if (!size)
    throw new RangeError(`holds ${type ?? 'an unknown type'}; save it as float32 or float64 (<f4, <f8)`);
  if (!/'fortran_order':\s*False/.test(header))
    throw new RangeError('is in Fortran order; save numpy.ascontiguousarray(x)');
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const [rows = 0, ...others] = shape;
  const columns = others.reduce((product, n) => product * n, 1);
  const count = rows * columns;
  if (!(count > 0) || bytes.length < body + count * size)
    throw new RangeError(
      `says it holds ${shape.join(' x ')} values, but has ${bytes.length - body} bytes of them`,
    );
  const read = (i: number) =>
    size === 4 ? view.getFloat32(body + 4 * i, true) : view.getFloat64(body + 8 * i, true);
  return { rows, columns, values: Float64Array.from({ length: count }, (_, i) => read(i)) };
}

/**
 * Columns of numbers divided by commas, semicolons or blanks, under at most one line of names; # starts a comment.
 * @throws RangeError naming the line
 */
export function parseColumns(text: string): Recording {
  const lines = text
    .split(/\r?\n/)
    .map((line, i) => ({ number: i + 1, cells: line.replace(/#.*/, '').trim() }))
    .filter(({ cells }) => cells !== '')
    .map(({ number, cells }) => ({ number, cells: cells.split(/\s*[,;]\s*|\s+/).map(numberOrNaN) }));
  const first = lines.findIndex(({ cells }) => !cells.some(Number.isNaN));
  if (first === -1 || first > 1) throw new RangeError('has no rows of numbers');
  const data = lines.slice(first);
  const columns = data[0]!.cells.length;
  const wrong = data.find(({ cells }) => cells.length !== columns || cells.some(Number.isNaN));
  if (wrong)
    throw new RangeError(
      `line ${wrong.number} is not ${columns} numbers like the line at ${data[0]!.number}`,
    );
  return { rows: data.length, columns, values: Float64Array.from(data.flatMap(({ cells }) => cells)) };
}

function numberOrNaN(cell: string): number {
  return cell === '' ? Number.NaN : Number(cell);
}
