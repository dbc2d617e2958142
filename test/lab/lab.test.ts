// One real session and everything that can go wrong around it: a real lab, real sockets, real workspace.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Held } from '../../core/api.ts'
import { decode } from '../../core/syncml/codec.ts'
import { hasSqlite } from '../support/needs.ts'
import { PATIENCE } from '../support/patience.ts'
import { deviceOf, packageOne, postBody, realLab, session } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

describe.skipIf(!hasSqlite)('a lab (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  let lab: RealLab
  beforeEach(async () => {
    lab = await realLab()
  })
  afterEach(async () => lab.end())

  const held = async (): Promise<Held> => {
    for (const end = performance.now() + PATIENCE; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 5))) {
      const first = (await lab.api.stepper.held())[0]
      if (first !== undefined) return first
    }
    throw new Error('nothing was held')
  }
  const message = async (seq: number) => {
    const { bytes, row } = await lab.api.trace.frame(seq)
    return decode(bytes, row.encoding === 'wbxml' ? 'wbxml' : 'xml').message
  }

  for (const encoding of ['xml', 'wbxml'] as const)
    for (const auth of ['syncml:auth-basic', 'syncml:auth-md5'] as const)
      it(`a session in ${encoding} with ${auth} is held, recorded and told as one session`, async () => {
        const end = await session(deviceOf(lab, { encoding, auth }))
        expect(end).toMatchObject({ outcome: 'completed', authentication: 'ok', reason: null })
        const rows = await lab.until((all) => all.length === end.messages)
        expect(rows.map((row) => row.direction)).toEqual(rows.map((_, i) => (i % 2 === 0 ? 'up' : 'down')))
        const packages = rows.map((row) => row.package)
        expect(packages.slice(-4)).toEqual(['#1', '#2', '#3', '#4'])
        expect(new Set(rows.map((row) => row.session)).size).toBe(1)
        expect(rows.every((row) => row.encoding === encoding)).toBe(true)
        const [only] = await lab.api.trace.sessions()
        expect(only).toMatchObject({ state: 'completed', messages: rows.length, device: 'IMEI:004999010640000', sessionId: end.sessionId })
        const answer = await lab.api.trace.frame(2)
        expect(answer.cause).toBe(1)
        expect(answer.startLine).toBe('HTTP/1.1 200 OK')
        expect((await lab.api.devices.list())[0]).toMatchObject({
          id: 'IMEI:004999010640000',
          manufacturer: 'DM Lab',
          sessions: 1,
          state: 'enrolled',
        })
      })

  it('wrong credentials: 407, 401, the end; a device that enrolled keeps its password', async () => {
    expect(await session(deviceOf(lab))).toMatchObject({ outcome: 'completed' })
    const end = await session(deviceOf(lab, { password: 'wrong' }))
    expect(end).toMatchObject({ outcome: 'failed', authentication: 'refused' })
    const rows = (await lab.rows()).filter((row) => row.sessionId === end.sessionId && row.direction === 'down')
    expect(rows.map((row) => row.statuses[0])).toEqual(['401', '401'])
    expect((await lab.api.trace.sessions())[0]).toMatchObject({ state: 'failed' })
  })

  it('queued commands reach the device, and their outcome comes back', async () => {
    const device = deviceOf(lab)
    await session(device)
    await lab.api.devices.queue('IMEI:004999010640000', [
      { kind: 'Add', locUri: './Vendor/DMLab/Scratch/a', format: 'chr', data: 'one' },
      { kind: 'Replace', locUri: './Vendor/DMLab/Scratch/a', data: 'two' },
      { kind: 'Get', locUri: './Vendor/DMLab/Scratch/a' },
      { kind: 'Delete', locUri: './Vendor/DMLab/Scratch/a' },
      { kind: 'Get', locUri: './Vendor/DMLab/Scratch/a' },
    ])
    await session(device)
    const rows = await lab.rows()
    const answer = rows.findLast((row) => row.package === '#3')
    expect(answer?.statuses).toEqual(['200', '200', '200', '200', '200', '404'])
    const results = (await message(answer?.seq ?? 0)).commands.find((command) => command.kind === 'Results')
    expect(results?.items[0]?.data).toBe('two')
  })

  describe('bad input is a row of its own and touches no other session', () => {
    it('wrong content type 415, oversize 413, malformed body 400, and the session beside goes on', async () => {
      await lab.api.stepper.mode({ mode: 'all' })
      const running = session(deviceOf(lab))
      const waiting = await held()
      const wrong = await postBody(lab.ready.dm, 'hello', 'text/plain')
      expect(wrong.status).toBe(415)
      expect(wrong.text.trim().split('\n')).toHaveLength(1)
      expect((await postBody(lab.ready.dm, new Uint8Array(9 * 1024 * 1024))).status).toBe(413)
      await lab.api.stepper.mode({ mode: 'off' })
      const broken = await postBody(lab.ready.dm, '<SyncML><SyncHdr>')
      expect(broken.status).toBe(400)
      expect(broken.text).toMatch(/byte 17/)
      expect((await postBody(lab.ready.dm, Uint8Array.of(3, 0xa4, 1, 0x6a, 0, 0x6d), 'application/vnd.syncml.dm+wbxml')).status).toBe(400)
      await lab.api.stepper.decide(waiting.id, { act: 'continue' })
      expect(await running).toMatchObject({ outcome: 'completed' })
      const rows = await lab.until((all) => all.filter((row) => row.kind === 'http' && row.httpStatus === 400).length === 2)
      expect(
        rows
          .filter((row) => row.kind === 'http')
          .map((row) => row.httpStatus)
          .sort(),
      ).toEqual([400, 400, 413, 415])
      const unreadable = rows.find((row) => row.kind === 'message' && row.text !== '')
      expect(unreadable).toMatchObject({ severity: 'error', text: expect.stringMatching(/^cannot be read at byte 17/) as string })
      expect((await lab.api.trace.frame(unreadable?.seq ?? 0)).bytes).toEqual(new TextEncoder().encode('<SyncML><SyncHdr>'))
    })

    it('two sessions of one device run beside each other', async () => {
      const [a, b] = [packageOne({ session: 'A' }), packageOne({ session: 'B' })]
      const answers = await Promise.all([postBody(lab.ready.dm, a), postBody(lab.ready.dm, b)])
      expect(answers.map((answer) => answer.status)).toEqual([200, 200])
      const sessions = await lab.api.trace.sessions()
      expect(sessions.map((row) => [row.sessionId, row.messages]).sort()).toEqual([
        ['A', 2],
        ['B', 2],
      ])
    })

    it('a SessionID used again begins a session of its own; the same bytes again are answered from memory', async () => {
      const first = await postBody(lab.ready.dm, packageOne())
      const again = await postBody(lab.ready.dm, packageOne())
      expect(again.text).toBe(first.text)
      expect(await lab.api.trace.sessions()).toHaveLength(1)
      const other = await postBody(lab.ready.dm, packageOne({ extra: '<Alert><CmdID>3</CmdID><Data>1224</Data></Alert>' }))
      expect(other.status).toBe(200)
      expect((await lab.api.trace.sessions()).map((row) => row.sessionId)).toEqual(['1', '1'])
    })

    it('SessionID 0 is a session like any other', async () => {
      expect((await postBody(lab.ready.dm, packageOne({ session: '0' }))).status).toBe(200)
      expect((await lab.api.trace.sessions())[0]).toMatchObject({ sessionId: '0', messages: 2 })
    })

    it('a device that vanishes while its message is held leaves a draft, and its next session is untouched', async () => {
      await lab.api.stepper.mode({ mode: 'all' })
      const abort = new AbortController()
      const gone = fetch(lab.ready.dm, {
        method: 'POST',
        headers: { 'Content-Type': 'application/vnd.syncml.dm+xml' },
        body: packageOne(),
        signal: abort.signal,
      }).catch(() => 'gone')
      const card = await held()
      abort.abort()
      expect(await gone).toBe('gone')
      await lab.until((all) => all.some((row) => row.hold === 'peer gone'))
      expect((await lab.api.stepper.held())[0]).toMatchObject({ id: card.id, peerWaits: false })
      await expect(lab.api.stepper.decide(card.id, { act: 'continue' })).rejects.toThrow('gone')
      await lab.api.stepper.mode({ mode: 'off' })
      expect(await session(deviceOf(lab))).toMatchObject({ outcome: 'completed' })
      await lab.api.stepper.decide(card.id, { act: 'drop' })
      expect(await lab.api.stepper.held()).toEqual([])
    })
  })

  describe('holding', () => {
    it('steps through a session message by message', async () => {
      await lab.api.stepper.mode({ mode: 'all' })
      const running = session(deviceOf(lab))
      await lab.api.stepper.decide((await held()).id, { act: 'step' })
      await lab.api.stepper.mode({ mode: 'off' })
      await lab.api.stepper.mode({ mode: 'all' })
      const seen: string[] = []
      for (let i = 0; i < 3; i += 1) {
        const card = await held()
        seen.push(card.direction)
        await lab.api.stepper.decide(card.id, { act: 'continue' })
      }
      expect(await running).toMatchObject({ outcome: 'completed', messages: 4 })
      expect(seen).toEqual(['down', 'up', 'down'])
      const rows = await lab.rows()
      expect(rows.map((row) => row.hold)).toEqual(['released', 'released', 'released', 'released'])
    })

    it('an edited request is what the server answers; what had arrived stays readable', async () => {
      await lab.api.stepper.mode({ mode: 'all' })
      const posted = postBody(lab.ready.dm, packageOne({ device: 'IMEI:1' }))
      const card = await held()
      await lab.api.stepper.mode({ mode: 'off' })
      await lab.api.stepper.decide(card.id, {
        act: 'edit',
        bytes: new TextEncoder().encode(
          packageOne({ device: 'IMEI:1', msgId: '1', extra: '<Get><CmdID>9</CmdID><Item><Target><LocURI>./x</LocURI></Target></Item></Get>' }),
        ),
      })
      expect((await posted).text).toContain('<CmdRef>9</CmdRef>')
      const frame = await lab.api.trace.frame(card.seq)
      expect(frame.row.hold).toBe('edited')
      expect(new TextDecoder().decode(frame.original ?? undefined)).toBe(packageOne({ device: 'IMEI:1' }))
      expect(new TextDecoder().decode(frame.bytes)).toContain('./x')
    })

    it('an edited answer is known to the server: statuses for its new CmdIDs are paired', async () => {
      await lab.api.stepper.mode({ mode: 'all' })
      const running = session(deviceOf(lab))
      await lab.api.stepper.decide((await held()).id, { act: 'continue' })
      const card = await held()
      const text = new TextDecoder().decode((await lab.api.trace.frame(card.seq)).bytes)
      await lab.api.stepper.mode({ mode: 'off' })
      await lab.api.stepper.decide(card.id, {
        act: 'edit',
        bytes: new TextEncoder().encode(text.replace(/<CmdID>4<\/CmdID><Item>/, '<CmdID>44</CmdID><Item>')),
      })
      expect(await running).toMatchObject({ outcome: 'completed' })
      const rows = await lab.rows()
      const third = rows.find((row) => row.package === '#3')
      const { notes } = await lab.api.trace.frame(third?.seq ?? 0)
      expect(notes.filter((note) => note.finding?.severity === 'error').map((note) => note.text)).toEqual([])
      expect((await message(third?.seq ?? 0)).commands.some((command) => command.kind === 'Status' && command.cmdRef === '44')).toBe(true)
    })

    it('a dropped request gets 503 and never reaches the server', async () => {
      await lab.api.stepper.mode({ mode: 'all' })
      const posted = postBody(lab.ready.dm, packageOne())
      await lab.api.stepper.decide((await held()).id, { act: 'drop' })
      expect((await posted).status).toBe(503)
      const rows = await lab.until((all) => all.length === 2)
      expect(rows.map((row) => [row.kind, row.hold, row.httpStatus])).toEqual([
        ['message', 'dropped', 0],
        ['http', 'no', 503],
      ])
      expect(await lab.api.devices.list()).toEqual([])
    })

    it('what is held survives the lab: it comes back as a draft with its bytes', async () => {
      await lab.api.stepper.mode({ mode: 'all' })
      const posted = postBody(lab.ready.dm, packageOne()).catch(() => 'gone')
      const card = await held()
      await lab.stop()
      await posted
      lab = await realLab({ workspace: lab.workspace })
      expect(await lab.api.stepper.held()).toEqual([{ ...card, peerWaits: false }])
      expect(new TextDecoder().decode((await lab.api.trace.frame(card.seq)).bytes)).toBe(packageOne())
      await lab.api.stepper.decide(card.id, { act: 'drop' })
      expect((await lab.api.trace.frame(card.seq)).row.hold).toBe('dropped')
    })
  })

  it('a session that was open when the lab stopped is told as failed when it opens again', async () => {
    const device = deviceOf(lab)
    await lab.api.stepper.mode({ mode: 'all' })
    const running = session(device)
    await lab.api.stepper.decide((await held()).id, { act: 'step' })
    await held()
    await lab.stop()
    expect(await running).toMatchObject({ outcome: 'failed' })
    lab = await realLab({ workspace: lab.workspace })
    expect((await lab.api.trace.sessions())[0]).toMatchObject({ state: expect.stringMatching(/failed|aborted/) as string })
  })

  it('a second lab on the same workspace is refused with the pid of the first', async () => {
    await expect(realLab({ workspace: lab.workspace })).rejects.toThrow(String(process.pid))
  })

  it('simulated devices of the lab run against its own port', async () => {
    const { id } = await lab.api.devices.simulate({ encoding: 'wbxml', auth: 'md5' })
    const rows = await lab.until((all) => all.some((row) => row.package === '#4'))
    expect(new Set(rows.map((row) => row.device))).toEqual(new Set([id]))
    expect((await lab.api.devices.list())[0]).toMatchObject({ id, simulated: true })
  })
})
