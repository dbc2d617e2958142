// The download client as a machine: playbooks for every rule of the sheet (3.1 to 3.3, H1 to H12); time stands still but for the timers told.
import { describe, expect, test } from 'vitest'
import { DownloadClient } from '../../core/download/client.ts'
import { buildDescriptor } from '../../core/download/ddbuild.ts'
import type { DescriptorWish } from '../../core/download/ddbuild.ts'
import { SETTINGS } from '../../core/download/moves.ts'
import type { Effect, Failure, Input, Settings } from '../../core/download/moves.ts'
import { REPORTS } from '../../core/download/types.ts'
import type { Answer, Ask, TransferRecord } from '../../core/download/types.ts'

const URL = 'http://ads/x.dd'
const ASK: Ask = { key: 'k', url: URL, pkgType: '', room: 1_000_000, anew: false }
const SHA = 'ab'.repeat(32)

/** A transfer played by hand. `say` lists what it did, in words. */
function play(settings: Partial<Settings> = {}, ask: Ask = ASK, record: TransferRecord | null = null, size = 0) {
  let now = 1_000_000
  const machine = new DownloadClient({ ...SETTINGS, name: (key, object) => `${key}${String(object)}`, now: () => now, ...settings })
  let id = 0
  let saved: TransferRecord | null = record
  let answer: Answer | null = null
  const words = (effect: Effect): string[] => {
    switch (effect.type) {
      case 'http': {
        id = effect.id
        const range = effect.headers.filter(([name]) => name === 'Range' || name === 'If-Range').map(([, value]) => value)
        return [[effect.method, effect.url, ...range, effect.body].filter((word) => word !== '').join(' ')]
      }
      case 'take':
        return [effect.into === 'file' ? `file ${effect.file} from ${String(effect.at)}` : 'memory']
      case 'truncate':
        return [`cut ${effect.file} to ${String(effect.size)}`]
      case 'timer':
        return effect.ms === null ? [] : [`${effect.id} in ${String(effect.ms / 1000)} s`]
      case 'save':
        saved = JSON.parse(JSON.stringify(effect.record)) as TransferRecord
        return []
      case 'done':
        answer = effect.answer
        return [`done ${String(effect.answer.status)} ${effect.answer.cause}`]
      case 'drop':
        return [`drop ${effect.files.join()}`]
      case 'digest':
      case 'keep':
        return [`${effect.type} ${effect.file}`]
      case 'confirm':
        return [`confirm ${effect.name} ${String(effect.size)}`]
      case 'close':
        return ['close']
      case 'progress':
      case 'note':
        return []
    }
  }
  const feed = (input: Input): string[] => machine.input(input).flatMap(words)
  return {
    begin: () => feed({ type: 'start', ask, record, size }),
    head: (httpStatus: number, headers: Record<string, string> = {}) => feed({ type: 'head', id, httpStatus, headers: Object.entries(headers) }),
    chunk: (count: number) => feed({ type: 'chunk', id, count }),
    end: () => feed({ type: 'end', id }),
    body: (text: string) => feed({ type: 'body', id, bytes: new TextEncoder().encode(text) }),
    fails: (failure: Failure, text = failure) => feed({ type: 'failed', id, failure, text }),
    digest: (size_: number, sha256 = SHA) => feed({ type: 'digest', size: size_, sha256 }),
    rings: (timer: 'again' | 'report', ms = 0) => {
      now += ms
      return feed({ type: 'timer', id: timer })
    },
    feed,
    record: () => saved,
    answer: () => answer,
  }
}

const TYPE = 'application/octet-stream'
const descriptor = (more: Partial<DescriptorWish> = {}): string =>
  buildDescriptor({ name: 'N', installNotifyUri: '/notify/1', objects: [{ types: [TYPE], size: 150, uris: ['o.bin'] }], ...more })
const DD = { 'Content-Type': 'application/vnd.oma.dd+xml' }
const OBJECT = { 'Content-Type': TYPE, 'Content-Length': '150', ETag: '"v21"' }
const part = (from: number, more: Record<string, string> = {}) => ({
  'Content-Type': TYPE,
  'Content-Range': `bytes ${String(from)}-149/150`,
  'Content-Length': String(150 - from),
  ETag: '"v21"',
  ...more,
})

/** A plain GET with 65 of 150 bytes in. */
function halfway(settings: Partial<Settings> = {}) {
  const t = play(settings)
  t.begin()
  t.head(200, OBJECT)
  t.chunk(65)
  return t
}

describe('the way that goes well', () => {
  test('plain GET', () => {
    const t = play()
    expect(t.begin()).toEqual([`GET ${URL}`])
    expect(t.head(200, OBJECT)).toEqual(['file k0 from 0'])
    expect(t.chunk(150)).toEqual([])
    expect(t.end()).toEqual(['digest k0'])
    expect(t.digest(150)).toEqual(['keep k0', 'done 900 ok'])
    expect(t.answer()).toMatchObject({ file: { file: 'k0', size: 150, sha256: SHA, contentType: TYPE }, digestChecked: false, reported: true })
  })

  test('dl 6, 7: descriptor, memory, capability, user, GET, report; nextURL is recorded and not opened', () => {
    const t = play({ confirm: true })
    t.begin()
    expect(t.head(200, DD)).toEqual(['memory'])
    expect(t.body(descriptor({ nextUrl: 'http://ads/next', installParam: 'mode=silent' }))).toEqual(['confirm N 150'])
    expect(t.feed({ type: 'confirmed', yes: true })).toEqual(['GET http://ads/o.bin'])
    t.head(200, OBJECT)
    t.chunk(150)
    t.end()
    expect(t.digest(150)).toEqual(['keep k0', 'POST http://ads/notify/1 900 Success'])
    expect(t.head(204)).toEqual(['close', 'done 900 ok'])
    expect(t.answer()).toMatchObject({ installParam: 'mode=silent', nextUrl: 'http://ads/next', reported: true })
  })

  test('several objects, in order; each is kept, all are told', () => {
    const t = play()
    t.begin()
    t.head(200, DD)
    const objects = [2, 1].map((order) => ({ types: [TYPE], size: 10 * order, uris: [`o${String(order)}`], order }))
    expect(t.body(descriptor({ version: '2.0', objects, installNotifyUri: '' }))).toEqual(['GET http://ads/o1'])
    t.head(200, { 'Content-Type': TYPE })
    t.chunk(10)
    t.end()
    expect(t.digest(10)).toEqual(['keep k0', 'GET http://ads/o2'])
    t.head(200, { 'Content-Type': TYPE })
    t.chunk(20)
    t.end()
    expect(t.digest(20)).toEqual(['keep k1', 'done 900 ok'])
    expect(t.answer()?.files?.map(({ file, size }) => [file, size])).toEqual([
      ['k0', 10],
      ['k1', 20],
    ])
  })
})

describe('3.3: every status, and that 904 is none', () => {
  const after = (wish: Partial<DescriptorWish>, settings: Partial<Settings> = {}, ask: Ask = ASK): string[] => {
    const t = play(settings, ask)
    t.begin()
    t.head(200, DD)
    return t.body(descriptor(wish))
  }
  const reported = (status: number): string => `POST http://ads/notify/1 ${String(status)} ${REPORTS[status] ?? ''}`

  test('dl 9: 904 is not among the codes', () => expect(Object.keys(REPORTS).join(' ')).toBe('900 901 902 903 905 906 951 952 953 954'))

  test('dl 4: 901, 905, 953 before the object is asked for; 902 by the user', () => {
    expect(after({}, {}, { ...ASK, room: 149 }).at(-1)).toBe(reported(901))
    expect(after({}, {}, { ...ASK, pkgType: 'a/b' }).at(-1)).toBe(reported(905))
    expect(after({}, { accepts: (type) => type === 'a/b' }).at(-1)).toBe(reported(953))
    expect(after({ objects: [{ types: [TYPE, 'a/b'], size: 1, uris: ['x'] }] }, { accepts: (type) => type === 'a/b' })).toEqual(['GET http://ads/x'])
    const t = play({ confirm: true })
    t.begin()
    t.head(200, DD)
    t.body(descriptor())
    expect(t.feed({ type: 'confirmed', yes: false }).at(-1)).toBe(reported(902))
  })

  test('dl 4, 7: 906 and 951 are reported where the rest says where to', () => {
    for (const [text, status] of [
      [descriptor().replace('<size>150</size>', ''), 906],
      [descriptor().replace('>1.0<', '>7.0<'), 951],
    ] as const) {
      const t = play()
      t.begin()
      t.head(200, DD)
      expect(t.body(text).at(-1)).toBe(reported(status))
    }
    const t = play()
    t.begin()
    t.head(200, DD)
    expect(t.body('nonsense')).toEqual(['cut k0 to 0', 'done 906 descriptor'])
    const huge = play()
    huge.begin()
    expect(huge.head(200, { ...DD, 'Content-Length': '100000' })).toEqual(['close', 'cut k0 to 0', 'done 906 descriptor'])
  })

  test('dl 8: 905 for another type or size; 901 when the room runs out; 954 for what the server answers', () => {
    const object = (headers: Record<string, string>, status = 200) => {
      const t = play()
      t.begin()
      t.head(200, DD)
      t.body(descriptor())
      return t.head(status, headers).at(-1)
    }
    expect(object({ ...OBJECT, 'Content-Type': 'text/html' })).toBe(reported(905))
    expect(object({ ...OBJECT, 'Content-Length': '151' })).toBe(reported(905))
    expect(object({ ...OBJECT, 'Content-Encoding': 'gzip' })).toBe(reported(954))
    expect(object(OBJECT, 206)).toBe(reported(954))
    for (const [status, code] of [
      [404, 954],
      [410, 954],
      [400, 954],
      [500, 954],
      [401, 952],
      [403, 952],
      [407, 952],
    ] as const)
      expect(object({}, status), String(status)).toBe(reported(code))
    const more = play()
    more.begin()
    more.head(200, OBJECT)
    expect(more.chunk(151)).toEqual(['close', 'cut k0 to 0', 'done 905 mismatch'])
    const less = play()
    less.begin()
    less.head(200, { 'Content-Type': TYPE, 'Transfer-Encoding': 'chunked' })
    less.chunk(99)
    expect(less.end()).toEqual(['digest k0'])
    const full = play({}, { ...ASK, room: 100 })
    full.begin()
    full.head(200, { 'Content-Type': TYPE })
    expect(full.chunk(101)).toEqual(['close', 'cut k0 to 0', 'done 901 memory'])
    expect(halfway().fails('disk')).toEqual(['cut k0 to 0', 'done 901 memory'])
  })

  test('3.2: the report is tried at 5, 30 and 120 s, then the object counts as unreported', () => {
    const t = play()
    t.begin()
    t.head(200, DD)
    t.body(descriptor())
    t.head(200, OBJECT)
    t.chunk(150)
    t.end()
    t.digest(150)
    expect(t.fails('reset')).toEqual(['report in 5 s'])
    expect(t.rings('report')).toEqual(['POST http://ads/notify/1 900 Success'])
    expect(t.head(500)).toEqual(['close', 'report in 30 s'])
    t.rings('report')
    expect(t.head(404)).toEqual(['close', 'report in 120 s'])
    t.rings('report')
    expect(t.fails('refused')).toEqual(['done 900 ok'])
    expect(t.answer()).toMatchObject({ status: 900, reported: false, file: { file: 'k0' } })
  })
})

describe('H1 to H12', () => {
  test('H1: everything that is needed later is saved, as it is', () => {
    const t = halfway()
    t.fails('reset')
    expect(t.record()).toMatchObject({ key: 'k', url: URL, step: 'object', etag: '"v21"', total: 150, received: 65, contentType: TYPE })
  })

  test('H1: saved at least every 64 KiB, so that no more is sent again', () => {
    const t = play({ saveEvery: 50 })
    t.begin()
    t.head(200, OBJECT)
    t.chunk(49)
    expect(t.record()?.received).toBe(0)
    t.chunk(1)
    expect(t.record()?.received).toBe(50)
  })

  test('dl 11: H2, H3: Range with If-Range, and a 206 goes on there; a Content-Length of the whole is borne', () => {
    const t = halfway()
    expect(t.fails('reset')).toEqual(['again in 5 s'])
    expect(t.rings('again')).toEqual([`GET ${URL} bytes=65- "v21"`])
    expect(t.head(206, part(65, { 'Content-Length': '150' }))).toEqual(['file k0 from 65'])
    expect(t.chunk(85)).toEqual(['close', 'digest k0'])
  })

  test('H2: Last-Modified stands in for an ETag; a weak one for nothing', () => {
    const t = play()
    t.begin()
    t.head(200, { ...OBJECT, ETag: 'W/"v"', 'Last-Modified': 'Sat, 21 Nov 2026 10:00:00 GMT' })
    t.chunk(65)
    t.fails('reset')
    expect(t.rings('again')).toEqual([`GET ${URL} bytes=65- Sat, 21 Nov 2026 10:00:00 GMT`])
  })

  test('dl 12: H4: 200 in place of 206 begins again; with another length 954', () => {
    const t = halfway()
    t.fails('reset')
    t.rings('again')
    expect(t.head(200, { ...OBJECT, ETag: '"v22"' })).toEqual(['cut k0 to 0', 'file k0 from 0'])
    t.chunk(150)
    t.end()
    expect(t.digest(150).at(-1)).toBe('done 900 ok')
    const other = halfway()
    other.fails('reset')
    other.rings('again')
    expect(other.head(200, { ...OBJECT, 'Content-Length': '140' })).toEqual(['close', 'cut k0 to 0', 'done 954 mismatch'])
  })

  test('dl 13: H5: 416 at the end is the end, else once from the beginning', () => {
    const t = play()
    t.begin()
    t.head(200, { 'Content-Type': TYPE, ETag: '"v21"' })
    t.chunk(65)
    t.fails('reset')
    t.rings('again')
    expect(t.head(416, { 'Content-Range': 'bytes */65' })).toEqual(['close', 'digest k0'])
    const again = halfway()
    again.fails('reset')
    again.rings('again')
    expect(again.head(416, { 'Content-Range': 'bytes */60' })).toEqual(['close', 'cut k0 to 0', `GET ${URL}`])
    again.head(200, OBJECT)
    again.chunk(65)
    again.fails('reset')
    again.rings('again')
    expect(again.head(416).at(-1)).toBe('done 954 mismatch')
  })

  test('dl 13: H6: the rest has the type of the beginning', () => {
    const t = halfway()
    t.fails('reset')
    t.rings('again')
    expect(t.head(206, part(65, { 'Content-Type': 'text/html' }))).toEqual(['close', 'cut k0 to 0', 'done 905 type'])
  })

  test('dl 13: H7: more on the disk than there can be: deleted, failed', () => {
    const record = { ...(halfway().record() as TransferRecord), received: 151 }
    expect(play({}, ASK, record, 151).begin()).toEqual(['cut k0 to 0', 'cut k0 to 0', 'done 954 mismatch'])
  })

  test('H8: 5, 15, 60, 300, 300 s; a byte begins the row anew; patience has an end', () => {
    const t = halfway({ patience: 700_000 })
    expect(t.fails('reset')).toEqual(['again in 5 s'])
    for (const [before, next] of [
      [5, 15],
      [15, 60],
      [60, 300],
      [300, 300],
    ] as const) {
      t.rings('again', before * 1000)
      expect(t.fails('unreachable')).toEqual([`again in ${String(next)} s`])
    }
    t.rings('again', 300_000)
    t.head(206, part(65))
    t.chunk(1)
    expect(t.fails('timed out')).toEqual(['again in 5 s'])
    for (const ms of [5000, 15_000, 60_000, 300_000, 300_000]) {
      t.rings('again', ms)
      t.fails('refused')
    }
    expect(t.answer()).toMatchObject({ status: 903, cause: 'network' })
  })

  test('dl 14: H9: what the user paused waits for the user, also after a restart; another cause goes on by itself', () => {
    const t = halfway()
    expect(t.feed({ type: 'stop', by: 'user' })).toEqual(['close'])
    expect(t.rings('again')).toEqual([])
    const after = play({}, ASK, t.record(), 65)
    expect(after.begin()).toEqual([])
    expect(after.feed({ type: 'resume' })).toEqual([`GET ${URL} bytes=65- "v21"`])
    const battery = halfway()
    battery.feed({ type: 'stop', by: 'battery' })
    expect(play({}, ASK, battery.record(), 65).begin()).toEqual([`GET ${URL} bytes=65- "v21"`])
    expect(halfway().feed({ type: 'stop', by: 'cancel' })).toEqual(['close', 'cut k0 to 0', 'done 902 stopped'])
  })

  test('H10: a pause is a closed connection; what comes afterwards from it counts for nothing', () => {
    const t = halfway()
    t.feed({ type: 'stop', by: 'call' })
    expect([t.chunk(10), t.end(), t.fails('reset'), t.head(200, OBJECT)]).toEqual([[], [], [], []])
    expect(t.record()?.received).toBe(65)
  })

  test('H11: the digest of the whole file decides, told by descriptor or server', () => {
    const told = play()
    told.begin()
    told.head(200, { ...OBJECT, 'Repr-Digest': `sha-256=:${Buffer.from(SHA, 'hex').toString('base64')}:` })
    told.chunk(150)
    told.end()
    expect(told.digest(150, 'cd'.repeat(32))).toEqual(['cut k0 to 0', 'done 905 mismatch'])
    const fits = play()
    fits.begin()
    fits.head(200, DD)
    fits.body(descriptor({ objects: [{ types: [TYPE], size: 150, uris: ['o'], sha256: SHA }], installNotifyUri: '' }))
    fits.head(200, OBJECT)
    fits.chunk(150)
    fits.end()
    fits.digest(150)
    expect(fits.answer()).toMatchObject({ status: 900, digestChecked: true })
    const short = halfway()
    short.fails('reset')
    short.rings('again')
    short.head(206, part(65))
    short.chunk(85)
    short.end()
    expect(short.digest(149)).toEqual(['cut k0 to 0', 'done 954 mismatch'])
  })

  test('H12: 501 and 503 are pauses, with Retry-After where told; refused, no name and not found are ends', () => {
    for (const status of [501, 503]) {
      const t = play()
      t.begin()
      expect(t.head(status, { 'Retry-After': '7' })).toEqual(['close', 'again in 7 s'])
      t.rings('again', 7000)
      expect(t.head(status)).toEqual(['close', 'again in 15 s'])
    }
    for (const failure of ['refused', 'name'] as const) {
      const t = play()
      t.begin()
      expect(t.fails(failure)).toEqual(['cut k0 to 0', 'done 954 refused'])
      expect(halfway().fails(failure)).toEqual(['again in 5 s'])
    }
    const patient = play({ refusals: 1 })
    patient.begin()
    expect(patient.fails('refused')).toEqual(['again in 5 s'])
    patient.rings('again')
    expect(patient.fails('refused')).toEqual(['cut k0 to 0', 'done 954 refused'])
    const named = play({ refusals: 1 })
    named.begin()
    expect(named.fails('name')).toEqual(['cut k0 to 0', 'done 954 refused'])
  })
})

test('a 206 that is not what was asked for: begun again, and not for ever', () => {
  for (const wrong of [
    part(64),
    part(65, { ETag: '"v22"' }),
    part(65, { 'Content-Range': 'bytes 65-199/200' }),
    part(65, { 'Content-Range': 'x' }),
  ]) {
    const t = halfway()
    t.fails('reset')
    t.rings('again')
    expect(t.head(206, wrong)).toEqual(['close', 'cut k0 to 0', `GET ${URL}`])
  }
  const t = halfway()
  for (let n = 0; n < 4; n++) {
    t.fails('reset')
    t.rings('again')
    t.head(206, part(1))
    t.head(200, OBJECT)
    t.chunk(65)
  }
  expect(t.answer()).toMatchObject({ status: 954, cause: 'mismatch' })
})

test('redirects are followed, relative and absolute, up to five; never from https to http', () => {
  const t = play()
  t.begin()
  expect(t.head(302, { Location: '/y' })).toEqual(['close', 'GET http://ads/y'])
  for (let n = 0; n < 4; n++) expect(t.head(307, { Location: 'https://b/z' })).toEqual(['close', 'GET https://b/z'])
  expect(t.head(301, { Location: '/' }).at(-1)).toBe('done 954 server')
  const down = play({}, { ...ASK, url: 'https://ads/x' })
  down.begin()
  expect(down.head(302, { Location: 'http://ads/x' }).at(-1)).toBe('done 952 url')
  const no = play({}, { ...ASK, url: 'ftp://ads/x' })
  expect(no.begin().at(-1)).toBe('done 952 url')
})

test('a transfer that ended gives its answer again; `anew` begins again; an unreported one reports', () => {
  const t = halfway()
  t.chunk(85)
  t.end()
  t.digest(150)
  expect(play({}, ASK, t.record(), 0).begin()).toEqual(['keep k0', 'done 900 ok'])
  expect(play({}, { ...ASK, anew: true }, t.record(), 0).begin()).toEqual(['cut k0 to 0', 'drop k0', `GET ${URL}`])
  const half = halfway()
  half.fails('reset')
  expect(play({}, ASK, half.record(), 99).begin()).toEqual(['cut k0 to 65', `GET ${URL} bytes=65- "v21"`])
  expect(play({}, ASK, half.record(), 40).begin()).toEqual([`GET ${URL} bytes=40- "v21"`])
})
