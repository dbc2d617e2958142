// Rows with real bytes for filter tests: a small management session with a notification, an Atomic, a large object and an alert.
import type { FrameDetail, TraceRow } from '../../core/api.ts'
import { BARE_ROW } from '../../core/store/barerow.ts'
import { encode } from '../../core/syncml/codec.ts'
import type { Command, Encoding, Message } from '../../core/syncml/message.ts'
import { summarise } from '../../core/syncml/summary.ts'

const BLANK: FrameDetail = {
  row: { ...BARE_ROW, seq: 0, kind: 'message' },
  bytes: new Uint8Array(),
  original: null,
  startLine: '',
  headers: [],
  local: '',
  remote: '',
  cause: null,
  origin: 'test',
  findings: [],
  notes: [],
  sha256: '',
}

/** Wall clock of row 0: 2026-01-31T12:00:00Z. */
export const NOON = 1_769_860_800_000

type More = Partial<Omit<FrameDetail, 'row'>> & { readonly row?: Partial<TraceRow> }

/** Numbers rows from 1, a second apart, one session unless told otherwise. */
export class Tape {
  readonly rows: FrameDetail[] = []
  readonly device: string
  #msg = { up: 0, down: 0 }

  constructor(device = 'IMEI:490') {
    this.device = device
  }

  /** A message; MsgIDs count on. */
  say(direction: 'up' | 'down', commands: readonly Command[], more: More = {}, encoding: Encoding = 'xml'): FrameDetail {
    const msgId = String((this.#msg[direction] += 1))
    const [source, target] = direction === 'up' ? [this.device, 'http://lab/dm'] : ['http://lab/dm', this.device]
    const message: Message = {
      header: { verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1A', msgId, target: { locUri: target }, source: { locUri: source } },
      commands,
      final: true,
    }
    return this.body(direction, message, more, encoding)
  }

  /** These bytes as a message. */
  body(direction: 'up' | 'down', message: Message, more: More = {}, encoding: Encoding = 'xml'): FrameDetail {
    const bytes = encode(message, { encoding })
    const { commands, statuses, firstTarget, sessionId, msgId, final } = summarise(message)
    const row = {
      direction,
      session: 1,
      device: this.device,
      encoding,
      size: bytes.length,
      commands,
      statuses,
      target: firstTarget,
      sessionId,
      msgId,
      final,
    }
    return this.add({ ...more, bytes, row: { ...row, ...more.row } })
  }

  event(text: string, detail: Readonly<Record<string, string | number | boolean | null>> = {}, more: Partial<TraceRow> = {}): FrameDetail {
    return this.add({ row: { kind: 'event', text, ...more }, notes: [{ topic: 'state', text, device: this.device, sessionId: '', detail }] })
  }

  add(more: More): FrameDetail {
    const seq = this.rows.length + 1
    const row = { ...BLANK.row, seq, at: NOON + seq * 1000, mono: seq * 1000, ...more.row }
    const detail = { ...BLANK, ...more, row }
    this.rows.push(detail)
    return detail
  }
}

/** A Status for a command of message `msgRef`. */
export function status(msgRef: string, cmdRef: string, cmd: string, code: number, targetRef?: string): Command {
  return { kind: 'Status', cmdId: '9', msgRef, cmdRef, cmd, targetRefs: targetRef === undefined ? [] : [targetRef], sourceRefs: [], code, items: [] }
}

/** The session of these tests: eight rows. */
export function session(encoding: Encoding = 'xml'): Tape {
  const tape = new Tape()
  tape.add({ row: { kind: 'push', direction: 'down', package: '#0', device: tape.device, text: 'notification' } })
  tape.say(
    'up',
    [
      { kind: 'Alert', cmdId: '1', code: 1200, data: '1200', items: [] },
      {
        kind: 'Replace',
        cmdId: '2',
        items: [
          { source: { locUri: './DevInfo/Man' }, data: 'Example Mobile' },
          { source: { locUri: './DevInfo/Mod' }, data: 'EM-1' },
        ],
      },
    ],
    { startLine: 'POST /dm HTTP/1.1', row: { package: '#1' } },
    encoding,
  )
  tape.say(
    'down',
    [
      status('1', '0', 'SyncHdr', 212),
      status('1', '2', 'Replace', 200),
      { kind: 'Get', cmdId: '3', items: [{ target: { locUri: './DevDetail/SwV' } }, { target: { locUri: './SCOMO/Inventory?list=StructData' } }] },
    ],
    { cause: 2, row: { package: '#2', httpStatus: 200, at: NOON + 2250 } },
    encoding,
  )
  tape.say(
    'up',
    [
      status('1', '0', 'SyncHdr', 212),
      status('1', '3', 'Get', 200),
      {
        kind: 'Results',
        cmdId: '5',
        msgRef: '1',
        cmdRef: '3',
        items: [{ source: { locUri: './DevDetail/SwV' }, meta: { format: 'chr', type: 'text/plain' }, data: '4.2' }],
      },
    ],
    { row: { package: '#3' } },
    encoding,
  )
  tape.say(
    'down',
    [
      status('2', '0', 'SyncHdr', 200),
      {
        kind: 'Atomic',
        cmdId: '6',
        commands: [
          { kind: 'Add', cmdId: '7', items: [{ target: { locUri: './SCOMO/Download/antivir' }, meta: { format: 'node' } }] },
          { kind: 'Exec', cmdId: '8', correlator: 'job-7', items: [{ target: { locUri: './SCOMO/Download/antivir/Operations/Download' } }] },
        ],
      },
    ],
    { row: { package: '#4' } },
    encoding,
  )
  tape.say(
    'up',
    [status('2', '0', 'SyncHdr', 200), status('2', '7', 'Add', 418, './SCOMO/Download/antivir'), status('2', '8', 'Exec', 215)],
    {
      findings: [
        { rule: 'cmd.status.missing', severity: 'warn', document: 'PRO', clause: '1', text: 'x', offset: 0, length: 0 },
        { rule: 'hdr.msgid.order', severity: 'error', document: 'PRO', clause: '2', text: 'y', offset: 0, length: 0 },
      ],
      row: { findings: 2, severity: 'error', hold: 'edited' },
    },
    encoding,
  )
  tape.say(
    'up',
    [
      {
        kind: 'Alert',
        cmdId: '1',
        code: 1226,
        data: '1226',
        correlator: 'job-7',
        items: [
          {
            source: { locUri: './SCOMO/Download/antivir' },
            meta: { type: 'urn:oma:at:scomo:1.0:OperationComplete', format: 'xml' },
            data: '<ResultCode>1403</ResultCode>',
          },
        ],
      },
    ],
    {},
    encoding,
  )
  tape.event('emi.notified: job-7 failed', { event: 'emi.notified', state: 'failed', resultCode: 1403 })
  return tape
}
