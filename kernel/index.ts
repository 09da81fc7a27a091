// The WebAssembly module of the wasm backend. Memory is the caller's: pointers come in, nothing is allocated here.
export { draw } from './noise';
export { addSnapshot, addStretch, endBatch } from './batches';
export { adam, addShare, lamb, lion, loss, sgd } from './updates';

/** Where memory is free from. */
export function base(): usize {
  return (__heap_base + 15) & ~15;
}
