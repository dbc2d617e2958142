// What a transfer asks its servers and makes of their answers: descriptor, object, redirect (download sheet 3.1, 3.2, 4).
import { resolveAddress } from './address.ts'
import { DD1_TYPE, DD2_TYPE, DescriptorError, isDescriptor, parseDescriptor } from './dd.ts'
import type { Descriptor } from './dd.ts'
import { judge, mediaType } from './judge.ts'
import type { Head, Verdict } from './judge.ts'
import { Trouble } from './trouble.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])

export abstract class Answers extends Trouble {
  /** GET of what is missing now: the first answer, or the object from where it stopped. */
  protected fetch(): void {
    const record = this.now()
    const url = this.address()
    if (url === null) return this.lostServer(952, 'url', `"${this.object()?.uris[record.server] ?? record.url}" is no http or https address`, 0)
    this.redirects = 0
    this.get(url)
  }

  protected get(url: string): void {
    const { received, step, etag, lastModified, combined } = this.now()
    const validator = etag !== '' ? etag : lastModified
    const from = (combined?.at ?? 0) + received
    const resumes = step === 'object' && from > 0
    this.asked = url
    this.state = 'asking'
    this.http('GET', url, [
      ['Accept', step === 'open' ? `${DD1_TYPE}, ${DD2_TYPE}, multipart/related, application/vnd.wap.multipart.related, */*` : '*/*'],
      ['Accept-Encoding', 'identity'],
      ...(resumes ? ([['Range', `bytes=${String(from)}-`]] as const) : []),
      ...(resumes && validator !== '' ? ([['If-Range', validator]] as const) : []),
    ])
  }

  protected head(head: Head): void {
    if (this.state === 'report') return this.reported(head)
    if (this.state !== 'asking') return
    if (REDIRECTS.has(head.httpStatus)) return this.redirect(head)
    const { step } = this.now()
    if (step === 'open' && head.httpStatus === 200 && isDescriptor(head.contentType)) return this.takeDescriptor(head)
    this.verdict(judge(head, this.known()), head)
  }

  protected takeDescriptor({ length }: Head): void {
    const { descriptorBytes } = this.settings
    if (length !== null && length > descriptorBytes) {
      this.close()
      return this.fail(906, 'descriptor', `the descriptor has ${String(length)} bytes; at most ${String(descriptorBytes)} are read`)
    }
    this.state = 'descriptor'
    this.effect({ type: 'take', id: this.id, into: 'memory', most: descriptorBytes })
  }

  protected redirect({ location, httpStatus }: Head): void {
    this.close()
    this.redirects += 1
    const to = location === '' ? null : resolveAddress(location, this.asked)
    if (this.redirects > this.settings.redirects)
      return this.lostServer(954, 'server', `more than ${String(this.settings.redirects)} redirects`, httpStatus)
    if (to === null) return this.lostServer(952, 'url', `redirected to "${location}", which is no http or https address`, httpStatus)
    if (this.asked.startsWith('https:') && to.startsWith('http:'))
      return this.lostServer(952, 'url', `a redirect from https to http (${to}) is not followed`, httpStatus)
    this.note(`HTTP ${String(httpStatus)} leads to ${to}`)
    this.get(to)
  }

  protected verdict(verdict: Verdict, head: Head): void {
    switch (verdict.what) {
      case 'take':
        return this.begin(verdict, head)
      case 'again':
        this.close()
        return this.again(verdict.text)
      case 'whole':
        this.close()
        return this.hash()
      case 'wait':
        this.close()
        return this.wait(verdict.text, head)
      case 'fail':
        this.close()
        return this.lostServer(verdict.status, verdict.cause, verdict.text, head.httpStatus)
      default:
        return verdict satisfies never
    }
  }

  /** Bytes come. */
  protected begin({ at, total, odd }: Extract<Verdict, { what: 'take' }>, head: Head): void {
    const record = this.now()
    const type = head.contentType
    if (record.descriptor === null && type !== '' && !this.settings.accepts(type)) {
      this.close()
      return this.fail(953, 'type', `this device has no use for ${type}`, head.httpStatus)
    }
    const restarts = at === 0 && record.received > 0 ? record.restarts + 1 : record.restarts
    if (restarts > this.settings.restarts) return this.tooOften()
    if (at === 0 && record.received > 0) {
      this.note(`the object comes from its beginning again: ${head.etag === record.etag ? 'the server serves no ranges' : 'it has changed'}`)
      this.cut()
    }
    if (total !== null && total - at > this.left) {
      this.close()
      return this.fail(901, 'memory', `${String(total - at)} bytes are to come, ${String(this.left)} are free`, head.httpStatus)
    }
    const first = at === 0 ? { etag: head.etag, lastModified: head.lastModified, contentType: type || record.contentType } : {}
    // A digest that came with bytes which are gone says nothing of those that come now.
    const told = at === 0 ? { sha256: this.object()?.sha256 || head.sha256 } : {}
    const base = record.base === '' ? this.asked : record.base
    this.save({ step: 'object', base, total, received: at, restarts, ...first, ...told })
    this.state = 'object'
    this.odd = odd
    this.partEnds = at > 0
    this.effect({ type: 'take', id: this.id, into: 'file', file: this.file(), at })
  }

  protected chunk(count: number): void {
    const record = this.now()
    const received = record.received + count
    this.left -= count
    this.tries = this.busy = this.refused = 0
    this.since = this.settings.now()
    this.record = { ...record, received }
    if (record.total !== null && received > record.total) {
      this.close()
      return this.lostServer(905, 'mismatch', `the server sends more than the ${String(record.total)} bytes announced`, 0)
    }
    if (this.left < 0) {
      this.close()
      return this.fail(901, 'memory', `there is no room for more than ${String(received - count)} bytes`)
    }
    if (received - this.saved >= this.settings.saveEvery) {
      this.save({})
      this.effect({ type: 'progress', received, total: record.total })
    }
    if (this.odd && received === record.total) {
      this.close()
      this.hash()
    }
  }

  protected end(): void {
    const { received, total } = this.now()
    if (total === null || received === total) return this.hash()
    if (this.partEnds && received > this.saved) {
      this.save({})
      return this.fetch()
    }
    this.lostServer(905, 'mismatch', `the object has ${String(received)} bytes; ${String(total)} were announced`, 0)
  }

  protected descriptor(bytes: Uint8Array): void {
    try {
      this.described(parseDescriptor(bytes))
    } catch (error) {
      if (!(error instanceof DescriptorError)) throw error
      this.hopeless(error)
    }
  }

  /** A descriptor that cannot be used is reported as far as it says where. */
  protected hopeless(error: DescriptorError): void {
    const notify = resolveAddress(error.installNotifyUri, this.asked)
    this.save({ base: this.asked, descriptor: null })
    this.unfit(error.status, 'descriptor', error.message, 200, error.installNotifyUri === '' ? null : notify)
  }

  /** Memory, then capability, then the user, then the GET (DL-6). */
  protected described(descriptor: Descriptor): void {
    if (!this.fits(descriptor)) return
    this.turnTo(0)
    this.proceed(descriptor)
  }

  /** The object is wanted, once the user agrees. */
  protected proceed(descriptor: Descriptor): void {
    if (this.settings.confirm && !this.agreed) this.confirm(descriptor)
    else this.wanted()
  }

  /** It is wanted: what is held back, else by a GET. */
  protected wanted(): void {
    this.fetch()
  }

  /** False where memory or capability is missing; the transfer has failed then. */
  protected fits(descriptor: Descriptor): boolean {
    const { pkgType } = this.now()
    this.save({ descriptor, base: this.asked })
    for (const ignored of descriptor.ignored) this.note(`descriptor: ${ignored} passed over`)
    const size = descriptor.objects.reduce((sum, each) => sum + each.size, 0)
    if (size > this.left) return this.unfit(901, 'memory', `the descriptor announces ${String(size)} bytes, ${String(this.left)} are free`, 200)
    const useless = descriptor.objects.find(({ types }) => !types.some((type) => this.settings.accepts(mediaType(type))))
    if (useless !== undefined) return this.unfit(953, 'type', `this device has no use for ${useless.types.join(', ')}`, 200)
    const wanted = mediaType(pkgType)
    const types = descriptor.objects[0]?.types.map(mediaType) ?? []
    if (wanted !== '' && !isDescriptor(wanted) && !types.includes(wanted))
      return this.unfit(905, 'type', `the descriptor announces ${types.join(', ')}; the order says ${wanted}`, 200)
    return true
  }

  protected unfit(...why: Parameters<Trouble['fail']>): false {
    // The object may be on its way already, in the same body.
    if (this.state === 'parts') this.close()
    this.fail(...why)
    return false
  }

  protected confirm({ name, vendor, description, objects }: Descriptor): void {
    this.state = 'confirm'
    this.effect({ type: 'confirm', name, vendor, description, size: objects.reduce((sum, each) => sum + each.size, 0) })
  }

  /** Turns to the n-th object of the descriptor. */
  protected turnTo(object: number): void {
    const one = this.now().descriptor?.objects[object]
    this.save({
      step: 'object',
      object,
      server: 0,
      total: one?.size ?? null,
      received: 0,
      etag: '',
      lastModified: '',
      contentType: '',
      sha256: one?.sha256 ?? '',
    })
    this.saved = 0
  }
}
