// `dmlab adb`: Android devices through the adb server of this computer: list, tunnels, files, log. It starts no server and needs no lab.
import process from 'node:process'
import type { Command } from 'commander'
import { Option } from 'commander'
import { serialOf } from '../../adapters/adb/list.ts'
import type { AdbDeviceRow, AdbLogLevel, AdbState } from '../../api.ts'
import { wordsOf } from '../../syncml/text.ts'
import { adbPort, labAdb } from '../adb.ts'
import type { LabAdb, LabAdbParts } from '../adb.ts'
import { processClock } from '../clock.ts'
import { hostAddress } from '../validateadb.ts'
import { Failure, iso, readInput, refuse, table, visible, write, writeJson } from './output.ts'

interface Common {
  readonly adbPort: number
  readonly json?: true
}
interface Reverse extends Common {
  readonly remove?: true
}
interface Push extends Common {
  readonly mode: number
}
interface Logcat extends Common {
  readonly tag: string[]
  readonly level?: AdbLogLevel
  readonly text?: string
  readonly for?: number
}

const port = (text: string): number =>
  /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536 ? Number(text) : refuse(`${text}: is no TCP port`)
const octal = (text: string): number => (/^0?[0-7]{3}$/.test(text) ? parseInt(text, 8) : refuse(`${text}: is no mode such as 644`))
const seconds = (text: string): number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : refuse(`${text}: is no number of seconds`))
const several = (value: string, before: string[]): string[] => [...before, value]

/** Runs `task` with the adb server, and leaves it as it was. Failure 1 in the words of the server or device. */
async function withAdb(options: Common, task: (adb: LabAdb) => Promise<void>, more: Partial<LabAdbParts> = {}): Promise<void> {
  const none = (): void => {}
  const adb = labAdb({
    clock: processClock(),
    port: options.adbPort,
    ports: () => [],
    base: () => '',
    devices: () => [],
    tell: none,
    lines: none,
    ...more,
  })
  try {
    const { server } = await adb.area.state()
    if (server.state !== 'ready') throw new Failure(1, `${server.address}: ${server.text}. ${server.fix}`)
    await task(adb)
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(1, wordsOf(error))
  } finally {
    adb.leave()
  }
}

/** Adds the command. */
export function adb(program: Command): void {
  const group = program.command('adb').description('Android devices through the adb server of this computer; none is started')
  const command = (name: string, text: string): Command =>
    group
      .command(name)
      .description(text)
      .addOption(new Option('--adb-port <n>', 'port of the adb server').argParser(port).default(adbPort()))
      .option('--json', 'print JSON')
  command('devices', 'devices with state, proof and what mends it').action(async (options: Common) =>
    withAdb(options, async (at) => devices(at, options)),
  )
  command('reverse', 'makes ports of this computer reachable on the device under 127.0.0.1')
    .argument('<serial>', 'device')
    .argument('<port...>', 'TCP ports, the same on both sides')
    .option('--remove', 'take them back')
    .action(async (serial: string, ports: string[], options: Reverse) =>
      withAdb(options, async (at) => reverse(at, serial, ports.map(port), options)),
    )
  command('connect', 'connects to a device over Wi-Fi')
    .argument('<address>', 'host, or host:port (default 5555)')
    .action(async (address: string, options: Common) =>
      withAdb(options, async (at) => one(await at.area.connect(wireless(address)), serialOf(address), options)),
    )
  command('disconnect', 'lets a device over Wi-Fi go')
    .argument('<address>', 'host, or host:port (default 5555)')
    .action(async (address: string, options: Common) =>
      withAdb(options, async (at) => one(await at.area.disconnect(wireless(address)), serialOf(address), options)),
    )
  command('pair', 'pairs this computer with a device (Android 11 and later, platform-tools 30 and later)')
    .argument('<address>', 'host:port, as the pairing dialog of the device shows it')
    .argument('<code>', 'the six digits it shows')
    .action(async (address: string, code: string, options: Common) => {
      if (!/^\d{6}$/.test(code)) refuse(`${code}: a pairing code has six digits`)
      await withAdb(options, async (at) => {
        await at.area.pair(wireless(address), code)
        await (options.json === true ? writeJson({ paired: address }) : write(`paired with ${address}\n`))
      })
    })
  command('push', 'puts a file on the device')
    .argument('<serial>', 'device')
    .argument('<file>', 'file here; - for stdin')
    .argument('<path>', 'whole path on the device')
    .addOption(new Option('--mode <octal>', 'permissions').argParser(octal).default(0o644, '644'))
    .action(async (serial: string, file: string, path: string, options: Push) => {
      const bytes = await readInput(file)
      if (!/^\/[^\0,]*[^\0,/]$/.test(path)) refuse(`${path}: is no whole path on a device`)
      await withAdb(options, async (at) => {
        const done = await at.area.push(serial, { path, bytes, mode: options.mode })
        if (options.json === true) await writeJson(done)
        else await write(`${done.path}: ${done.size} bytes in ${Math.round(done.ms)} ms\n`)
      })
    })
  command('logcat', "log lines with times of this computer's clock, until interrupted")
    .argument('<serial>', 'device')
    .option('--tag <tag>', 'only this tag; may be repeated', several, [])
    .addOption(new Option('--level <letter>', 'this level and graver').choices(['V', 'D', 'I', 'W', 'E', 'F']))
    .option('--text <words>', 'only lines with these words')
    .option('--for <seconds>', 'end after this time', seconds)
    .action(async (serial: string, options: Logcat) => logcat(serial, options))
}

const wireless = (address: string): string => (hostAddress.safeParse(address).success ? address : refuse(`${address}: is no host, or host:port`))

/** What became of one device. */
async function one({ devices: rows }: AdbState, serial: string, { json }: Common): Promise<void> {
  const row = rows.find((each) => each.serial === serial)
  if (json === true) return writeJson({ serial, state: row?.state ?? 'vanished' })
  await write(`${serial}: ${row === undefined ? 'the adb server does not list it' : `${row.state}, ${row.text}`}\n`)
}

async function devices(at: LabAdb, { json }: Common): Promise<void> {
  const listed = at.now().devices
  // Facts of a device are its own answer: those that are ready are asked once; one that does not answer keeps what the list says.
  await Promise.all(listed.filter(({ state }) => state === 'device').map(async ({ serial }) => at.area.probe(serial).catch(() => {})))
  const { server, devices: rows } = at.now()
  if (json === true) return writeJson({ server, devices: rows })
  const line = ({ serial, state, way, manufacturer, model, android, text, fix }: AdbDeviceRow): string[] =>
    [serial, state, way, `${manufacturer} ${model}`.trim(), android === '' ? '' : `Android ${android}`, fix === '' ? text : `${text}. ${fix}`].map(
      visible,
    )
  return write(rows.length === 0 ? 'no device\n' : table(rows.map(line)))
}

async function reverse(at: LabAdb, serial: string, ports: readonly number[], { remove, json }: Reverse): Promise<void> {
  const row = remove === true ? await at.area.unreverse(serial, ports) : await at.area.reverse(serial, ports)
  if (json === true) await writeJson({ serial, reverse: row.reverse })
  else await write(row.reverse.map(({ remote, local, state, text }) => `${serial} ${remote} -> ${local} ${state} ${text}`.trim() + '\n').join(''))
  const failed = row.reverse.filter(({ state }) => state === 'failed')
  if (failed.length > 0) throw new Failure(1, `${serial}: ${failed.map(({ remote, text }) => `port ${remote}: ${text}`).join('; ')}`)
}

async function logcat(serial: string, options: Logcat): Promise<void> {
  const { tag, level, text, json } = options
  let out: Promise<void> = Promise.resolve()
  let shown = 0
  let at: LabAdb | null = null
  /** Lines behind the last one shown, a page at a time, so that a slow reader misses none that is kept. */
  const show = (): void => {
    out = out.then(async () => {
      if (at === null) return
      const { lines, through } = await at.area.log(serial, { after: shown, count: 5000 })
      shown = through
      for (const line of lines)
        await (json === true
          ? writeJson({ ...line, at: iso(line.at), deviceAt: iso(line.deviceAt) })
          : write(`${iso(line.at)} ${line.level} ${visible(`${line.tag}: ${line.text}`)}\n`))
    })
  }
  await withAdb(
    options,
    async (adb) => {
      at = adb
      const filter = { tags: tag, ...(level === undefined ? {} : { level }), ...(text === undefined ? {} : { text }) }
      const row = await adb.area.logcat(serial, filter)
      if (row.state !== 'on')
        throw new Failure(1, `${serial} cannot be read: ${adb.now().devices.find((one) => one.serial === serial)?.text ?? 'it is not there'}`)
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve)
        if (options.for !== undefined) setTimeout(resolve, options.for * 1000)
      })
      show()
      await out
    },
    { lines: show },
  )
}
