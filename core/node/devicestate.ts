// What the installer of one device keeps on its disk: state in one record (its line is the commit), log and start records as lines that only grow.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ComponentAnswer, FlashAnswer, InstallAnswer, InstalledComponent } from '../software/ports.ts'
import type { DeliveryLogLine, StartRecord } from './delivery.ts'
import { writeWhole } from './disk.ts'
import { Journal } from './journal.ts'

/** Names of packages that are not whole yet begin so; a package's own name never begins with a dot. */
export const PART = '.part-'

/** An installed component with what only the installer knows. */
export interface Installed extends InstalledComponent {
  /** Folder below `components/`. */
  readonly folder: string
  /** Of the installed bytes: of the one file, or of the list of files. */
  readonly sha256: string
  /** Path of its start routine; '' none. */
  readonly start: string
  readonly dependencies: readonly { readonly id: string; readonly version: string }[]
}

/** The component as everybody may see it. */
export function shown({ id, version, name, description, envType, pkgId, active, lastStart: start }: Installed): InstalledComponent {
  return { id, version, name, description, envType, pkgId, active, lastStart: start }
}

export type AnyAnswer = InstallAnswer | ComponentAnswer | FlashAnswer

export interface DeviceState {
  readonly components: Readonly<Record<string, Installed>>
  readonly firmware: { readonly version: string; readonly file: string }
  /** Answers by key with the number of restarts when they were given. */
  readonly done: readonly { readonly key: string; readonly boots: number; readonly answer: AnyAnswer }[]
  /** Starts that count and may not stand in the file yet. */
  readonly pending: readonly StartRecord[]
  /** Lines of the log that belong to the commit, likewise. */
  readonly lines: readonly DeliveryLogLine[]
  readonly boots: number
  /** Number of the last folder made. */
  readonly serial: number
}

const EMPTY: DeviceState = { components: {}, firmware: { version: '', file: '' }, done: [], pending: [], lines: [], boots: 0, serial: 0 }

/** The files of one device. */
export class DeviceFiles {
  readonly folder: string
  /** True where there was no state yet. */
  readonly fresh: boolean
  #state: DeviceState
  readonly #journal: Journal
  readonly #now: () => number
  readonly #log: DeliveryLogLine[]
  readonly #starts: StartRecord[]

  constructor(folder: string, now: () => number) {
    this.folder = folder
    this.#now = now
    for (const each of ['packages', 'components', 'firmware', 'scratch']) mkdirSync(join(folder, each), { recursive: true })
    this.#journal = new Journal(join(folder, 'state.json'))
    const kept = this.#journal.last() as DeviceState | null
    this.fresh = kept === null
    this.#state = kept ?? EMPTY
    this.#log = linesOf<DeliveryLogLine>(join(folder, 'log.ndjson'))
    this.#starts = linesOf<StartRecord>(join(folder, 'starts.ndjson'))
    this.#recover()
  }

  get state(): DeviceState {
    return this.#state
  }

  get log(): readonly DeliveryLogLine[] {
    return this.#log
  }

  get starts(): readonly StartRecord[] {
    return this.#starts
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts)
  }

  /** The commit: when this returns, `change` holds, now and after a crash; the starts and lines it brings are written. */
  commit(change: Partial<DeviceState>): void {
    this.#state = { ...this.#state, ...change }
    this.#journal.put(this.#state)
    this.#record(this.#log.slice(-100))
  }

  note(what: DeliveryLogLine['what'], text: string): void {
    this.#append(this.line(what, text))
  }

  /** A line for a commit. */
  line(what: DeliveryLogLine['what'], text: string): DeliveryLogLine {
    return { at: this.#now(), what, text }
  }

  #append(line: DeliveryLogLine): void {
    this.#log.push(line)
    appendFileSync(this.path('log.ndjson'), `${JSON.stringify(line)}\n`, { mode: 0o600 })
  }

  /** Removes what the state does not name: leftovers of work that was not committed. */
  sweep(): number {
    const { components, firmware } = this.#state
    const named = new Set(Object.values(components).map(({ folder }) => folder))
    let removed = 0
    const remove = (path: string): void => {
      rmSync(path, { recursive: true, force: true })
      removed += 1
    }
    for (const scratch of readdirSync(this.path('scratch'))) remove(this.path('scratch', scratch))
    for (const id of readdirSync(this.path('components'))) {
      for (const version of readdirSync(this.path('components', id))) if (!named.has(`${id}/${version}`)) remove(this.path('components', id, version))
      if (readdirSync(this.path('components', id)).length === 0) rmSync(this.path('components', id), { recursive: true })
    }
    for (const image of readdirSync(this.path('firmware'))) if (image !== firmware.file) remove(this.path('firmware', image))
    return removed
  }

  /** Starts and lines that were committed and not written yet go into their files, each once; `last` is the part of the log they may stand in. */
  #record(last: readonly DeliveryLogLine[]): void {
    const { pending, lines } = this.#state
    if (pending.length === 0 && lines.length === 0) return
    for (const line of lines) if (!last.some(({ at, text }) => at === line.at && text === line.text)) this.#append(line)
    for (const start of pending) {
      if (this.#starts.some(({ key, id }) => key === start.key && id === start.id)) continue
      const at = Date.parse(start.at)
      const text = `${start.id} ${start.version} started (${start.cause}), SHA-256 ${start.sha256}`
      if (!last.some((line) => line.at === at && line.text === text)) this.#append({ at, what: 'start', text })
      appendFileSync(this.path('starts.ndjson'), `${JSON.stringify(start)}\n`, { mode: 0o600 })
      this.#starts.push(start)
    }
    // The record says so with the next commit; until then they are looked for in the whole log.
    this.#state = { ...this.#state, pending: [], lines: [] }
  }

  #recover(): void {
    // Large objects that were on their way: their session is lost, and the server sends them anew.
    for (const file of readdirSync(this.path('packages'))) if (file.startsWith(PART)) rmSync(this.path('packages', file), { force: true })
    const removed = this.sweep()
    if (removed > 0) this.note('fail', `work that was half done when the device went off was taken back (${String(removed)} folders)`)
    this.#record(this.#log)
  }
}

/** Whole lines of a file; one that was torn off by a crash is cut away. */
function linesOf<T>(path: string): T[] {
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) writeWhole(path, whole)
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}
