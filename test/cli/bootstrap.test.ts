// `dmlab bootstrap` and `dmlab device --bootstrap`: each profile printed, written, taken by a device that then holds its first session; wrong ones refused.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPdu } from '../../core/notify/push.ts'
import { dmlab as alone, dmlabHere as dmlab, scratch } from './dmlab.ts'
import { running } from './running.ts'
import type { Running } from './running.ts'

const folder = scratch()
const file = (name: string): string => join(folder, name)

describe('dmlab bootstrap --print', () => {
  it('shows the provisioning document, and the secrets once', () => {
    const ran = alone([
      'bootstrap',
      '--profile',
      'cp',
      '--server',
      'https://dm.example.com/dm',
      '--server-id',
      'com.example.dm',
      '--user',
      'client-0001',
      '--mac',
      'USERPIN',
      '--pin',
      '1234',
    ])
    expect(ran.code).toBe(0)
    expect(ran.text).toContain('<parm name="PROVIDER-ID" value="com.example.dm"/>')
    const secret = /password: (\S{20})/.exec(ran.text)?.[1] ?? ''
    expect(ran.text).toContain(`<parm name="AAUTHSECRET" value="${secret}"/>`)
    expect(ran.text).toMatch(/content type: application\/vnd\.wap\.connectivity-wbxml; SEC=USERPIN; MAC=[0-9A-F]{40}/)
  })

  it('JSON holds document, PDU and MAC, and they belong together', async () => {
    const ran = await dmlab(['bootstrap', '--profile', 'dm', '--device', 'IMEI:1', '--server', 'http://127.0.0.1:8080/dm', '--json'])
    const json = JSON.parse(ran.text) as Record<string, string>
    const push = readPdu(new Uint8Array(Buffer.from(json['pdu'] ?? '', 'base64')))
    expect(push).toMatchObject({ contentType: json['contentType'], security: 'USERPIN', mac: json['mac'] })
    expect(Buffer.from(push.body).toString('base64')).toBe(json['document'])
    expect(json['pin']).toMatch(/^\d{6}$/)
  })

  it.each([
    [['bootstrap', '--profile', 'xx'], 'xx'],
    [['bootstrap', '--device', 'D'], 'needs --server'],
    [['bootstrap', '--server', 'http://x/dm'], 'needs --device'],
    [['bootstrap', '--server', 'http://x/dm', '--device', 'D', '--mac', 'NETWPIN'], 'NETWPIN needs the IMSI'],
    [['bootstrap', '--device', 'D', '--workspace', '/nonexistent'], 'no such folder'],
    [['device', '--bootstrap', '/nonexistent'], 'no such file'],
    [['device'], '--server'],
  ])('wrong usage %#: one line and 2', async (words, reason) => {
    const ran = await dmlab(words)
    expect(ran.code).toBe(2)
    expect(ran.err).toContain(reason)
  })
})

describe('bootstrap, then the first session', () => {
  let lab: Running
  const workspace = join(scratch(), 'ws')
  beforeAll(async () => {
    lab = running(['serve', '--workspace', workspace, '--dm-port', '0', '--ui-port', '0'])
    await lab.line(0)
  })
  afterAll(async () => {
    expect(await lab.stop()).toBe(0)
  })

  it.each([
    ['dm', 'NETWPIN', ['--imsi', '262011234567890'], ['--imsi', '262011234567890']],
    ['dm-add', 'USERPIN', ['--pin', '4711'], ['--pin', '4711']],
    ['cp', 'USERNETWPIN', ['--imsi', '262011234567890', '--pin', '4711'], ['--imsi', '262011234567890', '--pin', '4711']],
  ])('nb 24: profile %s with %s from a file', async (profile, mac, given, known) => {
    const id = `IMEI:file-${profile}`
    const made = await dmlab([
      'bootstrap',
      '--workspace',
      workspace,
      '--profile',
      profile,
      '--device',
      id,
      '--mac',
      mac,
      ...given,
      '-o',
      file(`${id}.wsp`),
    ])
    expect(made.err).toBe('')
    expect(made.code).toBe(0)
    const ran = await dmlab(['device', '--id', id, '--bootstrap', file(`${id}.wsp`), ...known, '--state', file(`${id}.json`), '--json'])
    expect(ran.err).toContain('bootstrapped: ')
    expect(ran.code).toBe(0)
    expect(JSON.parse(ran.text)).toMatchObject({ devices: [{ id, outcome: 'completed', reason: null }] })
    const secret = /password: (\S+)/.exec(made.text)?.[1] ?? '-'
    expect(readFileSync(file(`${id}.json`), 'utf8')).toContain(secret)
    expect(ran.text + ran.err).not.toContain(secret)
  })

  it('nb 23: a wrong PIN is refused with 1 and its reason, and nothing is kept', async () => {
    await dmlab(['bootstrap', '--workspace', workspace, '--profile', 'cp', '--device', 'IMEI:wrong', '--pin', '4711', '-o', file('wrong.wsp')])
    const ran = alone(['device', '--id', 'IMEI:wrong', '--bootstrap', file('wrong.wsp'), '--pin', '0000', '--state', file('wrong.json')])
    expect(ran.code).toBe(1)
    expect(ran.err).toContain('wrong MAC for USERPIN')
    expect(ran.text).toBe('')
    expect(existsSync(file('wrong.json'))).toBe(false)
  })

  it('nb 31: a bare document needs --unsigned; hexadecimal text is read', async () => {
    const made = await dmlab(['bootstrap', '--workspace', workspace, '--profile', 'cp', '--device', 'IMEI:bare', '--pin', '1', '--hex'])
    writeFileSync(file('bare.hex'), made.text)
    const refused = await dmlab(['device', '--id', 'IMEI:bare', '--bootstrap', file('bare.hex')])
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('names no SEC')
    const taken = await dmlab(['device', '--id', 'IMEI:bare', '--bootstrap', file('bare.hex'), '--unsigned', '--json'])
    expect(taken.code).toBe(0)
    expect(JSON.parse(taken.text)).toMatchObject({ devices: [{ outcome: 'completed' }] })
  })

  it('over UDP push: the device begins with no account, is bootstrapped, then notified', async () => {
    const device = running(['device', '--id', 'IMEI:udp', '--push-port', '0', '--pin', '4711', '--json', '--state', file('udp.json')])
    try {
      const { push } = JSON.parse(await device.line(0)) as { push: string }
      const made = await dmlab([
        'bootstrap',
        '--workspace',
        workspace,
        '--profile',
        'cp',
        '--device',
        'IMEI:udp',
        '--pin',
        '4711',
        '--to',
        push,
        '--json',
      ])
      expect(made.code).toBe(0)
      expect(JSON.parse(await device.line(1))).toMatchObject({ id: 'IMEI:udp', outcome: 'completed' })
      const sent = await dmlab(['notify', '--device', 'IMEI:udp', '--workspace', workspace, '--json'])
      const { sessionId } = JSON.parse(sent.text) as { sessionId: string }
      expect(JSON.parse(await device.line(2))).toMatchObject({ sessionId, outcome: 'completed' })
    } finally {
      expect(await device.stop()).toBe(0)
    }
    // The account is in the state: the device needs no --server and no bootstrap any more.
    const again = running(['device', '--push-port', '0', '--json', '--state', file('udp.json')])
    try {
      const { push, id } = JSON.parse(await again.line(0)) as { push: string; id: string }
      expect(id).toBe('IMEI:udp')
      const sent = JSON.parse((await dmlab(['notify', '--device', 'IMEI:udp', '--workspace', workspace, '--to', push, '--json'])).text) as {
        sessionId: string
      }
      expect(JSON.parse(await again.line(1))).toMatchObject({ sessionId: sent.sessionId, outcome: 'completed' })
    } finally {
      expect(await again.stop()).toBe(0)
    }
  })
})
