import roles from '../../schemas/roles.schema.json' with { type: 'json' };
import { readSource } from '../base/io/files.ts';
import type { Io } from '../base/io/streams.ts';
import { about, Problem } from '../base/problem.ts';
import { parse } from '../document/parse.ts';
import { compileDialect } from './compile.ts';
import type { Dialect } from './dialect.ts';
import type { Schema } from './keywords.ts';
import { faultsOf } from './meta-schema.ts';
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
      return compileDialect(schema, FILES);
    } catch (error) {
      throw new Problem('schema', `is not a dialect schema: ${(error as Error).message}`);
    }
  });
}
