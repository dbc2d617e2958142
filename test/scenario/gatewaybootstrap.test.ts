// Bootstrap of the gateway and by the gateway, as it passes in the run of M: what the documents hold, who gets to know their secrets, and what becomes of one that is not whole.
import { describe, expect, it } from 'vitest'
import type { FrameDetail, Hop } from '../../core/api.ts'
import { accountOf, freshSecrets } from '../../core/bootstrap/account.ts'
import { applyDm, dmBootstrap, encodeDm } from '../../core/bootstrap/dm.ts'
import { BootInbox, readBootFile } from '../../core/bootstrap/inbox.ts'
import { makeMac } from '../../core/bootstrap/mac.ts'
import { accountsOf, makeDevice } from '../../core/device/profile.ts'
import { saveTree } from '../../core/dmtree/state.ts'
import { TNDS_WBXML } from '../../core/dmtree/tnds.ts'
import type { Tree } from '../../core/dmtree/tree.ts'
import { DM_WBXML, readPdu, toPdu } from '../../core/notify/push.ts'
import type { Push } from '../../core/notify/push.ts'
import { scenario } from '../../core/scenario/all.ts'
import type { GatewayFlow } from '../../core/scenario/all.ts'
import type { Act, GatewayPlant, SetupEnd } from '../../core/scenario/gatewaysetup.ts'
import { runInMemory } from '../../core/scenario/runner.ts'
import { decode, decodeTree } from '../../core/syncml/codec.ts'
import type { Element } from '../../core/syncml/element.ts'
import type { Data } from '../../core/syncml/message.ts'
import { base64 } from '../../core/syncml/text.ts'
import { fixedEnv } from '../session/support.ts'
import { hasSqlite } from '../support/needs.ts'
import { PORTS } from './ports.ts'

const ID = 'urn:example:dev:ed1'
const PIN = '482913'
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** A device's tree without any account. */
function bare(): Tree {
  const { tree } = makeDevice({ id: ID, serverUri: 'http://127.0.0.1:1/dm' })
  for (const account of [...(tree.find(['DMAcc'])?.children?.values() ?? [])]) tree.remove(account)
  return tree
}

/** Procedure M with two devices in proxy mode, both of which insist on their DM Server's word; `plant` breaks one thing. */
async function procedure(plant?: GatewayPlant): Promise<readonly FrameDetail[]> {
  const flow = scenario('s4-m') as GatewayFlow
  const devices = ['ed1', 'ed2'].map((name): SetupEnd => ({ name, mode: 'proxy', begins: 'unknown', insists: true }))
  const both: readonly Act[] = [
    { key: 'asks2', deed: { do: 'ask', device: 'ed2' } },
    { key: 'asks', deed: { do: 'ask', device: 'ed1' }, pause: 500 },
    { key: 'server2', deed: { do: 'bootstrap', device: 'ed2', by: 'server' }, pause: 500 },
    { key: 'server', deed: { do: 'bootstrap', device: 'ed1', by: 'server' }, pause: 500 },
    { key: 'gateway', deed: { do: 'bootstrap gateway' }, pause: 5000 },
    { key: 'device2', deed: { do: 'bootstrap', device: 'ed2', by: 'gateway' }, pause: 5000 },
    { key: 'device', deed: { do: 'bootstrap', device: 'ed1', by: 'gateway' }, pause: 5000 },
  ]
  const faults = plant === undefined ? [] : [{ step: 'M.4', text: 'as the test says', plant }]
  const wish = { id: flow.id, ...(plant === undefined ? {} : { fault: 'M.4' }) }
  return (await runInMemory(PORTS, { ...flow, setup: { ...flow.setup, devices, acts: both }, faults }, wish)).rows
}

interface Given {
  readonly hop: Hop
  readonly device: string
  readonly row: FrameDetail
  readonly push: Push
}

/** The bootstrap messages among the rows of their senders. */
const givenIn = (rows: readonly FrameDetail[]): Given[] =>
  rows
    .filter(({ row }) => row.kind === 'push' && row.text.startsWith('bootstrap ('))
    .map((detail) => ({ hop: detail.row.hop, device: detail.row.device, row: detail, push: readBootFile(detail.bytes) }))

function secretsOf({ push }: Given): { readonly name: string; readonly secret: string }[] {
  const tree = bare()
  applyDm(tree, push.body)
  return accountsOf(tree).flatMap(({ client, server }) =>
    [client, server].flatMap((each) => (each == null ? [] : [{ name: each.name, secret: each.secret }])),
  )
}

describe.skipIf(!hasSqlite)('bootstrap M (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', { timeout: 60_000 }, () => {
  it('gw 80: GS-05 no two accounts share a secret, neither of two devices nor of the two directions', async () => {
    const rows = await procedure()
    const given = givenIn(rows)
    expect(given.map(({ hop, device }) => `${hop} ${device}`).sort()).toEqual(
      ['G-D urn:example:dev:ed1', 'G-D urn:example:dev:ed2', 'S-D urn:example:dev:ed1', 'S-D urn:example:dev:ed2', 'S-G urn:example:gw:1'].sort(),
    )
    const secrets = given.flatMap((each) => secretsOf(each).map(({ secret }) => secret))
    expect(secrets).toHaveLength(10)
    expect(new Set(secrets).size).toBe(10)
    for (const secret of secrets) expect(secret).toMatch(/^[\w-]{20}$/)
    // They are in use: each account's session was accepted.
    for (const { hop, device } of given)
      expect(
        rows.filter(({ row }) => row.hop === hop && row.device === device && row.direction === 'down' && /^2(00|12)$/.test(row.statuses[0] ?? '')),
      ).not.toEqual([])
  })

  it('gw 81: GS-06 a secret is on the leg of its account alone, and only in the bootstrap message that brings it', async () => {
    const rows = await procedure()
    const said = rows.map((detail) => ({ detail, all: `${text(detail.bytes)}\n${detail.headers.map((each) => each.join(': ')).join('\n')}` }))
    const given = givenIn(rows)
    expect(given).toHaveLength(5)
    for (const each of given) {
      for (const { name, secret } of secretsOf(each)) {
        const forms = [secret, base64(new TextEncoder().encode(secret)), base64(new TextEncoder().encode(`${name}:${secret}`))]
        const holding = said.filter(({ all }) => forms.some((form) => all.includes(form))).map(({ detail }) => detail)
        expect(holding.length, 'its own message').toBeGreaterThan(0)
        expect(holding.filter(({ row }) => row.kind !== 'push' || row.hop !== each.hop || row.device !== each.device)).toEqual([])
      }
    }
  })

  it.each([
    ['the gateway', { kind: 'wrong pin', party: 'gateway' }, 'S-G', 'urn:example:gw:1'],
    ['a device, by its gateway', { kind: 'wrong pin', party: 'gateway to ed1' }, 'G-D', ID],
    ['a device, by its DM Server', { kind: 'wrong pin', party: 'server to ed1' }, 'S-D', ID],
  ] as const)('gw 78: GS-03 a bootstrap of %s with a MAC that is not right has no effect and no answer', async (_, plant, hop, device) => {
    const spoken = (rows: readonly FrameDetail[]): FrameDetail[] =>
      rows.filter(({ row }) => row.hop === hop && row.device === device && row.direction === 'up' && row.kind === 'message')
    expect(spoken(await procedure()), 'with the right one it opens its session').not.toEqual([])
    const rows = await procedure(plant)
    expect(
      givenIn(rows).filter((each) => each.hop === hop && each.device === device),
      'it was sent',
    ).toHaveLength(1)
    expect(spoken(rows)).toEqual([])
  })
})

const wish = { serverId: 'gw1.example', name: 'gateway', address: 'http://gw.lan.example/gw', auth: 'DIGEST' as const, userName: ID }
const ACCOUNT = accountOf({ ...wish, ...freshSecrets((count) => fixedEnv(9).random(count)) })

/** M.4's message as a push. */
function signed(change: { readonly pin?: string; readonly body?: (octets: Uint8Array) => Uint8Array; readonly bareMac?: boolean } = {}): Push {
  const document = encodeDm(dmBootstrap(ACCOUNT, ID, 'inline'))
  const mac = makeMac('dm', 'USERPIN', { pin: change.pin ?? PIN }, document)
  const body = change.body?.(document) ?? document
  return readPdu(toPdu({ contentType: DM_WBXML, body, ...(change.bareMac === true ? {} : { security: 'USERPIN' as const, mac }) }))
}

describe('gw 78: GS-03 a device at its door', () => {
  const state = (tree: Tree): string => JSON.stringify(saveTree(tree).children)
  const untouched = state(bare())

  it('gw 78: takes the whole message from whom it may', () => {
    const tree = bare()
    expect(new BootInbox({ tree }).receive(signed(), PIN)).toMatchObject({ what: 'applied', accounts: [{ serverId: 'gw1.example' }] })
    expect(state(tree)).not.toBe(untouched)
  })

  it('gw 78: changes nothing for one with any octet changed, cut, lengthened, signed by another PIN or not at all', () => {
    const tree = bare()
    const inbox = (): BootInbox => new BootInbox({ tree })
    const { length } = signed().body
    for (let at = 0; at < length; at += 5) {
      const push = signed({ body: (octets) => octets.map((octet, i) => (i === at ? octet ^ 1 : octet)) })
      expect(inbox().receive(push, PIN).what).not.toBe('applied')
    }
    const others = [
      { body: (o: Uint8Array) => o.subarray(0, -1) },
      { body: (o: Uint8Array) => Uint8Array.of(...o, 1) },
      { pin: '482914' },
      { bareMac: true },
    ]
    for (const change of others) expect(inbox().receive(signed(change), PIN).what).not.toBe('applied')
    expect(state(tree)).toBe(untouched)
  })

  it('gw 78: changes nothing for a whole one of a server that is not allowed to', () => {
    const tree = bare()
    expect(new BootInbox({ tree, insistsOn: 'dms.example' }).receive(signed(), PIN)).toMatchObject({ what: 'refused' })
    expect(state(tree)).toBe(untouched)
  })
})

describe('gw 115: the tree in a bootstrap message', () => {
  /** What `Type` says must be what the body is: WBXML inside the WBXML message, inline or as a document of its own. */
  function rootOf(data: Data | undefined): Element {
    if (data instanceof Uint8Array) {
      expect(data[0], 'WBXML begins with its version').toBeLessThan(4)
      return decodeTree(data, 'wbxml').root
    }
    if (data === undefined || typeof data === 'string') throw new Error('the tree came as text')
    const root = data.find(({ name }) => name === 'MgmtTree')
    if (root === undefined) throw new Error('no MgmtTree')
    return root
  }
  const child = (of: Element, name: string): Element | undefined => of.children.find((each) => each.name === name)
  /** Nodes below; each is checked for what TNDS wants of it. */
  function whole(node: Element, path: string): number {
    const properties = child(node, 'RTProperties')
    const format = properties === undefined ? undefined : child(properties, 'Format')?.children[0]?.name
    const type = properties === undefined ? undefined : child(properties, 'Type')?.children[0]?.name
    const below = node.children.filter(({ name }) => name === 'Node')
    expect([path, format, type]).toEqual([
      path,
      below.length > 0 ? 'node' : expect.stringMatching(/^(chr|bin|int|bool)$/),
      below.length > 0 ? 'DDFName' : 'MIME',
    ])
    return below.reduce((sum, each) => sum + whole(each, `${path}/${child(each, 'NodeName')?.text ?? ''}`), 1)
  }
  const check = (commands: ReturnType<typeof decode>['message']['commands']): void => {
    expect(commands).toHaveLength(1)
    const [add] = commands
    if (add?.kind !== 'Add') throw new Error('no Add')
    const [item] = add.items
    expect([item?.target?.locUri, item?.meta?.format ?? add.meta?.format, item?.meta?.type ?? add.meta?.type]).toEqual(['./Inbox', 'bin', TNDS_WBXML])
    const [account, ...more] = rootOf(item?.data).children.filter(({ name }) => name === 'Node')
    if (account === undefined || more.length > 0) throw new Error('not one account')
    expect(whole(account, child(account, 'NodeName')?.text ?? '')).toBeGreaterThan(20)
  }

  it.each(['inline', 'opaque'] as const)('gw 115: Type and body agree and every node has its RTProperties, %s', (style) => {
    check(decode(encodeDm(dmBootstrap(ACCOUNT, ID, style)), 'wbxml').message.commands)
  })

  it.skipIf(!hasSqlite)(
    'gw 115: so do those of M.2, M.3 and M.4 as they pass (needs node:sqlite: Node 22.13 or newer, npm ci installs it)',
    async () => {
      const given = givenIn(await procedure())
      expect(given).toHaveLength(5)
      for (const { push } of given) check(decode(push.body, 'wbxml').message.commands)
    },
  )
})
