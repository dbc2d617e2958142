// DM servers of others over real sockets: what they write into HTTP around a SyncML message does not matter to a device, and their cookies come back.
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { poster } from '../../core/node/client.ts'
import { Cookies } from '../../core/lab/cookies.ts'
import { runClient } from '../../core/lab/runner.ts'
import { DmClient } from '../../core/device/device.ts'
import { CLIENT_ACCOUNT, DEVICE, FlatDevice, fixedEnv } from '../session/support.ts'

let ends: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(ends.map((end) => end()))
  ends = []
})

/** A server that asks for the firmware version, closes the session with its second answer, and dresses each answer as told. */
async function foreign(dress: (n: number) => { readonly status?: number; readonly fields: Readonly<Record<string, string | string[]>> }) {
  const seen: { readonly cookie: string | undefined; readonly body: string }[] = []
  const answer = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    seen.push({ cookie: request.headers.cookie, body })
    const n = seen.length
    const id = /<SessionID>(.*?)</.exec(body)?.[1] ?? ''
    const header = `<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>${id}</SessionID><MsgID>${n}</MsgID><Target><LocURI>${DEVICE}</LocURI></Target><Source><LocURI>x</LocURI></Source>`
    const status = `<Status><CmdID>1</CmdID><MsgRef>${n}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>212</Data></Status>`
    const get = '<Get><CmdID>2</CmdID><Item><Target><LocURI>./DevDetail/FwV</LocURI></Target></Item></Get>'
    const { status: code = 200, fields } = dress(n)
    response.writeHead(code, fields)
    response.end(`<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr>${header}</SyncHdr><SyncBody>${status}${n === 1 ? get : ''}<Final/></SyncBody></SyncML>`)
  }
  const server: Server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    request.on('end', () => answer(request, response, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const out = poster()
  ends.push(
    () => void server.closeAllConnections(),
    () => new Promise((resolve) => server.close(resolve)),
    () => out.close(),
  )
  const serverUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dm`
  const machine = new DmClient({
    serverUri,
    deviceId: DEVICE,
    account: { ...CLIENT_ACCOUNT, serverPassword: '' },
    wire: { encoding: 'xml' },
    performer: new FlatDevice(),
    env: fixedEnv(),
  })
  const clock = {
    now: () => Date.now(),
    mono: () => performance.now(),
    soon: (call: () => void) => setImmediate(call),
    after: (ms: number, call: () => void) => {
      const timer = setTimeout(call, ms)
      return () => clearTimeout(timer)
    },
  }
  const rules: string[] = []
  const outcome = await runClient(
    {
      machine,
      post: (frame) => out.post(frame),
      clock,
      note: ({ finding }) => void (finding === undefined ? 0 : rules.push(finding.rule)),
    },
    { type: 'start', initiated: 'client' },
  )
  return { outcome, seen, rules }
}

test.each([
  ['text/xml; charset=utf-8', 200],
  ['application/soap+xml', 200],
  ['application/octet-stream', 200],
  ['', 200],
  ['application/vnd.syncml.dm+xml', 201],
])('an answer of type "%s" with HTTP %i is read for what it is', async (type, status) => {
  const { outcome, seen, rules } = await foreign(() => ({ status, fields: type === '' ? {} : { 'Content-Type': type } }))
  expect(outcome).toMatchObject({ outcome: 'completed', messages: 4 })
  expect(seen[1]?.body).toContain('<Data>1.0.7</Data>')
  expect(rules.includes('http.type')).toBe(status === 200)
})

test('cookies of a server come back to it in the same session, and to it alone', async () => {
  const fields = { 'Content-Type': 'application/vnd.syncml.dm+xml', 'Set-Cookie': ['JSESSIONID=a1.node2; Path=/; HttpOnly', 'lb=7'] }
  const { outcome, seen } = await foreign(() => ({ fields }))
  expect(outcome.outcome).toBe('completed')
  expect(seen.map(({ cookie }) => cookie)).toEqual([undefined, 'JSESSIONID=a1.node2; lb=7'])
  const jar = new Cookies()
  jar.take('http://h:80/dm', [
    ['set-cookie', 'a=1; Max-Age=60'],
    ['Set-Cookie', 'b=2'],
    ['Set-Cookie', 'bad name=1'],
    ['Set-Cookie', 'c=\u0001'],
  ])
  const frame = { bytes: new Uint8Array(), encoding: 'xml' as const, contentType: '', headers: [], uri: 'http://H:80/other?x' }
  expect(jar.dress(frame).headers).toEqual([['Cookie', 'a=1; b=2']])
  expect(jar.dress({ ...frame, uri: 'https://h:80/dm' })).toMatchObject({ headers: [] })
  expect(jar.dress({ ...frame, headers: [['cookie', 'own=1']] }).headers).toEqual([['cookie', 'own=1']])
  jar.take('http://h:80/', [['Set-Cookie', 'a=; max-age=0']])
  expect(jar.dress(frame).headers).toEqual([['Cookie', 'b=2']])
})
