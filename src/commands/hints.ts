import { lookUp } from '../base/look-up.ts';

/** What people type who know other tools, and what it is called here. */
const MEANT: Readonly<Record<string, string>> = {
  '--batch-size': '--to N is the new global batch size',
  '--batch': '--to N is the new global batch size',
  '--bs': '--to N is the new global batch size',
  '-to': '--to N, with two dashes, is the new global batch size',
  '--kappa': '--by R is the new batch over the old one',
  '--scale': '--by R is the new batch over the old one',
  '--gpus': '--world N are the devices before, --world-to N those after',
  '--devices': '--world N are the devices before, --world-to N those after',
  '--num-gpus': '--world N are the devices before, --world-to N those after',
  '--world-size': '--world N are the devices before, --world-to N those after',
  '--nproc-per-node': '--world N are the devices before, --world-to N those after',
  '--gradient-accumulation-steps': '--accumulation N',
  '--micro-batch-size': '--micro N',
  '--dry-run': 'nothing is written without --write; --diff shows what would be',
  '-n': 'nothing is written without --write; --diff shows what would be',
  '-i': '--write rewrites the file in place',
  '--in-place': '--write rewrites the file in place',
  '--inplace': '--write rewrites the file in place',
  '--alone':
    'files are checked each by itself, unless --base REV or --against REFERENCE says with what to compare',
  '--lr': 'the learning rate follows from the batch; --keep lr leaves it alone',
  '--learning-rate': 'the learning rate follows from the batch; --keep FIELD leaves it alone',
};

/** An error of the command line with what was meant, where that can be told. */
export function withHint(text: string): string {
  const [, option = ''] = /unknown option '([^'=]+)/.exec(text) ?? [];
  const hint = lookUp(MEANT, option);
  // commander guesses by spelling, which is further off.
  if (hint) return `error: unknown option '${option}': ${hint}\n`;
  return text.replace("argument 'config'", '$&; to read standard input, give - in its place');
}
