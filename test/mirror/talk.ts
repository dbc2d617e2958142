// A session in a few words: messages of server and device as typed SyncML, numbered rows, and the mirror they give.
import { Mirror } from '../../core/mirror/mirror.ts'
import { flatten } from '../../core/mirror/flat.ts'
import type { TreeEvent } from '../../core/mirror/event.ts'
import { Reader } from '../../core/mirror/reader.ts'
import type { Look } from '../../core/mirror/view.ts'
import { each } from '../../core/mirror/view.ts'
import type { Command, Item, Message, Meta, Request, Results, Status } from '../../core/syncml/message.ts'

/** Rows of one session. `down` numbers its commands from 1; `up` answers them by the same numbers. */
export class Talk {
  readonly events: TreeEvent[] = []
  readonly mirror = new Mirror()
  readonly #reader = new Reader()
  readonly #session: number
  #seq = 0
  #down = 0
  #up = 0

  constructor(session = 1) {
    this.#session = session
  }

  get seq(): number {
    return this.#seq
  }

  /** The server says: gives the row. */
  down(...commands: Command[]): number {
    this.#down += 1
    return this.#say('down', this.#down, commands)
  }

  /** The device says. */
  up(...commands: Command[]): number {
    this.#up += 1
    return this.#say('up', this.#up, commands)
  }

  /** The device says what it said before. */
  again(...commands: Command[]): number {
    return this.#say('up', this.#up, commands)
  }

  #say(direction: 'up' | 'down', msgId: number, commands: readonly Command[]): number {
    this.#seq += 1
    const message: Message = {
      header: {
        verDtd: '1.2',
        verProto: 'DM/1.2',
        sessionId: '1',
        msgId: String(msgId),
        target: { locUri: 'x' },
        source: { locUri: 'server', locName: 'srv' },
      },
      commands,
      final: true,
    }
    const events = this.#reader.read({ seq: this.#seq, at: this.#seq * 1000, session: this.#session, direction, message })
    for (const event of events) this.mirror.apply(event)
    this.events.push(...events)
    return this.#seq
  }
}

/** Numbers commands as CmdIDs from 1 on, those of groups behind their group. */
export function numbered(...commands: readonly Request[]): Request[] {
  let next = 1
  const number = (command: Command): Command => {
    const cmdId = String(next++)
    return 'commands' in command ? { ...command, cmdId, commands: command.commands.map(number) } : { ...command, cmdId }
  }
  return commands.map((command) => number(command) as Request)
}

export const item = (target: string, data?: Item['data'], meta?: Meta): Item => ({
  target: { locUri: target },
  ...(data === undefined ? {} : { data }),
  ...(meta === undefined ? {} : { meta }),
})

export const command = (kind: 'Get' | 'Add' | 'Replace' | 'Delete' | 'Copy', ...items: Item[]): Request => ({ kind, cmdId: '', items })
export const group = (kind: 'Atomic' | 'Sequence', ...commands: Request[]): Request => ({ kind, cmdId: '', commands })

export const status = (msgRef: number, cmdRef: number, code: number, ...targetRefs: string[]): Status => ({
  kind: 'Status',
  cmdId: '9',
  msgRef: String(msgRef),
  cmdRef: String(cmdRef),
  cmd: '',
  targetRefs,
  sourceRefs: [],
  code,
  items: [],
})

export const results = (msgRef: number, cmdRef: number, ...items: Item[]): Results => ({
  kind: 'Results',
  cmdId: '9',
  msgRef: String(msgRef),
  cmdRef: String(cmdRef),
  items,
})
export const came = (source: string, data?: Item['data'], meta?: Meta): Item => ({
  source: { locUri: source },
  ...(data === undefined ? {} : { data }),
  ...(meta === undefined ? {} : { meta }),
})

export const NODE: Meta = { format: 'node', type: 'text/plain' }

/** The tree after a row in lines: `./A/B = value`, `./A/` for interior nodes, `?` for what was never fetched, `~` for what may have moved. */
export function drawn(mirror: Mirror, at = Infinity): string[] {
  const look: Look = { mirror, at, now: 0, staleAfter: Infinity }
  const lines: string[] = []
  each(look, (_node, uri, version) => {
    if (!version.present) lines.push(`${uri} gone`)
    else if (version.format === 'node') lines.push(`${uri}/${version.listed ? '' : ' ?'}${version.stale === '' ? '' : ' ~'}`)
    else
      lines.push(
        `${uri}${version.value === null ? ' ?' : ` = ${version.value}`}${version.format === 'chr' || version.format === '' ? '' : ` (${version.format})`}${version.stale === '' ? '' : ' ~'}`,
      )
  })
  return lines
}

/** The same without what is gone, as data. */
export function facts(mirror: Mirror, at = Infinity): unknown[] {
  return [...flatten(mirror, at).values()]
}
