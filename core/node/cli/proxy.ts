// `dmlab proxy`: a recording proxy in front of a foreign DM server; in the lab that runs on the workspace, else in a lab of its own until it is stopped.
import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { ProxyRow, ProxyWish } from '../../api.ts'
import { wordsOf } from '../../syncml/text.ts'
import { startLab } from '../main.ts'
import { proxyWish } from '../validateproxies.ts'
import { checked } from '../validatebase.ts'
import { readApi } from '../workspace.ts'
import { refuse, visible, write, writeJson } from './output.ts'
import { ownerOf } from './treesource.ts'
import { workspaceOption } from './workspace.ts'

interface Options {
  readonly workspace: string
  readonly upstream?: string
  readonly port?: string
  readonly host?: string
  readonly https?: true
  readonly ca?: string
  readonly insecure?: true
  readonly rewrite?: true
  readonly resign: boolean
  readonly timeout?: string
  readonly list?: true
  readonly remove?: string
  readonly json?: true
}

/** Adds the command. */
export function proxy(program: Command): void {
  program
    .command('proxy')
    .description('record a foreign DM server: devices speak to this proxy, it passes every byte on')
    .option('--upstream <url>', 'the foreign server, http or https; paths of requests are put behind it')
    .option('--port <n>', 'port devices speak to (default a free one)')
    .option('--host <addr>', 'address it is bound to (default that of the lab)')
    .option('--https', "devices speak HTTPS, with a certificate of the lab's authority")
    .option('--ca <file>', 'PEM of the authority an https upstream is believed by (default those of this computer)')
    .option('--insecure', 'believe any https upstream; every session says so')
    .option('--rewrite', 'make RespURI and absolute Locations lead through the proxy; every time a finding says so')
    .option('--no-resign', 'leave the MAC of changed messages as it was')
    .option('--timeout <ms>', 'how long the upstream may take (default 60000)')
    .option('--list', 'list the proxies of the lab that runs on the workspace')
    .option('--remove <id>', 'close a proxy of the lab that runs on the workspace')
    .option('--json', 'one JSON document')
    .addOption(workspaceOption())
    .action(run)
}

async function run(options: Options): Promise<void> {
  const { workspace, json } = options
  if (options.list === true || options.remove !== undefined) {
    const ask = await ownerOf(workspace)
    if (options.remove !== undefined) await ask('DELETE', `proxies/${encodeURIComponent(options.remove)}`)
    const { proxies } = await ask<{ readonly proxies: readonly ProxyRow[] }>('GET', 'proxies')
    return json === true ? writeJson({ proxies }) : write(proxies.map(line).join(''))
  }
  const wish = wishOf(options)
  const running = existsSync(workspace) && readApi(workspace) !== null
  if (running) {
    const ask = await ownerOf(workspace)
    const row = await ask<ProxyRow>('POST', 'proxies', wish)
    return json === true ? writeJson(row) : write(line(row))
  }
  await alone(options, wish)
}

/** A lab for this proxy; ends with SIGTERM or SIGINT. */
async function alone({ workspace, json }: Options, wish: ProxyWish): Promise<void> {
  const https = wish.https === true ? { tlsPort: 0, tlsMust: true } : {}
  const lab = await startLab({ workspace, host: '127.0.0.1', dmPort: 0, uiPort: null, ...https }).catch((error: unknown) => refuse(wordsOf(error)))
  let row: ProxyRow
  try {
    row = await lab.api.proxies.add(wish)
  } catch (error) {
    await lab.stop()
    return refuse(wordsOf(error))
  }
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  if (json === true) await writeJson(row)
  else await write(`${line(row)}Recording into ${workspace}. Stop with Ctrl+C.\n`)
  await stopped
  await lab.api.proxies.remove(row.id)
  await lab.stop()
}

function wishOf(options: Options): ProxyWish {
  const { upstream, port, host, timeout } = options
  if (upstream === undefined) refuse('--upstream: which server is to be recorded?')
  if (options.ca !== undefined && options.insecure === true) refuse('--ca or --insecure: one of them')
  const number = (name: string, text: string | undefined): number | undefined => {
    if (text === undefined) return undefined
    return /^\d{1,9}$/.test(text) ? Number(text) : refuse(`${name} ${text}: not a number`)
  }
  const wish = {
    upstream,
    port: number('--port', port),
    host,
    https: options.https,
    trust: options.ca !== undefined ? 'ca' : options.insecure === true ? 'none' : undefined,
    ca: options.ca === undefined ? undefined : pem(options.ca),
    rewrite: options.rewrite,
    resign: options.resign ? undefined : false,
    timeoutMs: number('--timeout', timeout),
  }
  try {
    return checked('proxy', 'options', proxyWish, Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined))) as ProxyWish
  } catch (error) {
    return refuse(wordsOf(error))
  }
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return refuse(`${file}: ${wordsOf(error)}`)
  }
}

function line({ id, url, upstream, state, why, exchanges, failures, lastFailure }: ProxyRow): string {
  const course = state === 'failed' ? `closed: ${why}` : `${String(exchanges)} exchanges, ${String(failures)} failed`
  return visible(`${id}  ${url === '' ? '-' : url}  to ${upstream}  ${course}${lastFailure === '' ? '' : `  (${lastFailure})`}`) + '\n'
}
