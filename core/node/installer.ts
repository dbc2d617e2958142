// Installs packages as real files: checked in the order of the sheet, unpacked in a scratch area, switched in one step, started by a declared routine; all or nothing, over crashes too.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readStart } from '../download/package.ts'
import type { Start } from '../download/package.ts'
import type {
  ComponentAnswer,
  ComponentAsk,
  FlashAnswer,
  FlashAsk,
  InstallAnswer,
  InstallAsk,
  InstalledComponent,
  PackageStore,
  StoredFile,
} from '../software/ports.ts'
import type { Installer, InstallerOptions, StartRecord } from './delivery.ts'
import { DeviceFiles } from './devicestate.ts'
import type { AnyAnswer, DeviceState, Installed } from './devicestate.ts'
import { digestOf, writeWhole } from './disk.ts'
import { judgeFirmware, judgeSoftware } from './judgement.ts'
import { inspectPackage } from './packages.ts'
import type { Inspection } from './packages.ts'
import { FolderStore, packageFile } from './packagestore.ts'
import { failureOf, unpackComponent } from './unpacking.ts'
import { fileSource } from './zip.ts'
import type { Source } from './zip.ts'

/** Opens the folder of a device; half-done work of an earlier process is taken back first. */
export function makeInstaller(options: InstallerOptions): Installer {
  return new FolderInstaller(options)
}

class FolderInstaller implements Installer {
  readonly store: PackageStore
  readonly #packages: FolderStore
  readonly #options: InstallerOptions
  readonly #files: DeviceFiles
  /** One piece of work at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: InstallerOptions) {
    this.#options = options
    this.#files = new DeviceFiles(options.folder, options.now)
    const packages = new FolderStore(this.#files, options.quota)
    this.#packages = packages
    // As an object of its own: whoever is given it may wrap it.
    this.store = {
      put: (name, bytes) => packages.put(name, bytes),
      spool: (name, size) => packages.spool(name, size),
      drop: (name) => packages.drop(name),
      room: () => packages.room(),
    }
    if (this.#files.fresh) this.#factory()
  }

  // -- what is there

  components(): readonly InstalledComponent[] {
    return Object.values(this.#files.state.components)
      .map(shown)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  firmware(): string {
    return this.#files.state.firmware.version
  }

  log(): Installer['log'] extends () => infer Lines ? Lines : never {
    return this.#files.log
  }

  starts(): readonly StartRecord[] {
    return this.#files.starts
  }

  note(what: Parameters<Installer['note']>[0], text: string): void {
    this.#files.note(what, text)
  }

  outcome(key: string): Promise<AnyAnswer | null> {
    return this.#next(async () => this.#known(key) ?? null)
  }

  boot(): readonly InstalledComponent[] {
    const { state } = this.#files
    const boots = state.boots + 1
    const starts: StartRecord[] = []
    const components = { ...state.components }
    for (const component of Object.values(components).filter(({ active }) => active)) {
      const start = this.#start(component, 'boot', `boot-${String(boots)}`)
      if (start === null) continue
      starts.push(start)
      components[component.id] = { ...component, lastStart: lastStart(start) }
    }
    const done = state.done.filter((each) => each.boots >= boots - 1)
    const lines = [this.#files.line('boot', `the device was switched on (${String(boots)})`)]
    this.#files.commit({ boots, components, done, pending: starts, lines })
    return this.components()
  }

  // -- orders

  install(ask: InstallAsk): Promise<InstallAnswer> {
    return this.#once(ask.key, async () => {
      const { answer, change } = await this.#install(ask)
      const line = this.#files.line(
        answer.code === 1200 ? 'install' : 'fail',
        `install ${ask.pkgId || ask.file.file}: ${String(answer.code)} ${answer.text}`,
      )
      return { answer, change: { ...change, lines: [line] }, ...(answer.dataGone ? { gone: ask.file.file } : {}) }
    })
  }

  activate({ key, id }: ComponentAsk): Promise<ComponentAnswer> {
    return this.#component(key, id, 'activate', 1409, (component) => {
      if (component.active) return { component }
      const start = this.#start(component, 'activate', key)
      if (start === null) throw new Error(`${id} does not start: ${this.#routine(component).fail}`)
      return { component: { ...component, active: true, lastStart: lastStart(start) }, start }
    })
  }

  deactivate({ key, id }: ComponentAsk): Promise<ComponentAnswer> {
    return this.#component(key, id, 'deactivate', 1410, (component) => ({ component: { ...component, active: false } }))
  }

  uninstall({ key, id }: ComponentAsk): Promise<ComponentAnswer> {
    return this.#component(key, id, 'remove', 1408, () => {
      const needy = Object.values(this.#files.state.components).find((other) => other.id !== id && other.dependencies.some((each) => each.id === id))
      if (needy !== undefined) throw new Error(`${needy.id} ${needy.version} needs ${id}`)
      return { component: null }
    })
  }

  discard({ key, id }: ComponentAsk): Promise<ComponentAnswer> {
    return this.#once(key, async () => {
      const text = existsSync(this.#packages.path(id)) ? 'removed' : 'was gone already'
      const lines = [this.#files.line('remove', `package ${id}: ${text}`)]
      return { answer: { code: 1200, text, component: null }, change: { lines }, gone: id }
    })
  }

  flash(ask: FlashAsk): Promise<FlashAnswer> {
    return this.#once(ask.key, async () => {
      const { answer, change } = await this.#flash(ask)
      const line = this.#files.line(answer.code === 200 ? 'update' : 'fail', `firmware: ${String(answer.code)} ${answer.text}`)
      return { answer, change: { ...change, lines: [line] }, ...(answer.dataGone ? { gone: ask.file.file } : {}) }
    })
  }

  // -- the way every order goes

  /** Work under a key is done once; a repeated key has the same answer. The answer is part of the commit; `gone`: a package to drop after it. */
  #once<T extends AnyAnswer>(key: string, work: () => Promise<{ answer: T; change: Partial<DeviceState>; gone?: string }>): Promise<T> {
    return this.#next(async () => {
      const known = this.#known(key)
      if (known !== undefined) return known as T
      const { answer, change, gone } = await work()
      const { done, boots } = this.#files.state
      this.#files.commit({ ...change, done: [...done, { key, boots, answer }] })
      if (gone !== undefined) this.store.drop(gone)
      this.#files.sweep()
      return answer
    })
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  #known(key: string): AnyAnswer | undefined {
    return this.#files.state.done.find((each) => each.key === key)?.answer
  }

  /** `work` gives the component as it will stand, null where it goes; an Error in words is a failure with `code`. */
  #component(
    key: string,
    id: string,
    what: 'activate' | 'deactivate' | 'remove',
    code: number,
    work: (component: Installed) => { readonly component: Installed | null; readonly start?: StartRecord },
  ): Promise<ComponentAnswer> {
    return this.#once<ComponentAnswer>(key, async () => {
      const { components } = this.#files.state
      const before = components[id]
      try {
        if (before === undefined) throw new Error(`there is no component ${id}`)
        const { component, start } = work(before)
        const others = Object.fromEntries(Object.entries(components).filter(([other]) => other !== id))
        const change = {
          components: component === null ? others : { ...others, [id]: component },
          pending: start === undefined ? [] : [start],
          lines: [this.#files.line(what, `${id} ${before.version}: ${what}d`)],
        }
        return { answer: { code: 1200, text: 'done', component: component === null ? null : shown(component) }, change }
      } catch (error) {
        const text = words(error)
        const lines = [this.#files.line('fail', `${what} ${id}: ${String(code)} ${text}`)]
        return { answer: { code, text, component: before === undefined ? null : shown(before) }, change: { lines } }
      }
    })
  }

  // -- installing

  async #install(ask: InstallAsk): Promise<{ answer: InstallAnswer; change: Partial<DeviceState> }> {
    const fail = (code: number, text: string, dataGone: boolean) => ({ answer: { code, text, components: [], dataGone, findings: [] }, change: {} })
    const changed = await this.#unlike(ask.file)
    if (changed !== '') return fail(1402, changed, true)
    const source = fileSource(this.#packages.path(ask.file.file))
    try {
      const found = await this.#inspect(source, ask.file.file, ask)
      const judged = judgeSoftware(found, ask, this.#files.state.components, this.#options.now())
      if (!('findings' in judged)) return fail(judged.code, judged.text, true)
      const room = this.#packages.room()
      if (found.unpacked > room) return fail(1406, `it needs ${String(found.unpacked)} bytes; ${String(room)} are free`, false)
      return { ...(await this.#place(source, found, ask, judged.findings)) }
    } catch (error) {
      this.#files.sweep()
      const { code, gone } = failureOf(error)
      return fail(code, words(error), gone)
    } finally {
      source.close()
    }
  }

  /** Length and digest of what lies in the store; '' where it is what was stored. */
  async #unlike(file: StoredFile): Promise<string> {
    const path = this.#packages.path(file.file)
    if (!existsSync(path)) return 'the bytes of the package are gone'
    const { size, sha256 } = await digestOf(path)
    if (size !== file.size) return `the package has ${String(size)} bytes; ${String(file.size)} were stored`
    return sha256 === file.sha256 ? '' : `the package's SHA-256 is ${sha256}; stored was ${file.sha256}`
  }

  #inspect(source: Source, file: string, { pkgId, installParams }: { readonly pkgId: string; readonly installParams: string }): Promise<Inspection> {
    const { now, trust, limits } = this.#options
    return inspectPackage(source, { file, pkgId, installParams }, { at: now(), trust, limits })
  }

  /** Unpacks into the scratch area, tries the start routines, moves the folders; the caller commits. */
  async #place(
    source: Source,
    found: Inspection,
    ask: InstallAsk,
    findings: readonly string[],
  ): Promise<{ answer: InstallAnswer; change: Partial<DeviceState> }> {
    const { state } = this.#files
    const components = { ...state.components }
    const placed: Installed[] = []
    const starts: StartRecord[] = []
    let { serial } = state
    for (const component of found.components) {
      serial += 1
      const scratch = this.#files.path('scratch', String(serial))
      const sha256 = await unpackComponent(source, component, scratch)
      const inactive: Installed = {
        ...{ id: component.id, version: component.version, name: component.name, active: false, lastStart: '', sha256, start: component.start },
        description: found.manifest?.description ?? '',
        envType: found.manifest?.envType || ask.envType,
        pkgId: ask.pkgId || (found.manifest?.pkgId ?? ''),
        folder: `${component.id}/${String(serial)}-${packageFile(component.version)}`,
        dependencies: found.manifest?.dependencies ?? [],
      }
      const start = ask.active ? this.#start(inactive, 'install', ask.key, scratch) : null
      if (ask.active && start === null) throw new Error(`${component.id} does not start: ${this.#routine(inactive, scratch).fail}`)
      const target = this.#files.path('components', inactive.folder)
      mkdirSync(dirname(target), { recursive: true })
      renameSync(scratch, target)
      const installed = start === null ? inactive : { ...inactive, active: true, lastStart: lastStart(start) }
      components[component.id] = installed
      placed.push(installed)
      if (start !== null) starts.push(start)
    }
    const text = placed.map(({ id, version, active }) => `${id} ${version}`.trimEnd() + (active ? ' active' : ' inactive')).join(', ')
    return { answer: { code: 1200, text, components: placed.map(shown), dataGone: false, findings }, change: { components, serial, pending: starts } }
  }

  async #flash(ask: FlashAsk): Promise<{ answer: FlashAnswer; change: Partial<DeviceState> }> {
    const fail = (code: number, text: string, dataGone: boolean) => ({ answer: { code, text, fwv: ask.fwv, dataGone, findings: [] }, change: {} })
    const changed = await this.#unlike(ask.file)
    if (changed !== '') return fail(402, changed, true)
    const path = this.#packages.path(ask.file.file)
    const source = fileSource(path)
    try {
      const found = await this.#inspect(source, ask.file.file, { pkgId: '', installParams: '' })
      const judged = judgeFirmware(found, ask, this.#options.now())
      if (!('findings' in judged)) return fail(judged.code, judged.text, true)
      const room = this.#packages.room()
      if (ask.file.size > room) return fail(502, `it needs ${String(ask.file.size)} bytes; ${String(room)} are free`, false)
      const serial = this.#files.state.serial + 1
      const file = `${String(serial)}.image`
      copyFileSync(path, this.#files.path('firmware', file))
      // The file's name on the disk is ours, and says nothing of its version.
      const version = found.manifest?.version ?? (ask.version || `image-${ask.file.sha256.slice(0, 8)}`)
      const answer = { code: 200, text: `firmware ${version}, before ${ask.fwv}`, fwv: version, dataGone: false, findings: judged.findings }
      return { answer, change: { firmware: { version, file }, serial } }
    } catch (error) {
      const { code } = failureOf(error)
      return fail(code === 1406 ? 502 : code === 1402 ? 402 : 410, words(error), false)
    } finally {
      source.close()
    }
  }

  // -- starting

  /** The start of a component, not yet recorded; null where its routine says that it fails. */
  #start(component: Installed, cause: StartRecord['cause'], key: string, folder?: string): StartRecord | null {
    const { say, fail } = this.#routine(component, folder)
    for (const line of say) this.note('start', `${component.id}: ${line}`)
    if (fail !== '') this.note('fail', `${component.id} ${component.version} does not start: ${fail}`)
    const { id, version, sha256 } = component
    return fail === '' ? { id, version, at: new Date(this.#options.now()).toISOString(), sha256, cause, key } : null
  }

  /** Its start routine as it lies on the disk; without one it simply starts. Nothing of a package is ever executed. */
  #routine(component: Installed, folder = this.#files.path('components', component.folder)): Start {
    if (component.start === '') return { say: [], fail: '' }
    try {
      return readStart(readFileSync(join(folder, component.start)))
    } catch (error) {
      return { say: [], fail: words(error) }
    }
  }

  #factory(): void {
    const components: Record<string, Installed> = {}
    let serial = 0
    for (const { id, version, name, description, envType, active } of this.#options.factory ?? []) {
      serial += 1
      const bytes = Buffer.from(`factory ${id} ${version}\n`)
      const folder = `${id}/${String(serial)}-${packageFile(version)}`
      mkdirSync(this.#files.path('components', folder), { recursive: true })
      writeWhole(this.#files.path('components', folder, 'content'), bytes)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      components[id] = { id, version, name, description, envType, pkgId: '', active, lastStart: '', folder, sha256, start: '', dependencies: [] }
    }
    this.#files.commit({ components, serial })
  }
}

function shown({ id, version, name, description, envType, pkgId, active, lastStart: start }: Installed): InstalledComponent {
  return { id, version, name, description, envType, pkgId, active, lastStart: start }
}

/** `2026-11-21T10:00:00.000Z 2.1 <sha256> install`. */
function lastStart({ at, version, sha256, cause }: StartRecord): string {
  return `${at} ${version} ${sha256} ${cause}`
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))
