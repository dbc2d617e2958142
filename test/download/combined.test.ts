// A body of two parts, as text and as WSP writes it: read in pieces of any size, refused where it is none; and the transfer it belongs to, as a playbook.
import { describe, expect, test } from 'vitest'
import { DownloadClient } from '../../core/download/client.ts'
import { CombinedError, formOf, partReader, WITH_IT, wrapped } from '../../core/download/combined.ts'
import type { Form, PartEvent } from '../../core/download/combined.ts'
import { buildDescriptor } from '../../core/download/ddbuild.ts'
import type { DescriptorWish } from '../../core/download/ddbuild.ts'
import { SETTINGS } from '../../core/download/moves.ts'
import type { Effect, Input, Settings } from '../../core/download/moves.ts'
import type { TransferRecord } from '../../core/download/types.ts'
import { concat, utf8Bytes } from '../../core/syncml/text.ts'

const TYPE = 'application/octet-stream'
const DD = 'application/vnd.oma.dd+xml'
const FORMS: readonly Form[] = [{ kind: 'mime', boundary: 'x-42' }, { kind: 'wsp' }]
/** An object that looks like a boundary wherever it can. */
const OBJECT = utf8Bytes('\r\n--x-4\r\n--x-41\r\r\n\r\n-\r\n--x-4')

const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)

/** What a reader makes of a body that comes in pieces of that size: `type@offset`, the parts' bytes, `end`. */
function read(form: Form, body: Uint8Array, size: number): string[] {
  const reader = partReader(form)
  const events: PartEvent[] = []
  for (let at = 0; at < body.length; at += size) events.push(...reader.read(body.slice(at, at + size)))
  const words: string[] = []
  let data = ''
  for (const event of events) {
    if (event.what === 'part') words.push(`${event.contentType}@${String(event.at)}`)
    else if (event.what === 'data') data += text(event.bytes)
    else {
      words.push(data)
      data = ''
    }
  }
  return data === '' ? words : [...words, `${data}…`]
}

describe.each(FORMS)('$kind', (form) => {
  const { head, tail } = wrapped(form, { type: DD, text: '<media/>' }, { type: TYPE, size: OBJECT.length })
  const body = concat([head, OBJECT, tail])

  test('whatever the pieces are, both parts come out as they went in', () => {
    for (let size = 1; size <= body.length; size++)
      expect(read(form, body, size), String(size)).toEqual([
        `${DD}@${String(text(body).indexOf('<media/>'))}`,
        '<media/>',
        `${TYPE}@${String(head.length)}`,
        text(OBJECT),
      ])
  })

  test('from the middle of the object it goes on as if nothing had been between', () => {
    for (let from = 0; from < OBJECT.length; from++) {
      const reader = partReader(form, { at: head.length + from, left: OBJECT.length - from })
      const events = reader.read(body.slice(head.length + from))
      const data = events.flatMap((event) => (event.what === 'data' ? [event.bytes] : []))
      // A reader that begins inside a boundary's look-alike must not miss the true one.
      expect([text(concat(data)), events.at(-1)?.what]).toEqual([text(OBJECT.slice(from)), 'end'])
    }
  })

  test('one that is torn off ends nowhere', () => {
    expect(read(form, body.slice(0, head.length + 5), 3).at(-1)).toMatch(/…$|@/)
  })
})

test('MIME as others write it: a preamble, fields folded and in any case, no fields at all, an epilogue', () => {
  const form = formOf('Multipart/Mixed; charset=x; Boundary="a b"')
  if (form === null) return expect.unreachable()
  const body =
    'for old readers\r\n--a b  \r\ncontent-type:\r\n application/vnd.oma.dd+xml;\r\n\tcharset=utf-8\r\n\r\n<media/>\r\n--a b\r\n\r\nplain\r\n--a b--\r\nbehind'
  expect(read(form, utf8Bytes(body), 7)).toEqual([
    `application/vnd.oma.dd+xml; charset=utf-8@${String(body.indexOf('<media/>'))}`,
    '<media/>',
    `@${String(body.indexOf('plain'))}`,
    'plain',
  ])
})

test('content types: which are bodies of parts, and which say too little', () => {
  expect([formOf('application/vnd.wap.multipart.related'), formOf('application/vnd.wap.multipart.mixed; start=1')]).toEqual([
    { kind: 'wsp' },
    { kind: 'wsp' },
  ])
  expect([formOf('multipart/related; type="a/b"; boundary=x'), formOf('multipart/related'), formOf('text/plain; boundary=x')]).toEqual([
    { kind: 'mime', boundary: 'x' },
    null,
    null,
  ])
})

test('WSP as gateways write it: types by number, behind a length, with quotes', () => {
  const entry = (fields: number[], data: string): number[] => [fields.length, data.length, ...fields, ...utf8Bytes(data)]
  const parts = [
    entry([0x83], 'a'),
    entry([0x04, 0x83, 0x81, 0xea, 0x00], 'b'),
    entry([...utf8Bytes('x/y'), 0, 0x99, 0x41, 0], 'c'),
    entry([31, 4, 0x7f, 0x61, 0x2f, 0x62, 0], 'd'),
  ]
  expect(read({ kind: 'wsp' }, new Uint8Array([4, ...parts.flat()]), 2)).toEqual(['@4', 'a', '@12', 'b', 'x/y@22', 'c', 'a/b@32', 'd'])
})

test('what is no such body is refused, with the place', () => {
  const mime = (body: string): string[] => read({ kind: 'mime', boundary: 'b' }, utf8Bytes(body), 1000)
  expect(() => mime('x'.repeat(20_000))).toThrow(/byte \d+: no part begins within 16384 bytes/)
  expect(() => mime('--bb\r\n\r\n')).toThrow('a boundary is followed by other text')
  expect(() => mime(`--b${' '.repeat(300)}`)).toThrow('does not end')
  expect(() => mime(`--b\r\nX: ${'y'.repeat(20_000)}`)).toThrow('header fields of a part do not end')
  expect(() => mime('--b\r\nContent-Transfer-Encoding: base64\r\n\r\neA==')).toThrow('comes in base64')
  const wsp = (...octets: number[]): string[] => read({ kind: 'wsp' }, new Uint8Array(octets), 1000)
  expect(() => wsp(0x81, 0x81, 0x81, 0x81, 0x81, 1)).toThrow(CombinedError)
  expect(() => wsp(1, 0x82, 0x80, 0x80, 0x00, 1)).toThrow('bytes of header fields')
})

/** A transfer played by hand, up to the descriptor that came. */
function play(wish: Partial<DescriptorWish> = {}, settings: Partial<Settings> = {}, room = 1_000_000) {
  const machine = new DownloadClient({ ...SETTINGS, name: (key) => key, now: () => 0, ...settings })
  let id = 0
  let saved: TransferRecord | null = null
  const words = (effect: Effect): string[] => {
    if (effect.type === 'save') saved = JSON.parse(JSON.stringify(effect.record)) as TransferRecord
    if (effect.type === 'http') {
      id = effect.id
      const range = effect.headers.filter(([name]) => /range/i.test(name)).map(([, value]) => value)
      return [[effect.method, effect.url, ...range, effect.body].filter((word) => word !== '').join(' ')]
    }
    if (effect.type === 'take') return [effect.into === 'file' ? `file at ${String(effect.at)} within ${JSON.stringify(effect.within)}` : effect.into]
    return ['close', 'confirm', 'digest', 'done', 'timer'].includes(effect.type) ? [effect.type] : []
  }
  const feed = (input: Input): string[] => machine.input(input).flatMap(words)
  feed({ type: 'start', ask: { key: 'k', url: 'http://ads/x', pkgType: '', room, anew: false }, record: null, size: 0 })
  const head = (status: number, ...headers: (readonly [string, string])[]): string[] => feed({ type: 'head', id, httpStatus: status, headers })
  const FIELD = ['Content-Type', 'multipart/related; boundary=b'] as const
  const dd = buildDescriptor({ name: 'N', installNotifyUri: '/n', objects: [{ types: [TYPE], size: 100, uris: [WITH_IT] }], ...wish })
  return {
    feed,
    head,
    field: FIELD,
    begin: () => head(200, FIELD, ['ETag', '"v1"'], ['Content-Length', '500']),
    parts: (types: readonly [string, string] = [DD, TYPE], bytes = utf8Bytes(dd)) => feed({ type: 'parts', id, bytes, contentTypes: types, at: 300 }),
    chunk: (count: number) => feed({ type: 'chunk', id, count }),
    end: () => feed({ type: 'end', id }),
    lost: () => feed({ type: 'failed', id, failure: 'reset', text: 'lost' }),
    record: () => saved,
  }
}

describe('the transfer', () => {
  const FORM = '{"form":{"kind":"mime","boundary":"b"}'

  test('one GET brings both; the report is sent as ever', () => {
    const t = play()
    expect(t.begin()).toEqual(['parts'])
    expect(t.parts()).toEqual([`file at 0 within ${FORM},"at":null,"left":100}`])
    expect([t.chunk(100), t.end()]).toEqual([[], ['digest']])
    expect(t.feed({ type: 'digest', size: 100, sha256: 'ab' })).toEqual(['POST http://ads/n 900 Success'])
  })

  test('cut: it goes on by a range of the whole body; another body begins anew with its descriptor', () => {
    const t = play()
    t.begin()
    t.parts()
    t.chunk(40)
    expect(t.lost()).toEqual(['timer'])
    expect(t.feed({ type: 'timer', id: 'again' })).toEqual(['GET http://ads/x bytes=340- "v1"'])
    expect(t.head(206, t.field, ['Content-Range', 'bytes 340-499/500'], ['ETag', '"v1"'])).toEqual([`file at 40 within ${FORM},"at":340,"left":60}`])
    t.chunk(10)
    t.lost()
    t.feed({ type: 'timer', id: 'again' })
    expect(t.head(200, t.field, ['ETag', '"v2"'], ['Content-Length', '500'])).toEqual(['parts'])
    expect(t.parts()).toEqual([`file at 0 within ${FORM},"at":null,"left":100}`])
    expect(t.record()).toMatchObject({ etag: '"v2"', received: 0, restarts: 1 })
  })

  test('a process that comes back goes on in the middle', () => {
    const t = play()
    t.begin()
    t.parts()
    t.chunk(40)
    t.lost()
    const machine = new DownloadClient({ ...SETTINGS, name: (key) => key, now: () => 0 })
    const effects = machine.input({
      type: 'start',
      ask: { key: 'k', url: 'http://ads/x', pkgType: '', room: 1000, anew: false },
      record: t.record(),
      size: 40,
    })
    expect(effects.find(({ type }) => type === 'http')).toMatchObject({
      url: 'http://ads/x',
      headers: expect.arrayContaining([['Range', 'bytes=340-']]) as unknown,
    })
  })

  test('the user is asked while the body waits; one that did not wait is asked for again, and the user is not', () => {
    const t = play({}, { confirm: true })
    t.begin()
    expect(t.parts()).toEqual(['confirm'])
    expect(t.feed({ type: 'confirmed', yes: true })).toEqual([`file at 0 within ${FORM},"at":null,"left":100}`])
    const gone = play({}, { confirm: true })
    gone.begin()
    gone.parts()
    expect([gone.lost(), gone.feed({ type: 'confirmed', yes: true })]).toEqual([[], ['GET http://ads/x bytes=300- "v1"']])
    const no = play({}, { confirm: true })
    no.begin()
    no.parts()
    expect(no.feed({ type: 'confirmed', yes: false })).toEqual(['close', 'POST http://ads/n 902 User Cancelled'])
  })

  test('each way it can be wrong has its status, and the connection ends first', () => {
    const after = (t: ReturnType<typeof play>, ...parts: Parameters<typeof t.parts>): string[] => {
      t.begin()
      return t.parts(...parts)
    }
    expect(after(play({}, {}, 99))).toEqual(['close', 'POST http://ads/n 901 Insufficient memory'])
    expect(after(play({}, { accepts: () => false }))).toEqual(['close', 'POST http://ads/n 953 Non-Acceptable Content'])
    expect(after(play(), [DD, 'text/plain'])).toEqual(['close', 'POST http://ads/n 905 Attribute mismatch'])
    expect(after(play(), ['text/plain', TYPE])).toEqual(['close', 'done'])
    expect(after(play(), [DD, TYPE], utf8Bytes('<media><installNotifyURI>/n</installNotifyURI></media>'))).toEqual([
      'close',
      'POST http://ads/n 906 Invalid descriptor',
    ])
    const objects = [1, 2].map((order) => ({ types: [TYPE], size: 1, uris: ['o'], order }))
    expect(after(play({ version: '2.0', objects }), ['application/vnd.oma.dd2+xml', TYPE])).toEqual([
      'close',
      'POST http://ads/n 906 Invalid descriptor',
    ])
    expect(play().head(200, ['Content-Type', 'multipart/related'])).toEqual(['close', 'done'])
  })

  test('an object longer or shorter than its descriptor says is 905', () => {
    for (const count of [101, 99]) {
      const t = play()
      t.begin()
      t.parts()
      expect([...t.chunk(count), ...t.end()].at(-1)).toBe('POST http://ads/n 905 Attribute mismatch')
    }
  })
})
