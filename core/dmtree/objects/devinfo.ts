// DevInfo MO 1.0 (OMA-TS-DM_StdObj-V1_2_1): identity of the device, sent in the first message of each session.
import { interior, leaf } from '../describe.ts'

const DEV_INFO = 'urn:oma:mo:oma-dm-devinfo:1.0'

export const devInfo = interior(
  'DevInfo',
  'Get',
  [
    leaf('DevId', 'Get', 'chr', { permanent: true, text: 'Globally unique identifier, a URN such as IMEI:…' }),
    leaf('Man', 'Get', 'chr', { permanent: true, text: 'Manufacturer' }),
    leaf('Mod', 'Get', 'chr', { permanent: true, text: 'Model' }),
    leaf('DmV', 'Get', 'chr', { permanent: true, text: 'Version of the management client specification' }),
    leaf('Lang', 'Get', 'chr', { permanent: true, text: 'Current language, RFC 1766' }),
    interior('Ext', 'Get Add', [], { permanent: true, occurrence: { least: 0, most: 1 }, text: 'Vendor extensions' }),
    interior('Bearer', 'Get Add', [], { permanent: true, occurrence: { least: 0, most: 1 }, text: 'Bearer specific values' }),
  ],
  { path: '.', permanent: true, ddfName: DEV_INFO, title: 'DevInfo' },
)
