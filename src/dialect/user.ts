import roles from '../../schemas/roles.schema.json' with { type: 'json' };
import { readText } from '../base/io/files.ts';
import type { Io } from '../base/io/streams.ts';
import { Problem } from '../base/problem.ts';
import { parse } from '../document/parse.ts';
import { compileDialect } from './compile.ts';
import type { Dialect } from './dialect.ts';
import type { Schema } from './vocabulary.ts';

/** Reads and compiles a dialect of the user's own (`--schema FILE`, JSON or YAML). @throws Problem: schema */
export async function readDialect(file: string, io: Io): Promise<Dialect> {
  const text = await readText(file, io);
  try {
    const { documents } = await parse(text, file);
    return compileDialect(documents[0]!.data as Schema, { 'roles.schema.json': roles as Schema });
  } catch (error) {
    const problem =
      error instanceof Problem
        ? error
        : new Problem('schema', `is not a dialect schema: ${(error as Error).message}`);
    throw problem.in({ file, text });
  }
}
