// Android devices for an adapter: who can be worked with, the shell and files, each failure as the status it counts for.
import type { AndroidLine } from '../adapters/adb/adapter.ts'
import type { DeviceFacts } from '../adapters/adb/props.ts'
import { USABLE } from '../adapters/adb/words.ts'
import { AdapterError } from '../adapters/port.ts'
import type { Clock } from '../lab/ports.ts'
import { adbError } from './adblink.ts'
import type { AdbWatch } from './adbwatch.ts'
import { pushFile, shell } from './adbwork.ts'
import type { AdbTarget } from './adbwork.ts'

export interface AdbLineParts {
  readonly watch: AdbWatch
  readonly clock: Clock
  readonly facts: (serial: string) => DeviceFacts | undefined
  /** The device, ready to be worked with; rejects in words. */
  readonly ready: (serial: string) => Promise<AdbTarget>
  readonly follow: (moved: () => void) => () => void
}

/** Makes the line; whoever follows makes it look for an adb server. */
export function adbLine({ watch, clock, facts, ready, follow }: AdbLineParts): AndroidLine {
  const worked = async <T>(serial: string, work: (target: AdbTarget) => Promise<T>): Promise<T> => {
    try {
      return await work(await ready(serial))
    } catch (error) {
      const { kind, message } = adbError(error)
      throw new AdapterError(kind === 'silent' ? 408 : kind === 'refused' ? 500 : 503, message)
    }
  }
  return {
    seen: () =>
      watch.roster.all().flatMap(({ serial, state, host }) => {
        const { manufacturer, model, serialNumber } = facts(serial) ?? { manufacturer: '', model: '', serialNumber: '' }
        const told = manufacturer + model + serialNumber !== ''
        return USABLE.has(state) && told ? [{ serial, host, manufacturer, model, serialNumber }] : []
      }),
    follow: (moved) => {
      const end = follow(moved)
      void watch.look()
      return end
    },
    shell: (serial, command, ms) => worked(serial, (target) => shell(target, command, ms)),
    push: (serial, path, bytes) => worked(serial, (target) => pushFile(target, { path, bytes })),
    after: (ms, call) => clock.after(ms, call),
  }
}
