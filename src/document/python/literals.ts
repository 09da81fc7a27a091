import { numberInString, type ScalarValue } from '../scalar.ts';
import { expression, type Literal, type Syntax } from './values.ts';

/** The literal that a node is, with its sign; undefined for anything else. */
export function literalOf(node: Syntax, text: string): Literal | undefined {
  const source = text.slice(node.from, node.to);
  const plain = (value: ScalarValue): Literal => ({
    kind: 'scalar',
    from: node.from,
    to: node.to,
    source,
    style: 'plain',
    value,
  });
  switch (node.name) {
    case 'Number':
    case 'UnaryExpression': {
      const number = numberOf(source);
      return number === undefined ? undefined : plain(number);
    }
    case 'Boolean':
      return plain(source === 'True');
    case 'None':
      return plain(null);
    case 'String':
      return stringOf(node, source);
    case 'ContinuedString':
      return continued(node, text, source);
    default:
      return undefined;
  }
}

const NUMBER =
  /^([-+]?)\s*((?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][-+]?\d+(?:_\d+)*)?|0[xobXOB](?:_?[\da-fA-F])+)$/;

/** The value of a number as Python reads it; undefined for what is none, and for imaginary ones. */
function numberOf(source: string): number | undefined {
  const [, sign, digits] = NUMBER.exec(source) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits.replaceAll('_', ''));
  return Number.isNaN(value) ? undefined : sign === '-' ? -value : value;
}

const QUOTED = /^([a-zA-Z]*)('''|"""|'|")([\s\S]*)\2$/;

function stringOf({ from, to }: Syntax, source: string): Literal {
  const [, prefix = '', quote = '', content = ''] = QUOTED.exec(source.replaceAll('\r\n', '\n')) ?? [];
  const value = /r/i.test(prefix) ? content : unescaped(content);
  const simple = prefix === '' && quote.length === 1;
  const style = !simple || value !== content ? 'plain' : quote === '"' ? 'double' : 'single';
  // A number in such a string could not be replaced; `{{_base_.x}}` is filled in from another file.
  const fixed = style === 'plain' && numberInString(value) !== undefined;
  if (/b/i.test(prefix) || fixed || /^\{\{.*\}\}$/.test(value)) return expression(source, from, to);
  return { kind: 'scalar', from, to, source, style, value };
}

/** Strings one after the other are one string. */
function continued(node: Syntax, text: string, source: string): Literal {
  const parts: string[] = [];
  for (let part = node.firstChild; part; part = part.nextSibling) {
    const one = part.name === 'String' ? stringOf(part, text.slice(part.from, part.to)).value : undefined;
    if (typeof one !== 'string') return expression(source, node.from, node.to);
    parts.push(one);
  }
  const value = parts.join('');
  if (numberInString(value) !== undefined) return expression(source, node.from, node.to);
  return { kind: 'scalar', from: node.from, to: node.to, source, style: 'plain', value };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\n': '' };

function unescaped(content: string): string {
  return content.replace(
    /\\(?:(\n)|x([\da-fA-F]{2})|u([\da-fA-F]{4})|(.))/g,
    (whole, line?: string, byte?: string, unit?: string, other = '') => {
      if (line) return '';
      const code = byte ?? unit;
      if (code) return String.fromCharCode(Number.parseInt(code, 16));
      return ESCAPES[other] ?? (/[\\'"]/.test(other) ? other : whole);
    },
  );
}
