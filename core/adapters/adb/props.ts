// `getprop` read: `[name]: [value]`, values over several lines included; and the few facts the lab shows.

/** Properties by name. Source: AOSP toolbox getprop. A line outside any property is left out. */
export function readProps(text: string): ReadonlyMap<string, string> {
  const props = new Map<string, string>()
  let open: { name: string; value: string } | null = null
  for (const line of text.split(/\r?\n/)) {
    if (open === null) {
      const found = /^\[([^\]]+)\]: \[(.*)$/s.exec(line)
      if (found === null) continue
      open = { name: found[1] ?? '', value: found[2] ?? '' }
    } else open.value += `\n${line}`
    if (!open.value.endsWith(']')) continue
    props.set(open.name, open.value.slice(0, -1))
    open = null
  }
  return props
}

/** Facts of a device; '' and 0 where it does not say. */
export interface DeviceFacts {
  readonly manufacturer: string
  readonly model: string
  readonly product: string
  readonly android: string
  readonly sdk: number
  readonly build: string
  /** Serial number of the hardware, which over Wi-Fi is not the one adb uses. */
  readonly serialNumber: string
}

/** The facts in a set of properties. */
export function factsOf(props: ReadonlyMap<string, string>): DeviceFacts {
  const of = (...names: readonly string[]): string => names.map((name) => props.get(name) ?? '').find((value) => value !== '') ?? ''
  const sdk = Number(of('ro.build.version.sdk'))
  return {
    manufacturer: of('ro.product.manufacturer', 'ro.product.vendor.manufacturer', 'ro.product.brand'),
    model: of('ro.product.model', 'ro.product.vendor.model'),
    product: of('ro.product.name', 'ro.build.product'),
    android: of('ro.build.version.release'),
    sdk: Number.isInteger(sdk) && sdk > 0 ? sdk : 0,
    build: of('ro.build.fingerprint', 'ro.build.display.id'),
    serialNumber: of('ro.serialno', 'ro.boot.serialno'),
  }
}

/** DM device whose id shows this serial number (`SN:R58M…`, `urn:…:R58M…`), where exactly one does; '' otherwise. Short serials prove nothing. */
export function dmDeviceOf(serialNumber: string, devices: readonly string[]): string {
  if (serialNumber.length < 6) return ''
  const wanted = serialNumber.toLowerCase()
  const found = devices.filter((id) => {
    const lower = id.toLowerCase()
    return lower === wanted || lower.endsWith(`:${wanted}`) || lower.endsWith(`-${wanted}`)
  })
  return found.length === 1 ? (found[0] ?? '') : ''
}
