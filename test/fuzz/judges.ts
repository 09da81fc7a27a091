import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Format } from './model.ts';

/** What a judge read: plain values, numbers with their kind. */
export type Judged =
  | string
  | boolean
  | null
  | readonly Judged[]
  | { readonly i: string }
  | { readonly f: string }
  | { readonly o: string }
  | { readonly m: readonly (readonly [string, Judged])[] };

/** The documents of a text, or why the judge refuses it. */
export type Reading = { readonly documents: readonly Judged[] } | { readonly refused: string };

/** Reads texts with programs that know nothing of rebatch. */
export interface Judge {
  read(format: Exclude<Format, 'shell'>, text: string, slow?: boolean): Promise<Reading>;
  close(): void;
}

/** Why python3 cannot judge here, or undefined. */
export function noPython(): string | undefined {
  try {
    execFileSync('python3', ['-c', 'import yaml, tomllib'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    const told = String((error as { stderr?: Buffer }).stderr ?? '')
      .trim()
      .split('\n')
      .at(-1);
    return told || 'there is no python3';
  }
}

/** Answers in the order of the questions. */
function answers(child: ChildProcess, end: string): (question: string) => Promise<string> {
  const waiting: ((answer: string) => void)[] = [];
  let rest = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split(end);
    rest = parts.pop()!;
    for (const part of parts) waiting.shift()?.(part);
  });
  return (question) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      child.stdin!.write(question);
    });
}

export function pythonJudge(): Judge {
  const child = spawn('python3', [fileURLToPath(new URL('judge.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ask = answers(child, '\n');
  return {
    read: async (format, text, slow = false) => {
      const { v, e } = JSON.parse(await ask(`${JSON.stringify({ format, text, slow })}\n`)) as {
        v?: Judged[];
        e?: string;
      };
      return v ? { documents: v } : { refused: e ?? '' };
    },
    close: () => child.stdin.end(),
  };
}

const STUBS = ['python', 'python3', 'torchrun', 'accelerate', 'srun', 'deepspeed'];
/** Runs one script after the other, each in a shell of its own, and tells what it handed to its programs. */
const RUNNER = `exec 9>&1
${STUBS.map((name) => `${name}() { printf 'ARG<%s>\\003' "$@" >&9; }`).join('\n')}
env() { "$@"; }
while IFS= read -r -d '' script; do
  ( eval "$script" ) </dev/null 2>/dev/null
  printf '\\002%d\\001' $?
done
`;

/** The arguments that a script's programs are given, as bash itself gives them; undefined where it fails. */
export interface ShellJudge {
  run(script: string): Promise<readonly string[] | undefined>;
  close(): void;
}

export function bashJudge(): ShellJudge {
  const child = spawn('bash', ['--norc', '-c', RUNNER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ask = answers(child, '\u0001');
  return {
    run: async (script) => {
      const [out = '', status] = (await ask(`${script}\0`)).split('\u0002');
      if (status !== '0') return undefined;
      return [...out.matchAll(/ARG<([^\u0003]*)>\u0003/g)].map(([, word]) => word!);
    },
    close: () => child.stdin.end(),
  };
}

/** Whether there is a bash. */
export function hasBash(): boolean {
  try {
    execFileSync('bash', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
