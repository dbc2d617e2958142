// What a device answers to single commands: one table of command and status, then what the answers carry.
import { describe, expect, it } from 'vitest'
import { agreeable, parseOptions } from '../../core/device/interaction.ts'
import type { Request } from '../../core/syncml/message.ts'
import { OTHER, SERVER, code, command, device, exec, read, run } from './support.ts'

const LAB = './Vendor/DMLab'
const node = { format: 'node' }
const long = (n: number): string => 'x'.repeat(n)

/** One command on a fresh device, the status expected, and by whom (the account's server where absent). */
const TABLE: readonly (readonly [title: string, request: Request, expected: string, by?: string])[] = [
  ['dm 26: Add on an existing node → 418', command('Add', `${LAB}/Settings/Text`, 'x'), '418'],
  ['dm 26: Add below a leaf → 405', command('Add', `${LAB}/Settings/Text/Below`, 'x'), '405'],
  ['dm 26: Add with missing parents → made on the way', command('Add', `${LAB}/Scratch/A/B/C`, 'x'), '200'],
  ['Add of the root → 418', command('Add', '.', undefined, node), '418'],
  ['Add of an interior node needs Format node', command('Add', `${LAB}/Scratch/A`, undefined, node), '200'],
  ['Add of an interior node with Data → 415', command('Add', `${LAB}/Scratch/A`, 'x', node), '415'],
  ['Add without Data and Format → 412', command('Add', `${LAB}/Scratch/A`), '412'],
  ['Add of an unknown format → 415', command('Add', `${LAB}/Scratch/A`, 'x', { format: 'jpeg' }), '415'],
  ['Add of a bad int → 415', command('Add', `${LAB}/Scratch/A`, '4x', { format: 'int' }), '415'],
  ['Add of an int beyond 32 bits → 415', command('Add', `${LAB}/Scratch/A`, '2147483648', { format: 'int' }), '415'],
  ['Add of bad base64 → 415', command('Add', `${LAB}/Scratch/A`, 'a=b', { format: 'b64' }), '415'],
  ['Add of text that XML cannot carry → 415', command('Add', `${LAB}/Scratch/A`, 'a\u0001b'), '415'],
  ['Add of octets without Format → bin', command('Add', `${LAB}/Scratch/A`, new Uint8Array([0xff, 0])), '200'],
  ['Add of octets as chr → 415', command('Add', `${LAB}/Scratch/A`, new Uint8Array([0xff, 0]), { format: 'chr' }), '415'],
  ['Add under an MO without AccessType Add → 405', command('Add', './DevInfo/New', 'x'), '405'],
  ['Add of a leaf where the MO describes an interior node → 415', command('Add', './DMAcc/lab/ToConRef', 'x', { format: 'chr' }), '415'],
  ['Add of an account, by anybody (root grants Add) → 200', command('Add', './DMAcc/new', undefined, node), '200', OTHER],
  ['dm 27: Replace on a missing node → 404', command('Replace', `${LAB}/Scratch/None`, 'x'), '404'],
  ['Replace of a value', command('Replace', `${LAB}/Settings/Text`, 'x'), '200'],
  ['Replace without Data → 412', command('Replace', `${LAB}/Settings/Text`), '412'],
  ['Replace of an interior node → 405', command('Replace', `${LAB}/Settings`, 'x'), '405'],
  ['Replace keeps the leaf’s format where the wire names none', command('Replace', `${LAB}/Settings/Number`, '7'), '200'],
  ['Replace of a bool by something else → 415', command('Replace', `${LAB}/Settings/Switch`, 'maybe'), '415'],
  ['Replace of a bin leaf by bare text → 415', command('Replace', `${LAB}/Settings/Blob`, 'text'), '415'],
  ['dm 28: Delete of the root → 405', command('Delete', '.'), '405'],
  ['dm 28: Delete of a permanent node → 405', command('Delete', './DevInfo/DevId'), '405'],
  ['Delete of a missing node → 404', command('Delete', `${LAB}/Scratch/None`), '404'],
  ['dm 39: ACL denial → 425', command('Replace', `${LAB}/Locked`, 'x'), '425'],
  ['dm 39: AccessType denial → 405', command('Replace', './DevInfo/Lang', 'de'), '405'],
  ['dm 39: AccessType is asked before the ACL', command('Replace', './DevInfo/Lang', 'de', undefined), '405', OTHER],
  ['dm 39: another server lacks Replace on the account → 425', command('Replace', './DMAcc/lab/Name', 'x'), '425', OTHER],
  ['dm 60: Get of AAuthSecret → 405', command('Get', './DMAcc/lab/AppAuth/1/AAuthSecret'), '405'],
  ['dm 60: Get of AAuthData → 405', command('Get', './DMAcc/lab/AppAuth/2/AAuthData'), '405'],
  ['dm 60: Size of AAuthSecret → 405', command('Get', './DMAcc/lab/AppAuth/1/AAuthSecret?prop=Size'), '405'],
  ['dm 60: Copy of AAuthSecret → 405', command('Copy', `${LAB}/Scratch/A`, undefined, undefined, './DMAcc/lab/AppAuth/1/AAuthSecret'), '405'],
  ['Replace of AAuthSecret → 200', command('Replace', './DMAcc/lab/AppAuth/1/AAuthSecret', 'new'), '200'],
  ['Get of ./Inbox → 405', command('Get', './Inbox'), '405'],
  ['Get of a missing node → 404', command('Get', './Nothing'), '404'],
  ['dm 41: unknown property → 406', command('Get', './DevInfo?prop=Colour'), '406'],
  ['dm 41: Add on a property → 405', command('Add', `${LAB}/Settings/Text?prop=ACL`, 'Get=*'), '405'],
  ['dm 41: Delete on a property → 405', command('Delete', `${LAB}/Settings/Text?prop=ACL`), '405'],
  ['dm 41: Exec on a property → 405', exec(`${LAB}/Ops/Echo?prop=ACL`), '405'],
  ['dm 41: Copy onto a property → 405', command('Copy', `${LAB}/Settings/Text?prop=Title`, undefined, undefined, `${LAB}/Settings/Number`), '405'],
  ['a read-only property → 405', command('Replace', `${LAB}/Settings/Text?prop=Format`, 'int'), '405'],
  ['Title of 256 bytes → 413', command('Replace', `${LAB}/Settings/Text?prop=Title`, long(256)), '413'],
  ['Title that XML cannot carry → 415', command('Replace', `${LAB}/Settings/Text?prop=Title`, 'a\u0000'), '415'],
  ['Type that XML cannot carry → 415', command('Add', `${LAB}/Scratch/A`, 'x', { type: 'a\u0001' }), '415'],
  ['ACL that XML cannot carry → 400', command('Replace', `${LAB}/Settings?prop=ACL`, 'Get=a\uffff'), '400'],
  ['Exec argument that the node cannot keep → 415', exec(`${LAB}/Ops/Echo`, 'a\u0001'), '415'],
  ['Size of an interior node → 406', command('Get', './DevInfo?prop=Size'), '406'],
  ['dm 42: unsupported list → 406', command('Get', './DevInfo?list=Everything'), '406'],
  ['list=TNDS with an unknown property → 406', command('Get', './DevInfo?list=TNDS+Colour'), '406'],
  ['list=TNDS mixing + and - → 400', command('Get', './DevInfo?list=TNDS+ACL-Value'), '400'],
  ['a query nobody knows → 400', command('Get', './DevInfo?count=1'), '400'],
  ['an empty segment → 400', command('Get', './DevInfo//Man'), '400'],
  ['a trailing slash → 400', command('Get', './DevInfo/'), '400'],
  ['../ → 400', command('Get', './DevInfo/../DMAcc'), '400'],
  ['a leading slash → 400', command('Get', '/DevInfo'), '400'],
  ['a broken escape → 400', command('Get', './DevInfo/%4'), '400'],
  ['no Target → 412', { kind: 'Get', cmdId: '1', items: [{}] }, '412'],
  ['no Item → 412', { kind: 'Get', cmdId: '1', items: [] }, '412'],
  ['dm 44: rename to an existing sibling → 418', command('Replace', './DMAcc/lab/Name?prop=Name', 'AppID'), '418'],
  ['dm 44: rename of a permanent node → 405', command('Replace', './DevInfo/Man?prop=Name', 'Maker'), '405'],
  ['dm 44: rename of the root → 405', command('Replace', '.?prop=Name', 'Top'), '405'],
  ['the root keeps Add=* → 405', command('Replace', '.?prop=ACL', 'Get=*'), '405'],
  ['a malformed ACL → 400', command('Replace', `${LAB}/Settings?prop=ACL`, 'Get'), '400'],
  ['dm 30: Copy of an interior node → 403', command('Copy', `${LAB}/Scratch/A`, undefined, undefined, `${LAB}/Settings`), '403'],
  ['dm 30: Copy onto an interior node → 403', command('Copy', `${LAB}/Scratch`, undefined, undefined, `${LAB}/Settings/Text`), '403'],
  ['Copy onto a leaf that cannot be overwritten → 403', command('Copy', `${LAB}/Ops/Echo`, undefined, undefined, `${LAB}/Settings/Text`), '403'],
  ['Copy without a Source → 412', command('Copy', `${LAB}/Scratch/A`), '412'],
  ['Copy of a missing leaf → 404', command('Copy', `${LAB}/Scratch/A`, undefined, undefined, `${LAB}/None`), '404'],
  ['Exec of what cannot be executed → 405', exec('./DevInfo/Man'), '405'],
  ['Exec of an open node that does nothing → 406', exec(`${LAB}/Settings/Text`), '406'],
  ['Exec of a missing node → 404', exec('./None'), '404'],
  ['Exec that fails → 500', exec(`${LAB}/Ops/Fail`), '500'],
  ['dm 35: Exec of a long job → 202', exec(`${LAB}/Ops/Later`, '', 'c1'), '202'],
  ['dm 46: a UI alert without a user → 406', { kind: 'Alert', cmdId: '1', code: 1100, items: [{}, { data: 'Hi' }] }, '406'],
  [
    'a command DM does not use → 406',
    { kind: 'Other', cmdId: '1', name: 'Put', element: { vocabulary: 'syncml', name: 'Put', children: [], text: '', start: 0, end: 0 } },
    '406',
  ],
  [
    'a command nobody knows → 400',
    { kind: 'Other', cmdId: '1', name: 'Juggle', element: { vocabulary: 'syncml', name: 'Juggle', children: [], text: '', start: 0, end: 0 } },
    '400',
  ],
]

describe('one command, one status', () => {
  for (const [title, request, expected, by] of TABLE) {
    it(title, () => {
      expect(code(device().performer, request, by)).toBe(expected)
    })
  }
})

describe('what is done and what is answered', () => {
  it('dm 27: Replace on a missing node creates nothing', () => {
    const { performer, tree } = device()
    const before = tree.count
    run(performer, command('Replace', `${LAB}/Scratch/A/B`, 'x'))
    expect(tree.count).toBe(before)
  })

  it('dm 26: a device without implicit Add answers 404, and 405 names the ancestor that could not be made', () => {
    expect(code(device({ features: { implicitAdd: false } }).performer, command('Add', `${LAB}/Scratch/A/B`, 'x'))).toBe('404')
    expect(run(device().performer, command('Add', './DevInfo/Nope/Leaf', 'x')).statuses).toEqual([
      { code: 405, targetRef: './DevInfo/Nope/Leaf', items: [{ target: { locUri: './DevInfo/Nope' } }] },
    ])
  })

  it('dm 28: Delete of a parent removes children that have no AccessType Delete', () => {
    const { performer, tree } = device()
    tree.add(tree.ensure(['Vendor', 'DMLab', 'Scratch', 'A']), 'Kept', { value: 'x', access: new Set(['Get']) })
    expect(code(performer, command('Delete', `${LAB}/Scratch/A/Kept`))).toBe('405')
    expect(code(performer, command('Delete', `${LAB}/Scratch/A`))).toBe('200')
    expect(read(performer, `${LAB}/Scratch`)).toBe('')
  })

  it('dm 29: Get of an interior node joins names with /, Format node; an empty one gives empty Data and 200', () => {
    const { performer } = device()
    expect(run(performer, command('Get', './DevInfo'))).toEqual({
      statuses: [{ code: 200, targetRef: './DevInfo' }],
      results: [{ source: { locUri: './DevInfo' }, meta: { format: 'node', type: 'text/plain' }, data: 'DevId/Man/Mod/DmV/Lang' }],
    })
    expect(run(performer, command('Get', `${LAB}/Scratch`)).results?.[0]?.data).toBe('')
    run(performer, command('Add', `${LAB}/Scratch/a%2Fb c`, 'x'))
    expect(read(performer, `${LAB}/Scratch`)).toBe('a%2Fb%20c')
    expect(read(performer, `${LAB}/Scratch/a%2Fb%20c`)).toBe('x')
  })

  it('a chr leaf has no Meta, other leaves have; octets travel as base64', () => {
    const { performer } = device()
    expect(run(performer, command('Get', './DevInfo/Man')).results).toEqual([{ source: { locUri: './DevInfo/Man' }, data: 'DM Lab' }])
    expect(run(performer, command('Get', 'DevDetail/LrgObj')).results).toEqual([
      { source: { locUri: 'DevDetail/LrgObj' }, meta: { format: 'bool', type: 'text/plain' }, data: 'true' },
    ])
    expect(run(performer, command('Get', `${LAB}/Settings/Blob`)).results).toEqual([
      { source: { locUri: `${LAB}/Settings/Blob` }, meta: { format: 'b64', type: 'text/plain' }, data: 'AAEC/f7/' },
    ])
  })

  it('dm 45: binary by b64 or bin makes Format bin; Size is the decoded length; native b64 stays b64', () => {
    const { performer, tree } = device()
    const octets = new Uint8Array(150_000).fill(7)
    const text = Buffer.from(octets).toString('base64')
    expect(text.length).toBe(200_000)
    expect(code(performer, command('Add', `${LAB}/Scratch/X`, text, { format: 'b64' }))).toBe('200')
    expect(code(performer, command('Add', `${LAB}/Scratch/W`, octets, { format: 'bin' }))).toBe('200')
    for (const name of ['X', 'W']) {
      expect(read(performer, `${LAB}/Scratch/${name}?prop=Format`)).toBe('bin')
      expect(read(performer, `${LAB}/Scratch/${name}?prop=Size`)).toBe('150000')
      expect(Buffer.compare((tree.find(['Vendor', 'DMLab', 'Scratch', name])?.value ?? '') as Uint8Array, octets)).toBe(0)
    }
    expect(code(performer, command('Replace', `${LAB}/Settings/Base64`, 'd29ybGQ=', { format: 'b64' }))).toBe('200')
    expect(read(performer, `${LAB}/Settings/Base64?prop=Format`)).toBe('b64')
    expect(code(performer, command('Copy', `${LAB}/Scratch/C`, undefined, undefined, `${LAB}/Settings/Base64`))).toBe('200')
    expect(read(performer, `${LAB}/Scratch/C?prop=Format`)).toBe('b64')
  })

  it('several Items: one status where all fare alike, else one for each with its TargetRef; good Items are done', () => {
    const { performer } = device()
    const get = (...uris: string[]): Request => ({ kind: 'Get', cmdId: '1', items: uris.map((locUri) => ({ target: { locUri } })) })
    const both = run(performer, get('./DevInfo/Man', './DevInfo/Mod'))
    expect(both.statuses).toEqual([{ code: 200 }])
    expect(both.results?.map((item) => item.data)).toEqual(['DM Lab', 'Simulated'])
    const mixed = run(performer, get('./DevInfo/Man', './None'))
    expect(mixed.statuses).toEqual([
      { code: 200, targetRef: './DevInfo/Man' },
      { code: 404, targetRef: './None' },
    ])
    expect(mixed.results).toHaveLength(1)
  })

  it('Meta of the command holds for Items that have none; the Item’s own wins', () => {
    const { performer } = device()
    const add: Request = {
      kind: 'Add',
      cmdId: '1',
      meta: { format: 'int' },
      items: [
        { target: { locUri: `${LAB}/Scratch/I` }, data: '5' },
        { target: { locUri: `${LAB}/Scratch/T` }, meta: { format: 'chr' }, data: 'five' },
      ],
    }
    expect(code(performer, add)).toBe('200')
    expect(read(performer, `${LAB}/Scratch/I?prop=Format`)).toBe('int')
    expect(read(performer, `${LAB}/Scratch/T?prop=Format`)).toBe('chr')
  })

  it('dm 42: Struct leaves out Data and what the server may not Get; StructData has Data of leaves only', () => {
    const { performer, tree } = device()
    const area = tree.ensure(['Vendor', 'DMLab', 'Scratch', 'A'])
    tree.add(area, 'Open', { value: 'o' })
    tree.add(area, 'Hidden', { value: 'h', acl: new Map([['Get', [OTHER]]]) })
    tree.add(area, 'Number', { format: 'int', value: '1' })
    const at = `${LAB}/Scratch/A`
    const meta = { format: 'int', type: 'text/plain' }
    const top = { source: { locUri: at }, meta: { format: 'node', type: 'text/plain' } }
    expect(run(performer, command('Get', `${at}?list=Struct`)).results).toEqual([
      top,
      { source: { locUri: `${at}/Open` } },
      { source: { locUri: `${at}/Number` }, meta },
    ])
    expect(run(performer, command('Get', `${at}?list=StructData`)).results).toEqual([
      top,
      { source: { locUri: `${at}/Open` }, data: 'o' },
      { source: { locUri: `${at}/Number` }, meta, data: '1' },
    ])
    expect(code(device({ features: { lists: new Set() } }).performer, command('Get', './DevInfo?list=Struct'))).toBe('406')
  })

  it('dm 60: no secret in any answer, whoever adds or renames it', () => {
    const { performer } = device({
      account: { password: 'OPEN-SESAME', serverPassword: 'OPEN-SESAME', clientNonce: new TextEncoder().encode('OPEN-SESAME') },
    })
    run(performer, command('Add', './DMAcc/second', undefined, node), SERVER)
    run(performer, command('Add', './DMAcc/second/AppAuth/1/AAuthSecret', 'OPEN-SESAME'), SERVER)
    run(performer, command('Add', `${LAB}/Scratch/AAuthSecret`, 'OPEN-SESAME'), SERVER)
    run(performer, command('Replace', `${LAB}/Scratch/AAuthSecret?prop=Name`, 'Harmless'), SERVER)
    run(performer, command('Replace', './DMAcc/lab/AppAuth/1/AAuthSecret?prop=Name', 'AAuthName2'), SERVER)
    const said: unknown[] = []
    for (const base of [
      '.',
      './DMAcc',
      './DMAcc/lab',
      './DMAcc/lab/AppAuth/1',
      './DMAcc/second',
      `${LAB}/Scratch`,
      `${LAB}/Scratch/Harmless`,
      './DMAcc/lab/AppAuth/1/AAuthName2',
    ]) {
      for (const suffix of ['', '?list=Struct', '?list=StructData', '?list=TNDS', '?list=TNDS+Value', '?prop=Title', '?prop=Size']) {
        said.push(run(performer, command('Get', base + suffix), SERVER))
      }
    }
    const text = JSON.stringify(said)
    expect(text).not.toContain('OPEN-SESAME')
    expect(text).not.toContain(Buffer.from('OPEN-SESAME').toString('base64'))
    expect(text).toContain('DM Lab')
    const structure = JSON.stringify(run(performer, command('Get', './DMAcc?list=Struct')).results)
    expect(structure).toContain('AAuthName')
    expect(structure).not.toMatch(/AAuthSecret|AAuthData/)
  })

  it('dm 43: a URI beyond MaxDepth, MaxTotLen or MaxSegLen → 414; 0 disables', () => {
    const limited = device({ limits: { maxDepth: 5, maxTotLen: 60, maxSegLen: 10 } }).performer
    expect(code(limited, command('Add', `${LAB}/Scratch/1234567890`, 'x'))).toBe('200')
    expect(code(limited, command('Add', `${LAB}/Scratch/12345678901`, 'x'))).toBe('414')
    expect(code(limited, command('Get', './a/b/c/d/e/f'))).toBe('414')
    expect(code(limited, command('Get', `./${'a/'.repeat(30)}a`))).toBe('414')
    expect(read(limited, './DevDetail/URI/MaxSegLen')).toBe('10')
    expect(code(device().performer, command('Add', `${LAB}/Scratch/${long(3000)}`, 'x'))).toBe('200')
  })

  it('a path deeper than the tree holds → 414, nothing stays', () => {
    const { performer, tree } = device()
    const before = tree.count
    expect(code(performer, command('Add', `${LAB}/Scratch/${'a/'.repeat(300)}a`, 'x'))).toBe('414')
    expect(tree.count).toBe(before)
  })

  it('dm 44: rename keeps value, place and children', () => {
    const { performer } = device()
    for (const name of ['A', 'B', 'C']) run(performer, command('Add', `${LAB}/Scratch/${name}`, name))
    expect(code(performer, command('Replace', `${LAB}/Scratch/B?prop=Name`, 'Bee'))).toBe('200')
    expect(read(performer, `${LAB}/Scratch`)).toBe('A/Bee/C')
    expect(read(performer, `${LAB}/Scratch/Bee`)).toBe('B')
    expect(read(performer, `${LAB}/Scratch/B`)).toBe('status 404')
  })

  it('420 when the device is full, and the node is not there', () => {
    const { performer, tree } = device({ maxBytes: 1000 })
    expect(code(performer, command('Add', `${LAB}/Scratch/A`, long(1000)))).toBe('420')
    expect(code(performer, command('Replace', `${LAB}/Settings/Text`, long(1000)))).toBe('420')
    expect(tree.find(['Vendor', 'DMLab', 'Scratch', 'A'])).toBeNull()
    expect(read(performer, `${LAB}/Settings/Text`)).toBe('hello')
    expect(code(device({ maxNodes: 10_000 }).performer, command('Add', `${LAB}/Scratch/A`, 'x'))).toBe('200')
  })

  it('Exec runs its node with its argument; a hook that breaks gives 500 and leaves no trace', () => {
    const { performer, tree } = device({
      execs: new Map([
        [
          `${LAB}/Ops/Fail`,
          (call, on) => {
            on.setValue(call.node, 'half done')
            throw new Error('broken')
          },
        ],
      ]),
    })
    expect(code(performer, exec(`${LAB}/Ops/Echo`, 'ping'))).toBe('200')
    expect(read(performer, `${LAB}/Ops/Echo`)).toBe('ping')
    expect(code(performer, exec(`${LAB}/Ops/Fail`))).toBe('500')
    expect(tree.find(['Vendor', 'DMLab', 'Ops', 'Fail'])?.value).toBe('')
    expect(code(device({ features: { exec: false } }).performer, exec(`${LAB}/Ops/Echo`))).toBe('406')
  })

  it('dm 35: a long job reports later by 1226 with the same Correlator, once', () => {
    const { performer } = device()
    run(performer, exec(`${LAB}/Ops/Later`, 'result', 'c42'))
    expect(performer.takeOwed().map(({ alert }) => alert)).toEqual([
      {
        kind: 'Alert',
        cmdId: '',
        code: 1226,
        data: '1226',
        correlator: 'c42',
        items: [
          {
            source: { locUri: `${LAB}/Ops/Later` },
            meta: { format: 'chr', type: 'org.example.dmlab.operation.complete', mark: 'informational' },
            data: 'result',
          },
        ],
      },
    ])
    expect(performer.takeOwed()).toEqual([])
  })

  it('DevInfo for Package #1, in the order of E4', () => {
    expect(device({ manufacturer: 'Acme', model: 'M1' }).performer.devInfo()).toEqual([
      { source: { locUri: './DevInfo/DevId' }, data: 'IMEI:490154203237518' },
      { source: { locUri: './DevInfo/Man' }, data: 'Acme' },
      { source: { locUri: './DevInfo/Mod' }, data: 'M1' },
      { source: { locUri: './DevInfo/DmV' }, data: '1.2' },
      { source: { locUri: './DevInfo/Lang' }, data: 'en-US' },
    ])
  })

  it('says what changed, and who wrote a node last', () => {
    const { performer, tree } = device()
    expect(run(performer, command('Replace', `${LAB}/Settings/Text`, 'new')).changes).toEqual([`Replace ${LAB}/Settings/Text`])
    expect(tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.writer.by).toBe(SERVER)
    expect(tree.find(['Vendor', 'DMLab', 'Settings', 'Number'])?.writer.by).toBe('device')
    expect(run(performer, command('Replace', `${LAB}/Locked`, 'new')).changes).toBeUndefined()
  })

  it('dm 46: a UI alert needs its options Item and its text; with a user it is answered', () => {
    const { performer } = device({ user: agreeable })
    const alert = (n: number, ...items: string[]): Request => ({ kind: 'Alert', cmdId: '1', code: n, items: items.map((data) => ({ data })) })
    expect(code(performer, alert(1100, ''))).toBe('412')
    expect(code(performer, alert(1101, '', 'Sure?'))).toBe('200')
    expect(run(performer, alert(1103, 'MAXDT=30&DR=2', 'Pick a profile', 'Home', 'Work')).statuses).toEqual([{ code: 200, items: [{ data: '2' }] }])
    expect(code(performer, alert(1234, '', ''))).toBe('406')
  })

  it('dm 48: unknown and unusable UI options are skipped; DR of a multiple choice joins numbers with -', () => {
    const { performer } = device({ user: agreeable })
    const alert = (n: number, ...items: string[]): Request => ({ kind: 'Alert', cmdId: '1', code: n, items: items.map((data) => ({ data })) })
    expect(run(performer, alert(1104, 'DR=2-3', 'Pick', 'a', 'b', 'c')).statuses).toEqual([{ code: 200, items: [{ data: '2' }, { data: '3' }] }])
    expect(run(performer, alert(1102, 'DR=Jane+Doe&MAXLEN=4&COLOUR=red&MINDT=x', 'Name?')).statuses).toEqual([
      { code: 200, items: [{ data: 'Jane' }] },
    ])
    expect(parseOptions('MINDT=5&MAXDT=30&DR=a%26b+c&MAXLEN=0&IT=Q&IT=N&ET=P&COLOUR=red&broken&DR2=%zz')).toEqual({
      minDt: 5,
      maxDt: 30,
      dr: 'a&b c',
      it: 'N',
      et: 'P',
    })
  })

  it('dm 49: the generic alerts a device owes always have Type, Format, Mark and Data', () => {
    const { performer } = device()
    run(performer, exec(`${LAB}/Ops/Later`))
    const alert = performer.takeOwed()[0]?.alert
    expect(alert).not.toHaveProperty('correlator')
    expect(alert?.items[0]).toMatchObject({ meta: { type: expect.any(String), format: expect.any(String), mark: 'informational' }, data: 'done' })
  })
})
