// LwM2M devices as an adapter: paths of objects become requests on a registered client, names of software become instances. It knows no socket; what it asks goes through a line.
import { wordsOf } from '../../syncml/text.ts'
import { AdapterError } from '../port.ts'
import type { Adapted, Adapter, AdapterFact, AdapterStatus } from '../port.ts'
import { LWM2M_ROWS } from './mapping.ts'
import { FORMATS, SOFTWARE_STATE } from './model.ts'
import { PayloadError, readPayload, written } from './payload.ts'
import type { Value } from './payload.ts'
import { lwm2mDeviceId } from './registry.ts'
import type { Registration, RegistryFact } from './registry.ts'
import { objectInstance, writeTlv } from './tlv.ts'

export interface LwAsk {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly format?: number
  readonly accept?: number
  readonly payload?: Uint8Array
  /** Longest wait, ms; absent: as long as the protocol tries. */
  readonly within?: number
}

export interface LwReply {
  readonly code: string
  readonly format: number
  readonly payload: Uint8Array
  /** `/9/0`; '' without. */
  readonly location: string
}

/** The way to registered clients. Promises reject with an Error in words where no answer came. */
export interface LwLine {
  registrations(): readonly Registration[]
  of(endpoint: string): Registration | undefined
  follow(told: (fact: RegistryFact) => void): () => void
  ask(endpoint: string, ask: LwAsk): Promise<LwReply>
  observe(endpoint: string, path: string, told: (reply: LwReply) => void, failed: (why: Error) => void): () => void
}

export interface LwAdapterParts {
  readonly line: LwLine
  /** Instances of object 9 by the names a server gave them, by device; kept over restarts. */
  readonly names: { get(deviceId: string): Readonly<Record<string, number>>; put(deviceId: string, names: Readonly<Record<string, number>>): void }
}

/** A device that answers nothing to its first question is taken in without an answer after this time, ms. */
const KNOWN_WITHIN = 5000
const PATH = /^\/(\d{1,5})\/([^/]+)\/(\d{1,5})$/
const STATUS: Readonly<Record<string, AdapterStatus>> = {
  '4.00': 400,
  '4.01': 401,
  '4.03': 405,
  '4.04': 404,
  '4.05': 405,
  '4.06': 415,
  '4.13': 413,
  '4.15': 415,
  '5.03': 503,
}

type Watcher = { readonly deviceId: string; readonly begin: () => void; readonly end: () => void }

/** Makes the adapter. */
export function lwm2mAdapter(parts: LwAdapterParts): Adapter {
  return new LwAdapter(parts)
}

class LwAdapter implements Adapter {
  readonly protocol = 'lwm2m'
  readonly wakes = true
  readonly rows = LWM2M_ROWS
  readonly #parts: LwAdapterParts
  readonly #watchers = new Set<Watcher>()

  constructor(parts: LwAdapterParts) {
    this.#parts = parts
  }

  discover(told: (fact: AdapterFact) => void): () => void {
    const { line } = this.#parts
    const end = line.follow((fact) => void this.#moved(fact, told))
    for (const registration of line.registrations()) void this.#found(registration, told)
    return end
  }

  async #moved(fact: RegistryFact, told: (fact: AdapterFact) => void): Promise<void> {
    if (fact.type === 'refused')
      return told({ type: 'told', deviceId: lwm2mDeviceId(fact.endpoint), text: `${fact.from.host} was refused: ${fact.text}` })
    const { registration } = fact
    const deviceId = lwm2mDeviceId(registration.endpoint)
    if (fact.type === 'left') return told({ type: 'gone', deviceId, reason: fact.lost ? 2 : 1 })
    const fresh = fact.type === 'registered'
    if (fresh || fact.moved) {
      if (fresh) this.#forgetInstances(registration)
      await this.#found(registration, told)
      // What was followed is not followed any more by a device that registered anew.
      for (const watcher of [...this.#watchers]) if (watcher.deviceId === deviceId) watcher.begin()
    }
    told({ type: 'awake', deviceId })
  }

  /** Its manufacturer and model are asked for first, so that the record has them. */
  async #found(registration: Registration, told: (fact: AdapterFact) => void): Promise<void> {
    const { endpoint, from } = registration
    const { line } = this.#parts
    const devInfo: Record<string, string> = {}
    try {
      const reply = await line.ask(endpoint, { method: 'GET', path: '/3/0', accept: FORMATS.tlv, within: KNOWN_WITHIN })
      for (const { path, text } of valuesOf(reply, [3, 0])) {
        if (path[2] === 0) devInfo['Man'] = text
        if (path[2] === 1) devInfo['Mod'] = text
      }
    } catch {
      // It is there all the same.
    }
    // It may have left meanwhile, or be there anew.
    if (line.of(endpoint)?.location !== registration.location) return
    const address = { type: from.host.includes(':') ? 'IPv6' : 'IPv4', address: from.host }
    const device: Adapted = { deviceId: lwm2mDeviceId(endpoint), name: endpoint, address, devInfo }
    told({ type: 'found', device })
  }

  async wake(deviceId: string): Promise<void> {
    const registration = this.#registered(deviceId)
    const server = instancesOf(registration, 1)[0] ?? 0
    expect(await this.#ask(deviceId, { method: 'POST', path: `/1/${server}/8` }), `trigger of ${registration.endpoint}`)
  }

  async list(deviceId: string, path: string): Promise<readonly string[]> {
    const reply = await this.#ask(deviceId, { method: 'GET', path, accept: FORMATS.tlv })
    if (reply.code === '4.04') return []
    const object = Number(path.slice(1))
    const values = valuesOf(expect(reply, path), [object])
    const of = (instance: number, id: number): string => values.find((each) => each.path[1] === instance && each.path[2] === id)?.text ?? ''
    return [...new Set(values.map((each) => each.path[1] ?? 0))]
      .filter((instance) => object !== 9 || of(instance, 7) === String(SOFTWARE_STATE.installed))
      .map((instance) => (of(instance, 0) === '' ? String(instance) : of(instance, 0)))
  }

  async get(deviceId: string, path: string): Promise<string> {
    if (path === 'endpoint') return this.#registered(deviceId).endpoint
    const at = await this.#path(deviceId, path, false)
    const reply = expect(await this.#ask(deviceId, { method: 'GET', path: textOf(at), accept: FORMATS.tlv }), path)
    return valueAt(reply, at)
  }

  async set(deviceId: string, path: string, value: string): Promise<void> {
    const at = await this.#path(deviceId, path, true)
    const { format, bytes } = written(at, value)
    expect(await this.#ask(deviceId, { method: 'PUT', path: textOf(at), format, payload: bytes }), path)
  }

  async exec(deviceId: string, path: string, argument: string): Promise<string> {
    const at = await this.#path(deviceId, path, false)
    const payload = argument === '' ? {} : { format: FORMATS.text, payload: written(at, argument).bytes }
    expect(await this.#ask(deviceId, { method: 'POST', path: textOf(at), ...payload }), path)
    return ''
  }

  async deliver(deviceId: string, path: string, bytes: Uint8Array): Promise<void> {
    const at = await this.#path(deviceId, path, true)
    expect(await this.#ask(deviceId, { method: 'PUT', path: textOf(at), format: FORMATS.opaque, payload: bytes }), path)
  }

  watch(deviceId: string, path: string, told: (value: string) => void, failed: (error: unknown) => void): () => void {
    const { line } = this.#parts
    let stop: (() => void) | null = null
    let over = false
    let turn = 0
    const begin = (): void => {
      stop?.()
      stop = null
      const mine = (turn += 1)
      const gone = (): boolean => over || mine !== turn
      void this.#path(deviceId, path, false).then(
        (at) => {
          if (gone()) return
          const heard = (reply: LwReply): void => {
            if (gone()) return
            try {
              told(valueAt(reply, at))
            } catch (error) {
              failed(error)
            }
          }
          // A device that does not answer restarts, perhaps: it is followed again when it has registered, and whoever waits has a limit.
          const refused = (why: Error): void => {
            if (!gone() && / cannot be followed$|^4\.0[145] /.test(why.message)) failed(new AdapterError(405, why.message))
          }
          stop = line.observe(this.#registered(deviceId).endpoint, textOf(at), heard, refused)
        },
        (error: unknown) => {
          if (!gone() && !(error instanceof AdapterError && (error.status === 408 || error.status === 503))) failed(error)
        },
      )
    }
    const watcher: Watcher = { deviceId, begin, end: () => stop?.() }
    this.#watchers.add(watcher)
    begin()
    return () => {
      over = true
      this.#watchers.delete(watcher)
      watcher.end()
    }
  }

  #registered(deviceId: string): Registration {
    const found = this.#parts.line.registrations().find(({ endpoint }) => lwm2mDeviceId(endpoint) === deviceId)
    if (found === undefined) throw new AdapterError(503, `${deviceId} is not registered by LwM2M now`)
    return found
  }

  async #ask(deviceId: string, ask: LwAsk): Promise<LwReply> {
    const { endpoint } = this.#registered(deviceId)
    try {
      const reply = await this.#parts.line.ask(endpoint, ask)
      if (reply.code !== '4.06' || ask.accept === undefined) return reply
      // It does not write TLV: in what form it likes.
      return await this.#parts.line.ask(endpoint, { method: ask.method, path: ask.path })
    } catch (error) {
      throw new AdapterError(408, wordsOf(error))
    }
  }

  /** Numbers of a path; a name below object 9 is an instance. `make`: one is made where there is none of that name. */
  async #path(deviceId: string, path: string, make: boolean): Promise<readonly [number, number, number]> {
    const [, object = '', instance = '', id = ''] = PATH.exec(path) ?? []
    if (id === '') throw new AdapterError(400, `${path} is no resource`)
    if (Number(object) === 9) return [9, await this.#instance(deviceId, instance, make), Number(id)]
    if (!/^\d{1,5}$/.test(instance)) throw new AdapterError(400, `${path} is no resource`)
    return [Number(object), Number(instance), Number(id)]
  }

  async #instance(deviceId: string, name: string, make: boolean): Promise<number> {
    const registration = this.#registered(deviceId)
    const { names } = this.#parts
    const known = names.get(deviceId)[name]
    if (known !== undefined) return known
    const there = instancesOf(registration, 9)
    if (/^\d{1,5}$/.test(name) && there.includes(Number(name))) return Number(name)
    const reply = await this.#ask(deviceId, { method: 'GET', path: '/9', accept: FORMATS.tlv })
    const values = reply.code === '4.04' ? [] : valuesOf(expect(reply, '/9'), [9])
    const found = values.find(({ path, text }) => path[2] === 0 && text === name)?.path[1]
    if (found !== undefined) return found
    if (!make) throw new AdapterError(404, `${deviceId} has no software ${name}`)
    const taken = new Set([...there, ...values.map(({ path }) => path[1] ?? 0), ...Object.values(names.get(deviceId))])
    let free = 0
    while (taken.has(free)) free += 1
    const made = expect(
      await this.#ask(deviceId, { method: 'POST', path: '/9', format: FORMATS.tlv, payload: writeTlv([objectInstance(free, [])]) }),
      '/9',
    )
    const instance = Number(/\/9\/(\d{1,5})$/.exec(made.location)?.[1] ?? free)
    names.put(deviceId, { ...names.get(deviceId), [name]: instance })
    return instance
  }

  /** A device that registers tells its instances: names of others mean nothing any more. */
  #forgetInstances(registration: Registration): void {
    const deviceId = lwm2mDeviceId(registration.endpoint)
    const there = instancesOf(registration, 9)
    const { names } = this.#parts
    const left = Object.entries(names.get(deviceId)).filter(([, instance]) => there.includes(instance))
    if (left.length < Object.keys(names.get(deviceId)).length) names.put(deviceId, Object.fromEntries(left))
  }
}

const textOf = (path: readonly number[]): string => `/${path.join('/')}`
const instancesOf = ({ objects }: Registration, object: number): readonly number[] => objects.find(([id]) => id === object)?.[1] ?? []

/** The reply, where it says that it was done; else an AdapterError. */
function expect(reply: LwReply, what: string): LwReply {
  if (reply.code.startsWith('2.')) return reply
  throw new AdapterError(STATUS[reply.code] ?? 500, `the device answered ${reply.code} to ${what}`)
}

function valuesOf(reply: LwReply, path: readonly number[]): readonly Value[] {
  try {
    return readPayload(reply.format, reply.payload, path)
  } catch (error) {
    if (error instanceof PayloadError) throw new AdapterError(500, `${textOf(path)}: ${error.message}`)
    throw error
  }
}

function valueAt(reply: LwReply, at: readonly [number, number, number]): string {
  const value = valuesOf(reply, at).find(({ path }) => path[0] === at[0] && path[1] === at[1] && path[2] === at[2])
  if (value === undefined) throw new AdapterError(500, `the answer to ${textOf(at)} does not hold it`)
  return value.text
}
