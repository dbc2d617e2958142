// The NDJSON record: every export validates against the published schema, and what import reads back is what was exported.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { CaptureError, readBody, readCapture } from '../../core/evidence/import.ts'
import { RECORD, toRecord } from '../../core/evidence/record.ts'
import { jsonSchema } from '../../core/evidence/shape.ts'
import { bodies, detailOf, redactor } from './canaries.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/ndjson.md'), 'utf8')
const published = JSON.parse(/```json\n([\s\S]*?)\n```/.exec(page)?.[1] ?? '{}') as Record<string, unknown>
const schema = z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0])
const iso = (ms: number): string => new Date(ms).toISOString()
const options = { now: 1_790_000_000_000, ms: Date.parse }
const details = [...bodies().values()].map(({ bytes, encoding }, i) => detailOf(bytes, encoding, 'message', i + 1))
const lines = (redacted: boolean): string[] => {
  const tool = redactor()
  return details.map((detail) => JSON.stringify(toRecord(redacted ? tool.frame(detail) : detail, iso)))
}
const read = (text: string): ReturnType<typeof readCapture> => readCapture('x.ndjson', Buffer.from(text), options)

test('the published schema is the one in force', () => {
  expect(published).toEqual({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'dm-lab.trace', ...jsonSchema(RECORD) })
})

test.each([true, false])('every record validates against it (redacted: %s)', (redacted) => {
  for (const line of lines(redacted)) {
    const result = schema.safeParse(JSON.parse(line))
    expect(result.success ? [] : result.error.issues).toEqual([])
    expect((JSON.parse(line) as { redacted: boolean }).redacted).toBe(redacted)
  }
})

test('and the schema does refuse: a missing field, a wrong type, a wrong word', () => {
  const good = JSON.parse(lines(false)[0] ?? '{}') as Record<string, unknown>
  for (const change of [{ body: undefined }, { size: 'big' }, { direction: 'sideways' }, { at: 'yesterday' }, { version: 2 }]) {
    expect(schema.safeParse(JSON.parse(JSON.stringify({ ...good, ...change }))).success).toBe(false)
    expect(() => [...read(JSON.stringify({ ...good, ...change }))]).toThrow(CaptureError)
  }
})

test('import gives back what was exported, byte for byte', () => {
  const back = [...read(`${lines(false).join('\n')}\n\n`)]
  expect(back.map(({ seq }) => seq)).toEqual(details.map(({ row }) => row.seq))
  for (const [i, { entry, original }] of back.entries()) {
    const { row, bytes, startLine, headers, local, remote, cause, origin, findings, notes } = details[i] as (typeof details)[number]
    expect({ ...entry.row, seq: row.seq }).toEqual({ ...row, at: Math.trunc(row.at) })
    expect({ ...entry, row: 0 }).toEqual({ row: 0, bytes: new Uint8Array(bytes), startLine, headers, local, remote, cause, origin, findings, notes })
    expect(original).toEqual(new Uint8Array(bytes))
  }
})

test('a broken line is named with line and byte, and no row is given before it', () => {
  const [first = '', second = ''] = lines(false)
  const text = `${first}\n${second.slice(0, 50)}\n`
  expect(() => read(text)).toThrow(/^x\.ndjson: line 2, byte \d+: no JSON/)
  expect(() => read(`${first}\n{"schema":"other"}\n`)).toThrow(`x.ndjson: line 2, byte ${String(first.length + 1)}: is no "dm-lab.trace" object`)
  expect(() => read(first.replace('"version":1', '"version":7'))).toThrow(/has version 7; this program reads version 1/)
})

test('a single body comes as XML, WBXML or hexadecimal text; its direction is guessed from what it says', () => {
  const wbxml = bodies().get('wbxml inline')?.bytes ?? new Uint8Array()
  for (const bytes of [wbxml, Buffer.from(Buffer.from(wbxml).toString('hex')), bodies().get('xml')?.bytes ?? wbxml]) {
    const [only] = [...readCapture('one', bytes, options)]
    expect(only?.entry.row).toMatchObject({
      kind: 'message',
      direction: 'up',
      package: '#1',
      sessionId: '1A',
      device: 'IMEI:490154203237518',
      at: options.now,
    })
    expect(only?.entry.origin).toBe('import')
  }
  const down =
    '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><Target><LocURI>dev</LocURI></Target><Source><LocURI>http://s</LocURI></Source></SyncHdr><SyncBody><Final/></SyncBody></SyncML>'
  expect([...readCapture('down', Buffer.from(down), options)][0]?.entry.row).toMatchObject({ direction: 'down', device: 'dev', package: '' })
})

test('what is no capture is refused with place and reason', () => {
  const fails = (bytes: Uint8Array): string => {
    try {
      return `read ${String([...readCapture('f', bytes, options)].length)}`
    } catch (error) {
      return String(error)
    }
  }
  expect(fails(new Uint8Array())).toBe('CaptureError: f: byte 0: the file is empty')
  expect(fails(Buffer.from('hello'))).toMatch(/f: byte 0: neither XML nor WBXML nor hexadecimal text/)
  expect(fails(Buffer.from('<SyncML><SyncHdr>'))).toMatch(/f: byte 17: the document ends inside SyncHdr/)
  expect(() => readBody('f', Buffer.from('02 A4 0'), true)).toThrow(/f: byte 7: half an octet/)
  expect(() => readBody('f', Buffer.from('02 A4 zz'), true)).toThrow(/f: byte 6: character 0x7A is no hexadecimal digit/)
  expect(readBody('f', Buffer.from('0x02, 0xA4 01:6a;00 6d'), true).bytes).toEqual(Uint8Array.from([2, 0xa4, 1, 0x6a, 0, 0x6d]))
})
