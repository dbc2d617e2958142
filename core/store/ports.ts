// What the store needs from its surroundings: an SQL database and append-only files. Node gives them in core/node, tests in memory.

export type SqlValue = null | number | string | Uint8Array

export interface Statement {
  run(...values: SqlValue[]): { readonly changes: number; readonly id: number }
  get(...values: SqlValue[]): Record<string, SqlValue> | undefined
  all(...values: SqlValue[]): Record<string, SqlValue>[]
  iterate(...values: SqlValue[]): Iterable<Record<string, SqlValue>>
}

/** SQLite behind the few calls we use; synchronous. */
export interface Db {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

/** A folder of append-only segment files. Offsets and sizes in bytes. */
export interface Segments {
  /** Numbers of the segments there are, ascending. */
  list(): readonly number[]
  size(segment: number): number
  /** Appends to a segment (made when missing) and returns the offset at which the bytes begin. */
  append(segment: number, bytes: Uint8Array): number
  read(segment: number, offset: number, length: number): Uint8Array
  /** Makes what was appended so far survive a power cut. */
  sync(segment: number): void
  truncate(segment: number, size: number): void
  remove(segment: number): void
}
