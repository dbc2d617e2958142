// The node panel and the cart as components, mounted over a fake lab: what is pressed becomes a command, what the lab says stands on the node.
// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import type { LabApi, OrderRow } from '../../core/api.ts'
import Exchange from '../../renderer/components/tree/Exchange.vue'
import TreeSearch from '../../renderer/components/tree/TreeSearch.vue'
import { redactedWords } from '../../renderer/stores/compare.ts'
import CartDock from '../../renderer/components/tree/CartDock.vue'
import NodePanel from '../../renderer/components/tree/NodePanel.vue'
import TimeSlider from '../../renderer/components/tree/TimeSlider.vue'
import { useCart } from '../../renderer/stores/cart.ts'
import { useTree } from '../../renderer/stores/tree.ts'
import { useWorld } from '../../renderer/stores/world.ts'
import { demoLab } from '../support/demo.ts'
import type { FakeLab } from '../support/fakelab.ts'

const DEVICE = 'SIM:100001'
let lab: FakeLab
let orders: OrderRow[]

/** Waits for what the stores put off by a few hundredths of a second. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(150)
  await nextTick()
}
async function choose(uri: string): Promise<void> {
  useTree().selected = uri
  await settle()
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  setActivePinia(createPinia())
  lab = demoLab()
  orders = []
  Object.assign(lab.api.tree, { orders: async () => orders })
  const world = useWorld()
  world.api = lab.api as LabApi
  world.connection = 'open'
  world.devices = new Map((await lab.api.devices.list()).map((row) => [row.id, row]))
  const tree = useTree()
  tree.device = DEVICE
  await settle()
})

afterEach(() => void vi.useRealTimers())

describe('search', () => {
  const row = (uri: string) =>
    ({
      uri,
      name: uri,
      kind: 'leaf',
      format: 'chr',
      type: '',
      value: 'x',
      size: 1,
      status: 'fetched',
      seq: 1,
      at: 1,
      children: null,
      changed: false,
    }) as const

  it('shows page after page with its progress; Stop leaves it where it is, and a new word begins anew', async () => {
    const asked: string[] = []
    let go: () => void = () => {}
    Object.assign(lab.api.tree, {
      search: async (_ref: unknown, text: string, _count: number, from: string) => {
        asked.push(`${text} ${from}`)
        if (from !== '') await new Promise<void>((resolve) => (go = resolve))
        const n = asked.length
        return { nodes: [row(`./${text}/${String(n)}`)], searched: 5000, next: n < 4 ? `./${text}/${String(n)}` : '' }
      },
    })
    const tree = useTree()
    const view = mount(TreeSearch)
    tree.search = 'abc'
    await settle()
    expect(asked).toEqual(['abc ', 'abc ./abc/1'])
    expect(view.text()).toContain('1 node matches so far, 5,000 of')
    expect(view.find('progress').exists()).toBe(true)
    go()
    await settle()
    expect(tree.found).toMatchObject({ nodes: [{ uri: './abc/1' }, { uri: './abc/2' }], searched: 10_000, state: 'searching' })
    await view.find('button').trigger('click')
    go()
    await settle()
    expect(asked).toHaveLength(3)
    expect(tree.found).toMatchObject({ searched: 10_000, state: 'stopped' })
    expect(view.text()).toContain('stopped')
    expect(view.find('button').text()).toBe('Search all')
    tree.search = 'xyz'
    await settle()
    expect(tree.found).toMatchObject({ nodes: [{ uri: './xyz/4' }], state: 'done' })
    expect(view.text()).toContain('1 node matches (all 5,000 searched)')
    view.unmount()
  })

  it('an export goes without secrets unless the box is ticked, and says what was done', async () => {
    const saved: string[] = []
    Object.assign(URL, { createObjectURL: () => 'blob:x', revokeObjectURL: () => {} })
    const part = mount(Exchange)
    useTree().overview = await lab.api.tree.overview({ device: DEVICE })
    await settle()
    const button = part.findAll('button')[0]
    await button?.trigger('click')
    await settle()
    await part.findAll('input[type="checkbox"]')[1]?.setValue(true)
    await button?.trigger('click')
    await settle()
    saved.push(...lab.calls.filter((call) => call.startsWith('tree.export')))
    expect(saved).toEqual(['tree.export . tnds-xml redacted', 'tree.export . tnds-xml unredacted'])
    expect([redactedWords({ secrets: 1, identifiers: 2 }), redactedWords(null)]).toEqual([
      '1 secret and 2 identifiers were redacted.',
      'It holds every secret that is known.',
    ])
    part.unmount()
  })
})

describe('node panel', () => {
  it('shows a value by its format: switch, hex with its size, a part that is called a part', async () => {
    const panel = mount(NodePanel)
    await choose('./DevDetail/LrgObj')
    expect(panel.find('.mark.on').exists()).toBe(true)
    await choose('./Vendor/Icon')
    expect(panel.find('pre').text()).toBe('89 50 4E 47 0D 0A 1A 0A')
    expect(panel.text()).toContain('8 B')
    await choose('./Vendor/Log')
    expect(panel.text()).toContain('the first 4,096 are known here')
    await choose('./DevDetail/Bearer')
    expect(panel.text()).toContain('never fetched')
    panel.unmount()
  })
  it('puts Get and Delete into the cart at once, and asks for what Replace needs', async () => {
    const panel = mount(NodePanel)
    const cart = useCart()
    await choose('./DevDetail/LrgObj')
    const button = (text: string) => panel.findAll('button').find((one) => one.text() === text)
    await button('Get')?.trigger('click')
    await button('Replace …')?.trigger('click')
    const choices = panel.findAll('input[type=radio]')
    expect(choices.map((one) => (one.element as HTMLInputElement).value)).toEqual(['true', 'false'])
    await choices[1]?.setValue(true)
    await panel.find('form').trigger('submit')
    expect(cart.entries.map((one) => one.command)).toEqual([
      { kind: 'Get', locUri: './DevDetail/LrgObj' },
      { kind: 'Replace', locUri: './DevDetail/LrgObj', format: 'bool', data: 'false' },
    ])
    expect(panel.find('form').exists()).toBe(false)
    panel.unmount()
  })
  it('edits the ACL as a property and says whose right it takes for a leaf', async () => {
    const panel = mount(NodePanel)
    await choose('./DMAcc/lab/ServerID')
    await panel.find('#node-tab-rights').trigger('click')
    expect(panel.text()).toContain('inherited from ./DMAcc/lab')
    await panel
      .findAll('button')
      .find((one) => one.text().startsWith('Replace the ACL'))
      ?.trigger('click')
    expect(panel.text()).toContain('whoever has Replace on its parent')
    await panel.find('form input').setValue('Get=*')
    await panel.find('form').trigger('submit')
    expect(useCart().entries.map((one) => one.command)).toEqual([{ kind: 'Replace', locUri: './DMAcc/lab/ServerID?prop=ACL', data: 'Get=*' }])
    panel.unmount()
  })
})

describe('cart', () => {
  it('shows remarks on the very line, and Send anyway only where something is doubtful', async () => {
    const dock = mount(CartDock)
    const cart = useCart()
    cart.add([{ kind: 'Get', locUri: './DevInfo/Man' }])
    await settle()
    expect(dock.find('.button.main').text()).toBe('Send')
    cart.add([{ kind: 'Replace', locUri: './DevDetail/FwV', data: '5' }])
    await settle()
    expect(dock.find('.button.main').text()).toBe('Send anyway')
    expect(dock.findAll('.entry').map((one) => one.text().includes('permits Get'))).toEqual([false, true])
    expect(dock.find('pre').text()).toContain('<Data>5</Data>')
    dock.unmount()
  })
  it('is emptied only when the lab has taken it; a refusal keeps every command', async () => {
    const dock = mount(CartDock)
    const cart = useCart()
    cart.add([{ kind: 'Get', locUri: './DevInfo/Man' }])
    await settle()
    const { send } = lab.api.tree
    Object.assign(lab.api.tree, {
      send: async () => {
        throw new Error('the ledger is full')
      },
    })
    await dock.find('.button.main').trigger('click')
    await settle()
    expect(cart.entries.length).toBe(1)
    expect(useWorld().notices.map((one) => one.text)).toEqual([`Sending to ${DEVICE}: the ledger is full`])
    Object.assign(lab.api.tree, { send })
    await dock.find('.button.main').trigger('click')
    await settle()
    expect(cart.entries.length).toBe(0)
    expect(lab.calls.filter((call) => call.startsWith('tree.send')).length).toBe(1)
    dock.unmount()
  })
  it('keeps a cart for each device', async () => {
    const cart = useCart()
    cart.add([{ kind: 'Get', locUri: './A' }])
    useTree().device = 'IMEI:350000000000017'
    await settle()
    expect(cart.entries).toEqual([])
    useTree().device = DEVICE
    await settle()
    expect(cart.entries.length).toBe(1)
  })
})

describe('time', () => {
  it('steps by one message, asks the lab for that moment, and ends at now', async () => {
    const slider = mount(TimeSlider)
    const tree = useTree()
    await settle()
    expect(tree.ticks.length).toBe(3)
    expect(tree.looking).toEqual({ device: DEVICE })
    expect(tree.step(-1)).toBe(true)
    expect(tree.looking).toEqual({ device: DEVICE, after: 5 })
    await settle()
    expect(slider.text()).toContain('After row 5')
    tree.step(-1)
    tree.step(-1)
    expect(tree.step(-1)).toBe(false)
    expect(tree.looking).toEqual({ device: DEVICE, after: 1 })
    await slider
      .findAll('button')
      .find((one) => one.text() === 'Back to now')
      ?.trigger('click')
    expect(tree.live).toBe(true)
    expect(tree.step(1)).toBe(false)
    slider.unmount()
  })
})
