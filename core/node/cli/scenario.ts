// `dmlab scenario`: the documents' flows, run and judged; the table, JSON, JUnit and HTML tell the same verdicts. Exit 1 where a flow did not pass.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { type Command, Option } from 'commander'
import pack from '../../../package.json' with { type: 'json' }
import type { RunWish, ScenarioRun } from '../../api.ts'
import { Redactor } from '../../evidence/redact.ts'
import { type Flow, SCENARIOS } from '../../scenario/all.ts'
import { type Evidence, htmlReport } from '../../scenario/htmlreport.ts'
import { junitXml, listJson, runsJson, runText } from '../../scenario/report.ts'
import { infoOf } from '../../scenario/words.ts'
import { RUNNERS } from '../runscenario.ts'
import { Failure, iso, OutputFile, Progress, refuse, table, visible, write, writeJson } from './output.ts'
import type { LiveTransport } from './scenariolive.ts'
import { reportOf, runInLab } from './scenariolive.ts'
import { ownerOf } from './treesource.ts'
import { whole } from './workspace.ts'

const LIVE: readonly LiveTransport[] = ['live', 'relayed']
const isLive = (transport: string | undefined): transport is LiveTransport => LIVE.some((each) => each === transport)

interface Options {
  readonly all?: true
  readonly seed: string
  readonly encoding: 'xml' | 'wbxml' | 'both'
  readonly transport?: string
  readonly device?: string
  readonly workspace?: string
  readonly fault?: string
  readonly report?: string
  readonly junit?: string
  readonly unredacted?: true
  readonly force?: true
  readonly json?: true
}

/** Adds the command. */
export function scenario(program: Command): void {
  const group = program.command('scenario').description("the documents' flows: list them, run them, report")
  group
    .command('list')
    .description('every flow with its printed steps')
    .option('--json', 'one JSON document')
    .action(async (options: Pick<Options, 'json'>) => {
      const infos = SCENARIOS.map(infoOf)
      if (options.json === true) return writeJson(listJson(infos))
      const lines = infos.map(({ id, document, clause, title, steps }) => [id, `${document} ${clause}`, `${String(steps.length)} steps`, title])
      return write(table([['id', 'clause', 'steps', 'title'], ...lines]))
    })
  group
    .command('run')
    .description('run flows with simulated peers, or a device in its role, and judge what was recorded')
    .argument('[id...]', 'ids as `dmlab scenario list` shows them')
    .option('--all', 'every flow')
    .option('--seed <n>', 'same seed, same messages', '1')
    .addOption(new Option('--encoding <form>', 'how messages are written').choices(['xml', 'wbxml', 'both']).default('xml'))
    .addOption(new Option('--transport <kind>', 'how they travel (default memory; live with --device)').choices([...Object.keys(RUNNERS), ...LIVE]))
    .option('--device <id>', 'this device plays the role, in the lab that runs on the workspace (relayed: through its recording proxy)')
    .option('--workspace <dir>', 'workspace of the lab that judges a --device')
    .option('--fault <step>', 'break this step on purpose (one flow only)')
    .option('--report <file>', 'one HTML file that stands alone')
    .option('--junit <file>', 'JUnit XML')
    .option('--unredacted', 'bodies in the report with all secrets')
    .option('--force', 'overwrite files')
    .option('--json', 'one JSON document')
    .action((ids: string[], options: Options) => run(ids, options))
}

function chosen(ids: readonly string[], all: boolean): readonly Flow[] {
  if (all && ids.length > 0) refuse('--all means every flow: name none beside it')
  if (!all && ids.length === 0) refuse('name flows (dmlab scenario list shows them), or say --all')
  if (all) return SCENARIOS
  return ids.map((id) => SCENARIOS.find((each) => each.id === id) ?? refuse(`${id}: there is no such flow; dmlab scenario list shows them`))
}

async function run(ids: readonly string[], options: Options): Promise<void> {
  const flows = chosen(ids, options.all === true)
  if (options.device !== undefined || isLive(options.transport)) return live(flows, options)
  const encodings = options.encoding === 'both' ? (['xml', 'wbxml'] as const) : [options.encoding]
  const seed = whole('--seed', options.seed)
  if (options.fault !== undefined && flows.length !== 1) refuse('--fault wants exactly one flow')
  // Files that are in the way are told before anything runs.
  const report = options.report === undefined ? null : new OutputFile(options.report, options.force === true)
  const junit = options.junit === undefined ? null : new OutputFile(options.junit, options.force === true)
  const done: Evidence[] = []
  const progress = new Progress()
  try {
    for (const flow of flows)
      for (const encoding of encodings) {
        progress.show(() => `${flow.id} ${encoding} (${String(done.length + 1)} of ${String(flows.length * encodings.length)})`)
        const evidence = await runOne(flow, options, { encoding, seed })
        done.push(evidence)
        if (options.json !== true) {
          progress.done()
          await write(visibleLines(runText(evidence)))
        }
      }
    report?.write(htmlReport(done, { redact: options.unredacted === true ? null : redaction(), iso, version: pack.version }))
    junit?.write(junitXml(done))
  } catch (error) {
    report?.abandon()
    junit?.abandon()
    throw error
  } finally {
    progress.done()
  }
  report?.finish()
  junit?.finish()
  if (options.json === true) await writeJson(runsJson(done.map((each) => each.run)))
  judge(done.map((each) => each.run))
}

async function runOne(flow: Flow, options: Options, wish: Required<Pick<RunWish, 'encoding' | 'seed'>>): Promise<Evidence> {
  const { fault, transport = 'memory' } = options
  const runner = RUNNERS[transport as keyof typeof RUNNERS] ?? refuse(`--transport ${transport}: there is no such transport here`)
  if (fault !== undefined && !flow.faults.some(({ step }) => step === fault))
    refuse(`--fault ${fault}: ${flow.id} has faults for ${flow.faults.map(({ step }) => step).join(', ')}`)
  const { run: judged, rows } = await runner(flow, { id: flow.id, ...wish, ...(fault === undefined ? {} : { fault }) })
  return { info: infoOf(flow), run: judged, rows }
}

/** With a device in its role: one flow after the other, in the lab of the workspace. */
async function live(flows: readonly Flow[], options: Options): Promise<void> {
  const { device, workspace, transport = 'live' } = options
  if (device === undefined) return refuse(`--transport ${transport} wants --device`)
  if (workspace === undefined) return refuse('--device wants --workspace: the lab that judges it')
  if (!isLive(transport)) return refuse(`--device plays its role live or relayed, not in ${transport}`)
  if (options.fault !== undefined) refuse('no fault can be planted in a device that is not ours')
  const report = options.report === undefined ? null : new OutputFile(options.report, options.force === true)
  const junit = options.junit === undefined ? null : new OutputFile(options.junit, options.force === true)
  const ask = await ownerOf(workspace)
  const progress = new Progress()
  const done: ScenarioRun[] = []
  try {
    for (const flow of flows) {
      const judged = await runInLab(ask, flow, { device, transport }, progress)
      done.push(judged.run)
      progress.done()
      if (options.json !== true) await write(visibleLines(runText(judged)))
    }
    const numbers = done.map(({ run: number }) => number)
    report?.write(await reportOf(ask, numbers, 'html'))
    junit?.write(await reportOf(ask, numbers, 'junit'))
  } catch (error) {
    report?.abandon()
    junit?.abandon()
    throw error
  } finally {
    progress.done()
  }
  report?.finish()
  junit?.finish()
  if (options.json === true) await writeJson(runsJson(done))
  judge(done)
}

/** Exit code 1 where a flow did not pass. */
function judge(runs: readonly ScenarioRun[]): void {
  const bad = runs.filter(({ verdict }) => verdict !== 'pass')
  if (bad.length === 0) return
  throw new Failure(1, `${String(bad.length)} of ${String(runs.length)} runs did not pass: ${[...new Set(bad.map(({ id }) => id))].join(', ')}`)
}

/** Hides what bodies hold of secrets and identifiers, with a key that is forgotten with the program. */
function redaction(): (detail: Parameters<Redactor['frame']>[0]) => ReturnType<Redactor['frame']> {
  const key = randomBytes(32)
  const redactor = new Redactor({
    keyed: (text) => createHmac('sha256', key).update(text).digest(),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  })
  return (detail) => redactor.frame(detail)
}

const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')
