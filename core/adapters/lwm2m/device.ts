// A simulated LwM2M client as a machine: requests on its objects in, answers and effects out; firmware and software move as their state tables say. It knows no CoAP and no clock.
import type { Link } from './link.ts'
import { FIRMWARE_RESULT as FR, FIRMWARE_STATE as FS, MANY, RESOURCES, bytesOf, resourceRow } from './model.ts'
import { PayloadError, readPayload } from './payload.ts'
import { packageOf } from './simulated.ts'
import type { LwAnswer, LwEffect } from './simulated.ts'
import { Software } from './software.ts'

export interface LwSetup {
  readonly endpoint: string
  readonly manufacturer?: string
  readonly model?: string
  readonly firmware?: string
  /** How long an install or update takes, ms. */
  readonly takesMs?: number
}

const NONE: LwAnswer = { code: '2.04', values: [] }
const no = (code: LwAnswer['code']): LwAnswer => ({ code, values: [] })

/** One client's objects. */
export class LwDevice {
  readonly setup: LwSetup
  /** object / instance / resource to text as `textOf` has it. */
  readonly #values = new Map<string, string>()
  readonly #effects: LwEffect[] = []
  readonly #software: Software
  #firmware: { bytes: Uint8Array; name: string; version: string } | null = null

  constructor(setup: LwSetup) {
    this.setup = setup
    const put = (path: string, text: string): void => void this.#values.set(path, text)
    put('3/0/0', setup.manufacturer ?? 'DM Lab')
    put('3/0/1', setup.model ?? 'Simulated LwM2M')
    put('3/0/2', setup.endpoint)
    put('3/0/3', setup.firmware ?? '1.0')
    put('3/0/16', 'U')
    put('3/0/17', 'sensor')
    put('3/0/18', 'A')
    put('3/0/19', '1.0')
    put('5/0/1', '')
    put('5/0/3', '0')
    put('5/0/5', '0')
    put('5/0/6', '')
    put('5/0/7', '')
    put('5/0/9', '2')
    this.#software = new Software({
      put: (path, text) => this.#put(path, text),
      get: (path) => this.#values.get(path) ?? '',
      effect: (effect) => void this.#effects.push(effect),
      takesMs: setup.takesMs ?? 50,
    })
  }

  /** Effects since the last call, in order. */
  take(): LwEffect[] {
    return this.#effects.splice(0)
  }

  value(path: string): string | undefined {
    return this.#values.get(path.replace(/^\//, ''))
  }

  /** Links for its registration: objects, and instances where there are any; Security is never told. */
  links(): readonly Link[] {
    const found = new Map<string, Link>()
    found.set('/9', { target: '/9', attributes: {} })
    for (const path of this.#values.keys()) {
      const [object = '', instance = ''] = path.split('/')
      if (object !== '0') found.set(`/${object}/${instance}`, { target: `/${object}/${instance}`, attributes: {} })
    }
    const links = [...found.values()].filter(({ target }) => target !== '/9' || ![...found.keys()].some((key) => key.startsWith('/9/')))
    return [{ target: '/', attributes: { rt: 'oma.lwm2m', ct: '11542' } }, ...links]
  }

  /** An account from the factory, for a client that is not bootstrapped. */
  provision(uri: string, lifetime: number): void {
    const account = {
      '0/0/0': uri,
      '0/0/1': 'false',
      '0/0/2': '3',
      '0/0/10': '1',
      '1/0/0': '1',
      '1/0/1': String(lifetime),
      '1/0/6': 'true',
      '1/0/7': 'U',
    }
    for (const [path, text] of Object.entries(account)) this.#values.set(path, text)
  }

  /** Account of its server, once it has one. */
  account(): { readonly uri: string; readonly lifetime: number } | null {
    const uri = this.#values.get('0/0/0')
    return uri === undefined ? null : { uri, lifetime: Number(this.#values.get('1/0/1') ?? '86400') }
  }

  read(path: readonly number[]): LwAnswer {
    const [object, instance, id] = path
    if (object === undefined || object === 0) return no(object === 0 ? '4.01' : '4.05')
    const row = id === undefined ? undefined : resourceRow(object, id)
    if (row !== undefined && !row.operations.includes('R')) return no('4.05')
    const prefix = path.join('/')
    const values = [...this.#values].flatMap(([key, text]) => {
      if (key !== prefix && !key.startsWith(`${prefix}/`)) return []
      const at = key.split('/').map(Number)
      const known = resourceRow(at[0] ?? 0, at[2] ?? 0)
      return known?.operations.includes('R') === true ? [{ path: at, value: bytesOf(known.type, text) }] : []
    })
    const there = instance === undefined ? RESOURCES.some((known) => known.object === object) : this.#has(object, instance)
    if (values.length === 0 && (!there || id !== undefined)) return no('4.04')
    return { code: '2.05', values }
  }

  /** PUT, and POST with a payload on an instance. `bootstrap`: the bootstrap server may write what no server may. */
  write(path: readonly number[], format: number, payload: Uint8Array, bootstrap = false): LwAnswer {
    const [object, instance, id] = path
    if (object === undefined || instance === undefined) return no('4.05')
    if (object === 0 && !bootstrap) return no('4.01')
    if (!bootstrap && !this.#has(object, instance)) return no('4.04')
    const row = id === undefined ? undefined : resourceRow(object, id)
    if (id !== undefined && row === undefined) return no('4.04')
    if (row !== undefined && !row.operations.includes('W') && !bootstrap) return no('4.05')
    // Packages are octets, whatever the format says of other things.
    if (object === 5 && id === 0) return this.#firmwarePackage(payload)
    if (object === 9 && id === 2) return this.#software.delivered(instance, payload)
    let values
    try {
      values = readPayload(format, payload, path)
    } catch (error) {
      if (error instanceof PayloadError) return no(/not known/.test(error.message) ? '4.15' : '4.00')
      throw error
    }
    for (const { path: at, text } of values) {
      const known = resourceRow(at[0] ?? 0, at[2] ?? 0)
      if (at[0] !== object || at[1] !== instance || known === undefined) return no('4.00')
      if (!bootstrap && !known.operations.includes('W')) return no('4.05')
      if (object === 5 && known.id === 1) this.#firmwareUri(text)
      else if (object === 9 && known.id === 3) this.#software.fetches(instance, text)
      else this.#put(at.join('/'), text)
    }
    return NONE
  }

  /** POST without a payload, or with arguments, on a resource. */
  execute(path: readonly number[], argument: string): LwAnswer {
    const [object, instance, id] = path
    if (object === undefined || instance === undefined || id === undefined) return no('4.05')
    if (!this.#has(object, instance)) return no('4.04')
    const row = resourceRow(object, id)
    if (row === undefined) return no('4.04')
    if (row.operations !== 'E') return no('4.05')
    this.#effects.push({ type: 'log', text: `exec /${path.join('/')}` })
    if (object === 1 && id === 8) this.#effects.push({ type: 'update', objects: false })
    else if (object === 3 && id === 4) this.#effects.push({ type: 'restart' })
    else if (object === 5) return this.#firmwareUpdate()
    else if (object === 9) return this.#software.execute(instance, id, argument)
    return NONE
  }

  /** POST on an object: an instance is made. */
  create(object: number, payload: Uint8Array): LwAnswer {
    if (object !== 9) return no(MANY.includes(object) ? '4.01' : '4.05')
    if (payload.length > 0) {
      try {
        readPayload(11542, payload, [object])
      } catch (error) {
        if (error instanceof PayloadError) return no('4.00')
        throw error
      }
    }
    const instance = this.#software.create()
    this.#effects.push({ type: 'update', objects: true })
    return { code: '2.01', values: [], instance }
  }

  /** DELETE: a server may take software instances, the bootstrap server everything. */
  remove(path: readonly number[], bootstrap = false): LwAnswer {
    const [object, instance] = path
    if (path.length === 0 && !bootstrap) return no('4.05')
    if (!bootstrap && (object !== 9 || instance === undefined)) return no('4.05')
    const prefix = path.join('/')
    const doomed = [...this.#values.keys()].filter((key) => key === prefix || key.startsWith(`${prefix}/`))
    if (doomed.length === 0 && !bootstrap) return no('4.04')
    for (const key of doomed) this.#values.delete(key)
    if (!bootstrap) this.#effects.push({ type: 'update', objects: true })
    return { code: '2.02', values: [] }
  }

  /** A fetch ended; null: it failed with this result. */
  fetched(what: string, bytes: Uint8Array | null): void {
    if (what === 'firmware') return bytes === null ? this.#firmwareFailed(FR.uri) : this.#firmwareArrived(bytes)
    this.#software.fetched(Number(what.slice('software '.length)), bytes)
  }

  /** A timer rang. */
  rang(what: string): void {
    if (what !== 'update') return this.#software.rang(what)
    const image = this.#firmware
    if (image === null) return
    if (image.version.includes('FAILS')) {
      this.#put('5/0/5', String(FR.failed))
      this.#put('5/0/3', String(FS.downloaded))
      return
    }
    this.#firmware = null
    this.#put('3/0/3', image.version)
    this.#put('5/0/6', image.name)
    this.#put('5/0/7', image.version)
    this.#put('5/0/5', String(FR.success))
    this.#put('5/0/3', String(FS.idle))
    this.#effects.push({ type: 'restart' })
  }

  // Firmware Update, object 5.

  #firmwarePackage(bytes: Uint8Array): LwAnswer {
    if (this.#values.get('5/0/3') === String(FS.updating)) return no('4.05')
    this.#firmwareReset()
    // Empty, or a single zero: back to Idle.
    if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0)) return NONE
    this.#put('5/0/3', String(FS.downloading))
    this.#firmwareArrived(bytes)
    return NONE
  }

  #firmwareUri(url: string): void {
    this.#firmwareReset()
    this.#put('5/0/1', url)
    if (url === '') return
    if (!/^(https?|coap):\/\//.test(url)) return this.#firmwareFailed(/^[a-z]+:\/\//.test(url) ? FR.protocol : FR.uri)
    this.#put('5/0/3', String(FS.downloading))
    this.#effects.push({ type: 'fetch', what: 'firmware', url })
  }

  #firmwareReset(): void {
    this.#firmware = null
    this.#put('5/0/5', String(FR.initial))
    this.#put('5/0/3', String(FS.idle))
  }

  #firmwareFailed(result: number): void {
    this.#put('5/0/5', String(result))
    this.#put('5/0/3', String(FS.idle))
  }

  #firmwareArrived(bytes: Uint8Array): void {
    const { name, version, intact } = packageOf(bytes)
    if (!intact) return this.#firmwareFailed(FR.integrity)
    this.#firmware = { bytes, name, version }
    this.#effects.push({ type: 'log', text: `firmware ${name} ${version}, ${bytes.length} octets` })
    this.#put('5/0/3', String(FS.downloaded))
  }

  #firmwareUpdate(): LwAnswer {
    if (this.#values.get('5/0/3') !== String(FS.downloaded)) return no('4.05')
    this.#put('5/0/5', String(FR.initial))
    this.#put('5/0/3', String(FS.updating))
    this.#effects.push({ type: 'timer', what: 'update', ms: this.setup.takesMs ?? 50 })
    return NONE
  }

  // Values.

  #has(object: number, instance: number): boolean {
    const prefix = `${object}/${instance}/`
    for (const key of this.#values.keys()) if (key.startsWith(prefix)) return true
    return false
  }

  #put(path: string, text: string): void {
    if (this.#values.get(path) === text) return
    this.#values.set(path, text)
    this.#effects.push({ type: 'changed', path: path.split('/').map(Number) })
  }
}
