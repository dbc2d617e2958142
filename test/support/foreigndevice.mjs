// A device that is not ours: a process of its own that writes raw SyncML over HTTP and takes Package #0 by UDP; it shares no line with the product.
// node foreigndevice.mjs URL ID ADDRESS [refuse]   - says `ready` when its first session is over, `holds SIZE SHA256` when a package lies whole in it.
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { request } from 'node:http'

const [url, id, address, manner = ''] = process.argv.slice(2)
const tree = new Map([
  ['.', 'DevInfo/DevDetail/Software'],
  ['./DevDetail/FwV', '3.1'],
  ['./DevDetail/SwV', '7'],
  ['./DevDetail/HwV', 'A'],
  ['./DevDetail/DevTyp', 'phone'],
  ['./DevDetail/OEM', 'Foreign'],
  ['./DevDetail/LrgObj', 'true'],
  ['./Software', 'Inventory/Download'],
])
const TYPES = { './Software': 'urn:oma:mo:oma-scomo:1.0' }
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
const element = (xml, name) => new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`).exec(xml)?.[1]

function post(to, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/vnd.syncml.dm+xml', 'Content-Length': Buffer.byteLength(body), 'User-Agent': 'Foreign/1' }
    const asked = request(to, { method: 'POST', localAddress: address, headers, agent: false }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => resolve(Buffer.concat(parts).toString()))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Chunks of the object that is coming. */
let coming = ''

/** What one command comes to: its code, and what a Get brings. */
function perform(kind, body) {
  const uri = element(element(body, 'Target') ?? '', 'LocURI') ?? ''
  const [path, prop] = uri.split('?prop=')
  if (kind === 'Get') {
    if (prop === 'Type') return { code: 200, uri, data: TYPES[path] ?? '' }
    return tree.has(path) ? { code: 200, uri, data: tree.get(path), node: path === '.' || path === './Software' } : { code: 404 }
  }
  if (kind === 'Add') {
    if (tree.has(path)) return { code: 418 }
    tree.set(path, element(body, 'Data') ?? '')
    return { code: 200 }
  }
  if (kind === 'Replace') {
    if (!tree.has(path)) return { code: 404 }
    coming += element(body, 'Data') ?? ''
    if (body.includes('<MoreData')) return { code: 213 }
    if (manner === 'refuse') return { code: 420 }
    const bytes = Buffer.from(coming, 'base64')
    coming = ''
    tree.set(path, 'held')
    console.log(`holds ${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`)
    return { code: 200 }
  }
  return { code: kind === 'Alert' ? 200 : 405 }
}

async function session(alert, sessionId) {
  let to = url
  let msg = 1
  let commands =
    `<Alert><CmdID>1</CmdID><Data>${alert}</Data></Alert><Replace><CmdID>2</CmdID>` +
    Object.entries({ DevId: id, Man: 'Foreign', Mod: 'F1', DmV: '1.2', Lang: 'en' })
      .map(([leaf, data]) => `<Item><Source><LocURI>./DevInfo/${leaf}</LocURI></Source><Data>${data}</Data></Item>`)
      .join('') +
    '</Replace><Final/>'
  for (;;) {
    const cred = `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta><Data>${Buffer.from('lab:lab').toString('base64')}</Data></Cred>`
    const meta = '<Meta><MaxMsgSize xmlns="syncml:metinf">20000</MaxMsgSize><MaxObjSize xmlns="syncml:metinf">1000000</MaxObjSize></Meta>'
    const answer = await post(
      to,
      `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>${sessionId}</SessionID><MsgID>${msg}</MsgID>` +
        `<Target><LocURI>${escaped(to)}</LocURI></Target><Source><LocURI>${id}</LocURI></Source>${cred}${meta}</SyncHdr><SyncBody>${commands}</SyncBody></SyncML>`,
    )
    const header = element(answer, 'SyncHdr') ?? ''
    const ref = element(header, 'MsgID')
    to = (element(header, 'RespURI') ?? to).replace(/&amp;/g, '&')
    const asked = [...answer.matchAll(/<(Get|Add|Replace|Delete|Exec|Alert)>([\s\S]*?)<\/\1>/g)]
    if (asked.length === 0) return
    let cmd = 1
    let more = false
    const status = (ref2, name, code) =>
      `<Status><CmdID>${cmd++}</CmdID><MsgRef>${ref}</MsgRef><CmdRef>${ref2}</CmdRef><Cmd>${name}</Cmd><Data>${code}</Data></Status>`
    commands = status(0, 'SyncHdr', 200)
    for (const [, kind, body] of asked) {
      const own = element(body, 'CmdID')
      const { code, uri, data, node } = perform(kind, body)
      more ||= code === 213
      commands += status(own, kind, code)
      if (data !== undefined)
        commands +=
          `<Results><CmdID>${cmd++}</CmdID><MsgRef>${ref}</MsgRef><CmdRef>${own}</CmdRef><Item><Source><LocURI>${uri}</LocURI></Source>` +
          `${node ? '<Meta><Format xmlns="syncml:metinf">node</Format></Meta>' : ''}<Data>${escaped(data)}</Data></Item></Results>`
    }
    commands += more ? `<Alert><CmdID>${cmd}</CmdID><Data>1222</Data></Alert>` : '<Final/>'
    msg += 1
  }
}

const pushes = createSocket('udp4')
pushes.on('message', (bytes) => {
  // Connectionless WSP push: transaction, type, length of the header fields, those, Package #0; its SessionID follows 16 octets of digest and 40 bits.
  const body = bytes.subarray(3 + (bytes[2] ?? 0))
  const sessionId = body
    .readUInt16BE(16 + 5)
    .toString(16)
    .toUpperCase()
  void session(1200, sessionId)
})
pushes.bind(2948, address, () => void session(1201, '1').then(() => console.log('ready')))
