// Fan-outs and images as the DM Server asks gateways for them: orders queued, alerts taken as answers, everything kept as documents.
import type { FanoutDevice, FanoutRow, FanoutWish, ImageRow, ImageWish, Seq } from '../api.ts'
import {
  OUR_ROOTS,
  fanoutAuto,
  fanoutCancel,
  fanoutCommand,
  fanoutNodes,
  fanoutStart,
  imageData,
  imageDownload,
  imageExpiry,
  imageNodes,
} from '../gateway/orders.ts'
import { readAggregation, readImageReady } from '../gateway/payloads.ts'
import type { DeviceResult } from '../gateway/payloads.ts'
import { badOf, fanoutAt, fanoutLook, imageAt, imageLook, inDoubt, lookFor, removal, seen } from './fanoutlooks.ts'
import { DEVICE_CODES, JOB_CODES } from '../mo/gwmo.ts'
import type { Note } from '../machine.ts'
import { codeWords } from '../mo/codes.ts'
import { happening } from '../mo/events.ts'
import type { AlertRecord, Order } from '../server/records.ts'
import type { Docs } from '../store/docs.ts'
import type { Command } from '../syncml/message.ts'

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
}

/** States in which something is still to come. */
const OPEN: ReadonlySet<FanoutRow['state']> = new Set(['queued', 'running'])

interface Kept {
  readonly wish: FanoutWish
  readonly row: FanoutRow
  /** Order that lays the job down, or looks whether it lies there. */
  readonly order: string
  readonly look?: boolean
}
interface KeptImage {
  readonly row: ImageRow
  readonly order: string
  readonly look?: boolean
  /** Absent in older workspaces. */
  readonly wish?: ImageWish
}

const FANOUT = 'fanout'
const IMAGE = 'fanout.image'
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const safe = (name: string): string => name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 64) || 'image'

export class ServerFanouts {
  readonly #parts: FanoutsParts

  constructor(parts: FanoutsParts) {
    this.#parts = parts
  }

  /** A fan-out with what was asked. Throws for an unknown one. */
  kept(id: string): { readonly row: FanoutRow; readonly wish: FanoutWish } {
    return this.#get(id)
  }

  /** Goes on with what an earlier process left: sessions whose end it did not see. */
  start(): void {
    const open = [...this.#kept(), ...this.#parts.docs.all(IMAGE).map(({ value }) => value as KeptImage)].filter(({ row }) => row.state === 'queued')
    for (const gateway of new Set(open.map(({ row }) => row.gateway))) {
      this.settle(gateway)
      // Nobody else may know any more that something waits for it.
      void this.#wake(gateway)
    }
  }

  all(): readonly FanoutRow[] {
    return this.#kept().map(({ row }) => row)
  }
  images(): readonly ImageRow[] {
    return this.#parts.docs.all(IMAGE).map(({ value }) => this.#aged((value as KeptImage).row))
  }

  create(wish: FanoutWish): FanoutRow {
    const { now, random } = this.#parts
    if (wish.commands.length === 0) throw new Error('a fan-out without commands')
    const nobody = (wish.devices ?? []).length === 0 && (wish.groups ?? []).length === 0 && wish.all !== true
    if (nobody && wish.mode === undefined && wish.filter === undefined) throw new Error('the fan-out names no target')
    const id = `f${hex(random(4))}`
    const style = wish.style ?? "Y'"
    const devices = (wish.devices ?? []).map((deviceId): FanoutDevice => ({ deviceId, code: 0, text: '' }))
    const base = { id, gateway: wish.gateway, createdAt: now(), style, state: 'queued' as const, result: 0, reason: '', summary: null, seq: 0 }
    const order = this.#order(wish.gateway, layJob(id, wish))
    const row = this.#save({ wish, row: { ...base, devices }, order })
    void this.#wake(wish.gateway)
    return row
  }

  cancel(id: string): FanoutRow {
    const kept = this.#get(id)
    if (kept.row.state !== 'queued' && kept.row.state !== 'running') throw new Error(`fan-out ${id} is ${kept.row.state}`)
    this.#order(kept.row.gateway, [fanoutCancel(OUR_ROOTS, id)])
    void this.#wake(kept.row.gateway)
    return kept.row
  }

  retry(id: string, devices: readonly string[]): FanoutRow {
    const { wish } = this.#get(id)
    const { groups, all, mode, filter, ...rest } = wish
    void [groups, all, mode, filter]
    return this.create({ ...rest, devices })
  }

  image(wish: ImageWish): ImageRow {
    const { now } = this.#parts
    const name = safe(wish.imageId)
    const { commands, size } = this.#delivery(wish)
    const order = this.#order(wish.gateway, commands)
    const expiresAt = wish.expiry === undefined ? 0 : now() + wish.expiry * 1000
    const row: ImageRow = {
      gateway: wish.gateway,
      imageId: wish.imageId,
      state: 'queued',
      url: '',
      size,
      expiresAt,
      ...(wish.expiry === undefined ? {} : { life: wish.expiry }),
      reason: '',
    }
    this.#parts.docs.put(IMAGE, `${wish.gateway} ${name}`, { row, order, wish } satisfies KeptImage)
    void this.#wake(wish.gateway)
    return row
  }

  expire(gateway: string, imageId: string, seconds: number): ImageRow {
    const id = `${gateway} ${safe(imageId)}`
    const kept = this.#parts.docs.get(IMAGE, id) as KeptImage | undefined
    if (kept === undefined) throw new Error(`there is no image ${imageId} at ${gateway}`)
    this.#order(gateway, [imageExpiry(OUR_ROOTS, safe(imageId), seconds)])
    const row = { ...kept.row, expiresAt: this.#parts.now() + seconds * 1000, life: seconds }
    this.#parts.docs.put(IMAGE, id, { ...kept, row })
    void this.#wake(gateway)
    return row
  }

  /** What a gateway told of a fan-out or an image. */
  told(from: string, what: 'aggregation' | 'completion' | 'imageReady', alert: AlertRecord, item: AlertRecord['items'][number]): void {
    if (what === 'imageReady') return this.#imageReady(from, item)
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

  #imageReady(from: string, item: AlertRecord['items'][number]): void {
    const { imageId, imageUrl, size } = readImageReady(item.data)
    const id = `${from} ${safe(imageId)}`
    const kept = this.#parts.docs.get(IMAGE, id) as KeptImage | undefined
    if (kept !== undefined) this.#saveImage(id, { ...kept, row: { ...kept.row, state: 'ready', url: imageUrl, size } })
  }

  /** Commands that bring an image to a gateway. Throws an Error in words where it is nowhere. */
  #delivery(wish: ImageWish): { readonly commands: readonly Command[]; readonly size: number } {
    const name = safe(wish.imageId)
    const pkg = wish.pkg === undefined ? undefined : this.#parts.package(wish.pkg)
    if (wish.pkg !== undefined && pkg === undefined) throw new Error(`there is no package ${wish.pkg} in the catalogue`)
    if (pkg === undefined && wish.url === undefined) throw new Error('an image needs a package of the catalogue or a URL')
    const made = imageNodes(OUR_ROOTS, {
      name,
      imageId: wish.imageId,
      expiry: wish.expiry ?? null,
      sha256: pkg?.sha256 ?? '',
      ...(wish.url === undefined ? {} : { pkgUrl: wish.url }),
    })
    const bytes = pkg === undefined ? imageDownload(OUR_ROOTS, name, `image-${name}`) : imageData(OUR_ROOTS, name, pkg.bytes)
    return { commands: [made, bytes], size: pkg?.bytes.length ?? 0 }
  }

  /** A session of a gateway is over: what became of the orders that lay fan-outs and images down. What is not known is looked up there. */
  settle(gateway: string): void {
    for (const kept of this.#kept()) {
      if (kept.row.gateway !== gateway || kept.row.state !== 'queued') continue
      const order = this.#parts.order(kept.order)
      if (order !== undefined && order.state !== 'queued' && order.state !== 'sent') this.#settleFanout(kept, order)
    }
    for (const { id, value } of this.#parts.docs.all(IMAGE)) {
      const kept = value as KeptImage
      if (kept.row.gateway !== gateway || kept.row.state !== 'queued') continue
      const order = this.#parts.order(kept.order)
      if (order !== undefined && order.state !== 'queued' && order.state !== 'sent') this.#settleImage(id, kept, order)
    }
  }

  #settleFanout(kept: Kept, order: Order): void {
    const { wish, row } = kept
    const { id, gateway } = row
    const next = (commands: readonly Command[], look: boolean): void => {
      this.#save({ wish, row, order: this.#order(gateway, commands), look })
      void this.#wake(gateway)
    }
    const found = kept.look === true ? fanoutLook(order, id) : inDoubt(order) ? 'ask' : order.state === 'done' ? 'there' : 'failed'
    if (found === 'ask') return next(lookFor(fanoutAt(id), ['State']), true)
    if (found === 'again') return next(layJob(id, wish), false)
    if (found === 'anew') return next([removal(fanoutAt(id)), ...layJob(id, wish)], false)
    if (found === 'failed') return void this.#save({ ...kept, row: { ...row, state: 'failed', reason: answered(order) } })
    this.#save({ ...kept, row: { ...row, state: 'running' } })
    // Flow Y: the job lies there now; this notification starts it.
    if (row.style === 'Y') void this.#wake(gateway)
  }

  #settleImage(id: string, kept: KeptImage, order: Order): void {
    const { wish, row } = kept
    const name = safe(row.imageId)
    const next = (commands: readonly Command[], look: boolean): void => {
      this.#saveImage(id, { ...kept, order: this.#order(row.gateway, commands), look })
      void this.#wake(row.gateway)
    }
    const known =
      kept.look === true ? imageLook(order, name) : inDoubt(order) && wish !== undefined ? 'ask' : order.state === 'done' ? 'there' : 'failed'
    if (known === 'ask') return next(lookFor(imageAt(name), ['State', 'ImageURL', 'Size']), true)
    if (known === 'failed') return this.#saveImage(id, { ...kept, row: { ...row, state: 'failed', reason: answered(order) } })
    if (known === 'again' && wish !== undefined) return next(this.#delivery(wish).commands, false)
    if (known === 'anew' && wish !== undefined) return next([removal(imageAt(name)), ...this.#delivery(wish).commands], false)
    const url = kept.look === true ? seen(order, `${imageAt(name)}/ImageURL`) : { code: 0, data: '' }
    const ready = url.code === 200 && url.data !== ''
    this.#saveImage(id, { ...kept, row: ready ? { ...row, state: 'ready', url: url.data } : { ...row, state: 'transferring' } })
  }

  #saveImage(id: string, kept: KeptImage): void {
    const before = (this.#parts.docs.get(IMAGE, id) as KeptImage | undefined)?.row
    this.#parts.docs.put(IMAGE, id, kept)
    const { gateway, imageId, state, url, reason } = kept.row
    if (before?.state === state && before.url === url) return
    const text = `image ${imageId} at ${gateway} is ${state}${reason === '' ? '' : `: ${reason}`}`
    this.#parts.happened?.(happening('server.image', gateway, text, { gateway, image: imageId, state, url }))
  }

  #aged(row: ImageRow): ImageRow {
    const over = row.state === 'ready' && row.expiresAt > 0 && this.#parts.now() >= row.expiresAt
    return over ? { ...row, state: 'expired' } : row
  }

  #order(gateway: string, commands: readonly Command[]): string {
    const id = hex(this.#parts.random(8))
    this.#parts.queue({ id, device: gateway, createdAt: this.#parts.now(), commands, state: 'queued', sessionId: '', outcomes: [] })
    return id
  }

  async #wake(gateway: string): Promise<void> {
    // A gateway that cannot be woken gets its orders at its next session.
    await this.#parts.notify(gateway).catch(() => {})
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

/** Why an order failed, in words. */
function answered(order: Order): string {
  const bad = badOf(order)
  return `the gateway answered ${bad?.code ?? 0} for ${bad?.uri ?? 'the order'}`
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
    command: fanoutCommand(wish.commands),
    imageRef: wish.image ?? '',
    timeout: wish.timeout ?? null,
    interval: wish.interval ?? null,
    returnFormat: wish.returnFormat ?? null,
  })
  return [...nodes, wish.style === 'Y' ? fanoutAuto(OUR_ROOTS, name) : fanoutStart(OUR_ROOTS, name, name)]
}

/** What a report says of a device, beside what is known of it already: Statuses stay, late alerts gather. */
function heard(known: FanoutDevice | undefined, { deviceId, code, statuses, late }: DeviceResult): FanoutDevice {
  const told = statuses.length === 0 ? (known?.statuses ?? []) : statuses.map(({ cmd, code: own }) => ({ cmd, code: own }))
  const fresh = late.map(({ cmd, type, source, data }) => ({ cmd, type, source, data: data.slice(0, 2000) }))
  const alerts = [...(known?.late ?? []), ...fresh].slice(-50)
  return {
    deviceId,
    code,
    text: deviceWords(code),
    ...(told.length === 0 ? {} : { statuses: told }),
    ...(alerts.length === 0 ? {} : { late: alerts }),
  }
}

/** A device code in words: the gateway's own, else the enabler's. */
export function deviceWords(code: number): string {
  if (code === 200) return 'done'
  if (code === 202) return 'accepted, a late alert is awaited'
  return DEVICE_CODES.find(({ value }) => value === code)?.words ?? codeWords(code)
}
