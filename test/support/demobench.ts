// A lab in memory with real devices on the bench: phones behind adb in several states, a modem, unknown devices, refused credentials, a log beside its messages.
import type { AdbLogLevel, AdbLogLine, ConnectProblem, ConnectTile, Seq, WantsToTalk, WhyAnswer } from '../../core/api.ts'
import { readPage } from '../../core/page.ts'
import { demoLab, status, worked, xml } from './demo.ts'
import { fakePhone, NO_LOG } from './fakeadb.ts'
import type { FakeLab } from './fakelab.ts'

export const PHONE = 'IMEI:351756051523999'
export const SERIAL = 'R58N30ABCDE'
export const STRANGER = 'IMEI:860000000000042'

export interface BenchLab {
  readonly lab: FakeLab
  /** Rows of the phone's messages: two refused ones, then the session. */
  readonly rows: readonly Seq[]
  /** When the phone's first message came. */
  readonly at: number
}

/** A line of the log, `n` counted from 1. */
export const logLine = (n: number, at: number, level: AdbLogLevel, tag: string, text: string): AdbLogLine => ({
  n,
  at,
  deviceAt: at + 1840,
  pid: 2410,
  tid: 2477,
  level,
  tag,
  text,
})

const problem = (id: string, change: Partial<ConnectProblem>): ConnectProblem => ({
  id,
  severity: 'warn',
  about: '',
  text: '',
  cause: '',
  fix: '',
  action: null,
  ...change,
})

/** Why the phone's first message was refused. */
export const staleNonce = (seq: Seq, answer: Seq, device = PHONE): WhyAnswer => ({
  seq,
  answer,
  device,
  userName: 'lab',
  serverId: 'dm-lab',
  shown: 'md5',
  code: 401,
  verdict: 'found',
  cause: {
    id: 'nonce.stale',
    text: 'The digest rests on an older nonce: the one before the last that this lab issued.',
    fix: 'The device did not keep the newest nonce. It takes up the one in the challenge; if this comes back, it does not store nonces over a restart.',
  },
  tried: [
    { id: 'password.other', text: 'The password of another account', result: 'no', variants: 4 },
    { id: 'nonce.stale', text: 'An older nonce of this account', result: 'fits', variants: 9 },
    { id: 'order.user-last', text: 'Fields of the digest in another order', result: 'no', variants: 6 },
    { id: 'base64.double', text: 'A nonce or digest encoded in base64 twice', result: 'no', variants: 3 },
    { id: 'mac.body', text: 'A MAC over other bytes', result: 'not tried', variants: 0 },
  ],
  nonces: [
    { seq: answer, at: Date.now() - 60_000, role: 'challenge', text: 'in the challenge of this answer' },
    { seq: 0, at: Date.now() - 300_000, role: 'expected', text: 'the next nonce of the last session' },
    { seq: 0, at: Date.now() - 900_000, role: 'older', text: 'the one before' },
  ],
})

export const stranger = (change: Partial<WantsToTalk> = {}): WantsToTalk => ({
  device: STRANGER,
  firstAt: Date.now() - 130_000,
  lastAt: Date.now() - 9_000,
  times: 3,
  manufacturer: 'Example',
  model: 'Tracker 2',
  userName: 'Tracker',
  shown: 'basic',
  remote: '192.168.1.23:40112',
  seq: 1,
  adopting: 'The credentials it showed become its account.',
  ...change,
})

/** The rows of a phone that is refused once and then holds its session. */
function phoneRows(lab: FakeLab): Seq[] {
  const key = lab.session(PHONE, '31')
  const head = { device: PHONE, session: '31' }
  const [first, second, third, fourth] = worked(PHONE, '31') as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const refusal = xml(status(1, '1', '0', 'SyncHdr', '401') + status(2, '1', '1', 'Alert', '401') + status(3, '1', '2', 'Replace', '401'), {
    ...head,
    up: false,
  })
  return [
    lab.message('up', first, 'xml', key, { later: 900 }),
    lab.message('down', refusal, 'xml', key, { later: 6 }),
    lab.message('up', first, 'xml', key, { later: 310 }),
    lab.message('down', second, 'xml', key, { later: 7 }),
    lab.message('up', third, 'xml', key, { later: 240 }),
    lab.message('down', fourth, 'xml', key, { later: 8 }),
  ]
}

/** What the phone wrote meanwhile. */
function phoneLog(at: number): AdbLogLine[] {
  const said: readonly (readonly [number, AdbLogLevel, string, string])[] = [
    [-420, 'I', 'DmClient', 'session 31 begins: bootstrap account dm-lab, server http://127.0.0.1:8080/dm'],
    [-60, 'D', 'DmClient', 'package #1: 1 Alert, 1 Replace, 912 bytes'],
    [40, 'W', 'DmAuth', 'SyncHdr 401: challenge syncml:auth-md5, next nonce of 16 octets'],
    [44, 'D', 'NetworkMonitor', 'NetworkAgentInfo [WIFI () - 100] validation passed'],
    [120, 'I', 'DmAuth', 'nonce stored; the message is sent again'],
    [330, 'I', 'DmAuth', 'SyncHdr 212: authenticated for this session'],
    [360, 'D', 'DmTree', 'Get ./DevDetail/FwV'],
    [380, 'V', 'DmTree', 'node found, format chr, 5 octets'],
    [520, 'E', 'DmTree', 'flash translation layer: 3 pages remapped'],
    [640, 'I', 'DmClient', 'session 31 ends: no more commands'],
  ]
  return said.map(([offset, level, tag, text], i) => logLine(i + 1, at + offset, level, tag, text))
}

function tiles(row: Seq, at: number): ConnectTile[] {
  const base = { problems: [], actions: [], first: null, newest: null, devices: [], paths: [] }
  const proof = { seq: row, at, device: PHONE, remote: '127.0.0.1:41200' }
  return [
    {
      ...base,
      way: 'modem',
      title: 'Serial modem',
      can: 'no',
      text: 'This computer has no serial port.',
      problems: [
        problem('modem.none', {
          severity: 'note',
          text: 'No modem is plugged in.',
          cause: 'No serial port is there.',
          fix: 'Plug one in and look again; on Linux your user has to be in the group dialout.',
        }),
      ],
    },
    {
      ...base,
      way: 'wifi',
      title: 'Wi-Fi',
      can: 'step',
      text: 'The lab is bound to this computer only.',
      problems: [
        problem('address.loopback', {
          severity: 'error',
          text: 'A device on the Wi-Fi does not get through.',
          cause: 'The DM port is bound to 127.0.0.1.',
          fix: 'Start the lab with --host 0.0.0.0, or choose a NAT name.',
          action: { act: 'addresses.choose', argument: '', text: 'Choose an address' },
        }),
      ],
      actions: [{ act: 'wifi.qr', argument: '', text: 'Show the QR code' }],
    },
    {
      ...base,
      way: 'adb',
      title: 'USB and Android (adb)',
      can: 'working',
      text: '2 devices; ports of one lead to this lab.',
      problems: [
        problem('adb.unauthorized', {
          severity: 'error',
          about: '9A231FFAZ000QX',
          text: 'It does not permit this computer.',
          cause: 'Nobody has accepted the key of this computer on its screen.',
          fix: 'Unlock it and accept “Allow USB debugging”; if nothing appears, reconnect it.',
          action: { act: 'adb.reconnect', argument: '9A231FFAZ000QX', text: 'Reconnect' },
        }),
      ],
      actions: [{ act: 'adb.reverse', argument: SERIAL, text: `Lead ports of ${SERIAL} here` }],
      first: proof,
      newest: { ...proof, seq: row + 4, at: at + 560 },
      devices: [PHONE],
    },
    {
      ...base,
      way: 'simulated',
      title: 'Simulated device',
      can: 'now',
      text: 'A device in this lab, over real HTTP.',
      actions: [{ act: 'simulate', argument: '', text: 'Start one' }],
    },
    {
      ...base,
      way: 'file',
      title: 'Capture file',
      can: 'now',
      text: 'Reads an export, or one message.',
      actions: [{ act: 'evidence.open', argument: '', text: 'Open …' }],
    },
  ]
}

/** The bench with everything on it. */
export function benchLab(): BenchLab {
  const lab = demoLab()
  const times = new Map<Seq, number>()
  const off = lab.api.on('trace', ({ rows: page }) => {
    for (const row of page === null ? [] : readPage(page)) times.set(row.seq, row.at)
  })
  const rows = phoneRows(lab)
  off()
  const [first = 0, refused = 0] = rows
  const at = times.get(first) ?? 0
  const now = Date.now()
  lab.proxies.why.set(first, staleNonce(first, refused))
  lab.proxies.why.set(refused, staleNonce(first, refused))
  const reverse = [
    { remote: 8080, local: 8080, role: 'dm', state: 'open', text: '', at: now - 200_000 },
    { remote: 8081, local: 8081, role: 'download', state: 'failed', text: 'cannot bind listener: Address already in use', at: now - 200_000 },
  ] as const
  const log = { ...NO_LOG, state: 'on', first: 1, last: 10, offset: 1840, uncertainty: 12 } as const
  lab.adb.adb = {
    ...lab.adb.adb,
    devices: [
      fakePhone(SERIAL, now - 400_000, { device: PHONE, proofAt: now - 4_000, proof: 'wrote a log line', reverse, log }),
      fakePhone('9A231FFAZ000QX', now - 90_000, {
        state: 'unauthorized',
        said: 'unauthorized',
        manufacturer: '',
        model: '',
        android: '',
        build: '',
        proofAt: 0,
        proof: '',
        text: 'It does not permit this computer.',
        fix: 'Unlock it and accept “Allow USB debugging”.',
      }),
    ],
  }
  lab.adb.lines.set(SERIAL, phoneLog(at))
  lab.adb.connect = { ...lab.adb.connect, tiles: tiles(first, at), at: now }
  lab.proxies.wants = [stranger()]
  return { lab, rows, at }
}
