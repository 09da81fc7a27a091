/** What a conversion says on stderr, in one place to load only where it says something. */
export { chalkFor } from './colour.ts';
export { conversionTable, warningLines } from './table.ts';
