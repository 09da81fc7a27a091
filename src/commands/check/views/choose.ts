import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chalkFor } from '../../../base/colour.ts';
import type { Io } from '../../../base/io/streams.ts';
import { appendText } from '../../../base/io/write-files.ts';
import { type CheckFlags, shownSeverities } from '../flags.ts';
import type { Targets } from '../targets.ts';
import { annotationReporter, summaryReporter } from './github.ts';
import { jsonReporter } from './json.ts';
import { junitReporter } from './junit.ts';
import type { Reporter } from './reporter.ts';
import { sarifReporter } from './sarif.ts';
import { textReporter } from './text.ts';

/** The format asked for; by default, on GitHub's runners, annotations and a summary of the step. */
export function reporterOf(flags: CheckFlags, targets: Targets, io: Io): Reporter {
  const { format, json, color } = flags;
  const severities = shownSeverities(flags);
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY } = io.env;
  const path = (file: string) => inRepository(file, io);
  switch (json ? 'json' : (format ?? (GITHUB_ACTIONS === 'true' ? 'github' : 'text'))) {
    case 'text':
      return textReporter(chalkFor(io.stdout, io.env, color), flags, targets, io.stdout);
    case 'json':
      return jsonReporter(!targets.single);
    case 'github':
      return GITHUB_STEP_SUMMARY
        ? withSummary(
            annotationReporter(path, severities),
            summaryReporter(severities),
            GITHUB_STEP_SUMMARY,
            io,
          )
        : annotationReporter(path, severities);
    case 'sarif':
      return sarifReporter((file) => uriOf(path(file)));
    case 'junit':
      return junitReporter();
  }
}

function withSummary(reporter: Reporter, summary: Reporter, file: string, io: Io): Reporter {
  return {
    add(checked) {
      summary.add(checked);
      return reporter.add(checked);
    },
    *end() {
      yield* reporter.end();
      appendText(file, [...summary.end()].join(''), io);
    },
  };
}

/** A path relative to the checkout, as annotations need it, whatever the working folder. */
function inRepository(file: string, { env, cwd }: Io): string {
  const path = relative(env.GITHUB_WORKSPACE || cwd, resolve(cwd, file));
  return file === '<stdin>' ? file : path.startsWith('..') ? resolve(cwd, file) : path.split(sep).join('/');
}

function uriOf(path: string): string {
  return isAbsolute(path) ? pathToFileURL(path).href : path.split('/').map(encodeURIComponent).join('/');
}
