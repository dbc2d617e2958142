// Foreign download clients at the download server: ranges and conditions of every form, requests as through a proxy, reports as phones write them; curl, wget and aria2 where they are installed.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { needs } from '../support/needs.ts'
import { hash, rig } from './dlrig.ts'
import type { Rig } from './dlrig.ts'

const SIZE = 5_000_001
const bytes = Buffer.from(Array.from({ length: SIZE }, (_, i) => (i * 31 + (i >> 8)) & 255))

let r: Rig
beforeEach(async () => {
  r = await rig()
  r.images.put('app', bytes)
})
afterEach(() => r.close())

/** Status codes in the order of what they answer: a row comes once the last octet of its answer is out, which the asker, and the next request, may see first. */
const answered = (): number[] =>
  r.rows
    .filter(({ row }) => row.direction === 'down')
    .sort((a, b) => (a.cause ?? 0) - (b.cause ?? 0))
    .map(({ row }) => row.httpStatus)

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET', body: Buffer | string = ''): Promise<Got> {
  return new Promise((resolve, reject) => {
    const out = request({ host: '127.0.0.1', port: r.port(), path, method, headers, agent: false }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }))
    })
    out.on('error', reject)
    out.end(body)
  })
}

describe('an object', () => {
  test('ranges: one of several that can be had is served, several give the whole, a list may have holes', async () => {
    const part = async (range: string): Promise<string> => {
      const { status, headers, body } = await ask('/dl/app', { range })
      return `${status} ${headers['content-range'] ?? ''} ${body.length}`
    }
    expect(await part('bytes=0-1,5-6')).toBe(`200  ${SIZE}`)
    expect(await part('bytes=0-9,9000000-')).toBe(`206 bytes 0-9/${SIZE} 10`)
    expect(await part('bytes=5-9,')).toBe(`206 bytes 5-9/${SIZE} 5`)
    expect(await part('bytes=-3')).toBe(`206 bytes ${SIZE - 3}-${SIZE - 1}/${SIZE} 3`)
    expect(await part(`bytes=${SIZE}-`)).toMatch(new RegExp(`^416 bytes \\*/${SIZE} `))
    expect(await part('pages=1-2')).toBe(`200  ${SIZE}`)
  })

  test('a HEAD is about the whole, whatever its Range; its row says so', async () => {
    const { status, headers, body } = await ask('/dl/app', { range: 'bytes=0-9' }, 'HEAD')
    expect([status, headers['content-length'], headers['content-range'], body.length]).toEqual([200, String(SIZE), undefined, 0])
    await expect.poll(() => r.rows.at(-1)?.row).toMatchObject({ httpStatus: 200, size: 0, text: '200 HEAD of app' })
  })

  test('conditions: 304 for what the asker has, 412 for what it is not, before any range', async () => {
    const { headers } = await ask('/dl/app', {}, 'HEAD')
    const [etag = '', modified = ''] = [headers.etag, headers['last-modified']]
    const same = await ask('/dl/app', { 'if-none-match': `"x", ${etag}` })
    expect([same.status, same.body.length, same.headers.etag, same.headers['content-length']]).toEqual([304, 0, etag, undefined])
    expect((await ask('/dl/app', { 'if-modified-since': modified })).status).toBe(304)
    expect((await ask('/dl/app', { 'if-modified-since': '99', range: 'bytes=0-0' })).status).toBe(206)
    expect((await ask('/dl/app', { 'if-match': '"x"', range: 'bytes=0-1' })).status).toBe(412)
    expect((await ask('/dl/app', { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' })).status).toBe(412)
    expect((await ask('/dl/app', { 'if-match': etag, 'if-range': modified, range: 'bytes=0-1' })).status).toBe(206)
    await expect.poll(answered).toEqual([200, 304, 304, 206, 412, 412, 206])
  })

  test('asked for by its whole address, as through a proxy; another server’s address is none of ours', async () => {
    expect((await ask(`${r.base()}app`, { range: 'bytes=0-9' })).body).toEqual(bytes.subarray(0, 10))
    expect((await ask(`HTTP://127.0.0.1:${r.port()}/dl/app`, {}, 'HEAD')).status).toBe(200)
    expect((await ask('http://elsewhere.example/dl/app')).body.toString()).toBe('')
  })
})

describe('a report', () => {
  test('is read as phones write it; by any other method it is told what it takes', async () => {
    for (const body of ['900 Success\r\n', '900', '\r\n901 insufficient memory', '\ufeff902 User Cancelled', '950:aborted', 'Success', ''])
      expect((await ask('/dl/notify/job-1?device=d', { 'content-type': 'text/plain' }, 'POST', body)).status, body).toBe(200)
    expect(r.reports.map(({ status }) => status)).toEqual([900, 900, 901, 902, 950, 0, 0])
    for (const method of ['GET', 'PUT', 'HEAD']) {
      const { status, headers } = await ask('/dl/notify/job-1', {}, method)
      expect([status, headers.allow], method).toEqual([405, 'POST'])
    }
    expect(r.reports).toHaveLength(7)
  })
})

describe('programs', () => {
  const run = promisify(execFile)
  const half = bytes.subarray(0, 2_500_001)

  test('curl goes on where it stopped, and asks for what is new alone', async (context) => {
    needs(context, 'curl')
    const file = join(r.root, 'curl.bin')
    writeFileSync(file, half)
    await run('curl', ['-sS', '-C', '-', '-o', file, `${r.base()}app`])
    expect(hash(readFileSync(file))).toBe(hash(bytes))
    const { stdout } = await run('curl', ['-sS', '-z', file, '-o', join(r.root, 'again'), '-w', '%{http_code}', `${r.base()}app`])
    expect(stdout).toBe('304')
    const proxied = await run('curl', ['-sS', '-x', `http://127.0.0.1:${r.port()}`, '-r', '0-4', `${r.base()}app`], { encoding: 'buffer' })
    expect(proxied.stdout).toEqual(bytes.subarray(0, 5))
  })

  test('wget goes on, is content with what it has, and fetches by date', async (context) => {
    needs(context, 'wget')
    const file = join(r.root, 'wget.bin')
    writeFileSync(file, half)
    for (let i = 0; i < 2; i += 1) await run('wget', ['-q', '-c', '-O', file, `${r.base()}app`])
    expect(hash(readFileSync(file))).toBe(hash(bytes))
    const folder = join(r.root, 'dated')
    mkdirSync(folder)
    for (let i = 0; i < 2; i += 1) await run('wget', ['-q', '-N', '-P', folder, `${r.base()}app`])
    await expect.poll(answered).toEqual([206, 416, 200, 304])
  })

  test('aria2 fetches in four pieces at once', async (context) => {
    needs(context, 'aria2c')
    await run('aria2c', ['-q', '--no-conf', '-x4', '-s4', '-k1M', '-d', r.root, '-o', 'aria.bin', `${r.base()}app`])
    expect(hash(readFileSync(join(r.root, 'aria.bin')))).toBe(hash(bytes))
    await expect.poll(() => r.rows.filter(({ row }) => row.httpStatus === 206).length).toBeGreaterThan(1)
  })
})
