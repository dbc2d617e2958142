// A device's tree of some sixty nodes for the window's tests and screenshots: answers area `tree` from a fixed table, and changes with what is sent.
import type {
  Cart,
  Discovery,
  LabEvents,
  OrderRow,
  Seq,
  SnapshotRow,
  TreeArea,
  TreeChange,
  TreeHistory,
  TreeNode,
  TreeNodeDetail,
  TreeRef,
  TreeTick,
} from '../../core/api.ts'

/** What the fake needs of its lab: who to tell, and which rows there are. */
export interface FakeTreeParts {
  tell(fact: LabEvents['tree']): void
  called(call: string): void
  /** Newest row. */
  last(): Seq
  now(): number
}

/** uri, format ('' unknown, 'node' interior), value (null never fetched). */
const TABLE: readonly (readonly [uri: string, format: string, value: string | null])[] = [
  ['.', 'node', null],
  ['./DevInfo', 'node', null],
  ['./DevInfo/DevId', 'chr', 'IMEI:493005100592800'],
  ['./DevInfo/Man', 'chr', 'Acme'],
  ['./DevInfo/Mod', 'chr', 'M1'],
  ['./DevInfo/DmV', 'chr', '1.2'],
  ['./DevInfo/Lang', 'chr', 'en'],
  ['./DevDetail', 'node', null],
  ['./DevDetail/URI', 'node', null],
  ['./DevDetail/URI/MaxDepth', 'chr', '0'],
  ['./DevDetail/URI/MaxTotLen', 'chr', '0'],
  ['./DevDetail/URI/MaxSegLen', 'chr', '0'],
  ['./DevDetail/DevTyp', 'chr', 'phone'],
  ['./DevDetail/OEM', 'chr', 'Acme'],
  ['./DevDetail/FwV', 'chr', '4.1.2'],
  ['./DevDetail/SwV', 'chr', '11'],
  ['./DevDetail/HwV', 'chr', 'rev C'],
  ['./DevDetail/LrgObj', 'bool', 'true'],
  ['./DevDetail/Ext', 'node', null],
  ['./DevDetail/Bearer', '', null],
  ['./DMAcc', 'node', null],
  ['./DMAcc/lab', 'node', null],
  ['./DMAcc/lab/AppID', 'chr', 'w7'],
  ['./DMAcc/lab/ServerID', 'chr', 'dm-lab'],
  ['./DMAcc/lab/Name', 'chr', 'DM Lab'],
  ['./DMAcc/lab/AppAddr', 'node', null],
  ['./DMAcc/lab/AppAddr/1', 'node', null],
  ['./DMAcc/lab/AppAddr/1/Addr', 'chr', 'http://127.0.0.1:8080/dm'],
  ['./DMAcc/lab/AppAddr/1/AddrType', 'chr', 'URI'],
  ['./DMAcc/lab/AAuthPref', 'chr', 'syncml:auth-md5'],
  ['./DMAcc/lab/AppAuth', '', null],
  ['./SCOMO', 'node', null],
  ['./SCOMO/Inventory', 'node', null],
  ['./SCOMO/Inventory/Deployed', 'node', null],
  ...['browser', 'mail', 'maps', 'player'].flatMap((name, i): [string, string, string | null][] => [
    [`./SCOMO/Inventory/Deployed/${name}`, 'node', null],
    [`./SCOMO/Inventory/Deployed/${name}/ID`, 'chr', `com.example.${name}`],
    [`./SCOMO/Inventory/Deployed/${name}/Version`, 'chr', `1.${i}`],
    [`./SCOMO/Inventory/Deployed/${name}/State`, 'int', i % 2 === 0 ? '20' : null],
  ]),
  ['./SCOMO/Download', '', null],
  ['./Vendor', 'node', null],
  ['./Vendor/Wi%2FFi', 'node', null],
  ['./Vendor/Wi%2FFi/SSID', 'chr', 'lab-5'],
  ['./Vendor/Wi%2FFi/Key', '', null],
  ['./Vendor/Log', 'chr', '2026-01-31 12:00:00 boot\n'.repeat(400)],
  ['./Vendor/Icon', 'b64', 'iVBORw0KGgo='],
  ['./Vendor/Old', 'chr', 'gone soon'],
]

const GONE = './Vendor/Old'
const STALE = './DevDetail/SwV'
const LAB_ACL = 'Add=dm-lab&Delete=dm-lab&Get=*&Replace=dm-lab'
const COMMANDS = ['Add', 'Delete', 'Exec', 'Get', 'Replace'] as const

const parentOf = (uri: string): string | null => (uri === '.' ? null : uri.slice(0, uri.lastIndexOf('/')))

/** The area, for the fake device `IMEI:493005100592800` and every other id alike. */
export function fakeTree({ tell, called, last, now }: FakeTreeParts): TreeArea {
  const nodes = new Map(TABLE.map(([uri, format, value]) => [uri, { uri, format, value, at: now(), seq: Math.max(1, last()), changed: false }]))
  const orders: OrderRow[] = []
  const snapshots: SnapshotRow[] = []
  const walks = new Map<string, Discovery>()
  const device = (ref: TreeRef): string => ('device' in ref ? ref.device : '')

  const row = (uri: string): TreeNode => {
    const found = nodes.get(uri)
    if (found === undefined) throw new Error(`${uri} is not known`)
    const kids = [...nodes.keys()].filter((each) => parentOf(each) === uri).length
    const kind = found.format === '' ? 'unknown' : found.format === 'node' ? 'interior' : 'leaf'
    const status =
      uri === GONE ? 'gone' : uri === STALE ? 'stale' : kind === 'unknown' || (kind === 'leaf' && found.value === null) ? 'never fetched' : 'fetched'
    return {
      uri,
      name: uri === '.' ? '' : decodeURIComponent(uri.slice(uri.lastIndexOf('/') + 1)),
      kind,
      format: found.format,
      type: kind === 'leaf' ? 'text/plain' : '',
      value: found.value === null ? null : found.value.slice(0, 4096),
      size: found.value?.length ?? 0,
      status,
      seq: status === 'never fetched' ? 0 : found.seq,
      at: status === 'never fetched' ? 0 : found.at,
      children: kind === 'interior' ? kids : null,
      changed: found.changed,
    }
  }
  const page = (uris: readonly string[], first: number, count: number): { nodes: TreeNode[]; more: number } => ({
    nodes: uris.slice(first, first + count).map(row),
    more: Math.max(0, uris.length - first - count),
  })
  const history = (node: TreeNode): TreeHistory[] =>
    node.seq === 0
      ? []
      : [
          {
            kind: node.uri.startsWith('./DevInfo/') ? 'told' : 'read',
            seq: node.seq,
            at: node.at,
            commandSeq: Math.max(1, node.seq - 1),
            command: node.uri.startsWith('./DevInfo/') ? 'Replace' : 'Get',
            cmdId: '3',
            by: node.uri.startsWith('./DevInfo/') ? 'device' : 'dm-lab',
            code: 200,
            property: 'value',
            value: node.value,
          },
        ]
  const detail = (uri: string, server: string): TreeNodeDetail => {
    const node = row(uri)
    const own = uri === '.' ? 'Add=*&Get=*' : uri === './DMAcc/lab' ? LAB_ACL : uri.startsWith('./DMAcc') ? '' : null
    const from = uri.startsWith('./DMAcc/lab') ? './DMAcc/lab' : '.'
    const effective = from === '.' ? 'Add=*&Get=*' : LAB_ACL
    const by = server === '' ? 'dm-lab' : server
    const rights = COMMANDS.map((command) => {
      const ids = new RegExp(`(?:^|&)${command}=([^&]*)`).exec(effective)?.[1] ?? ''
      const allowed = ids === '*' || ids.split('+').includes(by)
      const where = from === uri ? 'its own ACL' : `the ACL of ${from}, its nearest ancestor with a value,`
      return { command, allowed, why: `${by} ${allowed ? 'may' : 'may not'} ${command} ${uri}: ${where} gives ${command} to ${ids || 'nobody'}` }
    })
    return {
      node,
      properties: own === null ? [] : [{ name: 'ACL', value: own, seq: node.seq, at: node.at }],
      acl: { own, effective, from, certain: own !== null, server: by, rights },
      description:
        uri === './DevDetail/FwV'
          ? {
              schema: 'DevDetail',
              title: '',
              text: 'Firmware version',
              formats: ['chr'],
              types: [],
              access: ['Get'],
              occurrence: 'One',
              most: 1,
              permanent: true,
              defaultValue: null,
              children: [],
            }
          : null,
      history: history(node),
      olderHistory: 0,
      refusal:
        uri === './DevDetail/FwV'
          ? { code: 405, command: 'Replace', seq: node.seq, why: '405: the DDF DevDetail permits Get only on ./DevDetail/FwV' }
          : null,
    }
  }
  const move = (id: string, uris: readonly string[], moved: readonly string[] = []): void => {
    for (const node of nodes.values()) node.changed = uris.includes(node.uri)
    tell({ device: id, seq: last(), uris, total: uris.length, discovery: walks.get(id) ?? null, orders: moved })
  }
  const snapshot = (ref: TreeRef, name: string): SnapshotRow => {
    const one: SnapshotRow = { name, device: device(ref), takenAt: now(), seq: last(), nodes: nodes.size, unread: 6 }
    if (snapshots.some((each) => each.name === name)) throw new Error(`there is a snapshot ${name} already`)
    snapshots.unshift(one)
    return one
  }
  const preview = (cart: Cart): string => {
    const inner = cart.commands
      .map(
        ({ kind, locUri, data }, i) =>
          `<${kind}><CmdID>${i + (cart.mode === 'single' ? 1 : 2)}</CmdID><Item><Target><LocURI>${locUri}</LocURI></Target>${data === undefined ? '' : `<Data>${data}</Data>`}</Item></${kind}>`,
      )
      .join('')
    const name = cart.mode === 'atomic' ? 'Atomic' : 'Sequence'
    return cart.mode === 'single' ? inner : `<${name}><CmdID>1</CmdID>${inner}</${name}>`
  }
  const changes: TreeChange[] = [
    { uri: './DevDetail/SwV', kind: 'changed', properties: [{ name: 'value', a: '10', b: '11' }] },
    { uri: './Vendor/Old', kind: 'removed', properties: [] },
    { uri: './Vendor/Icon', kind: 'added', properties: [] },
  ]
  const script: Cart = {
    mode: 'sequence',
    when: 'next session',
    commands: [
      { kind: 'Delete', locUri: './Vendor/Old' },
      { kind: 'Replace', locUri: './DevDetail/SwV', data: '11' },
    ],
  }

  return {
    overview: async (ref) => ({
      device: device(ref),
      nodes: nodes.size,
      fetched: nodes.size - 8,
      neverFetched: 6,
      stale: 1,
      gone: 1,
      fromDevInfo: 5,
      seq: last(),
      at: now(),
      staleAfter: 300_000,
      discovery: walks.get(device(ref)) ?? null,
    }),
    children: async (_ref, uri, first, count) =>
      page(
        [...nodes.keys()].filter((each) => parentOf(each) === uri),
        first,
        count,
      ),
    node: async (_ref, uri, server) => detail(uri, server),
    search: async (_ref, text, count, from = '') => {
      const wanted = text.toLowerCase()
      const hits = [...nodes.values()].filter((node) => node.uri.toLowerCase().includes(wanted) || node.value?.toLowerCase().includes(wanted))
      const first = from === '' ? 0 : hits.findIndex((node) => node.uri === from) + 1
      const found = page(
        hits.map((node) => node.uri),
        first,
        count,
      )
      return { nodes: found.nodes, searched: nodes.size, next: found.more === 0 ? '' : (found.nodes.at(-1)?.uri ?? '') }
    },
    changes: async (): Promise<TreeTick[]> =>
      [1, 3, 5]
        .filter((seq) => seq <= last())
        .map((seq, i) => ({
          seq,
          at: now() - (3 - i) * 1000,
          session: 1,
          msgId: String(i + 1),
          uris: ['./DevInfo/Man', './DevDetail/FwV'],
          total: 2,
        })),
    async discover(id, options) {
      called(`tree.discover ${id} ${JSON.stringify(options)}`)
      const walk: Discovery = {
        device: id,
        root: options.root ?? '.',
        perSecond: options.perSecond ?? 20,
        state: 'running',
        startedAt: now(),
        asked: 12,
        refused: 1,
        left: 40,
        current: './DevDetail',
      }
      walks.set(id, walk)
      move(id, [])
      return walk
    },
    discovery: async (id) => walks.get(id) ?? null,
    async cancelDiscovery(id) {
      called(`tree.cancelDiscovery ${id}`)
      const walk = walks.get(id)
      if (walk === undefined) return null
      walks.set(id, { ...walk, state: 'cancelled' })
      move(id, [])
      return walks.get(id) ?? null
    },
    check: async (_device, cart) =>
      cart.commands.flatMap((command, i) =>
        command.locUri === './DevDetail/FwV' && command.kind !== 'Get'
          ? [
              {
                command: i,
                rule: 'ddf.access' as const,
                severity: 'warn' as const,
                text: `the DDF DevDetail permits Get on ./DevDetail/FwV, not ${command.kind}`,
              },
            ]
          : [],
      ),
    async preview(_device, cart, encoding) {
      const xml = preview(cart)
      const head = '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncBody>'
      const bytes = new TextEncoder().encode(`${head}${xml}<Final/></SyncBody></SyncML>`)
      return { encoding, bytes, start: head.length, end: head.length + new TextEncoder().encode(xml).length, xml, remarks: [] }
    },
    async send(id, cart) {
      called(`tree.send ${id} ${JSON.stringify(cart)}`)
      const order: OrderRow = {
        id: (orders.length + 1).toString(16).padStart(16, '0'),
        device: id,
        createdAt: now(),
        mode: cart.mode,
        state: 'queued',
        sessionId: '',
        commands: cart.commands.map(({ kind, locUri }) => ({ kind, locUri, code: 0, data: '', why: '' })),
        code: 0,
      }
      orders.unshift(order)
      move(id, [], [order.id])
      return { order: order.id, woken: false, note: cart.when === 'wake now' ? 'no push address of this device is known' : '' }
    },
    orders: async (id) => orders.filter((order) => order.device === id),
    async order(id) {
      const order = orders.find((each) => each.id === id)
      if (order === undefined) throw new Error(`there is no order ${id}`)
      return order
    },
    snapshots: async () => snapshots,
    snapshot: async (ref, name) => snapshot(ref, name),
    async dropSnapshot(name) {
      const index = snapshots.findIndex((each) => each.name === name)
      if (index < 0) throw new Error(`there is no snapshot ${name}`)
      snapshots.splice(index, 1)
    },
    diff: async () => ({ changes, more: 0, unknown: 2 }),
    script: async (_a, _b, mode) => ({ cart: { ...script, mode }, remarks: [] }),
    async export(_ref, uri, format, unredacted = false) {
      called(`tree.export ${uri} ${format} ${unredacted ? 'unredacted' : 'redacted'}`)
      const lines = [...nodes.values()].filter((node) => node.uri.startsWith(uri) && node.value !== null).map((node) => `${node.uri},${node.format}`)
      return {
        name: `tree.${format === 'csv' ? 'csv' : 'xml'}`,
        type: format === 'csv' ? 'text/csv' : 'application/vnd.syncml.dmtnds+xml',
        bytes: new TextEncoder().encode(lines.join('\r\n')),
        redacted: unredacted ? null : { secrets: 3, identifiers: 1 },
      }
    },
    async import(name, bytes) {
      called(`tree.import ${name} ${bytes.length}`)
      return snapshot({ snapshot: name }, name)
    },
    schemas: async () => [
      { name: 'DevInfo', man: '', mod: '', nodes: 8, tops: ['./DevInfo'], remarks: [], error: '', own: false },
      { name: 'DevDetail', man: '', mod: '', nodes: 13, tops: ['./DevDetail'], remarks: [], error: '', own: false },
    ],
    async addSchema(name, bytes) {
      called(`tree.addSchema ${name} ${bytes.length}`)
      return { name, man: '', mod: '', nodes: 1, tops: ['./Vendor'], remarks: [], error: '', own: true }
    },
    async dropSchema(name) {
      throw new Error(`there is no DDF ${name}`)
    },
  }
}
