// The tables of software objects: whole, unambiguous, marked; and the document made of them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CAUSES } from '../../core/mo/cause.ts'
import { codeGood, codeWords, resultCode } from '../../core/mo/codes.ts'
import { FUMO_CODES, FUMO_MATRIX, FUMO_NODES, FUMO_OF_CAUSE, FUMO_STATES, fumoOfDownload } from '../../core/mo/fumo.ts'
import { fumoComplete, fumoRequestBy, completeText, isComplete, readComplete, readRequest, requestBy, requestText } from '../../core/mo/alerts.ts'
import {
  DELIVERED_STATE,
  DELIVERED_STATUS,
  DEPLOYED_STATUS,
  DOWNLOAD_STATUS,
  SCOMO_CODES,
  SCOMO_MATRIX,
  SCOMO_NODES,
  SCOMO_OF_CAUSE,
  scomoOfDownload,
} from '../../core/mo/scomo.ts'
import { renderMatrix } from '../support/softwarematrix.ts'

test('docs/software-matrix.md is up to date (node test/software.mjs writes it)', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/software-matrix.md'), 'utf8')).toBe(renderMatrix())
})

test('every situation stands in exactly one row, every number is covered', () => {
  const keys = SCOMO_MATRIX.flatMap(({ place, states, statuses }) =>
    states.flatMap((state) => statuses.map((status) => `${place} ${String(state)} ${String(status)}`)),
  )
  expect(new Set(keys).size).toBe(keys.length)
  const statuses = (place: string): number[] =>
    [...new Set(SCOMO_MATRIX.filter((row) => row.place === place).flatMap((row) => [...row.statuses]))].sort((a, b) => a - b)
  expect(statuses('Download')).toEqual(DOWNLOAD_STATUS.map(({ value }) => value))
  // 70 is what one client sends for 60: never ours.
  expect([...statuses('Delivered'), 70]).toEqual(DELIVERED_STATUS.map(({ value }) => value))
  expect(statuses('Deployed')).toEqual(DEPLOYED_STATUS.map(({ value }) => value))
  expect(FUMO_MATRIX.flatMap((row) => [...row.states]).sort((a, b) => a - b)).toEqual(FUMO_STATES.map(({ value }) => value))
  expect(DELIVERED_STATE.map(({ value }) => value)).toEqual([10, 20])
})

test('nodes name their parents first', () => {
  for (const rows of [SCOMO_NODES, FUMO_NODES]) {
    const seen = new Set<string>()
    for (const { path } of rows) {
      const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
      expect([path, path === '' || seen.has(parent)]).toEqual([path, true])
      seen.add(path)
    }
  }
})

describe('codes', () => {
  test('in words, ranges too', () => {
    expect([codeWords(1405), codeWords(1277), codeWords(1463), codeWords(410), codeWords(0), codeWords(1999)]).toEqual([
      'install failed',
      'success, vendor code',
      'client error, vendor code',
      'update failed',
      '',
      'unknown result 1999',
    ])
    expect([200, 202, 250, 1200, 1299, 1400, 410].map(codeGood)).toEqual([true, false, true, true, true, false, false])
    expect(resultCode(1455)?.words).toContain('does not fit')
  })

  test('every cause of a failed download has a code of its object', () => {
    for (const cause of CAUSES.filter((each) => each !== 'ok')) {
      const [software, firmware] = [SCOMO_OF_CAUSE.get(cause), FUMO_OF_CAUSE.get(cause)]
      expect([cause, SCOMO_CODES.some(({ code }) => code === software), FUMO_CODES.some(({ code }) => code === firmware)]).toEqual([
        cause,
        true,
        true,
      ])
    }
    expect([scomoOfDownload(900, 'ok'), fumoOfDownload(900, 'ok'), scomoOfDownload(901, 'memory'), fumoOfDownload(951, 'ok')]).toEqual([
      1200, 200, 1404, 405,
    ])
  })
})

describe('alerts', () => {
  test('types bare, prefixed, padded and pre-final', () => {
    const type = 'urn:oma:at:scomo:1.0:OperationComplete'
    expect(
      [type, ` ${type} `, `Reversed-Domain-Name: ${type}`, 'org.openmobilealliance.dm.softwarecomponent.OperationComplete', 'other'].map(isComplete),
    ).toEqual([true, true, true, true, false])
    expect(fumoComplete('Reversed-Domain-Name: org.openmobilealliance.dm.firmwareupdate.update')).toBe('Update')
    expect(fumoComplete('org.openmobilealliance.firmwareupdate.downloadandupdate')).toBe('DownloadAndUpdate')
    expect(fumoRequestBy('org.openmobilealliance.firmwareupdate.userrequest')).toBe('user')
    expect([requestBy('urn:oma:at:scomo:1.0:UserRequest'), fumoRequestBy('org.openmobilealliance.dm.firmwareupdate.devicerequest')]).toEqual([
      'user',
      'device',
    ])
  })

  test('results and requests survive markup, order and wrappers', () => {
    expect(readComplete(completeText(1200, 'a<b&c'))).toEqual({ code: 1200, identifier: 'a<b&c' })
    expect(readComplete('<x:Result><Identifier> id </Identifier><ResultCode>1405</ResultCode></x:Result>')).toEqual({ code: 1405, identifier: 'id' })
    expect([readComplete('nonsense'), readRequest('<ScomoRequest><Operation>Fly</Operation></ScomoRequest>')]).toEqual([null, null])
    const request = { operation: 'Update', pkgId: 'p&q', id: 'com.x', version: '2.0' } as const
    expect(readRequest(requestText(request))).toEqual(request)
    expect(readRequest('  ')).toEqual({ operation: 'CheckUpdate' })
  })
})
