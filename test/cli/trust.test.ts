// Story of HTTPS on the command line: serve tells its HTTPS URL, the authority comes out as a file, and a device goes through it with and without a certificate.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dmlabHere as dmlab, scratch } from './dmlab.ts'
import type { Ran } from './dmlab.ts'
import { running } from './running.ts'
import type { Running } from './running.ts'

const dir = scratch()
const workspace = join(dir, 'lab')
const ca = join(dir, 'ca.pem')
let lab: Running
let ready: { dm: string; dms: string; ui: string }

beforeAll(async () => {
  lab = running(['serve', '--workspace', workspace, '--dm-port', '0', '--dms-port', '0', '--ui-port', '0'])
  ready = JSON.parse(await lab.line(0)) as typeof ready
})
afterAll(() => lab.stop())

const json = async <T>(...words: string[]): Promise<T> => JSON.parse((await dmlab([...words, '--workspace', workspace, '--json'])).text) as T

test('the ready line has the HTTPS URL beside the plain one', () => {
  expect(ready.dm).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/dm$/)
  expect(ready.dms).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/dm$/)
})

test('trust ca writes PEM and DER, and overwrites nothing', async () => {
  expect((await dmlab(['trust', 'ca', '--pem', '-o', ca, '--workspace', workspace])).code).toBe(0)
  const der = join(dir, 'ca.crt')
  expect((await dmlab(['trust', 'ca', '--der', '-o', der, '--workspace', workspace])).code).toBe(0)
  expect(new X509Certificate(readFileSync(der)).fingerprint256).toBe(new X509Certificate(readFileSync(ca)).fingerprint256)
  expect(await dmlab(['trust', 'ca', '-o', ca, '--workspace', workspace])).toMatchObject({ code: 2 })
  expect((await dmlab(['trust', 'ca', '--qr', '--workspace', workspace])).text).toMatch(/^<svg /)
  const list = await json<{ authority: { fingerprint: string; notAfter: string }; https: string }>('trust', 'list')
  expect(list.authority.notAfter).toMatch(/^\d{4}-\d\d-\d\dT/)
  expect(list.https).toBe(new URL(ready.dms).origin)
})

test('a device by HTTPS: with the authority, without looking, and refused without either', async () => {
  const held = await dmlab(['device', '--server', ready.dms, '--ca', ca, '--id', 'IMEI:a', '--json'])
  expect(held.code).toBe(0)
  expect(JSON.parse(held.text)).toMatchObject({ devices: [{ id: 'IMEI:a', outcome: 'completed' }] })
  expect((await dmlab(['device', '--server', ready.dms, '--insecure', '--id', 'IMEI:b'])).code).toBe(0)
  const refused = await dmlab(['device', '--server', ready.dms, '--id', 'IMEI:c'])
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.err).toContain('the authority of its certificate is not trusted here')
  expect((await dmlab(['device', '--server', ready.dm.replace('http:', 'https:'), '--ca', ca])).err).toContain('the server does not speak TLS there')
  expect(await dmlab(['device', '--server', ready.dms, '--ca', join(dir, 'none.pem')])).toMatchObject({ code: 2 })
  expect(await dmlab(['device', '--server', ready.dms, '--key', ca])).toMatchObject({ code: 2, err: 'dmlab: --key needs --cert\n' })
})

test('a client certificate lets its own device in only', async () => {
  const file = join(dir, 'client.pem')
  expect((await dmlab(['trust', 'set', '--clients', 'required', '--workspace', workspace])).code).toBe(0)
  expect((await dmlab(['trust', 'issue', 'IMEI:a', '-o', file, '--workspace', workspace])).code).toBe(0)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const go = (id: string, ...more: string[]): Promise<Ran> => dmlab(['device', '--server', ready.dms, '--ca', ca, '--id', id, ...more])
  expect((await go('IMEI:a')).err).toContain('the client showed no certificate')
  expect((await go('IMEI:a', '--cert', file)).code).toBe(0)
  expect((await go('IMEI:b', '--cert', file)).err).toContain('is bound to IMEI:a')
  expect((await dmlab(['trust', 'set', '--clients', 'off', '--profile', 'modern', '--workspace', workspace])).text).toContain(
    'modern, TLSv1.2 to TLSv1.3',
  )
  expect((await dmlab(['trust', 'set', '--min', 'TLSv1.3', '--max', 'TLSv1.2', '--workspace', workspace])).err).toContain('is above the highest')
})

test('addresses are listed, chosen and tested', async () => {
  const state = await json<{ devices: { device: string; base: string; by: string }[]; ports: { http: number } }>('addresses', 'list')
  expect(state.devices.find(({ device }) => device === 'IMEI:a')).toMatchObject({ base: new URL(ready.dms).origin, by: 'path' })
  expect((await json<{ base: string }>('addresses', 'choose', 'loopback', '--device', 'IMEI:a', '--scheme', 'http')).base).toBe(
    new URL(ready.dm).origin,
  )
  expect(await dmlab(['addresses', 'test', 'loopback', '--workspace', workspace])).toMatchObject({ code: 0 })
  expect((await dmlab(['addresses', 'add', 'gone', '--http', 'http://127.0.0.1:1', '--workspace', workspace])).code).toBe(0)
  const gone = await dmlab(['addresses', 'test', 'hand/gone', '--workspace', workspace])
  expect(gone.code).toBe(1)
  expect(gone.text).toContain('connection refused')
})
