// What bench/run.mjs measures of the sources, as one bundle.
export { cpu } from '../src/lab/backends/cpu.ts';
export { loadTensorflow } from '../src/lab/backends/tensorflow/tensorflow.ts';
export { instantiate } from '../src/lab/backends/wasm/kernel.ts';
export { onThreads } from '../src/lab/backends/wasm/threads.ts';
export { wasmBackend, wasmLayers } from '../src/lab/backends/wasm/wasm.ts';
export { loadWebgpu } from '../src/lab/backends/webgpu/webgpu.ts';
export { kernel } from '../src/lab/generated/kernel.js';
export { REFERENCES } from '../src/lab/optimizers.ts';
export { train } from '../src/lab/training.ts';
