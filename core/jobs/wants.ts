// What is to be sent of an item now: follows from the item alone; nothing here changes it.
import type { JobType } from '../api.ts'
import type { Bulk, Command, Item as WireItem } from '../syncml/message.ts'
import { effectOf, locate, ownerOf } from './state.ts'
import { childrenOf } from './survey.ts'
import type { DeviceMemory, ExecStep, Item, PutNode, Step, VerifyStep } from './types.ts'
import { isOver } from './types.ts'

/** A command, and whose answer it brings. */
export interface Want {
  readonly key: string
  readonly command: Command
}

/** What an item is worked on with. */
export interface Scene {
  readonly type: JobType
  readonly root: string
  readonly memory: DeviceMemory
  readonly now: number
  readonly sessionId: string
  /** The device runs nothing twice for a repeated Correlator. */
  readonly own: boolean
  /** Nobody wants the job any more: what was ordered is awaited, nothing is ordered anew. */
  readonly cancelled: boolean
  /** Throws an Error in words where the bytes are not there. */
  file(sha256: string): Bulk
  log(text: string): void
}

export const get = (locUri: string): Command => ({ kind: 'Get', cmdId: '', items: [{ target: { locUri } }] })
const write = (kind: 'Add' | 'Replace', locUri: string, item: Pick<WireItem, 'meta' | 'data' | 'bulk'>): Command => ({
  kind,
  cmdId: '',
  items: [{ target: { locUri }, ...item }],
})
const asks = (at: number, uris: readonly string[]): Want[] => uris.map((uri) => ({ key: `${String(at)} get ${uri}`, command: get(uri) }))
export const fine = (code: number): boolean => code >= 200 && code < 300
export function wants(scene: Scene, item: Item): Want[] {
  const step = item.steps[item.at]
  if (step === undefined || isOver(item.state)) return []
  const own = stepWants(scene, item, step, item.at)
  const next = item.steps[item.at + 1]
  return step.do === 'put' && step.joined && next !== undefined ? [...own, ...stepWants(scene, item, next, item.at + 1)] : own
}

function stepWants(scene: Scene, item: Item, step: Step, at: number): Want[] {
  switch (step.do) {
    case 'put':
      return step.nodes.flatMap((node, i) => (node.state === 'todo' ? [{ key: `${String(at)} node ${String(i)}`, command: putCommand(node) }] : []))
    case 'data': {
      if (step.state !== 'todo') return []
      const bulk = scene.file(step.sha256)
      const meta = { format: 'bin', type: 'application/octet-stream' }
      return [{ key: `${String(at)} data`, command: write(step.how, step.uri, { meta, bulk }) }]
    }
    case 'exec':
      return execWants(scene, item, step, at)
    case 'verify': {
      const found = look(scene, item, step)
      return 'ask' in found ? asks(at, found.ask) : []
    }
    default:
      return step satisfies never
  }
}

function putCommand({ uri, format, data, how }: PutNode): Command {
  if (format === 'node' || format === 'null') return write(how, uri, { meta: { format } })
  if (format === 'bin') return write(how, uri, { meta: { format: 'bin', type: 'application/octet-stream' }, data: '' })
  return write(how, uri, { meta: { format: 'chr', type: 'text/plain' }, data })
}

function execWants(scene: Scene, item: Item, step: ExecStep, at: number): Want[] {
  if (step.state === 'lost' || (step.state === 'refused' && step.code === 403)) {
    const effect = effectOf(scene.type, scene.root, item, resolved(item, step), step.answers)
    return 'ask' in effect ? asks(at, effect.ask) : []
  }
  if (step.state === 'refused' && step.mend === 1) return mending(item, step, at)
  if (step.state !== 'todo' || step.session === scene.sessionId) return []
  const { uri, correlator } = resolved(item, step)
  return [{ key: `${String(at)} exec`, command: { kind: 'Exec', cmdId: '', correlator, items: [{ target: { locUri: uri } }] } }]
}

export const resolved = (item: Item, step: ExecStep): ExecStep => ({ ...step, uri: step.uri.replace('{delivered}', item.delivered) })

/** Rule 2a: what is there is listed, what is missing is added, parents first. */
export function mending(item: Item, step: ExecStep, at: number): Want[] {
  const { uri } = resolved(item, step)
  const owner = ownerOf(uri)
  const operations = `${owner}/Operations`
  if (step.answers[owner] === undefined) return asks(at, [owner])
  if (!fine(step.answers[owner].code)) return []
  const has = childrenOf(owner, step.answers[owner]).includes(operations)
  if (has && step.answers[operations] === undefined) return asks(at, [operations])
  if (childrenOf(operations, step.answers[operations]).includes(uri) || spelled(step, operations) !== '') return []
  if (owner.includes('/Inventory/Deployed/')) return []
  const missing: readonly (readonly [string, 'node' | 'null'])[] = has
    ? [[uri, 'null']]
    : [
        [operations, 'node'],
        [uri, 'null'],
      ]
  return missing
    .filter(([node]) => step.answers[`add ${node}`] === undefined)
    .map(([node, format]) => ({ key: `${String(at)} add ${node}`, command: write('Add', node, { meta: { format } }) }))
}

/** How the device writes the primitive, where it writes it differently (MediaTek: `Deactive`). */
export function spelled(step: ExecStep, operations: string): string {
  const names = childrenOf(operations, step.answers[operations])
  return step.primitive === 'Deactivate' && names.includes(`${operations}/Deactive`) ? `${operations}/Deactive` : ''
}

/** Version, State and start record of what resulted. */
export function look(scene: Scene, item: Item, step: VerifyStep): { readonly ask: readonly string[] } | { readonly uris: readonly string[] } {
  const known = item.objects.filter((uri) => uri.includes('/Inventory/Deployed/'))
  const located = known.length > 0 ? null : locate(scene.root, item, step.answers)
  if (located !== null && 'ask' in located) return located
  const uris = located === null ? known : located.have === null ? [] : [located.have]
  const leaves = uris.flatMap((uri) => [`${uri}/ID`, `${uri}/Version`, `${uri}/State`, ...(step.active ? [`${uri}/Ext/LastStart`] : [])])
  const ask = leaves.filter((uri) => step.answers[uri] === undefined)
  return ask.length > 0 ? { ask } : { uris }
}
