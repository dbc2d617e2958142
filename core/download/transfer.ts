// What a transfer is and the words all its parts use: its record, its effects in order, addresses and files. Nothing is decided here.
import type { Headers } from '../machine.ts'
import { resolveAddress } from './address.ts'
import { isDescriptor } from './dd.ts'
import type { DescriptorObject } from './dd.ts'
import type { Known } from './judge.ts'
import type { Effect, Settings } from './moves.ts'
import type { Ask, TransferRecord } from './types.ts'

/** idle: not started; asking: an answer to a GET is awaited; descriptor, parts, object, report: its body comes; confirm, digest, waiting, paused: as they say; over: done was told. */
export type Phase = 'idle' | 'asking' | 'descriptor' | 'parts' | 'object' | 'confirm' | 'digest' | 'waiting' | 'paused' | 'report' | 'over'

/** One transfer, as far as everything in it uses it. */
export abstract class Transfer {
  protected readonly settings: Settings
  protected state: Phase = 'idle'
  protected record: TransferRecord | null = null
  protected effects: Effect[] = []
  protected id = 0
  protected asked = ''
  protected redirects = 0
  /** Bytes that may still be written. */
  protected left = 0
  protected saved = 0
  protected tries = 0
  /** How often the server refused before anything else came of it. */
  protected refused = 0
  protected busy = 0
  /** Since when nothing has come. */
  protected since = 0
  protected odd = false
  protected partEnds = false
  /** The user said yes. */
  protected agreed = false
  /** A body of parts is held back. */
  protected held = false

  constructor(settings: Settings) {
    this.settings = settings
  }

  protected now(): TransferRecord {
    if (this.record === null) throw new Error('a transfer that was not started')
    return this.record
  }

  protected object(): DescriptorObject | undefined {
    const { descriptor, object } = this.now()
    return descriptor?.objects[object]
  }

  /** Address of what is fetched now; null where it is none. */
  protected address(): string | null {
    const { url, base, server, combined } = this.now()
    const object = this.object()
    return object === undefined || combined ? resolveAddress(url, url) : resolveAddress(object.uris[server] ?? '', base)
  }

  protected reportTo(): string | null {
    const { descriptor, base } = this.now()
    const uri = descriptor?.downloadNotifyUri || (descriptor?.installNotifyUri ?? '')
    return uri === '' ? null : resolveAddress(uri, base)
  }

  protected known(): Known {
    const { received, total, etag, contentType, pkgType, combined } = this.now()
    // Ranges count in the whole body.
    if (combined) return { received: combined.at + received, total: combined.length, etag, contentType: combined.type, pkgType: '', types: [] }
    return { received, total, etag, contentType, pkgType: isDescriptor(pkgType) ? '' : pkgType, types: this.object()?.types ?? [] }
  }

  protected file(): string {
    const { key, object } = this.now()
    return this.settings.name(key, object)
  }

  /** Drops the bytes of the object that is being fetched. */
  protected cut(): void {
    const record = this.now()
    this.left += record.received
    this.saved = 0
    this.record = { ...record, received: 0 }
    this.effect({ type: 'truncate', file: this.file(), size: 0 })
  }

  /** Removes everything of an earlier transfer under this key. */
  protected wipe({ key, object, files }: TransferRecord): void {
    this.effect({ type: 'truncate', file: this.settings.name(key, object), size: 0 })
    if (files.length > 0) this.effect({ type: 'drop', files: files.map(({ file }) => file) })
  }

  protected save(change: Partial<TransferRecord>): void {
    this.record = { ...this.now(), ...change }
    this.saved = this.record.received
    this.effect({ type: 'save', record: this.record })
  }

  protected http(method: 'GET' | 'POST', url: string, headers: Headers, body = ''): void {
    this.id += 1
    this.effect({ type: 'http', id: this.id, method, url, headers, body })
  }

  protected close(): void {
    this.effect({ type: 'close', id: this.id })
  }

  protected note(text: string): void {
    this.effect({ type: 'note', text })
  }

  protected effect(effect: Effect): void {
    this.effects.push(effect)
  }
}

/** A record of nothing so far. */
export function fresh(ask: Ask): TransferRecord {
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
    combined: null,
    files: [],
    digestChecked: false,
    answer: null,
    reports: 0,
  }
}
