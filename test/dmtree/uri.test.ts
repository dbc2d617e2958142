// URIs, values and stamps: small things that everything rests on.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stamp } from '../../core/dmtree/stamp.ts'
import { Tree } from '../../core/dmtree/tree.ts'
import { encodeSegment, formatUri, parseUri } from '../../core/dmtree/uri.ts'
import { sizeOf, valueProblem } from '../../core/dmtree/value.ts'

describe('URI', () => {
  it.each([
    ['.', []],
    ['./', []],
    ['./A/B', ['A', 'B']],
    ['A/B', ['A', 'B']],
    ['./A%2FB/C%20D', ['A/B', 'C D']],
    ['./Ä/%C3%84', ['Ä', 'Ä']],
    ['./a.b/...', ['a.b', '...']],
  ])('%s', (text, path) => {
    expect(parseUri(text).path).toEqual(path)
  })

  it.each([
    ['', 0],
    ['/A', 0],
    ['./A//B', 4],
    ['./A/', 4],
    ['./A/./B', 4],
    ['./A/../B', 4],
    ['./A/%2E%2E', 4],
    ['./A/x%zz', 5],
    ['./A/%FF', 4],
    ['./A/%00', 4],
    ['./A?x', 3],
    ['./A?prop', 3],
  ])('%s is malformed at character %i', (text, offset) => {
    expect(() => parseUri(text)).toThrow(expect.objectContaining({ status: 400, offset }))
  })

  it('reads ?prop= and ?list=', () => {
    expect(parseUri('./A?prop=ACL')).toMatchObject({ path: ['A'], prop: 'ACL' })
    expect(parseUri('.?list=Struct').list).toEqual({ kind: 'Struct', parts: null })
    expect(parseUri('./A?list=TNDS+Value+ACL').list).toEqual({ kind: 'TNDS', parts: new Set(['Value', 'ACL']) })
    expect(parseUri('./A?list=TNDS-Format').list?.parts?.has('Format')).toBe(false)
    expect(parseUri('./A?list=TNDS-Format').list?.parts?.size).toBe(6)
  })

  it('any path survives being written and read', () => {
    const name = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }).filter((text) => {
      try {
        new Tree().add(new Tree().root, text)
        return true
      } catch {
        return false
      }
    })
    fc.assert(
      fc.property(fc.array(name, { maxLength: 5 }), (path) => {
        expect(parseUri(formatUri(path)).path).toEqual(path)
        for (const segment of path.map(encodeSegment))
          expect(segment).not.toMatch(/[/?#% ]/.test(segment.replace(/%[0-9A-F]{2}/g, '')) ? /./ : /[/? #]/)
      }),
    )
  })
})

describe('values', () => {
  it.each([
    ['int', '-2147483648', '2147483648'],
    ['bool', 'false', 'yes'],
    ['float', '-1.5e3', '1,5'],
    ['date', '2008-06-17', '17.6.2008'],
    ['date', '20080617', '2008'],
    ['time', '12:30:00Z', 'noon'],
    ['null', '', 'x'],
    ['b64', 'aGk=', 'a'],
    ['chr', 'any thing', 'a\u0000b'],
    ['xml', '<a/>', '\ud800'],
  ] as const)('%s takes %s and not %j', (format, good, bad) => {
    expect(valueProblem(format, good)).toBeNull()
    expect(valueProblem(format, bad)).not.toBeNull()
  })

  it('Size counts bytes of UTF-8', () => {
    for (const text of ['', 'abc', 'äöü', '€', '😀x']) expect(sizeOf(text)).toBe(Buffer.byteLength(text))
  })

  it('stamps agree with the calendar of the host', () => {
    expect(stamp(Date.UTC(2001, 6, 11, 16, 38, 17))).toBe('20010711T163817Z')
    fc.assert(
      fc.property(fc.integer({ min: -2_000_000_000_000, max: 100_000_000_000_000 }), (ms) => {
        expect(stamp(ms)).toBe(new Date(ms).toISOString().replace(/\.\d+Z$|[-:]/g, (found) => (found.endsWith('Z') ? 'Z' : '')))
      }),
    )
  })
})
