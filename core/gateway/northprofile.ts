// How the gateway behaves as a client of its DM Server: objects as large as its store takes, and a server proves itself before it is obeyed. Data only.
import type { DeviceProfile } from '../device/profiles.ts'

/**
 * Profile of the gateway's client. The default of small devices would stop an image; and what a server orders goes on to every device, so that one that does
 * not know its secret is refused (SEC; gwmo sheet 8, GS-04). An account without a secret of the server asks for none.
 */
export const northProfile = (maxObjSize: number): DeviceProfile => ({
  title: 'gateway',
  features: {},
  settings: { maxObjSize, requireServerAuth: true },
  habits: {},
  facts: [],
})
