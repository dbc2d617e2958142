// Descriptions of nodes that may exist (what a DDF says), as plain data; a tree looks names up here when something is added.
import type { Element } from '../syncml/element.ts'
import type { Access } from './node.ts'
import type { Format } from './value.ts'

/** How many instances: `many` of a `0 or more` and so on; N of ZeroOrN and OneOrN in `most` (DDF Occurrence, default One). */
export interface Occurrence {
  readonly least: 0 | 1
  /** Infinity where there is no bound. */
  readonly most: number
}

export const ONE: Occurrence = { least: 1, most: 1 }

/** One node description. Lists are in document order. */
export interface Described {
  /** '' where the name is chosen at run time. */
  readonly name: string
  /** As written in the document; '' where none. Only top nodes use it. */
  readonly path: string
  readonly formats: readonly Format[]
  readonly access: ReadonlySet<Access>
  readonly permanent: boolean
  readonly occurrence: Occurrence
  /** MIME types a leaf may have; empty: any. */
  readonly types: readonly string[]
  /** MO identifier of an interior node; '' where none. */
  readonly ddfName: string
  readonly caseSense: 'CS' | 'CIS' | undefined
  readonly defaultValue: string | undefined
  /** Value the document presets, where it doubles as a tree. */
  readonly value: string | undefined
  readonly title: string
  readonly text: string
  readonly children: readonly Described[]
  /** Elements of other vocabularies (vendor extensions), kept as they came. */
  readonly other: readonly Element[]
}

/** Fields most descriptions leave at their defaults. */
type Rest = Partial<Omit<Described, 'name' | 'access' | 'children' | 'formats'>>

const DEFAULTS: Omit<Described, 'name' | 'access' | 'children' | 'formats'> = {
  path: '',
  permanent: false,
  occurrence: ONE,
  types: [],
  ddfName: '',
  caseSense: undefined,
  defaultValue: undefined,
  value: undefined,
  title: '',
  text: '',
  other: [],
}

/** Describes an interior node; `access` in words, such as 'Get Add'. */
export function interior(name: string, access: string, children: readonly Described[], rest: Rest = {}): Described {
  return { ...DEFAULTS, ...rest, name, formats: ['node'], access: accessSet(access), children }
}

/** Describes a leaf of one format; `access` in words, such as 'Get Replace'. */
export function leaf(name: string, access: string, format: Format = 'chr', rest: Rest = {}): Described {
  return { ...DEFAULTS, ...rest, name, formats: [format], access: accessSet(access), children: [] }
}

/** A description with all defaults, for readers of documents. */
export function described(fields: Partial<Described>): Described {
  return { ...DEFAULTS, name: '', formats: ['chr'], access: new Set(), children: [], ...fields }
}

function accessSet(words: string): ReadonlySet<Access> {
  return new Set(words.split(' ').filter((word) => word !== '') as Access[])
}

/** The description of the child of that name: by name first, else the one whose name is chosen at run time. */
export function childOf(parent: Described, name: string): Described | undefined {
  return parent.children.find((child) => child.name === name) ?? parent.children.find((child) => child.name === '')
}

/** Follows a path from the root description; undefined where nothing is described. */
export function describedAt(root: Described | undefined, path: readonly string[]): Described | undefined {
  let at = root
  for (const name of path) {
    if (at === undefined) return undefined
    at = childOf(at, name)
  }
  return at
}

/** Joins MO descriptions into one root description: each is placed by its `path`, making undescribed interior nodes between. */
export function underRoot(objects: readonly Described[]): Described {
  let root = interior('', 'Add Get', [])
  for (const object of objects) root = place(root, segments(object.path), object)
  return root
}

function segments(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function place(at: Described, path: readonly string[], object: Described): Described {
  const [next, ...rest] = path
  if (next === undefined) return { ...at, children: [...at.children, object] }
  const there = at.children.find((child) => child.name === next)
  const child = place(there ?? interior(next, 'Add Get Replace Delete Copy', []), rest, object)
  return { ...at, children: there === undefined ? [...at.children, child] : at.children.map((c) => (c === there ? child : c)) }
}
