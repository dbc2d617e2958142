// What stories about gateways begin with and look at: a job, a world whose devices are registered, what a device was sent.
import { expect } from 'vitest'
import { fanoutCommand } from '../../core/gateway/orders.ts'
import type { FanoutOrder } from '../../core/gateway/orders.ts'
import { TOKENS } from '../../core/mo/gwmo.ts'
import type { Command, Encoding } from '../../core/syncml/message.ts'
import { World, ed } from './world.ts'

export const TEXT = './Vendor/DMLab/Settings/Text'
/** A fan-out of one Get for these devices. */
export const job = (name: string, targets: readonly number[], more: Partial<FanoutOrder> = {}): FanoutOrder => ({
  name,
  devices: targets.map(ed),
  groups: [],
  all: false,
  mode: null,
  filter: '',
  command: fanoutCommand([{ kind: 'Get', locUri: './DevDetail/FwV' }]),
  imageRef: '',
  timeout: null,
  interval: null,
  returnFormat: null,
  ...more,
})
const PACKAGE = './Vendor/DMLab/Scratch/PKG1'
/** S0 step 4: the image into a package node that no device has yet, here in the scratch part of the tree. */
export const DIRECT = fanoutCommand([
  { kind: 'Add', locUri: PACKAGE, format: 'node' },
  { kind: 'Add', locUri: `${PACKAGE}/PkgID`, data: 'PKG1' },
  { kind: 'Add', locUri: `${PACKAGE}/Data`, format: 'bin', type: 'application/octet-stream', data: '' },
  { kind: 'Replace', locUri: `${PACKAGE}/Data`, format: 'bin', type: 'application/octet-stream', data: TOKENS.data },
])
export const get = (locUri: string): Command => ({ kind: 'Get', cmdId: '', items: [{ target: { locUri } }] })
/** The alerts the server got, by the ends of their types. */
export const types = (world: World): string[] => world.alerts.map(({ items }) => items[0]?.type.split(':').slice(-2).join(':') ?? '')
/** A world with devices 1 to n in proxy mode, the server told. */
export function proxied(n = 2, encoding: Encoding = 'xml'): World {
  const world = new World({ encoding })
  for (let i = 1; i <= n; i += 1) expect(world.visit(i)).toBe('completed')
  world.reports()
  world.alerts.length = 0
  world.wire.length = 0
  return world
}
/** Commands a device got, in order; of a group what stands in it too. */
export function got(world: World, n: number): Command[] {
  const flat = (command: Command): Command[] => ('commands' in command ? [command, ...command.commands.flatMap(flat)] : [command])
  return world.wire
    .filter(({ leg, up }) => leg === `G-D ${ed(n)}` && !up)
    .flatMap(({ message }) => message.commands.filter(({ kind }) => kind !== 'Status' && kind !== 'Alert').flatMap(flat))
}
export const target = (command: Command): string => ('items' in command ? (command.items[0]?.target?.locUri ?? '') : '')
