// Values that a fan-out brought back: our own short form, Results as devices write them, and what is none.
import { expect, test } from 'vitest'
import { readAggregation } from '../../core/gateway/payloads.ts'
import { valuesIn } from '../../core/gateway/results.ts'
import { heard } from '../../core/lab/fanoutdevices.ts'

const SHORT = '<Status cmd="1" name="Get">200</Status><Results><Source>./DevInfo/Mod</Source><Data>a &lt;b&gt;</Data></Results>'

test('Source and Data, in Results or in its Items', () => {
  expect(valuesIn(SHORT)).toEqual([{ uri: './DevInfo/Mod', data: 'a <b>' }])
  const item = '<Item><Source><LocURI>./A</LocURI></Source><Data>1</Data></Item>'
  expect(valuesIn(`<Results><CmdID>1</CmdID><SourceRef>./B</SourceRef>${item}<Item><Data>2</Data></Item></Results>`)).toEqual([
    { uri: './A', data: '1' },
    { uri: './B', data: '2' },
  ])
})

test('what holds no Results, or cannot be read, tells nothing', () => {
  expect([valuesIn(''), valuesIn('<Status>200</Status>'), valuesIn('<Results><Source>'), valuesIn('<Results/>')]).toEqual([[], [], [], []])
})

test('gw 57: with return format 3 the row of a device keeps what its Gets brought, also when a later report tells none', () => {
  const report = (inner: string): string => `<FanoutResult final="false"><Device id="d" code="200">${inner}</Device></FanoutResult>`
  const [full] = readAggregation(report(SHORT)).devices
  const [bare] = readAggregation(report('')).devices
  if (full === undefined || bare === undefined) throw new Error('no device')
  const first = heard(undefined, full)
  expect(first).toMatchObject({ deviceId: 'd', values: [{ uri: './DevInfo/Mod', data: 'a <b>' }] })
  expect(heard(first, bare).values).toEqual(first.values)
})
