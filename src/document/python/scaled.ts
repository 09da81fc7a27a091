import type { Syntax } from './values.ts';

const RATE = /\b(\w*?(?:lr|learning_rate))\b/i;
const BATCH = /\b\w*(?:batch|bs|world_size|accum|num_gpus|n_gpus?|ngpus?|num_devices|device_count)\w*\b/i;

/**
 * Learning rates that the program itself multiplies by a batch or a number of devices, with the expression: written
 * for another batch they would be scaled twice.
 */
export function scaledRates(top: Syntax, text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  top.cursor().iterate(({ name, node }) => {
    if (name !== 'BinaryExpression') return;
    const source = text.slice(node.from, node.to).replace(/\s+/g, ' ');
    const rate = RATE.exec(source)?.[1];
    if (/[*/]/.test(source) && rate !== undefined && BATCH.test(source) && !/[<>=]/.test(source))
      found.set(rate, source);
    return false;
  });
  return found;
}
