import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { repository } from './helpers/repository.ts';

const BIN = new URL('../bin/rebatch.js', import.meta.url).pathname;
const CONFIG = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\n';

/** A network namespace of its own, in which nothing is reached, not even this machine. */
const ALONE = ['unshare', '--map-root-user', '--net'];
const can = spawnSync(ALONE[0]!, [...ALONE.slice(1), 'true']).status === 0;
if (!can)
  process.stderr.write('SKIPPED no network: needs unshare (util-linux) and the right to make namespaces\n');

describe.skipIf(!can)('where there is no network', () => {
  const repo = repository();
  repo.write('run.yaml', CONFIG);
  repo.commit();
  it.each([
    ['run.yaml --by 2 -q', 0],
    ['check run.yaml', 0],
    ['check --base HEAD run.yaml', 0],
    ['explain run.yaml', 0],
    ['verify run.yaml --by 2 --samples 20000', 0],
    ['schedule run.yaml --world 1 --batches 8@0,16@1000', 0],
    ['schema hf-trainer', 0],
    ['completion bash', 0],
  ] as const)('rebatch %s', (args, code) => {
    const [unshare, ...options] = ALONE;
    const command = [...options, process.execPath, BIN, ...args.split(' ')];
    const { status, stderr } = spawnSync(unshare!, command, { cwd: repo.cwd, encoding: 'utf8' });
    expect({ status, stderr: status === code ? '' : stderr }).toEqual({ status: code, stderr: '' });
  });
});
