// A trace worth looking at: the worked session of the reference sheet in both encodings, captured ones where they are there, and what can go wrong.
import { readdirSync, readFileSync } from 'node:fs'
import { decode, encode } from '../../core/syncml/codec.ts'
import type { Finding } from '../../core/syncml/finding.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { createFakeLab, type FakeLab } from './fakelab.ts'
import { shared } from './shared.ts'

const DEVICE = 'IMEI:490154203237518'
const SERVER = 'https://dm.example.com/dm'
const META = 'xmlns="syncml:metinf"'
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

interface Head {
  readonly device?: string
  readonly session?: string
  readonly msg?: string
  readonly up?: boolean
  readonly more?: string
}

/** A whole message around a body; `up` is from the device. */
export function xml(body: string, { device = DEVICE, session = '1A', msg = '1', up = true, more = '' }: Head = {}): Uint8Array {
  const [target, source] = up
    ? [`<LocURI>${SERVER}</LocURI>`, `<LocURI>${device}</LocURI><LocName>client-0001</LocName>`]
    : [`<LocURI>${device}</LocURI>`, `<LocURI>${SERVER}</LocURI><LocName>com.example.dm</LocName>`]
  return utf8(
    `<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>${session}</SessionID><MsgID>${msg}</MsgID>` +
      `<Target>${target}</Target><Source>${source}</Source>${more}</SyncHdr><SyncBody>${body}<Final/></SyncBody></SyncML>`,
  )
}

const cred = (data: string): string =>
  `<Cred><Meta><Format ${META}>b64</Format><Type ${META}>syncml:auth-md5</Type></Meta><Data>${data}</Data></Cred>`
const sizes = `<Meta><MaxMsgSize ${META}>16384</MaxMsgSize><MaxObjSize ${META}>65536</MaxObjSize></Meta>`
const chal = (nonce: string): string =>
  `<Chal><Meta><Format ${META}>b64</Format><Type ${META}>syncml:auth-md5</Type><NextNonce ${META}>${nonce}</NextNonce></Meta></Chal>`
export const status = (id: number, msgRef: string, cmdRef: string, cmd: string, code: string, more = ''): string =>
  `<Status><CmdID>${id}</CmdID><MsgRef>${msgRef}</MsgRef><CmdRef>${cmdRef}</CmdRef><Cmd>${cmd}</Cmd>${more}<Data>${code}</Data></Status>`
const item = (uri: string, data: string): string => `<Item><Source><LocURI>${uri}</LocURI></Source><Data>${data}</Data></Item>`
const devInfo = (id: number, device: string): string =>
  `<Replace><CmdID>${id}</CmdID>${item('./DevInfo/DevId', device)}${item('./DevInfo/Man', 'Acme')}${item('./DevInfo/Mod', 'M1')}${item('./DevInfo/DmV', '1.2')}${item('./DevInfo/Lang', 'en-US')}</Replace>`
const alertOf = (id: number, code: number): string => `<Alert><CmdID>${id}</CmdID><Data>${code}</Data></Alert>`

/** The four messages of the worked session E4 to E7. */
export function worked(device = DEVICE, session = '1A'): readonly Uint8Array[] {
  const head = { device, session }
  return [
    xml(alertOf(1, 1201) + devInfo(2, device), { ...head, more: cred('f+G+ZBwxTwM0KDOxlHxcnA==') + sizes }),
    xml(
      status(1, '1', '0', 'SyncHdr', '212', `<TargetRef>${SERVER}</TargetRef><SourceRef>${device}</SourceRef>${chal('TmV4dE5vbmNlRm9yQzAwMg==')}`) +
        status(2, '1', '1', 'Alert', '200') +
        status(3, '1', '2', 'Replace', '200') +
        '<Get><CmdID>4</CmdID><Item><Target><LocURI>./DevDetail/FwV</LocURI></Target></Item></Get>',
      { ...head, up: false, more: `<RespURI>${SERVER}?sid=7f3a</RespURI>${cred('v3DmOzPLy8qk6FgGapGzLQ==')}${sizes}` },
    ),
    xml(
      status(1, '1', '0', 'SyncHdr', '212', `<TargetRef>${device}</TargetRef><SourceRef>${SERVER}</SourceRef>${chal('TmV4dE5vbmNlRm9yUzAwMg==')}`) +
        status(2, '1', '4', 'Get', '200', '<TargetRef>./DevDetail/FwV</TargetRef>') +
        '<Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./DevDetail/FwV</LocURI></Source><Data>1.0.7</Data></Item></Results>',
      { ...head, msg: '2' },
    ),
    xml(status(1, '2', '0', 'SyncHdr', '200'), { ...head, msg: '2', up: false }),
  ]
}

/** The same message as WBXML. */
export const wbxml = (bytes: Uint8Array, strings: 'inline' | 'table' | 'opaque' = 'inline'): Uint8Array =>
  encode(decode(bytes, 'xml').message, { encoding: 'wbxml', strings })

/** Plays a session of message bodies into the lab; a device's last message closes it. */
export function play(lab: FakeLab, key: number, bodies: readonly Uint8Array[], encoding: Encoding): readonly number[] {
  let cause: number | undefined
  return bodies.map((bytes, i) => {
    const up = i % 2 === 0
    const seq = lab.message(up ? 'up' : 'down', bytes, encoding, key, {
      later: up ? 310 : 24,
      ...(i === 3 ? { package: '#4' } : {}),
      ...(cause === undefined || up ? {} : { cause }),
      notes:
        i === 1
          ? [
              {
                topic: 'auth',
                text: 'Credentials accepted; the device is authenticated for the session.',
                device: DEVICE,
                sessionId: '1A',
                detail: { type: 'syncml:auth-md5', nonce: 'NonceForClient01' },
              },
            ]
          : [],
    })
    cause = seq
    return seq
  })
}

/** A lab with the demo trace, 20 rows; `more` adds the captured sessions, where they are there. */
export function demoLab(more = false): FakeLab {
  const lab = createFakeLab()
  lab.add({ kind: 'event', text: 'Lab started; recovery found nothing to mend.', later: 0 })
  play(lab, lab.session(DEVICE, '1A'), worked(), 'xml')
  lab.add({
    kind: 'http',
    direction: 'up',
    httpStatus: 415,
    text: 'Content type text/xml is not SyncML; refused before it was read.',
    bytes: utf8('<?xml version="1.0"?><hello/>'),
    startLine: 'POST /dm HTTP/1.1',
    headers: [
      ['Host', '127.0.0.1:8080'],
      ['Content-Type', 'text/xml'],
      ['Content-Length', '29'],
    ],
    later: 1200,
  })
  play(
    lab,
    lab.session(DEVICE, '1B'),
    worked(DEVICE, '1B').map((bytes) => wbxml(bytes)),
    'wbxml',
  )
  if (more) captured(lab)
  trouble(lab)
  lab.add({
    kind: 'connection',
    direction: 'up',
    text: '127.0.0.1:51422 closed the connection while a response was due.',
    later: 900,
    device: DEVICE,
  })
  const key = lab.session('SIM:100001', '2C', 'open')
  const bodies = worked('SIM:100001', '2C')
  const first = lab.message('up', bodies[0] as Uint8Array, 'xml', key, { later: 700 })
  lab.message('down', bodies[1] as Uint8Array, 'xml', key, { cause: first })
  lab.message('up', wbxml(bodies[2] as Uint8Array, 'table'), 'wbxml', key, { later: 260 })
  return lab
}

function trouble(lab: FakeLab): void {
  const key = lab.session('IMEI:350000000000017', '3', 'failed', 'The device refused our credentials three times.')
  const head = { device: 'IMEI:350000000000017', session: '3' }
  lab.message('up', xml(alertOf(1, 1200) + devInfo(2, head.device), { ...head, more: cred('bm90IHRoZSByaWdodCBvbmU=') }), 'xml', key, { later: 2400 })
  lab.message(
    'down',
    xml(
      status(1, '1', '0', 'SyncHdr', '401', chal('QUJDREVGR0hJSktMTU5PUA==')) +
        status(2, '1', '1', 'Alert', '407') +
        status(3, '1', '2', 'Replace', '407'),
      { ...head, up: false },
    ),
    'xml',
    key,
  )
  const bad = xml(status(1, '1', '0', 'SyncHdr', '200') + status(2, '9', '4', 'Get', '404') + status(3, '1', '5', 'Exec', '405'), {
    ...head,
    msg: '2',
  })
  const at = new TextDecoder().decode(bad).indexOf('<MsgRef>9</MsgRef>')
  const finding: Finding = {
    rule: 'status.msgref.unknown',
    severity: 'error',
    document: 'REP',
    clause: '5.2.15',
    text: 'MsgRef 9 names no message of this session; the command it answers cannot be told.',
    offset: at,
    length: 18,
  }
  const quirk: Finding = {
    rule: 'hdr.maxmsgsize.absent',
    severity: 'warn',
    document: 'PRO',
    clause: '6.1',
    text: 'No MaxMsgSize in the first message after a challenge.',
    offset: 0,
    length: 0,
  }
  lab.message('up', bad, 'xml', key, { remarks: [finding, quirk] })
  const whole = wbxml(worked()[1] as Uint8Array)
  lab.message('down', whole.subarray(0, 300), 'wbxml', key, {
    remarks: [
      { rule: 'codec.wbxml', severity: 'error', document: 'WBXML', clause: '5.8', text: 'The body ends inside an element.', offset: 299, length: 1 },
    ],
  })
  const odd = wbxml(worked()[3] as Uint8Array).slice()
  const final = odd.lastIndexOf(0x12)
  odd[final] = 0x3f
  lab.message('down', odd, 'wbxml', key)
  const sent = worked()[3] as Uint8Array
  lab.message('down', utf8(new TextDecoder().decode(sent).replace('<Data>200</Data>', '<Data>500</Data>')), 'xml', key, {
    original: sent,
    hold: 'edited',
  })
}

/** Sessions captured from other clients, where the shared corpus is present. */
function captured(lab: FakeLab): void {
  for (const [path, device, id] of [
    ['libdmclient/s20-dmdrv-scomo', 'urn:uuid:dm-client-7731', '5'],
    ['aosp-omadm/a04-fumo-wbxml', 'IMEI:004999010640000', '12'],
  ] as const) {
    const folder = shared(`corpus/captured-sessions/${path}`)
    if (folder === null) continue
    const key = lab.session(device, id)
    const bodies = readdirSync(folder)
      .filter((name) => /^\d+-(client|server)\.(xml|wbxml)$/.test(name))
      .sort()
    for (const name of bodies)
      lab.message(
        name.includes('client') ? 'up' : 'down',
        new Uint8Array(readFileSync(`${folder}/${name}`)),
        name.endsWith('.xml') ? 'xml' : 'wbxml',
        key,
        { later: 180 },
      )
  }
}

/** The demo with three messages held: one waiting, one of a peer that left, one in WBXML. */
export function heldLab(): FakeLab {
  const lab = demoLab()
  lab.state({ hold: { mode: 'all' } })
  lab.hold(20, 'all messages are held')
  lab.hold(19, 'all messages are held')
  lab.hold(16, 'all messages are held', { peerWaits: false })
  return lab
}
