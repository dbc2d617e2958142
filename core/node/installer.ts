// Installs packages as real files: each order once, in one commit with its answer, started by a declared routine; all or nothing, over crashes too.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import type {
  ComponentAnswer,
  ComponentAsk,
  FlashAnswer,
  FlashAsk,
  InstallAnswer,
  InstallAsk,
  InstalledComponent,
  PackageStore,
} from '../software/ports.ts'
import { wordsOf } from '../syncml/text.ts'
import type { Installer, InstallerOptions, StartRecord } from './delivery.ts'
import { DeviceFiles, shown } from './devicestate.ts'
import type { AnyAnswer, DeviceState, Installed } from './devicestate.ts'
import { writeWhole } from './disk.ts'
import { FolderStore, packageFile } from './packagestore.ts'
import { Placing } from './placing.ts'
import { lastStart, Starting } from './starting.ts'

/** Opens the folder of a device; half-done work of an earlier process is taken back first. */
export function makeInstaller(options: InstallerOptions): Installer {
  return new FolderInstaller(options)
}

class FolderInstaller implements Installer {
  readonly store: PackageStore
  readonly #packages: FolderStore
  readonly #options: InstallerOptions
  readonly #files: DeviceFiles
  readonly #starting: Starting
  readonly #placing: Placing
  /** One piece of work at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: InstallerOptions) {
    this.#options = options
    this.#files = new DeviceFiles(options.folder, options.now)
    const packages = new FolderStore(this.#files, options.quota)
    this.#packages = packages
    this.#starting = new Starting(this.#files, options.now)
    this.#placing = new Placing(this.#files, packages, this.#starting, options)
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
      const start = this.#starting.start(component, 'boot', `boot-${String(boots)}`)
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
      const { answer, change } = await this.#placing.install(ask)
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
      const start = this.#starting.start(component, 'activate', key)
      if (start === null) throw new Error(`${id} does not start: ${this.#starting.routine(component).fail}`)
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
      const { answer, change } = await this.#placing.flash(ask)
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
        const text = wordsOf(error)
        const lines = [this.#files.line('fail', `${what} ${id}: ${String(code)} ${text}`)]
        return { answer: { code, text, component: before === undefined ? null : shown(before) }, change: { lines } }
      }
    })
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
