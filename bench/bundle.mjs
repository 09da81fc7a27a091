import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

/** What bench/subjects.mjs names, bundled as the package is. */
export async function bundled() {
  const folder = await mkdtemp(join(tmpdir(), 'rebatch-bench-'));
  const build = await rolldown({
    input: new URL('subjects.mjs', import.meta.url).pathname,
    platform: 'node',
  });
  const file = join(folder, 'subjects.mjs');
  await build.write({ file, format: 'esm', codeSplitting: false });
  await build.close();
  const subjects = await import(pathToFileURL(file));
  await rm(folder, { recursive: true });
  return subjects;
}
