// DMAcc MO 1.0 (OMA-TS-DM_StdObj-V1_2_1): accounts of servers. AAuthSecret and AAuthData have no Get and never leave the device.
import { interior, leaf } from '../describe.ts'
import type { Described } from '../describe.ts'
import type { Format } from '../value.ts'

export const DM_ACC = 'urn:oma:mo:oma-dm-dmacc:1.0'

const OPTIONAL = { least: 0, most: 1 } as const
const SOME = { least: 1, most: Infinity } as const
const ANY = { least: 0, most: Infinity } as const
const OPEN = 'Add Copy Delete Get Replace'

const field = (name: string, format: Format = 'chr'): Described => leaf(name, OPEN, format, { occurrence: OPTIONAL })
const secret = (name: string, format: Format): Described => leaf(name, 'Add Delete Replace', format, { occurrence: OPTIONAL })
const list = (name: string, least: 0 | 1, children: readonly Described[]): Described =>
  interior(name, OPEN, [interior('', OPEN, children, { occurrence: least === 1 ? SOME : ANY })], { occurrence: { least, most: 1 } })

/** The common parent `./DMAcc`, permanent; below it one dynamic node for each account. */
export const dmAcc = interior(
  'DMAcc',
  'Get',
  [
    interior(
      '',
      OPEN,
      [
        field('AppID'),
        field('ServerID'),
        field('Name'),
        field('PrefConRef'),
        list('ToConRef', 0, [field('ConRef')]),
        list('AppAddr', 1, [field('Addr'), field('AddrType'), list('Port', 0, [field('PortNbr')])]),
        field('AAuthPref'),
        list('AppAuth', 1, [field('AAuthLevel'), field('AAuthType'), field('AAuthName'), secret('AAuthSecret', 'chr'), secret('AAuthData', 'bin')]),
        interior('Ext', OPEN, [], { occurrence: OPTIONAL }),
      ],
      { occurrence: ANY, ddfName: DM_ACC, title: 'Account' },
    ),
  ],
  { path: '.', permanent: true, title: 'DMAcc' },
)
