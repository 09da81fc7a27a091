import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.ts';
import { type Repository, repository } from './helpers/repository.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const DOCS = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
const PAGES = ['README.md', ...DOCS.filter((page) => page.endsWith('.md')).map((page) => `docs/${page}`)];
const packed: string[] = JSON.parse(read('package.json')).files;

describe.each(PAGES)('%s, as an installation has it', (page) => {
  it('is packed, and so is everything that it links to', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)\s]*\)/g)].map(([, to = '']) =>
      normalize(join(dirname(page), to)),
    );
    for (const file of [page, ...links]) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      expect(packed, file).toContain(file.split('/')[0]);
    }
  });
});

it.each(['docs/ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s names files that exist', (page) => {
  const named = read(page).match(/\b(?:src|test|scripts|schemas|docs)\/[\w./-]+\.\w+/g) ?? [];
  const inThis = named.filter((path) => !/NAME|acme/.test(path));
  expect(inThis.length).toBeGreaterThan(10);
  expect(inThis.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

describe('README.md', () => {
  const readme = read('README.md');
  const blocks = shellBlocks(readme);

  it('starts with what a user types: the installation, and one conversion', () => {
    expect(blocks[0]).toMatch(/^npm install -g rebatch\b.*\nrebatch run\.yaml --to 64 --world 64\b/);
  });

  it('leaves the commands of a checkout to a section of their own', () => {
    const [user = '', checkout = ''] = readme.split('\n## From a checkout\n');
    expect(user).not.toMatch(/npm (?:ci|test)/);
    expect(checkout).toMatch(/^npm ci && /m);
    expect(checkout).toMatch(/^npm test$/m);
  });

  it('shows that fewer devices at the same batch move the accumulation and nothing else', () => {
    const shown = /<!-- generated: devices -->([\s\S]*?)<!-- end: devices -->/.exec(readme)?.[1] ?? '';
    const lines = shown.match(/^[-+] *\w.*$/gm);
    expect(lines).toEqual(['-gradient_accumulation_steps: 1', '+gradient_accumulation_steps: 8']);
  });
});

describe.each(['README.md', 'docs/faq.md'])('%s', (page) => {
  const commands = shellBlocks(read(page))
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.startsWith('rebatch '))
    .map((line) => line.replace(/\s+#.*| \|.*/, '').replace('configs/*.yaml', 'configs/a.yaml'));

  it('has commands to try', () => expect(commands.length).toBeGreaterThan(5));

  // What a config comes to may fail a check or a verification (1); 2 would mean that the command is wrong.
  it.each(commands)('%s', async (command) => {
    const { cwd } = projectOfTheReader();
    const { code, stderr } = await cli(command.split(' ').slice(1), { cwd });
    expect(code, stderr).toBeLessThan(2);
  });
});

/** What a page shows to be typed. */
function shellBlocks(text: string): string[] {
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
}

/** Files under the names that the README uses, in a repository. */
function projectOfTheReader(): Repository {
  const project = repository();
  const config = read('fixtures/hf-trainer/adamw-64-gpus/input.yaml');
  for (const file of ['run.yaml', 'old.yaml', 'paper.yaml', 'configs/a.yaml']) project.write(file, config);
  for (const file of ['new.yaml', 'ours.yaml'])
    project.write(file, config.replace('per_device_train_batch_size: 8', 'per_device_train_batch_size: 4'));
  const rows = (row: (step: number) => object) =>
    Array.from({ length: 200 }, (_, step) => `${JSON.stringify({ step, ...row(step) })}\n`).join('');
  const wave = (step: number) => 1 + 0.1 * Math.sin(step * 7);
  project.write(
    'noise.jsonl',
    rows((step) => ({ micro: 3 * wave(step), step_norm: 2 * wave(step + 1) })),
  );
  for (const file of ['old.jsonl', 'new.jsonl'])
    project.write(
      file,
      rows((step) => ({ loss: Math.exp(-step / 100) * wave(step) })),
    );
  project.write('train.sh', read('fixtures/hf-trainer/torchrun-script/input.sh'));
  for (const [file, norm] of [
    ['small.json', 3],
    ['big.json', 2],
  ] as const)
    project.write(
      file,
      JSON.stringify({ log_history: Array.from({ length: 50 }, (_, i) => ({ grad_norm: norm + i / 100 })) }),
    );
  project.commit();
  project.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  return project;
}
