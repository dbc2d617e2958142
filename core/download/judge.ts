// What an answer's head means for a transfer (download sheet 4, H2 to H7 and H12): a table in code, without state of its own.
import type { Headers } from '../machine.ts'
import { fromBase64 } from '../syncml/text.ts'
import { readContentRange, strongEtag, toldSha256 } from './ranges.ts'
import type { Cause } from '../mo/cause.ts'

/** What a transfer knows when an answer comes. */
export interface Known {
  /** Bytes on the disk; above 0 the request had a Range. */
  readonly received: number
  readonly total: number | null
  readonly etag: string
  readonly contentType: string
  /** Types a descriptor allows; empty: any. */
  readonly types: readonly string[]
  /** Type the order asks for; '' any. */
  readonly pkgType: string
}

/** The head, read. */
export interface Head {
  readonly httpStatus: number
  /** Lower case, without parameters; '' none. */
  readonly contentType: string
  /** The same field as it came. */
  readonly contentField: string
  readonly length: number | null
  readonly etag: string
  readonly lastModified: string
  readonly sha256: string
  readonly location: string
  /** Seconds; null none. */
  readonly retryAfter: number | null
  readonly coding: string
  readonly contentRange: string
}

/** take: bytes go to the file at `at`; again: drop what there is, ask anew; wait: a pause cause of the server's; end: it is whole already. */
export type Verdict =
  | {
      readonly what: 'take'
      readonly at: number
      readonly total: number | null
      /** Length cannot be trusted: the range says where it ends. */ readonly odd: boolean
    }
  | { readonly what: 'again'; readonly text: string }
  | { readonly what: 'whole' }
  | { readonly what: 'wait'; readonly text: string }
  | { readonly what: 'fail'; readonly status: number; readonly cause: Cause; readonly text: string }

/** Value of a header field, the first of its name; '' none. */
function headerOf(headers: Headers, name: string): string {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1].trim() ?? ''
}

/** Media type without parameters, lower case. */
export const mediaType = (field: string): string => (field.split(';')[0] ?? '').trim().toLowerCase()

export function readHead(httpStatus: number, headers: Headers): Head {
  const field = (name: string): string => headerOf(headers, name)
  const length = field('content-length')
  const wait = field('retry-after')
  return {
    httpStatus,
    contentType: mediaType(field('content-type')),
    contentField: field('content-type'),
    length: /^\d{1,15}$/.test(length) ? Number(length) : null,
    etag: strongEtag(field('etag')),
    lastModified: field('last-modified'),
    sha256: toldSha256(field('repr-digest'), field('digest'), fromBase64),
    location: field('location'),
    retryAfter: /^\d{1,6}$/.test(wait) ? Number(wait) : null,
    coding: field('content-encoding').toLowerCase(),
    contentRange: field('content-range'),
  }
}

const fail = (status: number, cause: Cause, text: string): Verdict => ({ what: 'fail', status, cause, text })

/** Verdict for an answer that is to bring the object. Redirects are the caller's. */
export function judge(head: Head, known: Known): Verdict {
  const { httpStatus } = head
  if (httpStatus === 200 || httpStatus === 206) {
    if (head.coding !== '' && head.coding !== 'identity')
      return fail(954, 'server', `the object came with Content-Encoding ${head.coding}, which was not asked for`)
    return httpStatus === 200 ? whole(head, known) : part(head, known)
  }
  return httpStatus === 416 && known.received > 0 ? beyond(head, known) : refusal(head)
}

/** Answers without an object (H12 for 501 and 503). */
export function refusal({ httpStatus }: Head): Verdict {
  const said = `the server answered HTTP ${String(httpStatus)}`
  if ([408, 425, 429, 501, 503].includes(httpStatus)) return { what: 'wait', text: said }
  if ([401, 403, 407].includes(httpStatus)) return fail(952, 'auth', `${said}: it does not let this device in`)
  if (httpStatus === 404 || httpStatus === 410) return fail(954, 'not found', `${said}: there is no such object`)
  return fail(954, 'server', said)
}

/** 200: the whole object, the first time or instead of a 206 (H4). */
function whole(head: Head, known: Known): Verdict {
  const { received, total } = known
  const { length } = head
  if (received > 0 && total !== null && length !== null && length !== total)
    return fail(954, 'mismatch', `the object changed: ${String(length)} bytes instead of ${String(total)}`)
  if (total !== null && length !== null && length !== total)
    return fail(905, 'mismatch', `the server announces ${String(length)} bytes, the descriptor ${String(total)}`)
  return wrongType(head, known) ?? { what: 'take', at: 0, total: total ?? length, odd: false }
}

/** 206: the rest (H3, H6). */
function part(head: Head, known: Known): Verdict {
  const { received, total, etag, contentType } = known
  if (received === 0) return fail(954, 'server', 'the server sent a part that nobody asked for')
  const range = readContentRange(head.contentRange)
  if (range?.from !== received) return { what: 'again', text: `the server sent "${head.contentRange}" where byte ${String(received)} was asked for` }
  if (range.size !== null && total !== null && range.size !== total)
    return { what: 'again', text: `the object has ${String(range.size)} bytes now, not ${String(total)}` }
  if (head.etag !== '' && etag !== '' && head.etag !== etag)
    return { what: 'again', text: `the object is another one: ETag ${head.etag} instead of ${etag}` }
  if (head.contentType !== '' && contentType !== '' && head.contentType !== contentType)
    return fail(905, 'type', `the rest is ${head.contentType}, the beginning was ${contentType}`)
  const sent = range.to === null ? null : range.to - received + 1
  return { what: 'take', at: received, total: total ?? range.size, odd: head.length !== null && head.length !== sent }
}

/** 416 (H5). */
function beyond(head: Head, { received, total }: Known): Verdict {
  const size = readContentRange(head.contentRange)?.size ?? null
  if ((size ?? total) === received && (total === null || total === received)) return { what: 'whole' }
  return { what: 'again', text: `the server has no byte ${String(received)} (${head.contentRange === '' ? 'no Content-Range' : head.contentRange})` }
}

function wrongType({ contentType }: Head, { types, pkgType }: Known): Verdict | null {
  if (contentType === '') return null
  const allowed = types.map(mediaType)
  if (allowed.length > 0 && !allowed.includes(contentType))
    return fail(905, 'type', `the object is ${contentType}; the descriptor says ${allowed.join(', ')}`)
  const wanted = mediaType(pkgType)
  return wanted !== '' && wanted !== contentType ? fail(905, 'type', `the object is ${contentType}; the order says ${wanted}`) : null
}
