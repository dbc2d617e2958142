// Who installs and fetches in the tests of a device's software: in memory, with faults on demand, remembering what every key came to.
import type {
  ComponentAnswer,
  ComponentAsk,
  DownloadAnswer,
  DownloadAsk,
  FlashAnswer,
  FlashAsk,
  InstallAnswer,
  InstallAsk,
  InstalledComponent,
  LogWhat,
  PackageStore,
  StoredFile,
} from '../../core/software/ports.ts'

export interface Made {
  readonly id: string
  readonly version: string
}

/** Packages by the last part of their URL, or by the text of their bytes. */
export type Shelf = Readonly<Record<string, readonly Made[]>>

export const SHELF: Shelf = {
  'antivir-2.0': [{ id: 'com.msf.antivir', version: '2.0' }],
  'antivir-2.1': [{ id: 'com.msf.antivir', version: '2.1' }],
  'suite-1': [
    { id: 'app.one', version: '1' },
    { id: 'app.two', version: '1' },
  ],
}

const OK: Pick<DownloadAnswer, 'status' | 'cause' | 'httpStatus' | 'text' | 'installParam' | 'digestChecked'> = {
  status: 900,
  cause: 'ok',
  httpStatus: 200,
  text: '',
  installParam: '',
  digestChecked: true,
}

export class Double {
  readonly components = new Map<string, InstalledComponent>()
  readonly files = new Map<string, Uint8Array | string>()
  /** What every key of the installer came to; survives restarts as real files would. */
  readonly journal = new Map<string, InstallAnswer | ComponentAnswer | FlashAnswer>()
  /** What truly happened: `install antivir-2.1`, `start com.msf.antivir 2.1`. */
  readonly log: string[] = []
  readonly fails = new Map<string, Partial<DownloadAnswer & InstallAnswer & FlashAnswer>>()
  room = 1_000_000
  fwv = '1.0.7'
  readonly shelf: Shelf
  #transfers = 0

  constructor(shelf: Shelf = SHELF) {
    this.shelf = shelf
  }

  readonly store: PackageStore = {
    put: (name, bytes): StoredFile => {
      if (bytes.length > this.room) throw new Error(`no room for ${String(bytes.length)} bytes`)
      this.files.set(name, bytes)
      return { file: name, size: bytes.length, sha256: '0'.repeat(64), contentType: '' }
    },
    drop: (name) => void this.files.delete(name),
    room: () => this.room,
  }

  note(what: LogWhat, text: string): void {
    this.log.push(`${what}: ${text}`)
  }

  download(ask: DownloadAsk): DownloadAnswer {
    const fail = this.fails.get('download')
    if (fail !== undefined) return { ...OK, status: 903, cause: 'network', ...fail }
    const name = ask.url.split('/').at(-1) ?? ''
    const file = `t${String(++this.#transfers)}`
    this.files.set(file, name)
    return { ...OK, file: { file, size: 100, sha256: '1'.repeat(64), contentType: 'application/octet-stream' } }
  }

  install(ask: InstallAsk): InstallAnswer {
    return this.#once(ask.key, () => {
      const fail = this.fails.get('install')
      if (fail !== undefined) {
        if (fail.dataGone === true) this.files.delete(ask.file.file)
        return { code: 1405, text: 'it breaks', components: [], dataGone: false, findings: [], ...fail }
      }
      const content = this.files.get(ask.file.file)
      const name = typeof content === 'string' ? content : new TextDecoder().decode(content)
      const made = this.shelf[name.replace(/\.\w+$/, '')] ?? this.shelf[name]
      if (made === undefined) return { code: 1407, text: `${name} is no package`, components: [], dataGone: false, findings: [] }
      const components = made.map(({ id, version }): InstalledComponent => {
        const about = { name: id, description: '', envType: '', pkgId: ask.pkgId }
        const component = { id, version, ...about, active: ask.active, lastStart: ask.active ? `now ${version} install ${ask.key}` : '' }
        this.components.set(id, component)
        this.log.push(`installed ${id} ${version} for ${ask.key}`)
        return component
      })
      return { code: 1200, text: '', components, dataGone: false, findings: ['unsigned-package'] }
    })
  }

  change(what: string, { key, id }: ComponentAsk): ComponentAnswer {
    return this.#once(key, () => {
      const fail = this.fails.get(what)
      const component = this.components.get(id) ?? null
      if (fail !== undefined) return { code: 1412, text: 'it breaks', component, ...fail }
      this.log.push(`${what} ${id} for ${key}`)
      if (what === 'discard') this.files.delete(id)
      if (what === 'uninstall' || what === 'discard') {
        this.components.delete(id)
        return { code: 1200, text: '', component: null }
      }
      if (component === null) return { code: what === 'activate' ? 1409 : 1410, text: 'not installed', component: null }
      const active = what === 'activate'
      const now = { ...component, active, lastStart: active ? `now ${component.version} activate ${key}` : component.lastStart }
      this.components.set(id, now)
      return { code: 1200, text: '', component: now }
    })
  }

  flash(ask: FlashAsk): FlashAnswer {
    return this.#once(ask.key, () => {
      const fail = this.fails.get('flash')
      if (fail !== undefined) return { code: 410, text: 'it breaks', fwv: ask.fwv, dataGone: false, findings: [], ...fail }
      this.fwv = '3.2'
      this.log.push(`flashed for ${ask.key}`)
      return { code: 200, text: '', fwv: this.fwv, dataGone: false, findings: [] }
    })
  }

  /** The answer to an ask of that topic, at once. */
  answer(topic: string, question: unknown): unknown {
    switch (topic) {
      case 'download':
        return this.download(question as DownloadAsk)
      case 'install':
        return this.install(question as InstallAsk)
      case 'flash':
        return this.flash(question as FlashAsk)
      case 'outcome':
        return this.journal.get(question as string) ?? null
      case 'activate':
      case 'deactivate':
      case 'uninstall':
      case 'discard':
        return this.change(topic, question as ComponentAsk)
      default:
        throw new Error(`nobody answers ${topic}`)
    }
  }

  #once<T extends InstallAnswer | ComponentAnswer | FlashAnswer>(key: string, work: () => T): T {
    const known = this.journal.get(key) as T | undefined
    if (known !== undefined) return known
    const answer = work()
    this.journal.set(key, answer)
    return answer
  }
}
