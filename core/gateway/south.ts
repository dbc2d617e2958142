// The gateway's server face: a policy of a DM Server that registers devices as they come, hands them their part of running jobs, and takes their late alerts.
import { ALERTS, alertOfType } from '../mo/gwmo.ts'
import type { AlertRecord } from '../server/records.ts'
import type { CommandOutcome, Policy, SessionView, Work } from '../server/policy.ts'
import type { SessionEnd } from '../session/desk.ts'
import type { Command } from '../syncml/message.ts'
import { judge } from './codes.ts'
import { doubtOf } from './doubt.ts'
import type { Doubt, Read } from './doubt.ts'
import type { Gateway } from './gateway.ts'
import { PayloadError, escapeXml, readRegistration, readServerList } from './payloads.ts'
import type { TypedAddress } from './payloads.ts'

interface Flying {
  readonly job: string
  readonly localId: string
  readonly index: number
  readonly label: string
  /** Session it left in. */
  readonly session: string
}

/** A command whose Status was lost, and what was read about it so far. */
interface Asking extends Omit<Flying, 'label'> {
  readonly doubt: Doubt
  readonly reads: Map<string, Read>
}

export interface SouthParts {
  readonly gateway: Gateway
  /** Where the device's messages come from. */
  readonly address: (device: string) => TypedAddress
}

/** How a session says that a command is too large for the device, whole or in chunks. */
const NEVER = /^not sent: it(s object| does not fit)/
const LEAF = /^\.\/DevInfo\/(Man|Mod|DmV|Lang)$/

/** Asked by the DM Server that looks at the devices. */
export class SouthPolicy implements Policy {
  readonly #parts: SouthParts
  readonly #flying = new Map<Command, Flying>()
  /** Questions under way, by their Get. */
  readonly #asking = new Map<Command, { readonly about: Asking; readonly uri: string }>()
  /** What a session has asked about already: `job index` by device and session. */
  readonly #asked = new Map<string, Set<string>>()

  constructor(parts: SouthParts) {
    this.#parts = parts
  }

  next(view: SessionView, outcomes: readonly CommandOutcome[]): readonly Work[] {
    const { gateway } = this.#parts
    for (const outcome of outcomes) this.#settle(outcome)
    if (view.round === 0) this.#came(view)
    const record = gateway.devices.recordOf(view.device)
    // Sessions of a transparent device with the gateway are for its alerts only.
    if (record === undefined || record.state !== 30 || record.mode !== 1) return []
    const questions = this.#questions(view, record.localId)
    if (questions.length > 0) return [{ order: null, commands: questions }]
    const commands = gateway.fanouts.next(record.localId).map(({ job, index, command }) => {
      const fresh = { ...command }
      this.#flying.set(fresh, { job, localId: record.localId, index, label: command.cmdId, session: sessionKey(view) })
      return fresh
    })
    return commands.length === 0 ? [] : [{ order: null, commands }]
  }

  /** A session was lost before: what was sent in it and never answered is read first, once a session; nothing is sent again unread. */
  #questions(view: SessionView, localId: string): Command[] {
    const { fanouts } = this.#parts.gateway
    const key = sessionKey(view)
    const asked = this.#asked.get(key) ?? new Set<string>()
    const flying = [...this.#flying.values()]
    return fanouts.doubts(localId).flatMap(({ job, index, command }): Command[] => {
      const under = flying.some((each) => each.job === job && each.localId === localId && each.index === index)
      if (under || asked.has(`${job} ${index}`)) return []
      this.#asked.set(key, asked.add(`${job} ${index}`))
      const doubt = doubtOf(command)
      if (doubt === null || doubt.uris.length === 0) {
        fanouts.resolved(job, localId, index, doubt === null ? 'unknown' : doubt.judge(() => ({ code: 0, data: '' })))
        return []
      }
      const about: Asking = { job, localId, index, doubt, reads: new Map(), session: key }
      return doubt.uris.map((uri) => {
        const question: Command = { kind: 'Get', cmdId: '', items: [{ target: { locUri: uri } }] }
        this.#asking.set(question, { about, uri })
        return question
      })
    })
  }

  #answered(command: Command, { about, uri }: { readonly about: Asking; readonly uri: string }, outcomes: CommandOutcome['outcomes']): void {
    this.#asking.delete(command)
    const { job, localId, index, doubt, reads } = about
    const own = outcomes.find(({ path }) => path === undefined)
    // No answer proves nothing: the next session asks again.
    if (own === undefined || own.code === 0) return
    reads.set(uri, { code: own.code, data: own.data })
    if (reads.size < new Set(doubt.uris).size) return
    const read = (each: string): Read => reads.get(each) ?? { code: 0, data: '' }
    this.#parts.gateway.fanouts.resolved(job, localId, index, doubt.judge(read))
  }

  /** X.1 in proxy mode: opening a session registers the device, unless it is known as a transparent one. */
  #came(view: SessionView): void {
    const { gateway } = this.#parts
    if (!view.authenticated) return
    const devInfo = devInfoOf(view)
    const record = gateway.devices.recordOf(view.device)
    const at = this.#address(view.device)
    if (record !== undefined && record.mode !== 1) {
      if (record.state === 30) gateway.devices.registered({ deviceId: view.device, mode: record.mode, address: at, devInfo })
      return
    }
    if (record === undefined && gateway.part.asked.config('Modes/Proxy') !== 'true') return
    if (record === undefined && gateway.part.asked.config('DefaultMode') !== '1') return
    gateway.devices.registered({ deviceId: view.device, mode: 1, address: at, devInfo })
  }

  /** Where its messages come from; an address that the device named itself stays. */
  #address(device: string): TypedAddress {
    const known = this.#parts.gateway.devices.recordOf(device)?.address
    return known?.type === 'URI' ? known : this.#parts.address(device)
  }

  #settle({ command, outcomes }: CommandOutcome): void {
    const asking = this.#asking.get(command)
    if (asking !== undefined) return this.#answered(command, asking, outcomes)
    const flying = this.#flying.get(command)
    if (flying === undefined) return
    this.#flying.delete(command)
    const { gateway } = this.#parts
    const { job, localId, index, label } = flying
    const own = outcomes.find(({ path }) => path === undefined)
    if (own === undefined || own.code === 0) {
      const why = own?.data ?? ''
      // What no message of this device will ever hold fails; what surely never left may be sent again; what left and got no Status stays unknown.
      if (NEVER.test(why)) gateway.fanouts.status(job, localId, index, 413, statusOf(command, label, 413))
      else if (why.startsWith('not sent')) gateway.fanouts.unsent(job, localId, index)
      return
    }
    gateway.fanouts.status(job, localId, index, codeOf(command, outcomes, own.code), dataOf(command, label, outcomes))
  }

  alert(view: SessionView, alert: AlertRecord): number | undefined {
    if (alert.code !== 1226) return undefined
    const { gateway } = this.#parts
    if (!view.authenticated) return 401
    const codes = alert.items.map((item): number => {
      const type = alertOfType(item.type)
      try {
        if (type === 'registration') {
          const { deviceId, device, servers } = readRegistration(item.data)
          // Only the device itself may register itself (GS-19).
          if (deviceId !== view.device) {
            gateway.devices.barred(view.device, `${view.device} asked to register ${deviceId.slice(0, 200)}: a device registers only itself (412)`)
            return 412
          }
          const at = device.address === '' ? this.#address(view.device) : device
          gateway.devices.registered({ deviceId, mode: servers.length > 0 ? 0 : 1, address: at, devInfo: devInfoOf(view), servers })
          return 200
        }
        if (type === 'serverList') {
          const { servers } = readServerList(item.data)
          const known = gateway.devices.recordOf(view.device)
          gateway.devices.registered({
            deviceId: view.device,
            mode: known?.mode ?? 0,
            address: this.#address(view.device),
            devInfo: devInfoOf(view),
            servers,
          })
          return 200
        }
      } catch (error) {
        if (error instanceof PayloadError) return 412
        throw error
      }
      // What a gateway sends upwards has no business here.
      if (type !== null && ALERTS[type].from === 'gateway') return 415
      const late = { type: item.type.trim(), source: item.source, target: item.target ?? '', data: item.data }
      return gateway.fanouts.lateAlert(view.device, alert.correlator, late, item.mark === '' ? 'informational' : item.mark)
    })
    return codes.find((code) => code >= 300) ?? codes[0]
  }

  ended(view: SessionView, end: SessionEnd, outcomes: readonly CommandOutcome[]): void {
    void end
    for (const outcome of outcomes) this.#settle(outcome)
    const key = sessionKey(view)
    this.#asked.delete(key)
    for (const [command, { session }] of this.#flying) if (session === key) this.#flying.delete(command)
    for (const [command, { about }] of this.#asking) if (about.session === key) this.#asking.delete(command)
    const record = this.#parts.gateway.devices.recordOf(view.device)
    if (record !== undefined) this.#parts.gateway.fanouts.sessionEnded(record.localId)
  }
}

const sessionKey = ({ device, sessionId }: SessionView): string => `${device}\n${sessionId}`

function devInfoOf(view: SessionView): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [uri, value] of Object.entries(view.devInfo)) {
    const name = LEAF.exec(uri)?.[1]
    if (name !== undefined) found[name] = value
  }
  return found
}

/** A Sequence fails with its first failing child; an Atomic speaks for itself. */
function codeOf(command: Command, outcomes: CommandOutcome['outcomes'], own: number): number {
  if (command.kind !== 'Sequence' || own !== 200) return own
  const children = outcomes.filter(({ path }) => path !== undefined && path.length === 1)
  return children.find(({ code }) => judge(code, false) === 'failure')?.code ?? children.find(({ code }) => code === 202)?.code ?? own
}

const nameOf = (command: Command): string => (command.kind === 'Other' ? command.name : command.kind)
const statusOf = (command: Command, label: string, code: number): string =>
  `<Status cmd="${escapeXml(label)}" name="${nameOf(command)}">${code}</Status>`

/** Status and Results as the record keeps them: XML of our own, labels in place of CmdIDs. */
function dataOf(command: Command, label: string, outcomes: CommandOutcome['outcomes']): string {
  const name = nameOf(command)
  return outcomes
    .map(({ code, uri, data, path }) => {
      const cmd = path === undefined ? label : `${label}/${path.join('/')}`
      const status = `<Status cmd="${escapeXml(cmd)}" name="${path === undefined ? name : ''}">${code}</Status>`
      const results =
        data === '' || command.kind !== 'Get' ? '' : `<Results><Source>${escapeXml(uri)}</Source><Data>${escapeXml(data)}</Data></Results>`
      return status + results
    })
    .join('')
}
