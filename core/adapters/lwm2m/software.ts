// Software Management (object 9) of a simulated LwM2M client: instances with packages, moved as Update State and Update Result say (OMA-TS-LWM2M_SwMgmt-V1_0).
import { SOFTWARE_RESULT as SR, SOFTWARE_STATE as SS } from './model.ts'
import { packageOf } from './simulated.ts'
import type { LwAnswer, LwEffect } from './simulated.ts'

export interface SoftwareParts {
  readonly put: (path: string, text: string) => void
  readonly get: (path: string) => string
  readonly effect: (effect: LwEffect) => void
  readonly takesMs: number
}

const NONE: LwAnswer = { code: '2.04', values: [] }
const REFUSED: LwAnswer = { code: '4.05', values: [] }
/** Resource ids. */
const [NAME, VERSION, INSTALL, UNINSTALL, STATE, RESULT, ACTIVATE, DEACTIVATE, ACTIVE] = [0, 1, 4, 6, 7, 9, 10, 11, 12]

/** The instances of object 9. */
export class Software {
  readonly #parts: SoftwareParts
  readonly #packages = new Map<number, Uint8Array>()
  #next = 0

  constructor(parts: SoftwareParts) {
    this.#parts = parts
  }

  create(): number {
    const instance = this.#next
    this.#next += 1
    this.#set(instance, NAME, '')
    this.#set(instance, VERSION, '')
    this.#set(instance, 8, 'false')
    this.#set(instance, ACTIVE, 'false')
    this.#move(instance, SS.initial, SR.initial)
    return instance
  }

  /** Package written by the server. */
  delivered(instance: number, bytes: Uint8Array): LwAnswer {
    if (this.#state(instance) === SS.downloading) return REFUSED
    this.#move(instance, SS.downloading, SR.initial)
    this.#arrived(instance, bytes)
    return NONE
  }

  /** Package URI written by the server. */
  fetches(instance: number, url: string): void {
    this.#move(instance, SS.downloading, SR.downloading)
    if (!/^https?:\/\//.test(url)) return this.#move(instance, SS.initial, SR.uri)
    this.#parts.effect({ type: 'fetch', what: `software ${instance}`, url })
  }

  fetched(instance: number, bytes: Uint8Array | null): void {
    if (bytes === null) this.#move(instance, SS.initial, SR.lost)
    else this.#arrived(instance, bytes)
  }

  #arrived(instance: number, bytes: Uint8Array): void {
    const { name, version, intact } = packageOf(bytes)
    if (!intact) return this.#move(instance, SS.initial, SR.integrity)
    this.#packages.set(instance, bytes)
    this.#set(instance, NAME, name)
    this.#set(instance, VERSION, version)
    this.#parts.effect({ type: 'log', text: `package ${name} ${version}, ${bytes.length} octets` })
    this.#move(instance, SS.delivered, SR.verified)
  }

  execute(instance: number, id: number, argument: string): LwAnswer {
    const state = this.#state(instance)
    switch (id) {
      case INSTALL:
        if (state !== SS.delivered) return REFUSED
        this.#set(instance, RESULT, String(SR.initial))
        this.#parts.effect({ type: 'timer', what: `install ${instance}`, ms: this.#parts.takesMs })
        return NONE
      case UNINSTALL:
        if (state !== SS.installed && state !== SS.delivered) return REFUSED
        this.#set(instance, ACTIVE, 'false')
        this.#packages.delete(instance)
        this.#parts.effect({ type: 'log', text: `uninstalled ${this.#parts.get(`9/${instance}/0`)}${argument === '' ? '' : ` (${argument})`}` })
        this.#set(instance, NAME, '')
        this.#set(instance, VERSION, '')
        this.#move(instance, SS.initial, SR.initial)
        return NONE
      case ACTIVATE:
      case DEACTIVATE:
        if (state !== SS.installed) return REFUSED
        this.#set(instance, ACTIVE, id === ACTIVATE ? 'true' : 'false')
        return NONE
      default:
        return REFUSED
    }
  }

  rang(what: string): void {
    const instance = Number(/^install (\d+)$/.exec(what)?.[1] ?? -1)
    const bytes = this.#packages.get(instance)
    if (bytes === undefined) return
    const { name, version } = packageOf(bytes)
    // A package whose version says so fails when it is installed.
    if (version.includes('FAILS')) return this.#set(instance, RESULT, String(SR.install))
    this.#parts.effect({ type: 'log', text: `installed ${name} ${version}` })
    this.#set(instance, ACTIVE, 'true')
    this.#move(instance, SS.installed, SR.installed)
  }

  #state(instance: number): number {
    return Number(this.#parts.get(`9/${instance}/7`))
  }
  #set(instance: number, id: number, text: string): void {
    this.#parts.put(`9/${instance}/${id}`, text)
  }
  /** The result first, so that who sees the state sees the result that belongs to it. */
  #move(instance: number, state: number, result: number): void {
    this.#set(instance, RESULT, String(result))
    this.#set(instance, STATE, String(state))
  }
}
