// `dmlab tree`: reads, writes, walks, copies and compares the trees of devices. Reading goes to the workspace, writing to the lab that owns it.
import { type Command, Option } from 'commander'
import type { SnapshotRow, TreeDiff, TreeFound, TreeNode, TreeScript } from '../../api.ts'
import type { Trees } from '../../lab/trees.ts'
import { Failure, Progress, readInput, refuse, table, visible, write, writeJson, writeResult } from './output.ts'
import { jsonOption, sending } from './treesend.ts'
import type { Common } from './treesend.ts'
import { ownerOf, refOf, treesOf } from './treesource.ts'
import { toJson } from '../apicall.ts'
import { withWorkspace, workspaceOption } from './workspace.ts'

/** Adds the command. */
export function tree(program: Command): void {
  const group = program.command('tree').description("a device's tree: read, write, walk, copy and compare")
  sending(group)
  reading(group)
  copying(group)
}

/** What the lab says here as the API writes it: times in ISO 8601. */
const jsonOut = (value: unknown): Promise<void> => write(`${toJson(value)}\n`)

type Read<O> = (trees: Trees, options: O) => Promise<void>

/** Runs on the workspace itself, beside its owner where there is one; what the lab says in an Error is told in one line. */
function onWorkspace<O extends Common>(options: O, work: Read<O>): Promise<void> {
  return withWorkspace(options.workspace, async (workspace) => {
    try {
      await work(treesOf(workspace), options)
    } catch (error) {
      if (error instanceof Failure || !(error instanceof Error)) throw error
      refuse(error.message)
    }
  })
}

function reading(group: Command): void {
  group
    .command('list <tree> [uri]')
    .description('children of a node. A tree is a device id, DEVICE@ROW or snapshot:NAME')
    .addOption(workspaceOption())
    .addOption(jsonOption())
    .action((ref: string, uri: string | undefined, options: Common) =>
      onWorkspace(options, async (trees) => {
        const { nodes } = await all((first) => trees.children(refOf(ref), uri ?? '.', first, 1000))
        await nodesOut(nodes, 0, options)
      }),
    )
  group
    .command('search <tree> <text>')
    .description('nodes whose name, URI or value holds a text')
    .addOption(workspaceOption())
    .addOption(jsonOption())
    .action((ref: string, text: string, options: Common) =>
      onWorkspace(options, async (trees) => {
        const of = refOf(ref)
        const { nodes: total } = await trees.overview(of)
        const progress = new Progress()
        const nodes: TreeNode[] = []
        let searched = 0
        for (let from: string | null = ''; from !== null;) {
          const page: TreeFound = await trees.search(of, text, 1000, from)
          nodes.push(...page.nodes)
          searched += page.searched
          progress.show(() => `${String(searched)} of ${String(total)} nodes searched, ${String(nodes.length)} found`)
          from = page.next === '' ? null : page.next
        }
        progress.done()
        await nodesOut(nodes, 0, options)
      }),
    )
  group
    .command('show <tree> <uri>')
    .description('everything known of one node: properties, rights, DDF, who wrote it')
    .addOption(workspaceOption())
    .option('--server <id>', 'whose rights', '')
    .action((ref: string, uri: string, options: Common & { server: string }) =>
      onWorkspace(options, async (trees) => jsonOut(await trees.node(refOf(ref), uri, options.server))),
    )
}

async function all(page: (first: number) => Promise<{ nodes: readonly TreeNode[]; more: number }>): Promise<{ nodes: TreeNode[] }> {
  const nodes: TreeNode[] = []
  for (let more = 1; more > 0;) {
    const part = await page(nodes.length)
    nodes.push(...part.nodes)
    more = part.nodes.length === 0 ? 0 : part.more
  }
  return { nodes }
}

async function nodesOut(nodes: readonly TreeNode[], more: number, { json }: Common): Promise<void> {
  if (json === true) return jsonOut({ nodes, more })
  const short = (node: TreeNode): string => visible((node.value ?? '').replace(/\s+/g, ' ').slice(0, 60))
  await write(table(nodes.map((node) => [visible(node.uri), node.format === '' ? '?' : node.format, node.status, short(node)])))
  if (more > 0) await write(`${String(more)} more\n`)
}

interface Copying extends Common {
  readonly output?: string
  readonly force?: true
  readonly unredacted?: true
  readonly format: 'tnds-xml' | 'tnds-wbxml' | 'csv'
  readonly uri: string
  readonly mode: 'atomic' | 'sequence'
  readonly list?: true
  readonly delete?: true
  readonly import?: string
}

function copying(group: Command): void {
  group
    .command('snapshot [tree] [name]')
    .description('keep a tree under a name; --list, --delete and --import for what is kept')
    .addOption(workspaceOption())
    .addOption(jsonOption())
    .option('--list', 'list snapshots')
    .option('--delete', 'delete the snapshot of this name')
    .option('--import <file>', 'read a TNDS or CSV file as a snapshot of this name')
    .action(snapshot)
  group
    .command('diff <a> <b>')
    .description('what differs between two trees; exit 1 where something does')
    .addOption(workspaceOption())
    .addOption(jsonOption())
    .action((a: string, b: string, options: Common) =>
      onWorkspace(options, async (trees) => {
        const found: TreeDiff = await trees.diff(refOf(a), refOf(b))
        await (options.json === true ? jsonOut(found) : write(diffText(found)))
        if (found.changes.length > 0) process.exitCode = 1
      }),
    )
  group
    .command('script <a> <b>')
    .description('the commands that turn tree A into tree B')
    .addOption(workspaceOption())
    .addOption(jsonOption())
    .addOption(new Option('--mode <mode>', 'how they are grouped').choices(['atomic', 'sequence']).default('sequence'))
    .action((a: string, b: string, options: Copying) =>
      onWorkspace(options, async (trees) => {
        const made: TreeScript = await trees.script(refOf(a), refOf(b), options.mode)
        if (options.json === true) return jsonOut(made)
        for (const remark of made.remarks) process.stderr.write(`dmlab: ${remark}\n`)
        await write(
          table(
            made.cart.commands.map(({ kind, locUri, format, data }) => [kind, visible(locUri), format ?? '', visible((data ?? '').slice(0, 60))]),
          ),
        )
      }),
    )
  group
    .command('export <tree>')
    .description('a tree as TNDS or CSV, without its secrets and identifiers')
    .addOption(workspaceOption())
    .addOption(new Option('--format <format>', 'how').choices(['tnds-xml', 'tnds-wbxml', 'csv']).default('tnds-xml'))
    .option('--uri <uri>', 'from this node down', '.')
    .option('-o, --output <file>', 'file (default: stdout)')
    .option('--unredacted', 'with all it holds')
    .option('--force', 'overwrite')
    .action((ref: string, options: Copying) =>
      onWorkspace(options, async (trees) => {
        const { bytes, redacted } = await trees.export(refOf(ref), options.uri, options.format, options.unredacted === true)
        const said =
          redacted === null
            ? 'unredacted: it holds every secret that is known'
            : `${String(redacted.secrets)} secrets and ${String(redacted.identifiers)} identifiers redacted; --unredacted keeps them`
        process.stderr.write(`${said}\n`)
        await writeResult(bytes, options.output, options.force === true)
      }),
    )
}

async function snapshot(tree: string | undefined, name: string | undefined, options: Copying): Promise<void> {
  const { workspace, json } = options
  if (options.list === true || tree === undefined)
    return onWorkspace(options, async (trees) => {
      const snapshots = await trees.snapshots()
      if (json === true) return jsonOut({ snapshots })
      await write(
        table(
          snapshots.map(({ name: own, device, nodes, takenAt }) => [visible(own), visible(device), String(nodes), new Date(takenAt).toISOString()]),
        ),
      )
    })
  const ask = await ownerOf(workspace)
  // With --delete and --import the one word is the snapshot's name.
  const own = `snapshots/${encodeURIComponent(tree)}`
  if (options.delete === true) return void (await ask('DELETE', own))
  const made =
    options.import !== undefined
      ? await ask<SnapshotRow>('PUT', own, await readInput(options.import))
      : await ask<SnapshotRow>('POST', 'snapshots', { name: name ?? refuse('name the snapshot: dmlab tree snapshot TREE NAME'), of: refOf(tree) })
  await (json === true ? writeJson(made) : write(`${visible(made.name)}  ${String(made.nodes)} nodes, ${String(made.unread)} never fetched\n`))
}

function diffText({ changes, more, unknown }: TreeDiff): string {
  const sign = { added: '+', removed: '-', changed: '~' } as const
  const rows = changes.flatMap(({ uri, kind, properties }) => [
    `${sign[kind]} ${visible(uri)}\n`,
    ...properties.map(({ name, a, b }) => `    ${name}: ${visible(JSON.stringify(a))} -> ${visible(JSON.stringify(b))}\n`),
  ])
  return [
    ...rows,
    ...(more > 0 ? [`${String(more)} more\n`] : []),
    ...(unknown > 0 ? [`${String(unknown)} not compared: never fetched on one side\n`] : []),
  ].join('')
}
