// Shapes of the rows in core/mo: numbers, codes, nodes and moves, each with its mark; and how to look one up.
import type { Mark } from './mark.ts'

/** A number of a Status or State leaf. */
export interface NumberRow {
  readonly value: number
  readonly words: string
  /** Something is under way: the value moves on by itself, and falls back at a restart. */
  readonly progressing: boolean
  readonly mark: Mark
}

/** A result code, or with `last` a range of them. */
export interface CodeRow {
  readonly code: number
  readonly last?: number
  readonly words: string
  readonly mark: Mark
}

/** A node of a management object, as a DDF would describe it. `<X>` stands for a name chosen at run time. */
export interface NodeRow {
  /** From the root of the object, names joined by `/`; '' is the root. */
  readonly path: string
  readonly occurrence: 'One' | 'ZeroOrOne' | 'ZeroOrMore'
  readonly format: 'node' | 'chr' | 'int' | 'bin' | 'null'
  /** What a server may do, as AccessTypes in words. */
  readonly access: string
  readonly meaning: string
  readonly mark: Mark
  /** Absent: every version of the object. */
  readonly since?: '1.1'
}

/** One transition of a state machine. `from` and `to` are numbers in words as the sheets write them. */
export interface MoveRow {
  readonly id: string
  readonly from: string
  readonly trigger: string
  readonly to: string
  readonly effects: string
  readonly mark: Mark
}

/** The words of a number; `unknown value 5` where the table has none. */
export function wordsOf(table: readonly NumberRow[], value: number): string {
  return table.find((row) => row.value === value)?.words ?? `unknown value ${value}`
}

/** The row of a code, ranges included. */
export function codeRow(table: readonly CodeRow[], code: number): CodeRow | undefined {
  return table.find((row) => row.code === code) ?? table.find((row) => row.last !== undefined && row.code <= code && code <= row.last)
}

/** Makes the moves of a table that rest on `usual` where a row says nothing else. */
export const marked =
  (usual: Mark) =>
  (id: string, from: string, trigger: string, to: string, effects = '', mark: Mark = usual): MoveRow => ({ id, from, trigger, to, effects, mark })
