// The mutants of a source file: small changes of its code that a test should notice. Types have none, and neither
// have texts: no string, template text or regular expression is changed. What stands in the ${} of a message is code.

import ts from 'typescript';

const K = ts.SyntaxKind;

/** What an operator becomes, one mutant each. */
const BINARY = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+=': ['-='],
  '-=': ['+='],
  '*=': ['/='],
  '/=': ['*='],
};

/** What a method becomes; null: what it is called on. */
const METHODS = {
  some: 'every',
  every: 'some',
  filter: null,
  slice: null,
  sort: null,
  reverse: null,
  toReversed: null,
  trim: null,
  trimEnd: null,
  trimStart: null,
  toLowerCase: null,
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  round: 'floor',
  find: 'findLast',
  findLast: 'find',
};

/**
 * Every mutant of a file: { id, file, start, end, text, line, from, to, bare, mark } where `text` replaces start..end, `line`
 * counts from 1, and `bare` tells that a whole statement is replaced and not an expression.
 */
export function mutantsOf(file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const found = [];
  const add = (node, text, bare = false) => {
    const [start, end] = [node.getStart(tree), node.getEnd()];
    const line = tree.getLineAndCharacterOfPosition(start).line + 1;
    const from = shortened(source.slice(start, end));
    if (from === shortened(text)) return;
    const outer = wholeChain(node);
    const mark = { start: outer.getStart(tree), end: outer.getEnd() };
    found.push({ file, start, end, text, line, from, to: shortened(text), bare, mark });
  };
  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    for (const mutate of OPERATORS) mutate(node, (part) => part.getText(tree), add);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return withIds(found);
}

/** What a `?.` cuts short as a whole: brackets within it would end that. */
function wholeChain(node) {
  const inChain =
    ts.isOptionalChain(node) && ts.isOptionalChain(node.parent) && node.parent.expression === node;
  const asserted = ts.isOptionalChain(node) && ts.isNonNullExpression(node.parent);
  return inChain || asserted ? wholeChain(node.parent) : node;
}

const OPERATORS = [
  binary,
  conditions,
  unary,
  constants,
  statements,
  bodies,
  calls,
  function arrays(node, _text, add) {
    const written = ts.isArrayLiteralExpression(node) && node.elements.length > 0;
    const target = ts.isBinaryExpression(node.parent ?? node) && node.parent.left === node;
    if (written && !target) add(node, '[]');
  },
  function chains(node, text, add) {
    if (node.questionDotToken)
      add(node, text(node).replace(`${text(node.expression)}?.`, chained(node, text)));
  },
];

function chained(node, text) {
  return ts.isPropertyAccessExpression(node) ? `${text(node.expression)}!.` : `${text(node.expression)}!`;
}

function binary(node, text, add) {
  if (!ts.isBinaryExpression(node)) return;
  const operator = text(node.operatorToken);
  if (operator === '+' && [node.left, node.right].some(isText)) return;
  for (const other of Object.hasOwn(BINARY, operator) ? BINARY[operator] : [])
    add(node, `${operand(node.left, text)} ${other} ${operand(node.right, text)}`);
}

/** An operand that keeps its meaning beside any operator. */
function operand(node, text) {
  return ts.isBinaryExpression(node) || ts.isPrefixUnaryExpression(node) ? `(${text(node)})` : text(node);
}

function isText(node) {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

function conditions(node, _text, add) {
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
    const condition = ts.isIfStatement(node) ? node.expression : node.condition;
    add(condition, 'true');
    add(condition, 'false');
  }
  if (ts.isWhileStatement(node)) add(node.expression, 'false');
  if (ts.isForStatement(node) && node.condition) add(node.condition, 'false');
}

function unary(node, text, add) {
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const inner = text(node.operand);
    if (node.operator === K.ExclamationToken || node.operator === K.MinusToken) add(node, inner);
    const swapped = text(node).includes('++') ? ['++', '--'] : ['--', '++'];
    if (node.operator === K.PlusPlusToken || node.operator === K.MinusMinusToken)
      add(node, text(node).replace(...swapped));
  }
}

function constants(node, text, add) {
  if (node.kind === K.TrueKeyword) add(node, 'false');
  if (node.kind === K.FalseKeyword) add(node, 'true');
  if (!ts.isNumericLiteral(node) || (ts.isPropertyAssignment(node.parent) && node.parent.name === node))
    return;
  const value = Number(text(node).replaceAll('_', ''));
  add(node, String(Number.isInteger(value) ? value + 1 : value * 1.5));
  if (value === 1) add(node, '0');
}

function statements(node, _text, add) {
  const called = ts.isExpressionStatement(node) && !isText(node.expression);
  if (called || ts.isThrowStatement(node) || ts.isContinueStatement(node) || ts.isBreakStatement(node))
    if (!ts.isCaseClause(node.parent)) add(node, ';', true);
}

/** A function that does nothing. */
function bodies(node, _text, add) {
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
    if (!isText(node.body)) add(node.body, 'undefined');
  } else if (ts.isFunctionLike(node) && node.body?.statements?.length) add(node.body, '{}', true);
}

function calls(node, text, add) {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
  const { expression, name } = node.expression;
  if (!Object.hasOwn(METHODS, name.text)) return;
  const other = METHODS[name.text];
  if (other === null) add(node, text(expression));
  else add(node, `${text(expression)}.${other}(${node.arguments.map(text).join(', ')})`);
}

function shortened(text) {
  const flat = text.replaceAll(/\s+/g, ' ');
  return flat.length > 70 ? `${flat.slice(0, 67)}...` : flat;
}

/** An id is the same as long as the mutated code is: the file, what becomes what, and which of those it is. */
function withIds(found) {
  const times = new Map();
  return found.map((one) => {
    const key = `${one.file}: ${one.from} -> ${one.to}`;
    const count = (times.get(key) ?? 0) + 1;
    times.set(key, count);
    return { id: count === 1 ? key : `${key} (${count})`, ...one };
  });
}

/** The file with a mutant in it. */
export function mutated(source, { start, end, text, bare }) {
  return `${source.slice(0, start)}${bare ? text : `(${text})`}${source.slice(end)}`;
}

/** The file with each mutant’s place marked by a call of `__seen(index)`, to learn which tests come by. */
export function marked(source, mutants) {
  const marks = mutants.flatMap(({ index, mark: { start, end }, bare }) => {
    const size = end - start;
    if (source[start] === '{' && bare)
      return [{ at: start + 1, text: `__seen(${index});`, ends: false, size: 0 }];
    const [open, close] = bare ? [`{__seen(${index});`, '}'] : [`(__seen(${index}),`, ')'];
    return [
      { at: start, text: open, ends: false, size },
      { at: end, text: close, ends: true, size },
    ];
  });
  // At one place ends come before beginnings, inner ends first, outer beginnings first.
  marks.sort(
    (a, b) => a.at - b.at || Number(b.ends) - Number(a.ends) || (a.ends ? a.size - b.size : b.size - a.size),
  );
  let [text, at] = ['', 0];
  for (const mark of marks) {
    text += source.slice(at, mark.at) + mark.text;
    at = mark.at;
  }
  return text + source.slice(at);
}
