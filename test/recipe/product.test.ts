import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../helpers/cli.ts';
import { fixtures } from '../helpers/fixtures.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

/** The batch that explain reads from a file. */
async function batchOf(file: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await cli(['explain', file, '--json', ...args]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout).batch.from as number;
}

describe('what a converted file says multiplies to the batch asked for', () => {
  it.each(fixtures())('$dialect/$name', async ({ input, expected, plan }) => {
    const { stdout } = await cli([input, '--json', '-q', ...plan.args]);
    const { batch } = JSON.parse(stdout) as { batch: { to: number } };
    const said = (name: string) => plan.args[plan.args.indexOf(name) + 1];
    const has = (name: string) => plan.args.includes(name);
    const world = has('--world-to') ? said('--world-to') : has('--world') ? said('--world') : undefined;
    const kept = ['--dialect', '--optimizer', '--schema'].flatMap((name) =>
      has(name) ? [name, said(name)!] : [],
    );
    const elsewhere = has('--from') ? ['--from', String(batch.to)] : [];
    const devices = world === undefined || has('--from') ? [] : ['--world', world];
    expect(await batchOf(expected, ...kept, ...elsewhere, ...devices)).toBe(batch.to);
  });

  it.each([
    ['fixtures/dinov2/epochs-are-steps/input.yaml', 'DINOv2'],
    ['fixtures/basicsr/two-optimizers/input.yml', 'BasicSR'],
    ['fixtures/efficientvit/lr-per-worker/input.yaml', 'EfficientViT'],
  ])('%s: on half of the devices the passes of %s are twice as large', async (file) => {
    const { code, stdout, stderr } = await cli([
      file,
      '--to',
      'same',
      '--world',
      '8',
      '--world-to',
      '4',
      '--json',
      '-q',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { changes, batch } = JSON.parse(stdout);
    expect(batch.from).toBe(batch.to);
    const micro = changes.find((c: { pointer: string }) => /batch_size/.test(c.pointer));
    expect(micro.to).toBe(2 * micro.from);
  });
});

it('a file without a field for the batch that runs is refused before anything is written', async () => {
  const folder = temporaryFolder();
  const text = readFileSync('fixtures/dinov2/epochs-are-steps/input.yaml', 'utf8');
  const file = join(folder, 'x.yaml');
  writeFileSync(file, text);
  const { code, stderr } = await cli([
    file,
    '--to',
    'same',
    '--world',
    '8',
    '--world-to',
    '4',
    '--micro',
    '1',
    '-w',
    '-q',
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain('no field');
  expect(readFileSync(file, 'utf8')).toBe(text);
});
