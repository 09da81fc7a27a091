import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from './temporary.ts';

/** A git repository in a temporary folder. */
export interface Repository {
  readonly cwd: string;
  git(...args: string[]): string;
  write(file: string, text: string): void;
  read(file: string): string;
  /** Everything there is, as a commit; returns its name. */
  commit(message?: string): string;
}

/** A new repository on branch `main`, or a clone of another made with these options of `git clone`. */
export function repository(cloned?: {
  readonly of: Repository;
  readonly options: readonly string[];
}): Repository {
  const cwd = temporaryFolder();
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  if (cloned) git('clone', '--quiet', ...cloned.options, `file://${cloned.of.cwd}`, '.');
  else git('init', '--quiet', '--initial-branch=main');
  for (const [key, value] of [
    ['user.name', 'A Tester'],
    ['user.email', 'tester@example.org'],
    ['commit.gpgsign', 'false'],
  ] as const)
    git('config', key, value);
  return {
    cwd,
    git,
    write(file, text) {
      mkdirSync(dirname(join(cwd, file)), { recursive: true });
      writeFileSync(join(cwd, file), text);
    },
    read: (file) => readFileSync(join(cwd, file), 'utf8'),
    commit(message = 'a change') {
      git('add', '--all');
      git('commit', '--quiet', '--message', message);
      return git('rev-parse', 'HEAD');
    },
  };
}
