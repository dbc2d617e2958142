// The bounds of decoding: every one is a setting, and a limit of 0 means 0. Policy of the product (INFERRED, WBXML sheet clause 9).

/** Bounds that decoding keeps; going over one is a CodecError that names it. */
export interface Limits {
  /** Octets of the whole document. */
  readonly bytes: number
  /** Open elements inside one another. */
  readonly depth: number
  /** Elements of a SyncML message, those inside a management tree not counted. */
  readonly elements: number
  /** Elements of a TNDS, DDF or DevInf tree, whether it stands alone or inside a message. */
  readonly treeElements: number
  /** Attributes of one element. */
  readonly attributes: number
  /** Octets of one element or attribute name. */
  readonly nameBytes: number
  /** Numeric character references of an XML document. */
  readonly references: number
  /** WBXML: octets of text produced, as a multiple of the octets read; never less than `outputFloor`. */
  readonly outputRatio: number
  readonly outputFloor: number
  /** Findings kept; one further finding then says how many were not. */
  readonly findings: number
}

/** What decoding uses where the caller says nothing else. */
export const LIMITS: Limits = {
  bytes: 8 * 1024 * 1024,
  depth: 64,
  elements: 20_000,
  treeElements: 1_000_000,
  attributes: 64,
  nameBytes: 256,
  references: 100_000,
  outputRatio: 16,
  outputFloor: 64 * 1024,
  findings: 1_000,
}
