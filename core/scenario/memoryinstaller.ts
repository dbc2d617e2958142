// A device's package disk and installer in memory: what it holds is what is installed. Packages are known by their digest, so what is not intact installs nothing.
import type { SoftwareLogLine } from '../api.ts'
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
import type { SetupComponent, SetupPackage } from './setup.ts'

/** Files of one device. */
export interface Disk extends PackageStore {
  read(name: string): Uint8Array | undefined
  /** As `put`, while a transfer runs: all that has come so far. Throws where there is no room. */
  write(name: string, bytes: Uint8Array): void
}

export interface InstallerParts {
  readonly disk: Disk
  /** Packages there are, by SHA-256 of their bytes (lower-case hexadecimal). */
  readonly known: ReadonlyMap<string, SetupPackage>
  readonly factory: readonly SetupComponent[]
  readonly now: () => number
  /** `now` as UTC, ISO 8601 with milliseconds. */
  readonly iso: (at: number) => string
  /** Told of each line of the device's own log as it is written. */
  readonly happened: (line: SoftwareLogLine) => void
}

export function memoryDisk(room: number, sha256: (bytes: Uint8Array) => string): Disk {
  const files = new Map<string, Uint8Array>()
  const used = (): number => [...files.values()].reduce((sum, { length }) => sum + length, 0)
  const write = (name: string, bytes: Uint8Array): void => {
    const free = room - used() + (files.get(name)?.length ?? 0)
    if (bytes.length > free) throw new Error(`no room for ${String(bytes.length)} bytes: ${String(free)} are free`)
    files.set(name, bytes.slice())
  }
  return {
    write,
    put: (name, bytes): StoredFile => {
      write(name, bytes)
      return { file: name, size: bytes.length, sha256: sha256(bytes), contentType: '' }
    },
    drop: (name) => void files.delete(name),
    room: () => room - used(),
    read: (name) => files.get(name),
  }
}

/** Installs, activates, deactivates, removes; all or nothing, and once for each key. */
export class MemoryInstaller {
  readonly store: Disk
  readonly #parts: InstallerParts
  readonly #components = new Map<string, InstalledComponent>()
  readonly #answers = new Map<string, InstallAnswer | ComponentAnswer>()
  readonly #log: SoftwareLogLine[] = []

  constructor(parts: InstallerParts) {
    this.#parts = parts
    this.store = parts.disk
    for (const { id, version, name, pkgId, active } of parts.factory)
      this.#components.set(id, { id, version, name, description: '', envType: '', pkgId, active, lastStart: '' })
  }

  components(): readonly InstalledComponent[] {
    return [...this.#components.values()]
  }

  firmware(): string {
    return ''
  }

  /** Active components run again. */
  boot(): readonly InstalledComponent[] {
    this.note('boot', 'the device was switched on')
    return this.components().map((component) => (component.active ? this.#start(component, '', 'boot') : component))
  }

  log(): readonly SoftwareLogLine[] {
    return this.#log
  }

  note(what: SoftwareLogLine['what'], text: string): void {
    const line = { at: this.#parts.now(), what, text }
    this.#log.push(line)
    this.#parts.happened(line)
  }

  install(ask: InstallAsk): Promise<InstallAnswer> {
    return this.#once(ask.key, () => this.#install(ask))
  }

  activate({ key, id }: ComponentAsk): Promise<ComponentAnswer> {
    return this.#once(key, () => {
      const component = this.#components.get(id)
      if (component === undefined) return { code: 1409, text: `${id} is not installed`, component: null }
      if (this.#flawed(component.pkgId, 'activate')) {
        this.note('fail', `${id} cannot be activated`)
        return { code: 1409, text: `${id} does not start`, component }
      }
      this.note('activate', `${id} ${component.version}`)
      return { code: 1200, text: 'active', component: this.#start(component, '', 'activate') }
    })
  }

  deactivate({ key, id }: ComponentAsk): Promise<ComponentAnswer> {
    return this.#once(key, () => {
      const component = this.#components.get(id)
      if (component === undefined) return { code: 1410, text: `${id} is not installed`, component: null }
      const stopped = { ...component, active: false }
      this.#components.set(id, stopped)
      this.note('deactivate', `${id} ${component.version}`)
      return { code: 1200, text: 'inactive', component: stopped }
    })
  }

  uninstall({ key, id }: ComponentAsk): Promise<ComponentAnswer> {
    return this.#once(key, () => {
      const component = this.#components.get(id)
      if (component === undefined) return { code: 1408, text: `${id} is not installed`, component: null }
      this.#components.delete(id)
      this.note('remove', `${id} ${component.version}`)
      return { code: 1200, text: 'removed', component: null }
    })
  }

  discard({ key, id }: ComponentAsk): Promise<ComponentAnswer> {
    return this.#once(key, () => {
      this.store.drop(id)
      this.note('remove', `the bytes of ${id}`)
      return { code: 1200, text: 'removed', component: null }
    })
  }

  /** A package of the catalogue is firmware of its version; anything else is none. */
  async flash({ file, fwv }: FlashAsk): Promise<FlashAnswer> {
    const pkg = this.#parts.known.get(file.sha256)
    if (pkg === undefined) return { code: 402, text: `${file.file} is no firmware of this device`, fwv, dataGone: false, findings: [] }
    this.note('install', `firmware ${pkg.version}`)
    return { code: 200, text: `firmware ${pkg.version} runs`, fwv: pkg.version, dataGone: false, findings: [] }
  }

  /** What came of an ask whose answer a restart swallowed; null: it never began. */
  async outcome(key: string): Promise<InstallAnswer | ComponentAnswer | null> {
    return this.#answers.get(key) ?? null
  }

  #install(ask: InstallAsk): InstallAnswer {
    const fail = (code: number, text: string): InstallAnswer => {
      this.note('fail', `${ask.pkgId}: ${text}`)
      return { code, text, components: [], dataGone: false, findings: [] }
    }
    const pkg = this.#parts.known.get(ask.file.sha256)
    if (pkg === undefined) return fail(1402, `the bytes of ${ask.pkgId} are no package this device can read`)
    const lacking = (pkg.dependencies ?? []).find(({ id }) => !this.#components.has(id))
    if (lacking !== undefined) return fail(1405, `${lacking.id} is not installed`)
    if (pkg.flaw === 'install') return fail(1405, 'the installer of the package gave up; nothing was changed')
    if (pkg.flaw === 'start' && ask.active) return fail(1405, 'the new version does not start; what was there before runs on')
    const findings = ask.digestChecked ? ['unsigned-package'] : ['no-digest', 'unsigned-package']
    const components = pkg.components.map(({ id, version }) => {
      const old = this.#components.get(id)
      const { active, pkgId, envType, file } = ask
      const component: InstalledComponent = { id, version, name: pkg.name, description: '', envType, pkgId, active, lastStart: '' }
      this.#components.set(id, component)
      this.note(old === undefined ? 'install' : 'update', `${id} ${version}${old === undefined ? '' : ` over ${old.version}`}`)
      return active ? this.#start(component, file.sha256, old === undefined ? 'install' : 'update') : component
    })
    return { code: 1200, text: 'installed', components, dataGone: false, findings }
  }

  #flawed(pkgId: string, flaw: NonNullable<SetupPackage['flaw']>): boolean {
    return [...this.#parts.known.values()].some((pkg) => pkg.pkgId === pkgId && pkg.flaw === flaw)
  }

  #start(component: InstalledComponent, sha256: string, cause: string): InstalledComponent {
    const at = this.#parts.iso(this.#parts.now())
    const started = { ...component, active: true, lastStart: `${at} ${component.version} ${sha256 === '' ? '-' : sha256} ${cause}` }
    this.#components.set(component.id, started)
    this.note('start', `${component.id} ${component.version} runs`)
    return started
  }

  async #once<A extends InstallAnswer | ComponentAnswer>(key: string, work: () => A): Promise<A> {
    const known = this.#answers.get(key)
    if (known !== undefined) return known as A
    const answer = work()
    this.#answers.set(key, answer)
    return answer
  }
}
