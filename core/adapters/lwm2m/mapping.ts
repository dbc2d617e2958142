// What management-object operations become on a LwM2M device: Device (3), Firmware Update (5), Software Management (9). Data only; every row is a choice of this product.
import { inferred } from '../../mo/mark.ts'
import type { Act, MapRow, Pairs } from '../rows.ts'

const DEVICE = inferred('OMA leaves adapting to others (gwmo sheet 0.3); the resource of object 3 that says what the leaf asks for')
const SOFTWARE = inferred('OMA leaves adapting to others; object 9 has the same primitives as SCOMO')
const FIRMWARE = inferred('OMA leaves adapting to others; object 5 has the same primitives as FUMO')

/** Ends of a software download, `Update State/Update Result` of object 9, to result codes of SCOMO. */
const DOWNLOADED: Pairs<number> = {
  '3/*': 1200,
  '*/50': 1404,
  '*/51': 1404,
  '*/52': 1402,
  '*/53': 1402,
  '*/54': 1413,
  '*/56': 1402,
  '*/57': 1412,
}
const INSTALLED: Pairs<number> = { '4/*': 1200, '*/50': 1406, '*/51': 1406, '*/57': 1405, '*/58': 1405 }
const REMOVED: Pairs<number> = { '0/*': 1200, '*/59': 1408, '*/57': 1408 }
/** The same, for the Status of a Replace. */
const WRITTEN: Pairs<number> = { '3/*': 200, '*/50': 420, '*/51': 420, '*/52': 500, '*/53': 500, '*/54': 415, '*/57': 500 }

/** Ends of a firmware download, `State/Update Result` of object 5, to result codes of FUMO. */
const FETCHED: Pairs<number> = {
  '2/*': 200,
  '0/2': 501,
  '0/3': 501,
  '0/4': 503,
  '0/5': 402,
  '0/6': 405,
  '0/7': 411,
  '0/8': 410,
  '0/9': 411,
}
const UPDATED: Pairs<number> = { '0/1': 200, '0/2': 502, '0/3': 502, '0/5': 402, '0/6': 405, '0/8': 410, '2/2': 502, '2/3': 502, '2/8': 410 }
const LOADED: Pairs<number> = { '2/*': 200, '0/2': 420, '0/3': 420, '0/4': 500, '0/5': 500, '0/6': 415 }

/** `State/Update Result` of object 5 as State of FUMO (fumo sheet 3). */
const FUMO_STATE: Pairs<string> = {
  '0/0': '10',
  '0/1': '100',
  '0/8': '80',
  '0/*': '20',
  '1/*': '30',
  '2/8': '70',
  '2/*': '50',
  '3/*': '60',
}

const MINUTES = 60
const read = (node: string, path: string): MapRow => ({ on: 'Get', node, acts: [{ do: 'get', path }], mark: DEVICE })
const software = (ends: Pairs<number>, seconds: number): Act => ({ do: 'watch', state: '/9/{X}/7', result: '/9/{X}/9', ends, seconds })
const firmware = (ends: Pairs<number>, seconds: number): Act => ({ do: 'watch', state: '/5/0/3', result: '/5/0/5', ends, seconds })
const deployed = (name: string): string => `./SCOMO/Inventory/Deployed/<X>/${name}`
const delivered = (name: string): string => `./SCOMO/Inventory/Delivered/<X>/${name}`
const download = (name: string): string => `./SCOMO/Download/<X>/Operations/${name}`

const fetches: readonly Act[] = [
  { do: 'set', path: '/9/{X}/3', leaf: './SCOMO/Download/{X}/PkgURL', push: '/9/{X}/2' },
  software(DOWNLOADED, 30 * MINUTES),
  { do: 'stage', node: './SCOMO/Inventory/Delivered/{X}', value: '' },
  { do: 'stage', node: './SCOMO/Inventory/Delivered/{X}/PkgID', value: '{X}' },
]
const installs: readonly Act[] = [{ do: 'exec', path: '/9/{X}/4', argument: '' }, software(INSTALLED, 10 * MINUTES)]
const deactivates: Act = { do: 'exec', path: '/9/{X}/11', argument: '' }
const uninstalls: readonly Act[] = [{ do: 'exec', path: '/9/{X}/6', argument: '' }, software(REMOVED, 60)]
const firmwareFetch = (leaf: string): readonly Act[] => [
  // An empty URI puts the object back to Idle, whatever it held.
  { do: 'set', path: '/5/0/1', value: '' },
  { do: 'set', path: '/5/0/1', leaf, push: '/5/0/0' },
  firmware(FETCHED, 30 * MINUTES),
]
const updates: readonly Act[] = [{ do: 'exec', path: '/5/0/2', argument: '' }, firmware(UPDATED, 30 * MINUTES)]
const long = { later: 'scomo', failed: 1405, mark: SOFTWARE } as const
const longFirmware = { later: 'fumo', failed: 409, mark: FIRMWARE } as const

/** All rows. `<X>` below SCOMO is the name the server chose, PkgName of an instance, or an instance's number. */
export const LWM2M_ROWS: readonly MapRow[] = [
  { on: 'Get', node: './DevInfo', acts: [{ do: 'answer', value: 'DevId/Man/Mod/DmV' }], format: 'node', mark: DEVICE },
  read('./DevInfo/DevId', 'endpoint'),
  read('./DevInfo/Man', '/3/0/0'),
  read('./DevInfo/Mod', '/3/0/1'),
  { on: 'Get', node: './DevInfo/DmV', acts: [{ do: 'answer', value: '1.2' }], mark: inferred('product: what the gateway speaks in its place') },
  read('./DevDetail/FwV', '/3/0/3'),
  read('./DevDetail/SwV', '/3/0/19'),
  read('./DevDetail/HwV', '/3/0/18'),
  read('./DevDetail/DevTyp', '/3/0/17'),
  read('./DevDetail/OEM', '/3/0/0'),
  { on: 'Get', node: './SCOMO/Inventory/Deployed', acts: [{ do: 'list', path: '/9' }], format: 'node', mark: SOFTWARE },
  {
    on: 'Get',
    node: './SCOMO/Inventory/Deployed/<X>',
    acts: [
      { do: 'get', path: '/9/{X}/7' },
      { do: 'answer', value: 'ID/Name/Version/State/Status/Operations' },
    ],
    format: 'node',
    mark: SOFTWARE,
  },
  { on: 'Get', node: deployed('ID'), acts: [{ do: 'get', path: '/9/{X}/0' }], mark: SOFTWARE },
  { on: 'Get', node: deployed('Name'), acts: [{ do: 'get', path: '/9/{X}/0' }], mark: SOFTWARE },
  { on: 'Get', node: deployed('Version'), acts: [{ do: 'get', path: '/9/{X}/1' }], mark: SOFTWARE },
  { on: 'Get', node: deployed('State'), acts: [{ do: 'get', path: '/9/{X}/12', table: { true: '20', false: '10' } }], format: 'int', mark: SOFTWARE },
  {
    on: 'Get',
    node: deployed('Status'),
    acts: [
      { do: 'get', path: '/9/{X}/7' },
      { do: 'answer', value: '10' },
    ],
    format: 'int',
    mark: SOFTWARE,
  },
  { on: 'Exec', node: deployed('Operations/Activate'), acts: [{ do: 'exec', path: '/9/{X}/10', argument: '' }], failed: 1409, mark: SOFTWARE },
  { on: 'Exec', node: deployed('Operations/Deactivate'), acts: [deactivates], failed: 1410, mark: SOFTWARE },
  { on: 'Exec', node: deployed('Operations/Remove'), acts: uninstalls, failed: 1408, mark: SOFTWARE },
  {
    on: 'Replace',
    node: delivered('Data'),
    acts: [{ do: 'deliver', path: '/9/{X}/2' }, software(WRITTEN, 5 * MINUTES)],
    keeps: 'added',
    mark: SOFTWARE,
  },
  { on: 'Exec', node: delivered('Operations/Install'), acts: installs, ...long },
  { on: 'Exec', node: delivered('Operations/InstallInactive'), acts: [...installs, deactivates], ...long },
  {
    on: 'Exec',
    node: delivered('Operations/Remove'),
    acts: [...uninstalls, { do: 'forget', node: './SCOMO/Inventory/Delivered/{X}' }],
    failed: 1408,
    mark: SOFTWARE,
  },
  { on: 'Exec', node: download('Download'), acts: fetches, ...long },
  { on: 'Exec', node: download('DownloadInstall'), acts: [...fetches, ...installs], ...long },
  { on: 'Exec', node: download('DownloadInstallInactive'), acts: [...fetches, ...installs, deactivates], ...long },
  {
    on: 'Get',
    node: './FwUpdate/<X>/State',
    acts: [{ do: 'pair', state: '/5/0/3', result: '/5/0/5', table: FUMO_STATE }],
    format: 'int',
    mark: FIRMWARE,
  },
  { on: 'Get', node: './FwUpdate/<X>/PkgName', acts: [{ do: 'get', path: '/5/0/6' }], mark: FIRMWARE },
  { on: 'Get', node: './FwUpdate/<X>/PkgVersion', acts: [{ do: 'get', path: '/5/0/7' }], mark: FIRMWARE },
  { on: 'Replace', node: './FwUpdate/<X>/Download/PkgURL', acts: [], keeps: 'permanent', mark: FIRMWARE },
  { on: 'Replace', node: './FwUpdate/<X>/DownloadAndUpdate/PkgURL', acts: [], keeps: 'permanent', mark: FIRMWARE },
  {
    on: 'Replace',
    node: './FwUpdate/<X>/Update/PkgData',
    acts: [{ do: 'set', path: '/5/0/1', value: '' }, { do: 'deliver', path: '/5/0/0' }, firmware(LOADED, 5 * MINUTES)],
    keeps: 'permanent',
    mark: FIRMWARE,
  },
  { on: 'Exec', node: './FwUpdate/<X>/Download', acts: firmwareFetch('./FwUpdate/{X}/Download/PkgURL'), ...longFirmware },
  { on: 'Exec', node: './FwUpdate/<X>/Update', acts: updates, ...longFirmware },
  {
    on: 'Exec',
    node: './FwUpdate/<X>/DownloadAndUpdate',
    acts: [...firmwareFetch('./FwUpdate/{X}/DownloadAndUpdate/PkgURL'), ...updates],
    ...longFirmware,
  },
]
