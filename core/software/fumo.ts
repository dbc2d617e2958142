// The FUMO agent: orders to firmware objects, from the Exec to its alert (fumo sheet 4 to 9). Numbers come from core/mo/fumo.ts.
import type { ExecCall, ExecResult, Pending } from '../device/features.ts'
import type { UiAnswer } from '../device/interaction.ts'
import { FUMO_ALERTS } from '../mo/alerts.ts'
import { fumoOfDownload, fumoRow } from '../mo/fumo.ts'
import type { FumoPrimitive } from '../mo/fumo.ts'
import { finalAlert } from './desk.ts'
import { FumoTree, PRIMITIVES, ROOT } from './fumotree.ts'
import { uriOf } from './leaves.ts'
import type { Path } from './leaves.ts'
import type { DownloadAnswer, FlashAnswer } from './ports.ts'
import type { AfterRestart, Order } from './state.ts'

/** Orders to firmware objects. */
export class Fumo extends FumoTree {
  exec(call: ExecCall, path: Path): ExecResult | Pending | undefined {
    const primitive = PRIMITIVES.find((each) => each === path[2])
    if (path.length !== 3 || primitive === undefined) return undefined
    const again = this.desk.again(call)
    if (again !== undefined) return again
    const { leaves } = this.desk
    const object = path.slice(0, 2)
    if (this.desk.busy(object) !== undefined) return { code: 403 }
    if ((fumoRow(this.state(object))?.[primitive] ?? 403) === 403) return { code: 403 }
    const url = primitive === 'Update' ? '' : leaves.text([...object, primitive, 'PkgURL']).trim()
    if (primitive !== 'Update' && url === '') return { code: 403 }
    if (primitive === 'Update' && !(uriOf(object) in this.desk.state.files)) return { code: 403 }
    this.desk.accept(call, { mo: 'fumo', primitive, path: object, url })
    return { code: 202 }
  }

  begin(order: Order): void {
    if (order.primitive === 'Update') return this.#propose(order)
    // F15: a new try goes through 10, without what an earlier one left.
    this.release(uriOf(order.path))
    this.#set(order, 10)
    if (this.desk.asks(order)) return this.desk.consent(order, 'ask download', 'download', 'Download new firmware?')
    this.#fetch(order, true)
  }

  #propose(order: Order): void {
    if (this.desk.asks(order)) return this.desk.consent(order, 'ask install', 'update', 'Update the firmware? The device cannot be used meanwhile.')
    this.#ready(order)
  }

  #ready(order: Order): void {
    this.#set(order, 60)
    this.desk.stage(order, 'ready')
  }

  again(order: Order): void {
    if (order.stage === 'ask download') this.desk.consent(order, order.stage, 'download', 'Download new firmware?')
    else if (order.stage === 'ask install') this.#propose(order)
  }

  #set(order: Order, state: number): void {
    this.desk.leaves.own(() => this.desk.leaves.put([...order.path, 'State'], state))
    this.desk.moved()
  }

  #fetch(order: Order, anew: boolean): void {
    this.#set(order, 30)
    this.desk.download(order, '', anew)
  }

  consented(order: Order, answer: UiAnswer | null): void {
    const verdict = this.desk.answered(order, answer)
    if (verdict === 'later') return
    if (verdict === 'yes') return order.stage === 'ask download' ? this.#fetch(order, true) : this.#ready(order)
    // fumo sheet 11.6: State 10 before the download, 50 before the update; the package is kept.
    this.#end(order, 401, verdict === 'no' ? 'the user did not accept' : 'the user did not answer')
  }

  downloaded(order: Order, answer: DownloadAnswer): void {
    const code = fumoOfDownload(answer.status, answer.cause)
    if (code !== 200 || answer.file === undefined) {
      this.#set(order, 20)
      return this.#end(order, code === 200 ? 409 : code, answer.text)
    }
    this.desk.state.files[uriOf(order.path)] = answer.file
    order.digestChecked = answer.digestChecked
    this.desk.log('download', `${order.url} is whole: ${String(answer.file.size)} bytes, SHA-256 ${answer.file.sha256}`)
    this.desk.leaves.own(() => this.name(order.path, order.url))
    this.#set(order, 40)
    this.#set(order, 50)
    if (order.primitive === 'Download') return this.#end(order, 200, '')
    this.#propose(order)
  }

  work(order: Order): void {
    const { leaves, settings, state } = this.desk
    const file = state.files[uriOf(order.path)]
    this.desk.stage(order, 'work')
    if (file === undefined) throw new Error(`${uriOf(order.path)} holds no file`)
    this.desk.log('update', `${uriOf(order.path)}: the update begins, the device restarts`)
    this.desk.ask(order, 'flash', {
      key: order.key,
      file,
      man: leaves.text(['DevInfo', 'Man']),
      mod: leaves.text(['DevInfo', 'Mod']),
      fwv: leaves.text(['DevDetail', 'FwV']),
      version: leaves.text([...order.path, 'PkgVersion']),
      security: settings.security,
      digestChecked: order.digestChecked,
    })
  }

  /** Firmware that was written starts with the device: its restart comes first, unless it has been (`restarted`). */
  flashed(order: Order, { code, text, fwv, dataGone, findings }: FlashAnswer, restarted = false): void {
    for (const finding of findings) this.desk.log('ask', `finding ${finding} (${order.key})`)
    const after = { code, text, fwv, dataGone, targets: [] }
    const good = code >= 200 && code < 300
    if (good && !restarted) this.desk.restart(order, `the device restarts with firmware ${fwv}`, after)
    else this.#updated(order, after)
  }

  /** The device is on again. */
  restarted(order: Order): void {
    if (order.after === undefined) this.#ready(order)
    else this.#updated(order, order.after)
  }

  #updated(order: Order, answer: AfterRestart): void {
    const good = answer.code >= 200 && answer.code < 300
    if (good && answer.fwv !== '') this.desk.leaves.own(() => this.desk.leaves.put(['DevDetail', 'FwV'], answer.fwv))
    if (answer.dataGone) delete this.desk.state.files[uriOf(order.path)]
    this.#set(order, good ? (answer.dataGone ? 100 : 90) : answer.dataGone ? 80 : 70)
    this.#end(order, answer.code, answer.text)
  }

  /** The server has the report of an update: the package goes (F12). */
  acknowledged(order: Order): void {
    if (this.desk.busy(order.path) !== undefined || !this.desk.leaves.has(order.path)) return
    if (this.state(order.path) === 90 && order.primitive !== 'Download') {
      this.release(uriOf(order.path))
      this.#set(order, 100)
    }
    if (this.desk.settings.autoReset && [20, 70, 80, 90, 100].includes(this.state(order.path))) {
      this.release(uriOf(order.path))
      this.#set(order, 10)
    }
  }

  // ---- restart

  /** The update agent knows nothing of it: it did not happen (F25). */
  lost(order: Order): void {
    const fwv = this.desk.leaves.text(['DevDetail', 'FwV'])
    this.flashed(order, { code: 410, text: 'interrupted by a restart', fwv, dataGone: false, findings: [] })
  }

  resume(order: Order): void {
    if (this.desk.settings.resume) return this.#fetch(order, false)
    this.#set(order, 20)
    this.#end(order, 503, 'interrupted by a restart')
  }

  sweep(): void {
    const { leaves } = this.desk
    const back: Readonly<Record<number, number>> = { 30: 20, 35: 20, 40: 50, 60: 70 }
    for (const name of leaves.names([ROOT])) {
      const to = back[this.state([ROOT, name])]
      if (to !== undefined && this.desk.busy([ROOT, name]) === undefined) leaves.own(() => leaves.put([ROOT, name, 'State'], to))
    }
  }

  /** Ended before its work began, with nothing changed. */
  refuse(order: Order, text: string): void {
    this.#end(order, 400, text)
  }

  #end(order: Order, code: number, text: string): void {
    const mark = code < 300 ? 'informational' : code === 401 ? 'warning' : 'critical'
    const source = this.desk.settings.alertSource === 'exec' ? order.uri : uriOf(order.path)
    const type = FUMO_ALERTS[order.primitive as FumoPrimitive]
    const alert = finalAlert(order.correlator, [{ source: { locUri: source }, meta: { type, format: 'int', mark }, data: String(code) }])
    this.desk.end(order, { code, text, alert })
  }
}
