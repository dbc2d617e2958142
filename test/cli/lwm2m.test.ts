// `dmlab device --lwm2m` as a process: it is bootstrapped, registers, answers its server, and says good-bye when it is stopped.
import { afterEach, expect, test } from 'vitest'
import { lwm2mAdapter } from '../../core/adapters/lwm2m/adapter.ts'
import type { AdapterFact } from '../../core/adapters/port.ts'
import { processClock } from '../../core/node/clock.ts'
import { startLwm2m } from '../../core/node/lwm2m.ts'
import { randomSource } from '../../core/node/random.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import { dmlab as alone, dmlabHere as dmlab } from './dmlab.ts'
import { running } from './running.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

test('two clients ask for their accounts, register, are read and woken; SIGTERM takes them off', { timeout: 60_000 }, async () => {
  const server = await startLwm2m({
    host: '127.0.0.1',
    port: 0,
    clock: processClock(),
    random: randomSource(),
    docs: memoryDocs(),
    admits: () => true,
    happened: () => {},
  })
  open.push(() => server.close())
  const adapter = lwm2mAdapter({ line: server.line, after: (ms, call) => processClock().after(ms, call), names: { get: () => ({}), put: () => {} } })
  const facts: AdapterFact[] = []
  let moved = (): void => {}
  open.push(
    adapter.discover((fact) => {
      facts.push(fact)
      moved()
    }),
  )
  const until = (good: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      moved = () => good() && resolve()
      moved()
    })
  const device = running(['device', '--lwm2m', server.url, '--lwm2m-bootstrap', '--id', 'cam', '--count', '2', '--manufacturer', 'Example', '--json'])
  open.push(() => device.stop())
  await until(() => facts.filter(({ type }) => type === 'found').length === 2)
  expect(facts.flatMap((fact) => (fact.type === 'found' ? [[fact.device.name, fact.device.devInfo['Man']]] : [])).sort()).toEqual([
    ['cam-1', 'Example'],
    ['cam-2', 'Example'],
  ])
  facts.length = 0
  await adapter.wake('urn:x-dm-lab:lwm2m:cam-2')
  await until(() => facts.some((fact) => fact.type === 'awake' && fact.deviceId.endsWith('cam-2')))
  expect(await device.stop()).toBe(0)
  await until(() => facts.filter((fact) => fact.type === 'gone' && fact.reason === 1).length === 2)
  const said = device.lines.map((line) => JSON.parse(line) as { readonly endpoint?: string; readonly did?: string; readonly pid?: number })
  expect(
    said
      .filter(({ did }) => did === `bootstrapped: its server is ${server.url}`)
      .map(({ endpoint }) => endpoint)
      .sort(),
  ).toEqual(['cam-1', 'cam-2'])
  expect(said.some(({ pid }) => pid === device.process.pid)).toBe(true)
})

test('a URL that is none, a lifetime that is none: exit code 2', async () => {
  expect((await dmlab(['device', '--lwm2m', 'http://127.0.0.1:1'])).code).toBe(2)
  expect(await dmlab(['device', '--lwm2m', 'coap://127.0.0.1:1', '--lifetime', '0'])).toMatchObject({ code: 2 })
  expect(alone(['serve', '--role', 'server', '--lwm2m', '0'])).toMatchObject({ code: 2 })
})
