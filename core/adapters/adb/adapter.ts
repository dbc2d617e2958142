// Android devices as an adapter: properties, the package manager, files. Every word that reaches the device's shell is plain; what the device prints is read, never trusted.
import { AdapterError } from '../port.ts'
import type { Adapted, Adapter, AdapterFact } from '../port.ts'
import { ADB_ROWS } from './mapping.ts'
import { adbDeviceId, isPlainWord, readPackages } from './packages.ts'
import { readProps } from './props.ts'

/** A device that can be worked with, and has told what it is. */
export interface AndroidSeen {
  readonly serial: string
  /** Host it is reached at over Wi-Fi; '' by cable. */
  readonly host: string
  readonly manufacturer: string
  readonly model: string
  /** Of the hardware; '' where it tells none. */
  readonly serialNumber: string
}

/** The way to devices. Promises reject with AdapterError. */
export interface AndroidLine {
  seen(): readonly AndroidSeen[]
  /** Called whenever the list may have moved. */
  follow(moved: () => void): () => void
  /** What a command printed, both streams; `ms`: longest wait. */
  shell(serial: string, command: string, ms: number): Promise<string>
  push(serial: string, path: string, bytes: Uint8Array): Promise<void>
  /** Calls once after ms; gives what cancels it. */
  after(ms: number, call: () => void): () => void
}

/** Questions are answered within this time; the package manager may take long, ms. */
const ASKED_WITHIN = 15_000
const DONE_WITHIN = 10 * 60_000
/** A value that is followed is asked for so often, ms. */
const EVERY = 2000
/** Commands of the shell that rows may name, and words that begin with `-` in them. */
const COMMANDS = ['pm install', 'pm uninstall', 'pm enable', 'pm disable-user', 'rm']
const FLAGS = ['-r', '-f', '--user']
const FILE = /^(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$/

/** Makes the adapter. */
export function adbAdapter(line: AndroidLine): Adapter {
  return new AdbAdapter(line)
}

class AdbAdapter implements Adapter {
  readonly protocol = 'adb'
  readonly wakes = false
  readonly rows = ADB_ROWS
  readonly #line: AndroidLine

  constructor(line: AndroidLine) {
    this.#line = line
  }

  discover(told: (fact: AdapterFact) => void): () => void {
    const known = new Map<string, string>()
    const look = (): void => {
      const now = new Map(this.#line.seen().map((seen) => [adbDeviceId(seen.serial, seen.serialNumber), adapted(seen)] as const))
      for (const deviceId of [...known.keys()]) {
        if (now.has(deviceId)) continue
        known.delete(deviceId)
        told({ type: 'gone', deviceId, reason: 2 })
      }
      for (const [deviceId, device] of now) {
        const text = JSON.stringify(device)
        if (known.get(deviceId) === text) continue
        known.set(deviceId, text)
        told({ type: 'found', device })
        told({ type: 'awake', deviceId })
      }
    }
    const end = this.#line.follow(look)
    look()
    return end
  }

  async wake(deviceId: string): Promise<void> {
    throw new AdapterError(406, `${deviceId}: adb has no wake-up; commands run whenever they are there`)
  }

  async list(deviceId: string, path: string): Promise<readonly string[]> {
    if (path !== 'packages') throw new AdapterError(404, `${path} has no list on an Android device`)
    return this.#packages(deviceId, '').then((packages) => packages.map(({ name }) => name))
  }

  async get(deviceId: string, path: string): Promise<string> {
    const [kind = '', name = '', what = ''] = path.split(':')
    if (kind === 'prop') {
      const props = readProps(await this.#line.shell(this.#serial(deviceId), 'getprop', ASKED_WITHIN))
      if (props.size === 0) throw new AdapterError(500, `getprop of ${deviceId} gave no property`)
      const value = name
        .split(',')
        .map((each) => props.get(each) ?? '')
        .find((each) => each !== '')
      if (value === undefined) throw new AdapterError(404, `${deviceId} has no property ${name}`)
      return value
    }
    if (kind !== 'package') throw new AdapterError(404, `an Android device has no ${path}`)
    const found = (await this.#packages(deviceId, '--show-versioncode')).find((each) => each.name === name)
    if (found === undefined) throw new AdapterError(404, `${deviceId} has no package ${name}`)
    if (what === 'name') return name
    if (what === 'version') return found.version
    return (await this.#packages(deviceId, '-d')).some((each) => each.name === name) ? 'false' : 'true'
  }

  async set(_deviceId: string, path: string): Promise<void> {
    throw new AdapterError(405, `${path} is not written on an Android device`)
  }

  async exec(deviceId: string, path: string, argument: string): Promise<string> {
    if (!COMMANDS.includes(path)) throw new AdapterError(405, `${path} is no command of this adapter`)
    const words = argument.split(' ')
    const odd = words.find((word) => !FLAGS.includes(word) && !isPlainWord(word) && !isPlainFile(word))
    if (odd !== undefined) throw new AdapterError(400, `${JSON.stringify(odd)} is not handed to a shell`)
    return this.#line.shell(this.#serial(deviceId), `${path} ${argument}`, DONE_WITHIN)
  }

  async deliver(deviceId: string, path: string, bytes: Uint8Array): Promise<void> {
    if (!isPlainFile(path)) throw new AdapterError(400, `${JSON.stringify(path)} is no name of a file here`)
    await this.#line.push(this.#serial(deviceId), path, bytes)
  }

  watch(deviceId: string, path: string, told: (value: string) => void, failed: (error: unknown) => void): () => void {
    let over = false
    let next: () => void = () => {}
    let last: string | null = null
    const look = (): void =>
      void this.get(deviceId, path).then(
        (value) => {
          if (over) return
          if (value !== last) told((last = value))
          next = this.#line.after(EVERY, look)
        },
        (error: unknown) => void (over || failed(error)),
      )
    look()
    return () => {
      over = true
      next()
    }
  }

  async #packages(deviceId: string, flag: '' | '-d' | '--show-versioncode'): Promise<ReturnType<typeof readPackages>> {
    const text = await this.#line.shell(this.#serial(deviceId), `pm list packages${flag === '' ? '' : ` ${flag}`}`, ASKED_WITHIN)
    if (/inaccessible or not found|^(Failure|Error|Exception)/m.test(text)) throw new AdapterError(500, text.trim().slice(0, 200))
    return readPackages(text)
  }

  #serial(deviceId: string): string {
    const found = this.#line.seen().find(({ serial, serialNumber }) => adbDeviceId(serial, serialNumber) === deviceId)
    if (found === undefined) throw new AdapterError(503, `${deviceId} is not connected by adb now`)
    return found.serial
  }
}

const isPlainFile = (path: string): boolean => FILE.test(path) && !path.includes('..')

function adapted({ serial, host, manufacturer, model, serialNumber }: AndroidSeen): Adapted {
  const address = host === '' ? { type: 'OTHER', address: serial } : { type: host.includes(':') ? 'IPv6' : 'IPv4', address: host }
  const devInfo = { ...(manufacturer === '' ? {} : { Man: manufacturer }), ...(model === '' ? {} : { Mod: model }) }
  return { deviceId: adbDeviceId(serial, serialNumber), name: serial, address, devInfo }
}
