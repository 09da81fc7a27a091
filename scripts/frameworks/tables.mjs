// Prints the names and defaults of optimizers (src/optimizers/libraries.ts) as JSON, for defaults.py.
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const input = join(import.meta.dirname, '../../src/optimizers/libraries.ts');
const bundle = await rolldown({ input });
const { output } = await bundle.generate({ format: 'esm' });
const { LIBRARIES } = await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
console.log(JSON.stringify(LIBRARIES));
