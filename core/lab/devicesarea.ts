// Devices as LabApi shows them: rows of those the ledger knows, real and simulated, and what can be asked of one.
import type { DeviceRow, DevicesArea, LabEvents, QueuedCommand, QueuedQuestion } from '../api.ts'
import { orderId } from '../server/orderid.ts'
import type { Account, Order } from '../server/records.ts'
import type { Ledger } from '../store/ledger.ts'
import { accountsFor, changeAccount } from './accounts.ts'
import { toCommand } from './commands.ts'
import type { People } from './people.ts'

export interface DeviceRowsParts {
  readonly ledger: Ledger
  /** What a simulated device does now; undefined for one that is none of ours. */
  readonly activity: (device: string) => string | undefined
  /** How many sessions a device has had. */
  readonly sessions: (device: string) => number
}

/** Rows of the devices named, or of all. */
export function deviceRows({ ledger, activity, sessions }: DeviceRowsParts, only: ReadonlySet<string> | null): DeviceRow[] {
  const own = (id: string): Account['state'] | undefined => {
    const account = ledger.account(id, undefined)
    return account?.device === id ? account.state : undefined
  }
  const ids = only ?? new Set([...ledger.devices().map((record) => record.device), ...ledger.accounts().flatMap(({ device }) => device ?? [])])
  return [...ids].map((id) => {
    const known = ledger.device(id)
    return {
      id,
      simulated: activity(id) !== undefined,
      manufacturer: known?.devInfo['./DevInfo/Man'] ?? '',
      model: known?.devInfo['./DevInfo/Mod'] ?? '',
      lastAt: known?.lastAt ?? 0,
      sessions: sessions(id),
      state: own(id) ?? 'enrolled',
      activity: activity(id) ?? '',
    }
  })
}

/** The fact of devices that moved; their rows are made for the first who looks at them. */
export function devicesFact(parts: DeviceRowsParts, moved: ReadonlySet<string>): LabEvents['devices'] {
  let rows: readonly DeviceRow[] | null = null
  return {
    get changed() {
      return (rows ??= deviceRows(parts, moved))
    },
  }
}

export interface DevicesAreaParts extends DeviceRowsParts {
  readonly now: () => number
  readonly random: (count: number) => Uint8Array
  readonly simulate: DevicesArea['simulate']
  readonly people: People
  readonly pushes: Pick<DevicesArea, 'notify' | 'bootstrap'>
  /** Unknown devices and resets. */
  readonly enrolment: Pick<DevicesArea, 'wants' | 'decide' | 'reset'>
  readonly queue: (order: Order) => Promise<void>
  readonly moved: (device: string) => void
}

export function devicesArea(parts: DevicesAreaParts): DevicesArea {
  const { ledger, people, pushes, enrolment, moved } = parts
  return {
    list: async () => deviceRows(parts, null),
    simulate: async (options) => parts.simulate(options),
    questions: async () => people.questions(),
    answer: async (id, answer) => people.answer(id, answer),
    queue: async (device: string, commands: readonly (QueuedCommand | QueuedQuestion)[]) => {
      if (commands.length === 0) throw new Error('nothing to queue: the list of commands is empty')
      const createdAt = parts.now()
      const head = { id: orderId(createdAt, parts.random), device, createdAt }
      await parts.queue({ ...head, commands: commands.map(toCommand), state: 'queued', sessionId: '', outcomes: [] })
    },
    notify: async (device, options) => pushes.notify(device, options),
    bootstrap: async (options) => {
      const made = await pushes.bootstrap(options)
      moved(options.device)
      return made
    },
    accounts: async (device) => accountsFor(ledger, device),
    setAccount: async (device, change) => {
      const row = changeAccount(ledger, device, change)
      moved(device)
      return row
    },
    wants: async () => enrolment.wants(),
    decide: async (device, decision) => enrolment.decide(device, decision),
    reset: async (device, wish) => enrolment.reset(device, wish),
  }
}
