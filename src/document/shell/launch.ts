import type { Argument } from './words.ts';

/** A command in its parts: what starts the processes, and what the program itself is given. */
export interface Launched {
  /** The arguments of each launcher, by its name. */
  readonly launchers: readonly { readonly name: string; readonly arguments: readonly Argument[] }[];
  readonly program: string;
  readonly arguments: readonly Argument[];
}

/** Commands that start another one in several processes. */
const LAUNCHERS = new Set([
  'torchrun',
  'accelerate',
  'srun',
  'sbatch',
  'mpirun',
  'mpiexec',
  'horovodrun',
  'colossalai',
  'tune',
]);
/** Modules and files that do, and are named before the program: `-m torch.distributed.run`, `.../launch.py`. */
const LAUNCHING =
  /(?:^|[./])(?:launch|launcher|xla_spawn|distributed[./]run|runner|torch_distributed)(?:\.py)?$/;
/** Commands that run the one which follows as it is, and what runs a program. */
const WRAPPERS =
  /^(?:(?:.*\/)?python[\d.]*|nohup|time|env|exec|sudo|stdbuf|nice|ionice|numactl|uv|poetry|pipenv|pdm|conda|micromamba|apptainer|singularity|docker|podman|launch|run|taskset|xvfb-run|coverage|nsys|ncu|sh|bash)$/;
/** Launchers' flags without a value, after which the program may follow. */
const BARE =
  /^--?(?:standalone|use[-_]env|no[-_]python|module|multi[-_]gpu|use[-_]fsdp|cpu|tpu|debug|quiet|no[-_]local[-_]rank|no[-_]ssh|force[-_]multi|unbuffered|label|exclusive|oversubscribe|allow-run-as-root|gpu|nv|rm|it|u|O|B|W|l|K)$/;

/** What a command starts, and with which arguments; undefined where it starts nothing. */
export function launched(words: readonly Argument[]): Launched | undefined {
  const launchers: { name: string; arguments: Argument[] }[] = [];
  let at = 0;
  while (at < words.length) {
    const { text } = words[at]!;
    const name = text.replace(/^.*\//, '');
    const file = text === '-m' ? words[++at]?.text : isFile(text) ? text : undefined;
    if (file !== undefined) {
      if (!LAUNCHING.test(file)) return { launchers, ...programAt(words, at) };
      launchers.push({ name: file.replace(/^.*\/|\.py$/g, ''), arguments: [] });
    } else if (LAUNCHERS.has(name)) launchers.push({ name, arguments: [] });
    // It gets no name of its own, since trainers have flags that are called like their launchers.
    else if (startsFile(words, at)) launchers.push({ name: 'launcher', arguments: [] });
    else if (isFlag(text)) {
      const value = takesValue(words, at) ? [words[at + 1]!] : [];
      launchers.at(-1)?.arguments.push(words[at]!, ...value);
      at += value.length;
    } else if (!WRAPPERS.test(name) && !/^\w+=/.test(text)) return { launchers, ...programAt(words, at) };
    at++;
  }
  return undefined;
}

function programAt(words: readonly Argument[], at: number): Omit<Launched, 'launchers'> {
  return { program: words[at]!.text, arguments: words.slice(at + 1) };
}

function isFile(text: string): boolean {
  return /\.pyc?$/.test(text);
}

/** Whether a command gives only flags of its own before the program that it starts: `own-launcher -n 8 train.py`. */
function startsFile(words: readonly Argument[], command: number): boolean {
  if (isFlag(words[command]!.text) || WRAPPERS.test(words[command]!.text)) return false;
  let at = command + 1;
  while (words[at] && isFlag(words[at]!.text)) {
    const alone = !takesValue(words, at);
    if (alone && !words[at]!.text.includes('=') && !BARE.test(words[at]!.text)) return false;
    at += alone ? 1 : 2;
  }
  return isFile(words[at]?.text ?? '');
}

function takesValue(words: readonly Argument[], at: number): boolean {
  const next = words[at + 1];
  const { text } = words[at]!;
  if (!next || text.includes('=') || BARE.test(text) || isFlag(next.text) || isFile(next.text)) return false;
  return !/^-\w\d/.test(text);
}

/** `--name`, `-n`; a negative number is none. */
export function isFlag(text: string): boolean {
  return /^--?[A-Za-z_]/.test(text);
}
