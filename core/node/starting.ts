// Starts components of a simulated device: what their start routine declares is said and recorded. Nothing of a package is ever executed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readStart } from '../download/package.ts'
import type { Start } from '../download/package.ts'
import { wordsOf } from '../syncml/text.ts'
import type { StartRecord } from './delivery.ts'
import type { DeviceFiles, Installed } from './devicestate.ts'

export class Starting {
  readonly #files: DeviceFiles
  readonly #now: () => number

  constructor(files: DeviceFiles, now: () => number) {
    this.#files = files
    this.#now = now
  }

  /** The start of a component, not yet recorded; null where its routine says that it fails. */
  start(component: Installed, cause: StartRecord['cause'], key: string, folder?: string): StartRecord | null {
    const { say, fail } = this.routine(component, folder)
    for (const line of say) this.#files.note('start', `${component.id}: ${line}`)
    if (fail !== '') this.#files.note('fail', `${component.id} ${component.version} does not start: ${fail}`)
    const { id, version, sha256 } = component
    return fail === '' ? { id, version, at: new Date(this.#now()).toISOString(), sha256, cause, key } : null
  }

  /** Its start routine as it lies on the disk; without one it simply starts. Nothing of a package is ever executed. */
  routine(component: Installed, folder = this.#files.path('components', component.folder)): Start {
    if (component.start === '') return { say: [], fail: '' }
    try {
      return readStart(readFileSync(join(folder, component.start)))
    } catch (error) {
      return { say: [], fail: wordsOf(error) }
    }
  }
}

/** `2026-11-21T10:00:00.000Z 2.1 <sha256> install`. */
export function lastStart({ at, version, sha256, cause }: StartRecord): string {
  return `${at} ${version} ${sha256} ${cause}`
}
