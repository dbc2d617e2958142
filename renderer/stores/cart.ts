// The change cart of each device: what shall be sent, what the lab remarks on it, what it will look like, and what came of earlier ones.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { Cart, CartPreview, CartRemark, OrderRow, QueuedCommand } from '../../core/api.ts'
import type { Encoding } from '../../core/syncml/message.ts'
import { line, moved, outcomes, type Entry } from '../model/cart.ts'
import { useTree } from './tree.ts'
import { useWorld } from './world.ts'

export const useCart = defineStore('cart', () => {
  const world = useWorld()
  const tree = useTree()
  const carts = shallowRef(new Map<string, readonly Entry[]>())
  const mode = ref<Cart['mode']>('single')
  const when = ref<Cart['when']>('next session')
  const encoding = ref<Encoding>('xml')
  const remarks = shallowRef<readonly CartRemark[]>([])
  const preview = shallowRef<CartPreview | null>(null)
  const problem = ref('')
  const busy = ref(false)
  /** What was said of the last sending. */
  const told = ref('')
  const orders = shallowRef<readonly OrderRow[]>([])
  let nextKey = 1

  const entries = computed(() => carts.value.get(tree.device) ?? [])
  const cart = computed<Cart>(() => ({ mode: mode.value, when: when.value, commands: entries.value.map((entry) => entry.command) }))
  /** The worst remark decides whether sending needs a second look. */
  const doubtful = computed(() => remarks.value.some((one) => one.severity === 'error' || one.severity === 'warn'))

  function set(next: readonly Entry[]): void {
    carts.value = new Map(carts.value).set(tree.device, next)
  }
  function add(commands: readonly QueuedCommand[], quiet = false): void {
    set([...entries.value, ...commands.map((command) => ({ key: nextKey++, command }))])
    const [first] = commands
    if (quiet || first === undefined) return
    const what = commands.length === 1 ? line(first) : `${commands.length} commands`
    told.value = `${what} ${commands.length === 1 ? 'is' : 'are'} in the cart.`
  }
  const replace = (key: number, command: QueuedCommand): void => set(entries.value.map((one) => (one.key === key ? { key, command } : one)))
  const remove = (key: number): void => set(entries.value.filter((one) => one.key !== key))
  const move = (key: number, step: number): void => set(moved(entries.value, key, step))
  const clear = (): void => set([])

  let run = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  async function examine(): Promise<void> {
    const mine = ++run
    const api = world.api
    if (api === null || entries.value.length === 0) {
      remarks.value = []
      preview.value = null
      problem.value = ''
      return
    }
    try {
      const [said, shown] = await Promise.all([api.tree.check(tree.device, cart.value), api.tree.preview(tree.device, cart.value, encoding.value)])
      if (mine !== run) return
      remarks.value = said
      preview.value = shown
      problem.value = ''
    } catch (error) {
      if (mine !== run || world.api === null) return
      remarks.value = []
      preview.value = null
      problem.value = error instanceof Error ? error.message : String(error)
    }
  }
  watch([cart, encoding, () => tree.device, () => world.api], () => {
    clearTimeout(timer)
    timer = setTimeout(() => void examine(), 80)
  })

  let orderRun = 0
  async function loadOrders(): Promise<void> {
    const mine = ++orderRun
    const api = world.api
    if (api === null || tree.device === '') {
      orders.value = []
      return
    }
    const rows = await api.tree.orders(tree.device).catch(() => null)
    if (mine === orderRun && rows !== null) orders.value = rows
  }
  watch(
    [() => tree.device, () => world.api],
    () => {
      told.value = ''
      orders.value = []
      void loadOrders()
    },
    { immediate: true },
  )
  let soon: ReturnType<typeof setTimeout> | undefined
  tree.onFact((fact) => {
    if (fact.device !== tree.device || fact.orders.length === 0) return
    soon ??= setTimeout(() => {
      soon = undefined
      void loadOrders()
    }, 120)
  })

  /** Hands the cart over; it is emptied only when the lab has taken it. */
  async function send(): Promise<boolean> {
    if (busy.value || entries.value.length === 0) return false
    busy.value = true
    const of = tree.device
    const sent = await world.attempt(`Sending to ${of}`, (lab) => lab.tree.send(of, cart.value))
    busy.value = false
    if (sent === null) return false
    const wake = when.value === 'wake now' ? (sent.woken ? ' The device was notified.' : ' The device was not notified.') : ''
    told.value = `Queued for ${of}.${wake}${sent.note === '' ? '' : ` ${sent.note[0]?.toUpperCase() ?? ''}${sent.note.slice(1)}.`}`
    set([])
    await loadOrders()
    return true
  }

  return {
    entries,
    cart,
    mode,
    when,
    encoding,
    remarks,
    preview,
    problem,
    doubtful,
    busy,
    told,
    orders,
    outcomes: computed(() => outcomes(orders.value)),
    add,
    replace,
    remove,
    move,
    clear,
    send,
    loadOrders,
  }
})
