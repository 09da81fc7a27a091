import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The built command. */
export const BIN = fileURLToPath(new URL('../../bin/rebatch.js', import.meta.url));
/** The same as a module, for processes that call it more than once. */
export const CLI = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));

const ROOT = process.getuid?.() === 0;
/** The user `nobody`, who owns nothing. */
export const NOBODY = 65534;

/** A program that came to its end. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function ended(program: string, args: readonly string[], cwd: string): Ended {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, REBATCH: BIN, NODE: process.execPath },
  });
  return { code: status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** Runs a shell script; `$NODE $REBATCH` is the command. */
export function shell(script: string, cwd: string): Ended {
  return ended('sh', ['-c', script], cwd);
}

/** How a script gets a table of mounts of its own; undefined where that is not permitted. */
const UNSHARE = [['--mount'], ['--mount', '--map-root-user']].find(
  (options) => ended('unshare', [...options, 'mount', '-t', 'tmpfs', 'none', '/mnt'], '/').code === 0,
);
export const mayMount = UNSHARE !== undefined;

/** Runs a shell script that may mount what it likes; it is gone when the script ends. */
export function shellWithMounts(script: string, cwd: string): Ended {
  return ended('unshare', [...(UNSHARE ?? []), 'sh', '-c', script], cwd);
}

const AS_NOBODY = ROOT
  ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', process.execPath]
  : [process.execPath];
/** Whether the command can be run by somebody whom the system refuses things. */
export const mayBeNobody =
  !ROOT || ended('setpriv', [...AS_NOBODY.slice(1), BIN, '--version'], '/').code === 0;

/** Runs the command as a user without rights: as `nobody` where the tests run as root, else as oneself. */
export function unprivileged(args: readonly string[], cwd: string): Ended {
  const [program = '', ...rest] = AS_NOBODY;
  return ended(program, [...rest, BIN, ...args], cwd);
}
