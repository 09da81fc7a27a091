import { placeName, placeOf, printable } from '../../../base/diagnostic.ts';
import type { Checked } from '../check.ts';
import { type Finding, isUnrelated } from '../finding.ts';
import type { Reporter } from './reporter.ts';

/** The findings as JUnit XML: a suite for each file, a failed case for each error, else a passed one. */
export function junitReporter(): Reporter {
  const suites: string[] = [];
  let failures = 0;
  let tests = 0;
  return {
    add(checked) {
      const errors = errorsOf(checked.findings).length;
      failures += errors;
      tests += Math.max(1, errors);
      suites.push(suite(checked));
      return '';
    },
    end: () => [
      `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="rebatch check" tests="${tests}" failures="${failures}" errors="0">\n`,
      ...suites,
      '</testsuites>\n',
    ],
  };
}

function errorsOf(findings: readonly Finding[]): Finding[] {
  return findings.filter((f) => f.severity === 'error');
}

function suite({ source, findings }: Checked): string {
  const errors = errorsOf(findings);
  const name = xml(source.file);
  const cases = errors.map((f) => {
    const at = f.offset === undefined ? '' : ` line="${placeOf(source.text, f.offset).line}"`;
    const text = `${placeName(source, f.offset)}: ${f.message}`;
    return `    <testcase classname="${name}" name="${xml(caseName(f))}" file="${name}"${at}>\n      <failure type="${f.code}" message="${xml(f.message)}">${xml(text)}</failure>\n    </testcase>\n`;
  });
  const skipped = findings.find(isUnrelated);
  const passed = `    <testcase classname="${name}" name="rebatch check" file="${name}"${
    skipped ? `>\n      <skipped message="${xml(skipped.message)}"/>\n    </testcase>` : '/>'
  }\n`;
  const rest = findings.filter((f) => f.severity !== 'error');
  const said = rest.map((f) => xml(`${f.severity}: ${f.message} [${f.code}]`)).join('&#10;');
  const output = said ? `    <system-out>${said}</system-out>\n` : '';
  return `  <testsuite name="${name}" tests="${Math.max(1, errors.length)}" failures="${errors.length}" errors="0" skipped="${skipped ? 1 : 0}">\n${cases.join('') || passed}${output}  </testsuite>\n`;
}

function caseName({ code, pointer, part }: Finding): string {
  return [code, pointer, part].filter(Boolean).join(' ');
}

/** Printable and escaped for text and attributes; U+FFFE and U+FFFF, which XML 1.0 forbids, become U+FFFD. */
function xml(text: string): string {
  return printable(text)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
