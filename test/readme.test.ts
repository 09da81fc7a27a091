import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('..', import.meta.url).pathname;
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((page) => `docs/${page}`)];
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

describe('README.md', () => {
  const readme = read('README.md');
  const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);

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
