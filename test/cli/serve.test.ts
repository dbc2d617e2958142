// `dmlab serve` as scripts start it: the ready line, the ports of its roles, and its end.
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { running } from './running.ts'
import type { Running } from './running.ts'
import { dmlab, scratch } from './dmlab.ts'

let server: Running | null = null
afterEach(async () => {
  await server?.stop()
  server = null
})

const start = async (...words: string[]): Promise<Record<string, string>> => {
  const folder = join(scratch(), 'w')
  server = running(['serve', '--workspace', folder, '--dm-port', '0', '--ui-port', '0', '--no-tls', ...words])
  return JSON.parse(await server.line(0)) as Record<string, string>
}
const port = (url: string | undefined): string => new URL(url ?? '').port

test('a lab is server and gateway on one port, and ends with 0', async () => {
  const ready = await start()
  expect(Object.keys(ready)).toEqual(expect.arrayContaining(['dm', 'gateway', 'download', 'push', 'ui', 'api', 'pid']))
  expect(ready['dm']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/dm$/)
  expect(ready['gateway']).toBe(ready['dm']?.replace(/dm$/, 'gw'))
  expect(ready['pid']).toBe(server?.process.pid)
  expect(await server?.stop()).toBe(0)
})

test('--gateway-port gives the gateway a port of its own: devices are served there, on any path', async () => {
  const ready = await start('--gateway-port', '0')
  expect(port(ready['gateway'])).not.toBe(port(ready['dm']))
  for (const url of [ready['gateway'] ?? '', ready['gateway']?.replace('/gw', '/other') ?? '']) {
    const { devices } = JSON.parse(dmlab(['device', '--server', url, '--json']).text) as { devices: { outcome: string }[] }
    expect(devices.map(({ outcome }) => outcome)).toEqual(['completed'])
  }
})

test('--role server has no gateway', async () => {
  expect((await start('--role', 'server'))['gateway']).toBeNull()
})
