// Faults of the download server as data, for tests and scenarios: each says where it strikes, how often, and what is wrong.

/** Where a fault strikes. */
export type FaultPlace = 'object' | 'descriptor' | 'notify'

/** One fault; everything but `name` may be left out. */
export interface Fault {
  /** Offer, or id of a report; `*` any. */
  readonly name: string
  /** Default `object`. */
  readonly on?: FaultPlace
  /** Exchanges it strikes; default for ever. */
  readonly times?: number
  /** The connection breaks after so many bytes of the body. */
  readonly cutAfter?: number
  /** Size that is announced, true or not. */
  readonly announce?: number
  readonly etag?: string
  readonly contentType?: string
  /** Ranges are passed over: always 200. */
  readonly noRanges?: boolean
  /** No Content-Length: chunked. */
  readonly noLength?: boolean
  /** Neither Repr-Digest nor digest in the descriptor. */
  readonly noDigest?: boolean
  /** Parts begin so many bytes later than asked; `honest`: Content-Range says so. */
  readonly shift?: number
  readonly honest?: boolean
  readonly bytesPerSecond?: number
  /** An error status in place of the answer, with Retry-After in seconds. */
  readonly status?: number
  readonly retryAfter?: number
  /** Location of a 302 in place of the answer. */
  readonly redirect?: string
  /** Text in place of the answer's body (a hostile descriptor). */
  readonly body?: string
  /** Further servers a descriptor names before the true one. */
  readonly servers?: readonly string[]
}

/** The faults that are planted. */
export interface Faults {
  /** Plants a fault; it strikes before those planted earlier. */
  plant(fault: Fault): void
  clear(): void
  /** The fault that strikes now; it is counted. */
  take(name: string, place: FaultPlace): Fault | null
}

/** Faults in memory. */
export function plantedFaults(first: readonly Fault[] = []): Faults {
  let planted = first.map((fault) => ({ fault, left: fault.times ?? Infinity }))
  return {
    plant: (fault) => void (planted = [{ fault, left: fault.times ?? Infinity }, ...planted]),
    clear: () => void (planted = []),
    take: (name, place) => {
      const found = planted.find(({ fault, left }) => left > 0 && (fault.name === '*' || fault.name === name) && (fault.on ?? 'object') === place)
      if (found === undefined) return null
      found.left -= 1
      return found.fault
    },
  }
}

/** What a fault does, for the row and the body of its answer. */
export function faultWords(fault: Fault): string {
  if (fault.status !== undefined)
    return `planted fault: HTTP ${String(fault.status)}${fault.retryAfter === undefined ? '' : `, Retry-After ${String(fault.retryAfter)}`}`
  if (fault.redirect !== undefined) return `planted fault: redirect to ${fault.redirect}`
  return 'planted fault: another body'
}
