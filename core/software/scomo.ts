// The SCOMO agent: orders of servers and what becomes of them (scomo sheet 4 to 9, 14). Numbers come from core/mo/scomo.ts.
import type { ExecCall, ExecResult, Pending } from '../device/features.ts'
import type { UiAnswer } from '../device/interaction.ts'
import { COLUMN, PRIMITIVES, scomoAllows, scomoOfDownload } from '../mo/scomo.ts'
import type { PrimitiveName } from '../mo/scomo.ts'
import { uriOf } from './leaves.ts'
import type { Path } from './leaves.ts'
import type { ComponentAnswer, DownloadAnswer, InstallAnswer, InstallAsk } from './ports.ts'
import type { AfterRestart, Order } from './state.ts'
import { placeOf, whereIs } from './scomotree.ts'
import { ScomoStock } from './scomostock.ts'

const FAILED: Readonly<Partial<Record<PrimitiveName, number>>> = { Remove: 1408, Activate: 1409, Deactivate: 1410 }

/** Orders on ./SCOMO. */
export class Scomo extends ScomoStock {
  /** Deleted before its work began (D13). */
  protected abandon(order: Order): void {
    if (order.file !== null) this.desk.store.drop(order.file.file)
    order.file = null
    this.desk.quiet(order)
    this.end(order, 1400, `${uriOf(order.path)} was deleted`, [uriOf(order.path)])
  }

  /** Ended before its work began, with nothing changed. */
  refuse(order: Order, text: string): void {
    this.end(order, 1400, text, [uriOf(order.path)])
  }

  exec(call: ExecCall, path: Path): ExecResult | Pending | undefined {
    const at = whereIs(path)
    const name = at?.below[1] as PrimitiveName | undefined
    const row = PRIMITIVES.find((each) => each.place === at?.place && each.name === name)
    if (at === undefined || row === undefined || at.below.length !== 2 || at.below[0] !== 'Operations') return undefined
    const again = this.desk.again(call)
    if (again !== undefined) return again
    const state = this.state(at.path)
    if (this.desk.busy(at.path) !== undefined) return { code: 403 }
    if (scomoAllows(at.place, at.place === 'Download' ? null : state, this.status(at.path), COLUMN[row.name]) !== 'ok') return { code: 403 }
    const url = at.place === 'Download' ? this.desk.leaves.text([...at.path, 'PkgURL']) : ''
    if (at.place === 'Download' && url.trim() === '') return { code: 403 }
    const order = this.desk.accept(call, { mo: 'scomo', primitive: row.name, path: at.path, url: url.trim() })
    if (at.place === 'Download') this.desk.leaves.own(() => this.desk.leaves.put([...at.path, 'Status'], 10))
    const asks = this.installs(order) && (this.desk.asks(order) || this.restarts(order, 'before') || this.restarts(order, 'after'))
    const waits = this.desk.settings.reports === 'auto' && at.place !== 'Download' && !asks
    if (!waits) return { code: 202 }
    return this.desk.wait(order)
  }

  /** An order that was just taken, or that a restart found queued. */
  begin(order: Order): void {
    const { settings } = this.desk
    const env = this.leaf(order, 'EnvType')
    const unknown = env !== '' && settings.envTypes.length > 0 && !settings.envTypes.some((each) => each.toLowerCase() === env.toLowerCase())
    if (placeOf(order) === 'Download') {
      if (unknown) return this.failDownload(order, 1413, `environment ${env} is not supported`)
      if (settings.security === 'strict' && !/^(https?|pkg):/i.test(order.url)) return this.failDownload(order, 1402, `${order.url} is refused`)
      if (settings.security === 'lab' && /^http:/i.test(order.url)) this.desk.log('ask', `finding plain-http: ${order.url}`)
      if (this.desk.asks(order)) return this.desk.consent(order, 'ask download', 'download', `Download ${this.title(order)}?`)
      return this.fetch(order, true)
    }
    if (!this.installs(order)) return this.ready(order)
    if (unknown)
      return this.failInstall(order, { code: 1413, text: `environment ${env} is not supported`, components: [], dataGone: false, findings: [] })
    if (this.desk.asks(order)) return this.desk.consent(order, 'ask install', 'install', `Install ${this.title(order)}?`)
    this.ready(order)
  }

  protected installs(order: Order): boolean {
    return order.primitive.includes('Install')
  }

  protected title(order: Order): string {
    return this.leaf(order, 'Name') || this.leaf(order, 'PkgID') || (order.path.at(-1) ?? '')
  }

  protected fetch(order: Order, anew: boolean): void {
    this.set(order, 30)
    this.desk.download(order, this.leaf(order, 'PkgType'), anew)
  }

  consented(order: Order, answer: UiAnswer | null): void {
    const verdict = this.desk.answered(order, answer)
    if (verdict === 'later') return
    const download = order.stage === 'ask download'
    if (verdict === 'yes') return download ? this.fetch(order, true) : this.ready(order)
    const [code, text] = verdict === 'no' ? [1401, 'the user did not accept'] : [1450, 'the user did not answer']
    if (download) {
      // Before anything was fetched there is nothing that failed: the device is as it was.
      this.set(order, 10)
      return this.end(order, code, text, [uriOf(order.path)])
    }
    if (placeOf(order) === 'Delivered') return this.end(order, code, text, [uriOf(order.path)])
    const delivered = this.deliver(order, { state: 10, status: 10 })
    this.set(order, 60)
    this.end(order, code, text, [uriOf(delivered)])
  }

  /** A postponed question comes again. */
  again(order: Order): void {
    if (order.stage === 'ask download') this.desk.consent(order, order.stage, 'download', `Download ${this.title(order)}?`)
    else if (order.stage === 'ask install') this.desk.consent(order, order.stage, 'install', `Install ${this.title(order)}?`)
  }

  downloaded(order: Order, answer: DownloadAnswer): void {
    const code = scomoOfDownload(answer.status, answer.cause)
    if (code !== 1200 || answer.file === undefined) return this.failDownload(order, code === 1200 ? 1402 : code, answer.text)
    order.file = answer.file
    order.installParam = answer.installParam
    order.digestChecked = answer.digestChecked
    this.desk.log('download', `${order.url} is whole: ${String(answer.file.size)} bytes, SHA-256 ${answer.file.sha256}`)
    this.set(order, 40)
    if (!this.installs(order)) {
      const delivered = this.deliver(order, { state: 10, status: 10 })
      return this.end(order, 1200, '', [uriOf(delivered)])
    }
    if (this.desk.asks(order)) return this.desk.consent(order, 'ask install', 'install', `Install ${this.title(order)}?`)
    this.ready(order)
  }

  protected failDownload(order: Order, code: number, text: string): void {
    this.set(order, 20)
    this.end(order, code, text, [uriOf(order.path)])
  }

  /** Waits for its turn at the installer; the numbers say already that it is under way. A restart before it comes first (SCOMO 1.1). */
  protected ready(order: Order): void {
    if (this.installs(order) && order.restarted === undefined && this.restarts(order, 'before')) {
      order.restarted = true
      return this.desk.restart(order, `the device restarts before ${this.title(order)} is installed`)
    }
    const working: Readonly<Record<string, number>> = { Activate: 50, Deactivate: 70, Remove: 30 }
    const already =
      placeOf(order) === 'Deployed' && this.state(order.path) === (order.primitive === 'Activate' ? 20 : order.primitive === 'Deactivate' ? 10 : -1)
    if (already) return this.end(order, 1200, 'it was so already', [uriOf(order.path)])
    this.set(order, placeOf(order) === 'Download' ? 50 : (working[order.primitive] ?? 40))
    this.desk.stage(order, 'ready')
  }

  /** Its turn has come. */
  work(order: Order): void {
    this.desk.stage(order, 'work')
    const key = order.key
    if (this.installs(order)) return this.desk.ask(order, 'install', this.installAsk(order))
    if (placeOf(order) === 'Deployed') {
      const topic = { Activate: 'activate', Deactivate: 'deactivate', Remove: 'uninstall' }[order.primitive] ?? 'uninstall'
      return this.desk.ask(order, topic, { key, id: this.leaf(order, 'ID') })
    }
    const file = this.desk.state.files[uriOf(order.path)]
    if (file === undefined) return this.worked(order, { code: 1200, text: '', component: null })
    this.desk.ask(order, 'discard', { key, id: file.file })
  }

  protected installAsk(order: Order): InstallAsk {
    const { leaves, settings, state } = this.desk
    const file = order.file ?? state.files[uriOf(order.path)]
    if (file === undefined) throw new Error(`${uriOf(order.path)} holds no file`)
    return {
      key: order.key,
      file,
      pkgId: this.leaf(order, 'PkgID'),
      envType: this.leaf(order, 'EnvType'),
      installParams: this.leaf(order, 'InstallParams') || order.installParam,
      active: !order.primitive.endsWith('Inactive'),
      man: leaves.text(['DevInfo', 'Man']),
      mod: leaves.text(['DevInfo', 'Mod']),
      envTypes: settings.envTypes,
      security: settings.security,
      digestChecked: order.digestChecked,
    }
  }

  /** `rebooted`: the device went off and on since the installer was asked. */
  installed(order: Order, answer: InstallAnswer, rebooted = false): void {
    for (const finding of answer.findings) this.desk.log('ask', `finding ${finding} (${order.key})`)
    const { code, text } = answer
    if (code < 1200 || code > 1299) return this.failInstall(order, answer)
    const uris = answer.components.map((component) => this.deploy(component))
    const targets = uris.length > 0 ? uris : [uriOf(order.path)]
    if (!rebooted && this.restarts(order, 'after'))
      return this.desk.restart(order, `the device restarts after ${this.title(order)} was installed`, {
        ...{ code, text, targets },
        ...{ fwv: '', dataGone: false },
      })
    this.stands(order, { code, text, targets })
  }

  protected stands(order: Order, { code, text, targets }: Pick<AfterRestart, 'code' | 'text' | 'targets'>): void {
    const { leaves } = this.desk
    if (placeOf(order) === 'Download') {
      this.deliver(order, { state: 20, status: 10 })
      this.set(order, 10)
    } else
      leaves.own(() => {
        leaves.put([...order.path, 'State'], 20)
        leaves.put([...order.path, 'Status'], 10)
      })
    this.end(order, code, text, targets)
  }

  /** SCOMO 1.1: whether the device restarts before or after an installation. Values INFERRED (scomo sheet 3.2); what is none of them is `none`. */
  protected restarts(order: Order, when: 'before' | 'after'): boolean {
    const value = this.desk.settings.version === '1.1' ? this.leaf(order, 'Reboot').trim().toLowerCase() : ''
    return value === when || value === 'both'
  }

  /** The device is on again: the installation begins, or is told. */
  restarted(order: Order): void {
    if (order.after === undefined) this.ready(order)
    else this.stands(order, order.after)
  }

  protected failInstall(order: Order, { code, text, dataGone }: InstallAnswer): void {
    const { leaves, state } = this.desk
    if (placeOf(order) === 'Download') {
      if (dataGone) order.file = null
      const target = dataGone ? order.path : this.deliver(order, { state: 10, status: 50 })
      this.set(order, dataGone ? 70 : 60)
      return this.end(order, code, text, [uriOf(target)])
    }
    if (dataGone) delete state.files[uriOf(order.path)]
    leaves.own(() => leaves.put([...order.path, 'Status'], dataGone ? 60 : 50))
    this.end(order, code, text, [uriOf(order.path)])
  }

  worked(order: Order, answer: ComponentAnswer): void {
    const { leaves } = this.desk
    const path = order.path
    const uri = uriOf(path)
    const own = FAILED[order.primitive as PrimitiveName] ?? 1412
    const ids = [uri]
    if (answer.code < 1200 || answer.code > 1299) {
      const failed: Readonly<Record<string, number>> = { Activate: 40, Deactivate: 60 }
      this.set(order, failed[order.primitive] ?? 20)
      return this.end(order, answer.code >= 1408 && answer.code <= 1410 ? own : answer.code, answer.text, ids)
    }
    if (order.primitive === 'Remove') {
      const identifier = this.identifier(uri)
      leaves.own(() => leaves.drop(path))
      if (placeOf(order) === 'Delivered') delete this.desk.state.files[uri]
      return this.end(order, answer.code, answer.text, ids, identifier)
    }
    leaves.own(() => {
      leaves.put([...path, 'State'], order.primitive === 'Activate' ? 20 : 10)
      leaves.put([...path, 'Status'], 10)
      leaves.tell([...path, 'Ext', 'LastStart'], answer.component?.lastStart ?? '')
    })
    this.end(order, answer.code, answer.text, ids)
  }

  /** The installer does not know the order's key: it never began there, or was taken back (D16, V11, V12, C9). */
  lost(order: Order): void {
    const text = 'interrupted by a restart'
    if (this.installs(order)) return this.failInstall(order, { code: 1405, text, components: [], dataGone: false, findings: [] })
    this.worked(order, { code: FAILED[order.primitive as PrimitiveName] ?? 1412, text, component: null })
  }

  /** A transfer goes on, or has failed (D15). */
  resume(order: Order): void {
    if (this.desk.settings.resume) return this.fetch(order, false)
    this.failDownload(order, 1402, 'interrupted by a restart')
  }
}
