import type { Document, Node, WrittenScalar } from './nodes.ts';
import { child, type Pointer } from './pointer.ts';

/** Collects a document's nodes while a parser walks it. */
export class DocumentBuilder {
  readonly nodes = new Map<Pointer, Node>();
  readonly scalars: WrittenScalar[] = [];
  private readonly pointers = new Map<Node, Pointer[]>();

  /** Enters a node and everything below it at a pointer; returns the plain data. */
  enter(node: Node, pointer: Pointer): unknown {
    this.nodes.set(pointer, node);
    const seen = this.pointers.get(node);
    if (seen) seen.push(pointer);
    else this.pointers.set(node, [pointer]);
    if (node.kind === 'scalar') return node.value;
    if (node.kind === 'list') return node.items.map((item, i) => this.enter(item, child(pointer, i)));
    const data: Record<string, unknown> = Object.create(null);
    for (const entry of node.entries) data[entry.key] = this.enter(entry.node, child(pointer, entry.key));
    return data;
  }

  finish(format: Document['format'], root: Node): Document {
    const data = this.enter(root, '');
    const shared = new Map<Node, readonly Pointer[]>();
    for (const [node, pointers] of this.pointers) if (pointers.length > 1) shared.set(node, pointers);
    return { format, data, nodes: this.nodes, shared, scalars: this.scalars };
  }
}
