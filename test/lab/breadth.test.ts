// Authentication in all its forms and large objects both ways, over real sockets; no secret in anything that is told.
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { makeClient } from '../../core/device/client.ts'
import type { Client, ClientSetup } from '../../core/device/client.ts'
import { DEVICE_PROFILES } from '../../core/device/profiles.ts'
import { runDevice } from '../../core/lab/runner.ts'
import type { Post, SessionOutcome } from '../../core/lab/runner.ts'
import type { Headers } from '../../core/machine.ts'
import { poster } from '../../core/node/client.ts'
import { processClock } from '../../core/node/clock.ts'
import type { LabOptions } from '../../core/node/main.ts'
import { decode } from '../../core/syncml/codec.ts'
import { hasSqlite } from '../support/needs.ts'
import { deviceOf, packageOne, realLab, session } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const DEVICE = 'IMEI:004999010640000'
const env = { now: () => Date.now(), random: (count: number) => new Uint8Array(randomBytes(count)) }
const WORDS = { user: 'lab-user-7', password: 'Sesam-0ffne-Dich', serverPassword: 'lab' }
const insisting = { ...DEVICE_PROFILES.full, settings: { requireServerAuth: true } }

describe.skipIf(!hasSqlite)('breadth (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 60_000 }, () => {
  let lab: RealLab
  afterEach(async () => lab.end())
  const start = async (options: Partial<LabOptions> = {}): Promise<void> => {
    lab = await realLab(options)
  }

  /** One device over its state; `change` may rewrite the header fields of what it posts. */
  async function hold(setup: Partial<ClientSetup>, state?: unknown, change: (headers: Headers) => Headers = (headers) => headers) {
    const client: Client = makeClient(
      { id: DEVICE, serverUri: lab.ready.dm, serverId: 'dm-lab', auth: 'syncml:auth-basic', encoding: 'xml', ...WORDS, ...setup },
      env,
      state,
    )
    const out = poster({ timeoutMs: 20_000 })
    const post: Post = (frame) => out.post({ ...frame, headers: change(frame.headers) })
    const ends = await runDevice(() => ({ machine: client.machine, post, clock: processClock(), save: (record) => client.remember(record) }), {
      type: 'start',
      initiated: 'client',
    })
    out.close()
    return { end: ends[0] as SessionOutcome, state: client.state(), client }
  }

  /** Order of fields in x-syncml-hmac, case and quotes as clients vary them. */
  const shuffled = (headers: Headers): Headers =>
    headers.map(([name, value]) => {
      const fields = /algorithm=MD5, username="([^"]*)", mac=(.*)$/.exec(value)
      return fields === null ? [name, value] : ['X-SyncML-HMAC', `mac=${fields[2] ?? ''} ,username=${fields[1] ?? ''},algorithm = MD5`]
    })

  it('dm 54, 55, 56: auth-MAC both ways, with the header in any order and case; a changed body fails', async () => {
    await start({ server: { auth: 'syncml:auth-MAC' } })
    const enrolled = await hold({})
    expect(enrolled.end).toMatchObject({ outcome: 'completed', authentication: 'ok' })
    let { state } = enrolled
    for (const change of [undefined, shuffled, undefined]) {
      await lab.api.devices.queue(DEVICE, [{ kind: 'Get', locUri: './DevDetail/FwV' }])
      const next = await hold({ auth: 'syncml:auth-MAC', profile: insisting }, state, change)
      expect(next.end).toMatchObject({ outcome: 'completed', authentication: 'ok' })
      state = next.state
    }
    const rows = (await lab.rows()).filter((row) => row.direction === 'down')
    const headers = await Promise.all(rows.slice(-2).map(async (row) => (await lab.api.trace.frame(row.seq)).headers))
    for (const each of headers) expect(each.filter(([name]) => name.toLowerCase() === 'x-syncml-hmac')).toHaveLength(1)
    const broken = await hold({ auth: 'syncml:auth-MAC' }, state, (fields) =>
      fields.map(([name, value]) => [name, value.replace(/mac=.{4}/, 'mac=AAAA')]),
    )
    expect(broken.end).toMatchObject({ outcome: 'failed', authentication: 'refused' })
  })

  it('dm 52: nonces that went astray on either side are found again by one challenge', async () => {
    await start({ server: { auth: 'syncml:auth-md5' } })
    await hold({})
    const kept = await hold({ auth: 'syncml:auth-md5' })
    expect(kept.end).toMatchObject({ outcome: 'completed', authentication: 'ok' })
    const lost = await hold({ auth: 'syncml:auth-md5', profile: insisting })
    expect(lost.end).toMatchObject({ outcome: 'completed', authentication: 'ok' })
    // The device comes back with nonces from before the last session.
    const stale = await hold({ auth: 'syncml:auth-md5', profile: insisting }, kept.state)
    expect(stale.end).toMatchObject({ outcome: 'completed', authentication: 'ok' })
  })

  it('no secret in notes, findings, texts or rows; the refusals say why all the same', async () => {
    await start({ server: { auth: 'syncml:auth-md5' } })
    await hold({})
    const { state } = await hold({ auth: 'syncml:auth-md5', profile: insisting })
    await hold({ auth: 'syncml:auth-md5', password: `${WORDS.password}x` }, state)
    await hold({ auth: 'syncml:auth-MAC', password: `${WORDS.password}x` }, state)
    const rows = await lab.rows()
    const told: string[] = [
      JSON.stringify(rows),
      JSON.stringify(await lab.api.trace.sessions()),
      JSON.stringify(await lab.api.lab.state()),
      JSON.stringify(lab.ready),
    ]
    for (const row of rows) {
      const { notes, findings } = await lab.api.trace.frame(row.seq)
      told.push(JSON.stringify([notes, findings]))
    }
    const all = told.join('\n')
    const digest = createHash('md5').update(`${WORDS.user}:${WORDS.password}`).digest('base64')
    expect(all).toMatch(/wrong password|stale nonce/)
    for (const secret of [WORDS.password, btoa(`${WORDS.user}:${WORDS.password}`), digest]) expect(all).not.toContain(secret)
  })

  it('dm 61: a chunked request body is read; the answer has its length and is never empty', async () => {
    await start()
    const body = new TextEncoder().encode(packageOne())
    const parts = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 100) controller.enqueue(body.slice(at, at + 100))
        controller.close()
      },
    })
    const answer = await fetch(lab.ready.dm, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.syncml.dm+xml' },
      body: parts,
      duplex: 'half',
    } as RequestInit)
    const text = await answer.text()
    expect([answer.status, answer.headers.get('content-length'), text.includes('<Final/>')]).toEqual([200, String(text.length), true])
  })

  for (const encoding of ['xml', 'wbxml'] as const)
    it(`dm 21, 25, 45: 2 MiB through messages of 16 KiB, to the device and back, in ${encoding}`, async () => {
      await start({ server: { maxMsgSize: 16384 } })
      const octets = randomBytes(2 << 20)
      const sum = createHash('sha256').update(octets).digest('hex')
      const device = deviceOf(lab, { encoding, profile: { ...DEVICE_PROFILES.full, settings: { maxObjSize: 4 << 20 } } })
      await session(device)
      const uri = './Vendor/DMLab/Scratch/big'
      await lab.api.devices.queue(DEVICE, [
        { kind: 'Add', locUri: uri, format: 'b64', type: 'application/octet-stream', data: octets.toString('base64') },
        { kind: 'Get', locUri: `${uri}?prop=Size` },
        { kind: 'Get', locUri: uri },
      ])
      expect(await session(device)).toMatchObject({ outcome: 'completed' })
      const value = device.device.tree.find(['Vendor', 'DMLab', 'Scratch', 'big'])?.value
      const held = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value), 'base64')
      expect(createHash('sha256').update(held).digest('hex')).toBe(sum)
      const rows = await lab.rows()
      for (const row of rows) expect(row.size).toBeLessThanOrEqual(16384)
      let back = ''
      for (const row of rows.filter((each) => each.direction === 'up' && each.commands.some((name) => name.startsWith('Results')))) {
        const { bytes } = await lab.api.trace.frame(row.seq)
        for (const command of decode(bytes, encoding).message.commands) {
          const item = command.kind === 'Results' ? command.items[0] : undefined
          if (item?.source?.locUri !== uri) continue
          back += typeof item.data === 'string' ? item.data : item.data instanceof Uint8Array ? Buffer.from(item.data).toString('latin1') : ''
        }
      }
      const returned = [Buffer.from(back, 'base64'), Buffer.from(back, 'latin1')].map((each) => createHash('sha256').update(each).digest('hex'))
      expect(returned).toContain(sum)
      expect(rows.some((row) => row.statuses.includes('213'))).toBe(true)
    })
})
