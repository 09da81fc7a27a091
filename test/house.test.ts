import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listDialects, loadDialect, loadSchema } from '../src/dialect/dialect.ts';
import { cli } from './helpers/cli.ts';

const ROOT = new URL('..', import.meta.url).pathname;

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? sources(path) : path.endsWith('.ts') ? [path] : [];
  });
}

it('no framework is named in src/ outside optimizers and dialect: a dialect is data', () => {
  const frameworks =
    /hugging ?face|transformers|deepspeed|axolotl|llama-?factory|lightning|detectron|ultralytics|\btimm\b|fairseq|megatron|\bnemo\b|\bolmo\b|nanotron|litgpt|torchtune|maxtext|composer|kohya|basicsr|dinov2|gpt-neox|torchtitan/i;
  const named = sources(join(ROOT, 'src'))
    .filter((file) => !/src\/(?:optimizers|dialect)\//.test(file))
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
  it.each([
    'README.md',
    'docs/rules.md',
    'docs/dialects.md',
    'docs/findings.md',
    'docs/which-rule.md',
    'docs/write-a-dialect.md',
  ])('%s is up to date (npm run docs)', (page) => {
    const before = readFileSync(join(ROOT, page), 'utf8');
    execFileSync(process.execPath, ['scripts/docs.mjs'], { cwd: ROOT });
    expect(readFileSync(join(ROOT, page), 'utf8')).toBe(before);
  });
});

it('scripts/new-dialect scaffolds a dialect that compiles and reads its first fixture', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rebatch-'));
  mkdirSync(join(folder, 'docs'));
  mkdirSync(join(folder, 'schemas'));
  copyFileSync(join(ROOT, 'docs/write-a-dialect.md'), join(folder, 'docs/write-a-dialect.md'));
  execFileSync(process.execPath, [join(ROOT, 'scripts/new-dialect.mjs'), 'in-house'], { cwd: folder });
  const { code, stdout } = await cli(
    ['fixtures/in-house/first/input.yaml', '--schema', 'schemas/in-house.schema.json', '--to', '64', '-q'],
    { cwd: folder },
  );
  expect(code).toBe(0);
  expect(stdout).toContain('batch: 64\n');
});

describe.each(listDialects().map((d) => [d.name, d] as const))('%s', (name, dialect) => {
  it('says what was read, and its sample is a file it reads', () => {
    if (dialect.refuses) return expect(dialect.refuses.length).toBeGreaterThan(40);
    expect(name === 'generic' || dialect.version.length > 3).toBe(true);
    expect(statSync(join(ROOT, dialect.sample ?? 'missing')).isFile()).toBe(true);
  });

  it('prints as a schema that refers to no other file', async () => {
    expect(JSON.stringify(await loadSchema(name))).not.toContain('schema.json#');
    expect(typeof (await loadDialect(name)).validate).toBe('function');
  });
});
