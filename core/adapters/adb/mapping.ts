// What management-object operations become on an Android device: properties, the package manager, files. Data only; every row is a choice of this product.
import { inferred } from '../../mo/mark.ts'
import type { Act, MapRow, Says } from '../rows.ts'

const PROPS = inferred('OMA leaves adapting to others (gwmo sheet 0.3); the property that says what the leaf asks for')
const PM = inferred('OMA leaves adapting to others; the package manager does what the primitive asks for')
const FILES = inferred('product: a file of the device by its name')
const NONE = inferred('product: adb has no firmware update; a device takes one in its bootloader only')

/** Where a delivered package lies until it is installed. */
const PACKAGE_FILE = '/data/local/tmp/dm-lab-{X}.apk'
/** Where other files go. */
const FILE_FOLDER = '/sdcard/Download/'

/** What `pm install` says, to result codes of SCOMO (scomo sheet 8). */
const PM_INSTALL: Says = [
  ['^Success', 1200],
  ['INSTALL_FAILED_INSUFFICIENT_STORAGE', 1406],
  ['INSTALL_FAILED_(USER_RESTRICTED|ABORTED)', 1401],
  [
    'INSTALL_PARSE_FAILED_(NO_CERTIFICATES|INCONSISTENT_CERTIFICATES|CERTIFICATE_ENCODING)|INSTALL_FAILED_(UPDATE_INCOMPATIBLE|VERIFICATION_FAILURE)',
    1407,
  ],
  ['INSTALL_FAILED_(OLDER_SDK|NO_MATCHING_ABIS|MISSING_FEATURE|VERSION_DOWNGRADE|CPU_ABI_INCOMPATIBLE|NEWER_SDK|DEPRECATED_SDK_VERSION)', 1455],
  ['Failure|Error|Exception|not found|No such file|inaccessible', 1405],
]
const PM_UNINSTALL: Says = [
  ['^Success', 1200],
  ['Failure|Error|Exception|not found|Unknown package|inaccessible', 1408],
]
const PM_ENABLE: Says = [
  ['new state: enabled', 1200],
  ['Failure|Error|Exception|not found|Unknown package|inaccessible|new state', 1409],
]
const PM_DISABLE: Says = [
  ['new state: disabled', 1200],
  ['Failure|Error|Exception|not found|Unknown package|inaccessible|new state', 1410],
]
/** `rm -f` says nothing where all is well. */
const RM: Says = [
  ['^\\s*$', 1200],
  ['', 1408],
]

const prop = (node: string, names: string): MapRow => ({ on: 'Get', node, acts: [{ do: 'get', path: `prop:${names}` }], mark: PROPS })
const refuses = (on: 'Exec' | 'Replace', node: string): MapRow => ({
  on,
  node,
  acts: [{ do: 'refuse', status: 406, why: 'firmware of an Android device is not updated through adb' }],
  mark: NONE,
})
const install: Act = { do: 'exec', path: 'pm install', argument: `-r ${PACKAGE_FILE}`, says: PM_INSTALL }
const fetched: readonly Act[] = [
  { do: 'fetch', leaf: './SCOMO/Download/{X}/PkgURL', failed: 1402 },
  { do: 'deliver', path: PACKAGE_FILE },
  { do: 'stage', node: './SCOMO/Inventory/Delivered/{X}', value: '' },
  { do: 'stage', node: './SCOMO/Inventory/Delivered/{X}/PkgID', value: '{X}' },
]
const deployed = (name: string): string => `./SCOMO/Inventory/Deployed/<X>/${name}`

/** All rows. `<X>` below Deployed is the Android package's name; below Download and Delivered it is the name the server chose. */
export const ADB_ROWS: readonly MapRow[] = [
  { on: 'Get', node: './DevInfo', acts: [{ do: 'answer', value: 'DevId/Man/Mod/DmV/Lang' }], format: 'node', mark: PROPS },
  prop('./DevInfo/DevId', 'ro.serialno,ro.boot.serialno'),
  prop('./DevInfo/Man', 'ro.product.manufacturer,ro.product.brand'),
  prop('./DevInfo/Mod', 'ro.product.model'),
  { on: 'Get', node: './DevInfo/DmV', acts: [{ do: 'answer', value: '1.2' }], mark: inferred('product: what the gateway speaks in its place') },
  prop('./DevInfo/Lang', 'persist.sys.locale,ro.product.locale'),
  prop('./DevDetail/FwV', 'ro.build.fingerprint,ro.build.display.id'),
  prop('./DevDetail/SwV', 'ro.build.version.release'),
  prop('./DevDetail/HwV', 'ro.boot.hardware.revision,ro.hardware'),
  prop('./DevDetail/OEM', 'ro.product.brand,ro.product.manufacturer'),
  prop('./DevDetail/DevTyp', 'ro.build.characteristics'),
  { on: 'Get', node: './SCOMO/Inventory/Deployed', acts: [{ do: 'list', path: 'packages' }], format: 'node', mark: PM },
  {
    on: 'Get',
    node: './SCOMO/Inventory/Deployed/<X>',
    acts: [
      { do: 'get', path: 'package:{X}:name' },
      { do: 'answer', value: 'ID/Version/State/Status/Operations' },
    ],
    format: 'node',
    mark: PM,
  },
  { on: 'Get', node: deployed('ID'), acts: [{ do: 'get', path: 'package:{X}:name' }], mark: PM },
  { on: 'Get', node: deployed('Version'), acts: [{ do: 'get', path: 'package:{X}:version' }], mark: PM },
  {
    on: 'Get',
    node: deployed('State'),
    acts: [{ do: 'get', path: 'package:{X}:enabled', table: { true: '20', false: '10' } }],
    format: 'int',
    mark: PM,
  },
  {
    on: 'Get',
    node: deployed('Status'),
    acts: [
      { do: 'get', path: 'package:{X}:name' },
      { do: 'answer', value: '10' },
    ],
    format: 'int',
    mark: PM,
  },
  {
    on: 'Exec',
    node: deployed('Operations/Activate'),
    acts: [{ do: 'exec', path: 'pm enable', argument: '{X}', says: PM_ENABLE }],
    failed: 1409,
    mark: PM,
  },
  {
    on: 'Exec',
    node: deployed('Operations/Deactivate'),
    acts: [{ do: 'exec', path: 'pm disable-user', argument: '--user 0 {X}', says: PM_DISABLE }],
    failed: 1410,
    mark: PM,
  },
  {
    on: 'Exec',
    node: deployed('Operations/Remove'),
    acts: [{ do: 'exec', path: 'pm uninstall', argument: '{X}', says: PM_UNINSTALL }],
    failed: 1408,
    mark: PM,
  },
  {
    on: 'Replace',
    node: './SCOMO/Inventory/Delivered/<X>/Data',
    acts: [{ do: 'deliver', path: PACKAGE_FILE }],
    keeps: 'added',
    mark: PM,
  },
  { on: 'Exec', node: './SCOMO/Inventory/Delivered/<X>/Operations/Install', acts: [install], later: 'scomo', failed: 1405, mark: PM },
  {
    on: 'Exec',
    node: './SCOMO/Inventory/Delivered/<X>/Operations/Remove',
    acts: [
      { do: 'exec', path: 'rm', argument: `-f ${PACKAGE_FILE}`, says: RM },
      { do: 'forget', node: './SCOMO/Inventory/Delivered/{X}' },
    ],
    failed: 1408,
    mark: PM,
  },
  { on: 'Exec', node: './SCOMO/Download/<X>/Operations/Download', acts: fetched, later: 'scomo', failed: 1405, mark: PM },
  { on: 'Exec', node: './SCOMO/Download/<X>/Operations/DownloadInstall', acts: [...fetched, install], later: 'scomo', failed: 1405, mark: PM },
  { on: 'Replace', node: './Vendor/DMLab/Files/<X>', acts: [{ do: 'deliver', path: `${FILE_FOLDER}{X}` }], keeps: 'permanent', mark: FILES },
  refuses('Replace', './FwUpdate/<X>/Update/PkgData'),
  refuses('Replace', './FwUpdate/<X>/Download/PkgURL'),
  refuses('Replace', './FwUpdate/<X>/DownloadAndUpdate/PkgURL'),
  refuses('Exec', './FwUpdate/<X>/Update'),
  refuses('Exec', './FwUpdate/<X>/Download'),
  refuses('Exec', './FwUpdate/<X>/DownloadAndUpdate'),
]
