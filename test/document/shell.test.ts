import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../src/document/edit.ts';
import type { MapNode } from '../../src/document/nodes.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';
import { documentsOf } from '../helpers/parse.ts';

/** What the only command of a script is given. */
async function settings(text: string): Promise<Record<string, unknown>> {
  const [document, another] = await documentsOf(text, 'x.sh');
  expect(another).toBeUndefined();
  return JSON.parse(JSON.stringify(document!.data));
}

/** A script with a new setting behind its learning rate. */
async function insert(text: string, key: string, value: string): Promise<string> {
  const [document] = await documentsOf(text, 'x.sh');
  const root = document!.nodes.get('') as MapNode;
  const holds = ({ key: name }: { key: string }) => /^(?:lr|BASE_LR)$/.test(name);
  const map = root.entries.some(holds) ? root : (root.entries.at(-1)!.node as MapNode);
  const edits = document!.notation.insert(document!, map, map.entries.find(holds), [{ key, value }]);
  return applyEdits(text, edits);
}

/** The lines of a script that a conversion to a quarter of the batch changes, as they are then. */
async function changedLines(text: string, options: Partial<ConvertOptions> = {}): Promise<string[]> {
  const ratio = options.to === undefined ? { by: 1 / 4 } : {};
  const { text: now } = await convertConfig({ file: 'x.sh', text }, { ...ratio, ...options });
  const before = text.split('\n');
  return now.split('\n').filter((line) => !before.includes(line));
}

/** The code and the message of what a conversion is refused with. */
async function refusal(text: string, options: Partial<ConvertOptions> = {}): Promise<string> {
  const problem = await changedLines(text, options).catch((error: unknown) => error);
  return `${(problem as { code?: string }).code}: ${(problem as Error).message}`;
}

it('a value of variables in several places is no part of the text between them', async () => {
  const script =
    'A="x y"\nB=3\nLR="0.1"\nO="--batch_size 8 --lr $LR --save $A$B/1 $B$A --beta1 0.9"\npython t.py $O --optimizer adamw\n';
  expect(await settings(script)).toMatchObject({ lr: 0.1, save: ['x', 'y3/1', '3x', 'y'] });
  expect(await changedLines(script)).toEqual([
    'LR="0.025"',
    'O="--batch_size 2 --lr $LR --save $A$B/1 $B$A --beta1 0.9740037"',
  ]);
});

it('a flag may take names with values', async () =>
  expect(await settings('python t.py --optimizer_args betas=0.9,0.99 weight_decay=0.1 --lr 0.1\n')).toEqual({
    betas: '0.9,0.99',
    weight_decay: 0.1,
    lr: 0.1,
  }));

describe('a new setting is written', () => {
  it.each<[string, string, string, string, string]>([
    [
      'with hyphens, as the other flags, whatever the launcher has',
      'torchrun --nproc_per_node 1 t.py --batch-size 8 --lr 0.1',
      'adam_beta1',
      '0.9',
      'torchrun --nproc_per_node 1 t.py --batch-size 8 --lr 0.1 --adam-beta1 0.9',
    ],
    [
      'with underscores, as most of the other flags',
      'python t.py --a-b 1 --batch_size 8 --save_steps 2 --lr=0.1',
      'adam_beta1',
      '0.9',
      'python t.py --a-b 1 --batch_size 8 --save_steps 2 --lr=0.1 --adam_beta1=0.9',
    ],
    [
      'without a mark of Hydra where none is there',
      'python -m skyrl.main trainer.lr=0.1',
      'betas',
      '[0.9,0.99]',
      "python -m skyrl.main trainer.lr=0.1 'trainer.betas=[0.9,0.99]'",
    ],
    [
      'as Hydra sets what may be there or not',
      'python -m a +b.c=1 trainer.lr=0.1',
      'betas',
      '[0.9,0.99]',
      "python -m a +b.c=1 trainer.lr=0.1 '++trainer.betas=[0.9,0.99]'",
    ],
    ['as words', 'python t.py --lr 0.1', 'betas', '[0.9,0.99]', 'python t.py --lr 0.1 --betas 0.9 0.99'],
    [
      'as a list of one in quotes, which a shell would match with names of files',
      'python t.py SOLVER.BASE_LR 0.1',
      'STEPS',
      '[30000]',
      "python t.py SOLVER.BASE_LR 0.1 SOLVER.STEPS '[30000]'",
    ],
  ])('%s', async (_story, script, key, value, expected) =>
    expect(await insert(script, key, value)).toBe(expected),
  );
});

describe('a file of settings beside the flags', () => {
  const script = (config: string) => `python train.py ${config} SOLVER.IMS_PER_BATCH 16 SOLVER.BASE_LR 0.1\n`;

  it.each(['--config-file a.yaml', '--config-file=a.yaml', '--config "$CONFIG"', '-c a.py', 'a.yaml'])(
    'may set what no flag sets, so no default is written: %s',
    async (config) => {
      expect(await refusal(script(config))).toMatch(/^cannot-insert: .*does not set it.*--no-insert/);
      expect(await changedLines(script(config), { insert: false })).toHaveLength(1);
    },
  );

  it.each(['', '--model-config a.json', '--deepspeed_config a.json', '--config-name base', '--data a.yaml'])(
    'is none: %s',
    async (config) => expect(await changedLines(script(config))).toHaveLength(1),
  );
});

describe('a command in a text that a shell is given', () => {
  const command = 'torchrun --nproc_per_node 8 t.py --lr 0.1 --batch-size 32 --optimizer sgd';
  it.each([
    `CMD="${command}"\neval $CMD\n`,
    `CMD="${command} > log.txt 2>&1"\neval "$CMD"\n`,
    `eval ${command}\n`,
    `bash -c "cd x && ${command} 2>&1 | tee log"\n`,
    `srun -l --output=x.log sh -c '\n  module load y; ${command}\n'\n`,
    `CMD="${command}"\nsrun bash -lc "$CMD"\n`,
  ])('%j', async (script) => {
    const { text, batch } = await convertConfig({ file: 'x.sh', text: script }, { by: 1 / 4 });
    expect(text).toBe(script.replace('0.1', '0.025').replace('32', '8'));
    expect(batch.from.global).toBe(256);
  });

  it('has quotes of its own', async () =>
    expect(await settings(`bash -c "python t.py --name 'a b' --lr '0.1'"`)).toEqual({
      name: 'a b',
      lr: 0.1,
    }));
});

describe('a launcher', () => {
  it.each([
    ['deepspeed --num_gpus 8 t.py --deepspeed ds.json', 8],
    ['deepspeed --num_gpus=2 --num_nodes=2 t.py --deepspeed', 4],
    ['deepspeed --include localhost:0,1 --master_port 1 t.py', 2],
    ['deepspeed -H hosts --num_gpus 4 --no_local_rank a/b.py', 4],
    ['composer -n 8 train/train.py', 8],
    ['python -m paddle.distributed.launch --gpus="0,1,2,3" t.py -o seed=1 -o depth=2', 4],
    ['srun -n 4 own-launcher --quiet train.py', 4],
  ])('counts devices: %s', async (start, devices) => {
    const text = `${start} --lr 0.1 --optimizer sgd --per_device_batch_size 32\n`;
    const { batch } = await convertConfig({ file: 'x.sh', text }, { by: 1 / 4 });
    expect(batch.from.world).toBe(devices);
  });
});

it('of a flag that stands twice the last holds, and it alone is changed', async () => {
  const script = 'python t.py --optimizer sgd --batch-size 32 \\\n  --lr 0.4 \\\n  --lr 0.1\n';
  expect(await changedLines(script)).toEqual([
    'python t.py --optimizer sgd --batch-size 8 \\',
    '  --lr 0.025',
  ]);
});

it('settings that a script is called with are asked for', async () =>
  expect(await refusal('torchrun --nproc_per_node=$1 train.py "$@"\n')).toMatch(
    /^not-a-training-config: .*; \$@ may stand for them: convert the command that calls this script/,
  ));

it('a value out of bounds in a key that the dialect knows to be none is no fault of a command', async () => {
  const script =
    'python -m main data.train_batch_size=0 actor_rollout_ref.actor.optim.lr=1e-6 actor_rollout_ref.actor.ppo_mini_batch_size=32\n';
  expect(await changedLines(script)).toEqual([
    "python -m main data.train_batch_size=0 actor_rollout_ref.actor.optim.lr=2.5e-7 'actor_rollout_ref.actor.optim.betas=[0.9740037,0.999749906]' actor_rollout_ref.actor.ppo_mini_batch_size=8",
  ]);
});

it.each([
  'A=(--lr 0.4)\nif [ "$L" ]; then A+=(--lr 0.1); fi\npython t.py --optimizer sgd --batch-size 32 "${A[@]}"\n',
  'A="--seed 1"\nif [ "$L" ]; then A="$A --lr 0.1"; else A="$A --lr 0.4"; fi\npython t.py --optimizer sgd --batch-size 32 $A\n',
])('a flag that branches give each another value is asked for: %j', async (script) =>
  expect(await refusal(script)).toMatch(/^duplicate-key: .*lr stands twice/),
);

it('a flag that one branch gives is converted there', async () =>
  expect(
    await changedLines(
      'A=(--lr 0.4)\nif [ "$L" ]; then\nA+=(--warmup_steps 100)\nfi\npython t.py --optimizer sgd --batch-size 32 "${A[@]}"\n',
    ),
  ).toEqual(['A=(--lr 0.1)', 'A+=(--warmup_steps 400)', expect.stringContaining('--batch-size 8')]));

it('devices that one branch gives its launcher are none in the others', async () => {
  const script =
    'L=(--mixed_precision bf16)\nif [ "$M" ]; then L+=(--num_processes 4); fi\naccelerate launch "${L[@]}" t.py --optimizer sgd --lr 0.1 --batch-size 32\n';
  expect(await refusal(script, { to: 8 })).toMatch(/--world N/);
});

it('a program that takes a file of code as a value starts none', async () =>
  expect(await settings('train sft --plugin a.py --lr 0.1\ntrue\n')).toEqual({ plugin: 'a.py', lr: 0.1 }));
