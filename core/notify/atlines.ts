// A modem's octets as lines: what ends in CR LF, and the prompt, which ends in nothing; rubbish on the line never grows without bound.

/** Longest line kept; a PDU has at most 352 characters. */
const LONGEST = 4096

/** What came: a line, or the prompt for a PDU. */
export type AtToken = { readonly line: string } | { readonly prompt: true }

/** Lines out of pieces. */
export class AtLines {
  #rest = ''

  /** What is complete now. Empty lines are passed over; a line too long is cut. */
  take(text: string): AtToken[] {
    const pieces = (this.#rest + text).split(/[\r\n]+/)
    this.#rest = (pieces.pop() ?? '').slice(-LONGEST)
    const tokens: AtToken[] = []
    for (const piece of pieces) {
      // An echo of what is typed behind the prompt stands on the prompt's own line.
      const line = piece.replace(/\0/g, '').trim()
      if (line === '>') tokens.push({ prompt: true })
      else if (line !== '') tokens.push({ line: line.slice(0, LONGEST) })
    }
    if (/^>\s?$/.test(this.#rest)) {
      this.#rest = ''
      tokens.push({ prompt: true })
    }
    return tokens
  }

  /** Forgets what is incomplete. */
  clear(): void {
    this.#rest = ''
  }
}
