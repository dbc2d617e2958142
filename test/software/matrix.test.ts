// All operations in all states, as the tables say: what may begin begins, what may not is refused and changes nothing.
import { describe, expect, test } from 'vitest'
import { FUMO_MATRIX } from '../../core/mo/fumo.ts'
import { COLUMN, PRIMITIVES, SCOMO_MATRIX } from '../../core/mo/scomo.ts'
import type { StateRow } from '../../core/mo/scomo.ts'
import { saveTree } from '../../core/dmtree/state.ts'
import { markWords } from '../../core/mo/mark.ts'
import { Bench, DOWNLOAD, DELIVERED, MAIN } from './bench.ts'

/** A device whose object stands in that situation. */
function standing(place: StateRow['place'], state: number | null, status: number): { readonly bench: Bench; readonly uri: string } {
  const bench = new Bench()
  const uri = place === 'Download' ? bench.package() : place === 'Deployed' ? bench.deployed() : `${DELIVERED}/x`
  if (place === 'Delivered' && state === null) bench.add(uri)
  else if (place === 'Delivered') bench.direct('x')
  if (state !== null) bench.force(`${uri}/State`, String(state))
  bench.force(`${uri}/Status`, String(status))
  // Without bytes there is no file either.
  if (place === 'Delivered' && status === 60) bench.agent.state().files = {}
  return { bench, uri }
}

const frozen = (bench: Bench): string => JSON.stringify(saveTree(bench.client.device.tree))

describe('SCOMO', () => {
  const cells = SCOMO_MATRIX.flatMap((row) =>
    row.states.flatMap((state) =>
      row.statuses.flatMap((status) => [
        ...PRIMITIVES.filter(({ place }) => place === row.place).map(({ name }) => [row, state, status, name, row.allows[COLUMN[name]]] as const),
        ...(row.place === 'Delivered' ? [[row, state, status, 'Replace Data', row.allows['Replace Data']] as const] : []),
      ]),
    ),
  )
  test.each(
    cells.map(
      ([row, state, status, what, allowed]) =>
        [
          `${row.place} ${String(state)}/${String(status)} ${what}: ${String(allowed)} (${markWords(row.mark).slice(0, 9)})`,
          row,
          state,
          status,
          what,
          allowed,
        ] as const,
    ),
  )('sc 20: %s', (_title, row, state, status, what, allowed) => {
    const { bench, uri } = standing(row.place, state, status)
    const before = frozen(bench)
    const code =
      what === 'Replace Data'
        ? bench.replace(`${uri}/Data`, new TextEncoder().encode('antivir-2.1'), { format: 'bin' })
        : bench.exec(`${uri}/Operations/${what}`, 'c')
    if (allowed === 403) {
      expect([code, frozen(bench) === before, bench.pump().told, bench.asks]).toEqual(['403', true, [], []])
      return
    }
    expect([allowed, code]).toEqual(['ok', what === 'Replace Data' ? '200' : '202'])
    expect(bench.pump().told.map((text) => text.slice(0, 6))).toEqual(what === 'Replace Data' ? [] : ['c 1200'])
    expect(what === 'Replace Data' ? bench.at(uri) : '10/10').toBe('10/10')
  })

  test('there is no operation the matrix leaves out', () => {
    for (const { place, name } of PRIMITIVES)
      for (const row of SCOMO_MATRIX.filter((each) => each.place === place))
        expect([place, name, row.allows[COLUMN[name]] !== undefined]).toEqual([place, name, true])
  })

  test('sc 31: Delete of a package, by Status', () => {
    for (const { place, states, statuses } of SCOMO_MATRIX.filter((row) => row.place !== 'Deployed'))
      for (const state of states)
        for (const status of statuses) {
          const { bench, uri } = standing(place, state, status)
          const held = place === 'Download' ? [30, 35, 50].includes(status) : [30, 40].includes(status)
          expect([place, state, status, bench.remove(uri), bench.at(uri) === 'gone']).toEqual([place, state, status, held ? '403' : '200', !held])
        }
  })

  test('one thing at a time: while an order is under way every other is refused, whatever the Status says', () => {
    const bench = new Bench({ consent: 'always' })
    const uri = bench.package()
    expect([bench.exec(`${uri}/Operations/Download`, 'a'), bench.exec(`${uri}/Operations/DownloadInstall`, 'b'), bench.at(uri)]).toEqual([
      '202',
      '403',
      '-/10',
    ])
    bench.add(`${DOWNLOAD}/other`)
    bench.add(`${DOWNLOAD}/other/PkgURL`, 'http://ads.example/suite-1')
    expect(bench.exec(`${DOWNLOAD}/other/Operations/Download`, 'c')).toBe('202')
  })
})

describe('FUMO', () => {
  const firmware = (state: number): Bench => {
    const bench = new Bench()
    bench.replace(`${MAIN}/Download/PkgURL`, 'http://ads.example/fw-3.2.bin')
    bench.replace(`${MAIN}/DownloadAndUpdate/PkgURL`, 'http://ads.example/fw-3.2.bin')
    if ([40, 50, 70, 90].includes(state)) bench.agent.state().files[MAIN] = bench.double.store.put('fw', new Uint8Array(3))
    bench.force(`${MAIN}/State`, String(state))
    return bench
  }
  const cells = FUMO_MATRIX.flatMap((row) =>
    row.states.flatMap((state) =>
      (['url', 'data', 'Download', 'Update', 'DownloadAndUpdate'] as const).map((what) => [state, what, row[what]] as const),
    ),
  )
  test.each(cells)('fu 18: State %i, %s: %i', (state, what, wanted) => {
    const bench = firmware(state)
    const before = frozen(bench)
    const code =
      what === 'url'
        ? bench.replace(`${MAIN}/Download/PkgURL`, 'http://ads.example/fw-4.0.bin')
        : what === 'data'
          ? bench.replace(`${MAIN}/Update/PkgData`, new Uint8Array([1]), { format: 'bin' })
          : bench.exec(`${MAIN}/${what}`, 'c')
    if (wanted === 403) {
      expect([code, frozen(bench) === before, bench.pump().told]).toEqual(['403', true, []])
      return
    }
    if (what === 'url' || what === 'data') expect([code, bench.get(`${MAIN}/State`)]).toEqual(['200', String(wanted)])
    else expect([code, bench.pump().told]).toEqual(['202', ['c 200']])
  })

  test('fu 17: a new URL drops the package that waited; without one a new download is refused and the package kept', () => {
    for (const state of [40, 50]) {
      const bench = firmware(state)
      expect([bench.exec(`${MAIN}/Download`), bench.exec(`${MAIN}/DownloadAndUpdate`), bench.double.files.size]).toEqual(['403', '403', 1])
      expect([
        bench.replace(`${MAIN}/Download/PkgURL`, 'http://ads.example/fw-4.0.bin'),
        bench.get(`${MAIN}/State`),
        bench.double.files.size,
      ]).toEqual(['200', '10', 0])
    }
  })
})
