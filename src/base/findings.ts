import type { Severity } from './diagnostic.ts';

/** What a finding of one code means, for its section in docs/findings.md. */
interface Meaning {
  readonly severity: Severity;
  /** What is wrong, as a heading. */
  readonly title: string;
  readonly why: string;
  readonly remedy: string;
}

/** All findings. The codes are part of the interface. */
export const FINDINGS = {
  'not-converted': {
    severity: 'error',
    title: 'The batch size changed and this value did not follow',
    why: 'Learning rates, momentum, averages and step counts are written per optimizer step. With another batch size a step is another number of samples, so the value now means something else.',
    remedy:
      'Write the expected value, by hand or with `--fix`. Where it was left on purpose, ignore the line.',
  },
  'not-by-rule': {
    severity: 'error',
    title: 'This value changed with the batch size, but not to what the rule gives',
    why: 'It is neither what it was nor what the rule makes of it, beyond the tolerance (`--tolerance`, 1 %). Often it was scaled by another rule, or a step of the conversion was done by hand.',
    remedy:
      'Name the rule that was meant (`--rule`), write the expected value (`--fix`), or ignore the line if it was tuned anew.',
  },
  'changed-otherwise': {
    severity: 'notice',
    title: 'This value changed although the batch size does not ask for it',
    why: 'The rule leaves it where it was, so the change has another reason. It is listed so that one commit is not taken for the other.',
    remedy: 'Nothing, where it was meant.',
  },
  'not-compared': {
    severity: 'warning',
    title: 'Something has no counterpart on the other side',
    why: 'The two files do not have the same optimizers, averages or counts, or their trainers multiply a value differently by themselves, so no expected value can be given.',
    remedy: 'Compare it by eye; `rebatch explain` says what each side does.',
  },
  'half-converted': {
    severity: 'error',
    title: 'What must move with the batch is not in the file',
    why: 'A momentum, an average or a batch size changes and the learning rate that has to change with it was not found, so only half of a conversion can be judged.',
    remedy:
      'Write the learning rate into the file, or check what is there with `--partial` and the learning rate where it is.',
  },
  'companion-differs': {
    severity: 'error',
    title: 'A file that the config names has another number',
    why: 'Some trainers hand their numbers on to a library with a file of its own, compare the two, and stop where a number in one is not the number in the other.',
    remedy: 'Write `"auto"` into that file where the library takes it, or the same number.',
  },
  'new-file': {
    severity: 'notice',
    title: 'The file does not exist at the revision compared with',
    why: 'There is nothing to compare it with. A file that git sees as renamed is compared with what it was.',
    remedy:
      'Nothing. If it was renamed and rewritten at once, compare with `rebatch check --against OLD NEW`.',
  },
  'deleted-file': {
    severity: 'notice',
    title: 'The file exists at the revision compared with, but no longer',
    why: 'A deleted config cannot be wrong.',
    remedy: 'Nothing.',
  },
  'reference-unreadable': {
    severity: 'warning',
    title: 'The version at the revision compared with cannot be understood',
    why: 'It is broken there, or was no training config yet, so there is nothing to convert from.',
    remedy: 'Compare with a later revision, or with another file.',
  },
  'string-float': {
    severity: 'error',
    title: 'A number that PyYAML reads as a string',
    why: 'YAML 1.1, which PyYAML follows, wants a dot and a signed exponent in a float: `1e-4` is a string, `1.0e-4` a number. Trainers that pass the value on as it is fail in the middle of the start, or compare a string with a number; those that convert it themselves are fine, and there it is a notice.',
    remedy: 'Write `1.0e-4` or `0.0001`, or run `rebatch check --fix --only string-float FILE`.',
  },
  'short-second-moment': {
    severity: 'warning',
    title: 'The second moment forgets faster than the gradient average',
    why: 'The step is the gradient average over the root of the second moment. Where beta2 is below beta1 the divisor knows fewer batches than what it divides, which makes single steps large after a change of the gradient; Adam is stable for beta1 below sqrt(beta2) only (Reddi et al., arXiv 1904.09237).',
    remedy: 'Check that the two are not swapped.',
  },
  'bf16-decay': {
    severity: 'warning',
    title: 'An average that bfloat16 cannot keep',
    why: 'bfloat16 has 8 significant bits: an update by less than 2^-9 of the value rounds away, so an average with 1-decay below that stands still. The file says that states are kept in bfloat16.',
    remedy:
      'Keep the state of this average in float32, or use an optimizer with stochastic rounding or Kahan summation.',
  },
  'trainer-rescales': {
    severity: 'notice',
    title: 'The trainer itself scales this value with the batch',
    why: 'What the file says is not what the optimizer gets. Whoever scales it by hand as well scales it twice. rebatch divides out what the trainer will do.',
    remedy: 'Nothing; change it with rebatch, not by hand.',
  },
  misspelt: {
    severity: 'warning',
    title: 'An unknown key that is close to a known one',
    why: 'The field is left to the trainer’s default, which is hardly what was meant; some trainers refuse the key, others pass over it.',
    remedy: 'Correct the key. If it is one of your own code, ignore the line.',
  },
  'batch-inconsistent': {
    severity: 'error',
    title: 'The batch arithmetic does not add up',
    why: 'The global batch is not micro batch x accumulation x devices. Trainers stop at the start, or silently take one of them.',
    remedy:
      'Make the product right. If the file was made for another number of devices than it says, give `--world`.',
  },
  demand: {
    severity: 'error',
    title: 'The batch is not one that the trainer takes',
    why: 'Some trainers want whole groups of samples, others a batch that holds the longest one, and stop at the start.',
    remedy: 'Choose another batch, micro batch or number of devices, or change the field that demands it.',
  },
  'count-inconsistent': {
    severity: 'error',
    title: 'Step counts that must fit together do not',
    why: 'The trainer demands that one is a multiple or the sum of others.',
    remedy: 'Make them fit.',
  },
  schema: {
    severity: 'error',
    title: 'A value that the framework does not take',
    why: 'The dialect’s schema, read from the framework’s sources, does not allow it.',
    remedy: 'Correct it. `rebatch schema NAME` prints the schema; `--dialect` says which framework it is.',
  },
  'out-of-range': {
    severity: 'error',
    title: 'A value outside the range it has a meaning in',
    why: 'A decay of 1 or more does not forget, a learning rate of 0 or less does not learn.',
    remedy: 'Correct it.',
  },
  syntax: {
    severity: 'error',
    title: 'The file does not parse as what its name says',
    why: 'No trainer can read it.',
    remedy: 'Correct it at the place named.',
  },
  'too-large': {
    severity: 'error',
    title: 'The file asks for more than a config does',
    why: 'Its size, its depth, what its aliases stand for or the number of its optimizers is beyond what rebatch reads, so it was not judged.',
    remedy: 'Split it, or take out what is no setting.',
  },
  'duplicate-key': {
    severity: 'error',
    title: 'Duplicate key',
    why: 'Most parsers silently keep the last one.',
    remedy: 'Remove one of them.',
  },
  'unknown-optimizer': {
    severity: 'error',
    title: 'Unknown optimizer',
    why: 'How its learning rate follows the batch depends on where it normalises, so nothing can be judged.',
    remedy: 'Say with `--optimizer NAME` which one it updates like.',
  },
  'ambiguous-dialect': {
    severity: 'warning',
    title: 'The file could be of several frameworks',
    why: 'Its keys fit more than one dialect, so it was not judged.',
    remedy: 'Say which with `--dialect NAME`, or in rebatch.config.yaml for a glob of files.',
  },
  'not-judged': {
    severity: 'warning',
    title: 'The file was not judged',
    why: 'It does not say its batch size, or not which of several experiments is meant. What is no training config at all, as far as rebatch knows, is a notice; what the rule or the options have no answer for is an error. With `--require-judged`, and with `--against`, all of it is an error.',
    remedy:
      'Say what is missing (`--dialect`, `--schema`, `--from`, `--to`, `--at`, or `names` in rebatch.config.yaml). Files that are none of training’s belong into `.rebatchignore`.',
  },
  unreadable: {
    severity: 'error',
    title: 'The file cannot be read',
    why: 'It is a folder, or permission is denied.',
    remedy: 'Make it readable, or name it in `.rebatchignore`.',
  },
  'not-utf8': {
    severity: 'error',
    title: 'The file is not UTF-8 text',
    why: 'Trainers read configs as UTF-8 and stop at the first byte that is none.',
    remedy: 'Save it as UTF-8.',
  },
  'unknown-code': {
    severity: 'warning',
    title: 'A comment ignores a code that does not exist',
    why: 'It ignores nothing, perhaps because of a typo.',
    remedy: 'Write one of the codes of this page.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

export type FindingCode = keyof typeof FINDINGS;

export function isFindingCode(text: string): text is FindingCode {
  return Object.hasOwn(FINDINGS, text);
}
