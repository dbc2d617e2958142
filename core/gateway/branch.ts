// Hands on the tree below ./GwMO: find, read, make and take away nodes by path. It decides nothing.
import { parseAcl } from '../dmtree/acl.ts'
import { inherited } from '../dmtree/edit.ts'
import { TreeError } from '../dmtree/error.ts'
import type { Node, NodeInit } from '../dmtree/node.ts'
import type { Tree } from '../dmtree/tree.ts'
import type { Format, Value } from '../dmtree/value.ts'

export const ROOT = ['GwMO']
export const RECORDS = ['GwMO', 'Devices', 'Inventory', 'Records']
export const GROUPS = ['GwMO', 'Devices', 'Inventory', 'Groups']
export const FANOUT = ['GwMO', 'Fanout', 'Fanout']
export const IMAGES = ['GwMO', 'Images', 'Images']
export const TRIGGERS = ['GwMO', 'Trigger', 'Triggers']

/** All of a server's rights on what it made; nobody else sees it (GS-13). */
const ownAcl = (server: string): NodeInit['acl'] => parseAcl(`Add=${server}&Delete=${server}&Exec=${server}&Get=${server}&Replace=${server}`)

export const within = (path: readonly string[], root: readonly string[]): boolean => root.every((name, i) => path[i] === name)

/** The part of a tree that a gateway writes itself. */
export class Branch {
  #tree!: Tree

  /** The tree it works on; before anything else. */
  enter(tree: Tree): void {
    this.#tree = tree
  }

  /** Children of an interior node; none where there is no such node. */
  children(path: readonly string[]): readonly Node[] {
    return [...(this.find(path)?.children?.values() ?? [])]
  }

  setAcl(node: Node, acl: NodeInit['acl']): void {
    this.#tree.setAcl(node, acl ?? null)
  }

  setValue(node: Node, value: Value): void {
    this.#tree.setValue(node, value)
  }

  find(path: readonly string[]): Node | null {
    return this.#tree.find(path)
  }

  text(path: readonly string[]): string {
    const value = this.find(path)?.value
    return typeof value === 'string' ? value : ''
  }

  whole(path: readonly string[], allowed?: readonly number[]): number {
    const text = this.text(path)
    const value = Number(text)
    if (!/^-?\d{1,9}$/.test(text) || (allowed !== undefined && !allowed.includes(value)))
      throw new TreeError(415, `${path.at(-1) ?? ''} cannot be ${JSON.stringify(text.slice(0, 40))}`)
    return value
  }

  /** Throws TreeError 415 where the leaf holds none of these. */
  oneOf(path: readonly string[], allowed: readonly string[]): void {
    const text = this.text(path)
    if (!allowed.includes(text))
      throw new TreeError(415, `${path.at(-1) ?? ''} cannot be ${JSON.stringify(text.slice(0, 40))}: ${allowed.join(', ')}`)
  }

  own(path: readonly string[], server: string, fill: () => void): void {
    const node = this.find(path)
    if (node !== null) this.#tree.setAcl(node, ownAcl(server) ?? null)
    fill()
  }

  interior(path: readonly string[]): Node {
    let node = this.#tree.root
    path.forEach((name, i) => {
      node = this.#tree.child(node, name) ?? this.#tree.add(node, name, { ...inherited(this.#tree.describe(path.slice(0, i + 1))), format: 'node' })
    })
    return node
  }

  leaf(path: readonly string[], value: Value, keep = false): void {
    const there = this.find(path)
    if (there !== null) {
      if (!keep && there.value !== value) this.#tree.setValue(there, value)
      return
    }
    const description = this.#tree.describe(path)
    const format: Format = value instanceof Uint8Array ? 'bin' : (description?.formats[0] ?? 'chr')
    this.#tree.add(this.interior(path.slice(0, -1)), path.at(-1) ?? '', { ...inherited(description), format, value })
  }

  remove(path: readonly string[]): void {
    const node = this.find(path)
    if (node !== null) this.#tree.remove(node)
  }
}

/** Names from the root to a node. */
export function names(node: Node): string[] {
  const path: string[] = []
  for (let at = node; at.parent !== null; at = at.parent) path.unshift(at.name)
  return path
}
