// dmlab tree against a lab that runs: orders with their outcomes, a walk, snapshots, differences, scripts; and reading without any lab.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveWindow } from '../../core/node/web.ts'
import type { TreeLab } from '../lab/treelab.ts'
import { treeLab } from '../lab/treelab.ts'
import { hasSqlite } from '../support/needs.ts'
import { dmlabBeside, dmlabHere, scratch } from './dmlab.ts'
import type { Ran } from './dmlab.ts'

/** Runs `dmlab tree` while the lab in this process goes on. */
const tree = (words: readonly string[], input = ''): Promise<Ran> => dmlabHere(['tree', ...words], input)

describe.skipIf(!hasSqlite)('with node:sqlite (Node 22.13 or newer)', () => {
  let lab: TreeLab
  let id = ''
  let ws: readonly string[] = []
  let to: readonly string[] = []
  let ui: Awaited<ReturnType<typeof serveWindow>>

  beforeAll(async () => {
    lab = await treeLab()
    const dist = join(scratch(), 'window')
    mkdirSync(join(dist, 'assets'), { recursive: true })
    writeFileSync(join(dist, 'index.html'), '<!doctype html>')
    const token = readFileSync(join(lab.workspace, 'token'), 'utf8').trim()
    ui = await serveWindow({ api: lab.api, token, dist, host: '127.0.0.1', port: 0, skipped: () => {} })
    writeFileSync(join(lab.workspace, 'api.json'), JSON.stringify({ url: new URL('/api/v1/', ui.url).href, pid: process.pid }))
    id = (await lab.session()).id
    ws = ['--workspace', lab.workspace]
    to = [...ws, '--device', id]
  })
  afterAll(async () => {
    await ui.close()
    await lab.stop()
  })

  test('set and get: queued, and told when the device came', async () => {
    const queued = await dmlabBeside(['tree', 'set', './Vendor/DMLab/Settings/Text', 'from the command line', ...to])
    expect(queued).toMatchObject({ code: 0, err: '' })
    expect(queued.text).toMatch(/^[0-9a-f]{27} {2}queued\n$/)
    const waiting = dmlabBeside(['tree', 'get', './Vendor/DMLab/Settings/Text', './Nowhere', '--wait', '20', '--json', ...to])
    await lab.session(id)
    const got = await settled(waiting)
    expect(got.code).toBe(1)
    expect(got.err).toMatch(/^dmlab: order [0-9a-f]{27} failed\n$/)
    expect(JSON.parse(got.text)).toMatchObject({
      device: id,
      state: 'failed',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      commands: [
        { kind: 'Get', code: 200, data: 'from the command line' },
        { kind: 'Get', code: 404, why: '404: the device has no ./Nowhere' },
      ],
    })
  })

  test('what cannot be read is told with its place, and queued all the same', async () => {
    const said = async (...words: string[]): Promise<string> => {
      const ran = await tree([...words, ...to])
      expect(ran.code).toBe(0)
      return ran.err
    }
    expect(await said('set', './DevInfo?prop=ACL', 'Get==x')).toContain(
      "dmlab: error: ./DevInfo?prop=ACL: ACL: '=' in a server identifier at character 4\n",
    )
    expect(await said('add', '../x', 'v')).toBe("dmlab: error: URI: name '..' at character 0\n")
    expect(await said('get', './A//b')).toBe("dmlab: error: URI './A//b': empty segment at character 4\n")
    expect(await said('get', './DevInfo?prop=Foo')).toBe('dmlab: warn: ./DevInfo?prop=Foo: there is no property Foo; devices answer 406 (TND)\n')
    expect(await said('get', './DevInfo?list=Foo')).toBe("dmlab: error: list 'Foo' is not known (character 15)\n")
    await lab.session(id)
  })

  /** Lets the device come until the program has ended: it may have queued after the device left. */
  async function settled<T>(running: Promise<T>): Promise<T> {
    let over = false
    void running.finally(() => (over = true))
    while (!over) {
      await lab.session(id)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return running
  }

  test('a device that does not come, an unknown tree, a lab that does not run', async () => {
    const late = await tree(['get', '.', '--wait', '0.2', ...to])
    expect(late).toMatchObject({ code: 1, err: expect.stringContaining('is still queued after 0.2 s') as string })
    expect(await tree(['list', 'nobody', './A', ...ws])).toMatchObject({ code: 2, err: 'dmlab: nothing is known of ./A\n' })
    expect(await tree(['snapshot', 'none', '--delete', ...ws])).toMatchObject({ code: 2, err: 'dmlab: there is no snapshot none\n' })
    expect(await tree(['list', 'snapshot:none', ...ws])).toMatchObject({ code: 2, err: 'dmlab: there is no snapshot none\n' })
    const none = await tree(['get', '.', '--device', id, '--workspace', scratch()])
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('no lab with an API runs on this workspace') as string })
    const woken = await tree(['exec', './Vendor/DMLab/Ops/Echo', 'hello', '--wake', '--json', ...to])
    expect(woken.code).toBe(0)
    expect(woken.err).not.toBe('')
  })

  test('discover walks, list and search read beside the lab', async () => {
    const walk = await settled(tree(['discover', '--rate', '5000', '--wait', '20', '--json', ...to]))
    expect(walk).toMatchObject({ code: 0 })
    expect(JSON.parse(walk.text)).toMatchObject({ discovery: { state: 'done', left: 0 } })
    const list = await dmlabBeside(['tree', 'list', id, '.', ...ws])
    expect(list.text.split('\n').map((line) => line.split(/ +/)[0])).toEqual(['./DevInfo', './DevDetail', './Vendor', './DMAcc', './Inbox', ''])
    const found = await tree(['search', id, 'simulator', '--json', ...ws])
    expect(JSON.parse(found.text)).toMatchObject({
      nodes: [{ uri: './DevDetail/DevTyp', value: 'simulator', at: expect.stringMatching(/Z$/) as string }],
      more: 0,
    })
    expect(JSON.parse((await tree(['show', id, './DevInfo/Man', ...ws])).text)).toMatchObject({
      description: { schema: 'DevInfo' },
      history: expect.arrayContaining([expect.objectContaining({ kind: 'told' })]) as unknown,
    })
  })

  test('snapshot, diff, script, send: the device is brought back', async () => {
    expect((await tree(['snapshot', id, 'clean', ...ws])).text).toMatch(/^clean {2}\d+ nodes, \d+ never fetched\n$/)
    expect(await tree(['diff', 'snapshot:clean', id, ...ws])).toMatchObject({ code: 0, text: expect.not.stringContaining('~') as string })
    await settled(tree(['add', './Vendor/DMLab/Scratch/n', 'v', '--format', 'chr', '--wait', '20', ...to]))
    const diff = await tree(['diff', 'snapshot:clean', id, ...ws])
    expect(diff.code).toBe(1)
    expect(diff.text).toContain('+ ./Vendor/DMLab/Scratch/n\n')
    const script = await tree(['script', id, 'snapshot:clean', '--mode', 'atomic', '--json', ...ws])
    expect(JSON.parse(script.text)).toMatchObject({ cart: { mode: 'atomic', commands: [{ kind: 'Delete', locUri: './Vendor/DMLab/Scratch/n' }] } })
    const file = join(scratch(), 'cart.json')
    writeFileSync(file, script.text)
    const sent = await settled(tree(['send', file, '--wait', '20', ...to]))
    expect(sent).toMatchObject({ code: 0, text: '200  Delete  ./Vendor/DMLab/Scratch/n\n' })
    expect((await tree(['diff', 'snapshot:clean', id, ...ws])).code).toBe(0)
    const out = join(scratch(), 'tree.csv')
    expect(await tree(['export', id, '--format', 'csv', '-o', out, ...ws])).toMatchObject({ code: 0 })
    expect(await tree(['export', id, '--format', 'csv', '-o', out, ...ws])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--force') as string,
    })
    expect(await tree(['snapshot', 'from csv', '--import', out, ...ws])).toMatchObject({ code: 0 })
    expect((await tree(['snapshot', '--list', ...ws])).text.split('\n')).toHaveLength(3)
    expect(await tree(['snapshot', 'from csv', '--delete', ...ws])).toMatchObject({ code: 0, err: '' })
    expect(await tree(['send', '-', ...to], 'no cart')).toMatchObject({ code: 2, err: expect.stringContaining('-: is no cart') as string })
  })

  test('the same over HTTP, in the words of the contract', async () => {
    const token = readFileSync(join(lab.workspace, 'token'), 'utf8').trim()
    const ask = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
      const response = await fetch(new URL(`/api/v1/${path}`, ui.url), {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      return { status: response.status, ...((await response.json()) as object) }
    }
    const at = `devices/${encodeURIComponent(id)}/tree`
    expect(await ask('GET', `${at}/overview`)).toMatchObject({ status: 200, device: id, fromDevInfo: 5, at: expect.stringMatching(/Z$/) as string })
    expect(await ask('GET', `${at}?uri=./DevInfo&first=1&count=2`)).toMatchObject({ nodes: [{ name: 'Man' }, { name: 'Mod' }], more: 2 })
    expect(await ask('GET', `${at}/node?uri=./DevInfo/Man&server=x`)).toMatchObject({ node: { value: 'DM Lab' }, acl: { server: 'x' } })
    expect(await ask('GET', `${at}/node?uri=./None`)).toMatchObject({ status: 404, error: { message: 'nothing is known of ./None' } })
    expect(await ask('GET', `${at}/search?text=DM%20Lab&count=1`)).toMatchObject({ nodes: [{ uri: './DevInfo/Man' }] })
    const { changes } = (await ask('GET', `${at}/changes`)) as { changes: { seq: number; at: string }[] }
    expect(changes[0]).toMatchObject({ at: expect.stringMatching(/Z$/) as string })
    expect(await ask('GET', `${at}?after=${changes[0]?.seq}`)).toMatchObject({ nodes: [{ uri: './DevInfo' }] })
    const cart = { mode: 'atomic', when: 'next session', commands: [{ kind: 'Delete', locUri: './DevInfo' }] }
    expect(await ask('POST', `${at}/check`, cart)).toMatchObject({
      remarks: expect.arrayContaining([expect.objectContaining({ rule: 'ddf.permanent' })]) as unknown,
    })
    const preview = await ask('POST', `${at}/preview`, { cart, encoding: 'wbxml' })
    expect(Buffer.from(String(preview['bytes']), 'base64')[0]).toBe(2)
    expect(await ask('GET', `${at}/orders`)).toMatchObject({ status: 200 })
    expect(await ask('GET', `${at}/discovery`)).toMatchObject({ discovery: { state: 'done' } })
    expect(await ask('POST', 'trees/diff', { a: { snapshot: 'clean' }, b: { device: id } })).toMatchObject({ changes: [] })
    expect(await ask('POST', 'trees/script', { a: { snapshot: 'clean' }, b: { device: id }, mode: 'atomic' })).toMatchObject({
      cart: { commands: [] },
    })
    const { bytes } = await ask('POST', 'trees/export', { of: { device: id }, uri: './DevInfo', format: 'tnds-xml' })
    expect(Buffer.from(String(bytes), 'base64').toString()).toMatch(/^<MgmtTree/)
    expect(await ask('GET', 'snapshots')).toMatchObject({ snapshots: [{ name: 'clean', takenAt: expect.stringMatching(/Z$/) as string }] })
    expect(await ask('GET', 'schemas')).toMatchObject({ schemas: [{ name: 'DevInfo' }, { name: 'DevDetail' }, { name: 'DMAcc' }] })
    expect(await ask('DELETE', 'schemas/none')).toMatchObject({ error: { message: 'there is no DDF none in the workspace' } })
  })
})
