// One SyncML command on a device without OMA DM: Status and Results as the gateway makes them, and the end of a long operation that follows (gwmo sheet 4.8, INFERRED).
import { SCOMO_NODES } from '../mo/scomo.ts'
import type { Item, Request } from '../syncml/message.ts'
import { dataText, fromBase64, wordsOf } from '../syncml/text.ts'
import { perform } from './perform.ts'
import type { Outcome, Scene } from './perform.ts'
import { AdapterError } from './port.ts'
import { matchNode, nodeKnown, rowFor } from './rows.ts'
import type { MapCommand, Match } from './rows.ts'

/** What became of one command: Status, and Results for a Get. */
export interface Answer {
  readonly code: number
  /** Why, for people; '' where there is nothing to say. */
  readonly text: string
  readonly results: readonly { readonly uri: string; readonly format: string; readonly value: string }[]
  /** An Exec answered 202: what is to be done now. */
  readonly later?: Later
}

/** A long operation. Performed after its 202 was kept. */
export interface Later {
  readonly uri: string
  readonly correlator: string
}

/** All that is needed besides the command. */
export type Place = Omit<Scene, 'name' | 'text' | 'octets'>

/** Nodes below SCOMO that a server may add, and the gateway keeps: those of the object's own table. */
const ADDED = SCOMO_NODES.filter(({ path, access }) => access.includes('Add') && /^(Download|Inventory\/Delivered)\/<X>/.test(path)).map(
  ({ path, format }) => ({
    node: `./SCOMO/${path}`,
    format,
  }),
)

const bytesOf = (item: Item, format: string | undefined): Uint8Array | null => {
  if (item.bulk !== undefined) return item.bulk.read(0, item.bulk.size)
  if (item.data instanceof Uint8Array) return item.data
  if (item.data === undefined) return null
  const text = dataText(item.data)
  return format === 'b64' ? fromBase64(text) : new TextEncoder().encode(text)
}

/** Performs a command; a Sequence is the caller's. Never rejects. */
export async function command(request: Request, place: Place): Promise<Answer> {
  switch (request.kind) {
    case 'Atomic':
      return refusal(406, 'an adapter cannot promise all or nothing')
    case 'Copy':
      return refusal(406, 'no device behind an adapter copies nodes')
    case 'Sequence':
      return refusal(406, 'a Sequence inside another')
    case 'Get':
    case 'Add':
    case 'Replace':
    case 'Delete':
    case 'Exec': {
      let answer: Answer = { code: 200, text: '', results: [] }
      for (const item of request.items) {
        const format = item.meta?.format ?? request.meta?.format
        const uri = item.target?.locUri ?? ''
        const one = await single(request.kind, uri, item, format, place, request.kind === 'Exec' ? (request.correlator ?? '') : '')
        answer = { ...one, results: [...answer.results, ...one.results] }
        if (one.code >= 300 && (one.code < 1200 || one.code >= 1300)) return answer
      }
      return answer
    }
    default:
      return refusal(406, `${request.kind} is not offered by an adapter`)
  }
}

const refusal = (code: number, text: string): Answer => ({ code, text, results: [] })

async function single(on: MapCommand, uri: string, item: Item, format: string | undefined, place: Place, correlator: string): Promise<Answer> {
  const { adapter, kept } = place
  const match = rowFor(adapter.rows, on, uri)
  if (on === 'Exec' && match?.row.later !== undefined) {
    const lacking = lacks(match, kept)
    return lacking === null ? { code: 202, text: '', results: [], later: { uri, correlator } } : refusal(412, lacking)
  }
  const addable = ADDED.find(({ node }) => matchNode(node, uri) !== null)
  const octets = bytesOf(item, format)
  const text = item.data === undefined || item.data instanceof Uint8Array ? '' : dataText(item.data)
  if (on === 'Add') {
    if (addable === undefined) return refusal(406, `${uri} cannot be added on a device behind an adapter`)
    if (kept.has(uri)) return refusal(418, `${uri} is there already`)
    const parent = uri.slice(0, uri.lastIndexOf('/'))
    if (!/\/(Download|Delivered)$/.test(parent) && !kept.has(parent)) return refusal(404, `${parent} is not there`)
    const written = rowFor(adapter.rows, 'Replace', uri)
    if (written === undefined || octets === null || octets.length === 0) {
      kept.put(uri, addable.format === 'node' ? '' : text)
      return { code: 200, text: '', results: [] }
    }
    const answer = await acted(written, uri, place, text, octets)
    if (answer.code === 200) kept.put(uri, '')
    return answer
  }
  if (match === undefined) return plain(on, uri, text, addable !== undefined, place)
  if (on === 'Replace' && match.row.keeps === 'added' && !kept.has(uri)) return refusal(404, `${uri} is not there; Replace makes no node`)
  if (on === 'Replace' && match.row.keeps !== undefined && match.row.acts.length === 0) {
    kept.put(uri, text)
    return { code: 200, text: '', results: [] }
  }
  return acted(match, uri, place, text, octets)
}

/** A node no row speaks of for this command: one that the gateway keeps, or none. */
function plain(on: MapCommand, uri: string, text: string, addable: boolean, { adapter, kept }: Place): Answer {
  if (kept.has(uri)) {
    if (on === 'Delete') kept.forget(uri)
    else if (on === 'Replace' && addable) kept.put(uri, text)
    else if (on === 'Get') {
      const below = kept.below(uri)
      const value = below.length > 0 ? below.join('/') : (kept.get(uri) ?? '')
      return { code: 200, text: '', results: [{ uri, format: below.length > 0 ? 'node' : 'chr', value }] }
    } else return refusal(405, `${on} is not offered for ${uri}`)
    return { code: 200, text: '', results: [] }
  }
  if (on === 'Delete') return refusal(406, `${uri} cannot be deleted on a device behind an adapter`)
  return nodeKnown(adapter.rows, uri)
    ? refusal(405, `${on} is not offered for ${uri}`)
    : refusal(404, `the adapter for ${adapter.protocol} knows no ${uri}`)
}

/** What an operation needs and the server has not written; null where all is there. */
function lacks({ row, name }: Match, kept: Scene['kept']): string | null {
  for (const act of row.acts) {
    const leaf = act.do === 'fetch' || act.do === 'set' ? act.leaf : undefined
    if (leaf === undefined) continue
    const uri = leaf.split('{X}').join(name)
    if ((kept.get(uri) ?? '') === '') return `${uri} was not written`
  }
  return null
}

async function acted({ row, name }: Match, uri: string, place: Place, text: string, octets: Uint8Array | null): Promise<Answer> {
  try {
    const outcome = await perform(row.acts, { ...place, name, text, octets })
    if (row.keeps !== undefined && outcome.code === 200) place.kept.put(uri, '')
    const results = row.on === 'Get' ? [{ uri, format: row.format ?? 'chr', value: outcome.value }] : []
    return { code: outcome.code, text: outcome.text, results }
  } catch (error) {
    const status = error instanceof AdapterError ? error.status : 500
    return refusal(row.failed !== undefined && status !== 404 && status !== 412 ? row.failed : status, wordsOf(error))
  }
}

/** Performs a long operation to its end. Never rejects. */
export async function finish({ uri }: Pick<Later, 'uri'>, place: Place, from = 0): Promise<Outcome> {
  const match = rowFor(place.adapter.rows, 'Exec', uri)
  if (match === undefined) return { code: 500, value: '', text: `no row for ${uri}` }
  try {
    return await perform(match.row.acts, { ...place, name: match.name, text: '', octets: null }, from)
  } catch (error) {
    return { code: match.row.failed ?? 500, value: '', text: wordsOf(error) }
  }
}
