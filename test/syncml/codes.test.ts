// The code tables: complete, each row whole, and found through the look-ups.
import { describe, expect, test } from 'vitest'
import { ALERT_CODES, ALERT_TYPES, alert, alertType, status, STATUS_CODES } from '../../core/syncml/codes.ts'

describe('tables', () => {
  test('every status code of the representation protocol is there', () => {
    const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
    const all = [101, ...range(200, 217), ...range(300, 305), ...range(400, 428), ...range(500, 514), 516, 517]
    expect([...STATUS_CODES.keys()].sort((a, b) => a - b)).toEqual(all)
  })

  test.each([
    ['status', STATUS_CODES],
    ['alert', ALERT_CODES],
  ])('each %s row has a name, a sentence and its source', (_, table) => {
    for (const [code, row] of table) {
      expect(row.code).toBe(code)
      expect(row.name).toMatch(/^[A-Z]/)
      expect(row.meaning).toMatch(/^[A-Z].*\.$/)
      expect(row.cause).toMatch(/^$|^[A-Z?].*\.$/)
      expect([row.document, row.clause]).not.toContain('')
    }
  })

  test('the codes DM uses are marked', () => {
    const used = [...STATUS_CODES.values()].filter((row) => row.used).map((row) => row.code)
    expect(used).toEqual(
      expect.arrayContaining([
        200, 202, 212, 213, 214, 215, 216, 304, 400, 401, 404, 405, 406, 407, 408, 411, 412, 413, 414, 415, 416, 418, 420, 424, 425,
      ]),
    )
    expect(used).not.toContain(201)
    expect([...STATUS_CODES.values()].filter((row) => row.standing === 'INFERRED').map((row) => row.code)).toEqual([217])
  })
})

describe('look-ups', () => {
  test('statuses, with results of management objects behind them', () => {
    expect(status(401)).toMatchObject({ name: 'Invalid credentials', cause: expect.stringContaining('nonce') as string })
    expect(status(1200)).toMatchObject({ name: 'Success', document: 'SCOMO' })
    expect(status(1777)).toMatchObject({ name: 'Application specific' })
    expect([status(299), status(NaN), status(2000)]).toEqual([undefined, undefined, undefined])
  })

  test('alerts, reserved ones too', () => {
    expect(alert(1201)?.name).toBe('Client-initiated management')
    expect(alert(1150)).toMatchObject({ name: 'Reserved', used: false })
    expect(alert(1221)).toMatchObject({ standing: 'INFERRED' })
    expect([alert(1300), alert(1150.5), alert(200)]).toEqual([undefined, undefined, undefined])
  })

  test('alert types, with and without the prefix', () => {
    expect(alertType('Reversed-Domain-Name: org.openmobilealliance.dm.firmwareupdate.download')?.enabler).toBe('FUMO')
    expect(alertType(' URN:OMA:AT:SCOMO:1.0:OperationComplete ')?.enabler).toBe('SCOMO')
    expect(alertType('org.example.other')).toBeUndefined()
    expect(new Set(ALERT_TYPES.map(({ type }) => type)).size).toBe(ALERT_TYPES.length)
  })
})
