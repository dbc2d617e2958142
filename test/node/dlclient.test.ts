// The download client over real sockets and files: each mechanism, cuts at odd places, servers that lie, restarts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ANTIVIR } from '../../core/download/payload.ts'
import { antivir, askFor, hash, rig } from './dlrig.ts'
import type { Rig } from './dlrig.ts'

const NAME = 'antivir-2.1'
const MECHANISMS = ['http', 'dlota1', 'dlota2', 'dlota1-combined'] as const

let r: Rig
beforeEach(async () => {
  r = await rig()
  r.images.put(NAME, antivir(), { title: 'AntiVir 2.1', vendor: 'Mobile Security Forces', installParam: 'mode=silent' })
})
afterEach(() => r.close())

const url = (mechanism: (typeof MECHANISMS)[number] = 'http'): string => r.server.link(NAME, { mechanism, device: 'IMEI:1', job: 'job-7f31' })
const left = (): string[] => readdirSync(join(r.device, 'transfers')).filter((file) => file.endsWith('.part'))

/** Offsets the server was asked for and bytes it sent, object answers only. */
const sent = (): { from: number; size: number; status: number }[] =>
  r.rows
    .filter(({ row }) => row.direction === 'down' && /^\/dl\/antivir-2\.1(\.dd[mw])?$/.test(row.target))
    .map(({ row, headers }) => ({
      from: Number(/bytes (\d+)/.exec(headers.find(([name]) => name === 'Content-Range')?.[1] ?? 'bytes 0')?.[1]),
      size: row.size,
      status: row.httpStatus,
    }))

describe.each(MECHANISMS)('%s', (mechanism) => {
  test('the object arrives whole, its digest checked, and the report is taken', async () => {
    const answer = await r.client().ask(askFor(url(mechanism)))
    expect(answer).toMatchObject({ status: 900, cause: 'ok', digestChecked: true, file: { size: ANTIVIR.size, sha256: ANTIVIR.sha256 } })
    expect(hash(r.bytes(answer.file?.file ?? ''))).toBe(ANTIVIR.sha256)
    expect(answer.installParam).toBe(mechanism === 'http' ? '' : 'mode=silent')
    expect(r.reports.map(({ id, device, status }) => [id, device, status])).toEqual(mechanism === 'http' ? [] : [['job-7f31', 'IMEI:1', 900]])
    expect(left()).toEqual([])
  })

  test('dl 11, 28, 43: cut at odd places, at most one buffer is sent again', async () => {
    const cuts = [65537, 1, 9471, 74_995 - 65_537, 333, 4097]
    let at = 0
    for (const cut of cuts.toReversed()) r.faults.plant({ name: NAME, times: 1, cutAfter: cut })
    const answer = await r.client().ask(askFor(url(mechanism)))
    expect(answer.file?.sha256).toBe(ANTIVIR.sha256)
    const exchanges = sent()
    expect(exchanges.map(({ status }) => status)).toEqual([200, ...cuts.map(() => 206)])
    for (const { from, size } of exchanges) {
      expect(at - from).toBeGreaterThanOrEqual(0)
      expect(at - from).toBeLessThanOrEqual(64 * 1024)
      at = from + size
    }
    // A combined body has its descriptor besides.
    expect(exchanges.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(ANTIVIR.size + 2000 + cuts.length * 64 * 1024)
  })
})

test('the combined form of WSP arrives whole too, over cuts; one piece of it is not the other way round', async () => {
  r.faults.plant({ name: NAME, times: 1, cutAfter: 70_001 })
  const at = url('dlota1-combined').replace('.ddm', '.ddw')
  const answer = await r.client().ask(askFor(at))
  expect(answer).toMatchObject({ status: 900, digestChecked: true, installParam: 'mode=silent', file: { sha256: ANTIVIR.sha256 } })
  expect(sent().map(({ status }) => status)).toEqual([200, 206])
  expect(r.rows.filter(({ headers }) => headers.some(([, value]) => value === 'application/vnd.wap.multipart.related'))).toHaveLength(2)
})

test('a combined body whose descriptor lies about the size, or that has changed: 905, or from the beginning', async () => {
  r.faults.plant({ name: NAME, times: 1, cutAfter: 65_537, etag: '"other"' })
  expect((await r.client().ask(askFor(url('dlota1-combined')))).file?.sha256).toBe(ANTIVIR.sha256)
  expect(sent().map(({ status, from }) => [status, from])).toEqual([
    [200, 0],
    [200, 0],
  ])
  r.faults.plant({ name: NAME, announce: ANTIVIR.size - 1, noLength: true })
  expect(await r.client().ask(askFor(url('dlota1-combined')))).toMatchObject({ status: 905, cause: 'mismatch' })
  expect(left()).toEqual([])
})

test('a second question with the same key has the same answer, without a byte', async () => {
  const ask = askFor(url())
  const first = await r.client().ask(ask)
  const rows = r.rows.length
  expect(await r.client().ask(ask)).toEqual(first)
  expect(r.rows.length).toBe(rows)
  expect((await r.client().ask({ ...ask, anew: true })).status).toBe(900)
  expect(r.rows.length).toBe(rows + 2)
})

test('dl 12, 13: a changed object restarts cleanly; one of another size is refused', async () => {
  const other = antivir().reverse()
  r.faults.plant({ name: NAME, times: 1, cutAfter: 65537 })
  const asking = r.client({ settings: { backoff: [300] } }).ask(askFor(url()))
  await expect.poll(() => sent().length).toBe(1)
  r.images.put(NAME, other)
  const answer = await asking
  expect(answer).toMatchObject({ status: 900, file: { sha256: hash(other) } })
  expect(sent().map(({ status, from }) => [status, from])).toEqual([
    [200, 0],
    [200, 0],
  ])
  r.faults.plant({ name: NAME, times: 1, cutAfter: 65537 })
  const again = r.client({ settings: { backoff: [300] } }).ask(askFor(url()))
  await expect.poll(() => sent().length).toBe(3)
  r.images.put(NAME, other.subarray(0, 149_999))
  expect(await again).toMatchObject({ status: 954, cause: 'mismatch' })
  expect(left()).toEqual([])
})

test('a server without ranges: everything again, and the digest right', async () => {
  r.faults.plant({ name: NAME, noRanges: true })
  r.faults.plant({ name: NAME, noRanges: true, times: 1, cutAfter: 70_001 })
  const answer = await r.client().ask(askFor(url('dlota1')))
  expect(answer.file?.sha256).toBe(ANTIVIR.sha256)
  expect(sent().map(({ status, from }) => [status, from])).toEqual([
    [200, 0],
    [200, 0],
  ])
})

test('dl 43: a part at a wrong offset is found by the digest, or by an honest Content-Range', async () => {
  r.faults.plant({ name: NAME, times: 1, shift: 7 })
  r.faults.plant({ name: NAME, times: 1, cutAfter: 65537 })
  const wrong = await r.client({ silenceMs: 300, settings: { patience: 100 } }).ask(askFor(url('dlota1')))
  expect(wrong.status).not.toBe(900)
  expect(left()).toEqual([])
  r.faults.clear()
  r.faults.plant({ name: NAME, times: 1, shift: 7, honest: true })
  r.faults.plant({ name: NAME, times: 1, cutAfter: 65537 })
  expect((await r.client().ask(askFor(url('dlota1')))).file?.sha256).toBe(ANTIVIR.sha256)
})

test.each([
  ['a lying Content-Type', { contentType: 'text/html' }, 905, 'type'],
  ['a size that is not the descriptor’s', { announce: 149_000 }, 905, 'mismatch'],
  ['404', { status: 404 }, 954, 'not found'],
  ['401', { status: 401 }, 952, 'auth'],
  ['403', { status: 403 }, 952, 'auth'],
  ['500', { status: 500 }, 954, 'server'],
  ['503 for ever', { status: 503 }, 954, 'unavailable'],
  ['a redirect that leads nowhere', { redirect: 'ftp://example.com/x' }, 952, 'url'],
  ['other bytes of the right length', { body: 'x'.repeat(149_999) + 'y', contentType: 'application/octet-stream' }, 905, 'mismatch'],
  ['an endless redirect', { redirect: NAME }, 954, 'server'],
] as const)('dl 7, 8: %s ends with its code, is reported, and leaves nothing', async (_, fault, status, cause) => {
  r.faults.plant({ name: NAME, ...fault })
  const answer = await r.client().ask(askFor(url('dlota1')))
  expect([answer.status, answer.cause, answer.file]).toEqual([status, cause, undefined])
  expect(r.reports.map((report) => report.status)).toEqual([status])
  expect([left(), readdirSync(join(r.device, 'packages'))]).toEqual([[], []])
})

test('nobody listens, no such host, no address', async () => {
  await r.down()
  expect(await r.client().ask(askFor(url()))).toMatchObject({ status: 954, cause: 'refused', httpStatus: 0 })
  expect(await r.client().ask(askFor('nonsense'))).toMatchObject({ status: 952, cause: 'url' })
  expect(await r.client({ permit: () => 'not this one' }).ask(askFor(url()))).toMatchObject({ status: 952, cause: 'url' })
  await r.up()
})

test('the server goes away in mid-transfer and comes back: the rest is fetched', async () => {
  r.faults.plant({ name: NAME, times: 1, cutAfter: 65537 })
  const asking = r.client({ settings: { backoff: [50] } }).ask(askFor(url('dlota1')))
  await expect.poll(() => sent().length).toBe(1)
  await r.down()
  await new Promise((resolve) => setTimeout(resolve, 200))
  await r.up()
  expect((await asking).file?.sha256).toBe(ANTIVIR.sha256)
})

test('dl 14: what the user paused waits for the user, over a restart too; the server’s own stop resumes', async () => {
  r.faults.plant({ name: NAME, bytesPerSecond: 30_000 })
  const ask = askFor(url())
  const client = r.client()
  void client.ask(ask)
  await expect.poll(() => received(ask.key)).toBeGreaterThan(0)
  expect(client.stop(ask.key, 'user')).toBe(true)
  await client.close()
  const before = r.rows.length
  const next = r.client()
  const answer = next.ask(ask)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(r.rows.filter(({ row }) => row.direction === 'up').length).toBeLessThanOrEqual(before)
  r.faults.clear()
  expect(next.resume(ask.key)).toBe(true)
  expect((await answer).file?.sha256).toBe(ANTIVIR.sha256)
  expect(sent().at(-1)).toMatchObject({ status: 206 })
})

test('dl 29: another process goes on where the first stopped', async () => {
  r.faults.plant({ name: NAME, times: 1, bytesPerSecond: 30_000 })
  const ask = askFor(url('dlota1'))
  const client = r.client()
  void client.ask(ask)
  await expect.poll(() => received(ask.key)).toBeGreaterThan(0)
  await client.close()
  const answer = await r.client().ask(ask)
  expect(answer.file?.sha256).toBe(ANTIVIR.sha256)
  expect(sent().at(-1)).toMatchObject({ status: 206 })
})

/** Octets that the client has written down. */
const received = (key: string): number => (JSON.parse(record(key)) as { received: number }).received
const record = (key: string): string => {
  const files = existsSync(join(r.device, 'transfers')) ? readdirSync(join(r.device, 'transfers')) : []
  const newest = (file: string): string =>
    readFileSync(join(r.device, 'transfers', file), 'utf8')
      .trimEnd()
      .split('\n')
      .at(-1) ?? ''
  const found = files.filter((file) => file.endsWith('.json')).map(newest)
  return found.find((text) => text.includes(`"${key}"`)) ?? '{"received":0}'
}

test('no room: told before the first byte where the size is known, else as soon as it is over', async () => {
  expect(await r.client().ask(askFor(url('dlota1'), { room: 149_999 }))).toMatchObject({ status: 901, cause: 'memory' })
  expect(sent()).toEqual([])
  expect(await r.client().ask(askFor(url(), { room: 149_999 }))).toMatchObject({ status: 901, cause: 'memory' })
  r.faults.plant({ name: NAME, noLength: true })
  expect(await r.client().ask(askFor(url(), { room: 100_000 }))).toMatchObject({ status: 901, cause: 'memory' })
  expect(left()).toEqual([])
})

test('dl 15: a descriptor 2.0 with two servers: the second is used when the first fails', async () => {
  r.faults.plant({ name: NAME, on: 'descriptor', servers: ['http://127.0.0.1:9/gone', 'nowhere.bin'] })
  const answer = await r.client().ask(askFor(url('dlota2')))
  expect(answer).toMatchObject({ status: 900, file: { sha256: ANTIVIR.sha256 } })
  expect(r.notes.filter((note) => note.includes('the next server is tried')).length).toBe(2)
})

test('dl 10: the object is not usable before the report was taken; reports are tried again', async () => {
  r.faults.plant({ name: 'job-7f31', on: 'notify', status: 500, times: 2 })
  const answer = await r.client().ask(askFor(url('dlota1')))
  expect(answer).toMatchObject({ status: 900, reported: true })
  expect(r.rows.filter(({ row }) => row.direction === 'down' && row.target.startsWith('/dl/notify/')).map(({ row }) => row.httpStatus)).toEqual([
    500, 500, 200,
  ])
  r.faults.plant({ name: 'job-7f31', on: 'notify', status: 500 })
  expect(await r.client().ask(askFor(url('dlota1')))).toMatchObject({ status: 900, reported: false })
})

test.each([
  ['900 Success \n\r', 900],
  ['900+Success', 900],
  ['900 5.2', 900],
  ['901%20Insufficient', 901],
  ['9000', 0],
  ['done', 0],
])('a report in the words of a foreign client: %j', async (text, status) => {
  const { pathname } = new URL(url('dlota1'))
  const target = url('dlota1').replace(pathname, '/dl/notify/job-7f31')
  const answer = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/vnd.oma.dd+xml' }, body: text })
  expect([answer.status, r.reports.at(-1)?.status]).toEqual([200, status])
})

test('an address that a client took out of a descriptor as it stands there, with its escapes, is understood', async () => {
  const plain = `${url('dlota1')}?device=IMEI%3A1&job=job-7f31`.replace(/\?(.*)\?/, '?$1&')
  const answer = await fetch(plain.replaceAll('&', '&amp;'))
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain('/dl/notify/job-7f31?device=IMEI%3A1&amp;job=job-7f31')
  await expect.poll(() => r.rows.some(({ row }) => row.text.includes('the &amp; of its descriptor'))).toBe(true)
})
