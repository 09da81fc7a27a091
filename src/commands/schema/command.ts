import { Command } from 'commander';
import type { Io } from '../../base/io/streams.ts';
import { tableLines } from '../../base/table.ts';
import { listDialects, loadSchema } from '../../dialect/dialect.ts';

/** `rebatch schema [NAME]` */
export function schemaCommand(io: Io): Command {
  return new Command('schema')
    .description(
      'list the dialects, or print one as a self-contained JSON Schema; rebatch.config is that of the settings',
    )
    .argument('[name]', 'dialect')
    .action(async (name?: string) => {
      if (name === undefined) io.stdout.write(dialectTable());
      else io.stdout.write(`${JSON.stringify(await schemaOf(name), null, 2)}\n`);
    });
}

async function schemaOf(name: string): Promise<object> {
  if (name !== 'rebatch.config') return loadSchema(name);
  const file = await import('../../../schemas/rebatch.config.schema.json', { with: { type: 'json' } });
  return file.default;
}

function dialectTable(): string {
  const rows = listDialects().map(({ name, framework, version, sample, refuses }) => [
    name,
    framework,
    refuses ? 'recognised, and refused' : version,
    sample ?? '',
  ]);
  return `${tableLines({ columns: [{}, {}, {}, {}], rows }).join('\n')}\n`;
}
