import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary.ts';

const SGD =
  'batch_size: 256\noptimizer:\n  name: sgd\n  lr: 0.1\n  momentum: 0.9\nwarmup_steps: 500\nlogging_steps: 10\n';
const ADAM =
  'per_device_train_batch_size: 256\nlearning_rate: 3.0e-4\nadam_beta2: 0.95\nadam_epsilon: 1.0e-8\n';

/** A temporary folder with `sgd.yaml`, read by its names, and `adam.yaml`, one of the HF Trainer. */
export function folderOfTwo(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'sgd.yaml'), SGD);
  writeFileSync(join(folder, 'adam.yaml'), ADAM);
  return folder;
}
