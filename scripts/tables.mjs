// Lists where the source asks a table of this program with a word that may be a user's, other than through `lookUp`
// (src/base/look-up.ts): `table['constructor']` is what every object inherits. Part of `npm run lint`.

import { relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = resolve(ROOT, 'src');
const HELPER = 'base/look-up.ts';

const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (d) => console.log(d.messageText) };
const config = ts.getParsedCommandLineOfConfigFile(resolve(ROOT, 'tsconfig.json'), {}, host);
const files = config.fileNames.filter((file) => resolve(file).startsWith(SRC));
const program = ts.createProgram(files, config.options);
const checker = program.getTypeChecker();

const asked = program
  .getSourceFiles()
  .filter(({ fileName }) => fileName.startsWith(SRC) && !fileName.includes('/generated/'))
  .filter(({ fileName }) => relative(SRC, fileName) !== HELPER)
  .flatMap(asksIn);
for (const place of asked) console.log(`asks a table with any word; use lookUp: ${place}`);
process.exitCode = asked.length ? 1 : 0;

function asksIn(file) {
  const found = [];
  const visit = (node) => {
    if (asksByWord(node)) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${relative(ROOT, file.fileName)}:${line + 1}  ${node.getText()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** `table[word]` that is read, and `word in table`. */
function asksByWord(node) {
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword)
    return isAnyWord(node.left);
  if (!ts.isElementAccessExpression(node) || isWritten(node)) return false;
  const type = checker.getApparentType(checker.getTypeAtLocation(node.expression));
  const types = type.isUnion() ? type.types : [type];
  return (
    isAnyWord(node.argumentExpression) &&
    types.some((one) => checker.getIndexInfoOfType(one, ts.IndexKind.String))
  );
}

function isAnyWord(node) {
  const type = checker.getTypeAtLocation(node);
  return (type.isUnion() ? type.types : [type]).some(({ flags }) => flags & ts.TypeFlags.String);
}

function isWritten(node) {
  const { parent } = node;
  return (
    ts.isBinaryExpression(parent) &&
    parent.left === node &&
    parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}
