import roles from '../../schemas/roles.schema.json' with { type: 'json' };
import { readSource } from '../base/io/files.ts';
import { limited } from '../base/io/limited.ts';
import type { Io } from '../base/io/streams.ts';
import { about, Problem } from '../base/problem.ts';
import { parse } from '../document/parse.ts';
import { compileDialect } from './compile.ts';
import type { Dialect, Validator } from './dialect.ts';
import type { Schema } from './keywords.ts';
import { faultsOf } from './meta-schema.ts';
import type { Found } from './roles.ts';
import { schemaProblem } from './schema-errors.ts';

const FILES = { 'roles.schema.json': roles as Schema };

/** Reads and compiles a custom dialect (`--schema FILE`, JSON or YAML). @throws Problem: schema, at its place */
export async function readDialect(file: string, io: Io): Promise<Dialect> {
  const source = await readSource(file, io);
  return about(source, async () => {
    const document = (await parse(source.text, source.file)).documents[0]!;
    const schema = document.data as Schema;
    const faults = faultsOf(schema, FILES);
    if (faults.length) throw schemaProblem(faults, document);
    try {
      const dialect = limited(() => compileDialect(schema, FILES), slow);
      return { ...dialect, validate: inTime(dialect.validate) };
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem('schema', `is not a dialect schema: ${(error as Error).message}`);
    }
  });
}

/** A validator whose patterns may not take for ever. */
function inTime(validate: Validator): Validator {
  const timed: Validator = function (this: Found[], data) {
    const fits = limited(() => validate.call(this, data), slow);
    timed.errors = validate.errors ?? null;
    return fits;
  };
  return timed;
}

function slow(): Problem {
  return new Problem(
    'schema',
    'the schema takes too long: one of its patterns tries every way to divide a text, as ^(a+)+$ does, or its references lead to each other. Write it with fewer choices',
  );
}
