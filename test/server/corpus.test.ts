// Recorded first packages of real clients, posted to a DM Server: each gets a correct Package #2, and whole recorded sessions never upset it.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Frame } from '../../core/machine.ts'
import { DmServer } from '../../core/server/server.ts'
import { decode } from '../../core/syncml/codec.ts'
import type { Encoding, Status } from '../../core/syncml/message.ts'
import { utf8Bytes } from '../../core/syncml/text.ts'
import { ACCOUNT, fixedEnv, MemoryLedger } from '../session/support.ts'
import { shared } from '../support/shared.ts'

const root = shared('corpus/captured-sessions')

function filesOf(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => (statSync(join(folder, name)).isDirectory() ? filesOf(join(folder, name)) : [join(folder, name)]))
}

const clients = root === null ? [] : filesOf(root).filter((file) => /\/\d\d-client\.(xml|wbxml)$/.test(file))
const firsts = clients.filter((file) => basename(file).startsWith('01-'))

/** A recorded body as the frame it came in. */
function frameOf(file: string): Frame {
  const encoding: Encoding = file.endsWith('.wbxml') ? 'wbxml' : 'xml'
  const fields = readFileSync(join(dirname(file), `${basename(file).slice(0, 9)}.http-headers.txt`), 'latin1')
    .split(/\r?\n/)
    .slice(1)
  const headers = fields.flatMap((line): [string, string][] =>
    line.includes(': ') ? [[line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]] : [],
  )
  const contentType = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  return { bytes: new Uint8Array(readFileSync(file)), encoding, contentType, headers, uri: '/dm' }
}

/** A server that knows what the recordings used: user alice of the AOSP client with nonce 123; everybody else enrols as he shows himself. */
function serverFor(device: string, ledger: MemoryLedger): DmServer {
  ledger.accounts.push({ ...ACCOUNT, device: 'IMEI:350000000000001', userName: 'alice', password: 'secret' })
  ledger.save({ kind: 'nonces', nonces: { device, serverId: 'dm-lab', client: utf8Bytes('123'), server: null, reading: null } })
  return new DmServer({ serverUri: 'http://127.0.0.1:8080/dm', ledger, env: fixedEnv(), settings: { enrol: 'auto' } })
}

describe.skipIf(root === null)('recorded clients (shared material: corpus/captured-sessions)', () => {
  test('there are recordings', () => expect(firsts.length).toBeGreaterThan(20))

  test.each(firsts.map((file) => [file.slice((root ?? '').length + 1)]))('dm 4, 15: %s gets a correct Package #2', (file) => {
    const frame = frameOf(join(root ?? '', file))
    const { message } = decode(frame.bytes, frame.encoding)
    const ledger = new MemoryLedger()
    const effects = serverFor(message.header.source.locUri, ledger).input({ type: 'frame', link: { link: 1 }, frame })
    const sent = effects.filter((effect) => effect.type === 'send')
    expect(sent).toHaveLength(1)
    const reply = sent[0]?.type === 'send' ? sent[0].frame : frame
    expect(reply.encoding).toBe(frame.encoding)
    const answer = decode(reply.bytes, reply.encoding)
    const { header, commands, final } = answer.message
    expect(answer.findings.filter((one) => one.severity !== 'chat')).toEqual([])
    expect([header.sessionId, header.msgId, header.target.locUri, final]).toEqual([message.header.sessionId, '1', message.header.source.locUri, true])
    expect(header.target.locUri).not.toBe('')
    const statuses = commands.filter((command): command is Status => command.kind === 'Status')
    const asked = message.commands.filter((command) => command.kind !== 'Status' && command.kind !== 'Results')
    expect(statuses.map(({ cmdRef, cmd }) => [cmdRef, cmd])).toEqual([['0', 'SyncHdr'], ...asked.map((command) => [command.cmdId, command.kind])])
    expect(statuses.every(({ msgRef }) => msgRef === message.header.msgId)).toBe(true)
    expect(new Set(commands.map(({ cmdId }) => cmdId)).size).toBe(commands.length)
    expect(reply.bytes.length).toBeLessThanOrEqual(message.header.meta?.maxMsgSize ?? Infinity)
    const shown = message.header.cred !== undefined || frame.headers.some(([name]) => name.toLowerCase() === 'x-syncml-hmac')
    const mac = frame.headers.some(([name]) => name.toLowerCase() === 'x-syncml-hmac')
    if (message.header.cred?.meta?.type === 'syncml:auth-md5' && message.header.source.locUri === 'DMCtest') {
      // A digest over a nonce nobody here issued, of a device not enrolled: challenged for Basic, nothing else done.
      expect(statuses.every(({ code }) => code === 401)).toBe(true)
      expect(statuses[0]?.chal?.meta.type).toBe('syncml:auth-basic')
      return
    }
    expect(statuses[0]?.code, JSON.stringify(effects.filter((effect) => effect.type === 'note'))).toBe(shown && !mac ? 212 : 200)
    expect(statuses.slice(1).every(({ code }) => code === 200)).toBe(true)
    expect(ledger.device(message.header.source.locUri)?.devInfo).not.toEqual({})
  })

  test('every recorded message in its order, to one server: each gets one answer, nothing throws', () => {
    for (const folder of new Set(clients.map(dirname))) {
      const ledger = new MemoryLedger()
      const server = serverFor('IMEI:350000000000001', ledger)
      clients
        .filter((file) => dirname(file) === folder)
        .forEach((file, i) => {
          const effects = server.input({ type: 'frame', link: { link: i }, frame: frameOf(file) })
          for (const effect of effects) if (effect.type === 'save') ledger.save(effect.record)
          expect(effects.filter((effect) => effect.type === 'send' || effect.type === 'close')).toHaveLength(1)
        })
    }
  })
})
