import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const WORKFLOW = parse(read('.github/workflows/pages.yml'));

type Step = { uses?: string; run?: string; with?: { path?: string } };
const jobs = Object.values(WORKFLOW.jobs) as { steps: Step[]; permissions: object }[];
const steps = jobs.flatMap((job) => job.steps);

it('the workflow that publishes the page pins every action by its commit', () => {
  const actions = steps.flatMap(({ uses }) => uses ?? []);
  expect(actions).toHaveLength(4);
  for (const action of actions) expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
});

it('it may read the code in one job, and publish in the other', () => {
  expect(WORKFLOW.permissions).toEqual({});
  expect(jobs.map(({ permissions }) => permissions)).toEqual([
    { contents: 'read' },
    { pages: 'write', 'id-token': 'write' },
  ]);
});

it('it builds with a script that there is, and publishes what that writes', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = steps.flatMap(({ run }) => /^npm run (\S+)$/.exec(run ?? '')?.[1] ?? []);
  expect(named).toEqual(['site']);
  expect(scripts.site).toContain('scripts/site.mjs');
  expect(steps.flatMap((step) => step.with?.path ?? [])).toEqual(['site/dist']);
  expect(read('scripts/site.mjs')).toContain("'site/dist'");
});
