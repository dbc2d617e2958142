// Images as the DM Server asks gateways for them: orders queued, their readiness heard, what a crash left open looked up. Kept as documents.
import type { ImageRow, ImageWish } from '../api.ts'
import { OUR_ROOTS, imageData, imageDownload, imageExpiry, imageNodes } from '../gateway/orders.ts'
import { readImageReady } from '../gateway/payloads.ts'
import type { Note } from '../machine.ts'
import { happening } from '../mo/events.ts'
import type { AlertRecord, Order } from '../server/records.ts'
import type { Docs } from '../store/docs.ts'
import type { Command } from '../syncml/message.ts'
import { answered, badOf, IMAGE_LEAVES, imageAt, imageEnd, imageLook, inDoubt, lookFor, removal, seen, voidAt } from './fanoutlooks.ts'

export interface ServerImagesParts {
  readonly docs: Docs
  readonly now: () => number
  /** Bytes of a package of the catalogue. */
  readonly package: (pkgId: string) => { readonly bytes: Uint8Array; readonly sha256: string } | undefined
  /** Takes named happenings of images (core/mo/events.ts); absent: nobody does. */
  readonly happened?: (note: Note) => void
  /** Queues commands for a gateway; gives the order's id. */
  readonly ask: (gateway: string, commands: readonly Command[]) => string
  /** An order as it stands. */
  readonly look: (id: string) => Order | undefined
  /** Gives why the gateway cannot be called; '' where it was. */
  readonly wake: (gateway: string) => Promise<string>
  /** A timer; gives what stops it. Absent: an image on its way is not looked at. */
  readonly after?: (ms: number, call: () => void) => () => void
}

interface KeptImage {
  readonly row: ImageRow
  readonly order: string
  readonly look?: boolean
  /** Absent in older workspaces. */
  readonly wish?: ImageWish
  /** An Expiry on its way, and what counted before. */
  readonly expiry?: { readonly order: string; readonly seconds: number; readonly before: Pick<ImageRow, 'expiresAt' | 'life'> }
}

const IMAGE = 'fanout.image'
/** Waits before a gateway is asked what became of an image it fetches, ms; the last repeats. A download that fails raises no alert (gwmo sheet 7.1). */
const LOOKS = [5000, 15_000, 60_000, 300_000] as const
/** An image that arrived no later than this after it was asked for counts from then, ms. */
const LATE = 5000
/** What may not be given another content. */
const STANDS: ReadonlySet<ImageRow['state']> = new Set(['queued', 'transferring', 'ready'])
const safe = (name: string): string => name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 64) || 'image'

/** Images the server keeps at gateways. */
export class ServerImages {
  readonly #parts: ServerImagesParts
  /** Images on their way, and how often they were looked at. */
  readonly #looked = new Map<string, number>()
  readonly #timers = new Map<string, () => void>()
  #stopped = false

  constructor(parts: ServerImagesParts) {
    this.#parts = parts
  }

  all(): readonly ImageRow[] {
    return this.#parts.docs.all(IMAGE).map(({ value }) => this.#aged((value as KeptImage).row))
  }

  /** Goes on looking at images on their way. */
  start(): void {
    for (const { id, value } of this.#parts.docs.all(IMAGE)) if ((value as KeptImage).row.state === 'transferring') this.#watch(id)
  }

  stop(): void {
    this.#stopped = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  /** Asks for an image at a gateway. Throws an Error in words where it is nowhere, or where another one of that name stands there. */
  create(wish: ImageWish): ImageRow {
    const { now, ask, wake } = this.#parts
    const name = safe(wish.imageId)
    const old = this.#parts.docs.get(IMAGE, `${wish.gateway} ${name}`) as KeptImage | undefined
    const state = old === undefined ? 'failed' : this.#aged(old.row).state
    if (old?.wish !== undefined && STANDS.has(state) && sourceOf(old.wish) !== sourceOf(wish))
      throw new Error(
        `another image ${old.row.imageId} stands at ${wish.gateway} already (${state}): void it first (Expiry 0), or give another ImageID`,
      )
    const { commands, size } = this.#delivery(wish)
    const order = ask(wish.gateway, commands)
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
    const id = `${wish.gateway} ${name}`
    this.#parts.docs.put(IMAGE, id, { row, order, wish } satisfies KeptImage)
    void wake(wish.gateway).then((reason) => {
      if (this.#stopped) return
      const now = this.#parts.docs.get(IMAGE, id) as KeptImage | undefined
      if (reason !== '' && now?.order === order && now.row.state === 'queued') this.#save(id, { ...now, row: { ...now.row, reason } })
    })
    return row
  }

  /** Writes a new Expiry, seconds from now. Throws for an image nobody asked for. */
  expire(gateway: string, imageId: string, seconds: number): ImageRow {
    const { ask, wake } = this.#parts
    const id = `${gateway} ${safe(imageId)}`
    const kept = this.#parts.docs.get(IMAGE, id) as KeptImage | undefined
    if (kept === undefined) throw new Error(`there is no image ${imageId} at ${gateway}`)
    const order = ask(gateway, [imageExpiry(OUR_ROOTS, safe(imageId), seconds)])
    const { expiresAt, life } = kept.row
    const before = kept.expiry?.before ?? { expiresAt, ...(life === undefined ? {} : { life }) }
    // One that is void here may be void there: that its time was prolonged is told once the gateway has said so.
    const over = this.#aged(kept.row).state === 'expired'
    const row = over ? kept.row : { ...kept.row, expiresAt: this.#parts.now() + seconds * 1000, life: seconds }
    this.#parts.docs.put(IMAGE, id, { ...kept, row, expiry: { order, seconds, before } } satisfies KeptImage)
    void wake(gateway)
    return this.#aged(row)
  }

  /** What the gateway said to an Expiry: its clock starts when that is written, and a void image takes none (gwmo sheet 3.5 rules 1 and 6). */
  #settleExpiry(id: string, kept: KeptImage): void {
    const { expiry, ...rest } = kept
    const order = this.#parts.look(expiry?.order ?? '')
    if (expiry === undefined || order === undefined || order.state === 'queued' || order.state === 'sent') return
    const { row } = kept
    const { before, seconds } = expiry
    if (order.state === 'done')
      return this.#save(id, { ...rest, row: { ...row, expiresAt: this.#parts.now() + seconds * 1000, life: seconds, reason: '' } })
    const code = badOf(order)?.code ?? 0
    const state = code === 403 || code === 404 ? 'expired' : row.state
    const { life, ...other } = row
    void life
    this.#save(id, { ...rest, row: { ...other, ...before, state, reason: `its Expiry was not changed: ${answered(order)}` } })
  }

  /** A gateway tells that an image has arrived. */
  ready(from: string, item: AlertRecord['items'][number]): void {
    const { imageId, imageUrl, size } = readImageReady(item.data)
    const id = `${from} ${safe(imageId)}`
    const kept = this.#parts.docs.get(IMAGE, id) as KeptImage | undefined
    if (kept === undefined) return
    const { life, expiresAt } = kept.row
    // An order that waited long for its gateway began to count late: how much is left stands there.
    const late = life !== undefined && this.#parts.now() - (expiresAt - life * 1000) > LATE
    const look = late ? { look: true, order: this.#parts.ask(from, lookFor(imageAt(safe(imageId)), IMAGE_LEAVES)) } : {}
    this.#save(id, { ...kept, ...look, row: { ...kept.row, state: 'ready', url: imageUrl, size, reason: '' } })
  }

  /** A session of a gateway is over: what became of the orders that brought images. */
  settle(gateway: string): void {
    for (const { id, value } of this.#parts.docs.all(IMAGE)) {
      if ((value as KeptImage).row.gateway !== gateway) continue
      this.#settleExpiry(id, value as KeptImage)
      const kept = this.#parts.docs.get(IMAGE, id) as KeptImage
      const order = this.#parts.look(kept.order)
      if (order === undefined || order.state === 'queued' || order.state === 'sent') continue
      if (kept.row.state === 'queued') this.#settle(id, kept, order)
      else if (kept.row.state === 'transferring' && kept.look === true) this.#arrives(id, kept, order)
      else if (kept.row.state === 'ready' && kept.look === true)
        this.#save(id, { ...kept, look: false, row: { ...kept.row, ...voidAt(order, safe(kept.row.imageId), this.#parts.now()) } })
    }
  }

  /** The gateway is asked again and again what became of an image that it fetches. */
  #watch(id: string): void {
    const { after, docs, ask, wake } = this.#parts
    const tries = this.#looked.get(id) ?? 0
    this.#looked.set(id, tries + 1)
    const stop = after?.(LOOKS[tries] ?? LOOKS[LOOKS.length - 1] ?? 0, () => {
      this.#timers.delete(id)
      const kept = docs.get(IMAGE, id) as KeptImage | undefined
      if (kept?.row.state !== 'transferring') return void this.#looked.delete(id)
      const { gateway, imageId } = kept.row
      this.#save(id, { ...kept, order: ask(gateway, lookFor(imageAt(safe(imageId)), IMAGE_LEAVES)), look: true })
      void wake(gateway)
    })
    this.#timers.get(id)?.()
    if (stop !== undefined) this.#timers.set(id, stop)
  }

  #arrives(id: string, kept: KeptImage, order: Order): void {
    const end = imageEnd(order, safe(kept.row.imageId))
    if (end === null) {
      this.#save(id, { ...kept, look: false })
      return this.#watch(id)
    }
    this.#looked.delete(id)
    this.#save(id, { ...kept, look: false, row: { ...kept.row, ...end, ...voidAt(order, safe(kept.row.imageId), this.#parts.now()) } })
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

  #settle(id: string, kept: KeptImage, order: Order): void {
    const { ask, wake } = this.#parts
    const { wish, row } = kept
    const name = safe(row.imageId)
    const next = (commands: readonly Command[], look: boolean): void => {
      this.#save(id, { ...kept, order: ask(row.gateway, commands), look })
      void wake(row.gateway)
    }
    const known =
      kept.look === true
        ? imageLook(order, name, this.#parts.package(wish?.pkg ?? '')?.sha256 ?? '')
        : inDoubt(order) && wish !== undefined
          ? 'ask'
          : order.state === 'done'
            ? 'there'
            : 'failed'
    if (known === 'ask') return next(lookFor(imageAt(name), IMAGE_LEAVES), true)
    if (known === 'other')
      return this.#save(id, { ...kept, row: { ...row, state: 'failed', reason: `another image ${row.imageId} is ready at the gateway` } })
    if (known === 'failed') return this.#save(id, { ...kept, row: { ...row, state: 'failed', reason: answered(order) } })
    if (known === 'again' && wish !== undefined) return next(this.#delivery(wish).commands, false)
    if (known === 'anew' && wish !== undefined) return next([removal(imageAt(name)), ...this.#delivery(wish).commands], false)
    const url = kept.look === true ? seen(order, `${imageAt(name)}/ImageURL`) : { code: 0, data: '' }
    const ready = url.code === 200 && url.data !== ''
    this.#save(id, {
      ...kept,
      look: false,
      row: ready
        ? { ...row, ...voidAt(order, name, this.#parts.now()), state: 'ready', url: url.data, reason: '' }
        : { ...row, state: 'transferring', reason: '' },
    })
    if (!ready) this.#watch(id)
  }

  #save(id: string, kept: KeptImage): void {
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
}

/** What an image is made of. */
const sourceOf = ({ imageId, pkg = '', url = '' }: ImageWish): string => JSON.stringify([imageId, pkg, url])
