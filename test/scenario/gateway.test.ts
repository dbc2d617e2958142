// Flows with a gateway beyond their steps: sessions that are kept for devices and given up, what is INFERRED, lanes of the three legs.
import { describe, expect, it } from 'vitest'
import type { FanoutCommandWish } from '../../core/api.ts'
import { ALERTS, TOKENS } from '../../core/mo/gwmo.ts'
import { scenario } from '../../core/scenario/all.ts'
import type { GatewayFlow } from '../../core/scenario/all.ts'
import type { Act, SetupEnd } from '../../core/scenario/gatewaysetup.ts'
import { inferredIn } from '../../core/scenario/inferred.ts'
import { lanesOf } from '../../core/scenario/ladder.ts'
import { judge } from '../../core/scenario/referee.ts'
import { runInMemory } from '../../core/scenario/runner.ts'
import { infoOf } from '../../core/scenario/words.ts'
import { hasSqlite } from '../support/needs.ts'
import { PORTS } from './ports.ts'

const SILENT = { kind: 'adapter', device: 'ed4', flaw: 'deaf' } as const

/** A flow whose second device never answers, and whose gateway keeps sessions for ten seconds. */
function impatient(id: string): GatewayFlow {
  const flow = scenario(id) as GatewayFlow
  const last = flow.steps.at(-1)?.key ?? ''
  return { ...flow, setup: { ...flow.setup, holdTime: 10 }, faults: [{ step: last, text: 'one device is silent', plant: SILENT }] }
}

describe.skipIf(!hasSqlite)('sessions kept for devices (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 60_000 }, () => {
  it.each([
    ['s4-y-held', 'Y.4', 2],
    ['s4-ya-reuse', "Y'.5", 3],
  ] as const)(
    'gw 35: after HoldTime the session goes on without the answers, and the job reports by itself when it is over (%s)',
    async (id, fault, closing) => {
      const { run, rows } = await runInMemory(PORTS, impatient(id), { id, fault })
      expect(run.verdict).toBe('fail')
      const begun = rows.find(({ row }) => row.kind === 'message' && row.hop === 'S-G' && row.commands.includes('Exec'))?.row
      if (begun === undefined) return expect.unreachable()
      const own = rows.filter(({ row }) => row.session === begun.session && row.direction === 'up').map(({ row }) => row)
      expect(own.map(({ msgId }) => msgId)).toEqual(Array.from({ length: closing }, (_, i) => String(i + 1)))
      expect(own.at(-1)?.final).toBe(true)
      expect(own.at(-1)?.commands).not.toContain('Alert 1226')
      expect((own.at(-1)?.at ?? 0) - begun.at).toBeGreaterThanOrEqual(10_000)
      expect((own.at(-1)?.at ?? 0) - begun.at).toBeLessThan(11_000)
      const held = rows.filter(({ row }) => row.text.startsWith('gateway.held:')).map(({ notes }) => notes[0]?.detail?.['held'])
      expect(held).toEqual([true, false])
      const report = rows.filter(
        ({ row }) => row.hop === 'S-G' && row.direction === 'up' && row.at > begun.at + 11_000 && row.commands.includes('Alert 1226'),
      )
      expect(report.map(({ row }) => [row.commands[0], row.session === begun.session])).toEqual([['Alert 1201', false]])
      expect(report[0]?.row.at).toBeGreaterThanOrEqual(begun.at + 60_000)
    },
  )

  it('devices are woken when the server knows that the work was taken, not before', async () => {
    const { rows } = await runInMemory(PORTS, scenario('s4-ya-new') as GatewayFlow, { id: 's4-ya-new' })
    const taken = rows.findIndex(({ row }) => row.hop === 'S-G' && row.direction === 'up' && row.statuses.includes('202'))
    const woken = rows.findIndex(({ row }) => row.hop === 'G-D' && row.kind === 'push')
    expect([taken > 0, woken > taken]).toEqual([true, true])
  })

  it('a device that comes for a notification is not notified again', async () => {
    const { rows } = await runInMemory(PORTS, scenario('s4-y-proxy') as GatewayFlow, { id: 's4-y-proxy' })
    const pushes = rows.filter(({ row }) => row.hop === 'G-D' && row.package === '#0').map(({ row }) => row.device)
    expect(pushes).toEqual(['urn:example:dev:ed1', 'urn:example:dev:ed2'])
  })
})

describe.skipIf(!hasSqlite)('flows (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  const bootstrap = (insists: boolean): GatewayFlow => {
    const flow = scenario('s4-m') as GatewayFlow
    return { ...flow, setup: { ...flow.setup, devices: flow.setup.devices.map((each) => ({ ...each, insists })) } }
  }
  it('gw 76: who does not know its pairing code gets 401 and nothing else: no identifier, no record, no alert', async () => {
    const { run, rows } = await runInMemory(PORTS, scenario('s4-m') as GatewayFlow, { id: 's4-m', fault: 'M.1' })
    expect(run.steps[0]?.verdict).toBe('fail')
    expect(rows.flatMap(({ row }) => (row.kind === 'http' && row.direction === 'down' ? [row.httpStatus] : []))).toEqual([401, 401])
    expect(rows.filter(({ row }) => row.kind === 'message' || row.kind === 'push' || row.text.startsWith('gateway.'))).toEqual([])
  })
  it('gw 23: M.2 may be left out where the device does not insist on it', async () => {
    const { run } = await runInMemory(PORTS, bootstrap(false), { id: 's4-m', fault: 'M.4' })
    expect(run.steps.map(({ key, verdict }) => `${key} ${verdict}`)).toEqual(['M.1 pass', 'M.2 not applicable', 'M.3 pass', 'M.4 pass'])
  })
  it('gw 24 and 77: where it insists and M.2 is missing M.4 has no effect and no answer', async () => {
    const { run, rows } = await runInMemory(PORTS, bootstrap(true), { id: 's4-m', fault: 'M.4' })
    expect(run.steps.map(({ key, verdict }) => `${key} ${verdict}`)).toEqual(['M.1 pass', 'M.2 not applicable', 'M.3 pass', 'M.4 fail'])
    const pushed = rows.findIndex(({ row }) => row.kind === 'push' && row.hop === 'G-D')
    expect(pushed).toBeGreaterThan(0)
    expect(rows.slice(pushed).filter(({ row }) => row.direction === 'up' && row.kind !== 'event')).toEqual([])
  })
  it('gw 111: both dialects of flow Y end alike: every device did it, and the server knows what each said', async () => {
    const ends = await Promise.all(
      ['s4-y-held', 's4-y-adaptation'].map(async (id) => {
        const { run, rows } = await runInMemory(PORTS, scenario(id) as GatewayFlow, { id })
        const last = rows.findLast(({ row }) => row.text.startsWith('server.fanout:'))
        return [run.verdict, last?.notes[0]?.detail?.['state'], last?.notes[0]?.detail?.['result']]
      }),
    )
    expect(ends).toEqual([
      ['pass', 'done', 200],
      ['pass', 'done', 200],
    ])
  })
  it.each(['direct', 'indirect'] as const)('gw 75 and 120: the images are firmware as well: FUMO, %s', async (way) => {
    const flow = scenario('s0-proxy-direct') as GatewayFlow
    const at = './FwUpdate/Main'
    const commands: readonly FanoutCommandWish[] =
      way === 'direct'
        ? [
            { kind: 'Replace', locUri: `${at}/Update/PkgData`, format: 'bin', type: 'application/octet-stream', data: TOKENS.data },
            { kind: 'Exec', locUri: `${at}/Update` },
          ]
        : [
            { kind: 'Replace', locUri: `${at}/DownloadAndUpdate/PkgURL`, data: TOKENS.descriptor },
            { kind: 'Exec', locUri: `${at}/DownloadAndUpdate` },
          ]
    const devices: readonly SetupEnd[] = ['ed1', 'ed2'].map((name) => ({ name, mode: 'proxy', begins: 'registered', mo: ['fumo'] }))
    const acts = flow.setup.acts.slice(0, 2).map((act): Act => (act.deed.do === 'fanout' ? { ...act, deed: { ...act.deed, commands } } : act))
    const { rows } = await runInMemory(PORTS, { ...flow, setup: { ...flow.setup, devices, acts } }, { id: flow.id, encoding: 'wbxml' })
    const flashed = rows.filter(({ row }) => row.text === 'device.performs: install: firmware 1.0').map(({ row }) => row.device)
    expect(flashed).toEqual(expect.arrayContaining(devices.map(({ name }) => `urn:example:dev:${name}`)))
    expect(flashed).toHaveLength(2)
    const ended = rows.findLast(({ row }) => row.text.startsWith('server.fanout:'))
    expect([ended?.notes[0]?.detail?.['state'], ended?.notes[0]?.detail?.['result']]).toEqual(['done', 200])
    expect(rows.filter(({ row }) => row.severity === 'error')).toEqual([])
  })
  it("a notification that is not the same octets is not the one of Z'.1; what comes in another order decides nothing", async () => {
    const flow = scenario('s4-za') as GatewayFlow
    const { run, rows } = await runInMemory(PORTS, flow, { id: flow.id })
    const verdicts = (changed: typeof rows): string[] =>
      judge(flow, changed, run.startedAt, run.startedAt + 60_000).steps.map(({ verdict }) => verdict)
    expect(verdicts(rows)).toEqual(['pass', 'pass', 'pass'])
    const other = (bytes: Uint8Array): Uint8Array => bytes.map((octet, i) => (i === bytes.length - 1 ? octet ^ 1 : octet))
    const forged = rows.map((detail) => (detail.row.hop === 'G-D' && detail.row.kind === 'push' ? { ...detail, bytes: other(detail.bytes) } : detail))
    expect(verdicts(forged)).toEqual(['pass', 'fail', 'not reached'])
    const held = scenario('s4-ya-new') as GatewayFlow
    const whole = await runInMemory(PORTS, held, { id: held.id })
    const late = whole.rows.filter(({ row }) => !(row.hop === 'S-G' && row.commands.includes('Alert 1200')))
    expect(judge(held, late, whole.run.startedAt, whole.run.startedAt + 60_000).steps.map(({ verdict }) => verdict)).toEqual([
      'pass',
      'fail',
      'not reached',
      'not reached',
      'not reached',
    ])
  })
  it('gw 112: M, X and Y in one go', async () => {
    const { run } = await runInMemory(PORTS, scenario('s4-mxy') as GatewayFlow, { id: 's4-mxy', encoding: 'wbxml' })
    expect([run.verdict, run.findings.filter(({ severity }) => severity === 'error')]).toEqual(['pass', []])
  })
  it('gw 38: flow Z: neither the notification nor the session is on a leg of the gateway, and it carries nothing', async () => {
    const { rows } = await runInMemory(PORTS, scenario('s4-z') as GatewayFlow, { id: 's4-z' })
    const notified = rows.findIndex(({ row }) => row.kind === 'push' && row.package === '#0')
    const after = rows.slice(notified)
    expect(after.map(({ row }) => row.hop).filter((hop) => hop !== 'S-D')).toEqual([])
    expect(after.filter(({ row }) => row.text.startsWith('gateway.carries'))).toEqual([])
    expect(after.filter(({ row }) => row.kind === 'message')).toHaveLength(4)
  })
})

describe('what is INFERRED', () => {
  it('alert types and contents, nodes and states of our own are told; what the documents confirm is not', () => {
    expect(inferredIn(`any(alert.type == "${ALERTS.registration.type}")`)).toEqual(['alert type deviceregistration:1.0'])
    expect(inferredIn(`any(alert.type == "${ALERTS.imageReady.type}")`)).toEqual(['content of the alert imageready:1.0'])
    expect(inferredIn('uri == "./GwMO/Images/Images/PKG1/ImageID"')).toEqual([])
    expect(inferredIn('uri == "./GwMO/Images/Images/PKG1/ImageData"')).toEqual(['node ./GwMO/Images/Images/*/ImageData'])
    expect(inferredIn('uri ~ "^[.]/GwMO/Fanout/Fanout/[^/]+/Operations/Start$"')).toEqual(['node ./GwMO/Fanout/Fanout/*/Operations/Start'])
    expect(inferredIn('kind == push && hop == S-G')).toEqual([])
  })
  it('stands with the steps', () => {
    const steps = infoOf(scenario('s4-x-transparent') as GatewayFlow).steps
    expect(steps.map(({ inferred }) => inferred?.length ?? 0)).toEqual([1, 1, 0])
  })
})

describe.skipIf(!hasSqlite)('lanes', () => {
  it('each leg has its own ends; images come from the gateway, its own downloads from the download server', async () => {
    const { rows } = await runInMemory(PORTS, scenario('s0-proxy-indirect') as GatewayFlow, { id: 's0-proxy-indirect' })
    const lanes = new Set(
      rows.flatMap((detail) => {
        const found = detail.row.kind === 'event' || detail.row.direction === 'up' ? null : lanesOf(detail)
        return found === null ? [] : [`${detail.row.kind} ${found.from} > ${found.to}`]
      }),
    )
    expect([...lanes].sort()).toEqual([
      'http DM Gateway > Device',
      'http Download Server > DM Gateway',
      'message DM Gateway > Device',
      'message DM Server > DM Gateway',
      'push DM Gateway > Device',
      'push DM Server > DM Gateway',
    ])
  })
})
