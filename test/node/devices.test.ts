// Simulated devices of a lab and the notifications that wake them: real UDP to a port of their own, the session it asks for, refusals in words.
import { afterEach, describe, expect, it } from 'vitest'
import type { DeviceRow } from '../../core/api.ts'
import { DEVICE_PROFILES } from '../../core/device/profiles.ts'
import { KINDS } from '../../renderer/model/kinds.ts'
import { hasSqlite } from '../support/needs.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const ID = 'IMEI:004999010640123'

describe.skipIf(!hasSqlite)('pushes to simulated devices (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  let lab: RealLab
  afterEach(async () => lab.end())

  const device = async (): Promise<DeviceRow | undefined> => (await lab.api.devices.list()).find(({ id }) => id === ID)
  const sessions = async () => (await lab.api.trace.sessions()).filter(({ device: id, state }) => id === ID && state !== 'open')
  async function until(what: string, good: () => Promise<boolean>): Promise<void> {
    for (const end = performance.now() + PATIENCE; !(await good()); await new Promise((resolve) => setTimeout(resolve, 5)))
      if (performance.now() > end) throw new Error(`still not so: ${what}; ${JSON.stringify(await device())}`)
  }
  /** Starts the device and waits until its session is over on both sides. */
  async function started(options: Parameters<RealLab['api']['devices']['simulate']>[0] = {}): Promise<void> {
    const before = (await sessions()).length
    await lab.api.devices.simulate({ id: ID, ...options })
    await until('the first session is over', async () => (await sessions()).length > before && /completed$/.test((await device())?.activity ?? ''))
  }

  for (const encoding of ['xml', 'wbxml'] as const)
    it(`nb 10: "wake now" reaches the device at its own port; it begins the session with that SessionID by Alert 1200, in ${encoding}`, async () => {
      lab = await realLab()
      await started({ encoding })
      for (let turn = 0; turn < 3; turn++) {
        const count = (await sessions()).length
        const { order, woken, note } = await lab.api.tree.send(ID, {
          mode: 'single',
          when: 'wake now',
          commands: [{ kind: 'Get', locUri: './DevDetail/FwV' }],
        })
        expect([woken, note]).toEqual([true, expect.stringMatching(/^notified at udp:\/\/127\.0\.0\.1:\d+$/)])
        await until('the woken session is over', async () => (await sessions()).length > count)
        expect(await lab.api.tree.order(order)).toMatchObject({ state: 'done', commands: [{ code: 200, data: '1.0.7' }] })
        const rows = await lab.rows()
        const push = rows.findLast((row) => row.kind === 'push')
        const first = rows.find((row) => row.seq > (push?.seq ?? 0) && row.kind === 'message')
        expect(push).toMatchObject({ package: '#0', device: ID })
        expect(first).toMatchObject({ sessionId: push?.sessionId, commands: ['Alert 1200', 'Replace'] })
      }
    })

  it('a device of a kind does as its kind does, on the wire and when it is woken; an unknown kind is refused', async () => {
    lab = await realLab()
    await started({ profile: 'samsung', auth: 'hmac' })
    await lab.api.devices.notify(ID, {})
    await until('woken', async () => (await sessions()).length === 2)
    const first = (await lab.rows()).filter((row) => row.direction === 'up' && row.kind === 'message')
    for (const { seq } of first) {
      const { headers } = await lab.api.trace.frame(seq)
      expect(headers.map(([name]) => name).slice(0, 3)).toEqual(['Cache-Control', 'Connection', 'User-Agent'])
    }
    expect(KINDS.map(([name]) => name)).toEqual(Object.keys(DEVICE_PROFILES))
    await expect(lab.api.devices.simulate({ profile: 'toString' })).rejects.toThrow('there is no kind of client toString; known are full, strict')
  })

  it('what the device refuses it says, and no session comes; a right one afterwards is taken', async () => {
    lab = await realLab()
    await started()
    await lab.api.devices.notify(ID, { flaw: 'password' })
    await until('the device refused', async () => /^refused a push: /.test((await device())?.activity ?? ''))
    expect(await sessions()).toHaveLength(1)
    await lab.api.devices.notify(ID, {})
    await until('the right one is taken', async () => (await sessions()).length === 2)
  })

  it('two notifications at once are held one after the other; none is lost', async () => {
    lab = await realLab()
    await started()
    const both = await Promise.all([lab.api.devices.notify(ID, {}), lab.api.devices.notify(ID, {})])
    expect(new Set(both.map(({ sessionId }) => sessionId)).size).toBe(2)
    await until('both sessions are over', async () => (await sessions()).length === 3)
    const answered = (await sessions()).map(({ sessionId }) => sessionId)
    expect(answered).toEqual(expect.arrayContaining(both.map(({ sessionId }) => sessionId)))
  })

  it('the port stays the same when the device is started anew, and closes with the lab', async () => {
    lab = await realLab({ pushPort: 0 })
    await started()
    const first = await lab.api.devices.notify(ID, {})
    await until('woken', async () => (await sessions()).length === 2 && /completed$/.test((await device())?.activity ?? ''))
    await started({ auth: 'basic' })
    const second = await lab.api.devices.notify(ID, { send: false })
    expect(second.to).toBe(first.to)
    await lab.stop()
    lab = await realLab({ workspace: lab.workspace })
    // The device lived in the process before; what is left is where it spoke from.
    expect((await lab.api.devices.notify(ID, { send: false })).to).toBe('udp://127.0.0.1:2948')
  })
})
