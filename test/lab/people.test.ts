// A person in the window answers a simulated device: the question appears, the answer travels as Status, over real sockets.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeviceQuestion, LabEvents } from '../../core/api.ts'
import { hasSqlite } from '../support/needs.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const DEVICE = 'IMEI:004999010640000'

describe.skipIf(!hasSqlite)('people (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  let lab: RealLab
  let told: LabEvents['questions'][] = []
  beforeEach(async () => {
    lab = await realLab()
    told = []
    lab.api.on('questions', (fact) => told.push(fact))
  })
  afterEach(async () => lab.end())

  /** Waits until `what` gives something. */
  async function until<T>(what: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (const end = performance.now() + PATIENCE; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 5))) {
      const found = await what()
      if (found !== undefined) return found
    }
    throw new Error('it never came')
  }
  const question = (): Promise<DeviceQuestion> => until(async () => (await lab.api.devices.questions())[0])
  /** Statuses of the package that answered the question. */
  const statuses = (): Promise<readonly string[]> => until(async () => (await lab.rows()).findLast((row) => row.package === '#3')?.statuses)

  it('asked, answered wrongly, answered rightly', async () => {
    await lab.api.devices.queue(DEVICE, [{ kind: 'Ask', code: 1102, text: 'Your age?', options: 'IT=N&MAXLEN=3&DR=7&ET=P&MAXDT=60' }])
    await lab.api.devices.simulate({ id: DEVICE })
    const asked = await question()
    expect(asked).toMatchObject({ device: DEVICE, kind: 'input', text: 'Your age?', preset: ['7'], maxLength: 3, form: 'N', secret: true })
    expect(asked.until - asked.askedAt).toBe(60_000)
    expect((await lab.api.devices.list())[0]?.activity).toBe('asks the person in front of it')
    await expect(lab.api.devices.answer(asked.id, { act: 'text', text: 'old' })).rejects.toThrow('not a number')
    await lab.api.devices.answer(asked.id, { act: 'text', text: '42' })
    expect(await statuses()).toContain('200')
    await expect(lab.api.devices.answer(asked.id, { act: 'cancel' })).rejects.toThrow('not open any more')
    expect(told.map(({ open }) => open.length)).toEqual([1, 0])
  })

  it('cancelled: the rest of the message is not performed', async () => {
    await lab.api.devices.queue(DEVICE, [
      { kind: 'Ask', code: 1101, text: 'Sure?' },
      { kind: 'Get', locUri: './DevDetail/FwV' },
    ])
    await lab.api.devices.simulate({ id: DEVICE })
    await lab.api.devices.answer((await question()).id, { act: 'cancel' })
    expect((await statuses()).slice(-2)).toEqual(['214', '215'])
  })

  it('nobody answers: 408 when MAXDT has passed, and the question is gone', async () => {
    await lab.api.devices.queue(DEVICE, [{ kind: 'Ask', code: 1103, text: 'Which?', choices: ['a', 'b'], options: 'MAXDT=1&DR=2' }])
    await lab.api.devices.simulate({ id: DEVICE, answers: 'timeout' })
    expect(await statuses()).toContain('408')
    expect(await lab.api.devices.questions()).toEqual([])
  })

  it('a rule answers instead', async () => {
    await lab.api.devices.queue(DEVICE, [{ kind: 'Ask', code: 1101, text: 'Sure?' }])
    await lab.api.devices.simulate({ id: DEVICE, answers: 'reject' })
    expect(await statuses()).toContain('304')
    expect(told).toEqual([])
  })

  it('a lab that stops leaves no question open', async () => {
    await lab.api.devices.queue(DEVICE, [{ kind: 'Ask', code: 1101, text: 'Sure?' }])
    await lab.api.devices.simulate({ id: DEVICE })
    await question()
    const begun = performance.now()
    await lab.end()
    expect(performance.now() - begun).toBeLessThan(30_000)
    lab = await realLab()
  })
})
