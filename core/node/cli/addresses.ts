// `dmlab addresses`: the addresses of a running lab, which one each device is told and why, and tests of them.
import type { Command } from 'commander'
import { Option } from 'commander'
import type { AddressChoice, AddressesState, AddressTest } from '../../api.ts'
import { Failure, refuse, table, visible, write, writeJson } from './output.ts'
import { ownerOf } from './treesource.ts'
import { workspaceOption } from './workspace.ts'

interface Common {
  readonly workspace: string
  readonly json?: true
}

/** Adds the command. */
export function addresses(program: Command): void {
  const group = program.command('addresses').description('addresses of the lab that runs on a workspace, and which one each device is told')
  const one = (name: string, text: string): Command =>
    group.command(name).description(text).addOption(workspaceOption()).option('--json', 'one JSON document')
  one('list', 'candidates, and what each device is told and why').action(list)
  one('choose <candidate>', 'choose by hand; an empty candidate goes back to the rule')
    .option('--device <id>', 'for this device; without it for all that nothing is known of')
    .addOption(new Option('--scheme <name>', 'http or https').choices(['http', 'https']))
    .action(choose)
  one('add <name>', 'a NAT or proxy name in front of this lab')
    .option('--http <url>', 'its base by http')
    .option('--https <url>', 'its base by https')
    .action(add)
  one('remove <candidate>', 'an address entered by hand').action(async (id: string, { workspace, json }: Common) => {
    await show(await (await ownerOf(workspace))<AddressesState>('DELETE', `addresses?candidate=${encodeURIComponent(id)}`), json)
  })
  one('test <candidate>', 'connect to it from this computer; exit code 1 where this lab does not answer').action(test)
}

async function list({ workspace, json }: Common): Promise<void> {
  await show(await (await ownerOf(workspace))<AddressesState>('GET', 'addresses'), json)
}

async function choose(candidate: string, options: Common & { readonly device?: string; readonly scheme?: string }): Promise<void> {
  const { workspace, json, device, scheme } = options
  const wish = { device: device ?? '', candidate, ...(scheme === undefined ? {} : { scheme }) }
  const choice = await (await ownerOf(workspace))<AddressChoice>('PUT', 'addresses/choice', wish)
  await (json === true ? writeJson(choice) : write(table([cells(choice)])))
}

async function add(name: string, options: Common & { readonly http?: string; readonly https?: string }): Promise<void> {
  const { workspace, json, http, https } = options
  if (http === undefined && https === undefined) refuse('--http or --https is needed')
  const wish = { name, ...(http === undefined ? {} : { http }), ...(https === undefined ? {} : { https }) }
  await show(await (await ownerOf(workspace))<AddressesState>('POST', 'addresses', wish), json)
}

async function test(candidate: string, { workspace, json }: Common): Promise<void> {
  const ask = await ownerOf(workspace)
  const { tests } = await ask<{ tests: readonly AddressTest[] }>('GET', `addresses/test?candidate=${encodeURIComponent(candidate)}`)
  if (json === true) await writeJson({ tests })
  else await write(table(tests.map(({ url, result, ms, text }) => [result, `${String(ms)} ms`, url, text])))
  const lost = tests.filter(({ result }) => result !== 'ours')
  if (lost.length > 0) throw new Failure(1, `${String(lost.length)} of ${String(tests.length)} do not lead to this lab`)
}

async function show(state: AddressesState, json: true | undefined): Promise<void> {
  if (json === true) return writeJson(state)
  const { candidates, devices, otherwise, multicast } = state
  const rows = candidates.map(({ id, kind, http, https, reachable, text }) => [
    id,
    kind,
    reachable ? 'reachable' : 'not reachable',
    http,
    https,
    text,
  ])
  await write(table(rows))
  await write(`\n${table([otherwise, ...devices].map(cells))}`)
  if (multicast !== null) await write(`\nmulticast  ${multicast.interface}  ${multicast.address}  (${multicast.why})\n`)
}

const cells = ({ device, base, by, why }: AddressChoice): string[] => [device === '' ? '(any other device)' : visible(device), base, by, why]
