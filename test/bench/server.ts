// Server messages per second with everything recorded, against a bare node:http echo of the same bytes and against itself with recording off.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from './load.ts'
import { alternate } from './rows.ts'
import type { Row } from './rows.ts'

const CONNECTIONS = 50
const MS = 2000
const ROUNDS = 5

/** A Package #1 of about 2 KB with Basic credentials, SessionID FFFF. */
function packageOne(device: number): Buffer {
  const leaf = (uri: string, data: string): string => `<Item><Source><LocURI>${uri}</LocURI></Source><Data>${data}</Data></Item>`
  const extras = Array.from({ length: 9 }, (_, i) => leaf(`./DevInfo/Ext/Vendor/Item${i}`, 'x'.repeat(24))).join('')
  const cred = Buffer.from('lab:lab').toString('base64')
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>` +
      `<SessionID>FFFF</SessionID><MsgID>1</MsgID><Target><LocURI>http://127.0.0.1/dm</LocURI></Target>` +
      `<Source><LocURI>IMEI:${String(490154203000000 + device)}</LocURI><LocName>lab</LocName></Source><Cred><Meta><Format xmlns="syncml:metinf">b64</Format>` +
      `<Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta><Data>${cred}</Data></Cred><Meta><MaxMsgSize xmlns="syncml:metinf">16384</MaxMsgSize></Meta></SyncHdr>` +
      `<SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID>${leaf('./DevInfo/DevId', `IMEI:${490154203000000 + device}`)}` +
      `${leaf('./DevInfo/Man', 'Acme')}${leaf('./DevInfo/Mod', 'M1')}${leaf('./DevInfo/DmV', '1.2')}${leaf('./DevInfo/Lang', 'en-US')}${extras}</Replace><Final/></SyncBody></SyncML>`,
  )
}

/** Starts a server in a process of its own and tells its URL. */
async function start(kind: 'lab' | 'lab-silent' | 'echo', workspace: string): Promise<{ url: URL; child: ChildProcess }> {
  const child = fork(join(import.meta.dirname, 'serve.ts'), [kind, workspace], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)))
    child.once('exit', (code) => reject(new Error(`the ${kind} server ended with code ${code}`)))
  })
  return { url: new URL(url), child }
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.send('stop')
  await gone
}

/** Rows `server.messages…`. */
export async function server(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-bench-'))
  const bodies = Array.from({ length: CONNECTIONS }, (_, device) => packageOne(device))
  const at = bodies[0]?.indexOf('FFFF') ?? 0
  // Every message is a session of its own: the same bytes again would be a resend, answered from memory.
  let count = 0
  const body = (): Uint8Array => {
    const bytes = Buffer.from(bodies[count % CONNECTIONS] as Buffer)
    bytes.write((Math.floor(count++ / CONNECTIONS) % 65536).toString(16).toUpperCase().padStart(4, '0'), at, 'latin1')
    return bytes
  }
  const servers = await Promise.all([start('lab', join(folder, 'a')), start('lab-silent', join(folder, 'b')), start('echo', '')])
  const run = (index: number) => async () => {
    const url = servers[index]?.url as URL
    const { answers, errors, seconds } = await load(url, 'application/vnd.syncml.dm+xml', CONNECTIONS, MS, body)
    if (errors > 0) throw new Error(`${errors} errors from ${url.href}`)
    return answers / seconds
  }
  await run(0)()
  await run(1)()
  const [recorded = 0, silent = 0, echo = 0] = await alternate(ROUNDS, [run(0), run(1), run(2)])
  for (const { child } of servers) await stop(child)
  rmSync(folder, { recursive: true, force: true })
  const size = bodies[0]?.length ?? 0
  const note = `Package #1 of ${size} bytes XML, ${CONNECTIONS} connections, median of ${ROUNDS} runs of ${MS / 1000} s`
  return [
    {
      name: 'server.messages',
      ours: recorded,
      theirs: echo,
      unit: 'messages/s',
      ratio: recorded / echo,
      note: `${note}; theirs: bare node:http echo of the same bytes`,
    },
    {
      name: 'server.messages.recording',
      ours: recorded,
      theirs: silent,
      unit: 'messages/s',
      ratio: recorded / silent,
      note: `${note}; theirs: our own server with recording off`,
    },
  ]
}
