/** What a conversion says on stderr, in one place to load only where it says something. */
export { chalkFor } from '../../base/colour.ts';
export { warningLines } from '../../pipe/warnings.ts';
export { conversionTable } from './table.ts';
