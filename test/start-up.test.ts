import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';

const ROOT = new URL('..', import.meta.url).pathname;
const CONFIG = join(ROOT, 'fixtures/hf-trainer/adamw-64-gpus/input.yaml');
const CONVERT = ['convert', CONFIG, '--to', '64', '--world', '64', '--world-to', '8'];

/** A cache is for one Node and one install. */
const NAME = `${process.version}-${process.arch}-${crc32(join(ROOT, 'dist/cli')).toString(16)}`;

let home: string;
let cache: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rebatch-home-'));
  cache = join(home, 'rebatch', NAME);
});

function rebatch(args: readonly string[] = CONVERT, env: Record<string, string> = {}) {
  const run = spawnSync(process.execPath, [join(ROOT, 'bin/rebatch.js'), ...args], {
    encoding: 'utf8',
    env: { XDG_CACHE_HOME: home, ...env },
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

const names = () => (existsSync(cache) ? readdirSync(cache).sort() : []);
const contents = () => names().map((name) => readFileSync(join(cache, name)));
const uncached = () => rebatch(CONVERT, { NODE_DISABLE_COMPILE_CACHE: '1' });

describe('the cache of compiled code', () => {
  it('is written by the first run for this user alone, and changes no output', () => {
    const first = rebatch();
    expect(names()).toContain('cli.cjs');
    expect(names()).toContain('yaml.cjs');
    expect(statSync(cache).mode & 0o777).toBe(0o700);
    expect(statSync(join(cache, 'cli.cjs')).mode & 0o777).toBe(0o600);
    expect(first).toEqual(uncached());
    expect(rebatch()).toEqual(first);
  });

  it('is left as it is by a run that finds all of its files there', () => {
    rebatch();
    const before = contents();
    rebatch();
    expect(contents()).toEqual(before);
  });

  it('grows with what a run uses that it does not hold', () => {
    rebatch(['--version']);
    const little = statSync(join(cache, 'cli.cjs')).size;
    expect(names()).not.toContain('yaml.cjs');
    rebatch();
    expect(names()).toContain('yaml.cjs');
    expect(statSync(join(cache, 'cli.cjs')).size).toBeGreaterThan(2 * little);
  });

  it.each([
    ['zeros', (bytes: Buffer) => bytes.fill(0, bytes.length / 2, bytes.length / 2 + 4096)],
    ['a short end', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['nothing', (bytes: Buffer) => bytes.subarray(0, 0)],
    ['another source', (bytes: Buffer) => bytes.fill(1, 0, 4)],
    ['code of another V8', anotherVersion],
  ])('is replaced where it holds %s', (_, damage) => {
    const expected = rebatch();
    const file = join(cache, 'cli.cjs');
    const broken = damage(readFileSync(file));
    writeFileSync(file, broken);
    expect(rebatch()).toEqual(expected);
    expect(readFileSync(file).equals(broken)).toBe(false);
    expect(names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is not written by a run that failed', () => {
    expect(rebatch(['convert', join(home, 'missing.yaml'), '--to', '64']).status).toBe(2);
    expect(names()).toEqual([]);
  });

  it('is neither read nor written in a folder that others can look into', () => {
    rebatch();
    chmodSync(cache, 0o755);
    for (const name of names()) writeFileSync(join(cache, name), 'anything');
    const before = contents();
    expect(rebatch()).toEqual(uncached());
    expect(contents()).toEqual(before);
  });

  it('is not read from a file that others can write', () => {
    const expected = rebatch();
    const file = join(cache, 'cli.cjs');
    const broken = anotherVersion(readFileSync(file));
    writeFileSync(file, broken);
    chmodSync(file, 0o666);
    expect(rebatch()).toEqual(expected);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('makes no home for a user who has none', () => {
    const nowhere = join(home, 'nowhere');
    expect(rebatch(CONVERT, { XDG_CACHE_HOME: '', HOME: nowhere })).toEqual(uncached());
    expect(existsSync(nowhere)).toBe(false);
  });

  it('is not made in a place that is somebody else’s, as under sudo', () => {
    if (process.getuid?.() !== 0)
      return process.stdout.write('SKIPPED: somebody else’s home (only root can give a folder away)\n');
    chownSync(home, 65534, 65534);
    expect(rebatch()).toEqual(uncached());
    expect(readdirSync(home)).toEqual([]);
  });

  it('is not followed through a link', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'rebatch-elsewhere-'));
    mkdirSync(join(home, 'rebatch'));
    symlinkSync(elsewhere, cache);
    expect(rebatch()).toEqual(uncached());
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('is silently absent where its folder cannot be made', () => {
    rmSync(home, { recursive: true });
    writeFileSync(home, 'a file');
    expect(rebatch()).toEqual(uncached());
  });

  it('is absent where the environment names no place, or asks for none', () => {
    const expected = uncached();
    expect(rebatch(CONVERT, { XDG_CACHE_HOME: 'relative' })).toEqual(expected);
    expect(existsSync('relative')).toBe(false);
    expect(names()).toEqual([]);
  });

  it('is absent where Node has no checksum of its own: before 22.2, all of 21', () => {
    const without = join(home, 'without.cjs');
    writeFileSync(without, "delete require('node:zlib').crc32;");
    expect(rebatch(CONVERT, { NODE_OPTIONS: `--require ${without}` })).toEqual(uncached());
    expect(names()).toEqual([]);
  });

  it('lies in ~/.cache unless told', () => {
    rebatch(CONVERT, { XDG_CACHE_HOME: '', HOME: home });
    expect(readdirSync(join(home, '.cache/rebatch'))).toEqual([NAME]);
  });
});

/** V8 itself looks at the first words of its data: a checksum of ours that fits does not make it take them. */
function anotherVersion(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(bytes.readUInt32LE(12) + 1, 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}
