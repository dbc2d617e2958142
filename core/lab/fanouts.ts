// Fan-outs and images as the DM Server asks gateways for them: orders queued, alerts taken as answers, everything kept as documents.
import type { FanoutDevice, FanoutRow, FanoutWish, ImageRow, ImageWish, Seq } from '../api.ts'
import { OUR_ROOTS, fanoutAuto, fanoutCancel, fanoutCommand, fanoutNodes, fanoutStart } from '../gateway/orders.ts'
import type { FanoutOrder } from '../gateway/orders.ts'
import { readAggregation } from '../gateway/payloads.ts'
import { answered, fanoutAt, fanoutLook, inDoubt, lookFor, removal } from './fanoutlooks.ts'
import { cancelledRow, cancelHeard, cancelling, unwoken } from './fanoutcancels.ts'
import { ServerImages } from './serverimages.ts'
import { deviceWords, heard } from './fanoutdevices.ts'
import { JOB_CODES } from '../mo/gwmo.ts'
import type { Note } from '../machine.ts'
import { happening } from '../mo/events.ts'
import { orderId } from '../server/orderid.ts'
import type { AlertRecord, Order } from '../server/records.ts'
import type { Docs } from '../store/docs.ts'
import type { Command } from '../syncml/message.ts'
import { hexOf } from '../syncml/text.ts'

export interface FanoutsParts {
  readonly docs: Docs
  readonly now: () => number
  readonly random: (count: number) => Uint8Array
  readonly queue: (order: Order) => void
  /** An order as it stands; undefined once it is done and forgotten. */
  readonly order: (id: string) => Order | undefined
  /** Wakes the gateway. */
  readonly notify: (gateway: string) => Promise<unknown>
  /** Bytes of a package of the catalogue. */
  readonly package: (pkgId: string) => { readonly bytes: Uint8Array; readonly sha256: string } | undefined
  readonly seq: () => Seq
  readonly moved: (fanout: FanoutRow) => void
  /** Takes named happenings of fan-outs and images (core/mo/events.ts); absent: nobody does. */
  readonly happened?: (note: Note) => void
  /** A fan-out came to its end; `late`: a device whose code moved after that end. Absent: nobody wants to know. */
  readonly ended?: (row: FanoutRow, late: FanoutDevice | null) => void
  /** A timer; gives what stops it. Absent: nothing is looked at by itself. */
  readonly after?: (ms: number, call: () => void) => () => void
}

/** States in which something is still to come. */
const OPEN: ReadonlySet<FanoutRow['state']> = new Set(['queued', 'running'])

interface Kept {
  readonly wish: FanoutWish
  readonly row: FanoutRow
  /** Order that lays the job down, or looks whether it lies there. */
  readonly order: string
  readonly look?: boolean
  /** Somebody cancelled it: the order that tells the gateway so, or (`removal`) takes away what lies there. '' where the gateway has taken it. */
  readonly cancel?: { readonly order: string; readonly removal: boolean }
  /** Cancelled before its order left. */
  readonly withdrawn?: boolean
}
const FANOUT = 'fanout'

export class ServerFanouts {
  readonly #parts: FanoutsParts
  readonly #images: ServerImages
  #stopped = false

  constructor(parts: FanoutsParts) {
    this.#parts = parts
    const order = (gateway: string, commands: readonly Command[]): string => this.#order(gateway, commands)
    this.#images = new ServerImages({ ...parts, ask: order, look: parts.order, wake: (gateway) => this.#wake(gateway) })
  }

  /** A fan-out with what was asked. Throws for an unknown one. */
  kept(id: string): { readonly row: FanoutRow; readonly wish: FanoutWish } {
    return this.#get(id)
  }

  /** Goes on with what an earlier process left: sessions whose end it did not see. */
  start(): void {
    this.#images.start()
    const open = [...this.#kept().map(({ row }) => row), ...this.#images.all()].filter(({ state }) => state === 'queued')
    for (const gateway of new Set(open.map((row) => row.gateway))) {
      this.settle(gateway)
      // Nobody else may know any more that something waits for it.
      void this.#wake(gateway)
    }
  }

  /** Nothing is looked at or told any more. */
  stop(): void {
    this.#stopped = true
    this.#images.stop()
  }

  all(): readonly FanoutRow[] {
    return this.#kept().map(({ row }) => row)
  }
  images = (): readonly ImageRow[] => this.#images.all()
  image = (wish: ImageWish): ImageRow => this.#images.create(wish)
  expire = (gateway: string, imageId: string, seconds: number): ImageRow => this.#images.expire(gateway, imageId, seconds)

  create(wish: FanoutWish): FanoutRow {
    const { now, random } = this.#parts
    if (wish.delivery === undefined && wish.commands.length === 0) throw new Error('a fan-out without commands')
    if (wish.delivery === 'push' && wish.commands.length > 0) throw new Error('delivery by a push has no commands')
    if (wish.delivery === 'push' && wish.image === undefined) throw new Error('delivery by a push needs an image')
    const nobody = (wish.devices ?? []).length === 0 && (wish.groups ?? []).length === 0 && wish.all !== true
    if (nobody && wish.mode === undefined && wish.filter === undefined) throw new Error('the fan-out names no target')
    const id = `f${hexOf(random(4))}`
    const style = wish.style ?? "Y'"
    const devices = (wish.devices ?? []).map((deviceId): FanoutDevice => ({ deviceId, code: 0, text: '' }))
    const base = { id, gateway: wish.gateway, createdAt: now(), style, state: 'queued' as const, result: 0, reason: '', summary: null, seq: 0 }
    const order = this.#order(wish.gateway, layJob(id, wish))
    const row = this.#save({ wish, row: { ...base, devices }, order })
    void this.#wake(wish.gateway).then((why) => this.#unwoken(id, why))
    return row
  }

  /** Before its order left it is taken back; else the gateway is told. Throws for one that is over. */
  cancel(id: string): FanoutRow {
    const kept = this.#get(id)
    const { row, cancel } = kept
    if (!OPEN.has(row.state)) throw new Error(`fan-out ${id} is ${row.state}`)
    if (cancel !== undefined) return row
    const lay = this.#parts.order(kept.order)
    if (row.state === 'queued' && lay?.state === 'queued') {
      this.#parts.queue({ ...lay, state: 'failed' })
      return this.#save({ ...kept, withdrawn: true, row: cancelledRow(row, 'cancelled before the gateway had it') })
    }
    return this.#cancelAt(kept, false)
  }

  #cancelAt(kept: Kept, removing: boolean): FanoutRow {
    const { id, gateway } = kept.row
    const order = this.#order(gateway, [removing ? removal(fanoutAt(id)) : fanoutCancel(OUR_ROOTS, id)])
    void this.#wake(gateway)
    return this.#save({ ...kept, cancel: { order, removal: removing }, row: cancelling(kept.row) })
  }

  /** What the gateway said to a cancellation. */
  #settleCancel(kept: Kept): void {
    const { cancel, row, ...rest } = kept
    const order = this.#parts.order(cancel?.order ?? '')
    if (cancel === undefined || order === undefined || order.state === 'queued' || order.state === 'sent') return
    const heard = OPEN.has(row.state) ? cancelHeard(order, cancel.removal) : 'over'
    if (heard === 'over') return void this.#save({ ...rest, row })
    if (heard === 'again' || heard === 'remove') return void this.#cancelAt(kept, heard === 'remove')
    if (heard === 'taken') return void this.#save({ ...kept, cancel: { ...cancel, order: '' } })
    if (heard === 'refused') return void this.#save({ ...rest, row: { ...row, reason: `not cancelled: ${answered(order)}` } })
    const lay = this.#parts.order(kept.order)
    if (lay?.state === 'queued') this.#parts.queue({ ...lay, state: 'failed' })
    this.#save({ ...rest, row: cancelledRow(row, 'cancelled before it began') })
  }

  retry(id: string, devices: readonly string[]): FanoutRow {
    const { wish } = this.#get(id)
    const { groups, all, mode, filter, ...rest } = wish
    void [groups, all, mode, filter]
    return this.create({ ...rest, devices })
  }

  /** What a gateway told of a fan-out or an image. */
  told(from: string, what: 'aggregation' | 'completion' | 'imageReady', alert: AlertRecord, item: AlertRecord['items'][number]): void {
    if (what === 'imageReady') return this.#images.ready(from, item)
    const name = alert.correlator !== '' ? alert.correlator : (/\/Fanout\/Fanout\/([^/]+)/.exec(item.source)?.[1] ?? '')
    const kept = this.#parts.docs.get(FANOUT, name) as Kept | undefined
    // Another gateway's word about this fan-out does not count.
    if (kept === undefined || kept.row.gateway !== from) return
    const seq = this.#parts.seq()
    if (what === 'completion') {
      const result = Number(item.data.trim())
      const state = result === 214 ? 'cancelled' : result >= 200 && result < 300 ? 'done' : 'failed'
      const reason = JOB_CODES.find(({ value }) => value === result)?.words ?? ''
      this.#save({ ...kept, row: { ...kept.row, state, result, reason, seq } })
      return
    }
    const { devices, summary, groups } = readAggregation(item.data)
    const codes = new Map(kept.row.devices.map((device) => [device.deviceId, device]))
    for (const each of devices) codes.set(each.deviceId, heard(codes.get(each.deviceId), each))
    for (const { code, devices: ids } of groups)
      for (const deviceId of ids) codes.set(deviceId, { ...codes.get(deviceId), deviceId, code, text: deviceWords(code) })
    this.#save({ ...kept, row: { ...kept.row, devices: [...codes.values()], summary: summary ?? kept.row.summary, seq } })
  }

  /** A session of a gateway is over: what became of the orders that lay fan-outs and images down. What is not known is looked up there. */
  settle(gateway: string): void {
    if (this.#stopped) return
    for (const before of this.#kept()) {
      if (before.row.gateway !== gateway) continue
      // What the gateway said to a cancellation counts before what is known of the order that laid it down.
      if (before.cancel !== undefined) this.#settleCancel(before)
      const kept = before.cancel === undefined ? before : this.#get(before.row.id)
      if (kept.row.state !== 'queued' && kept.withdrawn !== true) continue
      const order = this.#parts.order(kept.order)
      if (order !== undefined && order.state !== 'queued' && order.state !== 'sent') this.#settleFanout(kept, order)
    }
    this.#images.settle(gateway)
  }

  #settleFanout(kept: Kept, order: Order): void {
    const { wish, row, withdrawn } = kept
    if (withdrawn === true) {
      // A session had it in hand already when it was taken back: it ends there too.
      const left = order.state !== 'failed'
      if (left) void this.#order(row.gateway, [fanoutCancel(OUR_ROOTS, row.id)])
      this.#save({ ...kept, withdrawn: false })
      return left ? void this.#wake(row.gateway) : undefined
    }
    const { id, gateway } = row
    const next = (commands: readonly Command[], look: boolean): void => {
      this.#save({ wish, row, order: this.#order(gateway, commands), look })
      void this.#wake(gateway)
    }
    const found = kept.look === true ? fanoutLook(order, id) : inDoubt(order) ? 'ask' : order.state === 'done' ? 'there' : 'failed'
    // What the gateway says to the cancellation decides.
    if (kept.cancel !== undefined && found !== 'there' && found !== 'failed') return
    if (found === 'ask') return next(lookFor(fanoutAt(id), ['State']), true)
    if (found === 'again') return next(layJob(id, wish), false)
    if (found === 'anew') return next([removal(fanoutAt(id)), ...layJob(id, wish)], false)
    if (found === 'failed') return void this.#save({ ...kept, row: { ...row, state: 'failed', reason: answered(order) } })
    this.#save({ ...kept, row: { ...row, state: 'running', reason: kept.cancel === undefined ? '' : row.reason } })
    // Flow Y: the job lies there now; this notification starts it.
    if (row.style === 'Y' && kept.cancel === undefined) void this.#wake(gateway)
  }

  #order(gateway: string, commands: readonly Command[]): string {
    const createdAt = this.#parts.now()
    const id = orderId(createdAt, this.#parts.random)
    this.#parts.queue({ id, device: gateway, createdAt, commands, state: 'queued', sessionId: '', outcomes: [] })
    return id
  }

  /** A gateway that cannot be woken gets its orders at its next session. Gives why it cannot; '' where it was notified. */
  async #wake(gateway: string): Promise<string> {
    try {
      await this.#parts.notify(gateway)
      return ''
    } catch (error) {
      return unwoken(error)
    }
  }

  #unwoken(id: string, reason: string): void {
    if (this.#stopped) return
    const kept = this.#get(id)
    if (reason !== '' && kept.row.state === 'queued' && kept.row.reason === '') this.#save({ ...kept, row: { ...kept.row, reason } })
  }

  #kept(): readonly Kept[] {
    return this.#parts.docs
      .all(FANOUT)
      .map(({ value }) => value as Kept)
      .reverse()
  }
  #get(id: string): Kept {
    const kept = this.#parts.docs.get(FANOUT, id) as Kept | undefined
    if (kept === undefined) throw new Error(`there is no fan-out ${id}`)
    return kept
  }
  #save(kept: Kept): FanoutRow {
    const { id, gateway, state, result, reason } = kept.row
    const old = (this.#parts.docs.get(FANOUT, id) as Kept | undefined)?.row
    this.#parts.docs.put(FANOUT, id, kept)
    if (!OPEN.has(state)) this.#over(old, kept.row)
    if (old?.state !== state) {
      const text = `fan-out ${id} at ${gateway} is ${state}${reason === '' ? '' : `: ${reason}`}`
      this.#parts.happened?.(happening('server.fanout', gateway, text, { fanout: id, gateway, state, result }))
    }
    this.#parts.moved(kept.row)
    return kept.row
  }

  /** The end is told once; afterwards each device whose code moves. */
  #over(old: FanoutRow | undefined, row: FanoutRow): void {
    if (old === undefined || OPEN.has(old.state)) return this.#parts.ended?.(row, null)
    const before = new Map(old.devices.map(({ deviceId, code }) => [deviceId, code]))
    for (const device of row.devices) if (before.get(device.deviceId) !== device.code) this.#parts.ended?.(row, device)
  }
}

/** Commands that lay a fan-out down and start it, or leave it for the notification that does (flow Y). */
function layJob(name: string, wish: FanoutWish): readonly Command[] {
  const nodes = fanoutNodes(OUR_ROOTS, {
    name,
    devices: wish.devices ?? [],
    groups: wish.groups ?? [],
    all: wish.all ?? false,
    mode: wish.mode ?? null,
    filter: wish.filter ?? '',
    command: wish.delivery === 'push' ? '' : fanoutCommand(wish.commands),
    push: pushOf(wish),
    imageRef: wish.image ?? '',
    timeout: wish.timeout ?? null,
    interval: wish.interval ?? null,
    returnFormat: wish.returnFormat ?? null,
  })
  return [...nodes, wish.style === 'Y' ? fanoutAuto(OUR_ROOTS, name) : fanoutStart(OUR_ROOTS, name, name)]
}

/** What is pushed instead of commands. */
function pushOf({ delivery, pushUrl, pushType }: FanoutWish): FanoutOrder['push'] {
  if (delivery === undefined) return undefined
  return { url: pushUrl === 'descriptor' ? 'descriptor' : 'url', ...(pushType === undefined ? {} : { type: pushType }) }
}
