// Pairing over Wi-Fi against a double of a newer adb server's smart sockets; what Debian's own server says to it stands in adb.test.ts.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../support/freeport.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'
import { AdbServerDouble } from './adbdouble.ts'

const DIALOG = { address: '192.168.1.7:37099', code: '460835' }
let server: AdbServerDouble
let lab: RealLab

beforeEach(async () => {
  const port = await freePort()
  server = await new AdbServerDouble(DIALOG).listen(port)
  lab = await realLab({ adbPort: port })
})
afterEach(async () => {
  await lab.end()
  await server.close()
})

test('a newer server has pairing; the right code lets the device in, and it is listed over Wi-Fi by itself', async () => {
  expect((await lab.api.adb.state()).server).toMatchObject({ state: 'ready', version: 41, pairing: true })
  expect((await lab.api.adb.state()).devices).toEqual([])
  await lab.api.adb.pair(DIALOG.address, DIALOG.code)
  expect(server.asked).toContain('host:pair:460835:192.168.1.7:37099')
  await expect
    .poll(async () => (await lab.api.adb.state()).devices)
    .toMatchObject([{ serial: 'adb-R58M123ABC-x1Yz2A._adb-tls-connect._tcp', state: 'device', way: 'wifi', model: 'Phone 7' }])
})

test.each(['text', 'FAIL'] as const)(
  'a wrong code, and a port where no dialog is open, are told with what mends them (refusal as %s)',
  async (refusal) => {
    server.refusal = refusal
    await expect(lab.api.adb.pair(DIALOG.address, '000000')).rejects.toThrow(
      /^no pairing with 192\.168\.1\.7:37099: Wrong password or connection was dropped\. The device shows a new code each time/,
    )
    await expect(lab.api.adb.pair('192.168.1.7:5555', DIALOG.code)).rejects.toThrow(/Unable to start pairing client\. Is the pairing dialog open/)
    expect((await lab.api.adb.state()).devices).toEqual([])
  },
)

test('a device that was not paired refuses the connection: the way out is named', async () => {
  await expect(lab.api.adb.connect('192.168.1.7:40000')).rejects.toThrow(/it does not know this computer \(pair with it first\)/)
})
