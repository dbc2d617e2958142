// `dmlab modem`: serial ports and their modems, an SMS push sent, what comes in listened to; by this process, or by the lab that owns a workspace.
import type { Command } from 'commander'
import type { ModemRow, SmsRow } from '../../api.ts'
import { fromHex } from '../../evidence/hex.ts'
import { base64, hexOf, utf8Bytes, wordsOf } from '../../syncml/text.ts'
import { processClock } from '../clock.ts'
import { labModems } from '../modem.ts'
import type { LabModems, ModemParts } from '../modem.ts'
import { randomSource } from '../random.ts'
import { Failure, refuse, table, visible, write, writeJson } from './output.ts'
import { askOwner } from './owner.ts'

interface Options {
  readonly port?: string
  readonly baud?: string
  readonly pin?: string
  readonly json?: true
  readonly workspace?: string
  readonly to?: string
  readonly print?: true
}

/** How often `listen` looks whether its modem is still there, ms. */
const WATCH_EVERY = 1000

/** Adds the command. */
export function modem(program: Command): void {
  const group = program.command('modem').description('serial AT modems: which there are, how they fare, SMS through them')
  group
    .command('list')
    .description('lists serial ports; with --port asks the modem there how it fares')
    .option('--port <path>', 'port of a modem')
    .option('--baud <n>', 'bits a second (default 115200)')
    .option('--pin <digits>', 'PIN of the SIM, where it asks')
    .option('--json', 'print one JSON document')
    .action((options: Options) => withModems({}, (modems) => list(modems, options)))
  group
    .command('send')
    .description('sends a push PDU (hexadecimal) by SMS, or prints the SMS PDUs')
    .requiredOption('--to <address>', 'sms:+NUMBER?port=/dev/ttyUSB0 (further fields: baud, smsc, validity, report, class, references)')
    .argument('<hex>', 'the WSP push PDU, as `dmlab notify --pdu` prints it')
    .option('--print', 'print the SMS PDUs and their AT commands; nothing is sent')
    .option('--json', 'print one JSON document')
    .option('--workspace <dir>', 'the lab that owns this workspace sends and records it')
    .action(send)
  group
    .command('decode')
    .description('reads an SMS PDU field by field')
    .argument('<hex>', 'the SMS PDU as modems say it, with the service centre in front')
    .option('--sent', 'one that goes to the network (SMS-SUBMIT); else one that came from it')
    .option('--json', 'print one JSON document')
    .action(decode)
  group
    .command('listen')
    .description('prints what a modem hears, until interrupted')
    .requiredOption('--port <path>', 'port of a modem')
    .option('--baud <n>', 'bits a second (default 115200)')
    .option('--pin <digits>', 'PIN of the SIM, where it asks')
    .option('--json', 'one JSON document a line')
    .action(listen)
}

async function withModems<T>(parts: Partial<ModemParts>, work: (modems: LabModems) => Promise<T>): Promise<T> {
  const modems = labModems({
    clock: processClock(),
    random: randomSource(),
    arrived: () => 0,
    left: () => 0,
    event: () => {},
    tell: () => {},
    ...parts,
  })
  try {
    return await work(modems)
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(1, wordsOf(error))
  } finally {
    await modems.stop()
  }
}

const asked = ({ baud, pin }: Options): { readonly baud?: number; readonly pin?: string } => {
  if (baud !== undefined && !/^\d{3,7}$/.test(baud)) refuse(`--baud ${baud}: no number`)
  return { ...(baud === undefined ? {} : { baud: Number(baud) }), ...(pin === undefined ? {} : { pin }) }
}

async function list({ area }: LabModems, options: Options): Promise<void> {
  const { port, json } = options
  if (port !== undefined) {
    const row = await area.probe(port, asked(options))
    return json === true ? writeJson(row) : write(`${rowText(row)}\n`)
  }
  const state = await area.state()
  if (state.trouble !== '') throw new Failure(1, state.trouble)
  if (json === true) return writeJson(state)
  if (state.ports.length === 0) return write('no serial ports\n')
  for (const { path, text, trouble } of state.ports) await write(`${[path, text, trouble].filter((part) => part !== '').join('  ')}\n`)
}

const rowText = ({ path, name, sim, dbm, operator }: ModemRow): string =>
  `${path}  ${name}  SIM ${sim}  ${dbm === null ? 'no signal known' : `${String(dbm)} dBm`}  ${operator === '' ? 'no network' : operator}`

async function send(hex: string, { to = '', print, json, workspace }: Options): Promise<void> {
  const pdu = fromHex(utf8Bytes(hex))
  if (!(pdu instanceof Uint8Array)) return refuse(`character ${String(pdu.offset)}: ${pdu.reason}`)
  if (workspace !== undefined) {
    const made = await askOwner(workspace, print === true ? 'sms/build' : 'sms', { to, pdu: base64(pdu) })
    return writeJson(made)
  }
  return withModems({}, async ({ area }) => {
    if (print === true) {
      const built = await area.build({ to, pdu })
      if (json === true) return writeJson(built)
      for (const part of built.parts) await write(`${part.command}\n${part.pdu.hex}\n`)
      return
    }
    const row: SmsRow = await area.send({ to, pdu })
    if (json === true) return writeJson(row)
    await write(
      `${row.text} through ${row.path} to ${row.number}: ${row.parts.map(({ reference }) => `reference ${String(reference)}`).join(', ')}\n`,
    )
  })
}

async function decode(hex: string, { sent, json }: { readonly sent?: true; readonly json?: true }): Promise<void> {
  const direction = sent === true ? 'to the network' : 'from the network'
  // What cannot be read is unreadable input, not a failure of the thing examined.
  const view = await withModems({}, async ({ area }) => area.decode(hex.replace(/\s+/g, ''), direction)).catch((error: Error) =>
    refuse(error.message),
  )
  if (json === true) return writeJson(view)
  const rows = view.fields.map(({ start, end, name, value, meaning }) => [
    `${String(start)}-${String(end - 1)}`,
    name,
    visible(value),
    visible(meaning),
  ])
  await write(
    `${visible(view.text)}\n${table([['bits', 'field', 'value', 'meaning'], ...rows])}${view.remarks.map((remark) => `remark: ${visible(remark)}\n`).join('')}`,
  )
}

async function listen(options: Options): Promise<void> {
  const { port = '', json } = options
  const say = (what: object, text: string): void => void (json === true ? write(`${JSON.stringify(what)}\n`) : write(`${text}\n`))
  const parts: Partial<ModemParts> = {
    event: (text) => say({ event: text }, text),
    arrived: ({ bytes, remote, push, trouble, told }) => {
      const text = told ?? (push === null ? `a push from ${remote} that cannot be read: ${trouble}` : `a push from ${remote}: ${push.contentType}`)
      say({ from: remote, text, contentType: push?.contentType ?? '', bytes: hexOf(bytes) }, `${text}\n  ${hexOf(bytes)}`)
      return 0
    },
  }
  await withModems(parts, async ({ area }) => {
    const row = await area.listen(port, asked(options))
    const stopped = new Promise<string>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(''))
    })
    say(row, `listening: ${rowText(row)}`)
    const trouble = await new Promise<string>((resolve) => {
      void stopped.then(resolve)
      const watch = setInterval(() => {
        void area.state().then(({ modems }) => {
          const now = modems.find(({ path }) => path === port)
          if (now === undefined || now.listening) return
          clearInterval(watch)
          resolve(now.trouble)
        })
      }, WATCH_EVERY)
    })
    // A modem that went away is a failure of the thing listened to.
    if (trouble !== '') throw new Failure(1, `${port}: ${trouble}`)
  })
}
