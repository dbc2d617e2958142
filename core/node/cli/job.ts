// `dmlab job`: what the External Management Infrastructure asks, through the lab that owns the workspace.
import { type Command, Option } from 'commander'
import type { JobDetail, JobRow, JobState, JobWish } from '../../api.ts'
import { codeWords } from '../../mo/codes.ts'
import { wordsOf } from '../../syncml/text.ts'
import { Failure, Progress, readInput, refuse, table, visible, write, writeJson } from './output.ts'
import { ownerOf } from './treesource.ts'
import type { Ask } from './treesource.ts'
import { workspaceOption } from './workspace.ts'

const OPEN: ReadonlySet<JobState> = new Set(['queued', 'waiting', 'running', 'accepted'])
const GOOD: ReadonlySet<JobState> = new Set(['done', 'not_needed'])
const OPS = ['deliver', 'install', 'installInactive', 'update', 'remove', 'activate', 'deactivate', 'exec'] as const

interface Creating {
  readonly workspace: string
  readonly json?: true
  readonly wait?: number
  readonly wish?: string
  readonly device?: string
  readonly group?: string
  readonly filter?: string
  readonly man?: string
  readonly mod?: string
  readonly type: JobWish['type']
  readonly op?: JobWish['op']
  readonly pkg: string[]
  readonly component: string[]
  readonly target?: string
  readonly mechanism?: JobWish['mechanism']
  readonly confirm?: JobWish['confirm']
  readonly correlator?: string
  readonly reason?: JobWish['reason']
  readonly updateWay?: JobWish['updateWay']
  readonly reboot?: JobWish['reboot']
  readonly inventory: boolean
  readonly wake: boolean
  readonly stopOnError?: true
  readonly retryUnknown?: true
  readonly limit?: number
  readonly notify?: string
}

const seconds = (text: string): number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : refuse(`${text}: is no number of seconds`))
const several = (value: string, before: string[]): string[] => [...before, value]

/** Adds the command. */
export function job(program: Command): void {
  const group = program.command('job').description('operations on software and firmware: ask for them, watch them, cancel them')
  group
    .command('create')
    .description('ask for an operation; one job a device')
    .addOption(workspaceOption())
    .option('--wish <file>', 'the whole wish as JSON; - for stdin; options below win')
    .option('--device <id>', 'for this device')
    .option('--group <name>', 'for each device of a group')
    .option('--man <text>', 'for each device of this manufacturer (with --mod)')
    .option('--mod <text>', 'and this model')
    .option('--filter <expression>', 'for each known device that fits: device man mod fwv swv hwv simulated')
    .addOption(new Option('--type <object>', 'management object').choices(['scomo', 'fumo']).default('scomo'))
    .addOption(new Option('--op <operation>', 'what is wanted').choices(OPS))
    .option('--pkg <PkgID>', 'package of the catalogue; may be repeated', several, [])
    .option('--component <ID>', 'component; may be repeated', several, [])
    .option('--target <uri>', 'full URI of the node, or of the primitive for exec')
    .addOption(new Option('--mechanism <name>', 'how a package travels').choices(['auto', 'dm-large', 'http', 'dlota1', 'dlota1-combined', 'dlota2']))
    .addOption(new Option('--confirm <by>', 'who asks the user').choices(['none', 'user', 'device']))
    .option('--correlator <text>', 'Correlator of the Exec')
    .addOption(new Option('--reason <why>', 'why an update is wanted').choices(['feature', 'security', 'performance']))
    .addOption(new Option('--update-way <way>', 'U1 in one, U2 in two, U3 remove first').choices(['U1', 'U2', 'U3']))
    .addOption(new Option('--reboot <when>', 'restart around the installation (SCOMO 1.1)').choices(['before', 'after', 'both']))
    .option('--no-inventory', 'decide without reading the device')
    .option('--no-wake', "wait for the device's next session")
    .option('--stop-on-error', 'no further item after a failure')
    .option('--retry-unknown', 'order anew, with another Correlator, where the outcome stayed unknown')
    .option('--limit <seconds>', 'how long to wait for the end', seconds)
    .option('--notify <url>', 'where the outcome is POSTed')
    .option('--wait <seconds>', 'wait so long for the end; exit code 1 where it is none or a bad one', seconds)
    .option('--json', 'one JSON document')
    .action(create)
  const one = (name: string, text: string): Command =>
    group.command(name).description(text).addOption(workspaceOption()).option('--json', 'one JSON document')
  one('list', 'jobs, newest first')
    .option('--device <id>', 'only those of this device')
    .action(async ({ workspace, device, json }: { workspace: string; device?: string; json?: true }) => {
      const ask = await ownerOf(workspace)
      const jobs = await all(ask, device ?? '')
      await (json === true ? writeJson({ jobs }) : write(rowsText(jobs)))
    })
  one('show <id>', 'a job with its items, its log and whom its outcome was told').action(
    async (id: string, { workspace, json }: { workspace: string; json?: true }) => {
      const detail = await (await ownerOf(workspace))<JobDetail>('GET', pathOf(id))
      await (json === true ? writeJson(detail) : write(detailText(detail)))
    },
  )
  one('cancel <id>', 'end what has not been ordered yet').action(async (id: string, { workspace, json }: { workspace: string; json?: true }) => {
    const row = await (await ownerOf(workspace))<JobRow>('DELETE', pathOf(id))
    await (json === true ? writeJson(row) : write(rowsText([row])))
  })
}

const pathOf = (id: string): string => `jobs/${encodeURIComponent(id)}`

async function create(options: Creating): Promise<void> {
  const { workspace, wait, json } = options
  const wish = await wishOf(options)
  const ask = await ownerOf(workspace)
  const made = await ask<{ batch: string; jobs: readonly JobRow[] }>('POST', 'jobs', wish)
  const jobs = wait === undefined ? made.jobs : await ends(ask, made.jobs, wait)
  await (json === true ? writeJson({ ...made, jobs }) : write(rowsText(jobs)))
  if (wait === undefined) return
  const bad = jobs.filter(({ state }) => !GOOD.has(state))
  const [first] = bad
  if (first !== undefined)
    throw new Failure(
      1,
      `${first.id} ${OPEN.has(first.state) ? `is still ${first.state} after ${String(wait)} s` : `ended ${first.state}`}${bad.length > 1 ? `, and ${String(bad.length - 1)} more` : ''}`,
    )
}

async function wishOf(options: Creating): Promise<object> {
  const {
    wish,
    device,
    group,
    filter,
    man,
    mod,
    type,
    op,
    pkg,
    component,
    target,
    mechanism,
    confirm,
    correlator,
    reason,
    updateWay,
    reboot,
    notify,
    limit,
  } = options
  const given = wish === undefined ? {} : (jsonOf(wish, await readInput(wish)) as object)
  if ((man === undefined) !== (mod === undefined)) refuse('--man and --mod belong together')
  const items = [...pkg.map((each) => ({ pkg: each })), ...component.map((each) => ({ component: each }))]
  const named = { device, group, filter, op, target, mechanism, confirm, correlator, reason, updateWay, reboot, notify }
  const full = {
    type,
    ...given,
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
    ...(man === undefined ? {} : { deviceType: { man, mod } }),
    ...(items.length === 1 ? items[0] : items.length > 1 ? { items } : {}),
    ...(options.inventory ? {} : { inventory: false }),
    ...(options.wake ? {} : { wake: false }),
    ...(options.stopOnError === undefined ? {} : { stopOnError: true }),
    ...(options.retryUnknown === undefined ? {} : { retryUnknown: true }),
    ...(limit === undefined ? {} : { limitMs: Math.max(1, Math.round(limit * 1000)) }),
  }
  if (!('op' in full)) refuse('tell what is wanted: --op install, or a wish with an op')
  return full
}

function jsonOf(file: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    return refuse(`${file}: is no JSON: ${wordsOf(error)}`)
  }
}

async function ends(ask: Ask, jobs: readonly JobRow[], wait: number): Promise<readonly JobRow[]> {
  const progress = new Progress()
  for (const end = Date.now() + wait * 1000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const rows = await Promise.all(jobs.map(async ({ id }) => (await ask<JobDetail>('GET', pathOf(id))).job))
    const open = rows.filter(({ state }) => OPEN.has(state))
    progress.show(() => `${String(rows.length - open.length)} of ${String(rows.length)} ended`)
    if (open.length === 0 || Date.now() >= end) {
      progress.done()
      return rows
    }
  }
}

const codeText = (code: number): string => (code === 0 ? '-' : `${String(code)} ${codeWords(code)}`)

/** All jobs, page by page. */
async function all(ask: Ask, device: string): Promise<readonly JobRow[]> {
  const jobs: JobRow[] = []
  for (;;) {
    const of = new URLSearchParams({ ...(device === '' ? {} : { device }), ...(jobs.length === 0 ? {} : { before: jobs.at(-1)?.id ?? '' }) })
    const page = await ask<{ jobs: readonly JobRow[] }>('GET', `jobs?${of}`)
    if (page.jobs.length === 0) return jobs
    jobs.push(...page.jobs)
  }
}

function rowsText(jobs: readonly JobRow[]): string {
  const rows = jobs.map(({ id, device, type, op, state, resultCode, reason, items }) => [
    id,
    device,
    `${type} ${op}`,
    items.map(({ pkg, component }) => pkg || component || '-').join(','),
    state,
    codeText(resultCode),
    reason,
  ])
  return table([['job', 'device', 'operation', 'items', 'state', 'result', 'reason'], ...rows].map((row) => row.map(visible)))
}

function detailText({ job: row, log, findings, told }: JobDetail): string {
  const items = row.items.map((item) => [
    `  ${item.pkg || item.component || '-'}`,
    item.state,
    codeText(item.resultCode),
    item.mechanism || '-',
    item.objects.join(' '),
    item.text,
  ])
  const lines = [
    ...log.map(({ at, seq, text }) => `  ${String(at)} ${seq === 0 ? '' : `#${String(seq)} `}${text}`),
    ...findings.map(({ id, text }) => `  finding ${id}: ${text}`),
    ...told.map(
      ({ url, httpStatus, tries, done }) => `  ${done ? 'told' : 'not told yet'}: ${url} (HTTP ${String(httpStatus)}, ${String(tries)} tries)`,
    ),
  ]
  return rowsText([row]) + table(items.map((each) => each.map(visible))) + lines.map((line) => `${visible(line)}\n`).join('')
}
