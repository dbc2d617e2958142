// LwM2M devices as an adapter: paths of objects become requests on a registered client, names of software become instances. It knows no socket; what it asks goes through a line.
import { wordsOf } from '../../syncml/text.ts'
import { AdapterError } from '../port.ts'
import type { Adapted, Adapter, AdapterFact } from '../port.ts'
import type { LwLine, LwAsk } from './line.ts'
import { LWM2M_ROWS } from './mapping.ts'
import { FORMATS, SOFTWARE_STATE } from './model.ts'
import { CREATES, newInstance, written } from './payload.ts'
import { lwm2mDeviceId } from './registry.ts'
import type { Registration, RegistryFact } from './registry.ts'
import { NOT_SO, expect, textOf, valueAt, valuesOf } from './reply.ts'
import type { LwReply } from './reply.ts'
import { Watching } from './watching.ts'

export interface LwAdapterParts {
  readonly line: LwLine
  /** Instances of object 9 by the names a server gave them, by device; kept over restarts. */
  /** Calls once after ms; gives what cancels it. */
  readonly after: (ms: number, call: () => void) => () => void
  readonly names: { get(deviceId: string): Readonly<Record<string, number>>; put(deviceId: string, names: Readonly<Record<string, number>>): void }
}

/** A device that answers nothing to its first question is taken in without an answer after this time, ms. */
const KNOWN_WITHIN = 5000
const PACKAGE_URI = '/5/0/1'
const PATH = /^\/(\d{1,5})\/([^/]+)\/(\d{1,5})$/
/** Makes the adapter. */
export function lwm2mAdapter(parts: LwAdapterParts): Adapter {
  return new LwAdapter(parts)
}

class LwAdapter implements Adapter {
  readonly protocol = 'lwm2m'
  readonly wakes = true
  readonly rows = LWM2M_ROWS
  readonly #parts: LwAdapterParts
  readonly #watching: Watching
  /** Endpoints that write no TLV: they are asked for whatever they like. */
  readonly #noTlv = new Set<string>()
  #told: (fact: AdapterFact) => void = () => {}

  constructor(parts: LwAdapterParts) {
    this.#parts = parts
    this.#watching = new Watching({
      line: parts.line,
      after: parts.after,
      noTlv: this.#noTlv,
      endpoint: (deviceId) => this.#registered(deviceId).endpoint,
      at: (deviceId, path) => this.#path(deviceId, path, false),
      read: (deviceId, path) => this.#get(deviceId, path),
    })
  }

  discover(told: (fact: AdapterFact) => void): () => void {
    const { line } = this.#parts
    this.#told = told
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
      if (fresh) {
        this.#forgetInstances(registration)
        this.#noTlv.delete(registration.endpoint)
      }
      await this.#found(registration, told)
      // What was followed is not followed any more by a device that registered anew.
      this.#watching.again(deviceId)
    }
    told({ type: 'awake', deviceId })
  }

  /** Its manufacturer and model are asked for first, so that the record has them. */
  async #found(registration: Registration, told: (fact: AdapterFact) => void): Promise<void> {
    const { endpoint, from } = registration
    const { line } = this.#parts
    const devInfo: Record<string, string> = {}
    try {
      const reply = await this.#read(endpoint, '/3/0', KNOWN_WITHIN)
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
    const servers = instancesOf(registration, 1)
    let refused = ''
    // Those of other servers are refused.
    for (const server of servers.length === 0 ? [0] : servers) {
      const { code } = await this.#ask(deviceId, { method: 'POST', path: `/1/${server}/8` })
      if (code.startsWith('2.')) return
      refused = code
    }
    // Who answers is there.
    this.#told({ type: 'told', deviceId, text: `${registration.endpoint} answered ${refused} to its trigger: it is there` })
    this.#told({ type: 'awake', deviceId })
  }

  async list(deviceId: string, path: string): Promise<readonly string[]> {
    const reply = await this.#get(deviceId, path)
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
    const reply = expect(await this.#get(deviceId, textOf(at)), path)
    return valueAt(reply, at)
  }

  async set(deviceId: string, path: string, value: string): Promise<void> {
    const at = await this.#path(deviceId, path, true)
    const { format, bytes } = written(at, value)
    if (path === PACKAGE_URI && value === '') return this.#idle(deviceId, format)
    expect(await this.#ask(deviceId, { method: 'PUT', path: textOf(at), format, payload: bytes }), path)
  }

  /** The firmware object is put back to Idle: by an empty URI, else by an empty package (object 5, Package). One that is idle has nothing to put back. */
  async #idle(deviceId: string, format: number): Promise<void> {
    const reply = await this.#ask(deviceId, { method: 'PUT', path: PACKAGE_URI, format, payload: new Uint8Array(0) })
    if (reply.code.startsWith('2.') || (await this.get(deviceId, '/5/0/3')) === '0') return
    const empty = { method: 'PUT', path: '/5/0/0', format: FORMATS.opaque, payload: Uint8Array.of(0) } as const
    expect(await this.#ask(deviceId, empty), PACKAGE_URI)
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
    return this.#watching.watch(deviceId, path, told, failed)
  }

  #registered(deviceId: string): Registration {
    const found = this.#parts.line.registrations().find(({ endpoint }) => lwm2mDeviceId(endpoint) === deviceId)
    if (found === undefined) throw new AdapterError(503, `${deviceId} is not registered by LwM2M now`)
    return found
  }

  async #ask(deviceId: string, ask: LwAsk): Promise<LwReply> {
    const { endpoint } = this.#registered(deviceId)
    try {
      return await this.#parts.line.ask(endpoint, ask)
    } catch (error) {
      throw new AdapterError(408, wordsOf(error))
    }
  }

  async #get(deviceId: string, path: string): Promise<LwReply> {
    const { endpoint } = this.#registered(deviceId)
    try {
      return await this.#read(endpoint, path)
    } catch (error) {
      throw new AdapterError(408, wordsOf(error))
    }
  }

  /** In TLV; from one that does not write it, in what form it likes. */
  async #read(endpoint: string, path: string, within?: number): Promise<LwReply> {
    const { line } = this.#parts
    const ask = { method: 'GET', path, ...(within === undefined ? {} : { within }) } as const
    if (!this.#noTlv.has(endpoint)) {
      const reply = await line.ask(endpoint, { ...ask, accept: FORMATS.tlv })
      if (!NOT_SO.includes(reply.code)) return reply
      this.#noTlv.add(endpoint)
    }
    return line.ask(endpoint, ask)
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
    const reply = await this.#get(deviceId, '/9')
    const values = reply.code === '4.04' ? [] : valuesOf(expect(reply, '/9'), [9])
    const found = values.find(({ path, text }) => path[2] === 0 && text === name)?.path[1]
    if (found !== undefined) return found
    if (!make) throw new AdapterError(404, `${deviceId} has no software ${name}`)
    const taken = new Set([...there, ...values.map(({ path }) => path[1] ?? 0), ...Object.values(names.get(deviceId))])
    let free = 0
    while (taken.has(free)) free += 1
    const made = await this.#create(deviceId, free)
    // None can be made: one that holds nothing is taken.
    const named = Object.values(names.get(deviceId))
    const empty = values.find((each) => each.path[2] === 7 && each.text === '0' && !named.includes(each.path[1] ?? 0))?.path[1]
    const refused = !made.code.startsWith('2.')
    if (refused && empty === undefined) expect(made, '/9')
    const instance = refused ? (empty ?? 0) : Number(/\/9\/(\d{1,5})$/.exec(made.location)?.[1] ?? free)
    names.put(deviceId, { ...names.get(deviceId), [name]: instance })
    return instance
  }

  /** In the first form it reads. Resource 8 of object 9, Update Supported Objects, is the one a server may write. */
  async #create(deviceId: string, instance: number): Promise<LwReply> {
    let reply: LwReply | null = null
    for (const format of CREATES) {
      reply = await this.#ask(deviceId, { method: 'POST', path: '/9', format, payload: newInstance(format, 9, instance, 8) })
      if (!NOT_SO.includes(reply.code)) return reply
    }
    return reply as LwReply
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

const instancesOf = ({ objects }: Registration, object: number): readonly number[] => objects.find(([id]) => id === object)?.[1] ?? []
