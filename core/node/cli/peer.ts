// `dmlab peer`: labs attached to the one that runs on a workspace: a gateway in another process or on another host in the same trace.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { PeerRow } from '../../api.ts'
import { wordsOf } from '../../syncml/text.ts'
import { refuse, visible, write, writeJson } from './output.ts'
import { ownerOf } from './treesource.ts'
import { workspaceOption } from './workspace.ts'

interface Options {
  readonly workspace: string
  readonly json?: true
  readonly token?: string
  readonly tokenFile?: string
  readonly name?: string
  readonly history?: string
}

/** Adds the command. */
export function peer(program: Command): void {
  const all = program.command('peer').description('labs attached to the one that runs on the workspace: their traces join its own')
  const sub = (name: string, text: string): Command =>
    all.command(name).description(text).option('--json', 'one JSON document').addOption(workspaceOption())
  sub('list', 'attached labs').action(async ({ workspace, json }: Options) => {
    const ask = await ownerOf(workspace)
    const { peers } = await ask<{ readonly peers: readonly PeerRow[] }>('GET', 'peers')
    return json === true ? writeJson({ peers }) : write(peers.map(line).join(''))
  })
  sub('attach <url>', 'attach the lab whose ready line names this ui or api')
    .option('--token <token>', 'its token, where the URL does not hold it')
    .option('--token-file <file>', 'file that holds its token: `token` in its workspace')
    .option('--name <name>', 'what its rows are marked with (default the gateway it plays)')
    .option('--history <n>', 'so many of the rows it has already are taken too (default 500)')
    .action(attach)
  sub('detach <id>', 'detach a lab; its rows stay').action(async (id: string, { workspace, json }: Options) => {
    const ask = await ownerOf(workspace)
    await ask('DELETE', `peers/${encodeURIComponent(id)}`)
    return json === true ? writeJson({ detached: id }) : write(`${visible(id)} detached\n`)
  })
  sub('hold <id> <on|off>', 'hold every message of an attached lab, or none').action(
    async (id: string, what: string, { workspace, json }: Options) => {
      if (what !== 'on' && what !== 'off') refuse(`hold ${what}: on or off`)
      const ask = await ownerOf(workspace)
      return told(await ask<PeerRow>('PUT', `peers/${encodeURIComponent(id)}/hold`, { on: what === 'on' }), json)
    },
  )
}

async function attach(url: string, options: Options): Promise<void> {
  const { name, history, tokenFile, json } = options
  const token = options.token ?? (tokenFile === undefined ? undefined : secret(tokenFile))
  if (history !== undefined && !/^\d{1,7}$/.test(history)) refuse(`--history ${history}: not a number`)
  const given = {
    ...(token === undefined ? {} : { token }),
    ...(name === undefined ? {} : { name }),
    ...(history === undefined ? {} : { history: Number(history) }),
  }
  const ask = await ownerOf(options.workspace)
  return told(await ask<PeerRow>('POST', 'peers', { url, ...given }), json)
}

/** A file with a token, or the workspace it lies in. */
function secret(path: string): string {
  const file = existsSync(join(path, 'token')) ? join(path, 'token') : path
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    return refuse(`${file}: ${wordsOf(error)}`)
  }
}

const told = (row: PeerRow, json: true | undefined): Promise<void> => (json === true ? writeJson(row) : write(line(row)))

function line({ id, name, url, state, why, rows, waiting, offsetMs, held }: PeerRow): string {
  const course = state === 'attached' ? `${String(rows)} rows, ${String(waiting)} on their way, ${String(held)} held` : why
  const clock = offsetMs === null ? '' : `  clock ${offsetMs < 0 ? '' : '+'}${offsetMs.toFixed(1)} ms`
  return `${visible(`${id}  ${name}  ${url}  ${state}  ${course}${clock}`)}\n`
}
