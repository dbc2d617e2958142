// The tree of one decoded document: what the bytes say, element by element, each with its place in them.

/**
 * Vocabulary an element belongs to. In XML it follows from the namespace, in WBXML from the code page.
 * `other` is everything we do not know; such elements are kept, never guessed.
 */
export type Vocabulary = 'syncml' | 'metinf' | 'dmddf' | 'devinf' | 'prov' | 'other'

/** A run of bytes inside one frame: `[start, end)`, counted from the first byte of the body. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** One element. Children in document order; white space between the children of a container is dropped. */
export interface Element extends Range {
  readonly vocabulary: Vocabulary
  /** Local name as in the DTD (`LocURI`); an unknown WBXML token is named `?page:0xNN` and carries `token`. */
  readonly name: string
  readonly children: readonly Element[]
  /** Character data directly inside, all pieces joined; '' where there is none. */
  readonly text: string
  /**
   * The octets of an OPAQUE (or of several, joined) whose content is not text (UTF-8 of XML characters); `text` is then empty.
   * One exception: a NextNonce that came as OPAQUE keeps its octets beside its text, because the token kind matters there.
   */
  readonly opaque?: Uint8Array
  /** XML only, vocabulary `other`: the namespace name, where one is declared and it is none of ours. */
  readonly namespace?: string
  /** Attributes other than namespace declarations, in document order; absent where there are none. */
  readonly attributes?: readonly (readonly [name: string, value: string])[]
  /** WBXML only: page and code of a token no table names. */
  readonly token?: { readonly page: number; readonly code: number }
  /** An embedded WBXML document (TNDS, DevInf) found in an OPAQUE, already decoded; `opaque` keeps its bytes. */
  readonly embedded?: Element
}
