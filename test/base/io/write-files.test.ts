import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { appendText, type FileText, writeFiles } from '../../../src/base/io/write-files.ts';
import { Problem } from '../../../src/base/problem.ts';
import { run } from '../../../src/cli.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});
const path = (name: string) => join(cwd, name);
const put = (name: string, text: string) => writeFileSync(path(name), text);
const read = (name: string) => readFileSync(path(name), 'utf8');

/** Writes files in the test's folder. @returns the refusal, if there is one */
function write(...files: FileText[]): string | undefined {
  const { stdout, stderr } = process;
  try {
    writeFiles(files, { cwd, stdout, stderr });
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return `${error.code}: ${error.format()}`;
    throw error;
  }
}
const rewrite = (file: string, before: string, text: string) => ({ file, before, text });

describe('several files: all or none', () => {
  beforeEach(() => {
    put('a', 'old a');
    put('b', 'old b');
  });
  const both = [rewrite('a', 'old a', 'new a'), rewrite('b', 'old b', 'new b')];

  it('all', () => {
    expect(write(...both)).toBeUndefined();
    expect([read('a'), read('b'), readdirSync(cwd)]).toEqual(['new a', 'new b', ['a', 'b']]);
  });

  it('none where one cannot be written: that is known before the first', () => {
    expect(write(...both, { file: 'missing/c', text: 'new' })).toBe(
      'unwritable: missing/c: cannot be written: there is no such folder',
    );
    expect([read('a'), read('b'), readdirSync(cwd)]).toEqual(['old a', 'old b', ['a', 'b']]);
  });

  const full = process.platform === 'linux';
  if (!full) console.log('SKIPPED: a device without room (only Linux has /dev/full)');
  it.skipIf(!full)('those before one that fails when its turn comes are put back as they were', () => {
    chmodSync(path('a'), 0o640);
    expect(write(...both, { file: 'new', text: 'new' }, { file: '/dev/full', text: 'new' })).toBe(
      'unwritable: /dev/full: cannot be written: the disk is full',
    );
    expect([read('a'), read('b'), readdirSync(cwd)]).toEqual(['old a', 'old b', ['a', 'b']]);
    expect(statSync(path('a')).mode & 0o777).toBe(0o640);
  });

  it.skipIf(!full)('what cannot be put back is named', () => {
    expect(write(both[0]!, { file: '/dev/null', text: 'new' }, { file: '/dev/full', text: 'new' })).toBe(
      'unwritable: /dev/full: cannot be written: the disk is full; /dev/null has been written',
    );
    expect(read('a')).toBe('old a');
  });

  it('a file under two names is written once, and refused where the two are to differ', () => {
    symlinkSync('a', path('link'));
    expect(write(both[0]!, rewrite('link', 'old a', 'new a'))).toBeUndefined();
    expect(read('a')).toBe('new a');
    expect(write(rewrite('a', 'new a', 'x'), rewrite('link', 'new a', 'y'))).toBe(
      'unwritable: link: is the same file as a; name it once',
    );
    expect([read('a'), readdirSync(cwd)]).toEqual(['new a', ['a', 'b', 'link']]);
  });
});

describe('a file that is not any more what was read', () => {
  it.each([
    ['edited', () => appendFileSync(path('a'), '# mine\n'), 'old a# mine\n'],
    ['replaced', () => put('a', 'another'), 'another'],
  ])('%s: refused, and so are the others', (_, edit, now) => {
    put('a', 'old a');
    put('b', 'old b');
    edit();
    expect(write(rewrite('b', 'old b', 'new b'), rewrite('a', 'old a', 'new a'))).toMatch(
      /^changed: a: was changed/,
    );
    expect([read('a'), read('b'), readdirSync(cwd)]).toEqual([now, 'old b', ['a', 'b']]);
  });

  it('removed: refused, and not created again', () => {
    expect(write(rewrite('a', 'old a', 'new a'))).toMatch(/^changed: a: was changed/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('to the new text by another run: refused too, since --by 2 twice is another batch', () => {
    put('a', 'new a');
    expect(write(rewrite('a', 'old a', 'new a'))).toMatch(/^changed: a: was changed/);
  });

  it('is found while the command runs: exit 2, the edit stays', async () => {
    put('run.yaml', 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\n');
    let said = '';
    const stderr = {
      write(text: string) {
        // The table comes before the file is written.
        if (said === '') appendFileSync(path('run.yaml'), 'seed: 1\n');
        said += text;
      },
    };
    const code = await run(['run.yaml', '--to', '64', '--world', '1', '--write'], {
      stdin: (async function* () {})(),
      stdout: { write: () => {} },
      stderr,
      env: {},
      cwd,
    });
    expect(code).toBe(2);
    expect(said).toMatch(/run\.yaml: was changed by somebody else.*Nothing was written; run it again\n$/);
    expect(said).not.toContain('run.yaml written');
    expect(read('run.yaml')).toBe('per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nseed: 1\n');
  });
});

describe('links', () => {
  it('a symbolic link through others stays one, and the file behind it is written', () => {
    put('a', 'old');
    symlinkSync('a', path('first'));
    symlinkSync('first', path('second'));
    expect(write(rewrite('second', 'old', 'new'))).toBeUndefined();
    expect([read('a'), lstatSync(path('second')).isSymbolicLink()]).toEqual(['new', true]);
  });

  it('links that end at nothing lead to the file that is created', () => {
    symlinkSync('first', path('second'));
    symlinkSync('a', path('first'));
    expect(write({ file: 'second', text: 'new' })).toBeUndefined();
    expect([read('a'), readdirSync(cwd)]).toEqual(['new', ['a', 'first', 'second']]);
  });

  it('links in a circle are refused', () => {
    symlinkSync('first', path('second'));
    symlinkSync('second', path('first'));
    expect(write({ file: 'second', text: 'new' })).toMatch(/^unwritable: second: cannot be written: .*ELOOP/);
  });

  it('one of several names of a file is refused with what to type, and the names stay together', () => {
    put('a', 'old');
    linkSync(path('a'), path('b'));
    expect(write(rewrite('a', 'old', 'new'))).toMatch(
      /^unwritable: a: is one of 2 names .*cp -p a a\.own && mv a\.own a/,
    );
    expect([read('a'), read('b'), statSync(path('a')).nlink, readdirSync(cwd)]).toEqual([
      'old',
      'old',
      2,
      ['a', 'b'],
    ]);
  });
});

describe('temporary files of killed runs', () => {
  const LEFT = '.a.rebatch-0123456789ab.tmp';
  beforeEach(() => {
    put('a', 'old');
    put(LEFT, 'half');
  });

  it.each([
    ['that writes the file', 'new'],
    ['that finds nothing to change', 'old'],
  ])('go with the next run %s', (_, text) => {
    expect(write(rewrite('a', 'old', text))).toBeUndefined();
    expect([read('a'), readdirSync(cwd)]).toEqual([text, ['a']]);
  });

  it('of other files, and files that only look like them, stay', () => {
    const others = [
      '.ab.rebatch-0123456789ab.tmp',
      '.a.rebatch-0123456789abc.tmp',
      '.a.rebatch-mine.tmp',
      '.a.tmp',
    ];
    for (const name of others) put(name, '');
    write(rewrite('a', 'old', 'new'));
    expect(readdirSync(cwd)).toEqual([...others, 'a'].sort());
  });

  it('have room for a name as long as names may be', () => {
    const name = `${'ä'.repeat(125)}.yml`;
    put(name, 'old');
    expect(write(rewrite(name, 'old', 'new'))).toBeUndefined();
    expect(read(name)).toBe('new');
  });
});

describe('a file that is added to', () => {
  it('is created, then grows', () => {
    const world = { cwd };
    appendText('a', 'one\n', world);
    appendText('a', 'two\n', world);
    expect(read('a')).toBe('one\ntwo\n');
  });

  it('is refused by name', () => {
    expect(() => appendText('.', 'x', { cwd })).toThrow(/^cannot be written: it is a folder$/);
  });
});
