// Suggestions while somebody types: what may stand at the caret, from the schema and from what the trace holds.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { complete } from '../../core/filter/complete.ts'
import { compile } from '../../core/filter/evaluate.ts'
import { ROWS } from '../../core/filter/rows.ts'

const live = (field: string): string[] => (field === 'device' ? ['IMEI:49', 'phone'] : field === 'cmd' ? ['Exec', 'Get'] : [])
/** `|` is the caret. */
function at(text: string): { from: number; to: number; inserts: string[] } {
  const caret = text.indexOf('|')
  const { from, to, items } = complete(text.replace('|', ''), caret, ROWS, live)
  return { from, to, inserts: items.map(({ insert }) => insert) }
}

describe('suggestions', () => {
  it.each<[string, [number, number], string[], string[]]>([
    ['|', [0, 0], ['seq', 'cmd'], ['&&', '==']],
    ['sta|', [0, 3], ['status', 'status.cmd'], ['cmd']],
    ['sta|tus', [0, 6], ['status', 'status.target'], ['cmd']],
    ['cmd |', [4, 4], ['==', 'in', '~', '&&'], ['<', 'cmd']],
    ['size |', [5, 5], ['<', '>='], ['~']],
    ['cmd == |', [7, 7], ['Exec', 'Get', 'Replace'], ['==']],
    ['cmd == Re|', [7, 9], ['Replace', 'Results'], ['Exec']],
    ['device == |', [10, 10], ['"IMEI:49"', 'phone'], ['Exec']],
    ['device == "IM|', [10, 13], ['"IMEI:49"'], ['phone']],
    ['lint.sev >= |', [12, 12], ['warn', 'error'], []],
    ['cmd == Exec |', [12, 12], ['&&', '||'], ['==', 'Exec']],
    ['cmd == Exec && d|', [15, 16], ['dir', 'device', 'dur', 'data'], ['==']],
    ['cmd in (|', [8, 8], ['Exec', 'Replace'], ['&&']],
    ['cmd in (Exec, |', [14, 14], ['Get'], ['&&']],
    ['cmd in (Exec |', [13, 13], [',', ')'], ['&&']],
    ['size > 5 |', [9, 9], ['KiB', '&&'], ['ms']],
    ['after(|', [6, 6], ['step "', '#'], ['cmd']],
    ['any(|', [4, 4], ['cmd', 'uri'], ['&&']],
    ['!|', [1, 1], ['cmd'], ['&&']],
    ['final == |', [9, 9], ['true', 'false'], []],
  ])('%s', (text, place, has, lacks) => {
    const { from, to, inserts } = at(text)
    expect([from, to]).toEqual(place)
    for (const insert of has) expect(inserts).toContain(insert)
    for (const insert of lacks) expect(inserts).not.toContain(insert)
  })

  it('never throws, and a suggested field with a suggested operator and value is a filter', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(60), (text, caret) => {
        const { from, to } = complete(text, Math.min(caret, text.length), ROWS, live)
        expect(from).toBeLessThanOrEqual(to)
      }),
    )
    for (const field of ROWS.fields.keys()) {
      const op = complete(`${field} `, field.length + 1, ROWS, live).items[0]?.insert ?? ''
      const start = `${field} ${op} `
      const value =
        complete(start, start.length, ROWS, live).items[0]?.insert ??
        new Map<string, string>([
          ['number', '1'],
          ['size', '1'],
          ['duration', '1'],
          ['time', '12:00'],
        ]).get(ROWS.fields.get(field)?.type ?? '') ??
        'x'
      expect(() => compile(`${start}${value}`, ROWS), `${start}${value}`).not.toThrow()
    }
  })
})
