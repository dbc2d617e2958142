// `dmlab adb` against Debian's adb server on a port of its own and a device end over TCP.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { adbClient } from '../../core/node/adblink.ts'
import { AdbServer, Phone } from '../node/adbrig.ts'
import { freePort } from '../support/freeport.ts'
import { needs } from '../support/needs.ts'
import { dmlabHere, scratch } from './dmlab.ts'
import { running } from './running.ts'

const run = async (...words: string[]): Promise<{ code: number | null; out: string; err: string }> => {
  const { code, text, err } = await dmlabHere(words)
  return { code, out: text, err }
}

test('no server: one line that says so and what to do, exit 1; no port: exit 2', async () => {
  const port = await freePort()
  const ran = await run('adb', 'devices', '--adb-port', String(port))
  expect(ran).toMatchObject({ code: 1, out: '' })
  expect(ran.err).toContain(`127.0.0.1:${port}: no adb server listens there. Start the adb server`)
  expect((await run('adb', 'devices', '--adb-port', 'x')).code).toBe(2)
})

test('devices, reverse, push and logcat', async (context) => {
  needs(context, 'adb')
  const server = new AdbServer(await freePort())
  const phone = await new Phone().plug()
  try {
    await server.start()
    await adbClient({ host: '127.0.0.1', port: server.port }, new AbortController().signal).wireless.connect(phone.address)
    const at = ['--adb-port', String(server.port)]
    const other = await new Phone().plug()
    const over = await run('adb', 'connect', other.address, ...at)
    expect(over).toMatchObject({ code: 0, out: `${other.address}: device, the adb server has it ready\n` })
    expect(await run('adb', 'disconnect', other.address, '--json', ...at)).toMatchObject({ code: 0 })
    await other.unplug()
    // Debian's adb has no pairing; what a newer one answers stands in adbpair.test.ts.
    const paired = await run('adb', 'pair', '127.0.0.1:1', '123456', ...at)
    expect(paired).toMatchObject({ code: 1 })
    expect(paired.err).toMatch(/this adb server has no pairing|no pairing with/)
    expect(await run('adb', 'pair', '127.0.0.1:1', '12345', ...at)).toMatchObject({ code: 2 })
    const list = await run('adb', 'devices', '--json', ...at)
    expect(list).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(list.out)).toMatchObject({
      server: { state: 'ready' },
      devices: [{ serial: phone.address, state: 'device', model: 'Phone 7', sdk: 35 }],
    })
    const made = await run('adb', 'reverse', phone.address, '8080', ...at)
    expect(made).toMatchObject({ code: 0, out: `${phone.address} 8080 -> 8080 open\n` })
    expect([...phone.tunnels.keys()]).toEqual(['tcp:8080'])
    expect((await run('adb', 'reverse', phone.address, '8080', '--remove', ...at)).code).toBe(0)
    expect(phone.tunnels.size).toBe(0)
    const file = join(scratch(), 'ca.crt')
    writeFileSync(file, 'certificate')
    expect((await run('adb', 'push', phone.address, file, '/sdcard/ca.crt', ...at)).code).toBe(0)
    expect(phone.files.get('/sdcard/ca.crt')?.bytes.toString()).toBe('certificate')
    const refused = await run('adb', 'push', phone.address, file, '/system/ca.crt', ...at)
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.err).toContain('Read-only file system')
    expect(await run('adb', 'logcat', phone.address, '--for', '0.1', ...at)).toMatchObject({ code: 0 })
    // This one stays until it is stopped, so it is a process of its own.
    await expect.poll(() => phone.logs.size).toBe(0)
    const reading = running(['adb', 'logcat', phone.address, '--json', '--tag', 'dmclient', ...at])
    try {
      await expect.poll(() => phone.logs.size).toBe(1)
      phone.say(`${phone.stamp(1_700_000_000_000)}  1 2 I dmclient: hello`)
      const line = JSON.parse(await reading.tells('hello')) as unknown
      expect(line).toMatchObject({ tag: 'dmclient', text: 'hello', deviceAt: '2023-11-14T22:13:20.000Z' })
    } finally {
      expect(await reading.stop()).toBe(0)
    }
  } finally {
    await phone.unplug()
    await server.end()
  }
}, 60_000)
