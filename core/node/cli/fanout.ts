// `dmlab fanout`: commands for many devices behind a gateway, through the lab that owns the workspace.
import type { Command } from 'commander'
import { Option } from 'commander'
import type { FanoutCommandWish, FanoutRow, FanoutWish } from '../../api.ts'
import { judge } from '../../gateway/codes.ts'
import { LINK_TYPES, SI_WBXML } from '../../notify/si.ts'
import { wordsOf } from '../../syncml/text.ts'
import { Failure, Progress, readInput, refuse, table, visible, write, writeJson } from './output.ts'
import { ownerOf } from './treesource.ts'
import type { Ask } from './treesource.ts'
import { whichGateway } from './whichgateway.ts'
import { workspaceOption } from './workspace.ts'

interface Shared {
  readonly workspace: string
  readonly json?: true
}
interface Creating extends Shared {
  readonly wish?: string
  readonly gateway?: string
  readonly device: string[]
  readonly group: string[]
  readonly all?: true
  readonly mode?: 0 | 1 | 2
  readonly filter?: string
  readonly command: FanoutCommandWish[]
  readonly delivery?: 'push'
  readonly pushUrl?: FanoutWish['pushUrl']
  readonly pushType?: FanoutWish['pushType']
  readonly image?: string
  readonly style?: 'Y' | "Y'"
  readonly timeout?: number
  readonly interval?: number
  readonly returnFormat?: 0 | 1 | 2 | 3 | 4
  readonly wait?: number
}

const KINDS = ['Add', 'Replace', 'Delete', 'Get', 'Exec', 'Copy'] as const
const MODES: Readonly<Record<string, 0 | 1 | 2>> = { transparent: 0, proxy: 1, adaptation: 2, '0': 0, '1': 1, '2': 2 }
const STYLES: Readonly<Record<string, 'Y' | "Y'">> = { y: 'Y', "y'": "Y'", ya: "Y'" }
const OPEN: ReadonlySet<FanoutRow['state']> = new Set(['queued', 'running'])

const several = (value: string, before: string[]): string[] => [...before, value]
const seconds = (text: string): number => (/^\d{1,9}$/.test(text) ? Number(text) : refuse(`${text}: is no whole number of seconds`))

/** `KIND URI [DATA]`, for example `Replace ./Vendor/DMLab/Settings/Text hello`; of Copy the third word is its source. */
function command(text: string, before: FanoutCommandWish[]): FanoutCommandWish[] {
  const [, word = '', locUri = '', data] = /^(\S+)\s+(\S+)(?:\s([\s\S]*))?$/.exec(text) ?? []
  const kind = KINDS.find((each) => each.toLowerCase() === word.toLowerCase())
  if (kind === undefined || locUri === '') return refuse(`--command ${text}: KIND URI [DATA]; kinds are ${KINDS.join(', ')}`)
  const rest = data === undefined ? {} : kind === 'Copy' ? { source: data } : { data }
  return [...before, { kind, locUri, ...rest, ...(kind === 'Add' && data === undefined ? { format: 'node' } : {}) }]
}

/** Adds the command. */
export function fanout(program: Command): void {
  const group = program.command('fanout').description('commands for many devices behind a gateway: send them, watch them, cancel and repeat them')
  const one = (name: string, text: string): Command =>
    group.command(name).description(text).addOption(workspaceOption()).option('--json', 'one JSON document')
  one('list', 'fan-outs, newest first').action(async ({ workspace, json }: Shared) => {
    const answer = await (await ownerOf(workspace))<{ fanouts: readonly FanoutRow[] }>('GET', 'fanouts')
    await (json === true ? writeJson(answer) : write(rowsText(answer.fanouts)))
  })
  one('show <id>', 'a fan-out with the code of each device').action(async (id: string, { workspace, json }: Shared) => {
    const row = await rowOf(await ownerOf(workspace), id)
    await (json === true ? writeJson(row) : write(rowsText([row]) + devicesText(row)))
  })
  one('create', 'send commands to devices behind a gateway')
    .option('--wish <file>', 'the whole wish as JSON; - for stdin; options below win')
    .option('--gateway <id>', 'device id of the gateway (default the only one with devices)')
    .option('--device <id>', 'for this device; may be repeated', several, [])
    .option('--group <name>', "for each device of a group of the gateway's inventory; may be repeated", several, [])
    .option('--all', 'for each registered device')
    .option(
      '--mode <mode>',
      'only devices in this mode: transparent, proxy, adaptation',
      (text) => MODES[text] ?? refuse(`--mode ${text}: not known`),
    )
    .option('--filter <terms>', 'only devices whose record fits, such as DevInfo/Mod=CAM7*&Protocol=adb')
    .option(
      '--command <text>',
      'KIND URI [DATA]; may be repeated; {{ImageURL}}, {{DescriptorURL}} and {{ImageData}} stand for the image',
      command,
      [],
    )
    .option('--image <id>', 'ImageID the commands refer to')
    .addOption(
      new Option('--delivery <way>', 'push: no commands; each device is pushed the URL of the image, and fetches it by itself').choices(['push']),
    )
    .addOption(new Option('--push-url <what>', 'what such a push names (default: image)').choices(['image', 'descriptor']))
    .addOption(new Option('--push-type <type>', `media type of its body (default: ${SI_WBXML})`).choices([...LINK_TYPES]))
    .option(
      '--style <flow>',
      "Y: answers in one session with the notification's, Y': in one of their own (default)",
      (text) => STYLES[text.toLowerCase()] ?? refuse(`--style ${text}: Y or Y'`),
    )
    .option('--timeout <seconds>', 'how long the gateway waits for its devices', seconds)
    .option('--interval <seconds>', 'news in between', seconds)
    .option('--return-format <n>', '0 none, 1 counts, 2 a code each (default), 3 everything, 4 by code', (text) =>
      /^[0-4]$/.test(text) ? Number(text) : refuse(`--return-format ${text}: 0 to 4`),
    )
    .option('--wait <seconds>', 'wait so long for the end; exit code 1 where it is none or a bad one', seconds)
    .action(create)
  one('cancel <id>', 'devices that have not begun get nothing any more').action(async (id: string, { workspace, json }: Shared) => {
    const row = await (await ownerOf(workspace))<FanoutRow>('DELETE', `fanouts/${encodeURIComponent(id)}`)
    await (json === true ? writeJson(row) : write(rowsText([row])))
  })
  one('retry <id>', 'the same commands again for some devices; without --device for those that failed')
    .option('--device <id>', 'for this device; may be repeated', several, [])
    .option('--wait <seconds>', 'wait so long for the end; exit code 1 where it is none or a bad one', seconds)
    .action(async (id: string, { workspace, json, device, wait }: Shared & { readonly device: string[]; readonly wait?: number }) => {
      const ask = await ownerOf(workspace)
      const devices = device.length > 0 ? device : failedOf(await rowOf(ask, id))
      const row = await ask<FanoutRow>('POST', `fanouts/${encodeURIComponent(id)}/retry`, { devices })
      await finish(ask, row, wait, json)
    })
}

function failedOf(row: FanoutRow): string[] {
  const failed = row.devices.filter(({ code }) => code !== 0 && judge(code, false) === 'failure').map(({ deviceId }) => deviceId)
  return failed.length > 0 ? failed : refuse(`no device of fan-out ${row.id} has failed; name some by --device`)
}

async function create(options: Creating): Promise<void> {
  const { workspace, json, wait, wish, command: commands, device, group } = options
  const given = wish === undefined ? {} : (jsonOf(wish, await readInput(wish)) as Partial<FanoutWish>)
  const { gateway, all, mode, filter, image, style, timeout, interval, returnFormat, delivery, pushUrl, pushType } = options
  const named = { gateway, all, mode, filter, image, style, timeout, interval, returnFormat, delivery, pushUrl, pushType }
  const full: { -readonly [K in keyof FanoutWish]?: FanoutWish[K] } = {
    ...given,
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
    ...(device.length === 0 ? {} : { devices: device }),
    ...(group.length === 0 ? {} : { groups: group }),
    ...(commands.length === 0 ? {} : { commands }),
  }
  if (full.delivery === 'push' && full.image === undefined) refuse('--delivery push: tell the image by --image ID')
  if (full.delivery === 'push') full.commands ??= []
  else if ((full.commands ?? []).length === 0) refuse('tell what is wanted: --command "Replace URI DATA"')
  const ask = await ownerOf(workspace)
  full.gateway = await whichGateway(ask, full.gateway)
  await finish(ask, await ask<FanoutRow>('POST', 'fanouts', full), wait, json)
}

async function finish(ask: Ask, made: FanoutRow, wait: number | undefined, json: true | undefined): Promise<void> {
  const row = wait === undefined ? made : await ended(ask, made, wait)
  await (json === true ? writeJson(row) : write(rowsText([row]) + (wait === undefined ? '' : devicesText(row))))
  if (wait === undefined || row.result === 200) return
  throw new Failure(1, OPEN.has(row.state) ? `${row.id} is still ${row.state} after ${String(wait)} s` : `${row.id} ended with ${String(row.result)}`)
}

async function ended(ask: Ask, made: FanoutRow, wait: number): Promise<FanoutRow> {
  const progress = new Progress()
  for (const end = Date.now() + wait * 1000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const row = await rowOf(ask, made.id)
    progress.show(() => `${String(row.devices.filter(({ code }) => code !== 0 && code !== 202).length)} of ${String(row.devices.length)} devices`)
    if (!OPEN.has(row.state) || Date.now() >= end) {
      progress.done()
      return row
    }
  }
}

async function rowOf(ask: Ask, id: string): Promise<FanoutRow> {
  const { fanouts } = await ask<{ fanouts: readonly FanoutRow[] }>('GET', 'fanouts')
  return fanouts.find((row) => row.id === id) ?? refuse(`there is no fan-out ${id}`)
}

function jsonOf(file: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    return refuse(`${file}: is no JSON: ${wordsOf(error)}`)
  }
}

function rowsText(rows: readonly FanoutRow[]): string {
  const lines = rows.map(({ id, gateway, style, state, result, summary, devices, reason }) => {
    const { targets, succeeded, failed, pending } = summary ?? { targets: devices.length, succeeded: 0, failed: 0, pending: devices.length }
    const counts = `${String(succeeded)}/${String(failed)}/${String(pending)} of ${String(targets)}`
    return [id, gateway, style, state, result === 0 ? '-' : String(result), counts, reason]
  })
  return table([['fan-out', 'gateway', 'flow', 'state', 'result', 'good/failed/open', 'reason'], ...lines].map((row) => row.map(visible)))
}

function devicesText({ devices }: FanoutRow): string {
  const valueLine = ({ uri, data }: { readonly uri: string; readonly data: string }): string[] => [`    ${uri}`, '', data]
  const lines = devices.flatMap(({ deviceId, code, text, values = [] }) => [
    [`  ${deviceId}`, code === 0 ? '-' : String(code), text],
    ...values.map(valueLine),
  ])
  return table(lines.map((line) => line.map(visible)))
}
