// Inbox MO 1.0 (OMA-TS-DM_StdObj-V1_2_1): managed objects are added here and the device finds their place; it can never be read.
import { interior } from '../describe.ts'

const INBOX = 'urn:oma:mo:oma-dm-inbox:1.0'

export const inbox = interior('Inbox', 'Add', [], { path: '.', permanent: true, ddfName: INBOX, title: 'Inbox' })
