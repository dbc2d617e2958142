// `dmlab proxy` as a process: a lab of its own in front of a foreign server, until it is stopped; wrong words refused.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ProxyRow } from '../../core/api.ts'
import { dmlabHere as dmlab, scratch } from './dmlab.ts'
import { running } from './running.ts'

test('passes on, records, ends with SIGTERM, and leaves no proxy behind', async () => {
  const server = createServer((req, res) => {
    req.resume()
    res.end(`you asked for ${req.url ?? ''}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const workspace = join(scratch(), 'w')
  const lab = running(['proxy', '--upstream', upstream, '--workspace', workspace, '--json'])
  try {
    const row = JSON.parse(await lab.line(0)) as ProxyRow
    expect(row).toMatchObject({ upstream, state: 'listening', rewrite: false, resign: true })
    expect(await (await fetch(`${row.url}/dm?x=1`)).text()).toBe('you asked for /dm?x=1')
  } finally {
    expect(await lab.stop()).toBe(0)
    server.close()
  }
  expect((await dmlab(['export', '--format', 'ndjson', '--workspace', workspace])).text).toContain('GET /dm?x=1')
})

test('wrong words: no upstream, no URL, two trusts, no lab to ask', async () => {
  const workspace = join(scratch(), 'w')
  const refused = async (...words: string[]): Promise<string> => {
    const { code, err } = await dmlab(['proxy', '--workspace', workspace, ...words])
    expect(code).toBe(2)
    return err
  }
  expect(await refused()).toContain('--upstream: which server')
  expect(await refused('--upstream', 'ftp://x')).toContain('expected http://host:port or https://host:port')
  expect(await refused('--upstream', 'https://x', '--ca', 'f', '--insecure')).toContain('one of them')
  expect(await refused('--list')).toContain('no lab')
})
