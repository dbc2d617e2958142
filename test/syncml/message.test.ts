// From tree to typed message: any order, padding trimmed, what is missing or foreign told and kept.
import { describe, expect, test } from 'vitest'
import { CodecError, decode, encode } from '../../core/syncml/codec.ts'
import type { Command, Message } from '../../core/syncml/message.ts'
import { summarise } from '../../core/syncml/summary.ts'
import { E4, E5, E6, E7, plain, utf8, W8 } from './samples.ts'

const HEADER =
  '<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>t</LocURI></Target><Source><LocURI>s</LocURI></Source></SyncHdr>'
const read = (body: string, header = HEADER): ReturnType<typeof decode> =>
  decode(utf8(`<SyncML xmlns="SYNCML:SYNCML1.2">${header}<SyncBody>${body}</SyncBody></SyncML>`), 'xml')
const command = (body: string): Command => read(body).message.commands[0] as Command
const rules = (body: string, header?: string): string[] => read(body, header).findings.map(({ rule }) => rule)
const again = (message: Message): Message => decode(encode(message, { encoding: 'wbxml' }), 'wbxml').message

describe('order and padding', () => {
  test('any order of children gives the same message, and is written in the order of the DTD', () => {
    const ordered = '<Exec><CmdID>7</CmdID><Meta/><Correlator>c</Correlator><Item><Target><LocURI>./X</LocURI></Target><Data>d</Data></Item></Exec>'
    const mixed = '<Exec><Item><Data>d</Data><Target><LocURI>./X</LocURI></Target></Item><Correlator>c</Correlator><Meta/><CmdID>7</CmdID></Exec>'
    expect(plain(command(mixed))).toEqual(plain(command(ordered)))
    const { message } = read(mixed)
    expect(Buffer.from(encode(message, { encoding: 'xml' })).toString()).toContain(ordered)
  })

  test('white space and NUL around values are trimmed and told', () => {
    const body =
      '<Status><CmdID> 1 </CmdID><MsgRef>\n1</MsgRef><CmdRef>0\t</CmdRef><Cmd>SyncHdr</Cmd><TargetRef> ./A </TargetRef><Data> 212 </Data></Status>'
    expect(command(body)).toMatchObject({ cmdId: '1', msgRef: '1', cmdRef: '0', targetRefs: ['./A'], code: 212, data: ' 212 ' })
    expect(rules(body)).toEqual(['msg.padding', 'msg.padding', 'msg.padding', 'msg.padding'])
    const meta =
      '<Add><CmdID>1</CmdID><Meta><Format xmlns="syncml:metinf"> chr </Format><Type xmlns="syncml:metinf"> text/plain </Type></Meta><Item/></Add>'
    expect(command(meta)).toMatchObject({ meta: { format: 'chr', type: 'text/plain' } })
  })
})

describe('what is missing or does not belong', () => {
  test('a message without its frame is refused', () => {
    for (const text of ['<SyncBody/>', '<SyncML><SyncHdr/></SyncML>', '<SyncML><SyncBody/></SyncML>', '<MgmtTree/>']) {
      expect(() => decode(utf8(text), 'xml')).toThrow(CodecError)
    }
  })

  test('an empty header is told, field by field', () => {
    expect(rules('', '<SyncHdr/>')).toEqual(['verdtd', 'verproto', 'sessionid', 'msgid', 'target', 'source'].map((name) => `msg.${name}.missing`))
  })

  test('findings point at the command they are about', () => {
    const { findings, message } = read('<Get><Item><Target><LocURI>.</LocURI></Target></Item></Get>')
    const get = message.commands[0] as Command
    expect(findings).toMatchObject([
      { rule: 'msg.cmdid.missing', severity: 'warn', document: 'SML', offset: get.start, length: (get.end ?? 0) - (get.start ?? 0) },
    ])
    expect(get.cmdId).toBe('')
  })

  test('Results without MsgRef means message 1; an extra Cmd, as Windows sends it, is kept', () => {
    const body = '<Results><CmdID>2</CmdID><CmdRef>4</CmdRef><Cmd>Get</Cmd><Item><Data>x</Data></Item></Results>'
    expect(command(body)).toMatchObject({ msgRef: '1', cmdRef: '4', other: [{ name: 'Cmd', text: 'Get' }] })
    expect(rules(body)).toEqual(['msg.child', 'msg.results.msgref'])
    expect(again(read(body).message).commands[0]).toMatchObject({ other: [{ name: 'Cmd', text: 'Get' }] })
  })

  test('a second CmdID is kept beside the first', () => {
    expect(command('<Alert><CmdID>1</CmdID><CmdID>2</CmdID><Data>1201</Data></Alert>')).toMatchObject({
      cmdId: '1',
      code: 1201,
      other: [{ text: '2' }],
    })
  })

  test('a number that is none stays in the message as it came', () => {
    const alert = command('<Alert><CmdID>1</CmdID><Data>soon</Data></Alert>')
    expect(alert).toMatchObject({ code: NaN, data: 'soon' })
    const size = '<Add><CmdID>1</CmdID><Meta><Size xmlns="syncml:metinf">many</Size></Meta><Item/></Add>'
    expect(command(size)).toMatchObject({ meta: { other: [{ name: 'Size', text: 'many' }] } })
    expect(rules(size)).toEqual(['msg.meta.number'])
  })

  test.each(['Put', 'Search', 'Sync', 'Map', 'Move', 'Invent'])('%s is no DM command and is kept whole', (name) => {
    const body = `<${name}><CmdID>9</CmdID><Item><Data>x</Data></Item></${name}>`
    expect(command(body)).toMatchObject({ kind: 'Other', name, cmdId: '9', element: { name } })
    const { message } = read(body)
    expect(plain(again(message))).toEqual(plain(message))
  })
})

describe('every kind of command', () => {
  const all =
    '<Atomic><CmdID>1</CmdID><NoResp/><Meta><Mark xmlns="syncml:metinf">critical</Mark></Meta>' +
    '<Sequence><CmdID>2</CmdID><Delete><CmdID>3</CmdID><Archive/><SftDel/><Item/></Delete><Get><CmdID>4</CmdID><Lang>de</Lang><Item/></Get></Sequence>' +
    '<Copy><CmdID>5</CmdID><Cred><Data>x</Data></Cred><Item><Target><LocURI>b</LocURI></Target><Source><LocURI>a</LocURI><LocName>n</LocName></Source></Item></Copy></Atomic>' +
    '<Status><CmdID>6</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Atomic</Cmd><TargetRef>a</TargetRef><TargetRef>b</TargetRef><SourceRef>c</SourceRef>' +
    '<Chal><Meta><Format xmlns="syncml:metinf">b64</Format><NextNonce xmlns="syncml:metinf">QQ==</NextNonce></Meta></Chal><Data>407</Data><Item><Data>i</Data></Item></Status>' +
    '<Results><CmdID>7</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Meta><Type xmlns="syncml:metinf">t</Type><Size xmlns="syncml:metinf">5</Size>' +
    '<Anchor xmlns="syncml:metinf"><Last>l</Last><Next>n</Next></Anchor><Version xmlns="syncml:metinf">v</Version><EMI xmlns="syncml:metinf">e1</EMI>' +
    '<EMI xmlns="syncml:metinf">e2</EMI></Meta><TargetRef>t</TargetRef><SourceRef>s</SourceRef><Item><SourceParent><LocURI>sp</LocURI></SourceParent>' +
    '<TargetParent><LocURI>tp</LocURI></TargetParent><Data>v</Data><MoreData/></Item></Results>' +
    '<Alert><CmdID>8</CmdID><Data>1226</Data><Correlator>c42</Correlator><Item><Source><LocURI>./FwUpdate/Main</LocURI></Source><Meta>' +
    '<Format xmlns="syncml:metinf">int</Format><Type xmlns="syncml:metinf">org.openmobilealliance.dm.firmwareupdate.downloadandupdate</Type>' +
    '<Mark xmlns="syncml:metinf">informational</Mark></Meta><Data>200</Data></Item></Alert><Final/>'

  test('is read without a finding and written as it was, in both encodings', () => {
    const { message, findings } = read(all)
    expect(findings).toEqual([])
    expect(Buffer.from(encode(message, { encoding: 'xml' })).toString()).toContain(`<SyncBody>${all}</SyncBody>`)
    expect(plain(again(message))).toEqual(plain(message))
    expect(message.final).toBe(true)
  })

  test('a changed code wins over the text it was read from', () => {
    const { message } = read('<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>212</Data></Status>')
    const commands = message.commands.map((c) => (c.kind === 'Status' ? { ...c, code: 401 } : c))
    expect(again({ ...message, commands }).commands[0]).toMatchObject({ code: 401, data: '401' })
  })
})

describe('summaries', () => {
  test('of the worked examples', () => {
    expect(summarise(E4)).toEqual({
      ...{ sessionId: '1A', msgId: '1', source: 'IMEI:490154203237518', target: 'https://dm.example.com/dm', locName: 'client-0001' },
      ...{ commands: ['Alert 1201', 'Replace'], statuses: [], firstTarget: './DevInfo/DevId', final: true, package: '#1' },
    })
    expect(summarise(E5)).toMatchObject({ commands: ['Get'], statuses: ['212', '200', '200'], firstTarget: './DevDetail/FwV', package: '' })
    expect(summarise(E6)).toMatchObject({ commands: ['Results'], statuses: ['212', '200'], firstTarget: './DevDetail/FwV' })
    expect(summarise(E7)).toMatchObject({ commands: [], statuses: ['200'], firstTarget: '', locName: 'com.example.dm' })
    expect(summarise(decode(W8, 'wbxml').message)).toMatchObject({ commands: ['Add'], firstTarget: './Inbox' })
  })

  test('children of Atomic stand behind it, and a code that is none stays empty', () => {
    const { message } = read(
      '<Atomic><CmdID>1</CmdID><Replace><CmdID>2</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Replace></Atomic><Alert><CmdID>3</CmdID></Alert>' +
        '<Status><CmdID>4</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd></Status><Put><CmdID>5</CmdID></Put>',
    )
    expect(summarise(message)).toMatchObject({ commands: ['Atomic', 'Replace', 'Alert', 'Put'], statuses: [''], firstTarget: './A', final: false })
  })
})
