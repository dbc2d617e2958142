// The sessions that the server bench plays: recorded once from our own simulated device, then said again with other SessionIDs, tokens and devices.
import { LAB_ACCOUNT, makeClient } from '../../core/device/client.ts'
import { runClient } from '../../core/lab/runner.ts'
import { processClock } from '../../core/node/clock.ts'
import { contentTypeOf } from '../../core/session/contenttype.ts'
import { postHead } from './load.ts'
import type { Player } from './load.ts'

/** Stands for the origin of the server under test. */
const ORIGIN = 'http://127.0.0.1:PORT0'

const TYPE = contentTypeOf('xml')
/** Octets of one message that the device takes: a feature phone's, so that the object below comes in chunks. */
const MAX_MSG_SIZE = 2048
/** Octets of the object that each session delivers. */
const OBJECT = 12_000

/** Name of a device; all are as long as this. */
export const deviceName = (device: number): string => `IMEI:${490154203000000 + device}`

/** What the server wants of the device in each session: a version read, and an object of 12 kB brought there. */
export const WISH = [
  { kind: 'Get', locUri: './DevDetail/SwV' },
  { kind: 'Add', locUri: './Vendor/Config', data: 'lab bench '.repeat(OBJECT / 10) },
] as const

/** One message upwards, and how long its answer was; 0: whatever it is. */
export interface Step {
  readonly path: string
  readonly body: string
  readonly answer: number
}

const SESSION = 'FFFF'
const TOKEN = '0123456789abcdef01234567'

/** A Package #1 of about 2 KB with Basic credentials. */
export function packageOne(device: number): string {
  const leaf = (uri: string, data: string): string => `<Item><Source><LocURI>${uri}</LocURI></Source><Data>${data}</Data></Item>`
  const extras = Array.from({ length: 9 }, (_, i) => leaf(`./DevInfo/Ext/Vendor/Item${i}`, 'x'.repeat(24))).join('')
  const cred = Buffer.from('lab:lab').toString('base64')
  return (
    `<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>` +
    `<SessionID>${SESSION}</SessionID><MsgID>1</MsgID><Target><LocURI>${ORIGIN}/dm</LocURI></Target>` +
    `<Source><LocURI>${deviceName(device)}</LocURI><LocName>lab</LocName></Source><Cred><Meta><Format xmlns="syncml:metinf">b64</Format>` +
    `<Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta><Data>${cred}</Data></Cred>` +
    `<Meta><MaxMsgSize xmlns="syncml:metinf">${MAX_MSG_SIZE}</MaxMsgSize></Meta></SyncHdr>` +
    `<SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID>${leaf('./DevInfo/DevId', deviceName(device))}` +
    `${leaf('./DevInfo/Man', 'Acme')}${leaf('./DevInfo/Mod', 'M1')}${leaf('./DevInfo/DmV', '1.2')}${leaf('./DevInfo/Lang', 'en-US')}${extras}</Replace><Final/></SyncBody></SyncML>`
  )
}

/** A session of one message, whose answer says all there is to say. */
export function single(): Step[] {
  return [{ path: '/dm', body: packageOne(0), answer: 0 }]
}

/** Posts a body and gives the answer's bytes. */
async function post(url: URL, path: string, body: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(new URL(path, url), { method: 'POST', headers: { 'Content-Type': TYPE }, body })
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`)
  return new Uint8Array(await answer.arrayBuffer())
}

/** Holds one session of device 0 and writes down what it says; Package #1 is the one above. The lab has an order for it already. */
export async function recordSession(url: URL): Promise<Step[]> {
  const env = { now: () => Date.now(), random: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
  const setup = { id: deviceName(0), serverUri: `${url.origin}/dm`, ...LAB_ACCOUNT, auth: 'syncml:auth-basic', encoding: 'xml' } as const
  const { machine } = makeClient(setup, env)
  const steps: Step[] = []
  let token = ''
  const said = await runClient(
    {
      machine,
      clock: processClock(),
      post: async (frame) => {
        const text = steps.length === 0 ? packageOne(0).replaceAll(ORIGIN, url.origin) : new TextDecoder().decode(frame.bytes)
        const path = frame.uri.slice(url.origin.length)
        const bytes = await post(url, path, text)
        token ||= tokenOf(Buffer.from(bytes))
        const bare = (said: string): string => said.replaceAll(token, TOKEN).replaceAll(url.origin, ORIGIN)
        steps.push({ path: bare(path), body: bare(text), answer: bytes.length })
        return { httpStatus: 200, frame: { ...frame, bytes }, text: '' }
      },
    },
    { type: 'start', initiated: 'client', sessionId: SESSION },
  )
  if (said.outcome !== 'completed') throw new Error(`the session to be recorded ${said.outcome}: ${said.reason ?? ''}`)
  return steps
}

function tokenOf(answer: Buffer): string {
  const at = answer.indexOf('?sid=') + 5
  return answer.toString('latin1', at, at + TOKEN.length)
}

/** A request that is sent again and again: what changes has its places. */
interface Request {
  readonly bytes: Buffer
  readonly sessions: readonly number[]
  readonly tokens: readonly number[]
  readonly answer: number
}

function requestOf({ path, body, answer }: Step, url: URL, device: number): Request {
  const own = body.replaceAll(deviceName(0), deviceName(device)).replaceAll(ORIGIN, url.origin)
  const bytes = Buffer.from(postHead(path, TYPE, Buffer.byteLength(own)) + own)
  const places = (text: string): number[] => {
    const found: number[] = []
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found.push(at + text.length)
    return found
  }
  return { bytes, sessions: places('<SessionID>'), tokens: places('?sid='), answer }
}

/**
 * A device that holds these sessions one after the other. `between` is awaited before each (an order is queued); with `exact` every answer must be
 * as long as the recorded one, so that a session that takes another course is found out.
 */
export function player(steps: readonly Step[], url: URL, device: number, exact: boolean, between?: () => Promise<void>): Player {
  const requests = steps.map((step) => requestOf(step, url, device))
  const last = requests.length - 1
  let at = last
  let sessions = Math.floor(Math.random() * 65536)
  let sessionId = SESSION
  let token = TOKEN
  const ready = (): Buffer => {
    const request = requests[at] as Request
    for (const place of request.sessions) request.bytes.write(sessionId, place, 'latin1')
    for (const place of request.tokens) request.bytes.write(token, place, 'latin1')
    return request.bytes
  }
  return {
    get idle() {
      return at === last
    },
    next: () => {
      at = at === last ? 0 : at + 1
      if (at > 0) return ready()
      sessionId = (sessions++ % 65536).toString(16).toUpperCase().padStart(4, '0')
      return between === undefined ? ready() : between().then(ready)
    },
    heard: (bytes, from, length) => {
      if (at === 0 && last > 0 && exact) token = tokenOf(bytes.subarray(from, from + length))
      const { answer } = requests[at] as Request
      return !exact || answer === 0 || length === answer
    },
  }
}
