import {
  type Assignment,
  type Command,
  type CommandArgument,
  forEachChild,
  type SyntaxNode,
  type Word,
} from 'unbash';
import type { Assigned } from './variables.ts';

/** What a script does, in the order of its text. */
export interface Steps {
  readonly assigned: readonly Assigned[];
  readonly commands: readonly Command[];
}

/** Parts of a script that may run never, or several times. */
const UNSURE = new Set(['If', 'For', 'ArithmeticFor', 'Select', 'While', 'Case', 'Function', 'Coproc']);
/** Commands whose arguments are assignments. */
const DECLARES = new Set(['export', 'declare', 'typeset', 'readonly', 'local']);

/** The assignments and the commands of a script; those of command substitutions are none of its own. */
export function stepsOf(script: SyntaxNode): Steps {
  const assigned: Assigned[] = [];
  const commands: Command[] = [];
  const look = (node: SyntaxNode, sure: boolean): void => {
    if (node.type === 'For' || node.type === 'Select') assigned.push(loopVariable(node.name));
    if (node.type === 'Command') {
      commands.push(node);
      for (const each of assignmentsOf(node)) assigned.push(assignment(each, sure));
    } else if (node.type !== 'Word') forEachChild(node, (child) => look(child, sure && isSure(child, node)));
  };
  look(script, true);
  return { assigned, commands };
}

/** Whether a part of what is done is done in any case. */
function isSure(child: SyntaxNode, of: SyntaxNode): boolean {
  return of.type === 'AndOr' ? child === of.commands[0] : !UNSURE.has(of.type);
}

/** Those that hold for the rest of the script; before a command they hold for it alone. */
function assignmentsOf({ name, prefix, args }: Command): Assignment[] {
  const of = (parts: readonly (CommandArgument | Command['prefix'][number])[]) =>
    parts.filter((part): part is Assignment => part.type === 'Assignment');
  if (!name) return of(prefix);
  return DECLARES.has(name.value) ? of(args) : [];
}

function assignment({ name, value, pos, append, index }: Assignment, sure: boolean): Assigned {
  return { name, value, offset: pos, append: append === true, sure: sure && index === undefined };
}

/** What a loop puts into its variable is another value each time. */
function loopVariable(name: Word): Assigned {
  return { name: name.value, value: name, offset: name.pos, append: false, sure: false };
}
