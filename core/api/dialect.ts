// The dialect file of a workspace: what devices or kinds of devices call things. Types only.

/** One mistake in the file. Line and column count from 1, columns in characters; `length` characters are meant, 0: the place itself. */
export interface DialectProblem {
  readonly line: number
  readonly column: number
  readonly length: number
  /** Mistakes of severity `error` keep the file from being used; `warn` is told only. */
  readonly severity: 'error' | 'warn'
  /** What is wrong and what would be right. */
  readonly what: string
}

/** What holds for one device: the rules that fit it, folded from top to bottom. */
export interface DialectView {
  readonly device: string
  readonly manufacturer: string
  readonly model: string
  /** Places of the rules that fit, from 0. */
  readonly rules: readonly number[]
  /** URI of the object by its short name (`scomo`, `fumo`, `gateway` …); only those the file names. */
  readonly roots: Readonly<Record<string, string>>
  /** Node names: the document's path below the object's root, and the device's. */
  readonly nodes: Readonly<Record<string, string>>
  /** Alert types the device sends or expects, by the name the documents have for them. */
  readonly alerts: Readonly<Record<string, string>>
  /** Server profile (how the lab speaks to it); '' the lab's own way. */
  readonly profile: string
}

export interface DialectState {
  /** Name of the file in the workspace. */
  readonly file: string
  /** The text as it lies there; where there is no file, the commented example. */
  readonly text: string
  readonly exists: boolean
  /** Mistakes of the text on disk; while there is an error, the last text without one stays in force. */
  readonly problems: readonly DialectProblem[]
  /** True where the text on disk is what is in force. */
  readonly inForce: boolean
  /** ms since 1970 when what is in force came to be; 0 nothing is. */
  readonly since: number
  /** Rules in force. */
  readonly rules: number
  /** Words the file may use: short names of objects, names of alerts, profiles. */
  readonly words: { readonly roots: readonly string[]; readonly alerts: readonly string[]; readonly profiles: readonly string[] }
}

export interface DialectArea {
  get(): Promise<DialectState>
  /** Reads a text without using it; an empty list is a text without mistakes. */
  check(text: string): Promise<readonly DialectProblem[]>
  /** Writes the file; it is in force at once. Rejects with the first mistake where it has an error; the file stays as it was. */
  put(text: string): Promise<DialectState>
  /** What holds for a device now. */
  view(device: string): Promise<DialectView>
}
