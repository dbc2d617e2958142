// Work on one Android device through the adb server: a command of its shell, properties, clock, tunnels, files, a page in its browser. Each with a time limit.
import { Adb, AdbBanner, AdbServerTransport } from '@yume-chan/adb'
import type { AdbServerClient } from '@yume-chan/adb'
import { CLOCK_COMMAND, readClock } from '../adapters/adb/logcat.ts'
import type { ClockOffset } from '../adapters/adb/logcat.ts'
import { factsOf, readProps } from '../adapters/adb/props.ts'
import type { DeviceFacts } from '../adapters/adb/props.ts'
import type { AdbFile } from '../api.ts'
import { ANSWER_WITHIN, AdbError, within } from './adblink.ts'
import type { AdbAddress } from './adblink.ts'

/** Most a shell command may print here, bytes. */
const PRINT_MOST = 1024 * 1024
/** A device may take this long for a sign of life; to start a program; for a file one more second for each 100 kB. All in ms. */
const PROBE_WITHIN = 5_000
const START_WITHIN = 15_000
const bytesWithin = (size: number): number => START_WITHIN + size / 100

/** A device as its present connection at the server. */
export interface AdbTarget {
  readonly address: AdbAddress
  readonly serial: string
  readonly transportId: number
  /** Ends all work with it. */
  readonly gone: AbortSignal
  now(): number
}

const idOf = (target: AdbTarget): { transportId: bigint } => ({ transportId: BigInt(target.transportId) })

/** Text that the stream gives, up to the limit. */
async function readAll(readable: { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> } }): Promise<string> {
  const reader = readable.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  for (let next = await reader.read(); !next.done && next.value !== undefined; next = await reader.read()) {
    size += next.value.length
    if (size > PRINT_MOST) throw new AdbError('refused', `the device printed more than ${PRINT_MOST} bytes`)
    parts.push(next.value)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** What a command of the device's shell prints, both streams together; its exit status is not known. Rejects with AdbError. */
export async function shell(target: AdbTarget, command: string, ms = PROBE_WITHIN): Promise<string> {
  return within(
    target.address,
    ms,
    `${target.serial}: ${command.split(' ')[0] ?? ''}`,
    async (client) => readAll((await client.createDeviceConnection(idOf(target), `shell:${command}`)).readable),
    target.gone,
  )
}

/** Facts by getprop. */
export async function deviceFacts(target: AdbTarget): Promise<DeviceFacts> {
  const text = await shell(target, 'getprop')
  const props = readProps(text)
  if (props.size === 0) throw new AdbError('refused', `getprop of ${target.serial} gave no property${text === '' ? '' : `: ${text.slice(0, 120)}`}`)
  return factsOf(props)
}

/** The device's clock against ours; the best of three readings. null where it tells no time. */
export async function deviceClock(target: AdbTarget): Promise<(ClockOffset & { readonly zone: number }) | null> {
  let best: (ClockOffset & { readonly zone: number }) | null = null
  for (let i = 0; i < 3; i++) {
    const sent = target.now()
    const read = readClock(await shell(target, CLOCK_COMMAND), sent, target.now())
    if (read !== null && (best === null || read.uncertainty < best.uncertainty)) best = read
  }
  return best
}

/** Runs `task` with the library's view of the device. */
async function withAdb<T>(target: AdbTarget, ms: number, what: string, task: (adb: Adb) => Promise<T>): Promise<T> {
  const run = async (client: AdbServerClient): Promise<T> => {
    const { features } = await client.getDeviceFeatures(idOf(target))
    const banner = new AdbBanner('device', undefined, undefined, undefined, features)
    // Who waits for the end of the device is this lab, by the device list.
    const transport = new AdbServerTransport(client, target.serial, banner, BigInt(target.transportId), new Promise(() => {}))
    return task(new Adb(transport))
  }
  return within(target.address, ms, `${target.serial}: ${what}`, run, target.gone)
}

/** Ports of the device that lead to ports of this computer, as the device itself lists them. */
export async function reverses(target: AdbTarget): Promise<ReadonlyMap<number, number>> {
  const list = await withAdb(target, ANSWER_WITHIN, 'list of tunnels', (adb) => adb.reverse.list())
  const port = (name: string): number => (name.startsWith('tcp:') ? Number(name.slice(4)) : 0)
  return new Map(list.map(({ localName, remoteName }) => [port(localName), port(remoteName)]))
}

/** Makes a port of the device lead to a port of this computer. */
export async function makeReverse(target: AdbTarget, remote: number, local: number): Promise<void> {
  await withAdb(target, ANSWER_WITHIN, `tunnel of port ${remote}`, (adb) => adb.reverse.addExternal(`tcp:${remote}`, `tcp:${local}`))
}

/** Takes a tunnel back. */
export async function dropReverse(target: AdbTarget, remote: number): Promise<void> {
  await withAdb(target, ANSWER_WITHIN, `tunnel of port ${remote}`, (adb) => adb.reverse.remove(`tcp:${remote}`))
}

/** Puts a file on the device by its sync service. Rejects with the device's words (no such folder, read-only, no space). */
export async function pushFile(target: AdbTarget, file: AdbFile): Promise<void> {
  await withAdb(target, bytesWithin(file.bytes.length), `push of ${file.path}`, async (adb) => {
    const sync = await adb.sync()
    try {
      const bytes = new ReadableStream<Uint8Array>({
        start: (controller) => {
          if (file.bytes.length > 0) controller.enqueue(file.bytes)
          controller.close()
        },
      })
      type Source = Parameters<typeof sync.write>[0]['file']
      const mtime = Math.floor(target.now() / 1000)
      await sync.write({ filename: file.path, file: bytes as unknown as Source, permission: file.mode ?? 0o644, mtime })
    } finally {
      await sync.dispose()
    }
  })
}

/** Opens a URL in the device's default browser. Rejects with what `am` said where nothing could be opened. The URL must need no quoting but single quotes. */
export async function openUrl(target: AdbTarget, url: string): Promise<string> {
  if (/['\\\s]/.test(url)) throw new Error(`${url}: cannot be handed to a shell`)
  const said = (await shell(target, `am start -a android.intent.action.VIEW -d '${url}'`, START_WITHIN)).trim()
  const trouble = /^(Error|Exception|Security exception)[^\n]*|unable to resolve Intent[^\n]*|not found[^\n]*|inaccessible[^\n]*/im.exec(said)
  if (trouble !== null) throw new AdbError('refused', `the device opens no page: ${trouble[0].trim()}`)
  return said
}
