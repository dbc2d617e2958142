// What the calls about trees of devices accept.
import { z } from 'zod'
import type { Cart, DiscoverOptions, QueuedCommand } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { encoding, fileName, key, name, octets, uri } from './validatebase.ts'
import type { Calls, Loose } from './validatebase.ts'
import { commandList } from './validatedevices.ts'

export const treeRef = z.union([z.strictObject({ device: name.min(1), after: key.optional() }), z.strictObject({ snapshot: fileName })])

/** Commands gathered for one device. */
export const cart = z.strictObject({
  mode: z.enum(['single', 'atomic', 'sequence']),
  commands: commandList,
  when: z.enum(['next session', 'wake now']),
})

export const discoverOptions = z.strictObject({
  root: uri.optional(),
  perSecond: z.number().min(0.01).max(10_000).optional(),
  again: z.boolean().optional(),
  acl: z.boolean().optional(),
})

export const treeFormat = z.enum(['tnds-xml', 'tnds-wbxml', 'csv'])

export const groupMode = z.enum(['atomic', 'sequence'])

type LooseCart = Omit<Cart, 'commands'> & { readonly commands: readonly Loose<QueuedCommand>[] }
type LooseRef = { readonly device: string; readonly after?: number | undefined } | { readonly snapshot: string }

export const TREE_CALLS: Calls<'tree'> = {
  overview: [['ref', treeRef satisfies z.ZodType<LooseRef>]],
  children: [
    ['ref', treeRef],
    ['uri', uri],
    ['first', key],
    ['count', key],
  ],
  node: [
    ['ref', treeRef],
    ['uri', uri],
    ['server', name],
  ],
  search: [
    ['ref', treeRef],
    ['text', name],
    ['count', key],
    ['from', z.string().max(LIMIT.uri).optional()],
  ],
  changes: [
    ['device', name.min(1)],
    ['session', key],
  ],
  discover: [
    ['device', name.min(1)],
    ['options', discoverOptions satisfies z.ZodType<Loose<DiscoverOptions>>],
  ],
  discovery: [['device', name.min(1)]],
  cancelDiscovery: [['device', name.min(1)]],
  check: [
    ['device', name.min(1)],
    ['cart', cart satisfies z.ZodType<LooseCart>],
  ],
  preview: [
    ['device', name.min(1)],
    ['cart', cart],
    ['encoding', encoding],
  ],
  send: [
    ['device', name.min(1)],
    ['cart', cart],
  ],
  orders: [['device', name.min(1)]],
  order: [['id', name.min(1)]],
  snapshots: [],
  snapshot: [
    ['ref', treeRef],
    ['name', fileName],
  ],
  dropSnapshot: [['name', fileName]],
  diff: [
    ['a', treeRef],
    ['b', treeRef],
  ],
  script: [
    ['a', treeRef],
    ['b', treeRef],
    ['mode', groupMode],
  ],
  export: [
    ['ref', treeRef],
    ['uri', uri],
    ['format', treeFormat],
    ['unredacted', z.boolean().optional()],
  ],
  import: [
    ['name', fileName],
    ['bytes', octets(LIMIT.capture)],
  ],
  schemas: [],
  addSchema: [
    ['name', fileName],
    ['bytes', octets(LIMIT.capture)],
  ],
  dropSchema: [['name', fileName]],
}
