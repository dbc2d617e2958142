// Unknown devices: who wants to talk, and what is decided about them; and a device brought back to a known state. What a card shows comes from the trace.
import type {
  Cart,
  DevicesArea,
  EnrolDecision,
  JobRow,
  LabEvents,
  ResetDone,
  ResetWish,
  SessionRow,
  ShownAs,
  TreeArea,
  TreeRef,
  WantsToTalk,
} from '../api.ts'
import { isOver } from '../jobs/types.ts'
import type { ServerInput } from '../server/serverterms.ts'
import { canEnrol } from '../server/records.ts'
import type { Account, Nonces, ServerRecord } from '../server/records.ts'
import type { Shown } from '../session/desk.ts'
import { shownBy } from '../session/desk.ts'
import type { Ledger } from '../store/ledger.ts'
import type { TraceStore } from '../store/trace.ts'
import { readMessage } from '../syncml/codec.ts'
import type { Message } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'

/** Name of the setting under which `adopt always` is kept. */
export const ENROL_SETTING = 'enrol'

const SHOWN: Readonly<Record<string, ShownAs>> = { 'syncml:auth-basic': 'basic', 'syncml:auth-md5': 'md5', 'syncml:auth-MAC': 'hmac' }

export interface EnrolmentParts {
  readonly ledger: Pick<Ledger, 'accounts' | 'account' | 'nonces' | 'orders' | 'setSetting' | 'accountMoves'> & {
    save(records: readonly ServerRecord[]): void
  }
  readonly store: Pick<TraceStore, 'frame' | 'session'>
  readonly sessions: () => readonly SessionRow[]
  /** Gives the DM Server an order. */
  readonly order: (input: ServerInput) => void
  readonly tell: (fact: LabEvents['wants']) => void
  readonly tree: Pick<TreeArea, 'script' | 'send' | 'cancelDiscovery'>
  readonly jobs: { list(device: string): Promise<readonly JobRow[]>; cancel(id: string): Promise<unknown> }
  /** Brings a simulated device back to the state it was made with; false where it is none of ours. Rejects in words. */
  readonly restore: (device: string) => Promise<boolean>
}

/** Calls `wants`, `decide` and `reset` of area devices. */
export class Enrolment implements Pick<DevicesArea, 'wants' | 'decide' | 'reset'> {
  readonly #parts: EnrolmentParts
  #told = ''
  /** How often accounts had moved when none of them waited. */
  #none = -1

  constructor(parts: EnrolmentParts) {
    this.#parts = parts
  }

  wants = async (): Promise<readonly WantsToTalk[]> => this.#wants()

  decide = async (device: string, decision: EnrolDecision): Promise<void> => {
    const own = this.#parts.ledger.account(device, undefined)
    const account = own?.device === device ? own : undefined
    if (account === undefined) throw new Error(`there is nothing to decide about ${device}: it has no account that waits`)
    if (account.state === 'enrolled' && decision !== 'adopt always') throw new Error(`${device} is enrolled already`)
    const { order, ledger } = this.#parts
    if (decision === 'adopt always') {
      ledger.setSetting(ENROL_SETTING, 'auto')
      order({ type: 'enrol', enrol: 'auto' })
      for (const { device: other } of this.#waiting()) if (other !== null) order({ type: 'decide', device: other, state: 'enrolled' })
    }
    order({ type: 'decide', device, state: decision === 'ignore' ? 'refused' : 'enrolled' })
    this.moved()
  }

  reset = async (device: string, wish: ResetWish): Promise<ResetDone> => {
    const done: string[] = []
    const remarks: string[] = []
    if (wish.orders !== false) await this.#drop(device, done, remarks)
    const simulated = await this.#parts.restore(device)
    if (simulated) done.push('the simulated device is as it was made: tree, software, nonces')
    // A device from the factory knows no nonce either.
    if (wish.nonces !== false || simulated) this.#forget(device, done)
    const order = wish.snapshot === undefined ? '' : await this.#back(device, wish.snapshot, done, remarks)
    if (done.length === 0) remarks.push('there was nothing to do')
    return { device, done, remarks, order }
  }

  /** Accounts, sessions or devices moved: tells the cards where they are others now. */
  moved(): void {
    const { accountMoves } = this.#parts.ledger
    if (this.#told === '') {
      if (this.#none === accountMoves) return
      if (this.#waiting().length === 0) return void (this.#none = accountMoves)
    }
    const open = this.#wants()
    const text = JSON.stringify(open)
    if (text === this.#told) return
    this.#told = open.length === 0 ? '' : text
    this.#parts.tell({ open })
  }

  #waiting(): Account[] {
    return this.#parts.ledger.accounts().filter(({ device, state }) => device !== null && state === 'waiting')
  }

  #wants(): WantsToTalk[] {
    const sessions = this.#parts.sessions()
    return this.#waiting()
      .map((account) =>
        this.#card(
          account,
          sessions.filter((row) => row.device === account.device),
        ),
      )
      .sort((a, b) => b.lastAt - a.lastAt)
  }

  #card(account: Account, sessions: readonly SessionRow[]): WantsToTalk {
    const last = sessions.reduce<SessionRow | undefined>(
      (newest, row) => (newest === undefined || row.session > newest.session ? row : newest),
      undefined,
    )
    const frame = last === undefined ? undefined : this.#parts.store.frame(last.first)
    const message = frame === undefined ? null : readMessage(frame.bytes, frame.row.encoding)
    const encoding = frame?.row.encoding === 'wbxml' ? 'wbxml' : 'xml'
    const shown: Shown | null =
      message === null || frame === undefined
        ? null
        : shownBy(message, { bytes: frame.bytes, encoding, headers: frame.headers, contentType: '', uri: '' })
    const said = message === null ? {} : devInfo(message)
    return {
      device: account.device ?? '',
      firstAt: Math.min(...sessions.map((row) => row.firstAt), last?.firstAt ?? 0),
      lastAt: last?.lastAt ?? 0,
      times: Math.max(1, sessions.length),
      manufacturer: said['./DevInfo/Man'] ?? '',
      model: said['./DevInfo/Mod'] ?? '',
      userName: shown?.user ?? account.userName,
      shown: shown?.type == null ? (message?.header.cred === undefined ? 'none' : 'other') : (SHOWN[shown.type] ?? 'other'),
      remote: frame?.remote ?? '',
      seq: frame?.row.seq ?? 0,
      adopting: canEnrol(account)
        ? `the user name ${account.userName} and the password it showed become its account`
        : 'it is asked for Basic once, and what it then shows becomes its account; or give it a user name and a password yourself',
    }
  }

  /** Orders that have not left, jobs and walks. */
  async #drop(device: string, done: string[], remarks: string[]): Promise<void> {
    const { ledger, jobs, tree } = this.#parts
    const orders = ledger.orders(device)
    const queued = orders.filter(({ state }) => state === 'queued')
    const away = orders.length - queued.length
    ledger.save(queued.map((order) => ({ kind: 'order', order: { ...order, state: 'failed' } })))
    if (queued.length > 0) done.push(`${queued.length} queued ${queued.length === 1 ? 'order is' : 'orders are'} dropped`)
    if (away > 0) remarks.push(`${away} ${away === 1 ? 'order has' : 'orders have'} left already: nobody can take back what the device did`)
    const open = (await jobs.list(device)).filter(({ state }) => !isOver(state))
    for (const { id } of open) await jobs.cancel(id)
    if (open.length > 0) done.push(`${open.length} ${open.length === 1 ? 'job is' : 'jobs are'} cancelled`)
    if ((await tree.cancelDiscovery(device))?.state === 'cancelled') done.push('the walk over its tree is ended')
  }

  #forget(device: string, done: string[]): void {
    const { ledger } = this.#parts
    const own = ledger.accounts().filter((account) => account.device === device)
    const ids = new Set((own.length > 0 ? own : [ledger.account(device, undefined)]).flatMap((account) => account?.serverId ?? []))
    const known = [...ids].flatMap((serverId): Nonces[] => {
      const nonces = ledger.nonces(device, serverId)
      return nonces === undefined || (nonces.client === null && nonces.server === null) ? [] : [nonces]
    })
    ledger.save(known.map((nonces) => ({ kind: 'nonces', nonces: { ...nonces, client: null, server: null, reading: null } })))
    if (known.length > 0) done.push('both nonces are forgotten: the next session begins with a challenge')
  }

  /** Queues the commands that bring the tree back to a snapshot. */
  async #back(device: string, snapshot: string, done: string[], remarks: string[]): Promise<string> {
    const { tree } = this.#parts
    const now: TreeRef = { device }
    const script = await tree.script(now, { snapshot }, 'sequence')
    remarks.push(...script.remarks)
    const { commands } = script.cart
    if (commands.length === 0) {
      done.push(`the tree is that of ${snapshot} already, as far as it was read`)
      return ''
    }
    const cart: Cart = { ...script.cart, when: 'next session' }
    const { order } = await tree.send(device, cart)
    done.push(`${commands.length} ${commands.length === 1 ? 'command is' : 'commands are'} queued that bring the tree back to ${snapshot}`)
    return order
  }
}

/** Leaves of ./DevInfo in a Package #1, by URI. */
function devInfo(message: Message): Record<string, string> {
  return Object.fromEntries(
    message.commands.flatMap((command) =>
      command.kind === 'Replace' ? command.items.map((item) => [item.source?.locUri ?? item.target?.locUri ?? '', dataText(item.data)]) : [],
    ),
  )
}
