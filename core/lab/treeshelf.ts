// What the workspace keeps beside the trace for trees: snapshots (TNDS and a page of facts about it) and DDFs, as files that can live in git.
import type { SchemaRow, SnapshotRow } from '../api.ts'
import { decodeDdf, descriptions } from '../dmtree/ddf.ts'
import type { Described } from '../dmtree/describe.ts'
import { describedAt, underRoot } from '../dmtree/describe.ts'
import { TreeError } from '../dmtree/error.ts'
import { encodeTnds } from '../dmtree/tnds.ts'
import { formatUri } from '../dmtree/uri.ts'
import { devDetail } from '../dmtree/objects/devdetail.ts'
import { devInfo } from '../dmtree/objects/devinfo.ts'
import { dmAcc } from '../dmtree/objects/dmacc.ts'
import type { Planted } from '../mirror/event.ts'
import type { Flat } from '../mirror/flat.ts'
import { plantedOfTnds, planting, tndsOf } from '../mirror/flat.ts'
import { mirror } from '../mirror/mirror.ts'
import type { Mirror } from '../mirror/mirror.ts'
import { utf8Bytes, utf8Text, wordsOf } from '../syncml/text.ts'

/** A folder of small files. Names are any text without '/'; the host makes them safe. */
export interface Shelf {
  list(): readonly string[]
  read(name: string): Uint8Array | undefined
  /** Writes whole or not at all. */
  write(name: string, bytes: Uint8Array): void
  remove(name: string): void
}

/** What TNDS cannot say: what was never fetched, and what was fetched and is empty. Lists of URIs. */
interface Page extends SnapshotRow {
  readonly valueUnread: readonly string[]
  readonly formatUnread: readonly string[]
  readonly empty: { readonly ACL: readonly string[]; readonly Title: readonly string[]; readonly Type: readonly string[] }
}

/** Snapshots by name; two files each. */
export class Snapshots {
  readonly #shelf: Shelf
  readonly #loaded = new Map<string, Mirror>()

  constructor(shelf: Shelf) {
    this.#shelf = shelf
  }

  /** Newest first. */
  list(): SnapshotRow[] {
    return this.#shelf
      .list()
      .filter((file) => file.endsWith('.json'))
      .flatMap((file) => {
        const page = this.#page(file.slice(0, -5))
        return page === undefined ? [] : [rowOf(page)]
      })
      .sort((a, b) => b.takenAt - a.takenAt || (a.name < b.name ? -1 : 1))
  }

  row(name: string): SnapshotRow {
    const page = this.#page(name)
    if (page === undefined) throw new Error(`there is no snapshot ${name}`)
    return rowOf(page)
  }

  /** Keeps a tree under a name that is free; throws an Error in words where it is not, or the tree is empty. */
  put(name: string, flat: Flat, about: Pick<SnapshotRow, 'device' | 'takenAt' | 'seq'>): SnapshotRow {
    if (this.#shelf.read(`${name}.json`) !== undefined) throw new Error(`there is a snapshot ${name} already; delete it first`)
    const nodes = [...flat.values()]
    if (nodes.length === 0) throw new Error('there is nothing to keep: nothing is known of this tree')
    const uris = (test: (node: (typeof nodes)[number]) => boolean): string[] => nodes.filter(test).map((node) => node.uri)
    const valueUnread = uris((node) => node.format !== 'node' && node.value === null)
    const page: Page = {
      name,
      ...about,
      nodes: nodes.length,
      unread: valueUnread.length,
      valueUnread,
      formatUnread: uris((node) => node.format === ''),
      empty: {
        ACL: uris((node) => node.acl === ''),
        Title: uris((node) => node.title === ''),
        Type: uris((node) => node.format === 'node' && node.type === ''),
      },
    }
    this.#shelf.write(`${name}.tnds.xml`, encodeTnds(tndsOf(flat), 'xml'))
    this.#shelf.write(`${name}.json`, utf8Bytes(`${JSON.stringify(page, null, 1)}\n`))
    return rowOf(page)
  }

  drop(name: string): void {
    if (this.#page(name) === undefined) throw new Error(`there is no snapshot ${name}`)
    this.#loaded.delete(name)
    this.#shelf.remove(`${name}.json`)
    this.#shelf.remove(`${name}.tnds.xml`)
  }

  /** The snapshot as a mirror, everything read when it was taken. */
  mirror(name: string): Mirror {
    const loaded = this.#loaded.get(name)
    if (loaded !== undefined) return loaded
    const page = this.#page(name)
    const bytes = this.#shelf.read(`${name}.tnds.xml`)
    if (page === undefined || bytes === undefined) throw new Error(`there is no snapshot ${name}`)
    const made = mirror([planting(restored(plantedOfTnds(bytes), page), page.takenAt)])
    // Two are compared at a time; a few more save reading.
    for (const first of this.#loaded.keys()) if (this.#loaded.size >= 4) this.#loaded.delete(first)
    this.#loaded.set(name, made)
    return made
  }

  #page(name: string): Page | undefined {
    const bytes = this.#shelf.read(`${name}.json`)
    if (bytes === undefined) return undefined
    try {
      const page = JSON.parse(utf8Text(bytes) ?? '') as Page
      return { ...page, name }
    } catch (error) {
      throw new Error(`snapshot ${name}: its page cannot be read: ${wordsOf(error)}`, { cause: error })
    }
  }
}

function restored(nodes: readonly Planted[], page: Page): Planted[] {
  const [values, formats] = [new Set(page.valueUnread), new Set(page.formatUnread)]
  const empty = Object.entries(page.empty).map(([name, uris]) => [name, new Set(uris)] as const)
  return nodes.map((node) => {
    const uri = formatUri(node.path)
    const properties = empty.flatMap(([name, uris]): [string, string][] => (uris.has(uri) ? [[name, '']] : []))
    return {
      ...node,
      ...(formats.has(uri) ? { format: '' } : {}),
      ...(values.has(uri) ? { value: null } : {}),
      properties: [...node.properties, ...properties],
    }
  })
}

function rowOf({ name, device, takenAt, seq, nodes, unread }: Page): SnapshotRow {
  return { name, device, takenAt, seq, nodes, unread }
}

/** Standard objects every device may have; they describe what no DDF of the workspace does. */
const STANDARD: readonly (readonly [name: string, top: Described])[] = [
  ['DevInfo', devInfo],
  ['DevDetail', devDetail],
  ['DMAcc', dmAcc],
]

interface Schema {
  readonly row: SchemaRow
  readonly root: Described
  /** What the document itself describes; other nodes below `root` only lead there. */
  readonly own: ReadonlySet<Described>
}

/** DDFs by name: those of the workspace first, then the standard objects. */
export class Schemas {
  readonly #shelf: Shelf
  #all: readonly Schema[] | null = null

  constructor(shelf: Shelf) {
    this.#shelf = shelf
  }

  list(): SchemaRow[] {
    return this.#schemas().map((schema) => schema.row)
  }

  /** Reads a DDF and keeps it; throws an Error with the byte offset where it cannot be read. */
  put(name: string, bytes: Uint8Array): SchemaRow {
    const schema = read(name, bytes)
    if (schema.row.error !== '') throw new Error(`${name}: ${schema.row.error}`)
    this.#shelf.write(name, bytes)
    this.#all = null
    return schema.row
  }

  drop(name: string): void {
    if (this.#shelf.read(name) === undefined) throw new Error(`there is no DDF ${name} in the workspace`)
    this.#shelf.remove(name)
    this.#all = null
  }

  /** What the first DDF that describes the node says; null where none does. `parent` is the description it stands under. */
  describe(path: readonly string[]): { readonly schema: string; readonly node: Described; readonly parent: Described | undefined } | null {
    for (const { row, root, own } of this.#schemas()) {
      const node = describedAt(root, path)
      if (node !== undefined && own.has(node)) return { schema: row.name, node, parent: describedAt(root, path.slice(0, -1)) }
    }
    return null
  }

  /** The DDF that describes the parent and has no word for this name in it; '' where none does. */
  closed(path: readonly string[]): string {
    for (const { row, root, own } of this.#schemas()) {
      const parent = describedAt(root, path.slice(0, -1))
      if (parent !== undefined && own.has(parent) && parent.children.length > 0 && describedAt(root, path) === undefined) return row.name
    }
    return ''
  }

  #schemas(): readonly Schema[] {
    this.#all ??= [
      ...this.#shelf.list().map((name) => read(name, this.#shelf.read(name) ?? new Uint8Array())),
      ...STANDARD.map(([name, top]) => ({
        row: rowOfTops(name, '', '', [`./${top.name}`], count(top), [], false),
        root: underRoot([top]),
        own: all([top]),
      })),
    ]
    return this.#all
  }
}

function read(name: string, bytes: Uint8Array): Schema {
  try {
    const ddf = decodeDdf(bytes)
    const tops = ddf.nodes.map((node) =>
      node.name === '' && node.path === '' ? '.' : `${node.path === '' ? '.' : node.path.replace(/\/$/, '')}/${node.name || '<X>'}`,
    )
    const nodes = [...descriptions(ddf)].length
    const remarks = ddf.remarks.map(({ offset, text }) => `byte ${offset}: ${text}`)
    // A document whose top node is the root itself describes from there on.
    const objects = ddf.nodes.flatMap((node) => (node.name === '' && (node.path === '' || node.path === '.') ? node.children : [node]))
    return { row: rowOfTops(name, ddf.man, ddf.mod, tops, nodes, remarks, true), root: underRoot(objects), own: all(objects) }
  } catch (error) {
    if (!(error instanceof TreeError)) throw error
    return { row: { ...rowOfTops(name, '', '', [], 0, [], true), error: error.message }, root: underRoot([]), own: new Set() }
  }
}

function rowOfTops(
  name: string,
  man: string,
  mod: string,
  tops: readonly string[],
  nodes: number,
  remarks: readonly string[],
  own: boolean,
): SchemaRow {
  return { name, man, mod, nodes, tops, remarks, error: '', own }
}

function all(tops: readonly Described[], into = new Set<Described>()): Set<Described> {
  for (const top of tops) all(top.children, into.add(top))
  return into
}

function count(top: Described): number {
  return 1 + top.children.reduce((sum, child) => sum + count(child), 0)
}
