import type { Step } from '../../theory.ts';

// The steps of a block as shaders read them.

/** Bits of `flags`. */
export const FLAGS = { old: { starts: 1, ends: 2 }, now: { starts: 4, ends: 8 } } as const;

/** The weights of a draw in the old and in the new batch, and which of them begin or end with it. */
export const STEP = 'struct Step { old: f32, now: f32, flags: u32 }';
const WORDS = 3;

/** The steps for a shader. `shares` gives the weights of a draw in the old and in the new batch. */
export function stepWords(steps: readonly Step[], shares: (step: Step) => readonly [number, number]) {
  const floats = new Float32Array(WORDS * steps.length);
  const words = new Uint32Array(floats.buffer);
  for (const [i, step] of steps.entries()) {
    floats.set(shares(step), WORDS * i);
    let flags = 0;
    for (const side of ['old', 'now'] as const) {
      if (step.starts[side]) flags |= FLAGS[side].starts;
      if (step.ends[side]) flags |= FLAGS[side].ends;
    }
    words[WORDS * i + 2] = flags;
  }
  return floats;
}

/** Shader text that adds a draw `z` to a batch's noise `NAME`, which begins anew with a batch. */
export function addDraw(name: string, side: 'old' | 'now', z: string): string {
  return `${name} = select(${name}, vec2f(), (step.flags & ${FLAGS[side].starts}u) != 0u) + step.${side} * ${z};`;
}

/** Shader text: whether a batch ends with the step. */
export function endsBatch(side: 'old' | 'now'): string {
  return `(step.flags & ${FLAGS[side].ends}u) != 0u`;
}
