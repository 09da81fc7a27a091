import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { CLI } from '../../helpers/machine.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const PROCESSES = 3;
const ROUNDS = 12;
const START = 2 ** 30;

/** Doubles or halves the batch of both files, again and again. Prints how often each was done, and every refusal. */
const SCRIPT = `
  const { run } = require(process.argv[1]);
  const counts = { up: 0, down: 0, refused: [] };
  (async () => {
    for (let i = 0; i < ${ROUNDS}; i++) {
      const up = Math.random() < 0.5;
      let said = '';
      const quiet = { write() {} };
      const io = { stdin: process.stdin, stdout: quiet, stderr: { write(t) { said += t; } }, env: {}, cwd: process.cwd() };
      const code = await run(['a.yaml', 'b.yaml', '--by', up ? '2' : '1/2', '--write', '-q'], io);
      if (code === 0) counts[up ? 'up' : 'down']++;
      else counts.refused.push(said);
      await new Promise((done) => setTimeout(done, Math.random() * 5));
    }
    console.log(JSON.stringify(counts));
  })();`;

it('several processes on the same files: nobody’s change is lost, and whoever is refused has changed nothing', async () => {
  const cwd = temporaryFolder();
  const config = `batch_size: ${START}\noptimizer: sgd\nlr: 0.1\n`;
  for (const name of ['a.yaml', 'b.yaml']) writeFileSync(join(cwd, name), config);
  const runs = await Promise.all(
    Array.from({ length: PROCESSES }, () =>
      promisify(execFile)(process.execPath, ['-e', SCRIPT, CLI], { cwd }),
    ),
  );
  const counts = runs.map(({ stdout }) => JSON.parse(stdout));
  const power = counts.reduce((sum, { up, down }) => sum + up - down, 0);
  for (const name of ['a.yaml', 'b.yaml'])
    expect(readFileSync(join(cwd, name), 'utf8')).toMatch(
      new RegExp(`^batch_size: ${START * 2 ** power}\noptimizer: sgd\nlr: \\S+\n$`),
    );
  for (const said of counts.flatMap(({ refused }) => refused))
    expect(said).toMatch(/^[ab]\.yaml: (was changed by somebody else|is being written by another run)/);
  expect(counts.some(({ up, down }) => up + down > 0)).toBe(true);
  expect(readdirSync(cwd)).toEqual(['a.yaml', 'b.yaml']);
  console.log(
    `${PROCESSES} processes: ${counts.map(({ up, down, refused }) => `${up + down} done, ${refused.length} refused`).join('; ')}`,
  );
});
