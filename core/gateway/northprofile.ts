// How the gateway behaves as a client of its DM Server: objects as large as its store takes, and a server proves itself before it is obeyed. Data only.
import type { DeviceProfile } from '../device/profiles.ts'

/**
 * Profile of the gateway's client. The default of small devices would stop an image; and what a server orders goes on to every device, so that one that does
 * not know its secret is refused (SEC; gwmo sheet 8, GS-04). `proof` false: no secret was agreed with the server (the lab's own default is no secret), so a
 * server without credentials is obeyed, with a finding.
 */
export const northProfile = (maxObjSize: number, proof = true): DeviceProfile => ({
  title: 'gateway',
  features: {},
  settings: { maxObjSize, requireServerAuth: proof },
  habits: {},
  facts: [],
})
