// The device side of a session: performs one command on the tree and reports every status it owes. Never throws (dm-protocol 3.4, 5, 7.2, 9).
import { checkRight, existing } from '../dmtree/edit.ts'
import { TreeError } from '../dmtree/error.ts'
import { changeText } from '../dmtree/journal.ts'
import { itemOf, readable } from '../dmtree/listing.ts'
import { uriOf, walk } from '../dmtree/node.ts'
import type { Tree } from '../dmtree/tree.ts'
import { parseUri } from '../dmtree/uri.ts'
import type { Outcome, Owed, Performance, Performer, Requester, Spool, StatusPart } from '../session/ports.ts'
import type { Alert, Exec, Item, ItemCommand, Meta, Request } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'
import { FULL, isPending } from './features.ts'
import type { Features, LaterAlert, Pending, PerformerOptions } from './features.ts'
import { atomic, otherCode, sequence } from './groups.ts'
import { isUiAlert, questionOf, statusOf } from './interaction.ts'
import type { UiAnswer } from './interaction.ts'
import { metaOf, plain, TreeItems } from './items.ts'

/** Largest object that is gathered in memory by a device which keeps others as files: what every device takes. */
const GATHERED = 1 << 20

export class DevicePerformer implements Performer {
  readonly tree: Tree
  readonly features: Features
  private readonly options: PerformerOptions
  private readonly items: TreeItems
  private owed: Owed[] = []
  private moved = false

  constructor(options: PerformerOptions) {
    this.options = options
    this.tree = options.tree
    this.features = { ...FULL, ...options.features }
    this.items = new TreeItems(options, this.features)
  }

  /** Performs one command. Changes of a command that fails half-way are taken back, Item by Item. */
  perform(request: Request, by: Requester): Outcome {
    const performance = this.begin(request, by)
    for (let step = performance.next(); ; step = performance.next(null)) if (step.done === true) return step.value
  }

  /** The same; yields a UiQuestion wherever a person must answer, and expects a UiAnswer or null; a Pending wherever an Exec may soon be over, and expects its code or null. */
  *begin(request: Request, by: Requester): Performance {
    this.tree.begin(by.serverId)
    let open = true
    try {
      const outcome = yield* this.one(request, by)
      open = false
      const changes = this.close()
      return changes.length > 0 ? { ...outcome, changes } : outcome
    } finally {
      // Given up while a person was asked: what was done before stays.
      if (open) this.close()
    }
  }

  private close(): string[] {
    const changes = this.tree.commit().map(changeText)
    this.moved ||= changes.length > 0
    this.options.part?.settled()
    return changes
  }

  /** True where the tree, or what a part of the device keeps, moved since this was asked last. */
  takeMoved(): boolean {
    const moved = this.options.part?.takeMoved() === true || this.moved
    this.moved = false
    return moved
  }

  keepsOpen(): boolean {
    return this.options.part?.keepsOpen?.() === true
  }

  /** Content of a leaf that a part of the device keeps as a file goes there at once; whoever may not write it learns so before it is sent. */
  spool(command: ItemCommand, item: Item, size: number, by: Requester): Spool | number | null {
    const { part } = this.options
    if (part === undefined || item.target === undefined || (command.kind !== 'Add' && command.kind !== 'Replace')) return null
    if (part.spool === undefined && part.begins === undefined) return null
    const { format } = metaOf(item, command.meta)
    try {
      const uri = parseUri(item.target.locUri, this.items.limits())
      part.begins?.(uri)
      if (part.spool === undefined) return null
      const octets = format === 'b64' ? Math.floor((size * 3) / 4) : size
      const spool = part.spool(uri, octets, () => this.rehearse(command, item, by))
      return spool ?? (size > GATHERED ? 413 : null)
    } catch (error) {
      if (error instanceof TreeError) return error.status
      throw error
    }
  }

  /** The command with an empty value, all of it taken back. Throws TreeError where it is refused. */
  private rehearse(command: ItemCommand, item: Item, by: Requester): void {
    this.tree.begin(by.serverId)
    try {
      this.items.item(command, { ...item, data: new Uint8Array(0) }, by)
    } finally {
      this.tree.rollback()
    }
  }

  /** Leaves of ./DevInfo for Package #1, in tree order. */
  devInfo(): readonly Item[] {
    const node = this.tree.find(['DevInfo'])
    if (node === null) return []
    return [...walk(node)].filter((each) => each.children === null && readable(each, '*')).map((each) => itemOf(each, uriOf(each)))
  }

  /** Generic alerts of jobs that run on after 202 (checklist 35); taking them empties the list. CmdIDs are ''. */
  takeOwed(): readonly Owed[] {
    const { owed } = this
    this.owed = []
    return owed
  }

  private *one(request: Request, by: Requester): Performance {
    switch (request.kind) {
      case 'Add':
      case 'Replace':
      case 'Delete':
      case 'Get':
      case 'Copy':
        return this.items.items(request, by)
      case 'Exec':
        return yield* this.exec(request, by)
      case 'Alert':
        return { statuses: [yield* this.alert(request, by)] }
      case 'Atomic':
        return yield* atomic(request, this.tree, this.features, (command) => this.one(command, by))
      case 'Sequence':
        return yield* sequence(request, (command) => this.one(command, by))
      case 'Other':
        return { statuses: [{ code: otherCode(request) }] }
      default:
        return request satisfies never
    }
  }

  private *exec(command: Exec, by: Requester): Performance {
    if (!this.features.exec) return { statuses: [{ code: 406 }] }
    const [item, second] = command.items
    if (item === undefined) return { statuses: [{ code: 412 }] }
    if (second !== undefined) return { statuses: [{ code: 400 }] }
    let waits: Pending | undefined
    const done = this.items.guarded(item, () => {
      if (item.target === undefined) throw new TreeError(412, 'Item has no Target')
      const uri = parseUri(item.target.locUri, this.items.limits())
      plain(uri, 'Exec')
      const node = existing(this.tree, uri)
      checkRight(node, 'Exec', 'Exec', by.serverId)
      const correlator = command.correlator ?? ''
      const call = { node, uri: uriOf(node), data: dataText(item.data), correlator, serverId: by.serverId }
      const result = this.options.part?.exec(call) ?? this.options.execs?.get(call.uri)?.(call, this.tree)
      if (result === undefined) throw new TreeError(406, `${uri.text} does nothing when executed`)
      if (isPending(result)) {
        waits = result
        return { code: 202 }
      }
      // Codes from 1000 on are results of the operation, not refusals of the command.
      if (result.code >= 300 && result.code < 1000) throw new TreeError(result.code, `Exec of ${uri.text} failed`)
      if (result.later !== undefined) this.owed.push({ alert: genericAlert(result.later, correlator), afterMs: result.later.afterMs ?? 0 })
      return { code: result.code }
    })
    if (waits === undefined) return { statuses: [done.part] }
    return { statuses: [{ ...done.part, code: yield* awaited(waits) }] }
  }

  private *alert(alert: Alert, by: Requester): Generator<unknown, StatusPart, unknown> {
    const { user, people } = this.options
    if (!isUiAlert(alert.code) || (user === undefined && people !== true) || !this.features.alerts.has(alert.code)) return { code: 406 }
    const question = questionOf(alert)
    if (question === null) return { code: 412 }
    try {
      const answer = user === undefined ? ((yield question) as UiAnswer | null) : user(question)
      if (question.kind === 'confirm' && answer?.act === 'ok') this.options.part?.confirmed(by.serverId)
      return statusOf(question, answer)
    } catch {
      return { code: 500 }
    }
  }
}

/** Stands still until the end is known, or nobody waits any more. */
function* awaited(waits: Pending): Generator<unknown, number, unknown> {
  let gone = true
  try {
    const code = yield waits
    gone = false
    return waits.code(typeof code === 'number' ? code : null)
  } finally {
    if (gone) waits.left()
  }
}

function genericAlert(later: LaterAlert, correlator: string): Alert {
  const meta: Meta = { format: later.format, type: later.type, mark: later.mark ?? 'informational' }
  const item: Item = { source: { locUri: later.source }, meta, data: later.data }
  return { kind: 'Alert', cmdId: '', code: 1226, data: '1226', ...(correlator === '' ? {} : { correlator }), items: [item] }
}
