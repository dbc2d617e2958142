// A finding: one remark on one message, tied to the bytes it is about and to the clause it rests on.

/** Severity words follow Wireshark's expert levels. */
export type Severity = 'chat' | 'note' | 'warn' | 'error'

/** The wording is for people; `rule` is stable and for scripts. */
export interface Finding {
  /** Stable id such as `hdr.msgid.order`. */
  readonly rule: string
  readonly severity: Severity
  /** Short document tag of the reference sheets: PRO, REP, SML, META, SEC, TND, HTTP, WBXML, … */
  readonly document: string
  /** Clause of that document, or `INFERRED` where no normative text was read. */
  readonly clause: string
  readonly text: string
  /** First byte it is about, counted in the frame's body; 0 where it is about the whole message. */
  readonly offset: number
  /** Number of bytes; 0 where it is about an absence. */
  readonly length: number
}
