// Commands that left and whose Status never came: what to read of the device to learn whether they were performed. Nothing that may have run is sent again unread (INFERRED).
import type { Command, Request } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'
import { targetOf } from './command.ts'

/** `done`: performed; `taken`: an operation was accepted, its late alert is still to come; `open`: it never reached the device; `unknown`: nobody can tell. */
export type Finding = 'done' | 'taken' | 'open' | 'unknown'

/** What the device answered to one Get. */
export interface Read {
  readonly code: number
  readonly data: string
}

/** Nodes to read, and what their values prove. */
export interface Doubt {
  readonly uris: readonly string[]
  readonly judge: (read: (uri: string) => Read) => Finding
}

const SCOMO = /^(.*)\/(Download|Inventory\/Delivered|Inventory\/Deployed)\/([^/]+)\/Operations\/([A-Za-z]+)$/
const FUMO = /^(.*)\/(Update|Download|DownloadAndUpdate)$/
const IDLE = '10'
/** State a component has while the operation has not run; operations that are not listed leave no trace but the idle Status. */
const BEFORE: Readonly<Record<string, string>> = { Install: '10', InstallInactive: '10', Activate: '10', Deactivate: '20' }
/** States in which a firmware operation can begin. */
const READY: Readonly<Record<string, readonly string[]>> = { Update: ['40', '50'], Download: ['10'], DownloadAndUpdate: ['10'] }

/** How to learn what became of a command; null where nothing can be read that tells (it then stays open until the job's time-out). */
export function doubtOf(command: Request): Doubt | null {
  const uri = targetOf(command)
  const one = 'items' in command && command.items.length === 1
  switch (command.kind) {
    case 'Get':
      return { uris: [], judge: () => 'open' }
    case 'Add':
      // A node that cannot be read is there all the same.
      return one ? reading(uri, ({ code }) => (code === 404 ? 'open' : code === 200 || code === 405 || code === 425 ? 'done' : 'unknown')) : null
    case 'Replace': {
      // Writing the same value once more changes nothing.
      const wanted = one ? command.items[0]?.data : undefined
      if (typeof wanted !== 'string') return one ? { uris: [], judge: () => 'open' } : null
      return reading(uri, ({ code, data }) => (code === 200 && data.trim() === dataText(wanted).trim() ? 'done' : 'open'))
    }
    case 'Delete':
      return one ? reading(uri, ({ code }) => (code === 404 ? 'done' : code === 200 ? 'open' : 'unknown')) : null
    case 'Exec':
      return software(uri) ?? firmware(uri)
    case 'Sequence':
    case 'Atomic':
      return together(command.commands)
    default:
      return null
  }
}

const reading = (uri: string, judge: (read: Read) => Finding): Doubt => ({ uris: [uri], judge: (read) => judge(read(uri)) })

/** An operation of SCOMO: its object is idle, and in the state from before. */
function software(uri: string): Doubt | null {
  const [, root = '', place = '', name = '', op = ''] = SCOMO.exec(uri) ?? []
  if (name === '') return null
  const status = `${root}/${place}/${name}/Status`
  const idle = (read: (uri: string) => Read): boolean => read(status).code === 200 && read(status).data.trim() === IDLE
  if (place === 'Download') {
    // What was fetched lies among the delivered packages.
    const state = `${root}/Inventory/Delivered/${name}/State`
    return { uris: [status, state], judge: (read) => (idle(read) && read(state).code === 404 ? 'open' : 'taken') }
  }
  const before = BEFORE[op]
  if (before === undefined) return reading(status, ({ code, data }) => (code === 200 && data.trim() === IDLE ? 'open' : 'taken'))
  const state = `${root}/${place}/${name}/State`
  return { uris: [status, state], judge: (read) => (idle(read) && read(state).data.trim() === before ? 'open' : 'taken') }
}

function firmware(uri: string): Doubt | null {
  const [, root = '', op = ''] = FUMO.exec(uri) ?? []
  if (root === '') return null
  return reading(`${root}/State`, ({ code, data }) => (code !== 200 ? 'unknown' : (READY[op] ?? []).includes(data.trim()) ? 'open' : 'taken'))
}

/** Several in one: performed, or not, where all of them say the same. */
function together(commands: readonly Command[]): Doubt | null {
  const doubts = commands.map((each) => (each.kind === 'Exec' || each.kind === 'Get' ? null : doubtOf(each as Request)))
  if (doubts.length === 0 || doubts.some((each) => each === null)) return null
  const known = doubts.flatMap((each) => each ?? [])
  return {
    uris: known.flatMap(({ uris }) => uris),
    judge: (read) => {
      const found = new Set(known.map(({ judge }) => judge(read)))
      return found.size === 1 ? ([...found][0] ?? 'unknown') : 'unknown'
    },
  }
}
