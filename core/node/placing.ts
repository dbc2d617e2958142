// What an order makes of a stored package: checked in the order of the sheet, unpacked in a scratch area, moved where it belongs; nothing counts before the caller commits it.
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import type { FlashAnswer, FlashAsk, InstallAnswer, InstallAsk, StoredFile } from '../software/ports.ts'
import { wordsOf } from '../syncml/text.ts'
import type { InstallerOptions, StartRecord } from './delivery.ts'
import { shown } from './devicestate.ts'
import type { DeviceFiles, DeviceState, Installed } from './devicestate.ts'
import { digestOf } from './disk.ts'
import { judgeFirmware, judgeSoftware } from './judgement.ts'
import { inspectPackage } from './packages.ts'
import type { Inspection } from './packages.ts'
import { packageFile } from './packagestore.ts'
import type { FolderStore } from './packagestore.ts'
import { lastStart } from './starting.ts'
import type { Starting } from './starting.ts'
import { failureOf, unpackComponent } from './unpacking.ts'
import { fileSource } from './zip.ts'
import type { Source } from './zip.ts'

export class Placing {
  readonly #files: DeviceFiles
  readonly #packages: FolderStore
  readonly #starting: Starting
  readonly #options: InstallerOptions

  constructor(files: DeviceFiles, packages: FolderStore, starting: Starting, options: InstallerOptions) {
    this.#files = files
    this.#packages = packages
    this.#starting = starting
    this.#options = options
  }

  /** Gives the answer and what the commit changes. */
  async install(ask: InstallAsk): Promise<{ answer: InstallAnswer; change: Partial<DeviceState> }> {
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
      return fail(code, wordsOf(error), gone)
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
      const start = ask.active ? this.#starting.start(inactive, 'install', ask.key, scratch) : null
      if (ask.active && start === null) throw new Error(`${component.id} does not start: ${this.#starting.routine(inactive, scratch).fail}`)
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

  /** The same for firmware. */
  async flash(ask: FlashAsk): Promise<{ answer: FlashAnswer; change: Partial<DeviceState> }> {
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
      return fail(code === 1406 ? 502 : code === 1402 ? 402 : 410, wordsOf(error), false)
    } finally {
      source.close()
    }
  }
}
