// What a management-object operation becomes on a device without OMA DM: rows of data, found by command and node. The rows of a protocol lie in its own folder.
import type { Mark } from '../mo/mark.ts'

/** Commands a row may stand for. Copy and Atomic are never offered (gwmo sheet 4.8). */
export type MapCommand = 'Get' | 'Add' | 'Replace' | 'Delete' | 'Exec'

/** Two numbers as `state/result`, either of them `*`, to a code or a text. The first key that fits counts. */
export type Pairs<T> = Readonly<Record<string, T>>

/** What a device says, as a pattern, and the code it means; the first that fits counts. */
export type Says = readonly (readonly [pattern: string, code: number])[]

/**
 * One device operation. In paths and arguments `{X}` stands for the name in the row's node. Octets come from the command's Data, or from the `fetch` before.
 */
export type Act =
  /** Reads; the value is the answer, translated by `table` where that has it. */
  | { readonly do: 'get'; readonly path: string; readonly table?: Readonly<Record<string, string>> }
  /** Names below a place, joined by `/`. */
  | { readonly do: 'list'; readonly path: string }
  /** The answer without asking anybody. */
  | { readonly do: 'answer'; readonly value: string }
  /** Reads two numbers; the answer stands in the table. */
  | { readonly do: 'pair'; readonly state: string; readonly result: string; readonly table: Pairs<string> }
  /** Writes a value: fixed, the command's Data, or what the server wrote to another node. `push`: where the device fetches nothing itself, the gateway does, and puts the octets there. */
  | { readonly do: 'set'; readonly path: string; readonly value?: string; readonly leaf?: string; readonly push?: string }
  | { readonly do: 'exec'; readonly path: string; readonly argument: string; readonly says?: Says }
  | { readonly do: 'deliver'; readonly path: string }
  /** The gateway fetches the URL that the server wrote to a node; `failed`: the code where it cannot. */
  | { readonly do: 'fetch'; readonly leaf: string; readonly failed: number }
  /** Waits until state and result stand in the table: the code of the operation. */
  | { readonly do: 'watch'; readonly state: string; readonly result: string; readonly ends: Pairs<number>; readonly seconds: number }
  /** The gateway keeps a node for the device, or forgets one and all below. */
  | { readonly do: 'stage'; readonly node: string; readonly value: string }
  | { readonly do: 'forget'; readonly node: string }
  | { readonly do: 'refuse'; readonly status: 406; readonly why: string }

export interface MapRow {
  readonly on: MapCommand
  /** Path in the device's tree; `<X>` is any one name. */
  readonly node: string
  readonly acts: readonly Act[]
  /** Of the answer to a Get; default chr. */
  readonly format?: string
  /** The gateway keeps the node and what was written to it. `permanent`: Replace needs no Add before. */
  readonly keeps?: 'added' | 'permanent'
  /** An Exec that is answered 202, its end told by a late alert of this enabler. */
  readonly later?: 'scomo' | 'fumo'
  /** Code of a `later` row, or of an Exec, where an act itself is refused or not answered; absent: the status of the refusal. */
  readonly failed?: number
  readonly mark: Mark
}

/** A row with what its `<X>` is. */
export interface Match {
  readonly row: MapRow
  readonly name: string
}

/** Does a path match a node pattern? Gives what `<X>` is ('' where there is none); null where it does not. */
export function matchNode(pattern: string, uri: string): string | null {
  const wanted = pattern.split('/')
  const given = uri.split('/')
  if (wanted.length !== given.length) return null
  let name = ''
  for (const [i, part] of wanted.entries()) {
    const here = given[i] ?? ''
    if (part === '<X>' && here !== '') name = here
    else if (part !== here) return null
  }
  return name
}

/** The row for a command; undefined where there is none. */
export function rowFor(rows: readonly MapRow[], on: MapCommand, uri: string): Match | undefined {
  for (const row of rows) {
    if (row.on !== on) continue
    const name = matchNode(row.node, uri)
    if (name !== null) return { row, name }
  }
  return undefined
}

/** True where any row speaks of this node. */
export function nodeKnown(rows: readonly MapRow[], uri: string): boolean {
  return rows.some((row) => matchNode(row.node, uri) !== null)
}

/** `{X}` filled in. */
export const filled = (text: string, name: string): string => text.split('{X}').join(name)

/** What a table of pairs says; undefined where no key fits. */
export function pairOf<T>(table: Pairs<T>, state: string, result: string): T | undefined {
  const fits = (key: string): boolean => {
    const [s = '', r = ''] = key.split('/')
    return (s === '*' || s === state) && (r === '*' || r === result)
  }
  const key = Object.keys(table).find(fits)
  return key === undefined ? undefined : table[key]
}

/** The code of what a device said; undefined where no pattern fits. */
export function codeOfSaying(says: Says, text: string): number | undefined {
  return says.find(([pattern]) => new RegExp(pattern).test(text))?.[1]
}
