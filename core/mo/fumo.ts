// OMA Firmware Update Management Object 1.0 as tables: id, nodes, states, codes, moves. Pure data; there never was a 1.1.
import type { Cause } from './cause.ts'
import type { Mark } from './mark.ts'
import { confirmed, inferred } from './mark.ts'
import { marked } from './rows.ts'
import type { CodeRow, MoveRow, NodeRow, NumberRow } from './rows.ts'

export const FUMO_ID = 'urn:oma:mo:oma-fumo:1.0'

export type FumoPrimitive = 'Download' | 'Update' | 'DownloadAndUpdate'

const FUMO = confirmed('FUMO')
const node = (
  path: string,
  occurrence: NodeRow['occurrence'],
  format: NodeRow['format'],
  access: string,
  meaning: string,
  mark: Mark = FUMO,
): NodeRow => ({
  path,
  occurrence,
  format,
  access,
  meaning,
  mark,
})

/** Every node of the object, parents first. */
export const FUMO_NODES: readonly NodeRow[] = [
  node('', 'ZeroOrMore', 'node', 'Get', 'place holder naming one firmware package'),
  node('PkgName', 'ZeroOrOne', 'chr', 'Get', 'name of the package'),
  node('PkgVersion', 'ZeroOrOne', 'chr', 'Get', 'version, maker-specific'),
  node('Download', 'ZeroOrOne', 'node', 'Exec Get', 'Exec starts the download', inferred('the table says chr; it has a child')),
  node('Download/PkgURL', 'One', 'chr', 'Replace Get', 'URL of the package or of a descriptor'),
  node('Update', 'ZeroOrOne', 'node', 'Exec Get', 'Exec starts the update', inferred('the table says chr; it has a child')),
  node('Update/PkgData', 'ZeroOrOne', 'bin', 'Replace', 'package bytes'),
  node('DownloadAndUpdate', 'ZeroOrOne', 'node', 'Exec Get', 'Exec starts download, then update'),
  node('DownloadAndUpdate/PkgURL', 'One', 'chr', 'Replace Get', 'URL of the package or of a descriptor'),
  node('State', 'One', 'int', 'Get', 'where the object stands'),
  node('Ext', 'ZeroOrOne', 'node', 'Get', 'vendor extensions'),
]

const state = (value: number, words: string, progressing = false): NumberRow => ({ value, words, progressing, mark: FUMO })

/** `<x>/State` (section 3). */
export const FUMO_STATES: readonly NumberRow[] = [
  state(10, 'Idle / Start'),
  state(20, 'Download Failed'),
  state(30, 'Download Progressing', true),
  {
    value: 35,
    words: 'Download Suspended',
    progressing: true,
    mark: inferred('product extension, only for jobs armed through the auxiliary object'),
  },
  state(40, 'Download Complete'),
  state(50, 'Ready to Update'),
  state(60, 'Update Progressing', true),
  state(70, 'Update Failed / Have Data'),
  state(80, 'Update Failed / No Data'),
  state(90, 'Update Successful / Have Data'),
  state(100, 'Update Successful / No Data'),
]

const code = (number: number, words: string, mark: Mark = FUMO): CodeRow => ({ code: number, words, mark })
const range = (first: number, last: number, words: string): CodeRow => ({ code: first, last, words, mark: FUMO })
const PRODUCT = inferred('vendor code of this product')
const FOUR = confirmed('impl SW', 'impl KG', 'impl NK', 'impl KO')

/** Result codes (section 7). */
export const FUMO_CODES: readonly CodeRow[] = [
  code(200, 'success'),
  range(250, 299, 'success, vendor code'),
  code(400, 'client error caused by user or device behaviour'),
  code(401, 'the user did not accept'),
  code(402, 'package corrupted'),
  code(403, 'package does not fit this device'),
  code(404, 'package signature could not be validated'),
  code(405, 'package not acceptable'),
  code(406, 'authentication at the download server failed'),
  code(407, 'the download server did not answer in time'),
  code(408, 'operation not implemented'),
  code(409, 'undefined error'),
  code(410, 'update failed'),
  code(411, 'bad URL'),
  code(412, 'download server not available', FOUR),
  code(490, 'suspended too long', PRODUCT),
  code(491, 'battery', PRODUCT),
  code(492, 'memory threshold', PRODUCT),
  code(493, 'call', PRODUCT),
  code(494, 'session ended', PRODUCT),
  code(495, 'network', PRODUCT),
  code(496, 'wrong state at broadcast time', PRODUCT),
  range(450, 499, 'client error, vendor code'),
  code(500, 'download server error', confirmed('impl SW', 'impl KG', 'impl KO')),
  code(501, 'download failed, out of memory'),
  code(502, 'update failed, out of memory'),
  code(503, 'download failed, network'),
  range(550, 599, 'download server error, vendor code'),
]

/** OMA Download status → result code. */
const FUMO_OF_STATUS: ReadonlyMap<number, number> = new Map([
  [900, 200],
  [901, 501],
  [902, 401],
  [903, 503],
  [905, 402],
  [906, 405],
  [951, 405],
  [952, 400],
  [953, 403],
  [954, 402],
])
/** Cause of a failed download → result code; it wins over the status where it is here. */
export const FUMO_OF_CAUSE: ReadonlyMap<Cause, number> = new Map([
  ['memory', 501],
  ['network', 503],
  ['refused', 412],
  ['unavailable', 412],
  ['server', 500],
  ['auth', 406],
  ['not found', 412],
  ['mismatch', 402],
  ['descriptor', 405],
  ['type', 405],
  ['url', 411],
  ['time', 407],
  ['stopped', 400],
])
/** What the two tables above rest on. */
export const FUMO_DOWNLOAD_MARK: Mark = inferred('mapping of this product; section 7 of the sheet')

/** The result code of a download that ended. */
export function fumoOfDownload(status: number, cause: Cause): number {
  if (status === 900) return 200
  return FUMO_OF_CAUSE.get(cause) ?? FUMO_OF_STATUS.get(status) ?? 409
}

/** What the state lets happen (section 9). A Replace gives the state it leads to. */
export interface FumoStateRow {
  readonly states: readonly number[]
  /** State after a Replace of PkgURL, or the Status 403. */
  readonly url: number | 403
  /** State after a Replace of PkgData was committed, or 403. */
  readonly data: number | 403
  readonly Download: 202 | 403
  readonly Update: 202 | 403
  readonly DownloadAndUpdate: 202 | 403
  readonly mark: Mark
}

const MATRIX = inferred('answer of this product to "not in the proper state" (S2 item 3), from the state figure of FUMO')
export const FUMO_MATRIX: readonly FumoStateRow[] = [
  { states: [10], url: 10, data: 50, Download: 202, Update: 403, DownloadAndUpdate: 202, mark: MATRIX },
  { states: [20], url: 10, data: 50, Download: 202, Update: 403, DownloadAndUpdate: 202, mark: MATRIX },
  { states: [30, 35], url: 403, data: 403, Download: 403, Update: 403, DownloadAndUpdate: 403, mark: MATRIX },
  { states: [40, 50], url: 10, data: 50, Download: 403, Update: 202, DownloadAndUpdate: 403, mark: MATRIX },
  { states: [60], url: 403, data: 403, Download: 403, Update: 403, DownloadAndUpdate: 403, mark: MATRIX },
  { states: [70], url: 10, data: 50, Download: 202, Update: 202, DownloadAndUpdate: 202, mark: MATRIX },
  { states: [80, 100], url: 10, data: 50, Download: 202, Update: 403, DownloadAndUpdate: 202, mark: MATRIX },
  { states: [90], url: 10, data: 50, Download: 202, Update: 403, DownloadAndUpdate: 202, mark: MATRIX },
]

/** The row of a state; undefined for a private value. */
export function fumoRow(value: number): FumoStateRow | undefined {
  return FUMO_MATRIX.find((row) => row.states.includes(value))
}

const FIGURE = confirmed('FUMO figure')
const move = marked(FIGURE)
const OURS = inferred('completion of this product')

/** Transitions (section 4). */
export const FUMO_MOVES: readonly MoveRow[] = [
  move('F1', '10', 'Exec Download or DownloadAndUpdate', '30'),
  move('F2', '10', 'Replace PkgData', '50', 'after the last chunk is committed'),
  move('F3', '30', 'download fails', '20'),
  move('F4', '30', 'download completes', '40'),
  move('F5', '40', 'package accepted', '50'),
  move('F6', '50', 'Exec Update', '60'),
  move('F7', '50', 'automatic after DownloadAndUpdate', '60'),
  move('F8', '50', 'Replace of package or URL', '10', 'the waiting package is dropped'),
  move('F9', '60', 'update fails', '70'),
  move('F10', '60', 'update succeeds', '90'),
  move('F11', '70', 'package deleted', '80'),
  move('F12', '90', 'package deleted', '100'),
  move('F13', '20', 'clean-up', '10'),
  move('F14', '70, 80, 90, 100', 'device starts over', '10'),
  move('F15', '20, 70, 80, 90, 100', 'Exec Download or DownloadAndUpdate', '30', 'through 10', OURS),
  move('F16', '20, 70, 80, 90, 100', 'Replace PkgData', '50', 'through 10', OURS),
  move('F17', '70', 'Exec Update', '60', 'data are still there', OURS),
  move('F18', '90', 'Exec Update', 'unchanged', 'Status 403: applied already', OURS),
  move('F19', '10, 20, 80, 100', 'Exec Update', 'unchanged', 'Status 403: no package', OURS),
  move('F20', '30, 60', 'any Exec or Replace', 'unchanged', 'Status 403: in use', OURS),
  move('F21', '40', 'Exec Update or Replace', 'as from 50', '', OURS),
  move('F23', '30', 'restart, resumable data', '30', 'resumes', OURS),
  move('F24', '30', 'restart, no data', '20', 'report', OURS),
  move('F25', '60', 'restart', '90 or 70', 'the update agent decides; report', OURS),
  move('F26', 'end states', 'alert acknowledged, autoreset on', '10', '', OURS),
  move('F27', '40, 50', 'Exec Download or DownloadAndUpdate, nothing replaced', 'unchanged', 'Status 403', OURS),
]
