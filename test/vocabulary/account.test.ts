import { describe, expect, it } from 'vitest';
import type { Found } from '../../src/dialect/roles.ts';
import { accountOf } from '../../src/vocabulary/account.ts';
import type { OwnNames } from '../../src/vocabulary/own-names.ts';
import { readByName, rolesByName } from '../../src/vocabulary/reader.ts';
import { documentsOf } from '../helpers/parse.ts';
import { ROLE, refusalOf } from '../helpers/recipe.ts';

const TEXT = `lr: 0.1
betas: [0.9, 0.99]
mine: 5
said: 6
hidden: 512
sizes: [1, 2, {deep: 3}]
my_batch_size_two: 8
name: adam
nested: {noted: [7], beyond: {below: 9}}
`;

async function read(text: string, claimed: readonly Found[] = [], known: string[] = [], own: OwnNames = {}) {
  const [document] = await documentsOf(text);
  return { document: document!, reading: readByName(document!, claimed, new Set(known), own) };
}

/** The roles that were read, by pointer. */
async function rolesOf(text: string, own: OwnNames = {}, known: string[] = []) {
  const { reading } = await read(text, [], known, own);
  return Object.fromEntries(reading.found.flatMap(([at, what]) => ('role' in what ? [[at, what.role]] : [])));
}

describe('the account', () => {
  it('has every number in one of its four lists', async () => {
    const claimed: Found[] = [
      ['/mine', { role: ROLE.steps }],
      ['/said', { note: 'stays' }],
      ['/nested', { scope: 'optimizer' }],
      ['/nested/noted', { note: 'stays' }],
      ['/nested/beyond', { note: 'stays' }],
    ];
    const { document, reading } = await read(TEXT, claimed);
    expect(accountOf(document, claimed, reading)).toEqual({
      claimed: ['/mine', '/said', '/nested/noted/0', '/nested/beyond/below'],
      byName: ['/lr', '/betas/0', '/betas/1'],
      declared: ['/hidden', '/sizes/0', '/sizes/1', '/sizes/2/deep'],
      named: ['/my_batch_size_two'],
    });
  });

  it('claims a list with its entries, and nothing deeper', async () => {
    const claimed: Found[] = [['/a', { role: ROLE.steps }]];
    const { document, reading } = await read('a: [1, {b: 2, c: [3]}]\n', claimed);
    expect(accountOf(document, claimed, reading)).toMatchObject({
      claimed: ['/a/0'],
      declared: ['/a/1/b', '/a/1/c/0'],
    });
  });
});

describe('names of one’s own', () => {
  it('mean what they are said to mean, or nothing', async () => {
    const found = await rolesOf('bs: 8\nmy_lr: 0.1\nlr: 0.2\n', { bs: 'micro', lr: 'none' } as OwnNames);
    expect(found['/bs']).toMatchObject({ role: 'batch', part: 'micro' });
    expect(found).not.toHaveProperty(['/lr']);
  });
});

describe('a global batch', () => {
  const accumulates = async (text: string) => (await rolesOf(text))['/global_batch_size'];
  it('beside a micro batch alone leaves the accumulation to the trainer', async () => {
    expect(await accumulates('global_batch_size: 64\nmicro_batch_size: 8\n')).toHaveProperty(
      'accumulates',
      true,
    );
  });
  it.each(['', 'micro_batch_size: 8\naccumulate_grad_batches: 2\n'])('with %j does not', async (rest) => {
    const role = await accumulates(`global_batch_size: 64\n${rest}`);
    expect(role).toMatchObject({ part: 'global' });
    expect(role).not.toHaveProperty('accumulates');
  });
});

describe('values out of bounds', () => {
  it.each([
    ['lr: -0.1', 'lr'],
    ['lr: 0', 'lr must be > 0'],
    ['lr: 0.1\nmomentum: 1.5', 'momentum'],
    ['betas: [0.9, 1.5]', 'betas[1]'],
    ['betas: [-0.1, 0.9]', 'betas[0]'],
    ['batch_size: 0', 'batch_size'],
  ])('%s is refused', async (line, says) => {
    expect((await refusalOf(read(`${line}\n`))).says).toContain(says);
  });

  it('a rate of 0 is left where a warm-up begins with it, or a framework speaks of the file', async () => {
    expect(await rolesOf('lr: 0.1\ninitial_lr: 0\n')).not.toHaveProperty(['/initial_lr']);
    expect(await rolesOf('lr: 0\n', {}, ['x/y'])).not.toHaveProperty(['/lr']);
  });
});

describe('what is read depends on the block', () => {
  it('of a solver, max_iter is no length of a training', async () => {
    expect(await rolesOf('lr: 0.1\nmax_iter: 100\n')).toHaveProperty(['/max_iter']);
    expect(await rolesOf('solver_type: x\nmax_iter: 100\n')).not.toHaveProperty(['/max_iter']);
  });

  it('of an average that ramps up, inv_gamma is 1 where it is not said', async () => {
    const found = async (text: string) => (await read(text)).reading.found.map(([at]) => at);
    expect(await found('ema: {power: 0.75}\n')).toContain('/ema/inv_gamma');
    expect((await read('ema: {power: 0.75}\n')).reading.found).toContainEqual([
      '/ema/inv_gamma',
      { absent: { default: 1, role: { role: 'ramp-gamma' } } },
    ]);
    expect((await read('ema: {power: 0.75, inv_gamma: 2.0}\n')).reading.found).not.toContainEqual([
      '/ema/inv_gamma',
      expect.objectContaining({ absent: expect.anything() }),
    ]);
  });

  it('of an optimizer, the block is one', async () => {
    const scopes = async (text: string) =>
      (await read(text)).reading.found.flatMap(([at, what]) => ('scope' in what ? [at] : []));
    expect(await scopes('optim_g: {lr: 0.1}\noptim_d: {lr: 0.2, more: {optimizer: {lr: 1.0}}}\n')).toEqual([
      '/optim_g',
      '/optim_d',
    ]);
    expect(await scopes('a: {lr: 0.1}\nb: {c: 2}\npixel_opt: {d: 3}\n')).toEqual(['/a']);
    expect(await scopes('a: {lr: 0.1}\n')).toEqual(['/a']);
    const [document] = await documentsOf('a: {lr: 0.1}\n');
    const known: Found[] = [['/a', { scope: 'optimizer' }]];
    expect(readByName(document!, known, new Set()).found.filter(([, what]) => 'scope' in what)).toEqual([]);
  });
});

it('the roles of a file are known by its names alone', async () => {
  const [document] = await documentsOf('lr: -1\nbetas: [0.9, 0.99]\nbatch_size: 8\n');
  const names = rolesByName(document!);
  expect(['learning-rate', 'decay', 'batch'].filter((role) => !names.has(role))).toEqual([]);
  expect(names.has('count')).toBe(false);
});
