// A device that speaks no OMA DM, and the gateway's adapter to it, both in memory: a lamp with a few properties. What is read and written there truly is.
import type { DeviceRecord } from '../gateway/ports.ts'
import type { GatewayHost } from '../lab/gatewayhost.ts'
import type { Clock } from '../lab/ports.ts'
import type { Recorder } from '../lab/recorder.ts'
import { happening } from '../mo/events.ts'
import type { Request } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'
import { escapeXml } from '../gateway/payloads.ts'

/** Name of its protocol in the inventory. */
export const LAMP = 'lamp'

/** Its properties by the path a management object names them: value, and whether it may be written. */
const LAMP_PATHS = {
  './DevInfo/Man': { value: 'Example Lights', writable: false },
  './DevInfo/Mod': { value: 'LAMP-7', writable: false },
  './Vendor/DMLab/Settings/Text': { value: 'off', writable: true },
} as const

export interface LampParts {
  readonly clock: Clock
  readonly recorder: Recorder
  readonly host: () => GatewayHost
  readonly deviceId: string
  readonly address: string
}

/** One way between gateway and lamp, ms. */
const WIRE = 30

export class MemoryLamp {
  readonly #parts: LampParts
  readonly #values = new Map<string, string>(Object.entries(LAMP_PATHS).map(([path, { value }]) => [path, value]))
  /** How it fails on purpose: `asleep` does not wake, `deaf` does not answer commands. */
  flaw: 'asleep' | 'deaf' | null = null

  constructor(parts: LampParts) {
    this.#parts = parts
  }

  /** What it holds now. */
  value(path: string): string | undefined {
    return this.#values.get(path)
  }

  /** X.1: the gateway's adapter finds it. */
  appear(): void {
    const { host, deviceId, address } = this.#parts
    const devInfo = { Man: this.#values.get('./DevInfo/Man') ?? '', Mod: this.#values.get('./DevInfo/Mod') ?? '' }
    const sighting = { deviceId, mode: 2, address: { type: 'IPv4', address }, protocol: LAMP, devInfo } as const
    host().gateway.devices.discovered(sighting, 20)
    host().gateway.devices.registered(sighting)
    host().settle()
  }

  /** The gateway wants the open commands of a job run: wakes it, and works them off one by one. */
  adapt(record: DeviceRecord): void {
    if (this.flaw === 'asleep') return
    this.#later(() => {
      this.#tell('wake', 'is woken', {})
      if (this.flaw !== 'deaf') this.#later(() => this.#work(record))
    })
  }

  #work(record: DeviceRecord): void {
    const host = this.#parts.host()
    const { fanouts } = host.gateway
    const open = [...fanouts.next(record.localId)]
    host.settle()
    const go = (): void => {
      const next = open.shift()
      if (next === undefined) {
        fanouts.sessionEnded(record.localId)
        return host.settle()
      }
      const { job, index, command } = next
      const path = 'items' in command ? (command.items[0]?.target?.locUri ?? '') : ''
      this.#tell('command', `${command.kind} ${path}`, { path })
      this.#later(() => {
        const { code, data } = this.#perform(command, path)
        this.#tell('answer', `${String(code)} for ${command.kind} ${path}`, { path, code })
        fanouts.status(job, record.localId, index, code, data)
        host.settle()
        go()
      })
    }
    go()
  }

  /** The gateway makes the Status of what the lamp did (gwmo sheet 4.8). */
  #perform(command: Request, path: string): { readonly code: number; readonly data: string } {
    const label = escapeXml(command.cmdId)
    const said = (code: number, results = ''): { readonly code: number; readonly data: string } => ({
      code,
      data: `<Status cmd="${label}" name="${command.kind}">${String(code)}</Status>${results}`,
    })
    const known = LAMP_PATHS[path as keyof typeof LAMP_PATHS] as { readonly writable: boolean } | undefined
    if (command.kind !== 'Get' && command.kind !== 'Replace') return said(406)
    if (known === undefined) return said(404)
    if (command.kind === 'Get')
      return said(200, `<Results><Source>${escapeXml(path)}</Source><Data>${escapeXml(this.#values.get(path) ?? '')}</Data></Results>`)
    if (!known.writable) return said(405)
    this.#values.set(path, dataText(command.items[0]?.data ?? ''))
    return said(200)
  }

  #later(call: () => void): void {
    this.#parts.clock.after(WIRE, call)
  }

  #tell(act: 'wake' | 'command' | 'answer', text: string, facts: { readonly path?: string; readonly code?: number }): void {
    const { recorder, clock, deviceId } = this.#parts
    recorder.happened(clock.now(), clock.mono(), happening('gateway.adapter', deviceId, `${LAMP}: ${text}`, { protocol: LAMP, act, ...facts }))
    recorder.announce()
  }
}
