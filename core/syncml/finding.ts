// A finding: one remark on one message, tied to the bytes it is about and to the clause it rests on.

/** Severity words follow Wireshark's expert levels. */
export type Severity = 'chat' | 'note' | 'warn' | 'error'

/** Nothing, then the levels from the least to the gravest. */
export const SEVERITIES: readonly (Severity | '')[] = ['', 'chat', 'note', 'warn', 'error']

/** The graver of two; '' where there is nothing. */
export function graver(a: Severity | '', b: Severity | ''): Severity | '' {
  if (b === '') return a
  return SEVERITIES.indexOf(a) >= SEVERITIES.indexOf(b) ? a : b
}

/** The gravest of several findings; '' where there are none. */
export function gravest(findings: readonly Finding[]): Severity | '' {
  return findings.reduce<Severity | ''>((worst, finding) => graver(worst, finding.severity), '')
}

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
