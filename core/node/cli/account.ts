// `dmlab account`: the accounts of a device in a workspace, and what is changed in one; secrets go in and never come out.
import type { Command } from 'commander'
import { Option } from 'commander'
import type { AccountChange, AccountRow } from '../../api.ts'
import { accountsFor } from '../../lab/accounts.ts'
import { refuse, visible, write, writeJson } from './output.ts'
import { askOwner } from './owner.ts'
import { withWorkspace, workspaceOption } from './workspace.ts'

interface Options {
  readonly workspace: string
  readonly serverId?: string
  readonly user?: string
  readonly auth?: AccountRow['auth']
  readonly password?: string
  readonly serverPassword?: string
  readonly clientNonce?: string
  readonly serverNonce?: string
  readonly enrol?: true
  readonly refuse?: true
  readonly json?: true
}

/** Adds the command. */
export function account(program: Command): void {
  program
    .command('account <device>')
    .description('accounts of a device, never their secrets; with options the lab that runs on the workspace changes one')
    .addOption(workspaceOption())
    .option('--server-id <id>', 'which account (default the newest); one that is not there is made')
    .option('--user <name>', 'user name of the device')
    .addOption(new Option('--auth <type>', 'authentication asked for').choices(['any', 'basic', 'md5', 'hmac']))
    .option('--password <text>', "the device's password")
    .option('--server-password <text>', "the server's password")
    .option('--client-nonce <base64>', "nonce for the device's next credential; empty forgets it")
    .option('--server-nonce <base64>', "nonce for the server's next credential; empty forgets it")
    .option('--enrol', 'let the device in')
    .option('--refuse', 'refuse the device')
    .option('--json', 'print one JSON document')
    .action(run)
}

async function run(device: string, options: Options): Promise<void> {
  const { workspace, json, serverId } = options
  const change = changeOf(options)
  if (Object.keys(change).length > 0) {
    const wish = { ...change, ...(serverId === undefined ? {} : { serverId }) }
    const row = (await askOwner(workspace, `devices/${encodeURIComponent(device)}/accounts`, wish)) as unknown as AccountRow
    return json === true ? writeJson(row) : write(line(row))
  }
  const rows = await withWorkspace(workspace, async ({ ledger }) => accountsFor(ledger, device))
  const shown = serverId === undefined ? rows : rows.filter((row) => row.serverId === serverId)
  if (json === true) return writeJson({ accounts: shown })
  await write(shown.map(line).join(''))
}

function changeOf(options: Options): AccountChange {
  const { user, auth, password, serverPassword, clientNonce, serverNonce } = options
  if (options.enrol === true && options.refuse === true) refuse('--enrol or --refuse: one of them')
  const state = options.enrol === true ? ('enrolled' as const) : options.refuse === true ? ('refused' as const) : undefined
  const given = { userName: user, auth, password, serverPassword, clientNonce, serverNonce, state }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function line({ device, serverId, userName, auth, state, secrets, why, has }: AccountRow): string {
  const whose = device === '' ? '(every device)' : visible(device)
  const words = [
    whose,
    visible(serverId),
    visible(userName),
    `authentication ${auth}`,
    state,
    `secrets ${secrets}`,
    `has ${has.join(', ') || 'none'}`,
  ]
  return `${words.join('  ')}${why === '' ? '' : `  (${why})`}\n`
}
