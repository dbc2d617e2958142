// What a body says of itself, for its row: summary, findings, package; or in words why it cannot be read.
import type { Direction } from '../api.ts'
import type { Frame } from '../machine.ts'
import { type Decoded, decode } from '../syncml/codec.ts'
import { CodecError } from '../syncml/error.ts'
import type { Finding } from '../syncml/finding.ts'
import type { Message } from '../syncml/message.ts'
import { type Summary, summarise } from '../syncml/summary.ts'
import { usualMessage } from '../syncml/usual.ts'

/** The summary of what cannot be read. */
export const EMPTY: Summary = {
  sessionId: '',
  msgId: '',
  source: '',
  target: '',
  locName: '',
  commands: [],
  statuses: [],
  firstTarget: '',
  final: false,
  package: '',
}

/** A body as far as it could be read. */
export interface Reading {
  readonly decoded: Pick<Decoded, 'message'> | null
  readonly summary: Summary | null
  readonly findings: readonly Finding[]
  readonly reason: string
}

/** What reading the bytes of a plain message would tell. */
export function asSaid(message: Message): Reading {
  return { decoded: null, summary: summarise(message), findings: [], reason: '' }
}

/** Reads a body for its summary; a body that cannot be read is no error here, its reason becomes the row's text. */
export function readFrame(frame: Pick<Frame, 'bytes' | 'encoding'>): Reading {
  const usual = frame.encoding === 'xml' ? usualMessage(frame.bytes) : null
  if (usual !== null) return { decoded: { message: usual }, summary: summarise(usual), findings: [], reason: '' }
  try {
    const decoded = decode(frame.bytes, frame.encoding)
    return { decoded, summary: summarise(decoded.message), findings: decoded.findings, reason: '' }
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    const finding: Finding = {
      rule: 'codec.unreadable',
      severity: 'error',
      document: frame.encoding === 'wbxml' ? 'WBXML' : 'SML',
      clause: 'INFERRED',
      text: error.reason,
      offset: Math.min(error.offset, Math.max(0, frame.bytes.length - 1)),
      length: frame.bytes.length === 0 ? 0 : 1,
    }
    return { decoded: null, summary: null, findings: [finding], reason: `cannot be read at byte ${error.offset}: ${error.reason}` }
  }
}

/** Package number of a message: #1 carries 1200 or 1201, the answer to it is #2, afterwards #3 goes up and #4 down. */
export function packageOf(direction: Direction, summary: Summary, answers: string): string {
  if (direction === 'down') return answers === '#1' ? '#2' : '#4'
  return summary.package === '#1' ? '#1' : '#3'
}
