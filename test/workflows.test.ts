import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = new URL('..', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const WORKFLOWS = readdirSync(new URL('.github/workflows', ROOT)).map((name) => `.github/workflows/${name}`);

type Job = { permissions?: Record<string, string>; steps: { run?: string }[] };

describe.each([...WORKFLOWS, 'examples/github-actions.yml'])('%s', (path) => {
  it('pins every action by its commit, with its version beside it', () => {
    const used = read(path)
      .split('\n')
      .filter((line) => /\buses: (?!rebatch\/)/.test(line));
    expect(used.length).toBeGreaterThan(0);
    for (const line of used) expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('puts no expression into a script', () => {
    const jobs = Object.values<Job>(parse(read(path)).jobs);
    for (const { run } of jobs.flatMap(({ steps }) => steps))
      expect(run ?? '').not.toMatch(/\$\{\{(?! matrix\.)/);
  });
});

describe.each(WORKFLOWS)('%s', (path) => {
  const workflow: { permissions: object; jobs: Record<string, Job> } = parse(read(path));

  it('has no rights but those that a job names, and no job can both run the code and publish', () => {
    expect(workflow.permissions).toEqual({});
    for (const { permissions, steps } of Object.values(workflow.jobs)) {
      expect(permissions).toBeDefined();
      const publishes = Object.values(permissions!).includes('write');
      const runs = steps.some(({ run }) => /npm ci|npm run|node scripts/.test(run ?? ''));
      expect(publishes && runs).toBe(false);
    }
  });
});

it('the release has a package with provenance, its bill of materials and its audit', () => {
  const release = read('.github/workflows/release.yml');
  for (const step of ['npm publish --provenance', 'node scripts/sbom.mjs', 'npm audit', 'id-token: write'])
    expect(release).toContain(step);
});

it('the package brings the licence of every package that is bundled into it', () => {
  const notices = read('dist/THIRD-PARTY-NOTICES.txt');
  for (const name of [
    'yaml',
    'commander',
    'chalk',
    'picomatch',
    '@lezer/python',
    '@observablehq/plot',
    'assemblyscript',
  ])
    expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\([\\w.-]+\\)$`, 'm'));
  const licences = new Set(
    [...notices.matchAll(/^-{80}\n\S+ \S+ \((.*)\)$/gm)].map(([, licence]) => licence),
  );
  expect([...licences].sort()).toEqual(['Apache-2.0', 'BSD-3-Clause', 'ISC', 'MIT']);
});
