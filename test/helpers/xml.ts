/** An element of an XML text, as far as the tests look at it. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const NAME = '[A-Za-z_][\\w.-]*';
const TOKEN = new RegExp(`<(/?)(${NAME})((?:\\s+${NAME}="[^<"]*")*)\\s*(/?)>|([^<]+)`, 'gy');
/** XML 1.0, production 2: everything else must not occur, not even escaped. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Reads a text strictly as XML 1.0 without DTD, comments and CDATA. Throws where it is not well-formed. */
export function parseXml(text: string): Element {
  if (FORBIDDEN.test(text)) throw new Error('a character that XML does not allow');
  const declaration = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/.exec(text);
  if (!declaration) throw new Error('no XML declaration');
  const top: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  TOKEN.lastIndex = declaration[0].length;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 60)}`);
    const [, closes, name = '', attributes = '', empty, content] = match;
    const current = open.at(-1)!;
    if (content !== undefined) current.text += unescaped(content);
    else if (closes) {
      if (current.name !== name) throw new Error(`</${name}> closes <${current.name}>`);
      open.pop();
    } else {
      const element: Element = { name, attributes: read(attributes), children: [], text: '' };
      current.children.push(element);
      if (!empty) open.push(element);
    }
  }
  if (open.length !== 1 || top.children.length !== 1 || top.text.trim()) throw new Error('not one root');
  return top.children[0]!;
}

function read(attributes: string): Record<string, string> {
  const pairs = [...attributes.matchAll(/([\w.-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value!]);
  if (new Set(pairs.map(([name]) => name)).size !== pairs.length)
    throw new Error('an attribute stands twice');
  return Object.fromEntries(pairs.map(([name, value]) => [name, unescaped(value!)]));
}

function unescaped(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  if (/&(?!#\d+;|amp;|lt;|gt;|quot;|apos;)/.test(text)) throw new Error(`a bare & in ${text}`);
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) =>
    code ? String.fromCodePoint(Number(code)) : entities[name]!,
  );
}
