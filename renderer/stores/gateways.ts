// Gateways as the screen sees them: inventory, fan-outs, images, stories; read again soon after anything moves while the screen is looked at.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { BootstrapStory, FanoutMatrix, FanoutRow, FanoutWish, GatewayRow, ImageCard, ImageWish, Inventory, LabApi } from '../../core/api.ts'
import { isOpen } from '../model/gateway.ts'
import { useView, type GatewayTab } from './view.ts'
import { useWorld } from './world.ts'

/** Least time between two readings, ms; and how much longer than a reading takes nobody reads again. */
const PACE = 600
const REST = 4

export const useGateways = defineStore('gateways', () => {
  const world = useWorld()
  const view = useView()
  const rows = shallowRef<readonly GatewayRow[]>([])
  const fanouts = shallowRef<readonly FanoutRow[]>([])
  const cards = shallowRef<readonly ImageCard[]>([])
  const inventory = shallowRef<Inventory | null>(null)
  const stories = shallowRef<readonly BootstrapStory[]>([])
  const matrix = shallowRef<FanoutMatrix | null>(null)
  const loaded = ref(false)
  const problem = ref('')
  /** Gateway chosen by hand; '' the first. */
  const wanted = ref('')
  /** Device whose evidence stands open. */
  const device = ref('')
  /** Fan-out looked at; '' the newest. */
  const wantedFan = ref('')
  /** The form of a new fan-out stands open. */
  const making = ref(false)

  const gateway = computed(() => rows.value.find(({ id }) => id === wanted.value) ?? rows.value[0] ?? null)
  const fanout = computed(() => fanouts.value.find(({ id }) => id === wantedFan.value) ?? fanouts.value[0] ?? null)
  const open = computed(() => fanouts.value.filter(isOpen).length)
  const findings = computed(
    () => inventory.value?.rows.reduce((sum, row) => sum + row.findings.filter(({ severity }) => severity !== 'note').length, 0) ?? 0,
  )

  let run = 0
  let due = 0
  let ended = 0
  let took = 0
  /** Reads what the page looked at shows; all of it the first time, so that every tab can say how many there are. */
  async function load(): Promise<void> {
    const lab = world.api
    if (lab === null) return
    const mine = ++run
    const began = Date.now()
    const on = (...tabs: readonly GatewayTab[]): boolean => !loaded.value || tabs.includes(view.gatewayTab)
    try {
      const [all, fans, images] = await Promise.all([
        lab.gateways.list(),
        lab.gateways.fanouts(),
        on('images', 'fanouts') ? lab.gateways.cards() : cards.value,
      ])
      if (mine !== run) return
      rows.value = all
      fanouts.value = fans
      cards.value = images
      problem.value = ''
      const id = gateway.value?.id ?? ''
      if (on('inventory') || making.value || inventory.value?.gateway !== id) await readInventory(lab, id, () => mine === run)
      if (on('bootstrap')) stories.value = id === '' ? [] : await lab.gateways.stories(id).catch(() => [])
      if (on('fanouts') && mine === run) await read(lab)
    } catch (error) {
      if (mine === run) problem.value = words(error)
    }
    loaded.value = true
    ended = Date.now()
    took = ended - began
  }
  async function readInventory(lab: LabApi, id: string, still: () => boolean): Promise<void> {
    let why = ''
    const known = id === '' ? null : await lab.gateways.inventory(id).catch((error: unknown) => ((why = words(error)), null))
    if (!still()) return
    inventory.value = known
    if (why !== '') problem.value = why
  }
  const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))
  /** The matrix of the fan-out looked at. */
  async function read(lab: LabApi): Promise<void> {
    const id = fanout.value?.id
    if (id === undefined) {
      matrix.value = null
      return
    }
    const answer = await lab.gateways.matrix(id)
    if (fanout.value?.id === id) matrix.value = answer
  }
  /** Something moved: reads again, soon and not too often, while somebody looks. */
  function moved(): void {
    if (view.screen !== 'gateway' || due !== 0) return
    due = window.setTimeout(
      () => {
        due = 0
        void load()
      },
      Math.max(40, Math.max(PACE, took * REST) - (Date.now() - ended)),
    )
  }

  let offs: (() => void)[] = []
  watch(
    () => world.api,
    (lab) => {
      offs.forEach((off) => off())
      offs = []
      if (lab === null) return
      offs = [
        lab.on('gateways', (fact) => {
          const changed = new Map(fact.fanouts.map((row) => [row.id, row]))
          const kept = fanouts.value.map((row) => changed.get(row.id) ?? row)
          const fresh = fact.fanouts.filter(({ id }) => !fanouts.value.some((row) => row.id === id))
          fanouts.value = [...fresh, ...kept]
          moved()
        }),
        lab.on('trace', moved),
        lab.on('peers', moved),
      ]
      // Elsewhere it is enough to know which gateways there are.
      if (view.screen === 'gateway') void load()
      else
        void lab.gateways.list().then(
          (all) => (rows.value = all),
          () => undefined,
        )
    },
    { immediate: true },
  )
  watch(
    () => view.screen,
    (screen) => {
      if (screen === 'gateway') void load()
    },
  )
  watch([wanted, wantedFan, making, () => view.gatewayTab], () => void load())

  /** Sends a fan-out and shows it; false where it was refused, which was said. */
  async function create(wish: FanoutWish): Promise<boolean> {
    const row = await world.attempt('Sending the fan-out', (lab) => lab.gateways.fanout(wish))
    if (row === null) return false
    show(row)
    return true
  }
  function show(row: FanoutRow): void {
    fanouts.value = [row, ...fanouts.value.filter(({ id }) => id !== row.id)]
    matrix.value = null
    wantedFan.value = row.id
    making.value = false
  }
  async function retry(id: string, devices: readonly string[]): Promise<void> {
    const row = await world.attempt('Sending it again', (lab) => lab.gateways.retry(id, devices))
    if (row !== null) show(row)
  }
  async function cancel(id: string): Promise<void> {
    await world.attempt('Cancelling the fan-out', (lab) => lab.gateways.cancel(id))
    await load()
  }
  async function image(wish: ImageWish): Promise<boolean> {
    const row = await world.attempt('Sending the image', (lab) => lab.gateways.image(wish))
    await load()
    return row !== null
  }
  async function expire(card: ImageCard, seconds: number): Promise<void> {
    const row = await world.attempt('Writing its Expiry', (lab) => lab.gateways.expire(card.gateway, card.imageId, seconds))
    if (row !== null) await load()
  }
  /** M.1: the pairing code of a device that shall come; null where it was refused, which was said. */
  async function pair(id: string): Promise<{ readonly code: string; readonly url: string } | null> {
    const told = await world.attempt('Expecting a device', (lab) => lab.gateways.pair(id))
    await load()
    return told
  }
  return {
    rows,
    fanouts,
    cards,
    inventory,
    stories,
    matrix,
    loaded,
    problem,
    wanted,
    device,
    wantedFan,
    making,
    gateway,
    fanout,
    open,
    findings,
    load,
    create,
    retry,
    cancel,
    image,
    expire,
    pair,
  }
})
