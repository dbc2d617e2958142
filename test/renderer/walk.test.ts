// Keys of grids, lists and trees: where each leads, and which ones go further.
// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { useWalk, type Walked } from '../../renderer/components/base/walk.ts'
import { jump, lead } from '../../renderer/model/walk.ts'
import { useView } from '../../renderer/stores/view.ts'

describe('a key in a list', () => {
  it('leads one line, one page or to an end, and never out of the list', () => {
    expect(['ArrowDown', 'ArrowUp', 'Home', 'End', 'PageDown', 'PageUp'].map((key) => lead(key, 5, 20, 8))).toEqual([6, 4, 0, 19, 13, 0])
    expect(lead('ArrowDown', 19, 20)).toBe(19)
    expect(lead('ArrowUp', 0, 20)).toBe(0)
    expect(lead('Enter', 5, 20)).toBeNull()
    expect(lead('ArrowDown', 0, 0)).toBeNull()
  })
  it('begins at the first line going down and at the last going up where the person is nowhere yet', () => {
    expect(lead('ArrowDown', -1, 20)).toBe(0)
    expect(lead('ArrowUp', -1, 20)).toBe(19)
  })
  it('is j and k as well, as long as letters act', () => {
    expect([lead('j', 5, 20), lead('k', 5, 20)]).toEqual([6, 4])
    expect([lead('j', 5, 20, 8, false), lead('k', 5, 20, 8, false)]).toEqual([null, null])
  })
  it('that is a letter jumps to the next name that begins so, and round again', () => {
    const names = ['Vendor', 'n0', 'n1', 'N10', 'n11', 'Zone']
    const from = (at: number, typed: string): string => names[jump(names.length, (i) => names[i] ?? '', at, typed)] ?? 'none'
    expect(from(0, 'n')).toBe('n0')
    expect(from(1, 'n')).toBe('n1')
    expect(from(1, 'N11')).toBe('n11')
    expect(from(5, 'nn')).toBe('n0')
    expect(from(5, 'v')).toBe('Vendor')
    expect(from(0, 'q')).toBe('none')
  })
})

describe('a list with the keys', () => {
  beforeEach(() => setActivePinia(createPinia()))
  function list(further: Partial<Walked> = {}, names = ['alpha', 'beta', 'gamma', 'jota']) {
    const at = ref(0)
    const outside: string[] = []
    const wrapper = mount(
      defineComponent({
        setup() {
          const pressed = useWalk({ count: () => names.length, at: () => at.value, go: (index) => (at.value = index), page: () => 2, ...further })
          return () =>
            h('section', { onKeydown: (event: KeyboardEvent) => outside.push(event.key) }, [
              h('input', { type: 'search' }),
              h('div', { tabindex: 0, class: 'list', onKeydown: pressed }),
            ])
        },
      }),
      { attachTo: document.body },
    )
    const press = async (key: string, held: object = {}): Promise<number> => {
      await wrapper.get('.list').trigger('keydown', { key, ...held })
      return at.value
    }
    return { press, outside, wrapper }
  }

  it('takes what it knows and lets the rest go further', async () => {
    const { press, outside } = list()
    expect(await press('ArrowDown')).toBe(1)
    expect(await press('PageDown')).toBe(3)
    expect(await press('k')).toBe(2)
    expect(await press('Enter')).toBe(2)
    expect(await press('ArrowUp', { altKey: true })).toBe(2)
    expect(await press('ArrowUp', { ctrlKey: true })).toBe(2)
    expect(outside).toEqual(['Enter', 'ArrowUp', 'ArrowUp'])
  })
  it('leaves j and k alone where letters are switched off', async () => {
    useView().letterKeys = false
    const { press, outside } = list()
    expect(await press('j')).toBe(0)
    expect(outside).toEqual(['j'])
    useView().letterKeys = true
  })
  it('reads letters as a name where lines have names, j and k too', async () => {
    const { press } = list({ name: (index) => ['alpha', 'beta', 'gamma', 'jota'][index] ?? '' })
    expect(await press('g')).toBe(2)
    expect(await press('Home')).toBe(0)
    expect(await press('j')).toBe(3)
  })
  it('has keys of its own, which may decline', async () => {
    const seen: string[] = []
    const { press, outside } = list({ keys: { ' ': () => seen.push('space'), 'Ctrl+a': () => seen.push('all'), Enter: () => false } })
    await press(' ')
    await press('a', { ctrlKey: true })
    await press('Enter')
    expect(seen).toEqual(['space', 'all'])
    expect(outside).toEqual(['Enter'])
  })
  it('goes to the search field beside it with /', async () => {
    const { press, wrapper } = list()
    await press('/')
    expect(document.activeElement).toBe(wrapper.get('input').element)
    wrapper.unmount()
  })
})
