// The OpenAPI document against a lab that works: what is answered and what webhooks are told has the shapes it says, and nothing besides.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { GATEWAY_ID } from '../../core/node/gateway.ts'
import { ANSWERS, OUTCOMES } from '../../core/node/answershapes.ts'
import { openApi, ROUTES } from '../../core/node/routes.ts'
import { serveWindow } from '../../core/node/web.ts'
import { needsSqlite } from '../store/memory.ts'
import { realLab } from '../support/reallab.ts'
import { ed, fleetDevice, receiver, smallPackage, until } from './gatewayrig.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

test('every answer that the document describes belongs to a route, and the webhooks are in it', () => {
  const routes = new Set(ROUTES.map(({ method, path }) => `${method} ${path}`))
  expect(Object.keys(ANSWERS).filter((each) => !routes.has(each))).toEqual([])
  const document = openApi() as { paths: Record<string, Record<string, { responses: Record<string, object> }>>; webhooks: object }
  expect(document.paths['/jobs']?.['post']?.responses['200']).toHaveProperty(['content', 'application/json', 'schema', 'properties', 'jobs'])
  expect(Object.keys(document.webhooks)).toEqual(['job', 'fanout'])
})

test('jobs, catalogue, provider and gateways answer what the document says, and nothing besides', async (context) => {
  needsSqlite(context)
  const lab = await realLab({ gateway: {} })
  open.push(() => lab.end())
  const dist = mkdtempSync(join(tmpdir(), 'dmlab-answers-'))
  open.push(() => rmSync(dist, { recursive: true }))
  writeFileSync(join(dist, 'index.html'), '<!doctype html>')
  const token = 'ab'.repeat(32)
  const window = await serveWindow({ api: lab.api, token, dist, host: '127.0.0.1', port: 0 })
  open.push(() => window.close())
  const seen = new Set<string>()
  const call = async (route: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const [method = ''] = route.split(' ')
    const answer = await fetch(`${new URL(window.url).origin}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const json = (await answer.json()) as Record<string, unknown>
    expect(answer.status, `${route}: ${JSON.stringify(json)}`).toBe(200)
    const shape = ANSWERS[route]
    if (shape === undefined) throw new Error(`no shape of ${route}`)
    // What is not described would be missing in what was read.
    expect(shape.parse(json), route).toEqual(json)
    seen.add(route)
    return json
  }
  const hook = await receiver()
  open.push(hook.close)
  await call('POST /hooks', '/hooks', { url: hook.url })
  const device = await fleetDevice(1, { gateway: lab.ready.gateway ?? '' })
  open.push(() => device.end())
  expect(await device.register()).toMatchObject({ outcome: 'completed' })
  await until(async () => (await lab.api.gateways.relations()).length === 1)
  await lab.api.catalogue.add('app-1.0.zip', await smallPackage('app'), {})
  await call('POST /groups', '/groups', { name: 'all', devices: ['d1'] })
  await call('POST /sets', '/sets', {
    id: 's',
    man: 'A',
    mod: 'B',
    items: [{ component: 'c', pkg: 'p', version: 'latest', active: true }],
    remove: false,
    confirm: 'none',
  })
  await call('POST /subscriptions', '/subscriptions', { id: 'u', device: 'd1', provider: 'x', components: ['c'], newToo: false, confirm: 'none' })
  const made = await call('POST /jobs', '/jobs', { group: 'all', type: 'scomo', op: 'install', pkg: 'app-1.0', wake: false })
  const [{ id: job = '' } = {}] = made['jobs'] as { id: string }[]
  await call('DELETE /jobs/{id}', `/jobs/${job}`)
  await call('POST /images', '/images', { gateway: GATEWAY_ID, imageId: 'I', pkg: 'app-1.0', expiry: 600 })
  const get = { gateway: GATEWAY_ID, devices: [ed(1), 'nobody'], commands: [{ kind: 'Get', locUri: './DevInfo/Mod' }], returnFormat: 3, timeout: 60 }
  const { id: fan } = await call('POST /fanouts', '/fanouts', get)
  await until(async () => (await lab.api.gateways.fanouts())[0]?.state === 'done')
  await until(async () => (await lab.api.gateways.images())[0]?.state === 'ready')
  expect((await lab.api.gateways.fanouts())[0]?.devices[0]).toMatchObject({ code: 200, values: [{ uri: './DevInfo/Mod' }] })
  await call('GET /fanouts/{id}', `/fanouts/${String(fan)}`)
  const { id: again } = await call('POST /fanouts/{id}/retry', `/fanouts/${String(fan)}/retry`, { devices: ['nobody'] })
  await until(
    async () => (await lab.api.gateways.fanouts()).every(({ state }) => state === 'failed' || state === 'done'),
    () => again,
  )
  await call('PUT /images/{image}/expiry', '/images/I/expiry', { gateway: GATEWAY_ID, seconds: 5 })
  for (const path of ['/jobs', '/catalogue', '/groups', '/sets', '/subscriptions', '/hooks', '/gateways', '/relations', '/fanouts', '/images'])
    await call(`GET ${path}`, path)
  await until(() => hook.heard.length >= 3)
  const detail = await call('GET /jobs/{id}', `/jobs/${job}`)
  expect(detail['told']).toMatchObject([{ url: hook.url }])
  await call('DELETE /groups/{name}', '/groups/all')
  await call('DELETE /sets/{id}', '/sets/s')
  await call('DELETE /subscriptions/{id}', '/subscriptions/u')
  await call('DELETE /catalogue/{name}', '/catalogue/app-1.0')
  for (const { body } of hook.heard) {
    const json = JSON.parse(body) as { type: string }
    expect(OUTCOMES[json.type === 'fanout' ? 'fanout' : 'job'].parse(json)).toEqual(json)
  }
  expect(Object.keys(ANSWERS).filter((each) => !seen.has(each))).toEqual(['PUT /catalogue/{name}', 'DELETE /hooks/{id}', 'DELETE /fanouts/{id}'])
})
