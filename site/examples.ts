import yaml from '../fixtures/hf-trainer/adamw-64-gpus/input.yaml';
import script from '../fixtures/hf-trainer/torchrun-script/input.sh';
import python from '../fixtures/nanogpt/own-decays/input.py';
import toml from '../fixtures/torchtitan/default-betas/input.toml';

/** Configs to try, with settings that suit them: fixtures of the tests. */
export interface Example {
  readonly title: string;
  readonly file: string;
  readonly text: string;
  readonly fields: ReadonlyMap<string, string>;
}

export const EXAMPLES: readonly Example[] = [
  {
    title: 'YAML, 64 GPUs to 8',
    file: 'sft.yaml',
    text: yaml,
    fields: new Map([
      ['to', '64'],
      ['world', '64'],
      ['world-to', '8'],
    ]),
  },
  { title: 'a launch script', file: 'train.sh', text: script, fields: new Map([['to', '32']]) },
  { title: 'a Python config', file: 'train_tides.py', text: python, fields: new Map([['by', '1/2']]) },
  { title: 'TOML', file: 'llama3.toml', text: toml, fields: new Map([['to', '512']]) },
];
