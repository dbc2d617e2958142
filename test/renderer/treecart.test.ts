// The change cart: commands made from forms, values typed by format, order, outcomes with their codes explained.
import { describe, expect, it } from 'vitest'
import type { OrderRow, TreeNode } from '../../core/api.ts'
import {
  advice,
  base64,
  childUri,
  commandOf,
  formFor,
  fromPicker,
  line,
  moved,
  octets,
  outcome,
  outcomes,
  plan,
  toPicker,
  widgetFor,
  type Form,
} from '../../renderer/model/cart.ts'

const leaf: TreeNode = {
  uri: './DevDetail/FwV',
  name: 'FwV',
  kind: 'leaf',
  format: 'chr',
  type: 'text/plain',
  value: '4.1.2',
  size: 5,
  status: 'fetched',
  seq: 1,
  at: 1,
  children: null,
  changed: false,
}
const form = (kind: Form['kind'], more: Partial<Form> = {}): Form => ({ ...formFor(kind, leaf, null), ...more })
const order = (state: OrderRow['state'], commands: [string, string, number, string?][], more: Partial<OrderRow> = {}): OrderRow => ({
  id: '1',
  device: 'd',
  createdAt: 1,
  mode: 'single',
  state,
  sessionId: '',
  commands: commands.map(([kind, locUri, code, why = '']) => ({ kind, locUri, code, data: '', why })),
  code: 0,
  ...more,
})

describe('commands', () => {
  it('are what a form says: Meta only where it differs, properties without any', () => {
    expect(commandOf(form('Get'))).toEqual({ kind: 'Get', locUri: './DevDetail/FwV' })
    expect(commandOf(form('Get', { property: 'ACL' }))).toEqual({ kind: 'Get', locUri: './DevDetail/FwV?prop=ACL' })
    expect(commandOf(form('Replace', { data: '5' }))).toEqual({ kind: 'Replace', locUri: './DevDetail/FwV', data: '5' })
    expect(commandOf(form('Replace', { format: 'int', type: 'text/x', data: '' }))).toEqual({
      kind: 'Replace',
      locUri: './DevDetail/FwV',
      format: 'int',
      type: 'text/x',
      data: '',
    })
    expect(commandOf(form('Replace', { property: 'ACL', data: 'Get=*' }))).toEqual({
      kind: 'Replace',
      locUri: './DevDetail/FwV?prop=ACL',
      data: 'Get=*',
    })
    expect(commandOf(form('Exec', { format: 'chr', data: '' }))).toEqual({ kind: 'Exec', locUri: './DevDetail/FwV' })
    expect(commandOf(form('Copy', { name: './A' }))).toEqual({ kind: 'Copy', locUri: './A', source: './DevDetail/FwV' })
    expect(commandOf(form('Delete'))).toEqual({ kind: 'Delete', locUri: './DevDetail/FwV' })
  })
  it('add children whose names are escaped once', () => {
    const root = { ...leaf, uri: '.', kind: 'interior' as const, format: 'node', value: null }
    expect(commandOf({ ...formFor('Add', root, null), name: 'Wi/Fi 5%', format: 'node' })).toEqual({
      kind: 'Add',
      locUri: './Wi%2FFi 5%25',
      format: 'node',
    })
    expect(commandOf({ ...formFor('Add', root, null), name: 'n', data: 'v' })).toEqual({ kind: 'Add', locUri: './n', data: 'v' })
    expect(childUri('./A', 'B')).toBe('./A/B')
  })
  it('begin with what is known, but never with a part of a value', () => {
    expect(formFor('Replace', leaf, null).data).toBe('4.1.2')
    expect(formFor('Replace', { ...leaf, size: 9000 }, null).data).toBe('')
    expect(formFor('Replace', { ...leaf, kind: 'interior', format: 'node', value: null }, null).property).toBe('ACL')
    const described = {
      schema: 's',
      title: '',
      text: '',
      formats: ['int'],
      types: ['a/b'],
      access: [],
      occurrence: 'One',
      most: 1,
      permanent: false,
      defaultValue: null,
      children: [],
    }
    expect(formFor('Replace', { ...leaf, format: '', type: '' }, described)).toMatchObject({ format: 'int', type: 'a/b' })
  })
  it('read as one line, move within the list and not beyond it', () => {
    const entries = ['a', 'b', 'c'].map((uri, key) => ({ key, command: { kind: 'Get' as const, locUri: uri } }))
    const keys = (step: number): number[] => moved(entries, 1, step).map((one) => one.key)
    expect([keys(-1), keys(1), keys(9), keys(0)]).toEqual([
      [1, 0, 2],
      [0, 2, 1],
      [0, 2, 1],
      [0, 1, 2],
    ])
    expect(line({ kind: 'Copy', locUri: './b', source: './a' })).toBe('Copy ./a to ./b')
    expect(plan({ mode: 'atomic', when: 'wake now', commands: entries.map((one) => one.command) })).toBe(
      '3 commands, all or nothing, the device is woken now',
    )
  })
})

describe('values', () => {
  it('have an input that suits their format, and text where they do not fit it', () => {
    expect(['bool', 'int', 'date', 'time', 'bin', 'xml', 'null', 'chr'].map((format) => widgetFor(format, ''))).toEqual([
      'bool',
      'number',
      'date',
      'time',
      'octets',
      'xml',
      'none',
      'text',
    ])
    expect(widgetFor('bool', 'maybe')).toBe('text')
    expect(widgetFor('int', '1e3')).toBe('text')
    expect(widgetFor('date', 'tomorrow')).toBe('text')
    expect(widgetFor('chr', 'a\nb')).toBe('lines')
  })
  it('keep the spelling of dates and times that the node had', () => {
    expect(toPicker('date', '20260131')).toBe('2026-01-31')
    expect(fromPicker('date', '2026-02-01', '20260131')).toBe('20260201')
    expect(fromPicker('date', '2026-02-01', '2026-01-31')).toBe('2026-02-01')
    expect(toPicker('time', '235959')).toBe('23:59:59')
    expect(fromPicker('time', '12:30', '')).toBe('12:30:00')
    expect(fromPicker('time', '12:30', '101010')).toBe('123000')
  })
  it('are advised on, never refused', () => {
    expect(
      [advice('bool', 'true'), advice('int', '-7'), advice('float', '1.5e3'), advice('date', '20260131'), advice('time', '101010Z')].join(''),
    ).toBe('')
    for (const [format, data] of [
      ['bool', 'yes'],
      ['int', 'x'],
      ['float', '1,5'],
      ['date', 'x'],
      ['time', '1'],
      ['bin', '???'],
      ['null', 'x'],
    ] as const)
      expect(advice(format, data)).toContain('sent as typed')
  })
  it('of octets go to base64 and back', () => {
    const all = Uint8Array.from({ length: 20_000 }, (_, i) => i & 255)
    expect(octets(base64(all))).toEqual(all)
    expect(octets('no base64!')).toBeNull()
  })
})

describe('outcomes', () => {
  it('explain the code and say why, as the lab says it', () => {
    const refused = order('done', [['Replace', './A', 425, 'the ACL of ./A gives Replace to nobody']])
    expect(outcome(refused, 0)).toMatchObject({ kind: 'Replace', word: '425', tone: 'bad', code: 425 })
    expect(outcome(refused, 0).text).toMatch(/^425 Permission denied\. .*The ACL of \.\/A/)
    expect(outcome(order('done', [['Get', './A', 200]]), 0).tone).toBe('good')
    expect(outcome(order('done', [['Get', './A', 699]]), 0).text).toContain('no document defines')
  })
  it('tell waiting, sent and lost apart where no code came', () => {
    const of = (state: OrderRow['state']): string => outcome(order(state, [['Get', './A', 0]]), 0).word
    expect([of('queued'), of('sent'), of('unknown'), of('failed'), of('done')]).toEqual(['queued', 'sent', 'unknown', 'no status', 'no status'])
    expect(outcome(order('unknown', [['Get', './A', 0]]), 0).text).toContain('not known')
  })
  it('stand at the node of the newest command, also for its properties', () => {
    const newest = order('queued', [['Get', './A?prop=ACL', 0]])
    const older = order('done', [
      ['Replace', './A', 200],
      ['Add', './B', 418],
      ['Replace', './B', 200],
    ])
    const all = outcomes([newest, older])
    expect(all.get('./A')).toMatchObject({ kind: 'Get', word: 'queued' })
    expect(all.get('./B')).toMatchObject({ kind: 'Replace', word: '200' })
  })
})
