// Atomic and Sequence on a device: what each child answers, and that the tree is as it should be afterwards.
import { describe, expect, it } from 'vitest'
import { saveDevice } from '../../core/device/profile.ts'
import type { UiAnswer } from '../../core/device/interaction.ts'
import type { Request } from '../../core/syncml/message.ts'
import { TNDS_XML } from '../../core/dmtree/tnds.ts'
import { code, command, device, exec, group, read, run } from './support.ts'

const LAB = './Vendor/DMLab'
const A = `${LAB}/Scratch/A`
const add = command('Add', A, 'x')
const replace = command('Replace', `${LAB}/Settings/Text`, 'changed')
const missing = command('Replace', `${LAB}/Scratch/None`, 'x')
const question: Request = { kind: 'Alert', cmdId: '1', code: 1101, items: [{}, { data: 'Really?' }] }
const user = (answer: UiAnswer) => (): UiAnswer => answer

/** A group on a fresh device, and the codes `own [children]`. */
const GROUPS: readonly (readonly [title: string, group: Request, expected: string, answer?: UiAnswer])[] = [
  ['Atomic, all well', group('Atomic', add, replace), '200 [200 200]'],
  ['dm 32: a failing child: those before 216, those after 215, Atomic 507', group('Atomic', add, replace, missing, add), '507 [216 216 404 215]'],
  ['the first child fails', group('Atomic', missing, add), '507 [404 215]'],
  ['dm 31: Get inside Atomic → 500', group('Atomic', add, command('Get', './DevInfo'), replace), '507 [216 500 215]'],
  ['dm 31: Atomic inside Atomic → 500', group('Atomic', add, group('Atomic', replace)), '507 [216 500]'],
  ['Sequence inside Atomic → 500', group('Atomic', group('Sequence', replace), add), '507 [500 215]'],
  ['Exec inside Atomic → 500', group('Atomic', exec(`${LAB}/Ops/Echo`, 'x')), '507 [500]'],
  ['dm 47: "no" inside Atomic rolls back', group('Atomic', add, question, replace), '215 [216 304 215]', { act: 'no' }],
  ['cancel inside Atomic rolls back', group('Atomic', add, question, replace), '215 [216 214 215]', { act: 'cancel' }],
  ['no answer inside Atomic fails it', group('Atomic', add, question), '507 [216 408]', { act: 'timeout' }],
  ['"yes" inside Atomic', group('Atomic', question, add), '200 [200 200]', { act: 'ok' }],
  ['a UI alert without a user inside Atomic', group('Atomic', add, question), '507 [216 406]'],
  [
    'dm 33: Sequence is 200 once begun, children reported in order',
    group('Sequence', add, missing, command('Get', A), exec(`${LAB}/Ops/Fail`)),
    '200 [200 404 200 500]',
  ],
  ['dm 47: "no" inside Sequence → 215 for the rest', group('Sequence', add, question, replace), '200 [200 304 215]', { act: 'no' }],
  ['cancel inside Sequence → 215 for the rest', group('Sequence', question, replace), '200 [214 215]', { act: 'cancel' }],
  ['no answer does not stop a Sequence', group('Sequence', question, replace), '200 [408 200]', { act: 'timeout' }],
  ['Atomic inside Sequence', group('Sequence', group('Atomic', add, missing), replace), '200 [507 [216 404] 200]'],
  ['an empty Atomic', group('Atomic'), '200 []'],
]

describe('groups', () => {
  for (const [title, request, expected, answer] of GROUPS) {
    it(title, () => {
      expect(code(device(answer === undefined ? {} : { user: user(answer) }).performer, request)).toBe(expected)
    })
  }

  it('dm 47: "no" directly in the body has no influence on other commands', () => {
    const { performer } = device({ user: user({ act: 'no' }) })
    expect([code(performer, question), code(performer, replace)]).toEqual(['304', '200'])
  })

  it('dm 32: after 216 the whole device is as before: values, order, ACLs, versions, stamps, writers', () => {
    let clock = 0
    const lab = device({ now: () => (clock += 1000) })
    for (const name of ['P', 'Q', 'R', 'S']) run(lab.performer, command('Add', `${LAB}/Scratch/${name}/Leaf`, name))
    const before = JSON.stringify(saveDevice(lab))
    const { count, bytes } = lab.tree
    const writer = lab.tree.find(['Vendor', 'DMLab', 'Scratch', 'Q'])?.writer
    const outcome = run(
      lab.performer,
      group(
        'Atomic',
        command('Delete', `${LAB}/Scratch/Q`),
        command('Replace', `${LAB}/Scratch/S?prop=Name`, 'Q'),
        command('Add', `${LAB}/Scratch/S/Deep/er`, 'x'),
        command('Replace', `${LAB}/Scratch/R?prop=ACL`, 'Get=me&Delete=*'),
        command('Replace', `${LAB}/Scratch/P/Leaf?prop=Title`, 'title'),
        command('Replace', `${LAB}/Scratch/P/Leaf`, '12345', { format: 'int' }),
        command('Copy', `${LAB}/Settings/Number`, undefined, undefined, `${LAB}/Scratch/P/Leaf`),
        command('Delete', './DMAcc/lab'),
        command('Replace', `${LAB}/Scratch`, '<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>Z</NodeName><Value>z</Value></Node></MgmtTree>', {
          type: TNDS_XML,
          format: 'xml',
        }),
        missing,
      ),
    )
    expect(outcome.statuses).toEqual([{ code: 507 }])
    expect(outcome.children?.map((child) => child.statuses[0]?.code)).toEqual([216, 216, 216, 216, 216, 216, 216, 216, 216, 404])
    expect(outcome.changes).toBeUndefined()
    expect(JSON.stringify(saveDevice(lab))).toBe(before)
    expect([lab.tree.count, lab.tree.bytes]).toEqual([count, bytes])
    expect(lab.tree.find(['Vendor', 'DMLab', 'Scratch', 'Q'])?.writer).toEqual(writer)
  })

  it('dm 32: a device that cannot roll back answers 516 and keeps what was done', () => {
    const { performer } = device({ features: { rollbackFails: true } })
    expect(code(performer, group('Atomic', add, missing, replace))).toBe('507 [516 404 215]')
    expect(read(performer, A)).toBe('x')
    expect(read(performer, `${LAB}/Settings/Text`)).toBe('hello')
  })

  it('of a failing child with several Items those done are taken back too', () => {
    const { performer } = device()
    const two: Request = {
      kind: 'Add',
      cmdId: '1',
      items: [
        { target: { locUri: A }, data: '1' },
        { target: { locUri: './DevInfo/No' }, data: '2' },
      ],
    }
    expect(run(performer, group('Atomic', two)).children?.[0]?.statuses).toEqual([
      { code: 216, targetRef: A },
      { code: 405, targetRef: './DevInfo/No' },
    ])
    expect(read(performer, A)).toBe('status 404')
  })

  it('a device without Atomic → 406 and nothing is done', () => {
    const { performer } = device({ features: { atomic: false } })
    expect(code(performer, group('Atomic', add))).toBe('406 [215]')
    expect(read(performer, A)).toBe('status 404')
  })

  it('a user that breaks gives 500', () => {
    const { performer } = device({
      user: () => {
        throw new Error('broken')
      },
    })
    expect(code(performer, question)).toBe('500')
  })
})
