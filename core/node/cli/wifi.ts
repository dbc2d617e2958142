// `dmlab wifi`: invitations for devices without a cable, as QR codes of this terminal, and mDNS of the lab that runs on a workspace.
import type { Command } from 'commander'
import type { ConnectInvite, MdnsState, WifiState } from '../../api.ts'
import { qrText } from '../qr.ts'
import { Failure, refuse, table, visible, write, writeJson } from './output.ts'
import type { Ask } from './treesource.ts'
import { ownerOf } from './treesource.ts'
import { workspaceOption } from './workspace.ts'

interface Common {
  readonly workspace: string
  readonly json?: true
}
interface Inviting extends Common {
  readonly device?: string
  readonly minutes: string
  readonly choose?: true
  readonly wait?: true
}
interface Publishing extends Common {
  readonly name?: string
  readonly interface?: string
  readonly off?: true
}

/** How often the lab is asked whether a device has reported, ms. */
const LOOK_EVERY = 300

/** Adds the command. */
export function wifi(program: Command): void {
  const group = program.command('wifi').description('the way over Wi-Fi: QR codes with which a device tests its ways to the lab, and mDNS')
  const one = (name: string, text: string): Command =>
    group.command(name).description(text).addOption(workspaceOption()).option('--json', 'one JSON document')
  one('list', 'invitations, paths that devices proved, and what mDNS found').action(async ({ workspace, json }: Common) =>
    show(await (await ownerOf(workspace))<WifiState>('GET', 'wifi'), json),
  )
  one('invite', 'a QR code for one device; its browser tries every address of the lab and reports which ones work')
    .option('--device <id>', 'DM device that it is for')
    .option('--minutes <n>', 'how long the code opens the page', '10')
    .option('--choose', 'with --device: tell that device the best address that worked from then on')
    .option('--wait', 'wait for the report; exit code 1 where none comes or nothing worked')
    .action(invite)
  one('publish', 'publish the lab by mDNS (_oma-dm._tcp), until --off or its end')
    .option('--name <text>', 'name of the service')
    .option('--interface <name>', 'network interface (default the one multicast leaves by)')
    .option('--off', 'stop')
    .action((options: Publishing) => mdns('publish', options))
  one('browse', 'look for labs and servers by mDNS, until --off; `dmlab wifi list` shows them')
    .option('--interface <name>', 'network interface (default the one multicast leaves by)')
    .option('--off', 'stop')
    .action((options: Publishing) => mdns('browse', options))
}

async function invite({ workspace, json, device, minutes, choose, wait }: Inviting): Promise<void> {
  if (!/^\d{1,4}$/.test(minutes) || Number(minutes) === 0) refuse(`--minutes ${minutes}: not a number of minutes`)
  if (choose === true && device === undefined) refuse('--choose needs --device: who is to be told?')
  const ask = await ownerOf(workspace)
  const wish = { lifeMs: Number(minutes) * 60_000, ...(device === undefined ? {} : { device }), ...(choose === undefined ? {} : { choose }) }
  const made = await ask<ConnectInvite>('POST', 'wifi/invitations', wish)
  const [code] = made.codes
  if (code === undefined) throw new Failure(1, 'no address of this lab can be reached')
  if (json === true && wait !== true) return writeJson(made)
  if (json !== true) {
    const others =
      made.codes.length === 1
        ? ''
        : `; other addresses: ${made.codes
            .slice(1)
            .map(({ url }) => new URL(url).origin)
            .join(' ')}`
    await write(`${await qrText(code.url)}\n${code.url}\nOpen it on the device within ${minutes} minutes${others}\n`)
  }
  if (wait === true) await reported(ask, made.id, json)
}

/** Waits until the invitation is over, and says what the device found. */
async function reported(ask: Ask, id: string, json: true | undefined): Promise<void> {
  for (;;) {
    const { invites } = await ask<WifiState>('GET', 'wifi')
    const now = invites.find((each) => each.id === id)
    if (now === undefined) throw new Failure(1, `the invitation ${id} is gone`)
    if (now.report !== null) {
      if (json === true) await writeJson(now)
      else
        await write(
          table(
            now.report.probes.map(({ base, result, seen, ms, text }) => [
              result === 'ours' && seen ? 'works' : 'no',
              base,
              result === 'ours' ? `${String(Math.round(ms))} ms` : '',
              visible(text),
            ]),
          ),
        )
      if (now.report.best === '') throw new Failure(1, 'no address of the lab can be reached from that device')
      return
    }
    if (now.state !== 'open' && now.state !== 'visited') throw new Failure(1, `the invitation is ${now.state}, and no report came`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
  }
}

async function mdns(what: 'publish' | 'browse', { workspace, json, name, interface: at, off }: Publishing): Promise<void> {
  const wish = off === true ? null : { ...(name === undefined ? {} : { name }), ...(at === undefined ? {} : { interface: at }) }
  const state = await (await ownerOf(workspace))<MdnsState>('PUT', `wifi/${what}`, { wish })
  if (state.trouble !== '') throw new Failure(1, state.trouble)
  await (json === true ? writeJson(state) : write(`${mdnsText(state)}\n`))
}

const mdnsText = ({ publishing, browsing, name, interface: at, address }: MdnsState): string => {
  const doing = [...(publishing ? [`publishes "${visible(name)}"`] : []), ...(browsing ? ['looks for others'] : [])]
  return doing.length === 0 ? 'mDNS is off' : `mDNS ${doing.join(' and ')} on ${at} (${address})`
}

async function show(state: WifiState, json: true | undefined): Promise<void> {
  if (json === true) return writeJson(state)
  const { invites, proofs, mdns } = state
  const rows = [
    ...invites.map(({ id, state, device, codes }) => ['invitation', id, state, visible(device), codes[0]?.url ?? '']),
    ...proofs.map(({ base, device, remote, at, ms }) => ['path', base, `${String(Math.round(ms))} ms`, visible(device), `${remote} ${String(at)}`]),
    ...mdns.services.map(({ name, type, url, host, port, own }) => [
      'service',
      visible(name),
      type,
      own ? 'this lab' : '',
      url === '' ? `${visible(host)}:${String(port)}` : url,
    ]),
  ]
  await write(`${mdnsText(mdns)}${mdns.trouble === '' ? '' : `: ${mdns.trouble}`}\n${rows.length === 0 ? '' : table(rows)}`)
}
