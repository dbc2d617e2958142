// Trees and their descriptions on the shelf: snapshots, what differs between two, commands that lead from one to the other, DDFs. Types only.
import type { Seq } from './trace.ts'
import type { Cart } from './treeorders.ts'

export interface SnapshotRow {
  readonly name: string
  /** Device it was taken of; '' for an imported one. */
  readonly device: string
  readonly takenAt: number
  /** Row of the trace it stands for; 0 for an imported one. */
  readonly seq: Seq
  readonly nodes: number
  /** Nodes known to exist whose values were never fetched. */
  readonly unread: number
}

/** One URI that differs. */
export interface TreeChange {
  readonly uri: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** What differs, for `changed`: `value`, `format`, `type`, `ACL`, `Title`. Long texts are cut to 4,096 characters. */
  readonly properties: readonly { readonly name: string; readonly a: string; readonly b: string }[]
}

export interface TreeDiff {
  /** In tree order; at most 5,000. */
  readonly changes: readonly TreeChange[]
  readonly more: number
  /** Nodes not compared because one side never fetched them. */
  readonly unknown: number
}

/** Commands that turn tree a into tree b, and what they cannot reach. */
export interface TreeScript {
  readonly cart: Cart
  readonly remarks: readonly string[]
}

/** A DDF the lab knows. */
export interface SchemaRow {
  readonly name: string
  readonly man: string
  readonly mod: string
  readonly nodes: number
  /** Top nodes with the path they stand at. */
  readonly tops: readonly string[]
  /** What was tolerated while reading. */
  readonly remarks: readonly string[]
  /** Why the file could not be read; '' where it could. */
  readonly error: string
  /** False for those that come with the lab (standard objects). */
  readonly own: boolean
}
