import type { DecayRole } from '../dialect/roles.ts';
import type { Batch } from './recipe.ts';

/**
 * Samples behind one update of an average: an optimizer step for most; a forward pass of all devices where the role
 * says so; for BatchNorm what it normalises over, which is one device's pass unless the devices synchronise.
 * @param syncNorm the devices share their BatchNorm statistics
 */
export function samplesPerUpdate(
  { of, per }: DecayRole,
  { global, micro, accumulation, world = 1 }: Omit<Batch, 'fields'>,
  syncNorm: boolean,
): number {
  const perForward = global / accumulation;
  if (of === 'batch-norm') return syncNorm ? perForward : (micro ?? perForward / world);
  return per === 'forward' ? perForward : global;
}
