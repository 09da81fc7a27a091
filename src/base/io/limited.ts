import { type Context, createContext, Script } from 'node:vm';

/** Milliseconds that a user's expressions may take, together. */
const MOST = 1000;

let place: { readonly script: Script; readonly context: Context } | undefined;

/**
 * Runs code with a user's regular expressions in it; one that tries every division of a text is interrupted.
 * @param late what to throw then
 */
export function limited<T>(run: () => T, late: () => Error): T {
  // Only a script can be given a time; it runs what it is handed.
  place ??= { script: new Script('run()'), context: createContext({}) };
  place.context.run = run;
  try {
    return place.script.runInContext(place.context, { timeout: MOST }) as T;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? late() : error;
  }
}
