import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { programOf } from '../../../src/commands/check/git-program.ts';
import { cli } from '../../helpers/cli.ts';
import { type Repository, repository } from '../../helpers/repository.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const CONFIG = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\n';
const BATCH_ALONE = CONFIG.replace('8', '64');

/** Exit code and first finding of each file. */
async function judged(cwd: string, base: string, ...files: string[]) {
  const { code, stdout, stderr } = await cli(['check', `--base=${base}`, ...files, '--json'], { cwd });
  if (code === 2) return { code, stderr };
  const reports = [JSON.parse(stdout)].flat() as { findings: { code: string; message: string }[] }[];
  return { code, first: reports.map((report) => report.findings[0]?.code) };
}

/** A program that notes its name in a folder when it runs. */
function canary(ran: string, name: string, then = 'exit 1'): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, `#!/bin/sh\n: > '${ran}/${name}'\n${then}\n`);
  chmodSync(file, 0o755);
  return file;
}

let repo: Repository;
let ran: string;
const programs = () => readdirSync(ran);
beforeEach(() => {
  ran = temporaryFolder();
  repo = repository();
  repo.write('run.yaml', CONFIG);
  repo.write('other.yaml', `${CONFIG}seed: 1\n`);
  repo.commit();
});

describe('running rebatch in a repository runs none of its programs', () => {
  /** Makes git run a canary wherever its settings can name a program. */
  function mine(): void {
    for (const [key, program] of [
      ['core.fsmonitor', canary(ran, 'fsmonitor')],
      ['core.pager', canary(ran, 'pager', 'cat')],
      ['core.sshCommand', canary(ran, 'ssh')],
      ['core.editor', canary(ran, 'editor')],
      ['core.askPass', canary(ran, 'askpass')],
      ['credential.helper', canary(ran, 'credential')],
      ['diff.external', canary(ran, 'external')],
      ['diff.mine.command', canary(ran, 'driver')],
      ['diff.mine.textconv', canary(ran, 'textconv', 'cat "$1"')],
      ['filter.mine.clean', canary(ran, 'clean', 'cat')],
      ['filter.mine.smudge', canary(ran, 'smudge', 'cat')],
      ['gpg.program', canary(ran, 'gpg')],
    ] as const)
      repo.git('config', key, program);
    for (const key of ['pager.diff', 'pager.cat-file', 'pager.rev-parse']) repo.git('config', key, 'true');
    for (const name of ['diff-index', 'cat-file', 'rev-parse', 'ls-tree'])
      repo.git('config', `alias.${name}`, `!${canary(ran, 'alias')}`);
    const hooks = temporaryFolder();
    for (const hook of ['post-index-change', 'reference-transaction', 'post-checkout', 'fsmonitor-watchman'])
      writeFileSync(join(hooks, hook), `#!/bin/sh\n: > '${ran}/${hook}'\n`, { mode: 0o755 });
    repo.git('config', 'core.hooksPath', hooks);
    repo.write('.git/info/attributes', '*.yaml diff=mine filter=mine\n');
  }

  it('its settings would run them: git itself does', () => {
    mine();
    repo.write('run.yaml', BATCH_ALONE);
    expect(() => repo.git('-c', 'core.pager=cat', 'diff')).toThrow();
    expect(programs()).toEqual(expect.arrayContaining(['clean', 'driver', 'fsmonitor']));
  });

  it('neither a monitor, hook, filter, diff, pager nor alias', async () => {
    repo.git('mv', 'other.yaml', 'moved.yaml');
    mine();
    repo.write('run.yaml', BATCH_ALONE);
    repo.write('moved.yaml', `${BATCH_ALONE}seed: 1\n`);
    repo.write('new.yaml', CONFIG);
    expect(await judged(repo.cwd, 'HEAD', 'run.yaml', 'moved.yaml', 'new.yaml')).toEqual({
      code: 1,
      first: ['not-converted', 'not-converted', 'new-file'],
    });
    await judged(repo.cwd, 'nothing', 'run.yaml');
    expect(programs()).toEqual([]);
  });

  it('a partial clone fetches nothing: the file that it lacks is told, and how to get it', async () => {
    repo.git('config', 'uploadpack.allowFilter', 'true');
    const first = repo.git('rev-parse', 'HEAD');
    repo.write('run.yaml', BATCH_ALONE);
    repo.commit();
    const clone = repository({ of: repo, options: ['--filter=blob:none'] });
    const uploadPack = canary(ran, 'upload-pack');
    clone.git('config', 'remote.origin.uploadpack', uploadPack);
    clone.git('config', 'core.sshCommand', canary(ran, 'ssh'));
    for (const url of [`file://${repo.cwd}`, 'ssh://example.invalid/x']) {
      clone.git('config', 'remote.origin.url', url);
      const { code, stderr } = await judged(clone.cwd, first, 'run.yaml');
      expect({ code, programs: programs() }).toEqual({ code: 2, programs: [] });
      expect(stderr).toContain(`this clone does not hold the content of ${first}:run.yaml`);
      expect(stderr).toContain(`git -C ${clone.cwd} cat-file -e '${first}:run.yaml'`);
    }
    clone.git('config', 'remote.origin.url', `file://${repo.cwd}`);
    clone.git('config', '--unset', 'remote.origin.uploadpack');
    clone.git('cat-file', '-e', `${first}:run.yaml`);
    expect(await judged(clone.cwd, first, 'run.yaml')).toEqual({ code: 1, first: ['not-converted'] });
  });

  it('a folder made up as a bare repository brings no settings', async () => {
    const bare = repository();
    bare.git('config', 'core.fsmonitor', canary(ran, 'fsmonitor'));
    for (const name of ['HEAD', 'config', 'objects', 'refs'])
      repo.write(`configs/${name}${/^[a-z]{4,}s$/.test(name) ? '/x' : ''}`, 'x');
    repo.write('configs/config', `[core]\n bare = true\n fsmonitor = ${canary(ran, 'fsmonitor')}\n`);
    repo.write('configs/HEAD', 'ref: refs/heads/main\n');
    repo.write('configs/run.yaml', CONFIG);
    repo.commit();
    repo.write('configs/run.yaml', BATCH_ALONE);
    expect(await judged(join(repo.cwd, 'configs'), 'HEAD', 'run.yaml')).toEqual({
      code: 1,
      first: ['not-converted'],
    });
    expect(programs()).toEqual([]);
  });

  it('git is taken from the absolute folders of PATH, never from the checkout', () => {
    const everywhere = () => true;
    const linux = { platform: 'linux', exists: everywhere } as const;
    const windows = { platform: 'win32', exists: everywhere } as const;
    expect(programOf('git', { PATH: '.::bin:/usr/bin' }, linux)).toBe('/usr/bin/git');
    expect(programOf('git', { PATH: '.::bin' }, linux)).toBeUndefined();
    expect(programOf('git', { PATH: '.;;tools\\bin;C:\\Git\\cmd' }, windows)).toBe('C:\\Git\\cmd\\git.exe');
    expect(programOf('git', { PATH: '.;C:;tools' }, windows)).toBeUndefined();
    expect(programOf('git', {}, windows)).toBeUndefined();
  });
});

describe('a revision is a commit', () => {
  it.each([
    '^HEAD',
    'HEAD~0..HEAD',
    'HEAD^{tree}',
    'HEAD:run.yaml',
    '--all',
    '--upload-pack=touch x',
    '',
    'HEAD ',
    '^HEAD^{commit} HEAD',
  ])('%j is none', async (base) => {
    repo.write('run.yaml', BATCH_ALONE);
    const { code, stderr } = await judged(repo.cwd, base, 'run.yaml');
    expect({ code, told: stderr?.includes(`git knows no commit ${base}`) }).toEqual({ code: 2, told: true });
  });

  it.each(['HEAD', '@', 'main', 'HEAD^{commit}', 'v1', 'v1^0'])('%j is one', async (base) => {
    repo.git('tag', '--annotate', '--message', 'x', 'v1');
    repo.write('run.yaml', BATCH_ALONE);
    expect(await judged(repo.cwd, base, 'run.yaml')).toEqual({ code: 1, first: ['not-converted'] });
  });
});

describe('a file of a submodule', () => {
  let outer: Repository;
  const within = 'parts/sub';
  beforeEach(() => {
    outer = repository();
    outer.write('own.yaml', CONFIG);
    outer.commit();
    outer.git(
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      `file://${repo.cwd}`,
      within,
    );
    outer.commit();
  });

  it('is compared with the commit that the repository had at the revision', async () => {
    const sub = join(outer.cwd, within);
    outer.write(`${within}/run.yaml`, BATCH_ALONE);
    const file = `${within}/run.yaml`;
    expect(await judged(outer.cwd, 'HEAD', file)).toEqual({ code: 1, first: ['not-converted'] });
    outer.git('-C', sub, '-c', 'user.name=x', '-c', 'user.email=x@example.org', 'commit', '-qam', 'batch');
    // The submodule's own HEAD has the change; what the repository records has not.
    expect(await judged(outer.cwd, 'HEAD', 'own.yaml', file)).toEqual({
      code: 1,
      first: [undefined, 'not-converted'],
    });
    // From within, a revision is the submodule's.
    expect((await judged(sub, 'HEAD', 'run.yaml')).code).toBe(0);
    expect(await judged(sub, 'HEAD~1', 'run.yaml')).toEqual({ code: 1, first: ['not-converted'] });
    expect(await judged(temporaryFolder(), 'HEAD~1', join(sub, 'run.yaml'))).toMatchObject({ code: 1 });
    outer.commit();
    expect(await judged(outer.cwd, 'HEAD~1', file)).toEqual({ code: 1, first: ['not-converted'] });
  });

  it('is new where the submodule is', async () => {
    expect(await judged(outer.cwd, 'HEAD~1', `${within}/run.yaml`)).toEqual({ code: 0, first: ['new-file'] });
  });
});

describe('a link', () => {
  it('in the place of a file is compared with the file', async () => {
    repo.write('big.yaml', BATCH_ALONE);
    repo.commit();
    rmSync(join(repo.cwd, 'run.yaml'));
    symlinkSync('big.yaml', join(repo.cwd, 'run.yaml'));
    expect(await judged(repo.cwd, 'HEAD', 'run.yaml')).toEqual({ code: 1, first: ['not-converted'] });
  });

  it('out of the repository has a past by its name, or none', async () => {
    const outside = join(temporaryFolder(), 'x.yaml');
    writeFileSync(outside, BATCH_ALONE);
    for (const name of ['run.yaml', 'fresh.yaml']) {
      rmSync(join(repo.cwd, name), { force: true });
      symlinkSync(outside, join(repo.cwd, name));
    }
    const { first } = await judged(repo.cwd, 'HEAD', 'run.yaml', 'fresh.yaml');
    expect(first).toEqual(['not-converted', 'new-file']);
  });

  it('that was one then is followed then, and what it led out of git to is said not to be judged', async () => {
    mkdirSync(join(repo.cwd, 'links'));
    for (const [name, target] of [
      ['in', '../run.yaml'],
      ['out', '/elsewhere/run.yaml'],
      ['nowhere', 'missing.yaml'],
    ] as const)
      symlinkSync(target, join(repo.cwd, `links/${name}.yaml`));
    repo.commit();
    const files = ['in', 'out', 'nowhere'].map((name) => `links/${name}.yaml`);
    for (const file of files) {
      rmSync(join(repo.cwd, file));
      repo.write(file, BATCH_ALONE);
    }
    const { first } = await judged(repo.cwd, 'HEAD', ...files);
    expect(first).toEqual(['not-converted', 'not-judged', 'not-judged']);
  });

  it('and a file in the place of a folder', async () => {
    repo.write('deep/run.yaml', CONFIG);
    repo.commit();
    rmSync(join(repo.cwd, 'deep'), { recursive: true });
    rmSync(join(repo.cwd, 'other.yaml'));
    repo.write('deep', BATCH_ALONE);
    repo.write('other.yaml/run.yaml', BATCH_ALONE);
    const { first } = await judged(repo.cwd, 'HEAD', 'deep', 'other.yaml/run.yaml');
    expect(first).toEqual(['not-judged', 'new-file']);
    expect(existsSync(join(repo.cwd, 'deep'))).toBe(true);
  });
});
