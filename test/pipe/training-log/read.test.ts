import { describe, expect, it } from 'vitest';
import { findColumn, namedColumn } from '../../../src/pipe/training-log/columns.ts';
import { readTrainingLog } from '../../../src/pipe/training-log/read.ts';

const read = (text: string) => readTrainingLog({ file: 'log', text });

/** Logs as they are written, each with three steps of one norm: 2, 1.5 and 1. */
const LOGS: Readonly<Record<string, string>> = {
  'a dashboard’s export, quoted, with the run’s name and the extremes': [
    '"Step","bert-small, lr 1e-4 - train/grad_norm","bert-small, lr 1e-4 - train/grad_norm__MIN","bert-small, lr 1e-4 - train/grad_norm__MAX"',
    '"10","2","2","2"',
    '"20","1.5","1.5","1.5"',
    '"30","1","1","1"',
  ].join('\n'),
  'a dashboard’s export of one curve':
    'Wall time,Step,Value\n1700000000.5,10,2\n1700000001.5,20,1.5\n1700000002.5,30,1\n',
  'a trainer’s state': JSON.stringify({
    best_metric: null,
    log_history: [
      { step: 10, loss: 3, grad_norm: 2 },
      { step: 20, loss: 2, grad_norm: 1.5 },
      { step: 20, eval_loss: 2 },
      { step: 30, loss: 1, grad_norm: 1 },
    ],
  }),
  'JSON lines, the last of them cut':
    '{"step": 10, "grad_norm": 2}\n{"step": 20, "grad_norm": 1.5}\n{"step": 30, "grad_norm": 1}\n{"step": 4',
  'JSON lines with NaN, as Python writes it':
    '{"step": 10, "grad_norm": 2, "loss": NaN}\n{"step": 20, "grad_norm": 1.5, "loss": -Infinity}\n{"step": 30, "grad_norm": 1}\n',
  'JSON lines with groups':
    '{"_step": 10, "train": {"grad_norm": 2}}\n{"_step": 20, "train": {"grad_norm": 1.5}}\n{"_step": 30, "train": {"grad_norm": 1}}',
  'a metrics.csv whose rows hold different metrics':
    'epoch,grad_norm,step,train_loss,val_loss\n0,2,10,3,\n0,,10,,2.9\n0,1.5,20,2,\n1,1,30,1,\n',
  'CSV with semicolons, a byte order mark and Windows line ends':
    '\ufeffstep;grad_norm\r\n10;2\r\n20;1.5\r\n30;1\r\n',
  'CSV with tabs': 'step\tgrad_norm\n10\t2\n20\t1.5\n30\t1\n',
  'CSV with a quoted line break and quotes in a field':
    'step,note,grad_norm\n10,"says ""stop"",\nand goes on",2\n20,,1.5\n30,,1\n',
};

describe('a log is read', () => {
  it.each(Object.entries(LOGS))('%s', async (_, text) => {
    const log = await read(text);
    const [norm, step] = [findColumn(log, 'stepNorm')!, findColumn(log, 'step')!];
    const rows = norm.values.flatMap((n, i) => (Number.isFinite(n) ? [[step.values[i], n]] : []));
    expect(rows).toEqual([
      [10, 2],
      [20, 1.5],
      [30, 1],
    ]);
  });

  it.each([
    ['nothing', ' \n', /^log: the log is empty$/],
    ['a quote that never ends', 'step,"grad_norm\n1,2\n', /^log: the log is neither JSON nor CSV: /],
    [
      'broken JSON in the middle',
      '{"step": 1}\n{"step": \n{"step": 3}\n',
      /^log: line 2 of the log is not JSON: "\{"step":"/,
    ],
  ])('or refused: %s', async (_, text, message) => {
    const error = await read(text).catch((e) => e);
    expect(error.format()).toMatch(message);
  });
});

describe('a column is found', () => {
  const log = (header: string) => read(`${header}\n${header.split(',').map((_, i) => i + 1)}\n`);
  it.each([
    ['microNorm', 'step,grad_norm_micro,grad_norm_step', 'grad_norm_micro'],
    ['stepNorm', 'step,grad_norm_micro,grad_norm_step', 'grad_norm_step'],
    ['microNorm', 'train/grad_norm,train/local_grad_norm', 'train/local_grad_norm'],
    ['stepNorm', 'train/grad_norm,train/local_grad_norm', 'train/grad_norm'],
    ['stepNorm', 'grad_2.0_norm_total,loss', 'grad_2.0_norm_total'],
    ['heldOutLoss', 'loss,eval/loss', 'eval/loss'],
    ['trainLoss', 'loss,eval/loss', 'loss'],
    ['trainLoss', 'val_loss,train_loss_step,train_loss_epoch', 'train_loss_step'],
    ['step', 'Step,train/global_step', 'train/global_step'],
    ['samples', 'iteration,consumed_samples', 'consumed_samples'],
  ] as const)('%s in %s', async (sought, header, name) => {
    expect(findColumn(await log(header), sought)!.name).toBe(name);
  });

  it('by the end of its name', async () => {
    expect(namedColumn(await log('a - train/norm,b'), 'train/norm').name).toBe('a - train/norm');
  });

  it('not where two runs have it: the user says which', async () => {
    const two = await log('Step,run-1 - grad_norm,run-2 - grad_norm');
    expect(() => findColumn(two, 'stepNorm')).toThrow(
      'several columns could be meant: "run-1 - grad_norm", "run-2 - grad_norm"; say which with --column NAME',
    );
    expect(() => namedColumn(two, 'grad_norm')).toThrow('several columns end in "grad_norm"');
    expect(() => namedColumn(two, 'gnorm')).toThrow('there is no column "gnorm"; it has Step, run-1');
  });
});
