import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listDialects, loadSchema } from '../src/dialect/dialect.ts';
import { cli } from './helpers/cli.ts';
import { documentsOf } from './helpers/parse.ts';
import { recognised } from './helpers/recognised.ts';
import { temporaryFolder } from './helpers/temporary.ts';

const ROOT = new URL('..', import.meta.url).pathname;

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? sources(path) : path.endsWith('.ts') ? [path] : [];
  });
}

it('no framework is named in src/ outside optimizers, dialect and the vocabulary’s sources: a dialect is data', () => {
  const frameworks =
    /hugging ?face|transformers|deepspeed|axolotl|llama-?factory|lightning|detectron|ultralytics|\btimm\b|fairseq|megatron|\bnemo\b|\bolmo\b|nanotron|litgpt|torchtune|maxtext|composer|kohya|basicsr|dinov2|gpt-neox|torchtitan/i;
  const named = sources(join(ROOT, 'src'))
    .filter((file) => !/src\/(?:optimizers|dialect|vocabulary)\//.test(file))
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, i) =>
          frameworks.test(line) ? [`${file.slice(ROOT.length)}:${i + 1}: ${line.trim()}`] : [],
        ),
    );
  expect(named).toEqual([]);
});

describe('the generated pages', () => {
  const check = (script: string, cwd: string) => {
    const args = [join(ROOT, 'scripts', script), '--check'];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
    return { status, stdout };
  };

  it.each(['docs.mjs', 'man.mjs'])('of %s are up to date', (script) => {
    expect(check(script, ROOT)).toEqual({ status: 0, stdout: '' });
  });

  it.each([
    ['docs.mjs', 'README.md', 'half-life'],
    ['docs.mjs', 'docs/rules.md', 'AdamW'],
    ['docs.mjs', 'schemas/rebatch.config.schema.json', 'keep-lr'],
    ['man.mjs', 'man/rebatch.1', 'NO_COLOR'],
  ])('of %s: %s is named where it is stale, and left as it is', (script, page, word) => {
    const copy = temporaryFolder();
    for (const name of ['README.md', 'docs', 'man', 'schemas'])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    const stale = readFileSync(join(copy, page), 'utf8').replaceAll(word, 'something else');
    writeFileSync(join(copy, page), stale);
    expect(check(script, copy)).toEqual({ status: 1, stdout: `${page} is stale: npm run docs\n` });
    expect(readFileSync(join(copy, page), 'utf8')).toBe(stale);
  });
});

it('scripts/new-dialect starts a dialect that reads its inputs and refuses its rejects', async () => {
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, 'docs'));
  mkdirSync(join(cwd, 'schemas'));
  copyFileSync(join(ROOT, 'docs/write-a-dialect.md'), join(cwd, 'docs/write-a-dialect.md'));
  execFileSync(process.execPath, [join(ROOT, 'scripts/new-dialect.mjs'), 'in-house'], { cwd });
  const converted = (file: string) =>
    cli([file, '--schema', 'schemas/in-house.schema.json', '--to', '64', '--world', '1', '-q'], { cwd });
  const folder = 'fixtures/in-house';
  for (const name of ['default-betas', 'own-betas']) {
    const { code, stdout } = await converted(`${folder}/${name}/input.yaml`);
    expect(code).toBe(0);
    expect(stdout).toContain('batch: 64\n');
  }
  const rejects = JSON.parse(readFileSync(join(cwd, folder, 'rejects/rejects.json'), 'utf8'));
  expect(Object.keys(rejects)).toHaveLength(3);
  for (const [file, { at, says }] of Object.entries<{ at: string; says: string }>(rejects)) {
    const { code, stderr } = await converted(`${folder}/rejects/${file}`);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:${at}: ${says}`);
  }
});

describe.each(listDialects().map((d) => [d.name, d] as const))('%s', (name, dialect) => {
  it('says what was read, and its sample is a file it reads', async () => {
    if (dialect.refuses) return expect(dialect.refuses.length).toBeGreaterThan(40);
    expect(name === 'generic' || dialect.version.length > 3).toBe(true);
    const sample = join(ROOT, dialect.sample ?? 'missing');
    const documents = await documentsOf(readFileSync(sample, 'utf8'), sample);
    expect(documents.map(recognised)).toContainEqual([name]);
  });

  it('prints as a schema that refers to no other file', async () => {
    expect(JSON.stringify(await loadSchema(name))).not.toContain('schema.json#');
  });
});
