import { describe, expect, it } from 'vitest';
import { cli } from '../helpers/cli.ts';

const convert = (text: string, ...args: string[]) =>
  cli(['-', '--json', '-q', '--optimizer', 'adamw', ...args], { stdin: text });

const TWO = 'train: {batch_size: 64}\nother: {batch_size: 16, note: x}\nlr: 0.1\n';

describe('--batch-at', () => {
  it.each(['/train/batch_size', 'train.batch_size'])(
    '%s is the batch, and the others stay',
    async (place) => {
      const { code, stdout } = await convert(TWO, '--by', '2', '--batch-at', place, '--batch-is', 'total');
      expect(code).toBe(0);
      const { batch, changes } = JSON.parse(stdout);
      expect(batch).toMatchObject({ from: 64, to: 128 });
      expect(changes.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
        '/train/batch_size',
        '/lr',
      ]);
    },
  );

  it('can be a name that nobody knows', async () => {
    const { stdout } = await convert(
      'blk: 8\nlr: 0.1\n',
      '--to',
      '16',
      '--batch-at',
      'blk',
      '--batch-is',
      'total',
    );
    expect(JSON.parse(stdout).changes.map(({ to }: { to: number }) => to)).toEqual([16, 0.2]);
  });

  it('says in the dialect’s own terms what the place counts', async () => {
    const config = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\n';
    const args = ['--to', '16', '--world', '1', '--batch-at', 'per_device_train_batch_size'];
    expect(JSON.parse((await convert(config, ...args)).stdout).batch).toMatchObject({ from: 8, to: 16 });
  });

  it.each(['nowhere', 'train', '/train/batch', ''])('%j is no value: refused', async (place) => {
    const { code, stderr } = await convert(TWO, '--by', '2', '--batch-at', place);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `<stdin>: --batch-at ${place}: there is no value of that name in this file\n`,
    });
  });

  it('where no batch was read, the refusal names what looks like one', async () => {
    const { code, stderr } = await convert('weird_batch_thing: 12\nlr: 0.1\n', '--to', '16');
    expect(code).toBe(2);
    expect(stderr).toContain('weird_batch_thing');
    expect(stderr).toContain('--batch-at');
  });
});
