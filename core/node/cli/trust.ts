// `dmlab trust`: the lab's certificate authority as a file, its certificates, client certificates, and how TLS is spoken.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { CertificateRow, ClientCertificateRow, TlsSettings, TrustState } from '../../api.ts'
import { caFile } from '../trust/area.ts'
import { refuse, table, visible, write, writeJson, writeResult } from './output.ts'
import { ownerOf } from './treesource.ts'
import { workspaceOption } from './workspace.ts'

interface Common {
  readonly workspace: string
  readonly json?: true
}
interface Taking extends Common {
  readonly pem?: true
  readonly der?: true
  readonly qr?: true
  readonly output?: string
  readonly force?: true
}
interface Issuing extends Common {
  readonly days?: string
  readonly output?: string
  readonly force?: true
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/** Adds the command. */
export function trust(program: Command): void {
  const group = program.command('trust').description("the lab's certificate authority and its certificates")
  const one = (name: string, text: string): Command => group.command(name).description(text).addOption(workspaceOption())
  one('ca', "the authority's certificate, for devices that are to trust this lab (adb push, e-mail, QR)")
    .option('--pem', 'as PEM (default)')
    .option('--der', 'as DER, which phones install')
    .option('--qr', 'as a QR code (SVG) of the address it is fetched from and its fingerprint; the lab must run')
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .option('--force', 'overwrite the file')
    .action(ca)
  one('list', 'the authority, certificates and settings of the lab that runs on the workspace').option('--json', 'one JSON document').action(list)
  one('issue <device>', 'a client certificate with its private key (PEM) that only this device may use')
    .option('--days <n>', 'how long it is good (default 397)')
    .option('-o, --output <file>', 'write to a file (mode 600) instead of stdout')
    .option('--force', 'overwrite the file')
    .action(issue)
  one('withdraw <serial>', 'take a client certificate back').option('--json', 'one JSON document').action(withdraw)
  one('set', 'how TLS is spoken; counts from the next connection on')
    .addOption(new Option('--profile <name>', 'ciphers').choices(['modern', 'compatible', 'legacy']))
    .addOption(new Option('--min <version>', 'lowest version').choices(VERSIONS))
    .addOption(new Option('--max <version>', 'highest version').choices(VERSIONS))
    .addOption(new Option('--clients <how>', 'client certificates').choices(['off', 'optional', 'required']))
    .option('--json', 'one JSON document')
    .action(set)
  one('replace', 'a new authority: every device has to be given it anew')
    .addOption(new Option('--key <kind>', 'kind of its key; rsa for clients without elliptic curves').choices(['ec', 'rsa']).default('ec'))
    .option('--json', 'one JSON document')
    .action(async ({ workspace, json, key }: Common & { readonly key: string }) => {
      const ask = await ownerOf(workspace)
      await show(await ask<Wire>('POST', 'trust/authority', { key }), json)
    })
}

/** TrustState as the API writes it: times in ISO 8601. */
type Wire = TrustState

async function ca(options: Taking): Promise<void> {
  const { workspace, output, force, pem, der, qr } = options
  if ([pem, der, qr].filter((given) => given === true).length > 1) refuse('--pem, --der, --qr: one of them')
  const file = join(workspace, 'tls', 'ca.pem')
  const cert = qr !== true && existsSync(file) ? readFileSync(file, 'utf8') : null
  const format = qr === true ? 'qr' : der === true ? 'der' : 'pem'
  const bytes = cert === null || format === 'qr' ? await fetched(workspace, format) : caFile(cert, format).bytes
  await writeResult(bytes, output, force === true)
}

async function fetched(workspace: string, format: string): Promise<Uint8Array> {
  const { bytes } = await (await ownerOf(workspace))<{ readonly bytes: string }>('GET', `trust/authority/${format}`)
  return new Uint8Array(Buffer.from(bytes, 'base64'))
}

async function list({ workspace, json }: Common): Promise<void> {
  await show(await (await ownerOf(workspace))<Wire>('GET', 'trust'), json)
}

async function issue(device: string, { workspace, days, output, force }: Issuing): Promise<void> {
  if (days !== undefined && !/^\d{1,4}$/.test(days)) refuse(`--days ${days}: not a number of days`)
  const wish = { device, ...(days === undefined ? {} : { days: Number(days) }) }
  const made = await (await ownerOf(workspace))<{ readonly cert: string; readonly key: string }>('POST', 'trust/clients', wish)
  await writeResult(`${made.cert}${made.key}`, output, force === true)
}

async function withdraw(serial: string, { workspace, json }: Common): Promise<void> {
  await show(await (await ownerOf(workspace))<Wire>('DELETE', `trust/clients/${encodeURIComponent(serial)}`), json)
}

async function set(
  options: Common & { readonly profile?: string; readonly min?: string; readonly max?: string; readonly clients?: string },
): Promise<void> {
  const { workspace, json, profile, min, max, clients } = options
  const given = { profile, minVersion: min, maxVersion: max, clientCertificates: clients }
  const change = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<TlsSettings>
  if (Object.keys(change).length === 0) refuse('nothing to set: --profile, --min, --max, --clients')
  await show(await (await ownerOf(workspace))<Wire>('PUT', 'trust/settings', change), json)
}

async function show(state: Wire, json: true | undefined): Promise<void> {
  if (json === true) return writeJson(state)
  const { authority, servers, clients, settings, ciphers, https, why, remark } = state
  const { profile, minVersion, maxVersion, clientCertificates } = settings
  const lines = [
    `HTTPS       ${https === '' ? `not open: ${why}` : https}`,
    `settings    ${profile}, ${minVersion} to ${maxVersion}, client certificates ${clientCertificates}${remark === '' ? '' : ` (${remark})`}`,
    `ciphers     ${ciphers.join(' ')}`,
    authority === null ? 'authority   none yet' : `authority   ${visible(authority.subject)}  until ${day(authority)}  key ${authority.secret}`,
    ...(authority === null ? [] : [`            SHA-256 ${authority.fingerprint}`, `            ${authority.url}`]),
  ]
  const rows = [...servers.map((row) => ['server', row.serial, row.names.join(' '), `until ${day(row)}`]), ...clients.map(clientCells)]
  await write(`${lines.join('\n')}\n${rows.length === 0 ? '' : table(rows)}`)
}

const clientCells = (row: ClientCertificateRow): string[] => [
  'client',
  row.serial,
  visible(row.device),
  row.withdrawn ? 'withdrawn' : `until ${day(row)}`,
]

const day = ({ notAfter }: CertificateRow): string => String(notAfter).slice(0, 10)
