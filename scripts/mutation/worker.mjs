// Runs tests against one mutant after another, in a thread that can be ended where a mutant never ends.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { expect } from 'vitest';
import { compile, reaching, world } from './modules.mjs';
import { marked, mutated } from './mutants.mjs';
import { collector, finish, runTest } from './suite.mjs';

const { root } = workerData;
const startedAt = new Float64Array(workerData.clock);
// The same examples for each mutant, and no search for a smaller one.
fc.configureGlobal({ seed: 1, endOnFailure: true });

const unchanged = world({ root, seen: () => {} });

/** The tests of a file whose imports from src/ come from a world. */
function testsOf(file, load) {
  const { shim, tests } = collector();
  const own = world({
    root,
    outside: { vitest: { ...shim, expect } },
    elsewhere: (path) => (path.startsWith(join(root, 'test/')) ? undefined : load),
  });
  own(join(root, file));
  return tests;
}

/** Each test once, on the code as it is: how long it takes, and the mutants whose code it runs. */
async function rehearse({ files, mutants }) {
  const sources = new Map();
  for (const [file, own] of grouped(mutants))
    sources.set(join(root, file), marked(readFileSync(join(root, file), 'utf8'), own));
  const always = new Set();
  let seenNow = always;
  const load = world({
    root,
    sources,
    seen: (index) => seenNow.add(index),
    loading: () => {
      const before = seenNow;
      seenNow = always;
      return () => {
        seenNow = before;
      };
    },
  });
  const results = [];
  for (const file of files) {
    const tests = testsOf(file, load);
    for (const [i, test] of tests.entries()) {
      seenNow = new Set();
      const begin = performance.now();
      const failed = await runTest(test).then(
        () => undefined,
        (error) => String(error?.message ?? error),
      );
      results.push({ file, i, name: test.name, ms: performance.now() - begin, failed, seen: [...seenNow] });
      seenNow = always;
    }
    await finish(tests);
  }
  return { results, always: [...always] };
}

function grouped(mutants) {
  const groups = new Map();
  for (const one of mutants) groups.set(one.file, [...(groups.get(one.file) ?? []), one]);
  return groups;
}

/** Runs tests, [file, index] each, until one fails. */
async function tryMutant({ mutant, tests }) {
  const path = join(root, mutant.file);
  const source = mutated(readFileSync(path, 'utf8'), mutant);
  compile(path, source);
  const changed = reaching(path);
  const load = world({
    root,
    sources: new Map([[path, source]]),
    elsewhere: (file) => (changed(file) ? undefined : unchanged),
  });
  const loaded = new Map();
  try {
    for (const [file, i] of tests) {
      startedAt[0] = Date.now();
      try {
        if (!loaded.has(file)) loaded.set(file, testsOf(file, load));
        await runTest(loaded.get(file)[i]);
      } catch (error) {
        return { by: [file, i], why: String(error?.message ?? error).slice(0, 200) };
      }
    }
    return {};
  } finally {
    startedAt[0] = 0;
    for (const own of loaded.values()) await finish(own).catch(() => {});
  }
}

parentPort.on('message', async (task) => {
  const answer = task.mutants ? rehearse(task) : tryMutant(task);
  parentPort.postMessage(await answer.catch((error) => ({ fault: String(error?.stack ?? error) })));
});
// A promise that nobody waits for any more, of a test that failed.
process.on('unhandledRejection', () => {});
