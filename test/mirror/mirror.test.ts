// What recorded messages prove about a tree: one line of a session after the other, and the picture after it.
import { expect, it } from 'vitest'
import { mirror } from '../../core/mirror/mirror.ts'
import { command, came, drawn, group, item, NODE, numbered, results, status, Talk } from './talk.ts'

/** A talk in which `./A` was listed and `./A/x` read. */
function read(): Talk {
  const talk = new Talk()
  talk.down(...numbered(command('Get', item('./A')), command('Get', item('./A/x'))))
  talk.up(status(1, 1, 200), results(1, 1, came('./A', 'x/y%2Fz', NODE)), status(1, 2, 200), results(1, 2, came('./A/x', '1')))
  return talk
}

it('a Get of an interior node names its children, escapes decoded segment by segment', () => {
  const { mirror: picture } = read()
  expect(drawn(picture)).toEqual(['./ ?', './A/', './A/x = 1', './A/y%2Fz ?'])
  expect(picture.find(['A', 'y/z'])?.name).toBe('y/z')
})

it('a command without a Status, and one without success, changes nothing', () => {
  const talk = read()
  const before = drawn(talk.mirror)
  talk.down(...numbered(command('Replace', item('./A/x', '2')), command('Delete', item('./A/x'))))
  talk.up(status(2, 1, 425))
  expect(drawn(talk.mirror)).toEqual(before)
  expect(talk.mirror.find(['A', 'x'])?.history.at(-1)).toMatchObject({ kind: 'refused', code: 425, command: 'Replace' })
})

it('Replace, Add, Delete count with their Status; intermediate nodes are there implicitly; a deleted node stays to be seen', () => {
  const talk = read()
  const row = talk.down(
    ...numbered(
      command('Replace', item('./A/x', '2')),
      command('Add', item('./B/C/d', '5', { format: 'int' })),
      command('Delete', item('./A/y%2Fz')),
    ),
  )
  const proof = talk.up(status(2, 1, 200), status(2, 2, 200), status(2, 3, 200))
  expect(drawn(talk.mirror)).toEqual(['./ ?', './A/', './A/x = 2', './A/y%2Fz gone', './B/ ?', './B/C/ ?', './B/C/d = 5 (int)'])
  expect(talk.mirror.find(['A', 'x'])?.history.at(-1)).toMatchObject({
    kind: 'written',
    seq: proof,
    commandSeq: row,
    cmdId: '1',
    by: 'srv',
    value: '2',
  })
  expect(drawn(talk.mirror, row)).toEqual(['./ ?', './A/', './A/x = 1', './A/y%2Fz ?'])
})

it('several Items: each Status speaks of its own targets', () => {
  const talk = new Talk()
  talk.down(...numbered(command('Add', item('./a', '1'), item('./b', '2'), item('./c', '3'))))
  talk.up(status(1, 1, 200, './a', './c'), status(1, 1, 418, './b'))
  expect(drawn(talk.mirror)).toEqual(['./ ?', './a = 1', './c = 3', './b ?'])
})

it('an Atomic that fails changes nothing, in whatever order its Statuses come', () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    const talk = read()
    talk.down(...numbered(group('Atomic', command('Replace', item('./A/x', '2')), command('Delete', item('./Q')))))
    const statuses = [status(2, 1, 507), status(2, 2, order[0] === 0 ? 216 : 200), status(2, 3, 405)]
    talk.up(...order.map((i) => statuses[i] ?? status(0, 0, 0)))
    expect(drawn(talk.mirror)).toEqual(['./ ?', './A/', './A/x = 1', './A/y%2Fz ?'])
  }
})

it('an Atomic that succeeds counts once its own Status is there', () => {
  const talk = read()
  talk.down(...numbered(group('Atomic', command('Replace', item('./A/x', '2')))))
  const child = talk.up(status(2, 2, 200))
  expect(drawn(talk.mirror)).toContain('./A/x = 1')
  talk.up(status(2, 1, 200))
  expect(drawn(talk.mirror)).toContain('./A/x = 2')
  expect(talk.mirror.ticks.at(-1)?.seq).toBe(child + 1)
})

it('a roll-back that failed makes what it touched doubtful', () => {
  const talk = read()
  talk.down(...numbered(group('Atomic', command('Replace', item('./A/x', '2')), command('Delete', item('./Q')))))
  talk.up(status(2, 1, 516), status(2, 2, 516), status(2, 3, 405))
  expect(drawn(talk.mirror)).toContain('./A/x = 1 ~')
})

it('properties: ACL and Title are kept, Name moves the sub-tree, VerNo that moved makes the value doubtful', () => {
  const talk = read()
  talk.down(
    ...numbered(
      command('Get', item('./A/x?prop=VerNo')),
      command('Replace', item('./A?prop=ACL', 'Get=*')),
      command('Replace', item('./A?prop=Name', 'N%2F1')),
    ),
  )
  talk.up(status(2, 1, 200), results(2, 1, came('./A/x?prop=VerNo', '3')), status(2, 2, 200), status(2, 3, 200))
  expect(drawn(talk.mirror)).toEqual(['./ ?', './A gone', './A/x gone', './A/y%2Fz gone', './N%2F1/', './N%2F1/x = 1', './N%2F1/y%2Fz ?'])
  expect(talk.mirror.find(['N/1'])?.versions.at(-1)?.properties.get('ACL')?.value).toBe('Get=*')
  talk.down(...numbered(command('Get', item('./N%2F1/x?prop=VerNo'))))
  talk.up(status(3, 1, 200), results(3, 1, came('./N%2F1/x?prop=VerNo', '4')))
  expect(drawn(talk.mirror)).toContain('./N%2F1/x = 1 ~')
})

it('Copy takes the value along, Exec makes what is below doubtful, 404 says that it is gone', () => {
  const talk = read()
  const exec = { kind: 'Exec' as const, cmdId: '', items: [item('./A')] }
  const copy = { kind: 'Copy' as const, cmdId: '', items: [{ ...item('./A/w'), source: { locUri: './A/x' } }] }
  talk.down(...numbered(copy, exec, command('Get', item('./A/y%2Fz'))))
  talk.up(status(2, 1, 200), status(2, 2, 202), status(2, 3, 404))
  expect(drawn(talk.mirror)).toEqual(['./ ?', './A/ ~', './A/x = 1 ~', './A/y%2Fz gone', './A/w = 1 ~'])
})

it('lists: Struct names nodes, StructData brings values, whatever their order', () => {
  const talk = new Talk()
  talk.down(...numbered(command('Get', item('./A?list=Struct')), command('Get', item('./B?list=StructData'))))
  talk.up(
    status(1, 1, 200),
    results(1, 1, came('./A/I/j', undefined, { format: 'int' }), came('./A', undefined, NODE), came('./A/I', undefined, NODE)),
    status(1, 2, 200),
    results(1, 2, came('./B/F/G', 'g'), came('./B', undefined, NODE), came('./B/F', undefined, NODE)),
  )
  expect(drawn(talk.mirror)).toEqual(['./ ?', './A/ ?', './A/I/ ?', './A/I/j ? (int)', './B/ ?', './B/F/ ?', './B/F/G = g'])
})

const TNDS = (value: string, extra = ''): string =>
  `<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>A</NodeName><RTProperties><Format><node/></Format><Type><DDFName>urn:x</DDFName></Type></RTProperties>` +
  `<Node><NodeName>x</NodeName><RTProperties><ACL>Get=*</ACL><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>${value}</Value></Node>${extra}</Node></MgmtTree>`
const TNDS_META = { format: 'xml', type: 'application/vnd.syncml.dmtnds+xml' }

it('TNDS: read, what was read before and is missing is gone; written by Replace, so is everything else', () => {
  const talk = read()
  talk.down(...numbered(command('Get', item('./A/y%2Fz')), command('Get', item('./A/secret'))))
  talk.up(status(2, 1, 200), results(2, 1, came('./A/y%2Fz', 'zz')), status(2, 2, 405))
  talk.down(...numbered(command('Get', item('./A?list=TNDS'))))
  talk.up(status(3, 1, 200), results(3, 1, came('./A?list=TNDS', TNDS('7'), TNDS_META)))
  expect(drawn(talk.mirror)).toEqual(['./ ?', './A/', './A/x = 7', './A/y%2Fz gone'])
  expect(talk.mirror.find(['A', 'x'])?.versions.at(-1)?.properties.get('ACL')?.value).toBe('Get=*')
  expect(talk.mirror.find(['A'])?.versions.at(-1)?.properties.get('Type')?.value).toBe('urn:x')
  talk.down(...numbered(command('Add', item('./A/n', '1')), command('Replace', item('./A', TNDS('8'), TNDS_META))))
  talk.up(status(4, 1, 200), status(4, 2, 200))
  expect(drawn(talk.mirror)).toEqual(['./ ?', './A/', './A/x = 8', './A/y%2Fz gone', './A/n gone'])
})

it('large objects count when they are whole, in both directions', () => {
  const talk = new Talk()
  talk.down(...numbered({ kind: 'Add', cmdId: '', items: [{ ...item('./big', 'AAAA', { format: 'chr', type: 'x/y', size: 8 }), moreData: true }] }))
  talk.up(status(1, 1, 213))
  expect(drawn(talk.mirror)).toEqual([])
  talk.down(...numbered(command('Add', item('./big', 'BBBB'))))
  talk.up(status(2, 1, 200))
  expect(drawn(talk.mirror)).toEqual(['./ ?', './big = AAAABBBB'])
  expect(talk.mirror.find(['big'])?.versions.at(-1)?.type).toBe('x/y')
  talk.down(...numbered(command('Get', item('./up'))))
  talk.up(status(3, 1, 200), results(3, 1, { ...came('./up', 'one '), moreData: true }))
  expect(drawn(talk.mirror)).not.toContain('./up = one ')
  talk.down()
  talk.up(results(3, 1, came('./up', 'two')))
  expect(drawn(talk.mirror)).toContain('./up = one two')
})

it('an object too long to be held is there, its value is not: what was known of it before is old', () => {
  const talk = new Talk()
  talk.down(...numbered(command('Add', item('./pkg', 'old', { format: 'bin' }))))
  talk.up(status(1, 1, 200))
  const mib = 'A'.repeat(1 << 20)
  for (let n = 0; n < 9; n++) {
    const meta = n === 0 ? { format: 'b64', size: 9 << 20 } : {}
    const chunk = { ...item('./pkg', mib, meta), ...(n === 8 ? {} : { moreData: true }) }
    talk.down(...numbered(command('Replace', chunk)))
    talk.up(status(n + 2, 1, n === 8 ? 200 : 213))
  }
  const node = talk.mirror.find(['pkg'])
  expect(node?.versions.at(-1)).toMatchObject({ present: true, format: 'bin', value: 'b2xk', stale: expect.stringContaining('9437184 octets') })
  expect(node?.history.at(-1)).toMatchObject({ kind: 'written', command: 'Replace', value: null, code: 200 })
})

it('what the device tells counts when the server takes it, and not when it refuses the credentials', () => {
  const talk = new Talk()
  const told = { kind: 'Replace' as const, cmdId: '2', items: [came('./DevInfo/Man', 'Acme')] }
  talk.up({ kind: 'Alert', cmdId: '1', code: 1201, items: [] }, told)
  talk.down(status(1, 0, 401), status(1, 1, 401), status(1, 2, 401))
  expect(drawn(talk.mirror)).toEqual([])
  const row = talk.up(told)
  talk.down(status(2, 0, 212), status(2, 2, 200))
  expect(drawn(talk.mirror)).toEqual(['./ ?', './DevInfo/ ?', './DevInfo/Man = Acme'])
  expect(talk.mirror.find(['DevInfo', 'Man'])?.versions.at(-1)).toMatchObject({ told: true, source: row })
})

it('an alert about a node makes its values doubtful', () => {
  const talk = read()
  talk.up({ kind: 'Alert', cmdId: '7', code: 1226, items: [{ ...came('./A', '1', { type: 'urn:oma:at:x', format: 'chr' }) }] })
  talk.down(status(2, 7, 200))
  expect(drawn(talk.mirror)).toContain('./A/x = 1 ~')
  expect(talk.mirror.find(['A', 'x'])?.versions.at(-1)?.stale).toBe('Alert 1226 urn:oma:at:x')
})

it('a resend says nothing new; octets are base64; a list that lost a name says it is gone', () => {
  const talk = read()
  const events = talk.events.length
  talk.again(status(1, 2, 200), results(1, 2, came('./A/x', 'other')))
  expect(talk.events.length).toBe(events)
  talk.down(...numbered(command('Get', item('./A')), command('Get', item('./A/x'))))
  talk.up(
    status(2, 1, 200),
    results(2, 1, came('./A', 'x', NODE)),
    status(2, 2, 200),
    results(2, 2, came('./A/x', new Uint8Array([0, 255]), { format: 'bin' })),
  )
  expect(drawn(talk.mirror)).toEqual(['./ ?', './A/', './A/x = AP8= (bin)', './A/y%2Fz gone'])
})

it('the picture is a pure fold of its facts', () => {
  const { events, mirror: picture } = read()
  expect(drawn(mirror(events))).toEqual(drawn(picture))
})
