// `dmlab catalogue`: packages that jobs choose from. Files go to the lab that owns the workspace, of any size, as a stream.
import { createReadStream, statSync } from 'node:fs'
import { request } from 'node:http'
import { basename } from 'node:path'
import type { Command } from 'commander'
import type { PackageRow } from '../../api.ts'
import { readApi } from '../workspace.ts'
import { Failure, Progress, refuse, table, visible, write, writeJson } from './output.ts'
import { ownerOf } from './treesource.ts'
import { workspaceOption } from './workspace.ts'

interface Common {
  readonly workspace: string
  readonly json?: true
}
interface Adding extends Common {
  readonly facts?: string
}

/** Adds the command. */
export function catalogue(program: Command): void {
  const group = program.command('catalogue').description('packages that jobs choose from')
  const one = (name: string, text: string): Command =>
    group.command(name).description(text).addOption(workspaceOption()).option('--json', 'one JSON document')
  one('add <file...>', 'take packages in; identity from the manifest, else from the file name')
    .option('--facts <json>', 'what you say of the file: pkgId, kind, name, version, components, manufacturers, models …')
    .action(add)
  one('list', 'packages').action(async ({ workspace, json }: Common) => {
    const answer = await (await ownerOf(workspace))<{ packages: readonly PackageRow[] }>('GET', 'catalogue')
    await (json === true ? writeJson(answer) : write(textOf(answer.packages)))
  })
  one('withdraw <PkgID>', 'choose it no more; waiting jobs are cancelled').action(async (pkgId: string, { workspace, json }: Common) => {
    const row = await (await ownerOf(workspace))<PackageRow>('DELETE', `catalogue/${encodeURIComponent(pkgId)}`)
    await (json === true ? writeJson(row) : write(textOf([row])))
  })
}

async function add(files: string[], { workspace, json, facts }: Adding): Promise<void> {
  // Says in one line where no lab runs.
  await ownerOf(workspace)
  if (facts !== undefined && files.length > 1) refuse('--facts says something of one file; give one')
  const rows: PackageRow[] = []
  for (const file of files) rows.push(await upload(workspace, file, facts ?? ''))
  await (json === true ? writeJson({ packages: rows }) : write(textOf(rows)))
}

function upload(workspace: string, file: string, facts: string): Promise<PackageRow> {
  const api = readApi(workspace)
  if (api === null) return refuse(`${workspace}: the lab has stopped`)
  let size: number
  try {
    size = statSync(file).size
  } catch {
    return refuse(`${file}: no such file`)
  }
  const url = new URL(`catalogue/${encodeURIComponent(basename(file))}${facts === '' ? '' : `?facts=${encodeURIComponent(facts)}`}`, api.url)
  const headers = { authorization: `Bearer ${api.token}`, 'content-type': 'application/octet-stream', 'content-length': size }
  return new Promise((resolve, reject) => {
    const progress = new Progress()
    const req = request(url, { method: 'PUT', headers }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => (text += chunk))
      res.on('end', () => {
        progress.done()
        const answer = JSON.parse(text) as PackageRow & { error?: { message?: string } }
        if (res.statusCode === 200) resolve(answer)
        else reject(new Failure(2, `${file}: ${answer.error?.message ?? `HTTP ${String(res.statusCode)}`}`))
      })
    })
    req.on('error', (error) => reject(new Failure(2, `${file}: the lab does not take it: ${error.message}`)))
    let sent = 0
    createReadStream(file)
      .on('data', (chunk) => {
        sent += chunk.length
        progress.show(() => `${basename(file)}: ${String(sent)} of ${String(size)} bytes`)
      })
      .on('error', (error) => req.destroy(error))
      .pipe(req)
  })
}

function textOf(packages: readonly PackageRow[]): string {
  const rows = packages.map(({ pkgId, kind, version, components, size, sha256, signed, withdrawn }) => [
    pkgId,
    kind,
    version || '-',
    components.map(({ id, version: its }) => `${id} ${its}`.trim()).join(', ') || '-',
    String(size),
    sha256.slice(0, 16),
    `${signed ? 'signed' : 'not signed'}${withdrawn ? ', withdrawn' : ''}`,
  ])
  const remarks = packages.flatMap(({ pkgId, remarks: own }) => own.map((remark) => `${visible(`${pkgId}: ${remark}`)}\n`))
  return table([['PkgID', 'kind', 'version', 'components', 'bytes', 'SHA-256', ''], ...rows].map((row) => row.map(visible))) + remarks.join('')
}
