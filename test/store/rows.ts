// Trace rows made from a number; without a test runner, so that a child process can make the same.
import type { TraceRow } from '../../core/api.ts'
import type { NewEntry } from '../../core/store/entry.ts'

/** Row `n` of a busy day: ten sessions, a few devices, every field used. */
export function rowOf(n: number): Omit<TraceRow, 'seq'> {
  const up = n % 2 === 1
  return {
    kind: 'message',
    at: 1_790_000_000_000.25 + n,
    mono: n * 1.5,
    direction: up ? 'up' : 'down',
    hop: n % 7 === 0 ? 'G-D' : 'S-D',
    session: 1 + (n % 10),
    sessionId: String(n % 10),
    device: `IMEI:${n % 4}`,
    msgId: String(n),
    package: up ? '#3' : '#4',
    encoding: n % 3 === 0 ? 'wbxml' : 'xml',
    size: bodyOf(n).length,
    commands: up ? ['Status', 'Results'] : ['Get', 'Replace'],
    statuses: up ? ['212', '200'] : [],
    target: `./Vendor/${n % 6}`,
    final: true,
    httpStatus: up ? 0 : 200,
    findings: n % 5 === 0 ? 1 : 0,
    severity: n % 5 === 0 ? 'warn' : '',
    hold: 'no',
    text: n % 11 === 0 ? `cannot be read at byte ${n}: „end“` : '',
  }
}

/** Body `n`: its length and octets follow from the number. */
export function bodyOf(n: number): Uint8Array {
  return Uint8Array.from({ length: (n * 37) % 120 }, (_, i) => (n * 31 + i * 7) & 0xff)
}

export function entryOf(n: number): NewEntry {
  return {
    row: rowOf(n),
    bytes: bodyOf(n),
    startLine: n % 2 === 1 ? 'POST /dm HTTP/1.1' : 'HTTP/1.1 200 OK',
    headers: [
      ['Content-Type', 'application/vnd.syncml.dm+xml'],
      ['X-Odd', 'ä\u0001"'],
    ],
    local: '127.0.0.1:8080',
    remote: `127.0.0.1:${40_000 + n}`,
    cause: n % 2 === 1 ? null : n - 1,
    origin: 'lab-1',
    findings:
      n % 5 === 0
        ? [{ rule: 'hdr.msgid.order', severity: 'warn', document: 'REP', clause: '6.1.10', text: 'out of order', offset: 3, length: 1 }]
        : [],
    notes: n % 4 === 0 ? [{ topic: 'auth', text: 'refused', device: `IMEI:${n % 4}`, sessionId: String(n % 10), detail: { code: 401 } }] : [],
  }
}
