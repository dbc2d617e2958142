// What the DM Server knows of devices behind gateways, and where it sends their notifications.
import { describe, expect, test } from 'vitest'
import { readFanoutCommand } from '../../core/gateway/command.ts'
import { OUR_ROOTS, fanoutCommand, fanoutNodes, imageNodes } from '../../core/gateway/orders.ts'
import { Relations, route } from '../../core/gateway/relations.ts'
import type { Attach } from '../../core/gateway/payloads.ts'
import { targetOf } from '../../core/gateway/command.ts'
import { SCENARIOS, isGatewayFlow } from '../../core/scenario/all.ts'
import { DIRECT } from './jobs.ts'

const attach = (n: number, mode: 0 | 1 | 2, gateway = 'https://gw.example/push'): Attach => ({
  gatewayId: 'urn:example:gw:1',
  gateway: { type: 'URI', address: gateway },
  deviceId: `urn:example:dev:ed${n}`,
  localId: `ed${n}`,
  device: { type: 'IPv4', address: `192.0.2.2${n}` },
  mode,
  componentType: 0,
})

describe('relations', () => {
  test('gw 20: what X.3 stores is the three values of the alert', () => {
    const relations = new Relations()
    const relation = relations.attach(attach(1, 1), 'urn:example:gw:1', '1.1', 5)
    expect(relation).toMatchObject({ gatewayAddress: 'https://gw.example/push', deviceId: 'urn:example:dev:ed1', address: '192.0.2.21', mode: 1 })
    expect(new Relations(relations.all()).of('urn:example:dev:ed1')).toEqual(relation)
  })
  test('gw 21: a new attach from another gateway replaces the relation; the old gateway can no longer detach it', () => {
    const relations = new Relations()
    relations.attach(attach(1, 1), 'gw1', '1.1', 1)
    relations.attach(attach(1, 1, 'https://gw2.example/push'), 'gw2', '1.0', 2)
    expect(relations.detach({ deviceId: 'urn:example:dev:ed1', reason: 2 }, 'gw1', 3)).toBeNull()
    expect(relations.of('urn:example:dev:ed1')).toMatchObject({ gateway: 'gw2', attached: true })
    expect(relations.behind('gw1')).toEqual([])
  })
  test('the way of a notification follows from the relation', () => {
    const relations = new Relations()
    const at = (n: number) => route(relations.of(`urn:example:dev:ed${n}`))
    relations.attach(attach(1, 1), 'gw', '1.1', 1)
    relations.attach(attach(3, 0), 'gw', '1.1', 1)
    relations.attach(attach(4, 2), 'gw', '1.1', 1)
    expect(at(1)).toEqual({ flow: 'Y', to: 'https://gw.example/push', gateway: 'gw' })
    expect(at(4)).toMatchObject({ flow: 'Y' })
    expect(at(3)).toEqual({ flow: "Z'", to: 'https://gw.example/push', endDevice: 'urn:example:dev:ed3' })
    relations.reachable('urn:example:dev:ed3', 'udp://192.0.2.23:2948')
    expect(at(3)).toEqual({ flow: 'Z', to: 'udp://192.0.2.23:2948' })
    expect(at(9)).toEqual({ flow: null, why: 'unknown device' })
    relations.detach({ deviceId: 'urn:example:dev:ed1', reason: 1 }, 'gw', 2)
    expect(at(1)).toMatchObject({ flow: null, why: expect.stringContaining('detached') as string })
  })
  test('a device may introduce its gateway itself, and take it back', () => {
    const relations = new Relations()
    expect(relations.associated('d', 'https://gw.example/push', 1)).toMatchObject({
      mode: 0,
      gatewayAddress: 'https://gw.example/push',
      attached: true,
    })
    expect(route(relations.of('d'))).toMatchObject({ flow: "Z'" })
    expect(relations.associated('d', '', 2)).toMatchObject({ attached: false })
    expect(relations.associated('never', '', 2)).toBeNull()
  })
})

describe('orders to a gateway', () => {
  test('gw 97: every flow adds the nodes of a package before it replaces one, so that a 404 to a Replace of nothing stops none', () => {
    const lists = SCENARIOS.filter(isGatewayFlow).flatMap(({ setup }) =>
      setup.acts.flatMap(({ deed }) => (deed.do === 'fanout' && deed.commands.length > 0 ? [deed.commands] : [])),
    )
    const replaced = lists.flatMap((list) => {
      const added = new Set<string>()
      return readFanoutCommand(fanoutCommand(list)).flatMap((command) => {
        const uri = targetOf(command)
        if (command.kind === 'Add') added.add(uri)
        return command.kind === 'Replace' ? [[uri, added.has(uri)] as const] : []
      })
    })
    expect(replaced).toContainEqual(['./SCOMO/Inventory/Delivered/PKG1/Data', true])
    // Every device has this leaf from the beginning.
    expect(replaced.filter(([uri, there]) => !there && uri !== './Vendor/DMLab/Settings/Text')).toEqual([])
  })
  test('the nodes of an image and of a job are those the sheet prints', () => {
    const image = imageNodes(OUR_ROOTS, { name: 'PKG1', imageId: 'PKG1', expiry: 600, sha256: '' })
    expect(image.kind === 'Sequence' ? image.commands.map(targetOf) : []).toEqual([
      './GwMO/Images/Images/PKG1',
      './GwMO/Images/Images/PKG1/ImageID',
      './GwMO/Images/Images/PKG1/Expiry',
      './GwMO/Images/Images/PKG1/ImageData',
    ])
    const order = {
      name: 'j3',
      devices: ['a', 'b'],
      groups: [],
      all: false,
      mode: null,
      filter: '',
      imageRef: 'PKG1',
      timeout: 60,
      interval: null,
      returnFormat: null,
    }
    const [job, timeout] = fanoutNodes(OUR_ROOTS, { ...order, command: DIRECT })
    expect(job?.kind === 'Sequence' ? job.commands.map(targetOf) : []).toEqual([
      './GwMO/Fanout/Fanout/j3',
      './GwMO/Fanout/Fanout/j3/TargetDevices',
      './GwMO/Fanout/Fanout/j3/TargetDevices/1',
      './GwMO/Fanout/Fanout/j3/TargetDevices/2',
      './GwMO/Fanout/Fanout/j3/ImageRef',
      './GwMO/Fanout/Fanout/j3/Command',
    ])
    expect(timeout).toMatchObject({ kind: 'Replace', items: [{ data: '60' }] })
  })
  test('a list wrapped in Atomic reads back, text with markup survives', () => {
    const text = fanoutCommand([{ kind: 'Replace', locUri: './A?b', data: '<x>&"</x>' }], 'atomic')
    const [atomic] = readFanoutCommand(text)
    expect(atomic).toMatchObject({ kind: 'Atomic', commands: [{ kind: 'Replace', items: [{ data: '<x>&"</x>' }] }] })
  })
})
