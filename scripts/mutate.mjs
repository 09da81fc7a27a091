// Mutation testing: changes the code of a room in small ways, one at a time, and runs the room's tests on each change.
// A change that no test notices shows code that nothing needs, a law that no test states, or is the same program.
//   npm run mutate -- ROOM [--files WORD] [--sample N] [--seed N] [--workers N] [--seconds N] [--slow]
//     [--out FILE.json] [--again FILE.json]
// ROOM is a name of ROOMS below. `--files` takes the files with that word alone. `--sample` takes every so many-th mutant,
// so that there are N, and `--seed` says from which on. `--seconds` is how long the tests of one mutant may take (30).
// `--slow` adds the tests over all fixtures, which take minutes.
// `--out` keeps the results; `--again` takes what survived in such a file.
// scripts/mutation/equivalent.json names mutants that are the same program, with the reason.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { mutantsOf } from './mutation/mutants.mjs';

const ROOT = resolve(import.meta.dirname, '..');

/** The sources of a room, and its own tests; those of SLOW only when asked. */
const ROOMS = {
  rules: { sources: 'src/rules', tests: ['test/rules', 'test/pipe/incomplete.test.ts'] },
  theory: { sources: 'src/lab/theory.ts', tests: ['test/lab/theory.test.ts'] },
  recipe: { sources: 'src/recipe', tests: ['test/recipe'] },
  vocabulary: { sources: 'src/vocabulary', tests: ['test/vocabulary', 'test/pipe/bases.test.ts'] },
  document: { sources: 'src/document', tests: ['test/document'] },
};

/** Every fixture as a whole, for `--slow`. */
const SLOW = ['test/rules/formulas.test.ts', 'test/fixtures.test.ts'];

/** A test that takes so much of the processor's time, for each thread, does not end; a busy machine's clock says little. */
const ENDLESS_SECONDS = 12;
/** So many of the tests that have noticed most are run first. */
const KEEN = 25;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '30' },
    again: { type: 'string' },
    slow: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const room = ROOMS[positionals[0]];
if (!room) throw new Error(`usage: npm run mutate -- ${Object.keys(ROOMS).join('|')}`);
const equivalent = JSON.parse(readFileSync(join(ROOT, 'scripts/mutation/equivalent.json'), 'utf8'));

const all = filesOf(room.sources)
  .filter((file) => file.includes(values.files))
  .flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), 'utf8')));
const again =
  values.again &&
  new Set(
    JSON.parse(readFileSync(values.again, 'utf8'))
      .filter(isAlive)
      .map(({ id }) => id),
  );
const mutants = drawn(
  again ? all.filter(({ id }) => again.has(id)) : all,
  Number(values.sample ?? all.length),
  Number(values.seed),
).map((one, index) => ({
  ...one,
  index,
}));
const testFiles = [
  ...room.tests.flatMap(filesOf).filter((file) => file.endsWith('.test.ts') && !SLOW.includes(file)),
  ...(values.slow ? SLOW : []),
];
const tests = await rehearsed();
const results = await tried();
report();
process.exit();

function filesOf(path) {
  if (path.endsWith('.ts')) return [path];
  return readdirSync(join(ROOT, path), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .sort()
    .map((name) => `${path}/${name}`);
}

/** Every so many of the mutants, which gives each file its share; where the first is, the seed says. */
function drawn(from, count, seed) {
  if (count >= from.length) return from;
  const step = from.length / count;
  const start = (seed * 0.618034) % 1;
  return Array.from({ length: count }, (_, i) => from[Math.floor((start + i) * step)]);
}

/** A thread and its clock: when the test that runs now began. */
function thread() {
  const clock = new SharedArrayBuffer(8);
  const worker = new Worker(new URL('./mutation/worker.mjs', import.meta.url), {
    workerData: { root: ROOT, clock },
    stdout: true,
    stderr: true,
  });
  return { worker, startedAt: new Float64Array(clock) };
}

/** The answer to a task; undefined where the thread had to be ended. */
function ask({ worker, startedAt }, task) {
  return new Promise((answer, fail) => {
    let [test, before] = [0, 0];
    const watch = setInterval(() => {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system) / 1e6;
      if (startedAt[0] !== test) [test, before] = [startedAt[0], seconds];
      if (test > 0 && seconds - before > ENDLESS_SECONDS * Number(values.workers)) done(undefined);
    }, 500);
    // Out of memory, or thrown where nobody catches it.
    const broken = () => done(undefined);
    const done = (value) => {
      clearInterval(watch);
      worker.off('message', done).off('error', broken);
      if (value?.fault) fail(new Error(value.fault));
      else answer(value);
    };
    worker.on('message', done).on('error', broken);
    worker.postMessage(task);
  });
}

/** Every test with its time and the mutants that it comes by. */
async function rehearsed() {
  const one = thread();
  const answer = await ask(one, { files: testFiles, mutants });
  await one.worker.terminate();
  const failed = answer.results.filter((test) => test.failed);
  for (const { file, name, failed: why } of failed) console.log(`left out, ${file}: ${name}: ${why}`);
  const always = new Set(answer.always);
  const passed = answer.results
    .filter((test) => !test.failed)
    .map((test) => ({ ...test, seen: new Set(test.seen), kills: new Map() }));
  const ms = passed.reduce((sum, test) => sum + test.ms, 0);
  console.log(
    `${mutants.length} of ${all.length} mutants; ${passed.length} tests in ${Math.round(ms / 1000)} s`,
  );
  return { passed, always };
}

/** The tests for a mutant within the time: first those that noticed others of its file, then some of each file. */
function testsFor({ index, file }) {
  const coming = tests.passed.filter(({ seen }) => seen.has(index));
  const able = tests.always.has(index) ? tests.passed : coming;
  const keen = able
    .filter(({ kills }) => kills.has(file))
    .sort((a, b) => b.kills.get(file) / b.ms - a.kills.get(file) / a.ms)
    .slice(0, KEEN);
  const queues = testFiles.map((one) => able.filter((test) => test.file === one).sort((a, b) => a.ms - b.ms));
  const turns = Array.from({ length: Math.max(...queues.map(({ length }) => length)) }, (_, i) =>
    queues.flatMap((queue) => queue.slice(i, i + 1)),
  );
  let left = Number(values.seconds) * 1000;
  return [...new Set([...keen, ...turns.flat()])].filter(({ ms }) => {
    if (ms > left) return false;
    left -= ms;
    return true;
  });
}

async function tried() {
  const queue = [...mutants];
  const found = [];
  const begin = Date.now();
  const work = async () => {
    let own = thread();
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const chosen = testsFor(mutant);
      const answer = chosen.length
        ? await ask(own, { mutant, tests: chosen.map(({ file, i }) => [file, i]) })
        : {};
      if (answer === undefined) {
        await own.worker.terminate();
        own = thread();
      }
      const test =
        answer?.by && tests.passed.find(({ file, i }) => file === answer.by[0] && i === answer.by[1]);
      test?.kills.set(mutant.file, (test.kills.get(mutant.file) ?? 0) + 1);
      const outcome =
        answer === undefined ? 'endless' : test ? 'killed' : chosen.length ? 'survived' : 'not run';
      found.push({ ...mutant, outcome, by: test && `${test.file}: ${test.name}`, why: answer?.why });
      if (found.length % 100 === 0)
        console.log(
          `${found.length} of ${mutants.length} after ${Math.round((Date.now() - begin) / 1000)} s`,
        );
    }
    await own.worker.terminate();
  };
  await Promise.all(Array.from({ length: Number(values.workers) }, work));
  return found.sort((a, b) => a.index - b.index);
}

function isAlive({ outcome }) {
  return outcome === 'survived' || outcome === 'not run';
}

function report() {
  const alive = results.filter(isAlive);
  for (const { file, line, from, to, outcome, id } of alive)
    console.log(`${file}:${line}  ${from}  ->  ${to}  ${equivalent[id] ? '(same program)' : outcome}`);
  const share = (part, whole) => `${part} of ${whole}, ${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
  const line = (name, of) => {
    const killed = of.filter((one) => !alive.includes(one)).length;
    const same = of.filter((one) => alive.includes(one) && equivalent[one.id]).length;
    console.log(`${name}: killed ${share(killed, of.length)}; ${same} more are the same program`);
  };
  for (const file of new Set(results.map((one) => one.file)))
    line(
      file,
      results.filter((one) => one.file === file),
    );
  line(positionals[0], results);
  console.log(`${results.filter(({ outcome }) => outcome === 'endless').length} of those killed did not end`);
  for (const id of Object.keys(equivalent))
    if (results.some((one) => one.id === id && !alive.includes(one)))
      console.log(`is noticed after all: ${id}`);
  if (values.out)
    writeFileSync(
      values.out,
      JSON.stringify(
        results.map(({ mark: _, ...one }) => one),
        null,
        1,
      ),
    );
}
