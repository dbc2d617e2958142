// `dmlab notify` and `dmlab device --push-port`: printed, sent to a real device, sent by the lab of a workspace, refused with reasons.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytes, hex, PACKAGE0, SMS } from '../notify/support.ts'
import { dmlab as alone, dmlabHere as dmlab, scratch } from './dmlab.ts'
import { running } from './running.ts'
import type { Running } from './running.ts'

const SAMPLE = ['notify', '--device', 'D', '--server-id', 'com.example.dm', '--password', 'S3rv3rS3cret', '--nonce', 'Tm9uY2VGb3JTZXJ2ZXIwMQ==']

describe('dmlab notify --print', () => {
  it('nb 1: the sample in hexadecimal, as PDU and as SMS', () => {
    const ran = alone([...SAMPLE, '--session-id', '26', '--hex', '--pdu', '--sms'])
    expect(ran.text.trim().toUpperCase().split('\n')).toEqual([hex(PACKAGE0), hex(SMS.slice(7)), hex(SMS)])
    expect(ran.code).toBe(0)
  })

  it('shows the fields bit by bit, and in JSON with their meaning', async () => {
    const shown = await dmlab([...SAMPLE, '--session-id', '0x1A', '--print'])
    expect(shown.text).toMatch(/0010-0011\s+02d8\s+version\s+10 bits\s+11 \(1\.1\)/)
    const json = JSON.parse((await dmlab([...SAMPLE, '--session-id', '0x1A', '--json'])).text) as Record<string, unknown>
    expect(json).toMatchObject({
      type: 'notification',
      device: 'D',
      version: 11,
      uiMode: 'background',
      initiator: 'server',
      sessionId: 26,
      sessionIdText: '1A',
      serverId: 'com.example.dm',
    })
    expect(hex(Buffer.from(String(json['package0']), 'base64'))).toBe(hex(PACKAGE0))
    expect(json['fields']).toHaveLength(8)
  })

  it('nb 3, nb 21: version, ui-mode, initiator, vendor octets and the end device are what they are asked to be', async () => {
    const words = [
      '--version',
      '1.0',
      '--ui-mode',
      'informative',
      '--initiator',
      'client',
      '--session-id',
      '0x1234',
      '--vendor',
      '01 02',
      '--gateway-device',
      'urn:example:dev:ed3',
      '--pdu',
    ]
    const pdu = (await dmlab([...SAMPLE, ...words])).text.trim().toUpperCase()
    expect(pdu.slice(0, 54)).toBe('010618C4AF87D075726E3A6578616D706C653A6465763A65643300')
    expect(pdu.slice(54 + 32)).toBe(`02A0000000 1234 0E ${hex(bytes('636F6D2E6578616D706C652E646D'))} 0102`.replace(/ /g, ''))
  })

  it('decode reads what notify writes: bare, as PDU, as SMS', async () => {
    const lines = (await dmlab([...SAMPLE, '--session-id', '26', '--gateway-device', 'ed3', '--hex', '--pdu', '--sms'])).text.trim().split('\n')
    const texts: string[] = []
    for (const line of lines) texts.push((await dmlab(['decode', '--type', 'notification'], line)).text)
    const [bare = '', pdu = '', sms = ''] = texts
    expect(bare).toContain('server-identifier')
    expect(pdu).toBe(`WSP push: application/vnd.syncml.notification, x-wap-application:syncml.dm, end device ed3\n${bare}`)
    expect(sms).toBe(pdu)
  })

  it.each([
    [['notify'], "required option '--device <id>'"],
    [['notify', '--device', 'D'], 'needs --server-id and --password'],
    [[...SAMPLE, '--session-id', '0'], '--session-id 0: not a number from 1 to 65535'],
    [[...SAMPLE, '--vendor', '0g'], '--vendor: character 1'],
    [[...SAMPLE.slice(0, -1), '!!'], '--nonce: no base64'],
    [[...SAMPLE, '--resync'], '--wait, --resync and --flaw go with --workspace'],
    [[...SAMPLE, '--server-id', 'x'.repeat(256)], 'byte 23: length-identifier 256'],
    [['notify', '--device', 'D', '--workspace', '/nonexistent'], '/nonexistent: no such folder'],
  ])('wrong usage %#: one line and 2', async (words, reason) => {
    const ran = await dmlab(words)
    expect(ran.code).toBe(2)
    expect(ran.err).toContain(reason)
    expect(ran.err.trim().split('\n')).toHaveLength(1)
  })

  it('where nobody listens over HTTP: one line and 1', async () => {
    const ran = await dmlab([...SAMPLE, '--to', 'http://127.0.0.1:1/'])
    expect(ran.code).toBe(1)
    expect(ran.err).toContain('nobody listens at 127.0.0.1:1')
  })
})

describe('a lab, a device, and the command line between them', () => {
  let lab: Running
  let device: Running
  let dm = ''
  let push = ''
  let http = ''
  const workspace = join(scratch(), 'ws')

  beforeAll(async () => {
    lab = running(['serve', '--workspace', workspace, '--dm-port', '0', '--ui-port', '0'])
    const ready = JSON.parse(await lab.line(0)) as { dm: string; push: string }
    dm = ready.dm
    expect(ready.push).toMatch(/^udp:\/\/127\.0\.0\.1:\d+$/)
    device = running(['device', '--server', dm, '--id', 'IMEI:CLI', '--push-port', '0', '--json'])
    const told = JSON.parse(await device.line(0)) as { push: string; http: string; id: string }
    expect(told.id).toBe('IMEI:CLI')
    push = told.push
    http = told.http
  })
  afterAll(async () => {
    expect(await device.stop()).toBe(0)
    expect(await lab.stop()).toBe(0)
  })

  it('sent by the command itself: the device holds the session it names', async () => {
    const sent = alone(['notify', '--device', 'IMEI:CLI', '--server-id', 'dm-lab', '--password', 'lab', '--session-id', '0x2C', '--to', push])
    expect(sent.code).toBe(0)
    expect(sent.text).toContain('session 2C')
    expect(JSON.parse(await device.line(1))).toMatchObject({ id: 'IMEI:CLI', sessionId: '2C', outcome: 'completed', reason: null })
  })

  it('over HTTP too; a wrong password is refused with the reason on stderr, and the device stays', async () => {
    const wrong = await dmlab(['notify', '--device', 'IMEI:CLI', '--server-id', 'dm-lab', '--password', 'guess', '--to', http])
    expect(wrong.code).toBe(0)
    await device.says('refused: wrong digest: wrong secret')
    const stranger = await dmlab(['notify', '--device', 'IMEI:CLI', '--server-id', 'nobody', '--password', 'lab', '--to', push])
    expect(stranger.code).toBe(0)
    await device.says('wrong server id: no account of a server "nobody"')
    expect(device.lines).toHaveLength(2)
  })

  it('sent by the lab: recorded in its trace with the session that answers', async () => {
    const sent = await dmlab(['notify', '--device', 'IMEI:CLI', '--workspace', workspace, '--to', push, '--json'])
    expect(sent.code).toBe(0)
    const { seq, sessionId } = JSON.parse(sent.text) as { seq: number; sessionId: string }
    expect(JSON.parse(await device.line(2))).toMatchObject({ sessionId, outcome: 'completed' })
    const rows = await dmlab(['trace', 'list', '--workspace', workspace, '--json', '--kind', 'all'])
    const all = rows.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(all.find((row) => row['seq'] === seq)).toMatchObject({ package: '#0', device: 'IMEI:CLI', sessionId, direction: 'down' })
    expect(all.some((row) => row['package'] === '#1' && row['sessionId'] === sessionId)).toBe(true)
  })

  it('a device of a kind keeps its habits when it is woken: SessionID in decimal, list queries refused', async () => {
    const words = ['--id', 'IMEI:SYMBIAN', '--profile', 'symbian', '--encoding', 'wbxml', '--push-port', '0', '--json']
    const kind = running(['device', '--server', dm, ...words])
    try {
      const { push: at } = JSON.parse(await kind.line(0)) as { push: string }
      const call = ['notify', '--device', 'IMEI:SYMBIAN', '--server-id', 'dm-lab', '--password', 'lab', '--to', at]
      expect((await dmlab([...call, '--session-id', '0x1F'])).code).toBe(0)
      expect(JSON.parse(await kind.line(1))).toMatchObject({ sessionId: '31', outcome: 'completed' })
      const asked = await dmlab(['tree', 'get', './DevDetail?list=Struct', '--device', 'IMEI:SYMBIAN', '--workspace', workspace])
      expect([asked.code, asked.err]).toEqual([0, ''])
      expect((await dmlab([...call, '--session-id', '0x20'])).code).toBe(0)
      expect(JSON.parse(await kind.line(2))).toMatchObject({ sessionId: '32', outcome: 'completed' })
      const rows = (await dmlab(['trace', 'list', '--workspace', workspace, '--json'])).text
      expect(rows.split('\n').some((line) => line.includes('IMEI:SYMBIAN') && line.includes('"406"'))).toBe(true)
    } finally {
      expect(await kind.stop()).toBe(0)
    }
  })

  it('what the lab refuses is told with 1', async () => {
    const ran = await dmlab(['notify', '--device', 'IMEI:nobody-knows', '--workspace', workspace])
    expect(ran.code).toBe(1)
    expect(ran.err).toContain('no push address of IMEI:nobody-knows is known')
  })
})
