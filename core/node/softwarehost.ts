// What a simulated device's software stands on: its downloads and its installer with real files in a folder of its own, behind one port.
import type { SoftwareLogLine } from '../api.ts'
import type { SoftwareHost } from '../software/ports.ts'
import type { Downloads, DownloadsOptions, Installer, InstallerOptions, MakeDownloads, MakeInstaller } from './delivery.ts'

/** A device's disk, with the log it keeps there. */
export interface DeviceDisk extends SoftwareHost {
  /** Oldest first. */
  log(): readonly SoftwareLogLine[]
}

export interface DiskOptions {
  /** Folder of the device; made where it is missing. */
  readonly folder: string
  readonly clock: DownloadsOptions['clock']
  readonly makeDownloads: MakeDownloads
  readonly makeInstaller: MakeInstaller
  readonly downloads?: Partial<DownloadsOptions>
  readonly installer?: Partial<InstallerOptions>
}

/** Opens it: half-done work of an earlier process is mended first. */
export function openDisk(options: DiskOptions): DeviceDisk {
  const { folder, clock } = options
  const installer: Installer = options.makeInstaller({ ...options.installer, folder, now: () => clock.now() })
  // A lab that is just being started again is not gone: its devices call a second time.
  const settings = { refusals: 1, ...options.downloads?.settings }
  const downloads: Downloads = options.makeDownloads({ ...options.downloads, settings, folder, clock })
  return {
    store: installer.store,
    download: (ask, progress) => downloads.ask(ask, progress),
    install: (ask) => installer.install(ask),
    activate: (ask) => installer.activate(ask),
    deactivate: (ask) => installer.deactivate(ask),
    uninstall: (ask) => installer.uninstall(ask),
    discard: (ask) => installer.discard(ask),
    flash: (ask) => installer.flash(ask),
    outcome: (key) => installer.outcome(key),
    boot: () => installer.boot(),
    off: () => downloads.close(),
    note: (what, text) => installer.note(what, text),
    log: () => installer.log(),
  }
}

/** The same disk; `told` hears what the installer itself writes into the device's log (lines of the device's software come another way). */
export function overheard(disk: DeviceDisk, told: (line: SoftwareLogLine) => void): DeviceDisk {
  let heard = disk.log().length
  const listen = (): void => {
    const log = disk.log()
    for (; heard < log.length; heard++) {
      const line = log[heard]
      if (line !== undefined) told(line)
    }
  }
  const after =
    <Q, A>(work: (ask: Q) => Promise<A>) =>
    (ask: Q): Promise<A> =>
      work(ask).finally(listen)
  return {
    ...disk,
    install: after(disk.install),
    activate: after(disk.activate),
    deactivate: after(disk.deactivate),
    uninstall: after(disk.uninstall),
    discard: after(disk.discard),
    flash: after(disk.flash),
    boot: () => {
      const installed = disk.boot()
      listen()
      return installed
    },
    note: (what, text) => {
      listen()
      disk.note(what, text)
      heard = disk.log().length
    },
  }
}

const none = async (): Promise<never> => {
  throw new Error('this device has no software of its own')
}

/** For a device without software: nothing of it is ever asked. */
export const NO_DISK: DeviceDisk = {
  store: {
    put: () => {
      throw new Error('this device has no disk for packages')
    },
    drop: () => {},
    room: () => 0,
  },
  download: none,
  install: none,
  activate: none,
  deactivate: none,
  uninstall: none,
  discard: none,
  flash: none,
  outcome: none,
  boot: () => [],
  note: () => {},
  log: () => [],
}
