// Large objects that go wrong, between the real server and the real device over sockets: 411, 413, 416, 424 and 1225 on either side, nothing committed.
import { afterEach, describe, expect, it } from 'vitest'
import type { QueuedCommand } from '../../core/api.ts'
import type { Client } from '../../core/device/client.ts'
import { DEVICE_PROFILES } from '../../core/device/profiles.ts'
import type { LabOptions } from '../../core/node/main.ts'
import type { Command, Encoding, Message } from '../../core/syncml/message.ts'
import { hasSqlite } from '../support/needs.ts'
import { deviceOf, realLab, session } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { relay, withCommands } from '../support/relay.ts'
import type { Relay, Rewrite } from '../support/relay.ts'

const DEVICE = 'IMEI:004999010640000'
const BIG = './Vendor/DMLab/Scratch/big'
const VALUE = 'A value longer than a message of fifteen hundred octets. '.repeat(90)
const ADD: QueuedCommand = { kind: 'Add', locUri: BIG, format: 'chr', data: VALUE }
const SMALL: QueuedCommand = { kind: 'Get', locUri: './DevDetail/FwV' }

/** First chunks carry Meta Size; this gives them another one, or none. */
const sized =
  (kind: Command['kind'], size: number | undefined) =>
  (command: Command): Command => {
    if (command.kind !== kind || !('items' in command) || command.items[0]?.meta?.size === undefined) return command
    const items = command.items.map((item) => {
      const meta = { ...item.meta, size: size ?? 0 }
      if (size === undefined) delete (meta as { size?: number }).size
      return { ...item, meta }
    })
    return { ...command, items } as Command
  }

/** A later chunk: MoreData without Size. */
const later = (command: Command, kind: Command['kind']): boolean =>
  command.kind === kind && 'items' in command && command.items[0]?.moreData === true && command.items[0].meta?.size === undefined

describe.skipIf(!hasSqlite)('large objects that fail (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  let lab: RealLab
  let between: Relay | null = null
  afterEach(async () => {
    await between?.close()
    between = null
    await lab.end()
  })

  const start = async (options: Partial<LabOptions['server']> = {}): Promise<void> => {
    lab = await realLab({ server: { respUri: false, greet: false, ...options } })
  }
  /** A device behind a relay; sessions before the one under test make it known. */
  async function device(encoding: Encoding, rewrite: Rewrite, settings: { maxMsgSize?: number; maxObjSize?: number } = {}): Promise<Client> {
    between = await relay(lab.ready.dm, rewrite)
    const client = deviceOf(lab, { encoding, serverUri: between.url, profile: { ...DEVICE_PROFILES.full, settings } })
    expect(await session(client)).toMatchObject({ outcome: 'completed' })
    return client
  }
  const ordered = async (commands: readonly QueuedCommand[]): Promise<void> => lab.api.devices.queue(DEVICE, commands)
  /** Codes of the newest order's commands. */
  const order = async () => (await lab.api.tree.orders(DEVICE))[0]
  const scratch = (client: Client) => client.device.tree.find(['Vendor', 'DMLab', 'Scratch', 'big'])?.value
  const statuses = async (direction: 'up' | 'down') => (await lab.rows()).filter((row) => row.direction === direction).flatMap((row) => row.statuses)
  const rules = async () => {
    const found: string[] = []
    for (const row of await lab.rows()) found.push(...(await lab.api.trace.frame(row.seq)).findings.map(({ rule }) => rule))
    return found
  }

  for (const encoding of ['xml', 'wbxml'] as const) {
    it(`dm 22: the device refuses a first chunk without Size (411) and a wrong total (424), in ${encoding}; its tree stays as it was`, async () => {
      await start()
      let size: number | undefined
      const client = await device(encoding, (message, up) => (up ? message : withCommands(message, sized('Add', size))), { maxMsgSize: 1500 })
      for (const [wrong, code] of [
        [undefined, 411],
        [VALUE.length + 1, 424],
        [VALUE.length - 1, 424],
      ] as const) {
        size = wrong
        await ordered([ADD, SMALL])
        await session(client)
        expect((await order())?.commands.map((each) => each.code)).toEqual([code, 200])
        expect(await statuses('up')).toContain(String(code))
        expect(scratch(client)).toBeUndefined()
      }
      size = VALUE.length
      await ordered([ADD])
      await session(client)
      expect(scratch(client)).toBe(VALUE)
    })

    it(`dm 24: an object larger than the device's MaxObjSize is 416 from its Size on, in ${encoding}; the lab does not send it where it knows`, async () => {
      await start()
      let blind = false
      const forget = (message: Message, up: boolean): Message =>
        blind && up ? { ...message, header: { ...message.header, meta: { maxMsgSize: 1500 } } } : message
      const client = await device(encoding, forget, { maxMsgSize: 1500, maxObjSize: 1000 })
      await ordered([ADD, SMALL])
      await session(client)
      expect((await order())?.commands.map((each) => each.code)).toEqual([0, 200])
      expect((await order())?.commands[0]?.data).toContain('MaxObjSize of 1000')
      expect(await statuses('up')).not.toContain('416')
      blind = true
      await ordered([ADD])
      await session(client)
      expect((await order())?.commands.map((each) => each.code)).toEqual([416])
      expect(await statuses('up')).toContain('416')
      expect(scratch(client)).toBeUndefined()
    })

    it(`dm 24: Results larger than the server's MaxObjSize are not sent: 413, in ${encoding}`, async () => {
      await start({ maxObjSize: 1000 })
      const client = await device(encoding, (message) => message)
      expect(client.device.tree.find(['Vendor', 'DMLab', 'Scratch'])).toBeDefined()
      client.device.performer.perform({ kind: 'Add', cmdId: '1', items: [{ target: { locUri: BIG }, data: VALUE }] }, { serverId: 'dm-lab' })
      await ordered([{ kind: 'Get', locUri: BIG }, SMALL])
      await session(client)
      expect((await order())?.commands.map((each) => each.code)).toEqual([413, 200])
      const carried = (between?.passed ?? []).flatMap(({ message }) => message.commands).filter((command) => command.kind === 'Results')
      expect(carried.flatMap((results) => results.items.map((item) => item.source?.locUri))).toEqual(['./DevDetail/FwV'])
    })

    it(`dm 23: something else between two chunks: the device says 1225 and keeps nothing, in ${encoding}`, async () => {
      await start()
      let cut = false
      const client = await device(
        encoding,
        (message, up) => {
          if (up || cut || !message.commands.some((command) => later(command, 'Add'))) return message
          cut = true
          return withCommands(message, (command) =>
            later(command, 'Add')
              ? { kind: 'Get', cmdId: (command as { cmdId: string }).cmdId, items: [{ target: { locUri: './DevInfo/Man' } }] }
              : command,
          )
        },
        { maxMsgSize: 1500 },
      )
      await ordered([ADD])
      await session(client)
      expect(cut).toBe(true)
      const rows = await lab.rows()
      expect(rows.some((row) => row.direction === 'up' && row.commands.includes('Alert 1225'))).toBe(true)
      const alert = (between?.passed ?? []).flatMap(({ message }) => message.commands).find((each) => each.kind === 'Alert' && each.code === 1225)
      expect(alert).toMatchObject({ items: [{ target: { locUri: BIG } }] })
      expect(scratch(client)).toBeUndefined()
    })

    it(`dm 22, 23, 24: the server refuses Results by the same law: 411, 424, 416, 1225, in ${encoding}; no value is kept`, async () => {
      await start({ maxObjSize: 8000, maxMsgSize: 1500 })
      let change: (command: Command) => Command = (command) => command
      const client = await device(encoding, (message, up) => (up ? withCommands(message, change) : message))
      client.device.performer.perform({ kind: 'Add', cmdId: '1', items: [{ target: { locUri: BIG }, data: VALUE }] }, { serverId: 'dm-lab' })
      for (const [size, code, rule] of [
        [undefined, '411', 'obj.size.missing'],
        [VALUE.length + 1, '424', 'obj.size.mismatch'],
        [1_000_000, '416', 'obj.large'],
      ] as const) {
        change = sized('Results', size)
        await ordered([{ kind: 'Get', locUri: BIG }])
        await session(client)
        expect(await statuses('down')).toContain(code)
        expect(await rules()).toContain(rule)
        expect((await order())?.commands[0]?.data).not.toContain('A value longer')
      }
      let cut = false
      change = (command) => {
        if (cut || !later(command, 'Results')) return command
        cut = true
        return { ...(command as Extract<Command, { kind: 'Results' }>), items: [{ source: { locUri: './DevInfo/Man' }, data: 'Other' }] }
      }
      await ordered([{ kind: 'Get', locUri: BIG }])
      await session(client)
      expect(cut).toBe(true)
      expect((await lab.rows()).some((row) => row.direction === 'down' && row.commands.includes('Alert 1225'))).toBe(true)
      expect((await order())?.commands[0]?.data).not.toContain('A value longer')
    })
  }
})
