import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { num } from '../base/numbers.ts';
import type { DecayRole } from '../dialect/roles.ts';
import { keyOf, readable } from '../document/pointer.ts';
import type { Binding } from '../optimizers/optimizer.ts';
import { type Field, isRole, offsetOf } from './recipe.ts';
import { inText } from './statements.ts';

type Of = 'gradient' | 'second-moment' | 'third';

const DIGITS: Readonly<Record<Of, string>> = { gradient: '1', 'second-moment': '2', third: '3' };

/** The averages that an optimizer keeps over steps. A default of 0 is none. */
function averagesOf({ optimizer, defaults }: Binding): Of[] {
  const { buffer, secondMoment, accumulatesForever, mixesNewest } = optimizer;
  return [
    ...(buffer !== 'none' && defaults.gradient !== 0 ? (['gradient'] as const) : []),
    ...((secondMoment && !accumulatesForever) || mixesNewest ? (['second-moment'] as const) : []),
    ...(defaults.third === undefined ? [] : (['third'] as const)),
  ];
}

/**
 * What to know where a trainer's default for a decay is not in the file and has no known place in it.
 * @param written fields of the optimizer's block in the file, its learning rate among them
 * @param fields what is known of the optimizer, defaults with a place among them
 * @param mayBeInCode the file does not say what the optimizer's constructor takes
 */
export function decaysUnsaid(
  binding: Binding,
  written: readonly Field[],
  fields: readonly Field[],
  mayBeInCode: boolean,
): Diagnostic[] {
  const { optimizer, defaults } = binding;
  const rate = written.find((f) => isRole(f, 'learning-rate') && inText(f));
  const decays = fields.filter((f): f is Field<DecayRole> => isRole(f, 'decay'));
  const there = decays.find(inText);
  const at = there ?? rate;
  if (!at) return [];
  const say = (message: string) => warning('decays-unsaid', `${optimizer.title}: ${message}`, offsetOf(at));
  const averages = averagesOf(binding);
  if (decays.length === 0 && averages.length)
    return [
      say(
        'its decays are not in the file and the trainer’s defaults are unknown: where the trainer reads them (the betas) from the file, write them there to have them converted; where they are in its code, raise them to the power kappa there',
      ),
    ];
  if (decays.length === 0)
    return mayBeInCode && optimizer.buffer === 'sum'
      ? [
          say(
            'no momentum is in the file, which is taken as 0; where the code has one, write it into the file, since the learning rate depends on it',
          ),
        ]
      : [];
  // Of Adafactor and Adadelta nobody writes down the one beside the other.
  if (optimizer.buffer === 'none' && !optimizer.interpolatesIterates) return [];
  return averages
    .filter((of) => !decays.some((f) => f.role.of === of))
    .map((of) => {
      const name = nameOf(of, binding, there);
      const value = {
        gradient: defaults.gradient,
        'second-moment': defaults.secondMoment,
        third: defaults.third,
      }[of];
      return say(
        `${there ? `${readable(there.pointer)} is in the file and ` : ''}${name} is not${there ? '' : ' in the file'}: it stays at the trainer’s default${value === undefined ? '' : ` (${num(value)} in most libraries)`}. Write ${name} into the file to have it converted`,
      );
    });
}

/** What a decay is called: as the one in the file is, with its own digit; RMSprop's as torch has it. */
function nameOf(of: Of, { optimizer }: Binding, there: Field | undefined): string {
  const key = there ? keyOf(there.pointer) : '';
  if (/\D[12]\D*$/.test(key)) return key.replace(/[12](?=\D*$)/, DIGITS[of]);
  if (of === 'second-moment' && /^rmsprop/.test(optimizer.name)) return 'alpha';
  return `beta${DIGITS[of]}`;
}
