// What the package manager of Android prints, read: packages with version and whether they are enabled. A line it does not know is left out.

/** A package as the device lists it. */
export interface AndroidPackage {
  readonly name: string
  /** versionCode; '' where not told. */
  readonly version: string
}

/** Lines of `pm list packages`: `package:com.example.app versionCode:7`, the `--show-versioncode` part where asked for. */
export function readPackages(text: string): readonly AndroidPackage[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const found = /^package:(?:\S*=)?([A-Za-z][\w.]*)(?:\s+versionCode:(\d+))?\s*$/.exec(line)
    return found === null ? [] : [{ name: found[1] ?? '', version: found[2] ?? '' }]
  })
}

/** Words that a shell of the device may be handed without quotes. */
export const isPlainWord = (text: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.:/-]*$/.test(text) && !text.includes('..')

/** Public identifier of a device: of its hardware where it tells that, which stays the same over cable and Wi-Fi. */
export function adbDeviceId(serial: string, serialNumber: string): string {
  return `urn:x-dm-lab:adb:${(serialNumber === '' ? serial : serialNumber).replace(/[^A-Za-z0-9._-]/g, '-')}`
}
