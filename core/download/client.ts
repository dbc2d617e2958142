// The download client as a machine (download sheet 3.2, 4): one input in, effects out; every byte lies with the host, every `save` is durable before what follows.
import type { Headers } from '../machine.ts'
import { isDescriptor, parseDescriptor, DescriptorError, DD1_TYPE, DD2_TYPE } from './dd.ts'
import type { Descriptor, DescriptorObject } from './dd.ts'
import { readAddress, resolveAddress } from './address.ts'
import { judge, mediaType, readHead } from './judge.ts'
import type { Head, Verdict } from './judge.ts'
import { REPORTS } from './types.ts'
import type { Effect, Failure, Input, Settings } from './moves.ts'
import type { Answer, Ask, Cause, Stop, Stored, TransferRecord } from './types.ts'

/** idle: not started; asking: an answer to a GET is awaited; descriptor, object, report: its body comes; confirm, digest, waiting, paused: as they say; over: done was told. */
type Phase = 'idle' | 'asking' | 'descriptor' | 'object' | 'confirm' | 'digest' | 'waiting' | 'paused' | 'report' | 'over'

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** One transfer. */
export class DownloadClient {
  readonly #settings: Settings
  #phase: Phase = 'idle'
  #record: TransferRecord | null = null
  #effects: Effect[] = []
  #id = 0
  #url = ''
  #redirects = 0
  /** Bytes that may still be written. */
  #left = 0
  #saved = 0
  #tries = 0
  #busy = 0
  /** Since when nothing has come. */
  #since = 0
  #odd = false
  #partEnds = false

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** What it does, in one word. */
  get phase(): Phase {
    return this.#phase
  }

  /** Takes one input; never throws. What does not fit the phase has no effect. */
  input(input: Input): Effect[] {
    this.#effects = []
    const stale = 'id' in input && typeof input.id === 'number' && input.id !== this.#id
    if (!stale) this.#take(input)
    return this.#effects
  }

  #take(input: Input): void {
    switch (input.type) {
      case 'start':
        return this.#phase === 'idle' ? this.#start(input.ask, input.record, input.size) : undefined
      case 'head':
        return this.#head(readHead(input.httpStatus, input.headers))
      case 'chunk':
        return this.#phase === 'object' ? this.#chunk(input.count) : undefined
      case 'body':
        return this.#phase === 'descriptor' ? this.#descriptor(input.bytes) : undefined
      case 'end':
        return this.#phase === 'object' ? this.#end() : undefined
      case 'failed':
        return this.#failed(input.failure, input.text)
      case 'digest':
        return this.#phase === 'digest' ? this.#digest(input.size, input.sha256) : undefined
      case 'timer':
        if (input.id === 'again' && this.#phase === 'waiting') return this.#fetch()
        return input.id === 'report' && this.#phase === 'report' ? this.#report() : undefined
      case 'stop':
        return this.#stop(input.by)
      case 'resume':
        return this.#resume()
      case 'confirmed':
        if (this.#phase !== 'confirm') return
        return input.yes ? this.#fetch() : this.#fail(902, 'stopped', 'the user did not want the download')
      default:
        return input satisfies never
    }
  }

  // -- beginning

  #start(ask: Ask, record: TransferRecord | null, size: number): void {
    this.#since = this.#settings.now()
    this.#left = ask.room
    if (record !== null && !ask.anew && record.url === ask.url) return this.#goOn(record, size)
    if (record !== null) this.#wipe(record)
    this.#record = fresh(ask)
    if (readAddress(ask.url) === null) return this.#fail(952, 'url', `"${ask.url}" is no http or https address`)
    this.#save({})
    this.#fetch()
  }

  /** After a restart of the program: what was saved counts, and of the file no more than was saved. */
  #goOn(record: TransferRecord, size: number): void {
    this.#record = record
    const last = record.files.at(-1)
    if (last !== undefined) this.#effect({ type: 'keep', file: last.file })
    if (record.answer !== null && record.step === 'over') return this.#done(record.answer)
    if (record.answer !== null) return this.#report()
    const received = Math.min(record.received, size)
    if (record.total !== null && record.received > record.total) {
      this.#wipe(record)
      return this.#fail(954, 'mismatch', `${String(record.received)} bytes are stored of an object of ${String(record.total)}`)
    }
    if (size !== received) this.#effect({ type: 'truncate', file: this.#file(), size: received })
    this.#save({ received })
    if (record.paused === 'user') {
      this.#phase = 'paused'
      return this.#note('the user paused this download: it waits for the user')
    }
    this.#save({ paused: null })
    if (record.step === 'object' && record.total !== null && received === record.total) return this.#hash()
    const asks = this.#settings.confirm && received === 0 && record.files.length === 0
    if (asks && record.descriptor !== null) this.#confirm(record.descriptor)
    else this.#fetch()
  }

  /** GET of what is missing now: the first answer, or the object from where it stopped. */
  #fetch(): void {
    const record = this.#now()
    const url = this.#address()
    if (url === null) return this.#lostServer(952, 'url', `"${this.#object()?.uris[record.server] ?? record.url}" is no http or https address`, 0)
    this.#redirects = 0
    this.#get(url)
  }

  #get(url: string): void {
    const { received, step, etag, lastModified } = this.#now()
    const validator = etag !== '' ? etag : lastModified
    const resumes = step === 'object' && received > 0
    this.#url = url
    this.#phase = 'asking'
    this.#http('GET', url, [
      ['Accept', step === 'open' ? `${DD1_TYPE}, ${DD2_TYPE}, */*` : '*/*'],
      ['Accept-Encoding', 'identity'],
      ...(resumes ? ([['Range', `bytes=${String(received)}-`]] as const) : []),
      ...(resumes && validator !== '' ? ([['If-Range', validator]] as const) : []),
    ])
  }

  // -- answers

  #head(head: Head): void {
    if (this.#phase === 'report') return this.#reported(head)
    if (this.#phase !== 'asking') return
    if (REDIRECTS.has(head.httpStatus)) return this.#redirect(head)
    const { step } = this.#now()
    if (step === 'open' && head.httpStatus === 200 && isDescriptor(head.contentType)) return this.#takeDescriptor(head)
    this.#verdict(judge(head, this.#known()), head)
  }

  #takeDescriptor({ length }: Head): void {
    const { descriptorBytes } = this.#settings
    if (length !== null && length > descriptorBytes) {
      this.#close()
      return this.#fail(906, 'descriptor', `the descriptor has ${String(length)} bytes; at most ${String(descriptorBytes)} are read`)
    }
    this.#phase = 'descriptor'
    this.#effect({ type: 'take', id: this.#id, into: 'memory', most: descriptorBytes })
  }

  #redirect({ location, httpStatus }: Head): void {
    this.#close()
    this.#redirects += 1
    const to = location === '' ? null : resolveAddress(location, this.#url)
    if (this.#redirects > this.#settings.redirects)
      return this.#lostServer(954, 'server', `more than ${String(this.#settings.redirects)} redirects`, httpStatus)
    if (to === null) return this.#lostServer(952, 'url', `redirected to "${location}", which is no http or https address`, httpStatus)
    if (this.#url.startsWith('https:') && to.startsWith('http:'))
      return this.#lostServer(952, 'url', `a redirect from https to http (${to}) is not followed`, httpStatus)
    this.#note(`HTTP ${String(httpStatus)} leads to ${to}`)
    this.#get(to)
  }

  #verdict(verdict: Verdict, head: Head): void {
    switch (verdict.what) {
      case 'take':
        return this.#begin(verdict, head)
      case 'again':
        this.#close()
        return this.#again(verdict.text)
      case 'whole':
        this.#close()
        return this.#hash()
      case 'wait':
        this.#close()
        return this.#wait(verdict.text, head)
      case 'fail':
        this.#close()
        return this.#lostServer(verdict.status, verdict.cause, verdict.text, head.httpStatus)
      default:
        return verdict satisfies never
    }
  }

  /** Bytes come. */
  #begin({ at, total, odd }: Extract<Verdict, { what: 'take' }>, head: Head): void {
    const record = this.#now()
    const type = head.contentType
    if (record.descriptor === null && type !== '' && !this.#settings.accepts(type)) {
      this.#close()
      return this.#fail(953, 'type', `this device has no use for ${type}`, head.httpStatus)
    }
    const restarts = at === 0 && record.received > 0 ? record.restarts + 1 : record.restarts
    if (restarts > this.#settings.restarts) return this.#tooOften()
    if (at === 0 && record.received > 0) {
      this.#note(`the object comes from its beginning again: ${head.etag === record.etag ? 'the server serves no ranges' : 'it has changed'}`)
      this.#cut()
    }
    if (total !== null && total - at > this.#left) {
      this.#close()
      return this.#fail(901, 'memory', `${String(total - at)} bytes are to come, ${String(this.#left)} are free`, head.httpStatus)
    }
    const first = at === 0 ? { etag: head.etag, lastModified: head.lastModified, contentType: type || record.contentType } : {}
    // A digest that came with bytes which are gone says nothing of those that come now.
    const told = at === 0 ? { sha256: this.#object()?.sha256 || head.sha256 } : {}
    const base = record.base === '' ? this.#url : record.base
    this.#save({ step: 'object', base, total, received: at, restarts, ...first, ...told })
    this.#phase = 'object'
    this.#odd = odd
    this.#partEnds = at > 0
    this.#effect({ type: 'take', id: this.#id, into: 'file', file: this.#file(), at })
  }

  #chunk(count: number): void {
    const record = this.#now()
    const received = record.received + count
    this.#left -= count
    this.#tries = this.#busy = 0
    this.#since = this.#settings.now()
    this.#record = { ...record, received }
    if (record.total !== null && received > record.total) {
      this.#close()
      return this.#lostServer(905, 'mismatch', `the server sends more than the ${String(record.total)} bytes announced`, 0)
    }
    if (this.#left < 0) {
      this.#close()
      return this.#fail(901, 'memory', `there is no room for more than ${String(received - count)} bytes`)
    }
    if (received - this.#saved >= this.#settings.saveEvery) {
      this.#save({})
      this.#effect({ type: 'progress', received, total: record.total })
    }
    if (this.#odd && received === record.total) {
      this.#close()
      this.#hash()
    }
  }

  #end(): void {
    const { received, total } = this.#now()
    if (total === null || received === total) return this.#hash()
    if (this.#partEnds && received > this.#saved) {
      this.#save({})
      return this.#fetch()
    }
    this.#lostServer(905, 'mismatch', `the object has ${String(received)} bytes; ${String(total)} were announced`, 0)
  }

  #descriptor(bytes: Uint8Array): void {
    try {
      this.#described(parseDescriptor(bytes))
    } catch (error) {
      if (!(error instanceof DescriptorError)) throw error
      const notify = resolveAddress(error.installNotifyUri, this.#url)
      this.#save({ base: this.#url, descriptor: null })
      this.#fail(error.status, 'descriptor', error.message, 200, error.installNotifyUri === '' ? null : notify)
    }
  }

  /** Memory, then capability, then the user, then the GET (DL-6). */
  #described(descriptor: Descriptor): void {
    const { pkgType } = this.#now()
    this.#save({ descriptor, base: this.#url })
    for (const ignored of descriptor.ignored) this.#note(`descriptor: ${ignored} passed over`)
    const size = descriptor.objects.reduce((sum, each) => sum + each.size, 0)
    if (size > this.#left) return this.#fail(901, 'memory', `the descriptor announces ${String(size)} bytes, ${String(this.#left)} are free`, 200)
    const useless = descriptor.objects.find(({ types }) => !types.some((type) => this.#settings.accepts(mediaType(type))))
    if (useless !== undefined) return this.#fail(953, 'type', `this device has no use for ${useless.types.join(', ')}`, 200)
    const wanted = mediaType(pkgType)
    const types = descriptor.objects[0]?.types.map(mediaType) ?? []
    if (wanted !== '' && !isDescriptor(wanted) && !types.includes(wanted))
      return this.#fail(905, 'type', `the descriptor announces ${types.join(', ')}; the order says ${wanted}`, 200)
    this.#turnTo(0)
    if (this.#settings.confirm) this.#confirm(descriptor)
    else this.#fetch()
  }

  #confirm({ name, vendor, description, objects }: Descriptor): void {
    this.#phase = 'confirm'
    this.#effect({ type: 'confirm', name, vendor, description, size: objects.reduce((sum, each) => sum + each.size, 0) })
  }

  /** Turns to the n-th object of the descriptor. */
  #turnTo(object: number): void {
    const one = this.#now().descriptor?.objects[object]
    this.#save({
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
    this.#saved = 0
  }

  // -- what goes wrong

  #failed(failure: Failure, text: string): void {
    if (this.#phase === 'report') return this.#unreported(text)
    if (this.#phase !== 'asking' && this.#phase !== 'object' && this.#phase !== 'descriptor') return
    const { received, total } = this.#now()
    if (this.#phase === 'object' && total !== null && received === total) return this.#hash()
    if (failure === 'disk') return this.#fail(901, 'memory', text)
    if (failure === 'too large') return this.#fail(906, 'descriptor', text)
    if (failure === 'uri' || failure === 'forbidden') return this.#lostServer(952, 'url', text, 0)
    if (failure === 'tls') return this.#lostServer(952, 'auth', text, 0)
    if (failure === 'protocol') return this.#lostServer(954, 'server', text, 0)
    if ((failure === 'refused' || failure === 'name') && received === 0 && this.#tries === 0) return this.#lostServer(954, 'refused', text, 0)
    if (this.#phase === 'object') this.#save({})
    if (received === 0 && this.#nextServer(text)) return
    this.#backOff(text, null, 'network')
  }

  /** Automatic resume after network errors (H8). */
  #backOff(text: string, wait: number | null, cause: 'network' | 'unavailable'): void {
    const { backoff, patience, now } = this.#settings
    const ms = wait ?? backoff[Math.min(this.#tries, backoff.length - 1)] ?? 0
    this.#tries += 1
    if (now() + ms - this.#since > patience) {
      const status = cause === 'network' ? 903 : 954
      return this.#fail(status, cause, `${text}; nothing came for ${String(Math.round((now() - this.#since) / 1000))} s`)
    }
    this.#phase = 'waiting'
    this.#note(`${text}; tried again in ${String(ms / 1000)} s from byte ${String(this.#now().received)}`)
    this.#effect({ type: 'timer', id: 'again', ms })
  }

  /** 501 and 503 are a pause, not an end (H12). */
  #wait(text: string, { retryAfter, httpStatus }: Head): void {
    this.#busy += 1
    if (this.#nextServer(text)) return
    if (this.#busy > this.#settings.busyTries) return this.#fail(954, 'unavailable', `${text}, ${String(this.#busy)} times`, httpStatus)
    this.#backOff(text, retryAfter === null ? null : retryAfter * 1000, 'unavailable')
  }

  /** Begins again at 0; not for ever. */
  #again(text: string): void {
    const { restarts } = this.#now()
    if (restarts >= this.#settings.restarts || (text.startsWith('the server has no byte') && restarts > 0)) return this.#tooOften(text)
    this.#note(`${text}: begun again`)
    this.#cut()
    this.#save({ received: 0, restarts: restarts + 1, etag: '', lastModified: '' })
    this.#fetch()
  }

  #tooOften(text = 'the object changes all the time'): void {
    this.#close()
    this.#lostServer(954, 'mismatch', `${text}; it was begun ${String(this.#now().restarts + 1)} times`, 0)
  }

  /** This server cannot be used: the next one, else the end. */
  #lostServer(status: number, cause: Cause, text: string, httpStatus: number): void {
    if (!this.#nextServer(text)) this.#fail(status, cause, text, httpStatus)
  }

  #nextServer(text: string): boolean {
    const { server } = this.#now()
    const uris = this.#object()?.uris ?? []
    if (server + 1 >= uris.length) return false
    this.#note(`${text}; the next server is tried`)
    this.#cut()
    this.#tries = this.#busy = 0
    this.#save({ server: server + 1, received: 0, etag: '', lastModified: '', restarts: 0 })
    this.#fetch()
    return true
  }

  // -- pauses

  #stop(by: Stop): void {
    if (this.#phase === 'idle' || this.#phase === 'over' || this.#phase === 'report' || this.#phase === 'digest') return
    if (this.#phase !== 'paused' && this.#phase !== 'waiting' && this.#phase !== 'confirm') this.#close()
    this.#effect({ type: 'timer', id: 'again', ms: null })
    if (by === 'cancel') return this.#fail(902, 'stopped', 'the download was cancelled')
    this.#phase = 'paused'
    this.#save({ paused: by })
    this.#note(`paused (${by}) at byte ${String(this.#now().received)}`)
  }

  #resume(): void {
    if (this.#phase !== 'paused') return
    this.#tries = this.#busy = 0
    this.#since = this.#settings.now()
    this.#save({ paused: null })
    this.#fetch()
  }

  // -- the end

  #hash(): void {
    this.#save({})
    this.#phase = 'digest'
    this.#effect({ type: 'digest', file: this.#file() })
  }

  /** H11: over the whole file, whatever was known of parts. */
  #digest(size: number, sha256: string): void {
    const record = this.#now()
    if (size !== record.received) return this.#fail(954, 'mismatch', `the file has ${String(size)} bytes, ${String(record.received)} were written`)
    if (record.sha256 !== '' && record.sha256 !== sha256)
      return this.#lostServer(905, 'mismatch', `the object's SHA-256 is ${sha256}, announced was ${record.sha256}`, 0)
    const stored: Stored = { file: this.#file(), size, sha256, contentType: record.contentType || (this.#object()?.types[0] ?? '') }
    const files = [...record.files, stored]
    const digestChecked = record.sha256 !== '' && (files.length === 1 || record.digestChecked)
    this.#save({ files, digestChecked })
    this.#effect({ type: 'keep', file: stored.file })
    this.#effect({ type: 'progress', received: size, total: size })
    if (files.length < (record.descriptor?.objects.length ?? 1)) {
      this.#turnTo(files.length)
      return this.#fetch()
    }
    this.#finish(900, 'ok', `${String(size)} bytes, SHA-256 ${sha256}`, 200, this.#reportTo())
  }

  #fail(status: number, cause: Cause, text: string, httpStatus = 0, notify = this.#reportTo()): void {
    const record = this.#now()
    this.#effect({ type: 'truncate', file: this.#file(), size: 0 })
    if (record.files.length > 0) this.#effect({ type: 'drop', files: record.files.map(({ file }) => file) })
    this.#save({ files: [], received: 0 })
    this.#finish(status, cause, text, httpStatus, notify)
  }

  #finish(status: number, cause: Cause, text: string, httpStatus: number, notify: string | null): void {
    const { files, digestChecked, descriptor } = this.#now()
    const [file] = files
    const answer: Answer = {
      status,
      cause,
      httpStatus,
      text,
      ...(file === undefined ? {} : { file, files }),
      installParam: descriptor?.installParam ?? '',
      digestChecked: status === 900 && digestChecked,
      reported: notify === null,
      nextUrl: descriptor?.nextUrl ?? '',
    }
    if (notify === null) {
      this.#save({ step: 'over', answer })
      return this.#done(answer)
    }
    this.#save({ step: 'report', answer, base: notify, reports: 0 })
    this.#report()
  }

  /** The object is not usable before somebody took the report (DL-10). */
  #report(): void {
    const { answer, base } = this.#now()
    const status = answer?.status ?? 952
    this.#phase = 'report'
    this.#http('POST', base, [['Content-Type', 'text/plain']], `${String(status)} ${REPORTS[status] ?? ''}`)
  }

  #reported({ httpStatus }: Head): void {
    this.#close()
    if (httpStatus < 200 || httpStatus > 299) return this.#unreported(`the report was answered with HTTP ${String(httpStatus)}`)
    this.#over(true)
  }

  #unreported(text: string): void {
    const { reports } = this.#now()
    const ms = this.#settings.reportWaits[reports]
    this.#save({ reports: reports + 1 })
    if (ms === undefined) {
      this.#note(`${text}; given up, the download counts as unreported`)
      return this.#over(false)
    }
    this.#note(`${text}; tried again in ${String(ms / 1000)} s`)
    this.#effect({ type: 'timer', id: 'report', ms })
  }

  #over(reported: boolean): void {
    const { answer } = this.#now()
    if (answer === null) return
    const told = { ...answer, reported }
    this.#save({ step: 'over', answer: told })
    this.#done(told)
  }

  #done(answer: Answer): void {
    this.#phase = 'over'
    this.#effect({ type: 'done', answer })
  }

  // -- small words

  #now(): TransferRecord {
    if (this.#record === null) throw new Error('a transfer that was not started')
    return this.#record
  }

  #object(): DescriptorObject | undefined {
    const { descriptor, object } = this.#now()
    return descriptor?.objects[object]
  }

  /** Address of what is fetched now; null where it is none. */
  #address(): string | null {
    const { url, base, server } = this.#now()
    const object = this.#object()
    return object === undefined ? resolveAddress(url, url) : resolveAddress(object.uris[server] ?? '', base)
  }

  #reportTo(): string | null {
    const { descriptor, base } = this.#now()
    const uri = descriptor?.downloadNotifyUri || (descriptor?.installNotifyUri ?? '')
    return uri === '' ? null : resolveAddress(uri, base)
  }

  #known(): Parameters<typeof judge>[1] {
    const { received, total, etag, contentType, pkgType } = this.#now()
    return { received, total, etag, contentType, pkgType: isDescriptor(pkgType) ? '' : pkgType, types: this.#object()?.types ?? [] }
  }

  #file(): string {
    const { key, object } = this.#now()
    return this.#settings.name(key, object)
  }

  /** Drops the bytes of the object that is being fetched. */
  #cut(): void {
    const record = this.#now()
    this.#left += record.received
    this.#saved = 0
    this.#record = { ...record, received: 0 }
    this.#effect({ type: 'truncate', file: this.#file(), size: 0 })
  }

  /** Removes everything of an earlier transfer under this key. */
  #wipe({ key, object, files }: TransferRecord): void {
    this.#effect({ type: 'truncate', file: this.#settings.name(key, object), size: 0 })
    if (files.length > 0) this.#effect({ type: 'drop', files: files.map(({ file }) => file) })
  }

  #save(change: Partial<TransferRecord>): void {
    this.#record = { ...this.#now(), ...change }
    this.#saved = this.#record.received
    this.#effect({ type: 'save', record: this.#record })
  }

  #http(method: 'GET' | 'POST', url: string, headers: Headers, body = ''): void {
    this.#id += 1
    this.#effect({ type: 'http', id: this.#id, method, url, headers, body })
  }

  #close(): void {
    this.#effect({ type: 'close', id: this.#id })
  }

  #note(text: string): void {
    this.#effect({ type: 'note', text })
  }

  #effect(effect: Effect): void {
    this.#effects.push(effect)
  }
}

function fresh(ask: Ask): TransferRecord {
  return {
    key: ask.key,
    url: ask.url,
    pkgType: ask.pkgType,
    step: 'open',
    descriptor: null,
    base: '',
    object: 0,
    server: 0,
    etag: '',
    lastModified: '',
    total: null,
    received: 0,
    contentType: '',
    sha256: '',
    restarts: 0,
    paused: null,
    files: [],
    digestChecked: false,
    answer: null,
    reports: 0,
  }
}
