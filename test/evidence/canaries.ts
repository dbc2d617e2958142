// Secrets of every kind, each planted where it occurs in the field, and the search for them in whatever comes out.
import { createHash, createHmac } from 'node:crypto'
import type { FrameDetail, RowKind, TraceRow } from '../../core/api.ts'
import { decode, decodeTree, encodeTree, type Wire } from '../../core/syncml/codec.ts'
import { CodecError } from '../../core/syncml/error.ts'
import type { Element } from '../../core/syncml/element.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { summarise } from '../../core/syncml/summary.ts'
import { Redactor } from '../../core/evidence/redact.ts'

/** Every canary by its kind; no two share a piece of eight characters. */
export const CANARIES = {
  basicPassword: 'Kanarie.basic.1',
  md5Digest: 'q7Zk0vN2pLw8sXyR3tUb5g==',
  macDigest: 'Hm4cDg2xT9yWq1LsVbN8kA==',
  proxyCookie: 'sess-4f9Qz7Lp2w',
  setCookie: 'sid-8hTr5Kq0Zb',
  nonce: 'b64N0nceQwErTyUi',
  serverNonce: 'WmF6b29sLW5vbmNlLTQy',
  authSecret: 'AAs3cr3t-dmacc-77',
  authData: 'QUFkYXRhLW5vbmNlIQ==',
  serverSecret: 'Srv5ecret+x/93',
  wifiPsk: 'psk-Ziekenhuis-2041',
  wepKey: 'A1B2C3D4E5F60718293A4B5C6D',
  eapPassword: 'Eap!Passw0rd&more',
  simPin: '73910482',
  tndsSecret: 'tnds-InlineSecret-5',
  tndsTextSecret: 'tnds-Text<Secret>&6',
  tndsCdataSecret: 'tnds-Cdata<Secret>7',
  tndsBase64Secret: 'tnds-Base64Secret-8',
  opaqueSecret: 'opaque-DocSecret-9',
  wlanKey: 'KeyMaterial-Ostrich',
  provSecret: 'prov-parmSecret-11',
  jsonPassword: 'json-Passw0rd-12',
  queryToken: 'tok-1a2b3c4d5e6f',
  urlPassword: 'urlPw-Wombat13',
  comment: 'comment-Secret-14',
  hmacHeader: 'JJHy+9ngp0rHh+l5Wj6L9g==',
  bearer: 'bearer.Abc123Def456',
  imei: '490154203237518',
  imsi: '262011234567890',
  msisdn: '4915112345678',
  iccid: '8949020000001234567',
  meid: 'A0000012C3D4E5',
  mac: '9C:35:5B:71:0E:42',
  serial: 'SN7Q44X0192',
} as const

export type Kind = keyof typeof CANARIES

const b64 = (text: string): string => Buffer.from(text).toString('base64')
const esc = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const C = CANARIES

const leaf = (name: string, value: string): string =>
  `<Node><NodeName>${name}</NodeName><RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>${esc(value)}</Value></Node>`
const tnds = (name: string, value: string): string =>
  `<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>Acc</NodeName><RTProperties><Format><node/></Format><Type><DDFName>urn:oma:mo:oma-dm-dmacc:1.0</DDFName></Type></RTProperties>${leaf('ServerID', 'com.example.dm')}${leaf(name, value)}</Node></MgmtTree>`

const item = (uri: string, data: string, meta = ''): string =>
  `<Item><Target><LocURI>${uri}</LocURI></Target>${meta === '' ? '' : `<Meta><Type xmlns="syncml:metinf">${meta}</Type></Meta>`}<Data>${data}</Data></Item>`

const provisioning = `<wap-provisioningdoc version="1.0"><characteristic type="APPAUTH"><parm name="AAUTHNAME" value="alice"/><parm name="AAUTHSECRET" value="${C.provSecret}"/></characteristic></wap-provisioningdoc>`
const wlan = `<?xml version="1.0"?><WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1"><name>lab</name><sharedKey><keyType>passPhrase</keyType><keyMaterial>${C.wlanKey}</keyMaterial></sharedKey></WLANProfile>`

/** Items of one Replace, each with a canary; XML text forms of nested documents where `text`. */
const ITEMS: readonly string[] = [
  item('./DMAcc/a/AppAuth/1/AAuthSecret', C.authSecret),
  item('./DMAcc/a/AppAuth/1/AAuthData', C.authData),
  item('./DMAcc/a/AppAuth/2/AAuthSecret?prop=Value', C.serverSecret),
  item('./Vendor/Wifi/lab/PSK', C.wifiPsk),
  item('./Vendor/Wifi/lab/WepKey/1', C.wepKey),
  item('./Vendor/Wifi/lab/EAPPassword', esc(C.eapPassword)),
  item('./Vendor/SIM/Pin', C.simPin),
  item('./Inbox', esc(tnds('AAuthSecret', C.tndsTextSecret)), 'application/vnd.syncml.dmtnds+xml'),
  item('./Inbox', b64(tnds('AAuthSecret', C.tndsBase64Secret)), 'application/vnd.syncml.dmtnds+xml'),
  item('./Vendor/MSFT/WiFi/Profile/lab/WlanXml', esc(wlan)),
  item('./Vendor/Prov', esc(provisioning)),
  item('./Vendor/Config', esc(`{"user":"alice","password":"${C.jsonPassword}"}`)),
  item('./Vendor/Link', `https://dl.example/fw?token=${C.queryToken}&amp;x=1`),
  item('./Vendor/Ftp', `ftp://alice:${C.urlPassword}@files.example/fw.bin`),
  item('./DevInfo/DevId', `IMEI:${C.imei}`),
  item('./DevDetail/Ext/IMSI', C.imsi),
  item('./DevDetail/Ext/Phone', `tel:+${C.msisdn}`),
  item('./DevDetail/Ext/SIM', `iccid ${C.iccid} in slot 1`),
  item('./DevDetail/Ext/MEID', C.meid),
  item('./DevDetail/Ext/Wlan', `mac ${C.mac}`),
  item('./DevDetail/Ext/SerialNumber', C.serial),
  item('./DevDetail/SwV', '1.0.7'),
]

const cred = (type: string, data: string): string =>
  `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">${type}</Type></Meta><Data>${data}</Data></Cred>`
const chal = (nonce: string): string =>
  `<Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">${nonce}</NextNonce></Meta></Chal>`

/** A message with a credential of its own and every item above. */
function message(credential: string): string {
  const header = `<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1A</SessionID><MsgID>1</MsgID><Target><LocURI>https://dm.example.com/dm</LocURI></Target><Source><LocURI>IMEI:${C.imei}</LocURI><LocName>alice</LocName></Source>${credential}</SyncHdr>`
  const status = `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><TargetRef>IMEI:${C.imei}</TargetRef>${chal(C.nonce)}<Data>212</Data></Status><Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>${chal(C.serverNonce)}<Data>401</Data></Status>`
  const inline = `<Item><Target><LocURI>./DMAcc/b</LocURI></Target><Data>${tnds('AAuthSecret', C.tndsSecret)}</Data></Item>`
  return `<SyncML xmlns="SYNCML:SYNCML1.2">${header}<SyncBody>${status}<Alert><CmdID>3</CmdID><Data>1201</Data></Alert><Replace><CmdID>4</CmdID>${ITEMS.join('')}${inline}</Replace><Final/></SyncBody></SyncML>`
}

/** An item whose Data is an OPAQUE with a WBXML document inside, put in place of the last plain one. */
function withOpaqueDocument(root: Element): Element {
  const inner = decodeTree(Buffer.from(tnds('AAuthSecret', C.opaqueSecret)), 'xml').root
  const octets = encodeTree(inner, { encoding: 'wbxml', version: 3 })
  const visit = (element: Element): Element =>
    element.name === 'Data' && element.text === '1.0.7'
      ? { ...element, text: '', opaque: octets }
      : { ...element, children: element.children.map(visit) }
  return visit(root)
}

/** Bodies by name, with how they are encoded. */
export function bodies(): ReadonlyMap<string, { readonly bytes: Uint8Array; readonly encoding: Encoding }> {
  const basic = message(cred('syncml:auth-basic', b64(`alice:${C.basicPassword}`)))
  const md5 = message(cred('syncml:auth-md5', C.md5Digest))
  const mac = message(cred('syncml:auth-MAC', C.macDigest))
  const cdata = basic.replace('<Data>1.0.7</Data>', `<Data><![CDATA[${tnds('AAuthSecret', C.tndsCdataSecret)}]]></Data><!-- ${C.comment} -->`)
  const found = new Map<string, { bytes: Uint8Array; encoding: Encoding }>()
  found.set('xml', { bytes: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${md5}`), encoding: 'xml' })
  found.set('xml with CDATA', { bytes: Buffer.from(cdata), encoding: 'xml' })
  found.set('xml with prefixes', { bytes: Buffer.from(prefixed(mac)), encoding: 'xml' })
  found.set('xml in UTF-16LE', { bytes: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(cdata, 'utf16le')]), encoding: 'xml' })
  found.set('xml in UTF-16BE', { bytes: Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(basic, 'utf16le').swap16()]), encoding: 'xml' })
  found.set('xml cut short', { bytes: Buffer.from(cdata.slice(0, -40)), encoding: 'xml' })
  const wires: readonly Omit<Wire, 'encoding'>[] = [
    { strings: 'inline' },
    { strings: 'table' },
    { strings: 'opaque', pages: 'eager' },
    { publicId: 'text' },
  ]
  for (const wire of wires) {
    const root = withOpaqueDocument(decodeTree(Buffer.from(basic), 'xml').root)
    const bytes = encodeTree(root, { ...wire, encoding: 'wbxml' })
    found.set(`wbxml ${wire.strings ?? wire.publicId ?? ''}`, { bytes, encoding: 'wbxml' })
  }
  found.set('wbxml cut short', { bytes: (found.get('wbxml inline') as { bytes: Uint8Array }).bytes.slice(0, -7), encoding: 'wbxml' })
  return found
}

/** The same message with prefixes instead of default namespaces for SyncML. */
function prefixed(xml: string): string {
  return xml
    .replace(/<(\/?)(SyncML|SyncHdr|SyncBody|Item|Data|LocURI|Target|Source|Cred|Meta|Chal|Replace)(?=[\s>/])/g, '<$1s:$2')
    .replace('xmlns="SYNCML:SYNCML1.2"', 'xmlns="SYNCML:SYNCML1.2" xmlns:s="SYNCML:SYNCML1.2"')
}

const HEADERS: readonly (readonly [string, string])[] = [
  ['Content-Type', 'application/vnd.syncml.dm+xml'],
  ['Authorization', `Basic ${b64(`alice:${C.basicPassword}`)}`],
  ['Proxy-Authorization', `Bearer ${C.bearer}`],
  ['Cookie', `session=${C.proxyCookie}; theme=dark`],
  ['Set-Cookie', `sid=${C.setCookie}; Path=/`],
  ['x-syncml-hmac', `algorithm=MD5, username="alice", mac=${C.hmacHeader}`],
  ['X-MSISDN', C.msisdn],
  ['User-Agent', `Acme DM 1.2 (IMEI ${C.imei})`],
]

/** A row as the store gives it, for a body; headers, start line, notes and findings hold canaries too. */
export function detailOf(bytes: Uint8Array, encoding: Encoding | '', kind: RowKind = 'message', seq = 1): FrameDetail {
  const device = `IMEI:${C.imei}`
  const row: TraceRow = {
    ...{
      seq,
      kind,
      at: 1_790_000_000_123.25,
      mono: 12.5,
      direction: 'up',
      hop: 'S-D',
      session: 1,
      sessionId: '1A',
      device,
      msgId: '1',
      package: '#1',
    },
    ...{ encoding, size: bytes.length, commands: commandsOf(bytes, encoding), statuses: ['212'], target: `./DevDetail/${C.imsi}/x`, final: true },
    ...{ httpStatus: 0, findings: 1, severity: 'note', hold: 'no', text: `seen ${C.imei}` },
  }
  return {
    ...{ row, bytes, original: bytes.slice(), startLine: `POST /dm?imei=${C.imei}&access_token=${C.queryToken} HTTP/1.1`, headers: HEADERS },
    ...{ local: '127.0.0.1:8080', remote: '127.0.0.1:4711', cause: null, origin: 'test' },
    findings: [
      { rule: 'x.y', severity: 'note', document: 'PRO', clause: '8', text: `the value ${C.authSecret} of ${C.imei} is odd`, offset: 4, length: 2 },
    ],
    notes: [
      {
        topic: 'auth',
        text: `alice sent ${C.basicPassword}; nonce=${C.nonce}`,
        device,
        sessionId: '1A',
        detail: { imei: C.imei, password: C.wifiPsk },
      },
    ],
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
}

function commandsOf(bytes: Uint8Array, encoding: Encoding | ''): readonly string[] {
  try {
    return encoding === '' ? [] : summarise(decode(bytes, encoding).message).commands
  } catch (error) {
    if (error instanceof CodecError) return []
    throw error
  }
}

/** A redactor with a fixed key. */
export function redactor(key = 'test', more: { readonly secrets?: readonly string[] } = {}): Redactor {
  return new Redactor({
    keyed: (text) => createHmac('sha256', key).update(text).digest(),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    ...more,
  })
}

/** Canaries that can be found in these octets: as they are, escaped, in UTF-16, in base64 at any alignment, in hexadecimal, also inside base64 text. */
export function leaks(octets: Uint8Array, depth = 0): string[] {
  const buffer = Buffer.from(octets)
  const found = new Set<string>()
  const lower = buffer.toString('latin1').toLowerCase()
  for (const [kind, canary] of Object.entries(CANARIES)) {
    for (const form of [canary, esc(canary), esc(esc(canary)), JSON.stringify(canary).slice(1, -1)]) {
      const raw = Buffer.from(form)
      const wide = Buffer.from(form, 'utf16le')
      const broad = Buffer.from(wide).swap16()
      if (buffer.includes(raw) || buffer.includes(wide) || buffer.includes(broad)) found.add(kind)
      if (lower.includes(raw.toString('hex'))) found.add(`${kind} in hexadecimal`)
      for (let shift = 0; shift < 3; shift++) {
        const coded = Buffer.concat([Buffer.alloc(shift), raw])
          .toString('base64')
          .slice(shift === 0 ? 0 : 4, -4)
        if (coded.length >= 8 && buffer.includes(coded)) found.add(`${kind} in base64`)
      }
    }
  }
  if (depth < 4) {
    for (const [run] of buffer.toString('latin1').matchAll(/[A-Za-z0-9+/]{24,}={0,2}/g)) {
      for (const kind of leaks(Buffer.from(run, 'base64'), depth + 1)) found.add(kind)
    }
  }
  return [...found].sort()
}
