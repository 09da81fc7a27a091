// What bench/run.mjs measures of the sources, as one bundle.
export { cpu } from '../src/verify/backends/cpu.ts';
export { instantiate } from '../src/verify/backends/wasm/kernel.ts';
export { wasmBackend, wasmLayers } from '../src/verify/backends/wasm/wasm.ts';
export { loadWebgpu } from '../src/verify/backends/webgpu/webgpu.ts';
export { kernel } from '../src/verify/generated/kernel.js';
export { REFERENCES } from '../src/verify/optimizers.ts';
export { train } from '../src/verify/train.ts';
