// A small stand-in for vitest's describe and it, so that the tests of a file can run one by one in this process.
// What expect does is vitest's own.

/** Collects the tests of one file: [the functions that it imports, its tests once it was loaded]. */
export function collector() {
  const root = suite(undefined);
  const tests = [];
  let inside = root;
  const describe = (_name, fill) => {
    const outer = inside;
    inside = suite(outer);
    fill();
    inside = outer;
  };
  const it = (name, ...rest) => {
    tests.push({ name: String(name), run: rest.find((x) => typeof x === 'function'), suite: inside });
  };
  const hook = (kind) => (act) => void inside[kind].push(act);
  const shim = {
    describe: withVariants(describe),
    it: withVariants(it),
    test: withVariants(it),
    beforeAll: hook('beforeAll'),
    afterAll: hook('afterAll'),
    beforeEach: hook('beforeEach'),
    afterEach: hook('afterEach'),
  };
  return { shim, tests, root };
}

function suite(parent) {
  return { parent, begun: false, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
}

function withVariants(declare) {
  const each =
    (rows) =>
    (name, fn, ...rest) => {
      rows.forEach((row, i) => {
        declare(`${name} #${i + 1}`, () => fn(...(Array.isArray(row) ? row : [row])), ...rest);
      });
    };
  const skip = Object.assign(() => {}, { each: () => () => {} });
  const skipIf = (condition) => (condition ? skip : withVariants(declare));
  return Object.assign((...args) => declare(...args), {
    each,
    skip,
    skipIf,
    runIf: (condition) => skipIf(!condition),
  });
}

function pathOf(suite) {
  return suite ? [...pathOf(suite.parent), suite] : [];
}

/** Runs one test with what its suites do before and after. @throws where it fails */
export async function runTest({ run, suite }) {
  const path = pathOf(suite);
  for (const one of path) {
    if (one.begun) continue;
    one.begun = true;
    for (const act of one.beforeAll) await act();
  }
  for (const one of path) for (const act of one.beforeEach) await act();
  try {
    await run();
  } finally {
    for (const one of path.toReversed()) for (const act of one.afterEach) await act();
  }
}

/** What the suites of these tests do when they are done. */
export async function finish(tests) {
  const begun = new Set(tests.flatMap(({ suite }) => pathOf(suite)).filter((one) => one.begun));
  for (const one of begun) for (const act of one.afterAll) await act();
}
