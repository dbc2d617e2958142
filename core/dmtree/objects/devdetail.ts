// DevDetail MO 1.0 (OMA-TS-DM_StdObj-V1_2_1): what a server asks for when it needs more than DevInfo.
import { interior, leaf } from '../describe.ts'

const DEV_DETAIL = 'urn:oma:mo:oma-dm-devdetail:1.0'

export const devDetail = interior(
  'DevDetail',
  'Get',
  [
    interior(
      'URI',
      'Get',
      [
        leaf('MaxDepth', 'Get', 'chr', { permanent: true, text: 'Most segments of a URI, 0 = no limit' }),
        leaf('MaxTotLen', 'Get', 'chr', { permanent: true, text: 'Most characters of a URI, 0 = no limit' }),
        leaf('MaxSegLen', 'Get', 'chr', { permanent: true, text: 'Most characters of a segment, 0 = no limit' }),
      ],
      { permanent: true },
    ),
    leaf('DevTyp', 'Get', 'chr', { permanent: true, text: 'Device type' }),
    leaf('OEM', 'Get', 'chr', { permanent: true, text: 'Original equipment manufacturer' }),
    leaf('FwV', 'Get', 'chr', { permanent: true, text: 'Firmware version' }),
    leaf('SwV', 'Get', 'chr', { permanent: true, text: 'Software version' }),
    leaf('HwV', 'Get', 'chr', { permanent: true, text: 'Hardware version' }),
    leaf('LrgObj', 'Get', 'bool', { permanent: true, text: 'Large objects are supported' }),
    interior('Ext', 'Get Add', [], { permanent: true, occurrence: { least: 0, most: 1 }, text: 'Vendor extensions' }),
    interior('Bearer', 'Get Add', [], { permanent: true, occurrence: { least: 0, most: 1 }, text: 'Bearer specific values' }),
  ],
  { path: '.', permanent: true, ddfName: DEV_DETAIL, title: 'DevDetail' },
)
