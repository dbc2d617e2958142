// What can be asked: typed fields of some kind of thing (rows of the trace, devices, …). A schema is a table; nothing here knows what the things are.

/** `word`: one of a few names, whatever the case. Sizes are bytes, durations and times ms (times since 1970). */
export type FieldType = 'word' | 'text' | 'number' | 'size' | 'duration' | 'time' | 'flag'

export type Value = string | number | boolean

/** What must be at hand to read a field: the row as lists have it, everything recorded of it, or its decoded message. */
export type Needs = 'row' | 'frame' | 'message'

/** One field of things of type `S`. */
export interface Field<S> {
  readonly name: string
  readonly type: FieldType
  /** As the sentence names it, without an article: `target URI`. */
  readonly say: string
  /** What it is and where it comes from, for the help and the documentation. */
  readonly about: string
  /** True where a thing may have several values; a comparison then holds if it holds for at least one of them. */
  readonly many: boolean
  readonly needs: Needs
  /** Words it can have. `closed`: no others, anything else is an error. */
  readonly words?: readonly string[]
  readonly closed?: boolean
  /** Words are in ascending order, so that < and >= mean something. */
  readonly ordered?: boolean
  /** Brings what was typed into the form the values have (`1` → `#1`). */
  readonly normal?: (text: string) => string
  /** All its values; none where the thing has none. */
  read(thing: S): readonly Value[]
  /** Values that can be had without reading more than `row`; a positive match among them settles a comparison. */
  quick?(thing: S): readonly Value[]
  /** True where the values of `quick` are all there can be. */
  whole?(thing: S): boolean
}

/** A test and what it may have to read. */
export interface Test<S> {
  readonly needs: Needs
  readonly test: (thing: S) => boolean
}

/** Where moments lie; all of it may be unknown. */
export interface Moments<S> {
  seq(thing: S): number
  at(thing: S): number
  /** First and last row of a step's stretch, and the rows that decided it; null while it is not known. */
  step(thing: S, key: string): { readonly first: number; readonly last: number; readonly deciding: readonly number[] } | null
  /** Time of a row; null where it is not known. */
  rowAt(thing: S, seq: number): number | null
  /** True where a Status or Results of this thing answers a command of row `seq`. */
  answers(thing: S, seq: number): boolean
}

export interface Schema<S> {
  readonly fields: ReadonlyMap<string, Field<S>>
  /** The commands of one message, each as a thing of its own. `needs` tells what the caller will read of them. */
  parts?(thing: S, needs: Needs): readonly S[]
  /** Everything a list shows of the thing, in lower case. */
  search?(thing: S): string
  readonly moments?: Moments<S>
}

/** A table of fields by name. */
export function fieldsOf<S>(list: readonly Field<S>[]): ReadonlyMap<string, Field<S>> {
  return new Map(list.map((field) => [field.name, field]))
}

const ORDER: readonly Needs[] = ['row', 'frame', 'message']

/** The more demanding of two needs. */
export function more(a: Needs, b: Needs): Needs {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b
}
