// Large packages and killed processes: constant memory on both sides, SHA-256 intact, kill -9 in mid-download and in mid-install.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createCipheriv, createHash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { payload } from '../../core/download/payload.ts'
import { makeInstaller } from '../../core/node/installer.ts'
import { buildPackage } from '../../core/node/packages.ts'
import { needs } from '../support/needs.ts'
import { hash, rig, sha256Bytes } from './dlrig.ts'
import type { Rig } from './dlrig.ts'

const SOAK = process.env['DM_LAB_SOAK'] === '1'
const MIB = SOAK ? 64 : 16
const KILLS = SOAK ? 30 : 4
const NAME = 'big-1.0'

let r: Rig
beforeEach(async () => {
  r = await rig()
})
afterEach(() => r.close())

/** Bytes that do not repeat, fast. */
const stream = (seed: number) => createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16))

/** Octets this process holds after a collection, and after another one: buffers that the first one found dead are given back in the background until then. */
function living(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A file of them, made a MiB at a time. */
async function offer(): Promise<{ readonly size: number; readonly sha256: string }> {
  const path = join(r.root, 'big')
  const fd = openSync(path, 'w')
  const digest = createHash('sha256')
  const cipher = stream(1)
  for (let n = 0; n < MIB; n++) {
    const bytes = cipher.update(Buffer.alloc(1 << 20))
    digest.update(bytes)
    writeSync(fd, bytes)
  }
  writeSync(fd, 'odd')
  digest.update('odd')
  closeSync(fd)
  const { size, sha256 } = await r.images.putFile(NAME, path)
  expect(sha256).toBe(digest.digest('hex'))
  return { size, sha256 }
}

/** Runs the child; `kill` is asked at every line: the process is killed so many ms later, null leaves it alone. Null where it was killed. */
function child(words: readonly string[], kill: (line: string) => number | null = () => null): Promise<Record<string, unknown> | null> {
  return new Promise((resolve, reject) => {
    const types = process.features.typescript ? [] : ['--experimental-strip-types']
    const command = [...types, '--no-warnings', '--expose-gc', join(import.meta.dirname, 'dlchild.ts'), ...words]
    const running = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
    let errors = ''
    let rest = ''
    let answer: Record<string, unknown> | null = null
    running.stderr.on('data', (data) => (errors += String(data)))
    running.stdout.on('data', (data) => {
      const lines = (rest + String(data)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line.startsWith('answer ')) answer = JSON.parse(line.slice(7)) as Record<string, unknown>
        const after = kill(line)
        if (after === 0) running.kill('SIGKILL')
        else if (after !== null) setTimeout(() => running.kill('SIGKILL'), after)
      }
    })
    running.once('close', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve(answer)
      else reject(new Error(`the child ended with ${String(code)}: ${errors}`))
    })
  })
}

const down = () => r.rows.filter(({ row }) => row.direction === 'down' && [`/dl/${NAME}`, `/dl/${NAME}.ddm`].includes(row.target))

test(`dl 34: ${String(MIB)} MiB through each mechanism: intact, and neither side's memory grows with it`, { timeout: 120_000 }, async () => {
  const { size, sha256 } = await offer()
  for (const mechanism of ['http', 'dlota1', 'dlota2', 'dlota1-combined'] as const) {
    const before = living()
    let [most, lines] = [before, 0]
    const answer = await child(['download', join(r.root, mechanism), r.server.link(NAME, { mechanism }), 'k'], (line) => {
      if (line.startsWith('received ') && lines++ % 64 === 0) most = Math.max(most, living())
      return null
    })
    expect(answer).toMatchObject({ status: 900, digestChecked: true, file: { size, sha256 } })
    // Either side holds a few buffers of 64 KiB, however large the object is.
    expect(Number(answer?.['grown'])).toBeLessThan(8 << 20)
    expect(most - before).toBeLessThan(8 << 20)
  }
  for (const { bytes, row } of down()) expect([bytes.length, row.text.includes('truncated')]).toEqual([4096, true])
})

test('dl 28: cut at ten random odd offsets: what was resumed repeats at most one buffer each time', { timeout: 120_000 }, async () => {
  const { size, sha256 } = await offer()
  let seed = 20261121
  const random = (): number => (seed = (seed * 1103515245 + 12345) % 0x8000_0000)
  const cuts = Array.from({ length: 10 }, () => (random() % Math.floor(size / 11)) | 1)
  for (const cut of cuts) r.faults.plant({ name: NAME, times: 1, cutAfter: cut })
  const answer = await r.client().ask({ key: 'k', url: r.server.link(NAME, { mechanism: 'http' }), pkgType: '', room: 1 << 30, anew: false })
  expect(answer.file?.sha256).toBe(sha256)
  const rows = down()
  expect(rows.map(({ row }) => row.httpStatus)).toEqual([200, ...cuts.map(() => 206)])
  let at = 0
  for (const { row, headers } of rows) {
    const from = Number(/bytes (\d+)/.exec(headers.find(([name]) => name === 'Content-Range')?.[1] ?? '')?.[1] ?? 0)
    expect(at - from).toBeGreaterThanOrEqual(0)
    expect(at - from).toBeLessThanOrEqual(64 * 1024)
    at = from + row.size
  }
})

test(
  `dl 29: killed ${String(KILLS)} times in mid-download: the next process goes on, and the digest is right`,
  { timeout: 60_000 + KILLS * 5000 },
  async () => {
    const { size, sha256 } = await offer()
    const words = ['download', r.device, r.server.link(NAME, { mechanism: 'dlota1' }), 'k']
    let had = 0
    for (let n = 1; n <= KILLS; n++) {
      const until = Math.floor((size * n) / (KILLS + 1))
      await child(words, (line) => {
        const received = Number(/^received (\d+)/.exec(line)?.[1] ?? 0)
        had = Math.max(had, received)
        return received >= until ? 0 : null
      })
    }
    expect(had).toBeGreaterThan(size / 2)
    const answer = await child(words)
    expect(answer).toMatchObject({ status: 900, file: { size, sha256 } })
    expect(down().filter(({ row }) => row.httpStatus === 200).length).toBe(1)
    expect(hash(r.bytes((answer?.['file'] as { file: string }).file))).toBe(sha256)
  },
)

test(
  `killed ${String(KILLS)} times in mid-install: the old version or the new one, whole, and one start for each`,
  { timeout: 60_000 + KILLS * 5000 },
  async () => {
    const filesOf = (version: string): Record<string, Uint8Array> => {
      const cipher = stream(Number(version))
      return Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${String(i)}`, cipher.update(Buffer.alloc(20_000))]))
    }
    const make = (version: string): Promise<Uint8Array> => {
      const lib = { id: 'lib', version, files: { a: version } }
      return buildPackage({ pkgId: `app-${version}`, version, components: [{ id: 'app', version, files: filesOf(version) }, lib] })
    }
    mkdirSync(join(r.device, 'packages'), { recursive: true })
    writeFileSync(join(r.device, 'packages', 'one'), await make('1'))
    writeFileSync(join(r.device, 'packages', 'two'), await make('2'))
    expect(await child(['install', r.device, 'one', 'first'])).toMatchObject({ code: 1200 })
    let killed = 0
    for (let n = 0; n < KILLS; n++) {
      // From the first moment on: wherever the machine is then, in the digest, in the unpacking, about the commit.
      const answer = await child(['install', r.device, 'two', 'second'], (line) => (line === 'begins' ? 1 + (n * 300) / KILLS : null))
      killed += answer === null ? 1 : 0
      const installer = makeInstaller({ folder: r.device, now: () => Date.now() })
      const versions = installer.components().map(({ version }) => version)
      expect([
        ['1', '1'],
        ['2', '2'],
      ]).toContainEqual(versions)
      expect(readdirSync(join(r.device, 'scratch'))).toEqual([])
      expect(installer.starts().map(({ version }) => version)).toEqual(versions[0] === '1' ? ['1', '1'] : ['1', '1', '2', '2'])
    }
    expect(killed).toBeGreaterThan(0)
    expect(await child(['install', r.device, 'two', 'second'])).toMatchObject({ code: 1200 })
    const installer = makeInstaller({ folder: r.device, now: () => Date.now() })
    expect(installer.starts().map(({ id, version }) => `${id} ${version}`)).toEqual(['app 1', 'lib 1', 'app 2', 'lib 2'])
    expect(installer.log().filter(({ what }) => what === 'install').length).toBe(2)
    const [only = '', ...others] = readdirSync(join(r.device, 'components', 'app'))
    expect([others, readdirSync(join(r.device, 'components', 'app', only)).length]).toEqual([[], 300])
  },
)

test('dl 40: curl agrees on ranges, on If-Range, on what is not there, and resumes by itself', async (context) => {
  needs(context, 'curl')
  const bytes = payload(150_000, sha256Bytes)
  r.images.put('x-1.0.bin', bytes)
  const url = `${r.base()}x-1.0.bin`
  const curl = (...words: string[]): Promise<string> =>
    new Promise((resolve) => {
      const running = spawn('curl', ['-s', '-S', ...words])
      let text = ''
      running.stdout.on('data', (data) => (text += String(data)))
      running.once('close', () => resolve(text))
    })
  const out = join(r.root, 'out')
  expect(await curl('-r', '65537-', '-o', out, '-w', '%{http_code} %{size_download}', url)).toBe('206 84463')
  expect(new Uint8Array(readFileSync(out))).toEqual(bytes.subarray(65_537))
  expect(await curl('-r', '-4', '-o', out, '-w', '%{http_code}', url)).toBe('206')
  expect(readFileSync(out).toString('hex')).toBe('9e51d33f')
  expect(await curl('-r', '0-1,5-6', '-o', out, '-w', '%{http_code} %{size_download}', url)).toBe('200 150000')
  expect(await curl('-r', '150000-', '-o', out, '-w', '%{http_code}', url)).toBe('416')
  expect(await curl('-r', '5-', '-H', 'If-Range: "other"', '-o', out, '-w', '%{http_code} %{size_download}', url)).toBe('200 150000')
  expect(await curl('-I', url)).toMatch(new RegExp(`Content-Length: 150000\r\n.*ETag: "${hash(bytes)}"`, 's'))
  writeFileSync(out, bytes.subarray(0, 74_995))
  expect(await curl('-C', '-', '-o', out, '-w', '%{http_code} %{size_download}', url)).toBe('206 75005')
  expect([statSync(out).size, hash(readFileSync(out))]).toEqual([150_000, hash(bytes)])
  expect(await curl('-o', out, '-w', '%{http_code}', `${r.base()}nothing`)).toBe('404')
  expect(await curl('-X', 'DELETE', '-o', out, '-w', '%{http_code}', url)).toBe('405')
  expect(await curl('-o', out, '-w', '%{http_code}', `${r.base()}..%2f..%2fetc%2fpasswd`)).toBe('404')
  expect(spawnSync('curl', ['--version']).status).toBe(0)
  for (const { row, bytes: kept } of r.rows) {
    expect(row.kind).toBe('http')
    expect(kept.length).toBeLessThanOrEqual(4096)
  }
  const ups = r.rows.filter(({ row }) => row.direction === 'up')
  const downs = r.rows.filter(({ row }) => row.direction === 'down')
  expect(downs.length).toBe(ups.length)
  for (const { cause } of downs) expect(r.rows[(cause ?? 0) - 1]?.row.direction).toBe('up')
})
