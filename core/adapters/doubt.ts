// A command whose Status was lost with the gateway: was it performed on the device? Reading tells; what nothing tells stays unknown and is never done again (INFERRED).
import type { Request } from '../syncml/message.ts'
import { command } from './command.ts'
import type { Place } from './command.ts'
import { rowFor } from './rows.ts'

/** `open`: it was not performed, or doing it again changes nothing. */
export type Verdict = 'done' | 'open' | 'unknown'

const DEPLOYED = /^(.*\/Inventory\/Deployed\/[^/]+)\/Operations\/([A-Za-z]+)$/
const STATE_AFTER: Readonly<Record<string, string>> = { Activate: '20', Deactivate: '10' }

/** Finds out about a command that has no record of a running operation. Never rejects. */
export async function verdictOf(request: Request, place: Place): Promise<Verdict> {
  if (request.kind === 'Get') return 'open'
  if (request.kind === 'Sequence') {
    const found = new Set(await Promise.all(request.commands.map((each) => verdictOf(each as Request, place))))
    const [one = 'open'] = found
    return found.size > 1 ? 'unknown' : one
  }
  if (!('items' in request) || request.items.length !== 1) return 'unknown'
  const uri = request.items[0]?.target?.locUri ?? ''
  switch (request.kind) {
    // Writing the same once more changes nothing.
    case 'Replace':
      return 'open'
    case 'Add':
      return place.kept.has(uri) ? 'done' : 'open'
    case 'Delete':
      return place.kept.has(uri) ? 'open' : 'done'
    case 'Exec':
      // A long operation has its record before it begins.
      return rowFor(place.adapter.rows, 'Exec', uri)?.row.later === undefined ? executed(uri, place) : 'open'
    default:
      return 'unknown'
  }
}

async function executed(uri: string, place: Place): Promise<Verdict> {
  const [, component = '', operation = ''] = DEPLOYED.exec(uri) ?? []
  const read = (leaf: string): ReturnType<typeof command> =>
    command({ kind: 'Get', cmdId: '', items: [{ target: { locUri: `${component}/${leaf}` } }] }, place)
  if (operation === 'Remove') {
    const { code } = await read('ID')
    return code === 404 ? 'done' : code === 200 ? 'open' : 'unknown'
  }
  const after = STATE_AFTER[operation]
  if (after === undefined) return 'unknown'
  const { code, results } = await read('State')
  return code !== 200 ? 'unknown' : results[0]?.value === after ? 'done' : 'open'
}
