import { Problem } from '../../base/problem.ts';

const NORM_KEYS = ['grad_norm', 'gradient_norm', 'total_norm', 'train/grad_norm'];

/**
 * The gradient norms in a training log, in order: a Trainer's trainer_state.json (`log_history`), JSON lines, or CSV
 * with a grad_norm column. Norms are as logged, not squared.
 * @throws Problem: usage where the log has none
 */
export function gradientNorms(text: string, file: string): number[] {
  const records = jsonRecords(text) ?? csvRecords(text);
  const norms = records.flatMap((record) => {
    const key = NORM_KEYS.find((k) => record[k] !== undefined && record[k] !== '');
    const value = key === undefined ? Number.NaN : Number(record[key]);
    return Number.isFinite(value) ? [value] : [];
  });
  if (norms.length > 0) return norms;
  const problem = new Problem(
    'usage',
    `no gradient norm found: it should have one of ${NORM_KEYS.join(', ')} in trainer_state.json, JSON lines or CSV`,
  );
  problem.file = file;
  throw problem;
}

type LogRecord = Readonly<Record<string, unknown>>;

function jsonRecords(text: string): LogRecord[] | undefined {
  try {
    const data = JSON.parse(text) as unknown;
    const list = Array.isArray(data) ? data : ((data as { log_history?: unknown }).log_history ?? [data]);
    return list as LogRecord[];
  } catch {
    const lines = text.split('\n').filter((l) => l.trim().startsWith('{'));
    if (lines.length === 0) return undefined;
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as LogRecord];
      } catch {
        return [];
      }
    });
  }
}

function csvRecords(text: string): LogRecord[] {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((l) => l.trim());
  const separator = head.includes('\t') ? '\t' : ',';
  const names = head.split(separator).map((n) => n.trim().replace(/^"|"$/g, ''));
  return lines.map((line) =>
    Object.fromEntries(line.split(separator).map((cell, i) => [names[i] ?? String(i), cell.trim()])),
  );
}
