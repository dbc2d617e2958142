// What every LabApi keeps, however it is reached: the same stories for a lab in this process, over bytes and over a socket, and for any lab.
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FrameDetail, Held, LabApi, LabEventName, LabEvents, TraceRow } from '../../core/api.ts'
import { readPage } from '../../core/page.ts'
import { allFound } from '../support/found.ts'
import { PATIENCE } from '../support/patience.ts'

/** A lab to test, fresh and empty, and what ends it. */
export interface Subject {
  readonly api: LabApi
  end(): Promise<void> | void
}

const MESSAGE =
  '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>7</SessionID><MsgID>1</MsgID>' +
  '<Target><LocURI>http://lab.example/dm</LocURI></Target><Source><LocURI>IMEI:493005100592800</LocURI></Source></SyncHdr>' +
  '<SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/></SyncBody></SyncML>'
const message = new TextEncoder().encode(MESSAGE)

/** Runs the suite on what `make` gives. */
export function labContract(title: string, make: () => Promise<Subject>): void {
  describe(`LabApi, ${title}`, () => {
    let subject: Subject
    let api: LabApi
    beforeEach(async () => {
      subject = await make()
      api = subject.api
    })
    afterEach(async () => subject.end())

    const allRows = async (): Promise<TraceRow[]> => readPage(await api.trace.rows(1, 5000))
    /** Asks until `good` is true of the answer. */
    const until = async <T>(ask: () => Promise<T>, good: (value: T) => boolean): Promise<T> => {
      for (const end = performance.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 5))) {
        const value = await ask()
        if (good(value)) return value
        if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(value)}`)
      }
    }
    const firstHeld = (): Promise<readonly Held[]> =>
      until(
        () => api.stepper.held(),
        (held) => held.length > 0,
      )

    it('an empty lab says that it is empty', async () => {
      const state = await api.lab.state()
      expect(state).toMatchObject({ held: 0, last: 0, sessions: 0, hold: { mode: 'off' }, notShownLive: 0 })
      expect(state.dm).toMatch(/^https?:\/\//)
      expect(await allRows()).toEqual([])
      expect(await api.trace.sessions()).toEqual([])
      expect(await api.stepper.held()).toEqual([])
    })

    it('what is opened comes back to the byte', async () => {
      expect(await api.evidence.open('one.xml', message)).toEqual({ first: 1, last: 1 })
      const frame: FrameDetail = await api.trace.frame(1)
      expect(frame.bytes).toBeInstanceOf(Uint8Array)
      expect(Buffer.compare(frame.bytes, message)).toBe(0)
      expect(frame.sha256).toBe(createHash('sha256').update(message).digest('hex'))
      expect(frame.original).toBeNull()
      expect((await allRows()).map((row) => [row.seq, row.size])).toEqual([[1, message.length]])
      expect((await api.lab.state()).last).toBe(1)
    })

    it('pages begin where asked, hold what there is, and are empty beyond the end', async () => {
      for (let i = 0; i < 5; i++) await api.evidence.open(`${i}.xml`, message)
      const page = await api.trace.rows(2, 3)
      expect(page.numbers).toBeInstanceOf(Float64Array)
      expect(readPage(page).map((row) => row.seq)).toEqual([2, 3, 4])
      expect(readPage(await api.trace.rows(4, 100)).map((row) => row.seq)).toEqual([4, 5])
      expect((await api.trace.rows(6, 10)).count).toBe(0)
      expect((await api.trace.rows(1, 0)).count).toBe(0)
    })

    it('a filter finds rows by their bytes, slice by slice, and says where an expression is wrong', async () => {
      for (let i = 0; i < 3; i++) await api.evidence.open(`${i}.xml`, message)
      expect((await api.trace.filter('codec == xml && !chunk', 1, 3)).found).toBeInstanceOf(Float64Array)
      expect(await allFound(api, 'codec == xml && !chunk', 1, 3)).toEqual([1, 2, 3])
      expect(await allFound(api, 'seq >= 2', 2, 1)).toEqual([2])
      expect(await allFound(api, 'codec == wbxml || data contains "nowhere"', 1, 3)).toEqual([])
      await expect(api.trace.filter('seq = 2', 1, 3)).rejects.toThrow('position 5: a single = is no operator; expected ==')
    })

    it('what does not exist is refused in words', async () => {
      await expect(api.trace.frame(99)).rejects.toThrow(/99/)
      await expect(api.stepper.decide(99, { act: 'continue' })).rejects.toThrow(/99/)
      await expect(api.evidence.open('empty.xml', new Uint8Array(0))).rejects.toThrow(/empty\.xml/)
    })

    it('a listener hears of new rows until it ends its subscription', async () => {
      const heard: LabEvents['trace'][] = []
      const off = api.on('trace', (fact) => heard.push(fact))
      await api.evidence.open('one.xml', message)
      await until(
        async () => heard.length,
        (count) => count > 0,
      )
      expect(heard.at(-1)?.last).toBe(1)
      expect(heard.flatMap((fact) => (fact.rows === null ? [] : readPage(fact.rows))).map((row) => row.seq)).toContain(1)
      off()
      const before = heard.length
      await api.evidence.open('two.xml', message)
      await until(
        () => api.lab.state(),
        (state) => state.last === 2,
      )
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(heard.length).toBe(before)
    })

    it('a simulated device holds a session: its rows are in order, without gaps, and belong to it', async () => {
      const told = new Set<LabEventName>()
      const names: LabEventName[] = ['trace', 'sessions', 'devices']
      names.forEach((name) => api.on(name, () => told.add(name)))
      const { id } = await api.devices.simulate({ encoding: 'xml', auth: 'basic' })
      const [session] = await until(
        () => api.trace.sessions(),
        (list) => list[0]?.state === 'completed',
      )
      const rows = await allRows()
      expect(rows.map((row) => row.seq)).toEqual(rows.map((_, i) => i + 1))
      const own = await api.trace.session(session?.session ?? 0)
      expect(own).toBeInstanceOf(Float64Array)
      expect([...own]).toEqual(rows.filter((row) => row.session === session?.session).map((row) => row.seq))
      const messages = rows.filter((row) => row.kind === 'message' && row.session === session?.session)
      expect(messages.length).toBeGreaterThanOrEqual(4)
      expect(new Set(messages.map((row) => row.direction))).toEqual(new Set(['up', 'down']))
      expect(session).toMatchObject({ device: id, reason: '' })
      expect((await api.devices.list()).find((device) => device.id === id)).toMatchObject({ simulated: true, state: 'enrolled' })
      await until(
        async () => told,
        (set) => names.every((name) => set.has(name)),
      )
    })

    it('commands can be queued for a device', async () => {
      const { id } = await api.devices.simulate({})
      await expect(api.devices.queue(id, [{ kind: 'Get', locUri: './DevInfo/Man' }])).resolves.toBeUndefined()
    })

    it('a held message waits until somebody decides', async () => {
      const told: number[] = []
      api.on('held', (fact) => told.push(fact.held.length))
      await api.stepper.mode({ mode: 'all' })
      expect((await api.lab.state()).hold).toEqual({ mode: 'all' })
      void api.devices.simulate({}).catch(() => {})
      const [held] = await firstHeld()
      expect(held).toMatchObject({ direction: 'up', peerWaits: true })
      expect((await api.trace.frame(held?.seq ?? 0)).row.hold).toBe('held')
      expect((await api.lab.state()).held).toBe(1)
      await until(
        async () => told,
        (counts) => counts.includes(1),
      )
      await api.stepper.mode({ mode: 'off' })
      expect(await api.stepper.held()).toHaveLength(1)
      await api.stepper.decide(held?.id ?? 0, { act: 'continue' })
      await until(
        () => api.trace.sessions(),
        (list) => list[0]?.state === 'completed',
      )
      expect((await api.trace.frame(held?.seq ?? 0)).row.hold).toBe('released')
      await expect(api.stepper.decide(held?.id ?? 0, { act: 'continue' })).rejects.toThrow()
    })

    it('a step lets one message go and holds the next of the session', async () => {
      await api.stepper.mode({ mode: 'all' })
      void api.devices.simulate({}).catch(() => {})
      const [first] = await firstHeld()
      await api.stepper.mode({ mode: 'off' })
      await api.stepper.decide(first?.id ?? 0, { act: 'step' })
      const [next] = await until(
        () => api.stepper.held(),
        (held) => held.length > 0 && held[0]?.id !== first?.id,
      )
      expect(next?.seq).toBeGreaterThan(first?.seq ?? Infinity)
      expect(next?.sessionId).toBe(first?.sessionId)
      await api.stepper.decide(next?.id ?? 0, { act: 'continue' })
      await until(
        () => api.trace.sessions(),
        (list) => list[0]?.state === 'completed',
      )
    })

    it('an edited message keeps what had come', async () => {
      await api.stepper.mode({ mode: 'all' })
      void api.devices.simulate({}).catch(() => {})
      const [held] = await firstHeld()
      await api.stepper.mode({ mode: 'off' })
      const { bytes } = await api.trace.frame(held?.seq ?? 0)
      const edited = new TextEncoder().encode(new TextDecoder().decode(bytes).replace('</SyncML>', '<!-- edited --></SyncML>'))
      await api.stepper.decide(held?.id ?? 0, { act: 'edit', bytes: edited })
      const frame = await until(
        () => api.trace.frame(held?.seq ?? 0),
        (now) => now.row.hold === 'edited',
      )
      expect(Buffer.compare(frame.bytes, edited)).toBe(0)
      expect(Buffer.compare(frame.original ?? new Uint8Array(), bytes)).toBe(0)
    })

    it('a dropped message ends its session, and the lab goes on', async () => {
      await api.stepper.mode({ mode: 'all' })
      void api.devices.simulate({}).catch(() => {})
      const [held] = await firstHeld()
      await api.stepper.mode({ mode: 'off' })
      await api.stepper.decide(held?.id ?? 0, { act: 'drop' })
      expect(
        (
          await until(
            () => api.trace.frame(held?.seq ?? 0),
            (now) => now.row.hold !== 'held',
          )
        ).row.hold,
      ).toBe('dropped')
      const { id } = await api.devices.simulate({})
      const list = await until(
        () => api.trace.sessions(),
        (all) => all[0]?.state === 'completed',
      )
      expect(list[0]?.device).toBe(id)
    })
  })
}
