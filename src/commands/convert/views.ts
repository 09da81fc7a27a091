/** The views on stderr, one module, loaded only if there is something to print. */
export { chalkFor } from '../../base/colour.ts';
export { warningLines } from '../../pipe/warnings.ts';
export { conversionTable } from './table.ts';
