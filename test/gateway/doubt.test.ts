// A Status that never came: what is read of the device before anything goes again, and what of the gateway before a fan-out is laid down again.
import { describe, expect, test } from 'vitest'
import { doubtOf } from '../../core/gateway/doubt.ts'
import type { Finding } from '../../core/gateway/doubt.ts'
import { readFanoutCommand } from '../../core/gateway/command.ts'
import { fanoutCommand, fanoutNodes, fanoutStart, OUR_ROOTS } from '../../core/gateway/orders.ts'
import type { FanoutStep } from '../../core/gateway/orders.ts'
import type { Order } from '../../core/server/records.ts'
import { ServerFanouts } from '../../core/lab/fanouts.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import { World, ed } from './world.ts'

const TEXT = './Vendor/DMLab/Settings/Text'
const pkg = './SCOMO/Download/p'
const delivered = './SCOMO/Inventory/Delivered/p'

describe('what reading proves', () => {
  const cases: readonly [string, FanoutStep, Record<string, [number, string?]>, Finding | null][] = [
    ['a Get', { kind: 'Get', locUri: TEXT }, {}, 'open'],
    ['an Add whose node is not there', { kind: 'Add', locUri: './A/b', data: 'x' }, { './A/b': [404] }, 'open'],
    ['an Add whose node cannot be read', { kind: 'Add', locUri: './A/b', data: 'x' }, { './A/b': [405] }, 'done'],
    ['a Replace that shows', { kind: 'Replace', locUri: TEXT, data: 'new' }, { [TEXT]: [200, 'new'] }, 'done'],
    ['a Replace that does not', { kind: 'Replace', locUri: TEXT, data: 'new' }, { [TEXT]: [200, 'old'] }, 'open'],
    ['a Delete', { kind: 'Delete', locUri: './A/b' }, { './A/b': [404] }, 'done'],
    [
      'a download that is idle, nothing delivered',
      { kind: 'Exec', locUri: `${pkg}/Operations/DownloadInstall` },
      { [`${pkg}/Status`]: [200, '10'], [`${delivered}/State`]: [404] },
      'open',
    ],
    [
      'a download that is idle again',
      { kind: 'Exec', locUri: `${pkg}/Operations/DownloadInstall` },
      { [`${pkg}/Status`]: [200, '10'], [`${delivered}/State`]: [200, '20'] },
      'taken',
    ],
    [
      'a download under way',
      { kind: 'Exec', locUri: `${pkg}/Operations/Download` },
      { [`${pkg}/Status`]: [200, '30'], [`${delivered}/State`]: [404] },
      'taken',
    ],
    [
      'an installation not begun',
      { kind: 'Exec', locUri: `${delivered}/Operations/Install` },
      { [`${delivered}/Status`]: [200, '10'], [`${delivered}/State`]: [200, '10'] },
      'open',
    ],
    ['a removal whose package is gone', { kind: 'Exec', locUri: `${delivered}/Operations/Remove` }, { [`${delivered}/Status`]: [404] }, 'taken'],
    ['firmware ready to update', { kind: 'Exec', locUri: './FwUpdate/Main/Update' }, { './FwUpdate/Main/State': [200, '50'] }, 'open'],
    ['firmware that updates', { kind: 'Exec', locUri: './FwUpdate/Main/Update' }, { './FwUpdate/Main/State': [200, '60'] }, 'taken'],
    ['any other Exec', { kind: 'Exec', locUri: './Vendor/Reboot' }, {}, null],
  ]
  test.each(cases)('%s', (_, step, reads, finding) => {
    const [command] = readFanoutCommand(fanoutCommand([step]))
    if (command === undefined) throw new Error('no command')
    const doubt = doubtOf(command)
    if (finding === null) return expect(doubt).toBeNull()
    expect([...(doubt?.uris ?? [])].sort()).toEqual(Object.keys(reads).sort())
    expect(doubt?.judge((uri) => ({ code: reads[uri]?.[0] ?? 0, data: reads[uri]?.[1] ?? '' }))).toBe(finding)
  })
  test('an Atomic is done where all of it is, and nobody knows where it is not one or the other', () => {
    const [atomic] = readFanoutCommand(
      fanoutCommand(
        [
          { kind: 'Replace', locUri: './A/x', data: '1' },
          { kind: 'Replace', locUri: './A/y', data: '2' },
        ],
        'atomic',
      ),
    )
    if (atomic === undefined) throw new Error('no command')
    const doubt = doubtOf(atomic)
    const with_ = (x: string, y: string): Finding | undefined => doubt?.judge((uri) => ({ code: 200, data: uri === './A/x' ? x : y }))
    expect([with_('1', '2'), with_('0', '0'), with_('1', '0')]).toEqual(['done', 'open', 'unknown'])
  })
})

describe('a gateway that died between its commands and the answer', () => {
  /** Commands have left for device 1; `performed`: the device did them, nobody heard. */
  function torn(performed: boolean): World {
    const world = new World()
    world.visit(1)
    world.reports()
    const command = fanoutCommand([
      { kind: 'Replace', locUri: TEXT, data: 'once' },
      { kind: 'Get', locUri: './DevDetail/FwV' },
    ])
    const order = {
      name: 'j1',
      devices: [ed(1)],
      groups: [],
      all: false,
      mode: null,
      filter: '',
      command,
      imageRef: '',
      timeout: 60,
      interval: null,
      returnFormat: 3,
    }
    world.order([...fanoutNodes(OUR_ROOTS, order), fanoutStart(OUR_ROOTS, 'j1', 'c-1')])
    world.report()
    expect(world.gateway.fanouts.next('ed1')).toHaveLength(2)
    world.settle()
    const { tree } = world.device(1).device
    const node = tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])
    if (performed && node !== null && node !== undefined) tree.setValue(node, 'once')
    world.notified.length = 0
    world.restart()
    return world
  }
  test.each([true, false])('gw 60: the device is called again and read before anything goes again (performed: %s)', (performed) => {
    const world = torn(performed)
    expect(world.notified).toEqual(['ed1'])
    world.wire.length = 0
    expect(world.visit(1)).toBe('completed')
    const sent = world.wire.filter(({ up }) => !up).flatMap(({ message }) => message.commands.map(({ kind }) => kind))
    expect(sent.filter((kind) => kind === 'Replace')).toHaveLength(performed ? 0 : 1)
    expect(world.told.filter((text) => text.startsWith('gateway.doubt')).length).toBeGreaterThanOrEqual(1)
    expect(world.gateway.fanouts.job('j1')).toMatchObject({ state: 30, result: 200 })
    expect(world.device(1).device.tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.value).toBe('once')
  })
  test('a late alert tells that the Exec whose Status was lost had been accepted', () => {
    const world = new World()
    world.visit(1)
    world.reports()
    const command = fanoutCommand([{ kind: 'Exec', locUri: `${pkg}/Operations/DownloadInstall` }])
    const order = {
      name: 'j1',
      devices: [ed(1)],
      groups: [],
      all: false,
      mode: null,
      filter: '',
      command,
      imageRef: '',
      timeout: 60,
      interval: null,
      returnFormat: null,
    }
    world.order([...fanoutNodes(OUR_ROOTS, order), fanoutStart(OUR_ROOTS, 'j1', 'c-1')])
    world.report()
    world.gateway.fanouts.next('ed1')
    world.settle()
    world.restart()
    const alert = { type: 'urn:oma:at:scomo:1.0:OperationComplete', source: pkg, target: '', data: '<ResultCode>1200</ResultCode>' }
    expect(world.gateway.fanouts.lateAlert(ed(1), 'j1.ed1.1', alert, 'informational')).toBe(200)
    world.settle()
    world.pass(6000)
    expect(world.gateway.fanouts.job('j1')).toMatchObject({ result: 200, responses: [{ code: 1200, state: 40 }] })
  })
})

describe('a server that does not know what became of its order', () => {
  const GW = 'urn:gw'
  function fanouts(): {
    readonly all: ServerFanouts
    readonly orders: Order[]
    readonly woken: string[]
    end(outcomes: Order['outcomes'], state: Order['state']): void
  } {
    const orders: Order[] = []
    const woken: string[] = []
    const all = new ServerFanouts({
      docs: memoryDocs(),
      now: () => 1000,
      random: (count) => crypto.getRandomValues(new Uint8Array(count)),
      queue: (order) => orders.push(order),
      order: (id) => orders.find((order) => order.id === id),
      notify: async (gateway) => woken.push(gateway),
      package: () => undefined,
      seq: () => 0,
      moved: () => {},
    })
    return {
      all,
      orders,
      woken,
      end: (outcomes, state) => {
        const last = orders.at(-1)
        if (last !== undefined) orders[orders.length - 1] = { ...last, state, outcomes }
        all.settle(GW)
      },
    }
  }
  const wish = { gateway: GW, devices: ['d1'], commands: [{ kind: 'Get' as const, locUri: TEXT }] }
  const kinds = (order: Order | undefined): string[] => order?.commands.map(({ kind }) => kind) ?? []

  test.each([
    ['running there: it goes on', [200, '20'], [], 'running'],
    ['idle there: taken away, and laid down anew', [200, '10'], ['Delete', 'Sequence', 'Exec'], 'queued'],
    ['not there: laid down again', [404, ''], ['Sequence', 'Exec'], 'queued'],
  ] as const)('a fan-out is %s', (_, [code, data], next, state) => {
    const { all, orders, end } = fanouts()
    const { id } = all.create(wish)
    end([], 'unknown')
    expect(kinds(orders.at(-1))).toEqual(['Get'])
    const count = orders.length
    end([{ command: 0, code, uri: `./GwMO/Fanout/Fanout/${id}/State`, data }], code === 200 ? 'done' : 'failed')
    expect(all.all()[0]?.state).toBe(state)
    expect(orders.length > count ? kinds(orders.at(-1)) : []).toEqual([...next])
  })
  test('an image that met its own nodes (418) is looked at, and is ready where it came whole', () => {
    const { all, orders, end } = fanouts()
    all.image({ gateway: GW, imageId: 'p', url: 'http://x/p' })
    end([{ command: 0, code: 418, uri: './GwMO/Images/Images/p', data: '' }], 'failed')
    expect(kinds(orders.at(-1))).toEqual(['Get', 'Get', 'Get', 'Get', 'Get'])
    const leaf = (name: string, data: string, at: number): Order['outcomes'][number] => ({
      command: at,
      code: 200,
      uri: `./GwMO/Images/Images/p/${name}`,
      data,
    })
    end([leaf('State', '30', 0), leaf('ImageURL', 'http://gw/p', 1), leaf('Size', '7', 2)], 'done')
    expect(all.images()[0]).toMatchObject({ state: 'ready', url: 'http://gw/p' })
  })
  test('a fan-out that is refused for another reason has failed', () => {
    const { all, end } = fanouts()
    all.create(wish)
    end([{ command: 0, code: 425, uri: './GwMO/Fanout/Fanout/x', data: '' }], 'failed')
    expect(all.all()[0]).toMatchObject({ state: 'failed', reason: 'the gateway answered 425 for ./GwMO/Fanout/Fanout/x' })
  })
})
