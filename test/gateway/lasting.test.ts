// What a gateway keeps over a restart, and what it lets go: groups as they are, interim reports, triggers, configuration for devices; bytes of images that are void.
import { expect, test } from 'vitest'
import { accountOf, freshSecrets } from '../../core/bootstrap/account.ts'
import { applyDm, dmBootstrap, encodeDm } from '../../core/bootstrap/dm.ts'
import { Tree } from '../../core/dmtree/tree.ts'
import { readAggregation } from '../../core/gateway/payloads.ts'
import { OUR_ROOTS, fanoutCommand, fanoutNodes, fanoutStart, imageData, imageDownload, imageNodes, trigger } from '../../core/gateway/orders.ts'
import type { Command, Item } from '../../core/syncml/message.ts'
import { World, ed } from './world.ts'

const GROUPS = './GwMO/Devices/Inventory/Groups'
const item = (locUri: string, format?: string, data?: string): readonly Item[] => [
  { target: { locUri }, ...(format === undefined ? {} : { meta: { format } }), ...(data === undefined ? {} : { data }) },
]
const add = (uri: string, format: string, data?: string): Command => ({ kind: 'Add', cmdId: '', items: item(uri, format, data) }) as Command
const gone = (uri: string): Command => ({ kind: 'Delete', cmdId: '', items: item(uri) }) as Command

function proxied(n: number): World {
  const world = new World()
  for (let i = 1; i <= n; i += 1) world.visit(i)
  world.reports()
  world.alerts.length = 0
  return world
}

test('a group that the server deleted stays deleted after a restart, and so does a member', () => {
  const world = proxied(1)
  const members = (name: string): Command[] => [
    add(`${GROUPS}/${name}`, 'node'),
    add(`${GROUPS}/${name}/Members`, 'node'),
    add(`${GROUPS}/${name}/Members/1`, 'chr', ed(1)),
    add(`${GROUPS}/${name}/Members/2`, 'chr', ed(2)),
  ]
  const made = world.order([...members('north'), ...members('south')])
  world.report()
  expect(new Set(world.codes(made))).toEqual(new Set([200]))
  const taken = world.order([gone(`${GROUPS}/north`), gone(`${GROUPS}/south/Members/1`)])
  world.report()
  expect(world.codes(taken)).toEqual([200, 200])
  world.restart()
  expect(world.gateway.part.asked.groups()).toEqual([{ name: 'south', members: [ed(2)] }])
})

test('interim reports go on after a restart', () => {
  const world = proxied(2)
  const job = {
    name: 'j',
    devices: [ed(1), ed(2)],
    groups: [],
    all: false,
    mode: null,
    filter: '',
    command: fanoutCommand([{ kind: 'Get', locUri: './DevDetail/FwV' }]),
    imageRef: '',
    timeout: 600,
    interval: 30,
    returnFormat: 2,
  }
  world.order([...fanoutNodes(OUR_ROOTS, job), fanoutStart(OUR_ROOTS, 'j', 'c')])
  world.report()
  world.restart()
  world.visit(1)
  world.pass(31_000)
  world.reports()
  expect(world.alerts.map(({ items }) => readAggregation(items[0]?.data))).toMatchObject([
    { final: false, devices: [{ deviceId: ed(1), code: 200 }], summary: { pending: 1 } },
  ])
})

test('gw 91: the bytes of an image that is void are freed: a store that was full takes the next one', () => {
  const world = proxied(0)
  const bytes = new Uint8Array(700_000).fill(7)
  const image = (name: string): readonly Command[] => [
    imageNodes(OUR_ROOTS, { name, imageId: name, expiry: 60, sha256: '' }),
    imageData(OUR_ROOTS, name, bytes),
  ]
  const first = world.order(image('A'))
  world.report()
  expect(world.codes(first)).toEqual([200, 200])
  world.pass(61_000)
  expect(world.gateway.images.get('A')).toMatchObject({ state: 50 })
  expect([world.store.used(), world.gateway.part.asked.config('ImageStore/Used')]).toEqual([0, '0'])
  const second = world.order(image('B'))
  world.report()
  expect(world.codes(second)).toEqual([200, 200])
  world.restart()
  expect(world.gateway.images.get('A')).toMatchObject({ state: 50 })
  expect(world.gateway.part.asked.config('ImageStore/Used')).toBe('700000')
})

test('a trigger that the server laid down is there after a restart, and works', () => {
  const world = proxied(1)
  const made = world.order(trigger(OUR_ROOTS, 't', ed(1), null))
  world.report()
  expect(world.codes(made)).toEqual([200, 200])
  world.restart()
  world.notified.length = 0
  const exec = { kind: 'Exec', cmdId: '', items: item('./GwMO/Trigger/Triggers/t/Operations/Trigger') } as Command
  const again = world.order([exec])
  world.report()
  expect(world.codes(again)).toEqual([200])
  expect(world.notified).toEqual(['ed1'])
})

const TNDS =
  '<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>Site</NodeName><Path>./Vendor</Path><RTProperties><Format><node/></Format><Type><DDFName/></Type></RTProperties>' +
  '<Node><NodeName>Floor</NodeName><RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>2</Value></Node></Node></MgmtTree>'
const CONFIGS = './GwMO/Config/EDConfig'

test('M.4: configuration that the server keeps for a device, or a group of it, goes along with its account; also after a restart', () => {
  const world = proxied(0)
  const config = (name: string, target: string, data: string): Command[] => [
    add(`${CONFIGS}/${name}`, 'node'),
    add(`${CONFIGS}/${name}/Target`, 'chr', target),
    add(`${CONFIGS}/${name}/Data`, 'xml', data),
  ]
  const members = [add(`${GROUPS}/g`, 'node'), add(`${GROUPS}/g/Members`, 'node'), add(`${GROUPS}/g/Members/1`, 'chr', ed(2))]
  const made = world.order([...members, ...config('a', ed(1), TNDS), ...config('b', 'group:g', TNDS)])
  world.report()
  expect(new Set(world.codes(made))).toEqual(new Set([200]))
  const bad = world.order([add(`${CONFIGS}/c`, 'node'), add(`${CONFIGS}/c/Data`, 'xml', '<MgmtTree>'), gone(`${CONFIGS}/c`)])
  world.report()
  expect(world.codes(bad)).toEqual([200, 400, 200])
  world.restart()
  expect([1, 2, 3].map((n) => world.gateway.part.configs(ed(n)))).toEqual([[TNDS], [TNDS], []])
  const secrets = freshSecrets((count) => new Uint8Array(count).fill(7))
  const account = accountOf({ ...secrets, serverId: 'gw1', name: 'gateway', address: 'http://gw.lan.example/gw', auth: 'DIGEST', userName: 'u' })
  const tree = new Tree()
  tree.ensure(['DMAcc'])
  tree.ensure(['Vendor'])
  const document = encodeDm(dmBootstrap(account, ed(1), 'inline', world.gateway.part.configs(ed(1))))
  expect(applyDm(tree, document).accounts).toMatchObject([{ serverId: 'gw1' }])
  expect(tree.find(['Vendor', 'Site', 'Floor'])?.value).toBe('2')
})

test('a download of an image that a restart interrupted goes on, and the image is ready in the end', () => {
  const world = proxied(0)
  const image = imageNodes(OUR_ROOTS, { name: 'A', imageId: 'A', expiry: 600, sha256: '', pkgUrl: 'http://dl.example/a' })
  world.order([image, imageDownload(OUR_ROOTS, 'A', 'dl-1')])
  world.report()
  expect(world.fetches.map(({ url, again = false }) => [url, again])).toEqual([['http://dl.example/a', false]])
  world.restart()
  expect(world.fetches.map(({ url, again = false }) => [url, again]).slice(1)).toEqual([['http://dl.example/a', true]])
  expect(world.gateway.images.get('A')).toMatchObject({ state: 20, correlator: 'dl-1' })
  const stored = world.store.put('A', new Uint8Array(10))
  world.gateway.images.fetched('A', { ...stored, contentType: 'application/octet-stream' })
  world.settle()
  world.reports()
  expect(world.gateway.images.get('A')).toMatchObject({ state: 30, size: 10 })
  expect(world.alerts.at(-1)).toMatchObject({ correlator: 'dl-1' })
})
