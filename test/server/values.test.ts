// What the server remembers of values: text as it is, octets as base64, trees as XML, and never an exception on what a peer may send.
import { expect, test } from 'vitest'
import { textOfData, valuesOf, valuesWritten } from '../../core/server/values.ts'
import type { Element } from '../../core/syncml/element.ts'
import type { Request } from '../../core/syncml/message.ts'

const element = (name: string, text: string, vocabulary: Element['vocabulary'] = 'dmddf'): Element => ({
  vocabulary,
  name,
  text,
  children: [],
  start: 0,
  end: 0,
})

test('text, octets, octets that were UTF-8, a tree', () => {
  expect([textOfData(undefined), textOfData('a'), textOfData(Uint8Array.of(1, 2)), textOfData(' ', 'bin')]).toEqual(['', 'a', 'AQI=', 'IA=='])
  expect(textOfData([element('VerDTD', '1.2')])).toContain('>1.2</VerDTD>')
})

test('a tree with elements that XML cannot name (unknown WBXML tokens) gives its text', () => {
  expect(textOfData([element('?0:0x30', 'inside', 'other')])).toBe('inside')
})

test('Results without a Source tell no value; Meta of the command counts where an Item has none', () => {
  expect(valuesOf('D', [{ data: 'x' }, { source: { locUri: './A' }, data: '7' }], { format: 'int' }, 5)).toEqual([
    { device: 'D', uri: './A', format: 'int', type: 'text/plain', data: '7', at: 5 },
  ])
})

test('only leaves that Add and Replace wrote are known afterwards', () => {
  const command = (kind: 'Add' | 'Delete', format: string, uri: string): Request => ({
    kind,
    cmdId: '1',
    items: [{ target: { locUri: uri }, meta: { format }, data: 'v' }],
  })
  expect(valuesWritten('D', command('Add', 'chr', './A'), 1)).toHaveLength(1)
  expect(
    [command('Add', 'node', './A'), command('Delete', 'chr', './A'), command('Add', 'chr', './A?prop=ACL')].flatMap((one) =>
      valuesWritten('D', one, 1),
    ),
  ).toEqual([])
})
