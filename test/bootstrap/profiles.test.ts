// Bootstrap profiles on a device's tree: each makes the account it carries, a wrong one changes nothing, and other tools read what we write.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { accountOf, freshPin, freshSecrets } from '../../core/bootstrap/account.ts'
import type { AccountWish } from '../../core/bootstrap/account.ts'
import { applyCp, cpDocument, encodeCp, readCp } from '../../core/bootstrap/cp.ts'
import { applyDm, dmBootstrap, encodeDm } from '../../core/bootstrap/dm.ts'
import type { DmStyle } from '../../core/bootstrap/dm.ts'
import { BootInbox, isBootstrap, readBootFile } from '../../core/bootstrap/inbox.ts'
import { makeMac } from '../../core/bootstrap/mac.ts'
import { accountsOf, makeDevice } from '../../core/device/profile.ts'
import { formatAcl } from '../../core/dmtree/acl.ts'
import { saveTree } from '../../core/dmtree/state.ts'
import type { Tree } from '../../core/dmtree/tree.ts'
import { CP_WBXML, DM_WBXML, readPdu, toPdu } from '../../core/notify/push.ts'
import type { Push } from '../../core/notify/push.ts'
import { CodecError, decode, decodeTree, encode, encodeTree } from '../../core/syncml/codec.ts'
import { needs, needsShared } from '../support/needs.ts'
import { B3, bytes, hex, IMSI, mutated, PIN, fuzzMs, rounds, seeded, utf8, W8, W9 } from '../notify/support.ts'

const WISH: AccountWish = {
  serverId: 'com.example.dm',
  name: 'Example DM',
  address: 'https://dm.example.com/dm',
  auth: 'DIGEST',
  userName: 'client-0001',
  password: 'Cl13ntS3cret',
  serverPassword: 'S3rv3rS3cret',
  clientNonce: utf8('NonceForClient01'),
  serverNonce: utf8('NonceForServer01'),
}
const ACCOUNT = accountOf(WISH)
const DEVICE = 'IMEI:490154203237518'

/** A device's tree without any account. */
function bare(): Tree {
  const { tree } = makeDevice({ id: DEVICE, serverUri: 'http://127.0.0.1:1/dm' })
  for (const account of [...(tree.find(['DMAcc'])?.children?.values() ?? [])]) tree.remove(account)
  return tree
}

const aclOf = (tree: Tree, node: string): string => formatAcl(tree.find(['DMAcc', node])?.acl ?? null)
const signed = (contentType: string, document: Uint8Array, security: 'NETWPIN' | 'USERPIN' | 'USERNETWPIN' = 'USERPIN'): Push =>
  readPdu(
    toPdu({
      contentType,
      security,
      mac: makeMac(contentType === CP_WBXML ? 'cp' : 'dm', security, { imsi: IMSI, pin: PIN }, document),
      body: document,
    }),
  )
const WHOLE = {
  serverId: 'com.example.dm',
  serverUri: 'https://dm.example.com/dm',
  client: { type: 'DIGEST', name: 'client-0001', secret: 'Cl13ntS3cret', nonce: utf8('NonceForClient01') },
  server: { type: 'DIGEST', name: 'com.example.dm', secret: 'S3rv3rS3cret', nonce: utf8('NonceForServer01') },
}

describe('the DM profile', () => {
  it('nb 25: W8 and W9 are ours both ways, and make the same account', (context) => {
    const trees = [W8, W9].map((document) => {
      const tree = bare()
      expect(applyDm(tree, document)).toEqual({ accounts: [{ serverId: 'com.example.dm', node: 'Ex' }], skipped: [] })
      expect(aclOf(tree, 'Ex')).toBe('Add=com.example.dm&Delete=com.example.dm&Get=com.example.dm&Replace=com.example.dm')
      return JSON.stringify(saveTree(tree).children)
    })
    expect(trees[0]).toBe(trees[1])
    expect(hex(encode(decode(W8, 'wbxml').message, { encoding: 'wbxml' }))).toBe(hex(W8))
    void context
  })

  it.each<DmStyle>(['inline', 'opaque', 'add'])('written as %s it makes the whole account, rights as the TNDS says', (style) => {
    const tree = bare()
    const document = encodeDm(dmBootstrap(ACCOUNT, DEVICE, style))
    const { header } = decode(document, 'wbxml').message
    expect(header).toMatchObject({ sessionId: '0', msgId: '0', target: { locUri: DEVICE }, source: { locUri: 'com.example.dm' } })
    expect(applyDm(tree, document)).toEqual({ accounts: [{ serverId: 'com.example.dm', node: 'Example DM' }], skipped: [] })
    expect(accountsOf(tree)).toMatchObject([{ ...WHOLE, name: 'Example DM' }])
    expect(tree.find(['DMAcc', 'Example DM', 'AppAddr', '1', 'Port', '1', 'PortNbr'])?.value).toBe('443')
    expect(aclOf(tree, 'Example DM')).toBe('Add=com.example.dm&Delete=com.example.dm&Get=com.example.dm&Replace=com.example.dm')
  })

  it('the sheet’s full account with its ACL, as XML text in a WBXML message', () => {
    const mgmt = decodeTree(encodeTree(tndsOf('inline'), { encoding: 'xml' }), 'xml').root
    const message = dmBootstrap(ACCOUNT, DEVICE, 'inline')
    const [add] = message.commands
    const item = {
      target: { locUri: './Inbox' },
      meta: { format: 'xml', type: 'application/vnd.syncml.dmtnds+xml' },
      data: new TextDecoder().decode(encodeTree(mgmt, { encoding: 'xml', prolog: false })),
    }
    const tree = bare()
    applyDm(tree, encodeDm({ ...message, commands: [{ ...add, kind: 'Add', cmdId: '1', items: [item] }] }))
    expect(accountsOf(tree)).toMatchObject([WHOLE])
  })

  it('nb 26: an unknown managed object is passed over, the account is made', () => {
    const strange = edited('inline', (xml) =>
      xml.replace(
        '</MgmtTree>',
        '<Node><NodeName>Other</NodeName><RTProperties><Format><node/></Format><Type><DDFName>urn:x:mo:other:1.0</DDFName></Type></RTProperties></Node></MgmtTree>',
      ),
    )
    const tree = bare()
    expect(applyDm(tree, strange)).toEqual({
      accounts: [{ serverId: 'com.example.dm', node: 'Example DM' }],
      skipped: ['managed object urn:x:mo:other:1.0 is not known here'],
    })
  })

  it('nb 27: a name another server has gives way, and ./Inbox references follow', () => {
    const tree = bare()
    applyDm(tree, encodeDm(dmBootstrap({ ...ACCOUNT, serverId: 'first' }, DEVICE, 'opaque')))
    const pointing = edited('inline', (xml) =>
      xml.replace(
        '<Node><NodeName>AppAddr',
        '<Node><NodeName>PrefConRef</NodeName><RTProperties><Format><chr/></Format></RTProperties><Value>./Inbox/Example%20DM/Name</Value></Node><Node><NodeName>AppAddr',
      ),
    )
    expect(applyDm(tree, pointing).accounts).toEqual([{ serverId: 'com.example.dm', node: 'Example DM-1' }])
    expect(tree.find(['DMAcc', 'Example DM-1', 'PrefConRef'])?.value).toBe('./DMAcc/Example%20DM-1/Name')
    expect(accountsOf(tree).map(({ serverId }) => serverId)).toEqual(['first', 'com.example.dm'])
    const adds = applyDm(tree, encodeDm(dmBootstrap({ ...ACCOUNT, serverId: 'third' }, DEVICE, 'add')))
    expect(adds.accounts).toEqual([{ serverId: 'third', node: 'Example DM-2' }])
  })

  it('an element in a TNDS value that no table names is refused with its place, not thrown', () => {
    const strange = bytes(hex(W8).replace(hex(utf8('com.example.dm')) + '00010101010101', `${hex(utf8('com.example.dm'))}003D010101010101`))
    const tree = bare()
    const before = JSON.stringify(saveTree(tree))
    const outcome = new BootInbox({ tree, unsigned: true }).receive(readBootFile(strange))
    expect(outcome.what).toBe('refused')
    expect(outcome.text).toContain("refused with 415: TNDS: node 'ServerID'")
    expect(JSON.stringify(saveTree(tree))).toBe(before)
  })

  it('the same server again replaces its account and leaves the others', () => {
    const tree = bare()
    for (const serverId of ['other', 'com.example.dm', 'com.example.dm'])
      applyDm(tree, encodeDm(dmBootstrap({ ...ACCOUNT, name: serverId, serverId }, DEVICE, 'inline')))
    expect(accountsOf(tree).map(({ name }) => name)).toEqual(['other', 'com.example.dm'])
  })

  it('a bootstrap message a real client took, as XML for reading and as WBXML for the device', (context) => {
    const file = needsShared(context, 'corpus/aosp-verified-vectors/boot-add.xml')
    const { message } = decode(new Uint8Array(readFileSync(file)), 'xml')
    const tree = bare()
    expect(applyDm(tree, encode(message, { encoding: 'wbxml' })).accounts).toEqual([{ serverId: 'bootsrv', node: 'bootsrv' }])
    expect(accountsOf(tree)[0]).toMatchObject({ serverId: 'bootsrv', server: { nonce: utf8('123') } })
  })

  it.each([
    ['cut short', () => W8.subarray(0, 200), /byte \d+/],
    ['no Adds', () => encodeDm({ ...dmBootstrap(ACCOUNT, DEVICE, 'add'), commands: [] }), 'adds nothing'],
    [
      'a Get',
      () =>
        encodeDm({ ...dmBootstrap(ACCOUNT, DEVICE, 'add'), commands: [{ kind: 'Get', cmdId: '1', items: [{ target: { locUri: './DevInfo' } }] }] }),
      'this one holds Get',
    ],
    ['an Add that cannot be', () => edited('add', (xml) => xml.replace('./DMAcc/Example%20DM/AppAddr/1/Addr<', './DevInfo/DevId<')), 'exists'],
    ['an account without ServerID', () => edited('add', (xml) => xml.replace(/<Add>(?:(?!<\/Add>).)*\/ServerID<.*?<\/Add>/, '')), 'has no ServerID'],
    ['broken TNDS', () => edited('inline', (xml) => xml.replace('<NodeName>ServerID</NodeName>', '')), 'NodeName'],
  ])('%s: refused, the tree as before', (_, document, reason) => {
    const tree = bare()
    const before = JSON.stringify(saveTree(tree))
    expect(() => applyDm(tree, document())).toThrow(reason)
    expect(JSON.stringify(saveTree(tree))).toBe(before)
  })

  /** MgmtTree of our own message. */
  function tndsOf(style: 'inline'): ReturnType<typeof decodeTree>['root'] {
    const [add] = dmBootstrap(ACCOUNT, DEVICE, style).commands
    const data = add?.kind === 'Add' ? add.items[0]?.data : undefined
    return (data as [ReturnType<typeof decodeTree>['root']])[0]
  }

  /** Our own message, changed as XML text, as WBXML again. */
  function edited(style: DmStyle, change: (xml: string) => string): Uint8Array {
    const xml = new TextDecoder().decode(encode(dmBootstrap(ACCOUNT, DEVICE, style), { encoding: 'xml' }))
    const changed = change(xml)
    expect(changed).not.toBe(xml)
    return encode(decode(utf8(changed), 'xml').message, { encoding: 'wbxml' })
  }
})

describe('the client provisioning profile', () => {
  const noNonces = accountOf({ ...WISH, clientNonce: null, serverNonce: null })
  const asB3 = { ...noNonces, credentials: noNonces.credentials }

  it('nb 29: B3 is ours to the octet, and makes the account', () => {
    expect(hex(encodeCp(cpDocument(asB3), 'wbxml'))).toBe(hex(B3))
    const tree = bare()
    expect(applyCp(tree, B3, 'wbxml')).toEqual({ accounts: [{ serverId: 'com.example.dm', node: '1' }], skipped: [] })
    const [account] = accountsOf(tree)
    expect(account).toMatchObject({
      serverId: 'com.example.dm',
      serverUri: 'https://dm.example.com/dm',
      authPref: 'DIGEST',
      client: { type: 'DIGEST', name: 'client-0001', secret: 'Cl13ntS3cret' },
      server: { type: 'DIGEST', name: 'com.example.dm', secret: 'S3rv3rS3cret' },
    })
    expect(tree.find(['DMAcc', '1', 'AppID'])?.value).toBe('w7')
    expect(tree.find(['DMAcc', '1', 'AppAddr', '1', 'Port', '1', 'PortNbr'])?.value).toBe('443')
  })

  it('nb 32: the ServerID gets Get, Replace and Delete on what was made', () => {
    const tree = bare()
    applyCp(tree, B3, 'wbxml')
    expect(aclOf(tree, '1')).toBe('Delete=com.example.dm&Get=com.example.dm&Replace=com.example.dm')
  })

  it('nonces and text form come through', () => {
    const tree = bare()
    applyCp(tree, encodeCp(cpDocument(ACCOUNT), 'xml'), 'xml')
    expect(accountsOf(tree)).toMatchObject([{ client: WHOLE.client, server: WHOLE.server }])
  })

  it('nb 33: a document without w7 makes nothing and grants nothing', (context) => {
    const folder = needsShared(context, 'corpus/libwbxml/client-provisioning-xml')
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.xml'))) {
      const octets = new Uint8Array(readFileSync(join(folder, name)))
      const { accounts } = readCp(octets, 'xml')
      const tree = bare()
      const before = JSON.stringify(saveTree(tree))
      expect(applyCp(tree, octets, 'xml').accounts, name).toHaveLength(accounts.length)
      if (accounts.length === 0) expect(JSON.stringify(saveTree(tree))).toBe(before)
    }
    const im = needsShared(context, 'corpus/aosp-omadm/clientprov-xml/engine__dmlib__tool-src__db_wizard_tool__samples__IM.xml')
    expect(readCp(new Uint8Array(readFileSync(im)), 'xml')).toMatchObject({
      accounts: [],
      skipped: ['characteristic NAPDEF is of no use here', 'characteristic APPLICATION wA is of no use here'],
    })
    const broken = needsShared(context, 'corpus/aosp-omadm/clientprov-xml/engine__dmlib__tool-src__db_wizard_tool__samples__BROWSER.xml')
    expect(() => readCp(new Uint8Array(readFileSync(broken)), 'xml')).toThrow(CodecError)
  })

  it('nb 34: attribute value tokens 80 to 83 of older documents mean the same', () => {
    const old = bytes(hex(B3).replaceAll('06000193', '06000183'))
    expect(hex(old)).not.toBe(hex(B3))
    expect(readCp(old, 'wbxml')).toEqual(readCp(B3, 'wbxml'))
  })

  it.each([
    ['w7 without PROVIDER-ID', { ...asB3, serverId: '' }, 'without PROVIDER-ID'],
    ['w7 without ADDR', { ...asB3, address: '' }, 'without ADDR'],
  ])('%s: refused with its place', (_, account, reason) => {
    const document = encodeCp(cpDocument(account), 'wbxml')
    expect(() => readCp(document, 'wbxml')).toThrow(reason)
    expect(() => readCp(document, 'wbxml')).toThrow(/byte \d+/)
  })

  it('libwbxml reads our document as the XML we mean, and writes the same octets from it', (context) => {
    needs(context, 'wbxml2xml', 'xml2wbxml')
    const dir = mkdtempSync(join(tmpdir(), 'dmlab-prov-'))
    const file = (name: string): string => join(dir, name)
    const ours = encodeCp(cpDocument(ACCOUNT), 'wbxml')
    writeFileSync(file('ours.wbxml'), ours)
    execFileSync('wbxml2xml', ['-o', file('ours.xml'), file('ours.wbxml')], { stdio: 'ignore' })
    const theirs = new Uint8Array(readFileSync(file('ours.xml')))
    expect(readCp(theirs, 'xml')).toEqual(readCp(ours, 'wbxml'))
    execFileSync('xml2wbxml', ['-n', '-v', '1.3', '-o', file('theirs.wbxml'), file('ours.xml')], { stdio: 'ignore' })
    expect(hex(readFileSync(file('theirs.wbxml')))).toBe(hex(ours))
  })
})

describe('the door for bootstrap messages', () => {
  const door = (tree = bare()): BootInbox => new BootInbox({ tree, imsi: IMSI })

  it.each([
    ['dm', DM_WBXML, W8, 'NETWPIN'],
    ['dm', DM_WBXML, encodeDm(dmBootstrap(ACCOUNT, DEVICE, 'add')), 'USERPIN'],
    ['cp', CP_WBXML, B3, 'USERNETWPIN'],
  ] as const)('nb 22, nb 30: %s with a right MAC is applied', (profile, contentType, document, security) => {
    const tree = bare()
    expect(door(tree).receive(signed(contentType, document, security), PIN)).toMatchObject({
      what: 'applied',
      profile,
      accounts: [{ serverId: 'com.example.dm' }],
    })
    expect(accountsOf(tree)).toHaveLength(1)
  })

  it('nb 23: a wrong MAC changes nothing, a changed document neither', () => {
    const tree = bare()
    const before = JSON.stringify(saveTree(tree))
    const push = signed(CP_WBXML, B3, 'NETWPIN')
    const changed = bytes(hex(B3).replace(hex(utf8('https://dm.')), hex(utf8('https://ev.'))))
    expect(door(tree).receive({ ...push, body: changed })).toEqual({
      what: 'refused',
      text: 'wrong MAC for NETWPIN: wrong secret, or the message was changed',
    })
    expect(new BootInbox({ tree, imsi: '262019999999999' }).receive(push).what).toBe('refused')
    expect(JSON.stringify(saveTree(tree))).toBe(before)
  })

  it('nb 28: the XML form of the DM profile is refused', () => {
    const push = { ...signed(DM_WBXML, W8), contentType: 'application/vnd.syncml.dm+xml' }
    expect(isBootstrap(push.contentType)).toBe(true)
    expect(door().receive(push, PIN)).toEqual({ what: 'refused', text: 'a DM profile bootstrap must be WBXML; this one is XML' })
  })

  it('nb 31: without SEC or MAC refused, unless the device is told to take such messages', () => {
    const push = signed(CP_WBXML, B3)
    expect(door().receive({ ...push, security: null }, PIN).text).toContain('names no SEC')
    expect(door().receive({ ...push, mac: null }, PIN).text).toContain('carries no MAC')
    const trusting = new BootInbox({ tree: bare(), unsigned: true })
    expect(trusting.receive({ ...push, security: null, mac: null }).what).toBe('applied')
    expect(trusting.receive({ ...push, mac: null }).what).toBe('refused')
    expect(trusting.receive({ ...push, security: null, securityText: '7', mac: null }).what).toBe('refused')
  })

  it('nb 35: three wrong PINs throw the message away; the right one in time applies it', () => {
    const one = door()
    expect(one.receive(signed(CP_WBXML, B3))).toEqual({ what: 'waiting', tries: 3, text: 'USERPIN needs the PIN' })
    expect(one.tryPin('0000')).toMatchObject({ what: 'waiting', tries: 2 })
    expect(one.tryPin('1111')).toMatchObject({ what: 'waiting', tries: 1 })
    expect(one.tryPin('2222')).toMatchObject({ what: 'refused', text: expect.stringContaining('3 wrong PINs') as string })
    expect(one.tryPin(PIN)).toEqual({ what: 'refused', text: 'no bootstrap message waits for a PIN' })
    const two = door()
    two.receive(signed(CP_WBXML, B3), '0000')
    expect(two.tryPin(PIN).what).toBe('applied')
  })

  it('what is signed and cannot be read is refused with its place in the push, nothing half-applied', () => {
    const tree = bare()
    const before = JSON.stringify(saveTree(tree))
    const cut = B3.slice(0, 100)
    const outcome = door(tree).receive(signed(CP_WBXML, cut), PIN)
    expect(outcome.what).toBe('refused')
    expect(outcome.text).toMatch(/^cannot be read at byte 1[45]\d: /)
    expect(JSON.stringify(saveTree(tree))).toBe(before)
  })

  it('files: a push with its headers, a bare document of either profile, or nothing of the kind', () => {
    expect(readBootFile(toPdu({ contentType: CP_WBXML, security: 'USERPIN', mac: 'A'.repeat(40), body: B3 }))).toMatchObject({
      contentType: CP_WBXML,
      security: 'USERPIN',
      body: B3,
    })
    expect(readBootFile(B3)).toMatchObject({ contentType: CP_WBXML, mac: null })
    expect(readBootFile(W8)).toMatchObject({ contentType: DM_WBXML, mac: null })
    expect(readBootFile(utf8('<?xml version="1.0"?><wap-provisioningdoc/>')).contentType).toBe('text/vnd.wap.connectivity-xml')
    expect(readBootFile(utf8('<SyncML/>')).contentType).toBe('application/vnd.syncml.dm+xml')
    expect(() => readBootFile(utf8('hello'))).toThrow('byte 0: neither')
  })

  it('fuzz: whatever the document, the outcome is a sentence, and the tree whole: all of the account, or as before', { timeout: fuzzMs }, () => {
    const dice = seeded(31)
    const tree = bare()
    const before = JSON.stringify(saveTree(tree))
    const originals = [B3, W8, W9, encodeDm(dmBootstrap(ACCOUNT, DEVICE, 'add'))]
    let applied = 0
    for (let i = 0; i < rounds / 2; i++) {
      const original = originals[i % originals.length] as Uint8Array
      const fresh = makeDevice({ id: DEVICE, serverUri: 'http://127.0.0.1:1/dm' }).tree
      const state = JSON.stringify(saveTree(fresh))
      const outcome = new BootInbox({ tree: fresh, imsi: IMSI }).receive(
        signed(i % originals.length === 0 ? CP_WBXML : DM_WBXML, mutated(original, dice)),
        PIN,
      )
      if (outcome.what === 'applied') applied += 1
      else expect(JSON.stringify(saveTree(fresh))).toBe(state)
      expect(outcome.text).not.toBe('')
    }
    expect(applied).toBeGreaterThan(0)
    expect(JSON.stringify(saveTree(tree))).toBe(before)
  })
})

describe('fresh secrets', () => {
  it('come from the generator alone, are long enough, and never read as base64 by accident', () => {
    const one = freshSecrets(seeded(1).octets)
    expect(freshSecrets(seeded(1).octets)).toEqual(one)
    expect(one.password).toMatch(/^[A-Za-z0-9_-]{20}$/)
    expect(one.serverPassword).not.toBe(one.password)
    expect(new TextDecoder().decode(one.clientNonce)).toMatch(/[-.]$/)
    expect(freshPin(seeded(2).octets)).toMatch(/^\d{6}$/)
    const counts = new Array<number>(10).fill(0)
    const dice = seeded(3)
    for (const digit of freshPin(dice.octets, 20_000)) counts[Number(digit)] = (counts[Number(digit)] ?? 0) + 1
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(300)
  })
})
