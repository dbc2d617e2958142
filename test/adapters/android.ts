// An Android device in memory for stories: the adapter over a package manager, files and a list of who is there.
import { adbAdapter } from '../../core/adapters/adb/adapter.ts'
import type { AndroidLine, AndroidSeen } from '../../core/adapters/adb/adapter.ts'
import type { Adapter } from '../../core/adapters/port.ts'
import { PackageManager } from '../node/adbpm.ts'

export const ANDROID_ID = 'urn:x-dm-lab:adb:R58'

/** An Android device in memory. */
export function android(): {
  adapter: Adapter
  pm: PackageManager
  files: Map<string, { bytes: Uint8Array }>
  seen: AndroidSeen[]
  shells: string[]
  moved(): void
} {
  const files = new Map<string, { bytes: Uint8Array }>()
  const pm = new PackageManager(files)
  const seen: AndroidSeen[] = [{ serial: 'R58', host: '', manufacturer: 'Example', model: 'Phone 7', serialNumber: 'R58' }]
  const shells: string[] = []
  let follower = (): void => {}
  const line: AndroidLine = {
    seen: () => seen,
    follow: (moved) => {
      follower = moved
      return () => {}
    },
    shell: async (_serial, text) => {
      shells.push(text)
      if (text === 'getprop') return '[ro.product.model]: [Phone 7]\n[ro.serialno]: [R58]\n'
      return (await pm.run(text)) ?? 'sh: inaccessible or not found\n'
    },
    push: async (_serial, path, bytes) => void files.set(path, { bytes }),
    after: () => () => {},
  }
  return { adapter: adbAdapter(line), pm, files, seen, shells, moved: () => follower() }
}
