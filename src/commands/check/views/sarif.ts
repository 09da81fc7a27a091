import type { Source } from '../../../base/diagnostic.ts';
import { jsonText, placeOf, printable } from '../../../base/diagnostic.ts';
import type { FindingCode } from '../../../base/findings.ts';
import { FINDINGS } from '../../../base/findings.ts';
import { VERSION } from '../../../base/version.ts';
import type { Finding } from '../finding.ts';
import type { Suppressed } from '../suppress.ts';
import type { Reporter } from './reporter.ts';

const CODES = Object.keys(FINDINGS) as FindingCode[];
const LEVEL = { error: 'error', warning: 'warning', notice: 'note' } as const;

/**
 * The findings as a SARIF 2.1.0 log; ignored ones are marked as suppressed.
 * @param uriOf a file as a URI reference, relative to the root of its repository, if any
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifReporter(uriOf: (file: string) => string): Reporter {
  const results: object[] = [];
  return {
    add({ source, findings, suppressed }) {
      results.push(
        ...findings.map((f) => result(f, source, uriOf)),
        ...suppressed.map((s) => ({ ...result(s, source, uriOf), suppressions: [suppression(s)] })),
      );
      return '';
    },
    end: () => [`${jsonText(logOf(results))}\n`],
  };
}

function logOf(results: readonly object[]): object {
  const rules = CODES.map((id) => {
    const { title, why, remedy, severity } = FINDINGS[id];
    return {
      id,
      shortDescription: { text: title },
      fullDescription: { text: why },
      help: { text: remedy },
      defaultConfiguration: { level: LEVEL[severity] },
    };
  });
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'rebatch', version: VERSION, rules } },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  };
}

function result(
  { code, severity, message, offset }: Finding,
  { file, text }: Source,
  uriOf: (file: string) => string,
) {
  const uri = uriOf(file);
  const place = offset === undefined ? undefined : placeOf(text, offset);
  const region = place ? { region: { startLine: place.line, startColumn: place.column } } : {};
  return {
    ruleId: code,
    ruleIndex: CODES.indexOf(code),
    level: LEVEL[severity],
    message: { text: printable(message) },
    locations: [{ physicalLocation: { artifactLocation: { uri }, ...region } }],
  };
}

function suppression({ by }: Suppressed) {
  return { kind: by === 'comment' ? 'inSource' : 'external' };
}
