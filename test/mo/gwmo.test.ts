// The tables of the gateway's objects: identifiers as registered, every row marked, every parent described before its children.
import { describe, expect, test } from 'vitest'
import { ALERTS, NODES, OBJECTS, PUSH_HEADER, STATES, alertOfType, modeName, stateWords } from '../../core/mo/gwmo.ts'
import { isInferred, markWords } from '../../core/mo/mark.ts'

describe('identifiers', () => {
  test('gw 1: the five roots carry exactly the registered identifiers', () => {
    expect(Object.values(OBJECTS).map(({ id }) => id)).toEqual([
      'urn:oma:mo:oma-gwmo-config:1.1',
      'urn:oma:mo:oma-gwmo-deviceinventory:1.1',
      'urn:oma:mo:oma-gwmo-edtrigger:1.0',
      'urn:oma:mo:oma-gwmo-fanout:1.0',
      'urn:oma:mo:oma-gwmo-imageinventory:1.0',
    ])
  })
  test('gw 2: alert types keep their letter case and stand where the registry puts the version', () => {
    expect(ALERTS.serverList.type).toBe('urn:oma:at:oma-gwmo:BootstrappedDMSList:1.0')
    expect(alertOfType(' urn:oma:at:oma-gwmo:deviceattached:1.0 ')).toBe('attached10')
    expect(alertOfType('urn:oma:at:oma-gwmo:DeviceAttached:1.0')).toBeNull()
    expect(alertOfType('Reversed-Domain-Name: urn:oma:at:oma-gwmo:imageready:1.0')).toBe('imageReady')
    expect(isInferred(ALERTS.registration.mark)).toBe(true)
    expect(Object.values(ALERTS).filter(({ mark }) => !isInferred(mark))).toHaveLength(8)
  })
  test('gw 3: the push header and its code', () => {
    expect(PUSH_HEADER).toMatchObject({ name: 'X-Oma-GwMO', code: 0x50 })
  })
})

test.each(Object.entries(NODES))('%s: parents stand before their children, every row says what it rests on', (_, rows) => {
  const seen = new Set<string>()
  for (const { path, mark, format } of rows) {
    if (path !== '') expect(seen, path).toContain(path.split('/').slice(0, -1).join('/'))
    seen.add(path)
    expect(markWords(mark)).toMatch(/^(CONFIRMED|INFERRED)/)
    if (rows.some((row) => row.path.startsWith(`${path}/`))) expect(format).toBe('node')
  }
  expect(rows[0]?.path).toBe('')
})
test('states and modes in words', () => {
  expect(stateWords('response', 35)).toContain('late alert')
  expect(stateWords('image', 99)).toBe('')
  expect([0, 1, 2, 3].map(modeName)).toEqual(['transparent', 'proxy', 'adaptation', ''])
  expect(Object.values(STATES).every(({ mark }) => isInferred(mark))).toBe(true)
})
