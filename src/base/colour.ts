import { Chalk, type ChalkInstance } from 'chalk';
import type { Io, Output } from './io/streams.ts';

/** Colours for one stream: `--color`/`--no-color`, then NO_COLOR, FORCE_COLOR, then whether it is a terminal. */
export function chalkFor(stream: Output, env: Io['env'], option: boolean | undefined): ChalkInstance {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (option !== undefined) return new Chalk({ level: option ? 1 : 0 });
  if (NO_COLOR) return new Chalk({ level: 0 });
  if (FORCE_COLOR !== undefined)
    return new Chalk({ level: FORCE_COLOR === '0' || FORCE_COLOR === 'false' ? 0 : 1 });
  return new Chalk({ level: stream.isTTY && TERM !== 'dumb' ? 1 : 0 });
}
