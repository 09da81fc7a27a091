import { describe, expect, it } from 'vitest';
import { checkPair } from '../../src/commands/check/check.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';
import { cli } from '../helpers/cli.ts';

const TORCHRUN = 'torchrun --nproc_per_node 8 train.py --output_dir out';

async function converted(text: string, options: ConvertOptions = {}, file = 'train.sh') {
  return (await convertConfig({ text, file }, { by: 0.5, ...options })).text;
}

/** A text in which what changes is written `<old|new>`, before and after. */
function sides(text: string): [before: string, after: string] {
  const side = (n: 1 | 2) => text.replace(/<([^<>|]*)\|([^<>]*)>/g, (...match) => match[n]);
  return [side(1), side(2)];
}

describe('the settings of a training command follow the batch where the script has them', () => {
  it.each([
    [
      'flags with values, in both spellings',
      `${TORCHRUN} \\\n  --per_device_train_batch_size <8|4> \\\n  --learning_rate <2e-5|1e-5> --adam_beta1 <0.9|0.9486833> --adam_beta2=<0.95|0.9746794>  # peak\n`,
    ],
    [
      'variables, with and without quotes',
      `LR=<2e-5|1e-5>\nexport BS="<8|4>"\n${TORCHRUN} --adam-beta1 <0.9|0.9486833> --adam-beta2 \${B2:-<0.95|0.9746794>} --learning_rate $LR --per_device_train_batch_size "\${BS}" --run_name "bs$BS-lr$LR"\n`,
    ],
    [
      'an array',
      `ARGS=(\n  --learning_rate <2e-5|1e-5> # peak\n  --adam_beta1 <0.9|0.9486833>\n  --adam_beta2 <0.95|0.9746794>\n)\nARGS+=(--per_device_train_batch_size <8|4>)\n${TORCHRUN} "\${ARGS[@]}" 2>&1 | tee log\n`,
    ],
    [
      'a text that is split into words',
      `OPTS=" \\\n  --learning_rate <2e-5|1e-5> \\\n  --adam_beta1 <0.9|0.9486833> \\\n  --adam_beta2 <0.95|0.9746794> "\nif [ -n "$BF16" ]; then OPTS="$OPTS --bf16"; fi\n${TORCHRUN} --per_device_train_batch_size <8|4> $OPTS\n`,
    ],
    [
      'key=value, as Hydra and OmegaConf have it',
      `python train.py optimizer=sgd optimizer.lr=<0.4|0.102633> ++optimizer.momentum=<0.9|0.9486833> +batch_size=<64|32> epochs=3\n`,
    ],
    [
      'pairs of a path and a value',
      `python train.py --num-gpus 8 SOLVER.IMS_PER_BATCH <16|8> SOLVER.BASE_LR <0.02|0.00513167><| SOLVER.WARMUP_ITERS 2000> SOLVER.MOMENTUM <0.9|0.9486833> SOLVER.MAX_ITER <90000|180000> SOLVER.STEPS "<(60000, 80000)|(120000, 160000)>"\n`,
    ],
  ])('%s', async (_story, text) => {
    const [before, after] = sides(text);
    expect(await converted(before)).toBe(after);
  });
});

describe('a default that the trainer is known to have is written as its neighbours are', () => {
  const [one, two] = ['0.9486833', '0.999499875'];
  it.each([
    [
      'on a line of its own',
      `${TORCHRUN} \\\n    --per_device_train_batch_size <8|4> \\\n    --learning_rate <2e-5|1e-5> \\<|\n    --adam_beta1 ${one} \\\n    --adam_beta2 ${two} \\>\n    --bf16\n`,
    ],
    [
      'at the end of the command',
      `${TORCHRUN} \\\n  --per-device-train-batch-size=<8|4> \\\n  --learning-rate=<2e-5|1e-5><| \\\n  --adam-beta1=${one} \\\n  --adam-beta2=${two}>\n`,
    ],
    [
      'in the same line',
      `${TORCHRUN} --per_device_train_batch_size <8|4> --learning_rate <2e-5|1e-5><| --adam_beta1 ${one} --adam_beta2 ${two}> --bf16\n`,
    ],
    [
      'in an array, without a backslash',
      `A=(\n  --per_device_train_batch_size <8|4>\n  --learning_rate <2e-5|1e-5><|\n  --adam_beta1 ${one}\n  --adam_beta2 ${two}>\n)\n${TORCHRUN} "\${A[@]}"\n`,
    ],
    [
      'in a text that is split into words',
      `A="--per_device_train_batch_size <8|4> --learning_rate <2e-5|1e-5><| --adam_beta1 ${one} --adam_beta2 ${two}>"\n${TORCHRUN} $A\n`,
    ],
  ])('%s', async (_story, text) => {
    const [before, after] = sides(text);
    expect(await converted(before, { dialect: 'hf-trainer' })).toBe(after);
  });
});

describe('of several training commands one is converted', () => {
  const text =
    'python train.py --lr 0.1 --momentum 0.9 --batch-size 64\npython train.py --lr 0.2 --momentum 0.9 --batch-size 32\npython eval.py --batch-size 8\n';

  it('which one has to be said', async () => {
    await expect(converted(text)).rejects.toMatchObject({
      code: 'several-experiments',
      message: expect.stringMatching(/2 training commands here, in lines 1, 2\. .*--at 1 or --at 2/),
    });
    expect(await converted(text, { at: '2' })).toBe(
      text.replace(
        '--lr 0.2 --momentum 0.9 --batch-size 32',
        '--lr 0.0513167 --momentum 0.9486833 --batch-size 16',
      ),
    );
    await expect(converted(text, { at: '3' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('a variable of both is not changed for one of them', async () => {
    const shared = `LR=0.1\n${text.replaceAll(/--lr \S+/g, '--lr $LR')}`;
    await expect(converted(shared, { at: '1' })).rejects.toMatchObject({
      code: 'alias-conflict',
      message: expect.stringMatching(/^lr must change, but line 3: lr uses the same text/),
    });
  });
});

describe('what the script does not say is not guessed', () => {
  it('a batch that is computed is asked for, and a value that it is computed from does not change', async () => {
    const text = `MICRO=2\nACC=$((64 / 4 / MICRO))\ntorchrun --nproc_per_node 4 train.py --per_device_train_batch_size $MICRO --gradient_accumulation_steps $ACC --learning_rate 1e-4 --adam_beta1 0.9 --adam_beta2 0.99\n`;
    await expect(converted(text)).rejects.toMatchObject({ code: 'interpolation' });
    const told = await converted(text, { by: undefined, from: 64, to: 32 } as unknown as ConvertOptions);
    expect(told).toBe(
      text.replace('1e-4', '5e-5').replace('0.9 ', '0.9486833 ').replace('0.99\n', '0.99498744\n'),
    );
  });

  it('a variable that depends on how the script runs', async () => {
    const text = `if [ "$1" = big ]; then LR=1e-3; else LR=1e-4; fi\npython train.py --lr $LR --beta1 0.9 --beta2 0.99 --batch-size 64\n`;
    await expect(converted(text)).rejects.toMatchObject({
      code: 'half-converted',
      message: expect.stringContaining('$LR'),
    });
  });

  it('more arguments from elsewhere are named', async () => {
    const text = 'python train.py --lr 1e-3 --beta1 0.9 --beta2 0.99 --batch-size 64 "$@"\n';
    const { warnings } = await convertConfig({ text, file: 'x.sh' }, { by: 0.5 });
    expect(warnings).toContainEqual(
      expect.objectContaining({ code: 'settings-unread', message: expect.stringContaining('$@') }),
    );
  });

  it('a script without a training', async () => {
    await expect(converted('pip install x\npython eval.py --split test\n')).rejects.toMatchObject({
      code: 'not-a-training-config',
    });
  });
});

describe('devices', () => {
  it.each([
    ['torchrun --nproc_per_node=4 --nnodes 2 t.py', 8],
    ['python -m torch.distributed.launch --nproc_per_node=4 --use_env t.py', 4],
    ['accelerate launch --num_processes 4 --num_machines 2 t.py', 4],
    ['CUDA_VISIBLE_DEVICES=0,3 python t.py', 2],
    ['deepspeed --include localhost:1,2 t.py', 2],
    ['srun -n 16 python t.py', 16],
    ['mpirun -np 4 python t.py', 4],
  ])('%s: %i', async (launch, devices) => {
    const text = `${launch} --per_device_train_batch_size 8 --learning_rate 1e-3 --adam_beta1 0.9 --adam_beta2 0.99 --output_dir o\n`;
    const { batch } = await convertConfig({ text, file: 'x.sh' }, { by: 0.5 });
    expect(batch.from.global).toBe(8 * devices);
  });

  it.each([
    ['#SBATCH --nodes=2\n#SBATCH --ntasks-per-node 4\nsrun python t.py', 8],
    [
      '#SBATCH --nodes=2\n#SBATCH --gres=gpu:a100:4\nsrun torchrun --nproc_per_node 4 --nnodes $SLURM_NNODES t.py',
      8,
    ],
    ['#SBATCH --gpus-per-node=4\npython t.py', 4],
  ])('%s: %i', async (launch, devices) => {
    const text = `#!/bin/bash\n${launch} --per_device_train_batch_size 8 --learning_rate 1e-3 --adam_beta1 0.9 --adam_beta2 0.99 --output_dir o\n`;
    const { batch } = await convertConfig({ text, file: 'job' }, { by: 0.5 });
    expect(batch.from.global).toBe(8 * devices);
  });
});

describe('commands in YAML', () => {
  const flags =
    '--learning_rate <2e-5|1e-5> --per_device_train_batch_size <8|4> --adam_beta1 <0.9|0.9486833> --adam_beta2 <0.95|0.9746794>';
  it.each([
    [
      'a script in a block',
      `resources: {accelerators: A100:8}\nrun: |\n  cd x # here\n  ${TORCHRUN} \\\n    ${flags}\nsetup: pip install x\n`,
    ],
    ['a folded text', `name: x\nentrypoint: >-\n  ${TORCHRUN}\n  ${flags}\n`],
    [
      'a text in quotes',
      `apiVersion: v1\nkind: Pod\nspec:\n  command: ["sh", "-c", "${TORCHRUN} ${flags}"]\n`,
    ],
    [
      'a list of words',
      `apiVersion: v1\nkind: Pod\nspec:\n  command: [torchrun]\n  args:\n${`--nproc_per_node=8 train.py ${flags}`
        .split(' ')
        .map((word) => `    - "${word}"  # w\n`)
        .join('')}`,
    ],
  ])('%s', async (_story, text) => {
    const [before, after] = sides(text);
    expect(await converted(before, {}, 'job.yaml')).toBe(after);
  });

  it('a default goes into a list of words as words', async () => {
    const text =
      'kind: Pod\napiVersion: v1\nspec:\n  args: [torchrun, --nproc_per_node, "8", t.py, --learning_rate, "1e-4", --per_device_train_batch_size, "8"]\n';
    expect(await converted(text, { dialect: 'hf-trainer' }, 'pod.yaml')).toContain(
      '--learning_rate, "5e-5", --adam_beta1, "0.9486833", --adam_beta2, "0.999499875", --per_device_train_batch_size, "4"]',
    );
  });
});

it('a check points to the flag', async () => {
  const before = `${TORCHRUN} --per_device_train_batch_size 8 --learning_rate 2e-5 --adam_beta1 0.9 --adam_beta2 0.95\n`;
  const now = before.replace('size 8', 'size 4').replace('2e-5', '1e-5').replace('0.9 ', '0.9486833 ');
  const [{ findings } = { findings: [] }] = [
    await checkPair({ text: before, file: 'a.sh' }, { text: now, file: 'b.sh' }, {}),
  ].flat();
  expect(findings).toMatchObject([{ code: 'not-converted', offset: now.indexOf('0.95') }]);
});

describe('a command line behind --', () => {
  const command = [
    'torchrun',
    '--nproc_per_node',
    '8',
    'train.py',
    '--per_device_train_batch_size',
    '8',
    '--learning_rate',
    '2e-5',
    '--adam_beta1',
    '0.9',
    '--adam_beta2',
    '0.95',
    '--output_dir',
    "it's here",
  ];

  it('is printed with its new values, quoted for a shell', async () => {
    const { code, stdout } = await cli(['--to', '32', '-q', '--', ...command]);
    expect(code).toBe(0);
    expect(stdout).toBe(
      "torchrun --nproc_per_node 8 train.py --per_device_train_batch_size 4 --learning_rate 1e-5 --adam_beta1 0.9486833 --adam_beta2 0.9746794 --output_dir 'it'\\''s here'\n",
    );
  });

  it('messages name it', async () => {
    const { code, stderr } = await cli([
      '--to',
      '24',
      '--',
      ...command,
      '--gradient_accumulation_steps',
      'x',
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^<command>:1:\d+: gradient_accumulation_steps must be/);
  });
});
