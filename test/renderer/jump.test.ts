// From a node's history to the very command: the row opens with its element chosen, in every view, whatever the encoding.
// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { LabApi } from '../../core/api.ts'
import { encode } from '../../core/syncml/codec.ts'
import type { Command, Encoding, Message, Request } from '../../core/syncml/message.ts'
import Inspector from '../../renderer/components/message/Inspector.vue'
import NodeHistory from '../../renderer/components/tree/NodeHistory.vue'
import type { Element } from '../../core/syncml/element.ts'
import { commandElement, elementByPath, examine } from '../../renderer/model/document.ts'
import { useTrace } from '../../renderer/stores/trace.ts'
import { useTree } from '../../renderer/stores/tree.ts'
import { useView } from '../../renderer/stores/view.ts'
import { useWorld } from '../../renderer/stores/world.ts'
import { demoLab } from '../support/demo.ts'

const header: Message['header'] = { verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1', msgId: '2', target: { locUri: 'a' }, source: { locUri: 'b' } }
const replace = (cmdId: string, locUri: string): Command => ({ kind: 'Replace', cmdId, items: [{ target: { locUri }, data: 'x' }] })
const commands: Command[] = [
  { kind: 'Status', cmdId: '1', msgRef: '1', cmdRef: '7', cmd: 'Get', code: 200, targetRefs: [], sourceRefs: [], items: [] },
  replace('2', './a'),
  { kind: 'Atomic', cmdId: '3', commands: [replace('4', './b'), replace('5', './c')] as Request[] },
  { kind: 'Results', cmdId: '6', msgRef: '1', cmdRef: '8', items: [{ source: { locUri: './d' }, data: 'y' }] },
]

describe('the command of a message', () => {
  it.each(['xml', 'wbxml'] as const)('is found by CmdID, inside groups too, and its answer by CmdRef, in %s', (encoding: Encoding) => {
    const bytes = encode({ header, commands, final: true }, { encoding })
    const { root } = examine(bytes, encoding)
    if (root === null) throw new Error('it does not decode')
    const found = (name: 'CmdID' | 'CmdRef', id: string) => {
      const element = commandElement(root, { name, id })
      return element === null ? null : [element.name, element.end > element.start]
    }
    expect([found('CmdID', '2'), found('CmdID', '3'), found('CmdID', '5'), found('CmdID', '9')]).toEqual([
      ['Replace', true],
      ['Atomic', true],
      ['Replace', true],
      null,
    ])
    expect([found('CmdRef', '7'), found('CmdRef', '8'), found('CmdRef', '2')]).toEqual([['Status', true], ['Results', true], null])
  })
})

describe('who wrote this?', () => {
  beforeEach(() => {
    setActivePinia(createPinia())
    const lab = demoLab()
    const world = useWorld()
    world.api = lab.api as LabApi
    world.connection = 'open'
  })
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 6; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      await flushPromises()
      await nextTick()
    }
  }

  it('a line of the history names command and proof by their ids', async () => {
    const tree = useTree()
    tree.device = 'SIM:100001'
    await settle()
    const detail = await (useWorld().api as LabApi).tree.node({ device: 'SIM:100001' }, './DevDetail/FwV', '')
    const [first] = detail.history
    if (first === undefined) throw new Error('the demo has no history')
    const history = [{ ...first, commandSeq: 3, seq: 5, cmdId: '4' }]
    const view = mount(NodeHistory, { props: { detail: { ...detail, history } } })
    const [command, proof] = view.findAll('button')
    await command?.trigger('click')
    await proof?.trigger('click')
    expect(view.emitted('row')).toEqual([
      [3, { name: 'CmdID', id: '4' }],
      [5, { name: 'CmdRef', id: '4' }],
    ])
  })

  it('the row opens with the command chosen, also where it is open already', async () => {
    const trace = useTrace()
    const lab = useWorld().api as LabApi
    useView().tab = 'decoded'
    await trace.begin(lab, await lab.lab.state())
    const inspector = mount(Inspector, { attachTo: document.body })
    const seq = 2
    const { bytes } = await lab.trace.frame(seq)
    const { root } = examine(bytes, 'xml')
    const ids = [...new TextDecoder().decode(bytes).matchAll(/<(\w+)><CmdID>(\d+)<\/CmdID>/g)].map(([, name = '', id = '']) => [name, id] as const)
    expect(ids.length).toBeGreaterThan(1)
    for (const [name, id] of [ids[0], ids.at(-1)] as [string, string][]) {
      trace.reveal(seq, { name: 'CmdID', id })
      await settle()
      expect(trace.marked).toBeNull()
      const key = inspector.find('[role=tree]').attributes('aria-activedescendant')?.slice(3) ?? ''
      expect(elementByPath(root as Element, key.split('.').map(Number))?.name).toBe(name)
    }
    // A command the message has not: the row opens, nothing is chosen wrongly.
    trace.reveal(3, { name: 'CmdID', id: '999' })
    await settle()
    expect([trace.marked, inspector.find('[role=tree]').attributes('aria-activedescendant')]).toEqual([null, undefined])
    inspector.unmount()
  })
})
