// Reading and writing leaves of a management object by path, as the device itself: rights do not count, descriptions do.
import { inherited } from '../dmtree/edit.ts'
import type { Node, NodeInit } from '../dmtree/node.ts'
import type { Tree } from '../dmtree/tree.ts'
import { encodeSegment, formatUri } from '../dmtree/uri.ts'
import type { Format } from '../dmtree/value.ts'

export type Path = readonly string[]

/** The tree as its owner writes it; changes belong to `device`. */
export class Leaves {
  readonly tree: Tree

  constructor(tree: Tree) {
    this.tree = tree
  }

  /** Text of a leaf; '' where there is none. */
  text(path: Path): string {
    const value = this.tree.find(path)?.value
    return typeof value === 'string' ? value : ''
  }

  /** Number of a leaf; null where there is none. */
  number(path: Path): number | null {
    const text = this.text(path)
    return /^\d{1,9}$/.test(text) ? Number(text) : null
  }

  has(path: Path): boolean {
    return this.tree.find(path) !== null
  }

  /** Names of the children, in tree order. */
  names(path: Path): string[] {
    return [...(this.tree.find(path)?.children?.keys() ?? [])]
  }

  /** Makes an interior node where it is missing, those above it too. */
  node(path: Path, init: NodeInit = {}): Node {
    const there = this.tree.find(path)
    if (there !== null) return there
    const parent = path.length === 1 ? this.tree.root : this.node(path.slice(0, -1))
    return this.tree.add(parent, path.at(-1) ?? '', { ...inherited(this.tree.describe(path)), format: 'node', ...init })
  }

  /** Gives a leaf its value, making it where it is missing; what stands already is left alone. */
  put(path: Path, value: string | number | Uint8Array): Node {
    const wanted = typeof value === 'number' ? String(value) : value
    const there = this.tree.find(path)
    if (there !== null) {
      if (there.value !== wanted) this.tree.setValue(there, wanted)
      return there
    }
    const description = this.tree.describe(path)
    const format: Format = description?.formats[0] ?? (typeof wanted === 'string' ? 'chr' : 'bin')
    return this.tree.add(this.node(path.slice(0, -1)), path.at(-1) ?? '', { ...inherited(description), format, value: wanted })
  }

  /** As `put`, where there is something to say. */
  tell(path: Path, text: string): void {
    if (text !== '' || this.has(path)) this.put(path, text)
  }

  drop(path: Path): void {
    const node = this.tree.find(path)
    if (node !== null) this.tree.remove(node)
  }

  /** Does all of it in the device's own name. */
  own(work: () => void): void {
    this.tree.begin('device')
    work()
    this.tree.commit()
  }
}

export const uriOf = (path: Path): string => formatUri(path)

/** A name for a node made from an identifier: characters a URI cannot carry become '_' (scomo sheet 3.4 rules 6, 7). */
export function nodeName(id: string): string {
  const name = id.replace(/[^\w.\-]/g, '_').slice(0, 64)
  return name === '' || /^\.+$/.test(name) ? '_' : encodeSegment(name)
}
