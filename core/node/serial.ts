// Serial ports of this computer: which there are, who holds one, and an open one as text in and out; every failure in words with its fix.
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { SerialPort } from 'serialport'
import type { SerialPortRow } from '../api.ts'

/** An open port. Text is ISO-8859-1: one character an octet. */
export interface OpenPort {
  write(text: string): void
  close(): Promise<void>
}

/** Told of an open port. */
export interface PortEvents {
  data(text: string): void
  /** It is gone without having been closed here. */
  gone(reason: string): void
}

/** How often an open port is looked for, ms. */
const WATCH_MS = 1000

interface Library {
  readonly SerialPort: typeof SerialPort
}
let library: Promise<Library> | null = null

/** The native part is loaded when a port is first asked for, so that a lab without it runs. Rejects in words. */
function serial(): Promise<Library> {
  library ??= import('serialport').catch((error: unknown) => {
    library = null
    throw new Error(`serial ports cannot be used here: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`, {
      cause: error,
    })
  })
  return library
}

/** The ports there are. Rejects in words where there can be none. */
export async function listPorts(): Promise<SerialPortRow[]> {
  const { SerialPort } = await serial()
  const byId = stableNames()
  return (await SerialPort.list()).map(({ path, manufacturer, vendorId, productId, serialNumber }) => {
    const ids = vendorId === undefined ? '' : `(${vendorId}:${productId ?? ''})`
    const text = [manufacturer, serialNumber, ids].filter((part) => part !== undefined && part !== '').join(' ')
    return { path, stable: byId.get(path) ?? '', text, trouble: obstacle(path) }
  })
}

function stableNames(): Map<string, string> {
  const folder = '/dev/serial/by-id'
  if (!existsSync(folder)) return new Map()
  return new Map(
    readdirSync(folder).flatMap((name) => (existsSync(join(folder, name)) ? [[realpathSync(join(folder, name)), join(folder, name)]] : [])),
  )
}

/** What stands between us and the port, without opening it; '' where nothing does that can be seen. */
function obstacle(path: string): string {
  if (process.platform === 'win32') return ''
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? `there is no ${path}` : NO_RIGHTS
  }
  const holder = holderOf(path)
  return holder === null ? '' : heldBy(holder)
}

const NO_RIGHTS = 'no permission: join the group that owns it (sudo usermod -aG dialout $USER) and log in anew'

/** A process that has a file open. */
export interface Holder {
  readonly pid: number
  readonly name: string
}

/** Who else has the port open (Linux: /proc, as far as it may be read); null where nobody is seen. */
function holderOf(path: string): Holder | null {
  if (process.platform !== 'linux') return null
  let real: string
  try {
    real = realpathSync(path)
  } catch {
    return null
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid))
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`))
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) === real) return { pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() }
    } catch {
      // Another user's process, or one that ended meanwhile.
    }
  return null
}

const heldBy = ({ pid, name }: Holder): string =>
  `held by ${name} (process ${String(pid)})${name === 'ModemManager' ? ': stop it (sudo systemctl stop ModemManager)' : ''}`

/** Opens a port, for us alone. Rejects in words, with who holds it. */
export async function openPort(path: string, baud: number, events: PortEvents): Promise<OpenPort> {
  const { SerialPort } = await serial()
  const port = new SerialPort({ path, baudRate: baud, autoOpen: false, lock: true })
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error === null ? resolve() : reject(new Error(openTrouble(path, error), { cause: error }))))
  })
  let over = false
  const gone = (): void => {
    if (over) return
    over = true
    clearInterval(watch)
    events.gone('the port is gone: the modem was pulled out or switched off')
    void closed(port)
  }
  // A hang-up is not always told by the library; the port's own name goes with it.
  const watch = setInterval(() => {
    if (process.platform !== 'win32' && !existsSync(path)) gone()
  }, WATCH_MS)
  watch.unref()
  port.on('data', (bytes: Buffer) => events.data(bytes.toString('latin1')))
  port.on('error', () => {})
  port.on('close', gone)
  return {
    write: (text) => void port.write(Buffer.from(text, 'latin1')),
    close: () => {
      over = true
      clearInterval(watch)
      return closed(port)
    },
  }
}

const closed = (port: SerialPort): Promise<void> =>
  new Promise((resolve) => {
    if (!port.isOpen) return resolve()
    port.close(() => resolve())
  })

function openTrouble(path: string, { message }: Error): string {
  const holder = holderOf(path)
  if (/cannot lock|resource busy|temporarily unavailable|access denied/i.test(message))
    return `${path} is busy: ${holder === null ? 'another program holds it' : heldBy(holder)}`
  if (/no such file|file not found/i.test(message)) return `there is no ${path}: is the modem plugged in?`
  if (/permission denied/i.test(message)) return `${path}: ${NO_RIGHTS}`
  if (/inappropriate ioctl|not a tty/i.test(message)) return `${path} is no serial port`
  if (/input\/output error|no such device/i.test(message)) return `${path}: nothing is behind this port`
  return `${path}: ${message.replace(/^Error:?\s*/, '')}`
}
