import { KEPT } from '../block-weights.ts';
import { repeat } from './device.ts';
import { NOISE } from './noise.ts';
import { addDraw, endsBatch, STEP } from './steps.ts';

export const AVERAGE_LANES = 64;

/** The sums that the shader returns, by name. */
export function sumRows(cases: number): string[] {
  return [
    ...['oldSum', 'oldSquares', 'nowSum', 'nowSquares'],
    ...Array.from({ length: cases }, (_, i) => [`own${i}`, `converted${i}`, `unconverted${i}`]).flat(),
  ];
}

/**
 * One invocation is a pair of coordinates from the first step to the last. At the end of a block its averages are what
 * they were times a power of their decays, plus the block's gradients by weights that the host computes in float64.
 * Powers are kept as 1 - power, so that float32 does not lose the digits of what is forgotten.
 */
export function averageShader(cases: number): string {
  const averages = (make: (index: number) => string) => repeat(KEPT * cases, make);
  const rows = (make: (name: string, index: number) => string) => sumRows(cases).map(make).join(' ');
  return `${DECLARATIONS}
@compute @workgroup_size(${AVERAGE_LANES})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pair = id.x;
  if (pair >= run.pairs) { return; }
  ${averages((i) => `var average${i} = state[${i}u * run.pairs + pair];`)}
  ${rows((name, i) => `var ${name} = select(vec2f(), sums[${i}u * run.pairs + pair], run.goesOn != 0u);`)}
  var oldMean = vec2f();
  var nowMean = vec2f();
  var index = run.index;
  for (var block = 0u; block < run.blocks; block++) {
    ${averages((i) => `var added${i} = vec2f();`)}
    for (var i = 0u; i < run.steps; i++) {
      let step = steps[i];
      let z = draw(run.seed, run.stream, pair, index);
      index++;
      ${averages((i) => `added${i} += weights[i * ${KEPT * cases}u + ${i}u] * z;`)}
      ${batchMean('old')}
      ${batchMean('now')}
    }
    ${repeat(cases, (i) => endOfBlock(i, cases))}
  }
  ${averages((i) => `state[${i}u * run.pairs + pair] = average${i};`)}
  ${rows((name, i) => `sums[${i}u * run.pairs + pair] = ${name};`)}
}
`;
}

const DECLARATIONS = `${NOISE}
struct Run { seed: u32, stream: u32, pairs: u32, index: u32, blocks: u32, steps: u32, goesOn: u32 }
${STEP}
/** By how much a block decays the old average and the two differences, and how much of the old one enters those. */
struct Case { old: f32, converted: f32, unconverted: f32, intoConverted: f32, intoUnconverted: f32 }
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read> steps: array<Step>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> cases: array<Case>;
/** By block and case: 1 where it is time to compare. */
@group(0) @binding(4) var<storage, read> snapshots: array<f32>;
@group(0) @binding(5) var<storage, read_write> state: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> sums: array<vec2f>;
`;

function batchMean(side: 'old' | 'now'): string {
  return `${addDraw(`${side}Mean`, side, 'z')}
      if (${endsBatch(side)}) { ${side}Sum += ${side}Mean; ${side}Squares += ${side}Mean * ${side}Mean; }`;
}

function endOfBlock(i: number, cases: number): string {
  const [old, converted, unconverted] = [0, 1, 2].map((row) => `average${KEPT * i + row}`);
  const [addedOld, addedConverted, addedUnconverted] = [0, 1, 2].map((row) => `added${KEPT * i + row}`);
  return `{
      let by = cases[${i}u];
      let before = ${old};
      ${old} += ${addedOld} - by.old * before;
      ${converted} += ${addedConverted} + by.intoConverted * before - by.converted * ${converted};
      ${unconverted} += ${addedUnconverted} + by.intoUnconverted * before - by.unconverted * ${unconverted};
      let taken = snapshots[block * ${cases}u + ${i}u];
      own${i} += taken * ${old} * ${old};
      converted${i} += taken * ${converted} * ${converted};
      unconverted${i} += taken * ${unconverted} * ${unconverted};
    }`;
}
