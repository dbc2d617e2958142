// Routes of area `tree`: device trees, discovery, carts and orders, snapshots, comparisons, DDFs. The same words as LabApi.
import { z } from 'zod'
import type { Cart, DiscoverOptions, TreeFormat, TreeRef } from '../api.ts'
import type { ApiCall, Parameter, Route } from './route.ts'
import { int, number, string, word } from './route.ts'
import { encoding } from './validatebase.ts'
import { cart, discoverOptions, groupMode, treeFormat, treeRef } from './validatetree.ts'

const DEVICE = string('Id of the device')
const AFTER = int('As known after this row of the trace; 0: now', 'query', '0')
const URI = string('Node URI, such as ./DevInfo', 'query', '.')
const COUNT = int('How many at most (1,000)', 'query', '1000')
const SNAPSHOT = string('Name of the snapshot')
const pair = z.strictObject({ a: treeRef, b: treeRef })
const pairAndMode = z.strictObject({ a: treeRef, b: treeRef, mode: groupMode })
const wishAndEncoding = z.strictObject({ cart, encoding })
const part = z.strictObject({ of: treeRef, uri: z.string().min(1).max(4096), format: treeFormat, unredacted: z.boolean().optional() })
const named = z.strictObject({ name: z.string().min(1).max(100), of: treeRef })

const here = (call: ApiCall): TreeRef => {
  const after = number(call, 'after')
  return after === 0 ? { device: word(call, 'device') } : { device: word(call, 'device'), after }
}

type Rest = Pick<Route, 'respond'> & { readonly parameters?: Readonly<Record<string, Parameter>>; readonly body?: Route['body'] }
const route = (method: Route['method'], path: string, text: string, rest: Rest): Route => ({ method, path, text, ...rest }) as Route

export const TREE_ROUTES: readonly Route[] = [
  route('GET', '/devices/{device}/tree', 'Children of a node, as known now or after a row', {
    parameters: { device: DEVICE, uri: URI, first: int('Index of the first child', 'query', '0'), count: COUNT, after: AFTER },
    respond: (api, call) => api.tree.children(here(call), word(call, 'uri'), number(call, 'first'), number(call, 'count')),
  }),
  route('GET', '/devices/{device}/tree/overview', 'How much of the tree is known', {
    parameters: { device: DEVICE, after: AFTER },
    respond: (api, call) => api.tree.overview(here(call)),
  }),
  route('GET', '/devices/{device}/tree/node', 'One node: value, properties, rights, DDF, history', {
    parameters: { device: DEVICE, uri: URI, server: string('Server id whose rights are told; empty: the lab', 'query', ''), after: AFTER },
    respond: (api, call) => api.tree.node(here(call), word(call, 'uri'), word(call, 'server')),
  }),
  route('GET', '/devices/{device}/tree/search', 'Nodes whose name, URI or value holds a text, page by page', {
    parameters: {
      device: DEVICE,
      text: string('What to look for', 'query'),
      count: COUNT,
      from: string('`next` of the page before; empty: from the beginning', 'query', ''),
      after: AFTER,
    },
    respond: (api, call) => api.tree.search(here(call), word(call, 'text'), number(call, 'count'), word(call, 'from')),
  }),
  route('GET', '/devices/{device}/tree/changes', 'Messages that changed what is known', {
    parameters: { device: DEVICE, session: int('Key of a session; 0: all', 'query', '0') },
    respond: async (api, call) => ({ changes: await api.tree.changes(word(call, 'device'), number(call, 'session')) }),
  }),
  route('GET', '/devices/{device}/tree/discovery', 'The walk over the tree, running or finished', {
    parameters: { device: DEVICE },
    respond: async (api, call) => ({ discovery: await api.tree.discovery(word(call, 'device')) }),
  }),
  route('POST', '/devices/{device}/tree/discovery', 'Starts a walk over the tree', {
    parameters: { device: DEVICE },
    body: discoverOptions,
    respond: (api, call) => api.tree.discover(word(call, 'device'), call.body as DiscoverOptions),
  }),
  route('DELETE', '/devices/{device}/tree/discovery', 'Cancels the walk', {
    parameters: { device: DEVICE },
    respond: async (api, call) => ({ discovery: await api.tree.cancelDiscovery(word(call, 'device')) }),
  }),
  route('POST', '/devices/{device}/tree/check', 'Remarks on planned commands', {
    parameters: { device: DEVICE },
    body: cart,
    respond: async (api, call) => ({ remarks: await api.tree.check(word(call, 'device'), call.body as Cart) }),
  }),
  route('POST', '/devices/{device}/tree/preview', 'The SyncML a cart becomes', {
    parameters: { device: DEVICE },
    body: wishAndEncoding,
    respond: (api, call) => {
      const wish = call.body as { cart: Cart; encoding: 'xml' | 'wbxml' }
      return api.tree.preview(word(call, 'device'), wish.cart, wish.encoding)
    },
  }),
  route('POST', '/devices/{device}/tree/orders', 'Queues a cart of commands', {
    parameters: { device: DEVICE },
    body: cart,
    respond: (api, call) => api.tree.send(word(call, 'device'), call.body as Cart),
  }),
  route('GET', '/devices/{device}/tree/orders', 'Orders of the device, newest first', {
    parameters: { device: DEVICE },
    respond: async (api, call) => ({ orders: await api.tree.orders(word(call, 'device')) }),
  }),
  route('GET', '/orders/{id}', 'What came of an order', {
    parameters: { id: string('Id of the order') },
    respond: (api, call) => api.tree.order(word(call, 'id')),
  }),
  route('GET', '/snapshots', 'Snapshots of trees', { respond: async (api) => ({ snapshots: await api.tree.snapshots() }) }),
  route('POST', '/snapshots', 'Takes a snapshot', {
    body: named,
    respond: (api, call) => {
      const { name, of } = call.body as { name: string; of: TreeRef }
      return api.tree.snapshot(of, name)
    },
  }),
  route('PUT', '/snapshots/{name}', 'Reads a TNDS or CSV as a snapshot; the body is the file', {
    parameters: { name: SNAPSHOT },
    body: 'bytes',
    respond: (api, call) => api.tree.import(word(call, 'name'), call.body as Uint8Array),
  }),
  route('DELETE', '/snapshots/{name}', 'Deletes a snapshot', {
    parameters: { name: SNAPSHOT },
    respond: (api, call) => api.tree.dropSnapshot(word(call, 'name')),
  }),
  route('POST', '/trees/export', 'A tree or a part of it as TNDS or CSV, base64 in `bytes`, without its secrets unless `unredacted`', {
    body: part,
    respond: (api, call) => {
      const { of, uri, format, unredacted } = call.body as { of: TreeRef; uri: string; format: TreeFormat; unredacted?: boolean }
      return api.tree.export(of, uri, format, unredacted)
    },
  }),
  route('POST', '/trees/diff', 'Differences of two trees', {
    body: pair,
    respond: (api, call) => {
      const { a, b } = call.body as { a: TreeRef; b: TreeRef }
      return api.tree.diff(a, b)
    },
  }),
  route('POST', '/trees/script', 'Commands that turn one tree into another', {
    body: pairAndMode,
    respond: (api, call) => {
      const { a, b, mode } = call.body as { a: TreeRef; b: TreeRef; mode: 'atomic' | 'sequence' }
      return api.tree.script(a, b, mode)
    },
  }),
  route('GET', '/schemas', 'DDFs the lab knows', { respond: async (api) => ({ schemas: await api.tree.schemas() }) }),
  route('PUT', '/schemas/{name}', 'Reads a DDF; the body is the file', {
    parameters: { name: string('Name of the DDF') },
    body: 'bytes',
    respond: (api, call) => api.tree.addSchema(word(call, 'name'), call.body as Uint8Array),
  }),
  route('DELETE', '/schemas/{name}', 'Forgets a DDF', {
    parameters: { name: string('Name of the DDF') },
    respond: (api, call) => api.tree.dropSchema(word(call, 'name')),
  }),
]
