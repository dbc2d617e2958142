// The gateway's images: arrival by the server's Replace or by the gateway's own download, where devices fetch them, and their clocks.
import { TreeError } from '../dmtree/error.ts'
import { ALERTS, DEFAULTS } from '../mo/gwmo.ts'
import { wordsOf } from '../syncml/text.ts'
import type { ImageFacts } from './command.ts'
import { arrived as land, arriving, elapsedImage, expire, failed, newImage } from './image.ts'
import type { Image } from './image.ts'
import { generic } from './inventory.ts'
import { imageReadyText } from './payloads.ts'
import type { Kept } from './ports.ts'
import type { Yard } from './yard.ts'

interface KeptImage {
  readonly image: Image
  readonly leaves: Readonly<Record<string, string>>
  readonly reportState: number
}

export class Images {
  readonly #yard: Yard
  readonly #images = new Map<string, { image: Image; reportState: number; pkgUrl: string }>()

  constructor(yard: Yard) {
    this.#yard = yard
  }

  /** Images as they were kept; a download that the old process had begun goes on (`resume`). */
  restore(kept: Kept): void {
    for (const { value } of kept.all('gateway.image')) {
      const { image, leaves, reportState } = value as KeptImage
      this.#yard.part.asked.restore('image', image.name, image.server, leaves)
      const pkgUrl = leaves['PkgURL'] ?? ''
      const lost = image.state === 20 && pkgUrl === ''
      const now = lost ? failed(image, 'the gateway restarted during the transfer') : elapsedImage(image, this.#yard.now())
      this.#images.set(image.name, { image: now, reportState, pkgUrl })
      this.#showImage(image.name)
    }
    this.#yard.part.shown.used(this.#yard.options.store.used())
  }

  /** After a restart: downloads go on where they stopped. */
  resume(): void {
    for (const [name, { image, pkgUrl }] of this.#images)
      if (image.state === 20) this.#yard.wish({ type: 'fetch', image: name, url: pkgUrl, again: true })
  }

  /** Frees the bytes of void images that nobody is being given any more (gwmo sheet 3.5 rules 4 and 5); `given`: by ImageID. */
  free(given: (imageId: string) => boolean): void {
    for (const [name, kept] of this.#images) {
      const { image } = kept
      if (image.state !== 50 || image.file === '' || given(image.imageId || name)) continue
      this.#yard.options.store.drop(image.file)
      kept.image = { ...image, file: '' }
      this.#saveImage(name)
      this.#yard.part.shown.used(this.#yard.options.store.used())
    }
  }

  /** The server's word on the ready alert. */
  reported(name: string, state: number): void {
    const kept = this.#images.get(name)
    if (kept === undefined) return
    kept.reportState = state
    this.#saveImage(name)
  }

  /** Time passed: tells which images became void just now, by ImageID. */
  tick(): readonly string[] {
    const gone: string[] = []
    for (const [name, kept] of this.#images) {
      const next = elapsedImage(kept.image, this.#yard.now())
      if (next === kept.image) continue
      kept.image = next
      gone.push(next.imageId || name)
      this.#yard.tell('gateway.expired', `image ${name} has expired`, '', { image: next.imageId || name })
      if (this.#yard.options.dialect.imageExpiry === 'delete') {
        this.#yard.part.shown.drop(name)
        this.deleted(name)
      } else this.#saveImage(name)
    }
    return gone
  }

  due(): readonly number[] {
    return [...this.#images.values()].flatMap(({ image }) =>
      image.expiresAt === null || image.state === 50 || image.state === 20 ? [] : [image.expiresAt],
    )
  }

  /** Before a server reads: leaves that follow the clock are right. */
  refresh(): void {
    for (const { image } of this.#images.values()) this.#yard.part.shown.expiry(image)
  }

  all(): readonly Image[] {
    return [...this.#images.values()].map(({ image }) => elapsedImage(image, this.#yard.now()))
  }
  get(name: string): Image | undefined {
    const kept = this.#images.get(name)
    return kept === undefined ? undefined : elapsedImage(kept.image, this.#yard.now())
  }
  /** By ImageID, or by name where the server set none. */
  byId(imageId: string): Image | undefined {
    return [...this.#images.values()].find(({ image }) => (image.imageId || image.name) === imageId)?.image
  }

  /** `device`: as that device is told; it says who it is when it fetches. */
  #urls(image: Image, device = ''): { readonly url: string; readonly descriptor: string } {
    const { facts } = this.#yard.options
    const base = device === '' ? facts.imageBase : (facts.imageBaseFor?.(device) ?? facts.imageBase)
    const url = `${base}${encodeURIComponent(image.name)}`
    const who = device === '' ? '' : `?device=${encodeURIComponent(device)}`
    return { url: `${url}${who}`, descriptor: `${url}.dd${who}` }
  }
  facts(imageRef: string, device: string): ImageFacts | null {
    const image = imageRef === '' ? undefined : this.byId(imageRef)
    if (image === undefined) return null
    const { url, descriptor } = this.#urls(image, device)
    return { url, descriptorUrl: descriptor, data: this.#yard.options.store.get(image.file) ?? null }
  }

  added(name: string, server: string): void {
    this.#images.set(name, { image: newImage(name, server), reportState: 0, pkgUrl: '' })
    this.#saveImage(name)
  }
  deleted(name: string): void {
    const kept = this.#images.get(name)
    if (kept === undefined) return
    if (kept.image.file !== '') this.#yard.options.store.drop(kept.image.file)
    this.#images.delete(name)
    this.#yard.keep('gateway.image', name, null)
    this.#yard.part.shown.used(this.#yard.options.store.used())
    this.#yard.rearm()
  }
  expired(name: string): boolean {
    return this.get(name)?.state === 50
  }
  /** Later use of a void image by a server is refused, and told: who and what (gwmo sheet 3.5 rule 6). */
  late(name: string, server: string, what: string): never {
    const text = `image ${name} has expired`
    this.#yard.tell('gateway.late', `${server}: ${what} is refused with 403, ${text}`, '', { image: name })
    throw new TreeError(403, text)
  }
  expiry(name: string, seconds: number): void {
    this.#changeImage(name, (image) => expire(image, seconds, this.#yard.now()))
  }
  changed(name: string, leaf: 'ImageID' | 'Digest' | 'PkgURL', value: string): void {
    const kept = this.#images.get(name)
    if (leaf === 'PkgURL' && kept !== undefined) kept.pkgUrl = value
    this.#changeImage(name, (image) => (leaf === 'ImageID' ? { ...image, imageId: value } : leaf === 'Digest' ? { ...image, digest: value } : image))
  }
  /** Direct delivery: all bytes came by Replace. */
  arrived(name: string, bytes: Uint8Array): void {
    try {
      const stored = this.#yard.options.store.put(name, bytes)
      this.#landed(name, { ...stored, contentType: 'application/octet-stream' })
    } catch (error) {
      throw new TreeError(420, wordsOf(error))
    }
  }
  download(name: string, correlator: string, url: string): void {
    if (!/^https?:\/\//i.test(url)) throw new TreeError(406, `the gateway does not fetch ${url.split(':')[0] ?? ''} addresses`)
    if (this.#images.get(name)?.image.state === 20) throw new TreeError(403, `image ${name} is being fetched`)
    this.#changeImage(name, (image) => arriving(image, correlator))
    this.#yard.wish({ type: 'fetch', image: name, url })
  }
  /** The download the gateway asked for is over. */
  fetched(
    name: string,
    result: { readonly file: string; readonly size: number; readonly sha256: string; readonly contentType: string } | { readonly reason: string },
  ): void {
    if (this.#images.get(name)?.image.state !== 20) {
      if ('file' in result) this.#yard.options.store.drop(result.file)
      return
    }
    if ('reason' in result) {
      this.#changeImage(name, (image) => failed(image, result.reason))
      return this.#told(name, `did not arrive: ${result.reason}`)
    }
    this.#landed(name, result)
  }

  #landed(name: string, what: { readonly file: string; readonly size: number; readonly sha256: string; readonly contentType: string }): void {
    const defaultExpiry = Number(this.#yard.part.asked.config('ImageStore/DefaultExpiry')) || DEFAULTS.imageExpiry
    this.#changeImage(name, (image) => land(image, what, defaultExpiry, this.#yard.now()))
    const kept = this.#images.get(name)
    if (kept === undefined) return
    this.#yard.part.shown.used(this.#yard.options.store.used())
    if (kept.image.state !== 30) {
      if (kept.image.state === 40) this.#yard.options.store.drop(what.file)
      return this.#told(name, `is not usable: ${kept.image.reason || 'it expired before it arrived'}`)
    }
    this.#told(name, `is ready: ${what.size} octets`)
    if (!this.#yard.wants('ImageReady')) return
    kept.reportState = 10
    const { imageId, size, server, correlator } = kept.image
    const text = imageReadyText({ imageId: imageId || name, imageUrl: this.#urls(kept.image).url, size })
    this.#yard.report([server], generic(ALERTS.imageReady.type, 'xml', `./GwMO/Images/Images/${name}`, text, 'informational', correlator))
    this.#saveImage(name)
  }

  #told(name: string, text: string): void {
    const image = this.#images.get(name)?.image
    if (image === undefined) return
    const { imageId, state, size } = image
    this.#yard.tell('gateway.image', `image ${name} ${text}`, '', {
      image: imageId || name,
      state,
      size,
      url: state === 30 ? this.#urls(image).url : '',
    })
  }

  /** An end device asks for an image. */
  serve(name: string): { readonly status: 200; readonly image: Image } | { readonly status: 404 | 410 } {
    const image = this.get(name)
    if (image === undefined || image.state < 30 || image.state === 40) return { status: 404 }
    return image.state === 50 ? { status: 410 } : { status: 200, image }
  }

  #changeImage(name: string, how: (image: Image) => Image): void {
    const kept = this.#images.get(name)
    if (kept === undefined) return
    kept.image = how(kept.image)
    this.#saveImage(name)
    this.#yard.rearm()
  }
  #saveImage(name: string): void {
    const kept = this.#images.get(name)
    if (kept === undefined) return
    this.#showImage(name)
    this.#yard.keep('gateway.image', name, {
      image: kept.image,
      leaves: this.#yard.part.asked.written('image', name),
      reportState: kept.reportState,
    } satisfies KeptImage)
  }
  #showImage(name: string): void {
    const kept = this.#images.get(name)
    if (kept !== undefined) this.#yard.part.shown.image(kept.image, this.#urls(kept.image), kept.reportState)
  }
}
