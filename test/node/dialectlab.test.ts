// A device that calls everything otherwise: a renaming path in front of a real one, the dialect file in the lab, and whatever knows software by the documents' names.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ScenarioRun } from '../../core/api.ts'
import { SCOMO_COMPLETE } from '../../core/mo/alerts.ts'
import { ANTIVIR } from '../../core/scenario/steps.ts'
import { dmlabBeside } from '../cli/dmlab.ts'
import { hasSqlite } from '../support/needs.ts'
import { allFound } from '../support/found.ts'
import { PATIENCE } from '../support/patience.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const DEVICE = 'IMEI:004999010640555'
/** What the device calls things; texts of messages, so that only this test knows both. */
const WORDS: readonly (readonly [document: string, own: string])[] = [
  [SCOMO_COMPLETE, 'com.example.software.done'],
  ['urn:oma:mo:oma-scomo:1.0', 'com.example.scm'],
  ['SCOMO', 'Verwaltung'],
  ['Inventory', 'Lager'],
  ['Delivered', 'Gekommen'],
]
const DIALECT = `{ "rules": [ {
  "device": "${DEVICE}",
  "roots": { "scomo": "./Verwaltung" },
  "nodes": { "scomo:Inventory": "Lager", "scomo:Inventory/Delivered": "Gekommen" },
  "alerts": { "${SCOMO_COMPLETE}": "com.example.software.done" },
} ] }`

/** A path to `lab` on which the device's names become its own, and what it is told becomes the documents'. */
async function renaming(lab: string): Promise<Server> {
  const server = createServer((req, res) => {
    if (req.url === '/told') return void req.resume().once('end', () => res.end())
    const parts: Buffer[] = []
    req.on('data', (part: Buffer) => parts.push(part))
    req.on('end', () => {
      const said = WORDS.reduce((text, [document, own]) => text.replaceAll(document, own), Buffer.concat(parts).toString('latin1'))
      const headers = { 'Content-Type': req.headers['content-type'] ?? '' }
      void fetch(lab, { method: 'POST', headers, body: Buffer.from(said, 'latin1') }).then(async (answer) => {
        const heard = Buffer.from(await answer.arrayBuffer()).toString('latin1')
        const told = WORDS.reduce((text, [document, own]) => text.replaceAll(own, document), heard)
        res.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? '' }).end(Buffer.from(told, 'latin1'))
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

describe.skipIf(!hasSqlite)('a dialect (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 90_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-dialect-'))
  let lab: RealLab
  let path: Server
  beforeAll(async () => {
    lab = await realLab({ server: { respUri: false } })
    path = await renaming(lab.ready.dm)
    // Whoever asked for the job is told of it there.
    await lab.api.provider.addHook(`http://127.0.0.1:${(path.address() as AddressInfo).port}/told`)
    await lab.api.dialect.put(DIALECT)
  })
  afterAll(async () => {
    await lab.end()
    path.closeAllConnections()
    path.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const plays = async (...words: string[]): Promise<void> => {
    const url = `http://127.0.0.1:${(path.address() as AddressInfo).port}/dm`
    const asked = ['--server', url, '--id', DEVICE, '--auth', 'basic', '--mo', 'scomo', '--answer', 'accept', '--state', join(folder, 'd.json')]
    const ran = await dmlabBeside(['device', ...asked, ...words])
    if (ran.code !== 0) throw new Error(ran.err)
  }
  const over = async (number: number): Promise<ScenarioRun> => {
    for (const end = performance.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
      const run = (await lab.api.scenarios.runs()).find((each) => each.run === number)
      if (run !== undefined && run.state !== 'running') return run
      if (performance.now() > end) throw new Error(`still not over: ${JSON.stringify(run?.steps)}`)
    }
  }

  it('scenarios judge it: a flow of the documents passes under names that no document has', async () => {
    await plays()
    const begun = await lab.api.scenarios.run({ id: 's1-5.4.1', transport: 'live', device: DEVICE })
    await plays('--alert', 'server')
    const run = await over(begun.run)
    expect(run.steps.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
    const delivered = await lab.api.trace.frame(run.steps.find(({ key }) => key === '5')?.messages[0] ?? 0)
    const wire = Buffer.from(delivered.bytes).toString('latin1')
    expect(wire).toContain('./Verwaltung/Lager/Gekommen/')
    expect(wire).not.toContain('Inventory')
  })

  it('the board has its packages, under its own names', async () => {
    const board = await lab.api.software.board(DEVICE)
    expect(board.roots).toEqual([{ uri: './Verwaltung', mo: 'urn:oma:mo:oma-scomo:1.0' }])
    expect(board.cards).toMatchObject([
      { place: 'delivered', id: ANTIVIR.pkgId, uri: expect.stringMatching(/^\.\/Verwaltung\/Lager\/Gekommen\/\w+$/) as string },
    ])
    expect(board.cards[0]?.moves.length).toBeGreaterThan(0)
  })

  it('filters know whose object a node is', async () => {
    const find = async (text: string): Promise<number> => (await allFound(lab.api, text, 1, 1000)).length
    expect(await find(`mo == scomo && device == "${DEVICE}" && uri contains "/Verwaltung/Lager"`)).toBeGreaterThan(2)
    expect(await find(`mo == scomo && uri == "./DevInfo/Man"`)).toBe(0)
  })

  it('the tree describes its nodes by a DDF that has the names of the documents', async () => {
    const leaf = '<Node><NodeName>Delivered</NodeName><DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat></DFProperties></Node>'
    const inventory = `<Node><NodeName>Inventory</NodeName><DFProperties><AccessType><Get/></AccessType><Description>what is there</Description><DFFormat><node/></DFFormat></DFProperties>${leaf}</Node>`
    const ddf = `<?xml version="1.0"?><MgmtTree><VerDTD>1.2</VerDTD><Man>E</Man><Mod>M</Mod><Node><NodeName>SCOMO</NodeName><Path>.</Path><DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat></DFProperties>${inventory}</Node></MgmtTree>`
    await lab.api.tree.addSchema('scomo.xml', new TextEncoder().encode(ddf))
    const node = await lab.api.tree.node({ device: DEVICE }, './Verwaltung/Lager', '')
    expect(node.description).toMatchObject({ schema: 'scomo.xml' })
  })

  it('what the file says counts at once: without it nothing of this is known, and screens are told', async () => {
    const told: string[] = []
    lab.api.on('software', ({ device }) => told.push(device))
    await lab.api.dialect.put('{ "rules": [] }')
    await expect.poll(() => told).toContain(DEVICE)
    expect((await lab.api.software.board(DEVICE)).roots).toEqual([])
    expect((await lab.api.tree.node({ device: DEVICE }, './Verwaltung/Lager', '')).description).toBeNull()
    expect(await allFound(lab.api, `mo == scomo && uri contains "/Verwaltung/Lager"`, 1, 1000)).toEqual([])
    await lab.api.dialect.put(DIALECT)
    expect((await lab.api.software.board(DEVICE)).cards).toHaveLength(1)
  })
})
