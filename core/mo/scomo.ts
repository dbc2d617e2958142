// OMA Software Component Management Object 1.0 and 1.1 as tables: ids, nodes, numbers, codes, primitives, moves. Pure data.
import type { Cause } from './cause.ts'
import type { Mark } from './mark.ts'
import { confirmed, inferred } from './mark.ts'
import { marked } from './rows.ts'
import type { CodeRow, MoveRow, NodeRow, NumberRow } from './rows.ts'

/** MO ids by version (OMNA). */
export const SCOMO_IDS = { '1.0': 'urn:oma:mo:oma-scomo:1.0', '1.1': 'urn:oma:mo:oma-scomo:1.1' } as const
export type ScomoVersion = keyof typeof SCOMO_IDS

const CLIENTS = ['impl RB', 'impl MT', 'impl NK'] as const

const DDF_NK = confirmed('DDF10', 'impl NK')
const NK = confirmed('impl NK')
const SIBLING = inferred('symmetry with its siblings')

function nodes(
  path: string,
  rows: readonly (readonly [string, NodeRow['occurrence'], NodeRow['format'], string, string, Mark, '1.1'?])[],
): NodeRow[] {
  return rows.map(([name, occurrence, format, access, meaning, mark, since]) => ({
    path: name === '' ? path : path === '' ? name : `${path}/${name}`,
    occurrence,
    format,
    access,
    meaning,
    mark,
    ...(since === undefined ? {} : { since }),
  }))
}

/** Every node of the object, parents first. */
export const SCOMO_NODES: readonly NodeRow[] = [
  ...nodes('', [
    ['', 'One', 'node', 'Get', 'groups all parameters of one SCOMO', confirmed('DDF10')],
    ['Download', 'One', 'node', 'Get Add', 'packages to be fetched, and the triggers of indirect delivery', DDF_NK],
  ]),
  ...nodes('Download/<X>', [
    ['', 'ZeroOrMore', 'node', 'Get Add Replace Delete', 'one package to be fetched', confirmed('impl NK', 'impl AU')],
    ['PkgID', 'One', 'chr', 'Get Add Replace', 'identifier of the Delivery Package', DDF_NK],
    ['Name', 'ZeroOrOne', 'chr', 'Get Add Replace', 'display name', DDF_NK],
    ['PkgURL', 'ZeroOrOne', 'chr', 'Get Add Replace', 'URL of the package or of its descriptor; needed before an Exec', DDF_NK],
    ['InstallParams', 'ZeroOrOne', 'chr', 'Get Add Replace', 'parameters for the installer', confirmed('DDF10')],
    ['Reboot', 'ZeroOrOne', 'chr', 'Get Add Replace', 'when to restart: none, before, after, both (values INFERRED)', confirmed('DDF11'), '1.1'],
    ['Description', 'ZeroOrOne', 'chr', 'Get Add Replace', 'free text', DDF_NK],
    ['Status', 'One', 'int', 'Get', 'progress of download and install', DDF_NK],
    ['EnvType', 'ZeroOrOne', 'chr', 'Get Add Replace', 'runtime the package needs', confirmed('DDF10')],
    ['PkgType', 'ZeroOrOne', 'chr', 'Get Add Replace', 'content type of the package', DDF_NK],
    ['Operations', 'One', 'node', 'Get Add', 'parent of the primitives', DDF_NK],
    ['Operations/Download', 'ZeroOrOne', 'null', 'Exec Get Add', 'fetch the package', confirmed('DDF10')],
    ['Operations/DownloadInstall', 'ZeroOrOne', 'null', 'Exec Get Add', 'fetch and install, active', confirmed('DDF10')],
    [
      'Operations/DownloadInstallInactive',
      'ZeroOrOne',
      'null',
      'Exec Get Add',
      'fetch and install, inactive',
      confirmed('DDF10', ...CLIENTS, 'impl VZ'),
    ],
    ['Operations/Ext', 'ZeroOrOne', 'node', 'Get', 'vendor primitives', SIBLING],
    ['Ext', 'ZeroOrOne', 'node', 'Get', 'vendor data', SIBLING],
  ]),
  ...nodes('Inventory', [
    ['', 'One', 'node', 'Get', 'the two inventories', NK],
    ['Delivered', 'One', 'node', 'Get Add', 'packages present on the device', NK],
  ]),
  ...nodes('Inventory/Delivered/<X>', [
    ['', 'ZeroOrMore', 'node', 'Get Add Replace Delete', 'one package held by the device', confirmed('impl NK', 'S2')],
    ['PkgID', 'One', 'chr', 'Get Add Replace', 'package identifier', NK],
    ['Data', 'ZeroOrOne', 'bin', 'Add Replace', 'package bytes for direct delivery', confirmed('S2', 'impl NK')],
    ['Name', 'ZeroOrOne', 'chr', 'Get Add Replace', 'display name', NK],
    ['Description', 'ZeroOrOne', 'chr', 'Get Add Replace', 'free text', NK],
    ['InstallParams', 'ZeroOrOne', 'chr', 'Get Add Replace', 'parameters for the installer', SIBLING],
    ['Reboot', 'ZeroOrOne', 'chr', 'Get Add Replace', 'when to restart', inferred('by analogy with Download/<X>'), '1.1'],
    ['Status', 'One', 'int', 'Get', 'progress of install or removal', confirmed(...CLIENTS)],
    ['State', 'ZeroOrOne', 'int', 'Get', 'absent until the first Data is committed', confirmed(...CLIENTS)],
    ['EnvType', 'ZeroOrOne', 'chr', 'Get Add Replace', 'runtime the package needs', SIBLING],
    ['PkgType', 'ZeroOrOne', 'chr', 'Get Add Replace', 'content type of the package', NK],
    ['Operations', 'One', 'node', 'Get Add', 'parent of the primitives', NK],
    ['Operations/Install', 'ZeroOrOne', 'null', 'Exec Get Add', 'install, active', confirmed(...CLIENTS)],
    ['Operations/InstallInactive', 'ZeroOrOne', 'null', 'Exec Get Add', 'install, inactive', confirmed(...CLIENTS, 'S2')],
    ['Operations/Remove', 'ZeroOrOne', 'null', 'Exec Get Add', 'remove the package', confirmed(...CLIENTS)],
    ['Operations/Ext', 'ZeroOrOne', 'node', 'Get', 'vendor primitives', SIBLING],
    ['Ext', 'ZeroOrOne', 'node', 'Get', 'vendor data', SIBLING],
  ]),
  ...nodes('Inventory', [['Deployed', 'One', 'node', 'Get', 'installed components', NK]]),
  ...nodes('Inventory/Deployed/<X>', [
    ['', 'ZeroOrMore', 'node', 'Get', 'one installed component; made and deleted by the device alone', NK],
    ['ID', 'One', 'chr', 'Get', 'component identifier', confirmed('impl NK', 'impl MT')],
    ['PkgIDRef', 'ZeroOrOne', 'chr', 'Get', 'PkgID of the package it came from', confirmed('impl NK', 'impl MT')],
    ['Name', 'ZeroOrOne', 'chr', 'Get', 'display name', confirmed('impl NK', 'impl MT')],
    ['Description', 'ZeroOrOne', 'chr', 'Get', 'free text', confirmed('impl NK', 'impl MT')],
    ['Version', 'ZeroOrOne', 'chr', 'Get', 'version', confirmed('impl NK', 'impl MT', 'impl AU')],
    ['EnvType', 'ZeroOrOne', 'chr', 'Get', 'environment type', SIBLING],
    ['Status', 'One', 'int', 'Get', 'progress of an operation', confirmed(...CLIENTS)],
    ['State', 'One', 'int', 'Get', 'inactive or active', confirmed(...CLIENTS)],
    ['Operations', 'One', 'node', 'Get', 'parent of the primitives', confirmed(...CLIENTS)],
    ['Operations/Activate', 'ZeroOrOne', 'null', 'Exec Get', 'make usable', confirmed(...CLIENTS, 'S2')],
    ['Operations/Deactivate', 'ZeroOrOne', 'null', 'Exec Get', 'make unusable, keep', confirmed(...CLIENTS, 'S2')],
    ['Operations/Remove', 'ZeroOrOne', 'null', 'Exec Get', 'remove the component', confirmed(...CLIENTS)],
    ['Operations/Ext', 'ZeroOrOne', 'node', 'Get', 'vendor primitives', SIBLING],
    ['Ext', 'ZeroOrOne', 'node', 'Get', 'vendor data', SIBLING],
    ['Ext/LastStart', 'ZeroOrOne', 'chr', 'Get', 'the newest start record of the component', inferred('product: proof that it ran')],
  ]),
  ...nodes('', [
    ['Ext', 'ZeroOrOne', 'node', 'Get', 'vendor extensions', confirmed('impl AU')],
    ['Ext/EnvTypes', 'ZeroOrOne', 'chr', 'Get', 'supported environment types, separated by commas', inferred('product')],
  ]),
]

const number = (value: number, words: string, progressing = false): NumberRow => ({ value, words, progressing, mark: confirmed(...CLIENTS) })

/** `Download/<X>/Status` (sheet 4.1). */
export const DOWNLOAD_STATUS: readonly NumberRow[] = [
  number(10, 'Idle'),
  number(20, 'Download Failed'),
  number(30, 'Download Progressing', true),
  {
    value: 35,
    words: 'Download Suspended',
    progressing: true,
    mark: inferred('product extension, only for jobs armed through the auxiliary object'),
  },
  number(40, 'Download Complete'),
  number(50, 'Install Progressing', true),
  number(60, 'Install Failed / Have Data'),
  number(70, 'Install Failed / No Data'),
]

/** `Delivered/<X>/Status` (4.2). */
export const DELIVERED_STATUS: readonly NumberRow[] = [
  number(10, 'Idle'),
  number(20, 'Remove Failed'),
  number(30, 'Remove Progressing', true),
  number(40, 'Install Progressing', true),
  number(50, 'Install Failed / Have Data'),
  number(60, 'Install Failed / No Data'),
  { value: 70, words: 'Install Failed / No Data', progressing: false, mark: confirmed('impl VZ') },
]

/** `Delivered/<X>/State` (4.3). */
export const DELIVERED_STATE: readonly NumberRow[] = [number(10, 'Delivered'), number(20, 'Installed')]

/** `Deployed/<X>/Status` (4.4). */
export const DEPLOYED_STATUS: readonly NumberRow[] = [
  number(10, 'Idle'),
  number(20, 'Remove Failed'),
  number(30, 'Remove Progressing', true),
  number(40, 'Activate Failed'),
  number(50, 'Activate Progressing', true),
  number(60, 'Deactivate Failed'),
  number(70, 'Deactivate Progressing', true),
]

/** `Deployed/<X>/State` (4.5). */
export const DEPLOYED_STATE: readonly NumberRow[] = [number(10, 'Inactive'), number(20, 'Active')]

const CODE = confirmed(...CLIENTS, 'impl VZ')
const RB = confirmed('impl RB')
const PRODUCT = inferred('vendor code of this product')

/** Result codes (section 8). 202 is a Status of the Exec only. */
export const SCOMO_CODES: readonly CodeRow[] = [
  { code: 1200, words: 'success', mark: CODE },
  { code: 1250, words: 'success, restart pending', mark: PRODUCT },
  { code: 1251, words: 'success after repair from another source', mark: PRODUCT },
  { code: 1250, last: 1299, words: 'success, vendor code', mark: CODE },
  { code: 1400, words: 'client error caused by user or device behaviour', mark: CODE },
  { code: 1401, words: 'the user did not accept', mark: CODE },
  { code: 1402, words: 'download failed', mark: CODE },
  { code: 1403, words: 'authentication at the download server failed', mark: CODE },
  { code: 1404, words: 'download failed, out of memory', mark: CODE },
  { code: 1405, words: 'install failed', mark: CODE },
  { code: 1406, words: 'install failed, out of memory', mark: CODE },
  { code: 1407, words: 'package signature could not be validated', mark: CODE },
  { code: 1408, words: 'remove failed', mark: CODE },
  { code: 1409, words: 'activate failed', mark: CODE },
  { code: 1410, words: 'deactivate failed', mark: CODE },
  { code: 1411, words: 'not implemented on this device', mark: CODE },
  { code: 1412, words: 'undefined error', mark: CODE },
  { code: 1413, words: 'environment type not supported', mark: CODE },
  { code: 1450, words: 'the user did not answer in time', mark: RB },
  { code: 1453, words: 'the installation took too long', mark: RB },
  { code: 1455, words: 'device or version does not fit', mark: RB },
  { code: 1456, words: 'package expired', mark: RB },
  { code: 1470, words: 'certificate not valid', mark: RB },
  { code: 1471, words: 'certificate not trusted', mark: RB },
  { code: 1490, words: 'suspended too long', mark: PRODUCT },
  { code: 1491, words: 'battery', mark: PRODUCT },
  { code: 1492, words: 'memory threshold', mark: PRODUCT },
  { code: 1493, words: 'call', mark: PRODUCT },
  { code: 1494, words: 'session terminated', mark: PRODUCT },
  { code: 1495, words: 'network', mark: PRODUCT },
  { code: 1496, words: 'wrong state at broadcast time', mark: PRODUCT },
  { code: 1450, last: 1499, words: 'client error, vendor code', mark: CODE },
  { code: 1500, words: 'download server error', mark: CODE },
  { code: 1501, words: 'download server not available', mark: CODE },
  { code: 1550, last: 1599, words: 'download server error, vendor code', mark: CODE },
]

/** OMA Download status → result code (section 8). */
const SCOMO_OF_STATUS: ReadonlyMap<number, number> = new Map([
  [900, 1200],
  [901, 1404],
  [902, 1401],
  [903, 1402],
  [905, 1402],
  [906, 1402],
  [951, 1402],
  [952, 1400],
  [953, 1411],
  [954, 1402],
])
/** Cause of a failed download → result code; it tells more than the status and wins where it is here. */
export const SCOMO_OF_CAUSE: ReadonlyMap<Cause, number> = new Map([
  ['memory', 1404],
  ['network', 1402],
  ['refused', 1501],
  ['unavailable', 1501],
  ['server', 1500],
  ['auth', 1403],
  ['not found', 1402],
  ['mismatch', 1402],
  ['descriptor', 1402],
  ['type', 1402],
  ['url', 1402],
  ['time', 1501],
  ['stopped', 1400],
])
export const SCOMO_DOWNLOAD_MARK: Mark = inferred('mapping of this product; section 8 and 16.2 of the sheet')

/** The result code of a download that ended. */
export function scomoOfDownload(status: number, cause: Cause): number {
  if (status === 900) return 1200
  return SCOMO_OF_CAUSE.get(cause) ?? SCOMO_OF_STATUS.get(status) ?? 1402
}

export type Place = 'Download' | 'Delivered' | 'Deployed'
export type PrimitiveName =
  'Download' | 'DownloadInstall' | 'DownloadInstallInactive' | 'Install' | 'InstallInactive' | 'Remove' | 'Activate' | 'Deactivate'

/** A primitive: an executable node below `Operations` (section 6). */
export interface PrimitiveRow {
  readonly place: Place
  readonly name: PrimitiveName
  /** How our device reports by default. */
  readonly style: 'async' | 'sync'
  readonly success: string
  readonly failure: string
  readonly mark: Mark
}

const BOTH = confirmed('DDF10', ...CLIENTS)
export const PRIMITIVES: readonly PrimitiveRow[] = [
  { place: 'Download', name: 'Download', style: 'async', success: 'Status 40, Delivered 10/10', failure: 'Status 20', mark: BOTH },
  {
    place: 'Download',
    name: 'DownloadInstall',
    style: 'async',
    success: 'Delivered 20/10, Deployed 20/10',
    failure: 'Status 20, 60 or 70',
    mark: BOTH,
  },
  {
    place: 'Download',
    name: 'DownloadInstallInactive',
    style: 'async',
    success: 'Delivered 20/10, Deployed 10/10',
    failure: 'Status 20, 60 or 70',
    mark: BOTH,
  },
  {
    place: 'Delivered',
    name: 'Install',
    style: 'async',
    success: 'Delivered 20/10, Deployed 20/10',
    failure: 'Status 50 or 60',
    mark: confirmed(...CLIENTS),
  },
  {
    place: 'Delivered',
    name: 'InstallInactive',
    style: 'async',
    success: 'Delivered 20/10, Deployed 10/10',
    failure: 'Status 50 or 60',
    mark: confirmed(...CLIENTS),
  },
  { place: 'Delivered', name: 'Remove', style: 'sync', success: 'node gone', failure: 'Status 20', mark: confirmed(...CLIENTS) },
  { place: 'Deployed', name: 'Activate', style: 'sync', success: '20/10', failure: '10/40', mark: confirmed(...CLIENTS) },
  { place: 'Deployed', name: 'Deactivate', style: 'sync', success: '10/10', failure: '20/60', mark: confirmed(...CLIENTS) },
  { place: 'Deployed', name: 'Remove', style: 'sync', success: 'node gone', failure: 'Status 20', mark: confirmed(...CLIENTS) },
]

/** One situation of an `<X>` and what it lets happen (section 9): `ok`, or the Status 403. Absent: does not arise. */
export interface StateRow {
  readonly place: Place
  /** null: the State leaf is not there (or, for Download, there is none). */
  readonly states: readonly (number | null)[]
  readonly statuses: readonly number[]
  readonly allows: Readonly<Partial<Record<'Download*' | 'Replace Data' | 'Install*' | 'Remove' | 'Activate' | 'Deactivate', 'ok' | 403>>>
  readonly mark: Mark
}

const MATRIX = inferred('answer of this product to "not in the proper state" (S2 item 3); DM uses 403 for a node in use')
export const SCOMO_MATRIX: readonly StateRow[] = [
  { place: 'Download', states: [null], statuses: [10, 20, 40, 60, 70], allows: { 'Download*': 'ok' }, mark: MATRIX },
  { place: 'Download', states: [null], statuses: [30, 35, 50], allows: { 'Download*': 403 }, mark: MATRIX },
  { place: 'Delivered', states: [null], statuses: [10], allows: { 'Replace Data': 'ok', 'Install*': 403, Remove: 'ok' }, mark: MATRIX },
  { place: 'Delivered', states: [10, 20], statuses: [10, 20, 50], allows: { 'Replace Data': 'ok', 'Install*': 'ok', Remove: 'ok' }, mark: MATRIX },
  { place: 'Delivered', states: [10, 20], statuses: [60], allows: { 'Replace Data': 'ok', 'Install*': 403, Remove: 'ok' }, mark: MATRIX },
  { place: 'Delivered', states: [null, 10, 20], statuses: [30, 40], allows: { 'Replace Data': 403, 'Install*': 403, Remove: 403 }, mark: MATRIX },
  { place: 'Deployed', states: [10, 20], statuses: [10, 20, 40, 60], allows: { Remove: 'ok', Activate: 'ok', Deactivate: 'ok' }, mark: MATRIX },
  { place: 'Deployed', states: [10, 20], statuses: [30, 50, 70], allows: { Remove: 403, Activate: 403, Deactivate: 403 }, mark: MATRIX },
]

/** The column of the matrix a primitive belongs to. */
export const COLUMN: Readonly<Record<PrimitiveName, keyof StateRow['allows']>> = {
  Download: 'Download*',
  DownloadInstall: 'Download*',
  DownloadInstallInactive: 'Download*',
  Install: 'Install*',
  InstallInactive: 'Install*',
  Remove: 'Remove',
  Activate: 'Activate',
  Deactivate: 'Deactivate',
}

/** What the matrix says; undefined where the situation or the operation does not arise there. */
export function scomoAllows(place: Place, state: number | null, status: number, column: keyof StateRow['allows']): 'ok' | 403 | undefined {
  return SCOMO_MATRIX.find((row) => row.place === place && row.states.includes(state) && row.statuses.includes(status))?.allows[column]
}

const MADE = inferred('value meanings and client code')
const move = marked(MADE)
const MT = confirmed('impl MT')

/** Transitions (sections 5.1 to 5.3). */
export const SCOMO_MOVES: readonly MoveRow[] = [
  move('D1', '-', 'server Add <X>', '10', 'children made by the device'),
  move('D2', '10, 20, 40, 60, 70', 'Exec of a download primitive accepted', '10', 'partial data dropped, correlator kept'),
  move('D3', '10', 'transfer starts', '30', '', MT),
  move('D4', '30', 'all bytes in', '40', '', MT),
  move('D5', '30', 'transfer fails for good', '20', 'report', confirmed('impl MT', 'impl NK')),
  move('D6', '30', 'suspend cause', '30 or 35', 'data kept'),
  move('D7', '40', 'primitive was Download', '40', 'Delivered/<X> 10/10, report 1200'),
  move('D8', '40', 'combined primitive, agreed', '50', '', MT),
  move('D9', '50', 'install succeeds', '10', 'Deployed/<Y>, Delivered/<X> State 20, report 1200', MT),
  move('D10', '50', 'install fails, package kept', '60', 'report', MT),
  move('D11', '50', 'install fails, package dropped', '70', 'report'),
  move('D12', '40', 'user refuses the install', '60', 'package kept as Delivered/<X> State 10, report 1401'),
  move('D13', 'any but 30, 50', 'server Delete <X>', 'gone', 'Delivered untouched'),
  move('D14', '30, 50', 'server Delete <X>', 'unchanged', 'Status 403', inferred('DM defines 403 for a Replace on a node in use')),
  move('D15', '30', 'restart, no resumable data', '20', '', confirmed('impl NK')),
  move('D16', '50', 'restart', '60', 'report 1405 unless the installer can prove success', inferred('impl NK does so for Delivered')),
  move('V1', '-', 'D7 or D9', '10/10 or 20/10'),
  move('V2', '-', 'server Add <X>', 'no State, 10'),
  move('V3', 'no State, 10', 'final chunk of Data committed', '10/10', 'State made'),
  move('V4', 'State 10 or 20, Status 10, 20 or 50', 'Exec Install accepted', 'same/40'),
  move('V5', 'any/40', 'success', '20/10', 'Deployed/<Y>', MT),
  move('V6', 'any/40', 'failure, data kept', 'old/50', 'report', MT),
  move('V7', 'any/40', 'failure, data gone', 'old/60', 'report'),
  move('V8', 'any, Status not 30 or 40', 'Exec Remove', 'same/30'),
  move('V9', 'any/30', 'success', 'gone', 'components stay'),
  move('V10', 'any/30', 'failure', 'old/20'),
  move('V11', 'any/40', 'restart', 'old/50', 'report', confirmed('impl NK')),
  move('V12', 'any/30', 'restart', 'old/20', 'report', confirmed('impl NK')),
  move('V13', 'Status 10, 20, 50 or 60', 'Replace Data', '10/10', 'package replaced'),
  move('V14', 'Status 30 or 40', 'Replace Data', 'unchanged', 'Status 403'),
  move('C1', '-', 'install, active', '20/10'),
  move('C2', '-', 'install, inactive', '10/10'),
  move('C3', '10/any idle', 'Exec Activate', '10/50, then 20/10', 'failure 10/40', confirmed('impl NK', 'impl MT')),
  move('C4', '20/any idle', 'Exec Deactivate', '20/70, then 10/10', 'failure 20/60', confirmed('impl NK', 'impl MT')),
  move('C5', '20', 'Exec Activate', 'unchanged', 'success', confirmed('impl NK')),
  move('C6', '10', 'Exec Deactivate', 'unchanged', 'success', confirmed('impl NK')),
  move('C7', 'any idle', 'Exec Remove', '-/30, then gone', 'failure old/20; an active one is deactivated first'),
  move('C8', '30, 50, 70', 'any Exec', 'unchanged', 'Status 403'),
  move('C9', '30, 50, 70', 'restart', '20, 40, 60', 'report', confirmed('impl NK')),
  move('C10', 'update of the same ID', 'install', 'same node', 'Version and PkgIDRef change'),
]
