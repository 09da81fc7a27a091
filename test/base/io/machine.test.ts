import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  mayBeNobody,
  mayMount,
  NOBODY,
  shell,
  shellWithMounts,
  unprivileged,
} from '../../helpers/machine.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const CONFIG = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\n';
const TO_64 = '--to 64 --world 1';
/** About 200 kB: more than a pipe holds. */
const LARGE = `${CONFIG}${'# abcdefghijklmnopq\n'.repeat(10_000)}`;
const CONVERTED = 'per_device_train_batch_size: 64\nlearning_rate: 1.6e-04\n';

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
  chmodSync(cwd, 0o777);
  for (const name of ['a.yaml', 'b.yaml', 'c.yaml']) writeFileSync(join(cwd, name), CONFIG);
});
const read = (name: string) => readFileSync(join(cwd, name), 'utf8');
const status = (name: string) => statSync(join(cwd, name));

const posix = process.platform !== 'win32';
if (!posix) console.log('SKIPPED: streams, users and mounts of Unix');
const linux = process.platform === 'linux';
if (posix && !linux) console.log('SKIPPED: a device without room (only Linux has /dev/full)');

describe.skipIf(!linux)('a stream without room: exit 2, and the message where it can be read', () => {
  const FULL = 'standard output: cannot be written: the disk is full. What it holds now is incomplete\n';
  it.each([
    ['text', `a.yaml ${TO_64} -q`],
    ['JSON', `a.yaml ${TO_64} -q --json`],
    ['SARIF', 'check a.yaml --world 1 --format sarif'],
    ['completions', 'completion bash'],
    ['help', '--help'],
  ])('%s', (_, args) => {
    expect(shell(`$NODE $REBATCH ${args} > /dev/full`, cwd)).toEqual({ code: 2, stdout: '', stderr: FULL });
  });

  it('nothing is rewritten where the changes cannot be told', () => {
    expect(shell(`$NODE $REBATCH a.yaml ${TO_64} --write 2> /dev/full`, cwd).code).toBe(2);
    expect(read('a.yaml')).toBe(CONFIG);
  });

  it('both streams: only the exit code is left', () => {
    expect(shell(`$NODE $REBATCH a.yaml ${TO_64} > /dev/full 2>&1`, cwd)).toEqual({
      code: 2,
      stdout: '',
      stderr: '',
    });
  });

  it('as a file that is named', () => {
    expect(shell(`$NODE $REBATCH a.yaml ${TO_64} -q -o /dev/full`, cwd)).toEqual({
      code: 2,
      stdout: '',
      stderr: '/dev/full: cannot be written: the disk is full\n',
    });
  });
});

describe.skipIf(!posix)('a reader that has seen enough is no error', () => {
  it('of standard output', () => {
    writeFileSync(join(cwd, 'large.yaml'), LARGE);
    const { stdout, stderr } = shell(
      `{ $NODE $REBATCH large.yaml ${TO_64} -q; echo $? >&2; } | head -1`,
      cwd,
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'per_device_train_batch_size: 64\n', stderr: '0\n' });
  });

  it('of standard error: the result is whole', () => {
    const script = `{ $NODE $REBATCH a.yaml ${TO_64} 2>&1 >out.yaml; echo $? >code; } | true`;
    expect(shell(script, cwd).code).toBe(0);
    expect(read('code')).toBe('0\n');
    expect(read('out.yaml')).toContain(CONVERTED);
  });

  it('who is slow gets everything, also through a pipe that another program left unwilling to wait', () => {
    writeFileSync(join(cwd, 'large.yaml'), LARGE);
    const unwilling = `$NODE -e 'process.stdout; process.kill(process.pid, "SIGKILL")'`;
    const script = `{ ${unwilling}; $NODE $REBATCH large.yaml ${TO_64} -q; } | { sleep 1; wc -l; }`;
    expect(shell(script, cwd).stdout.trim()).toBe('10004');
  });

  it('streams that are closed from the start hold up nothing', () => {
    expect(shell(`$NODE $REBATCH a.yaml ${TO_64} --write >&- 2>&-`, cwd).code).toBe(0);
    expect(read('a.yaml')).toContain(CONVERTED);
  });

  it('-o /dev/stdout adds to what stands there', () => {
    const { stdout } = shell(
      `echo first > log; $NODE $REBATCH a.yaml ${TO_64} -q -o /dev/stdout >> log; cat log`,
      cwd,
    );
    expect(stdout).toMatch(/^first\nper_device_train_batch_size: 64\n/);
  });
});

if (posix && !mayMount)
  console.log(
    'SKIPPED: full disks, mount points, read-only mounts (unshare --mount is not permitted; run as root)',
  );
describe.skipIf(!mayMount)('mounts', () => {
  const SMALL = 'mkdir small && mount -t tmpfs -o size=64k none small';
  beforeEach(() => writeFileSync(join(cwd, 'large.yaml'), LARGE));

  it('a disk that fills up under standard output: exit 2', () => {
    const { stdout, stderr } = shellWithMounts(
      `${SMALL}; $NODE $REBATCH large.yaml ${TO_64} -q > small/out.yaml; echo $? $(stat -c %s small/out.yaml)`,
      cwd,
    );
    expect(stdout).toBe('2 65536\n');
    expect(stderr).toMatch(/the disk is full\. What it holds now is incomplete\n$/);
  });

  it('a full disk: no file is rewritten, and nothing else stays', () => {
    const { stdout, stderr } = shellWithMounts(
      `${SMALL}; cp a.yaml b.yaml small; head -c 40000 large.yaml > small/c.yaml; cat small/c.yaml > before.yaml
       $NODE $REBATCH small/*.yaml ${TO_64} --write -q; echo $?
       cmp a.yaml small/a.yaml && cmp b.yaml small/b.yaml && cmp before.yaml small/c.yaml && ls -A small`,
      cwd,
    );
    expect({ stdout, stderr }).toEqual({
      stdout: '2\na.yaml\nb.yaml\nc.yaml\n',
      stderr: 'small/c.yaml: cannot be written: the disk is full\n',
    });
  });

  it('a file that is a mount point, as in a container, is written in place, longer or shorter', () => {
    const { stdout } = shellWithMounts(
      `touch here.yaml && mount --bind a.yaml here.yaml
       $NODE $REBATCH here.yaml ${TO_64} --write -q; echo $?; head -2 a.yaml; cmp a.yaml here.yaml
       $NODE $REBATCH here.yaml --to 8 --world 1 --write -q; echo $?; cat a.yaml; ls -A`,
      cwd,
    );
    expect(stdout).toBe(
      `0\n${CONVERTED}0\n${CONFIG}adam_beta1: 0.9\nadam_beta2: 0.999\na.yaml\nb.yaml\nc.yaml\nhere.yaml\nlarge.yaml\n`,
    );
  });

  it('three files, the third a mount point on a full disk: all are as they were', () => {
    const { stdout, stderr } = shellWithMounts(
      `${SMALL}; cp a.yaml small/far.yaml; touch far.yaml
       printf '#%04095d' 0 > pad && head -c $((4096 - $(stat -c %s a.yaml) - 1)) pad >> small/far.yaml && echo >> small/far.yaml
       cat small/far.yaml > before.yaml; cat /dev/zero > small/rest 2> no-room
       mount --bind small/far.yaml far.yaml
       $NODE $REBATCH a.yaml b.yaml far.yaml ${TO_64} --write -q; echo $?
       cmp a.yaml c.yaml && cmp b.yaml c.yaml && cmp far.yaml before.yaml && ls -A | grep -c tmp`,
      cwd,
    );
    expect({ stdout, stderr }).toEqual({
      stdout: '2\n0\n',
      stderr: 'far.yaml: cannot be written: the disk is full\n',
    });
  });

  it('a file in a folder that is mounted read-only is refused; one mounted into it is written', () => {
    const { stdout, stderr } = shellWithMounts(
      `mkdir folder && cp a.yaml folder/fixed.yaml && touch folder/open.yaml
       mount --bind folder folder && mount -o remount,bind,ro folder && mount --bind b.yaml folder/open.yaml
       $NODE $REBATCH folder/fixed.yaml ${TO_64} --write -q; echo $?; cmp a.yaml folder/fixed.yaml
       $NODE $REBATCH folder/open.yaml ${TO_64} --write -q; echo $?; head -2 b.yaml`,
      cwd,
    );
    expect({ stdout, stderr }).toEqual({
      stdout: `2\n0\n${CONVERTED}`,
      stderr: 'folder/fixed.yaml: cannot be written: the file system is read-only\n',
    });
  });
});

if (posix && !mayBeNobody)
  console.log(
    'SKIPPED: users without rights (setpriv cannot become nobody here; run as another user than root)',
  );
describe.skipIf(!posix || !mayBeNobody)('users', () => {
  const root = process.getuid?.() === 0;
  const own = (name: string) => {
    if (root) chownSync(join(cwd, name), NOBODY, NOBODY);
  };
  const rewrite = (...names: string[]) => unprivileged([...names, ...TO_64.split(' '), '--write', '-q'], cwd);

  it('a file that one may not write is refused, although its folder would let it be replaced', () => {
    for (const name of ['a.yaml', 'b.yaml', 'c.yaml']) own(name);
    chmodSync(join(cwd, 'c.yaml'), 0o444);
    expect(rewrite('a.yaml', 'b.yaml', 'c.yaml')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'c.yaml: cannot be written: permission denied\n',
    });
    expect([read('a.yaml'), read('b.yaml'), readdirSync(cwd)]).toEqual([
      CONFIG,
      CONFIG,
      ['a.yaml', 'b.yaml', 'c.yaml'],
    ]);
  });

  it('one’s own file in a folder that one may not write is written in place', () => {
    own('a.yaml');
    chmodSync(cwd, 0o555);
    const { ino } = status('a.yaml');
    expect(rewrite('a.yaml')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect([read('a.yaml').startsWith(CONVERTED), status('a.yaml').ino]).toEqual([true, ino]);
    chmodSync(cwd, 0o777);
  });

  it('a folder that one may not write takes no new file', () => {
    chmodSync(cwd, 0o555);
    const args = ['a.yaml', ...TO_64.split(' '), '-q', '-o', 'new.yaml'];
    expect(unprivileged(args, cwd)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'new.yaml: cannot be written: permission denied\n',
    });
    chmodSync(cwd, 0o777);
  });

  if (!root) console.log('SKIPPED: files of other users (only root can make them; run as root)');
  it.skipIf(!root)('somebody else’s file that one may write stays theirs', () => {
    for (const [name, mode] of [
      ['a.yaml', 0o666],
      ['b.yaml', 0o646],
    ] as const) {
      chownSync(join(cwd, name), 1234, 5678);
      chmodSync(join(cwd, name), mode);
      expect(rewrite(name)).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(read(name)).toContain(CONVERTED);
      expect(status(name)).toMatchObject({ uid: 1234, gid: 5678, mode: 0o100000 | mode });
    }
    expect(readdirSync(cwd)).toEqual(['a.yaml', 'b.yaml', 'c.yaml']);
  });

  it.skipIf(!root)('in a folder like /tmp, too, where only owners may rename', () => {
    mkdirSync(join(cwd, 'sticky'));
    chmodSync(join(cwd, 'sticky'), 0o1777);
    writeFileSync(join(cwd, 'sticky/run.yaml'), CONFIG);
    chmodSync(join(cwd, 'sticky/run.yaml'), 0o666);
    expect(rewrite('sticky/run.yaml')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect([read('sticky/run.yaml').startsWith(CONVERTED), readdirSync(join(cwd, 'sticky'))]).toEqual([
      true,
      ['run.yaml'],
    ]);
  });

  it.skipIf(!root)('root keeps owner, group and mode, special bits included', () => {
    chownSync(join(cwd, 'a.yaml'), 1234, 5678);
    chmodSync(join(cwd, 'a.yaml'), 0o6751);
    const { ino } = status('a.yaml');
    expect(shell(`$NODE $REBATCH a.yaml ${TO_64} --write -q`, cwd).code).toBe(0);
    expect(status('a.yaml')).toMatchObject({ uid: 1234, gid: 5678, mode: 0o106751 });
    expect([read('a.yaml').startsWith(CONVERTED), status('a.yaml').ino === ino]).toEqual([true, false]);
  });
});
