// The tree looked at: whose, at which moment, which lines are open, which node is chosen. Answers to an older question are dropped.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { DiscoverOptions, LabApi, LabEvents, TreeNodeDetail, TreeOverview, TreeRef } from '../../core/api.ts'
import { ancestors, createTree } from '../model/tree.ts'
import { treeFind } from './treefind.ts'
import { treeTime } from './treetime.ts'
import { useWorld } from './world.ts'

/** A device that talks much is drawn at most four times a second. */
const CALM = 250
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const useTree = defineStore('tree', () => {
  const world = useWorld()
  const tree = createTree()
  const device = ref('')
  /** Name of the snapshot looked at instead of the device; '' none. */
  const snapshot = ref('')
  /** Whose messages the slider shows: 0 all sessions of the device. */
  const session = ref(0)
  const overview = shallowRef<TreeOverview | null>(null)
  const loading = ref(false)
  const error = ref('')
  const selected = ref('')
  const detail = shallowRef<TreeNodeDetail | null>(null)
  const detailError = ref('')
  /** Whose rights are told; '' the lab's own server. */
  const server = ref('')
  const version = ref(0)
  /** Grows when the chosen line shall come into view. */
  const shown = ref(0)
  let run = 0
  const fail = (problem: unknown): void => void (error.value = words(problem))
  const time = treeTime(device, snapshot, session, fail)
  const { moment, tick, ticks, loadTicks } = time

  const looking = computed<TreeRef>(() =>
    snapshot.value !== ''
      ? { snapshot: snapshot.value }
      : tick.value === null
        ? { device: device.value }
        : { device: device.value, after: tick.value.seq },
  )
  const finding = treeFind(() => looking.value)
  const { search, found, find } = finding
  const live = computed(() => snapshot.value === '' && tick.value === null)
  /** Nobody ever asked what there is: the root's own child list never came, and no walk was begun. */
  const unread = computed(
    () => (
      void version.value,
      overview.value !== null && overview.value.discovery === null && (tree.lines()[0]?.node?.status ?? 'never fetched') === 'never fetched'
    ),
  )

  /** Reads overview and root again; what is in view follows by itself. */
  async function load(): Promise<void> {
    const api = world.api
    const mine = ++run
    tree.stale()
    version.value += 1
    if (api === null || (device.value === '' && snapshot.value === '')) return
    const ref = looking.value
    loading.value = true
    try {
      const [about, root] = await Promise.all([api.tree.overview(ref), api.tree.node(ref, '.', server.value).catch(() => null)])
      if (mine !== run) return
      overview.value = about
      tree.root(root?.node ?? null)
      error.value = ''
      if (selected.value === '' && root !== null) selected.value = '.'
    } catch (problem) {
      if (mine === run && world.api !== null) error.value = words(problem)
    } finally {
      if (mine === run) loading.value = false
    }
    version.value += 1
    void loadDetail()
    if (search.value.trim() !== '') void find(true)
  }
  /** Another tree altogether: nothing of the old one is kept. */
  function begin(): void {
    run += 1
    tree.root(null)
    overview.value = null
    detail.value = null
    detailError.value = ''
    error.value = ''
    found.value = null
    selected.value = ''
    void load()
  }

  let detailRun = 0
  async function loadDetail(): Promise<void> {
    const api = world.api
    const mine = ++detailRun
    const uri = selected.value
    if (api === null || uri === '') return
    try {
      const answer = await api.tree.node(looking.value, uri, server.value)
      if (mine !== detailRun) return
      detail.value = answer
      detailError.value = ''
    } catch (problem) {
      if (mine !== detailRun || world.api === null) return
      detail.value = null
      detailError.value = words(problem)
    }
  }
  watch([selected, server], () => void loadDetail())

  /** Makes the lines at these places come, and come new. */
  function ensure(from: number, to: number): void {
    const api = world.api
    if (api === null) return
    const mine = run
    const ref = looking.value
    for (const wanted of tree.wanted(from, to)) {
      api.tree.children(ref, wanted.uri, wanted.first, wanted.count).then(
        (answer) => {
          if (mine !== run) return
          tree.put(wanted, answer)
          version.value += 1
        },
        (problem: unknown) => {
          if (mine !== run || world.api === null) return
          // Asked again only after the next change: a page that cannot be read must not be asked for in a circle.
          error.value = `Children of ${wanted.uri}: ${words(problem)}`
        },
      )
    }
  }

  function choose(id: string): void {
    snapshot.value = ''
    if (id === device.value) return
    device.value = id
    session.value = 0
  }
  watch([device, snapshot], () => {
    moment.value = -1
    ticks.value = []
    begin()
    void loadTicks()
  })
  watch(session, () => {
    moment.value = -1
    void loadTicks()
  })
  watch(
    () => tick.value?.seq ?? 0,
    () => {
      if (snapshot.value === '') void load()
    },
  )

  function toggle(uri: string, yes?: boolean): void {
    tree.open(uri, yes ?? !tree.isOpen(uri))
    version.value += 1
  }
  /** Opens whatever hides a node, chooses it and shows it; reads child pages until it is found. */
  async function reveal(uri: string): Promise<void> {
    const api = world.api
    const path = [...ancestors(uri), uri]
    const mine = run
    for (const [i, parent] of path.slice(0, -1).entries()) {
      tree.open(parent, true)
      for (const wanted of tree.unread(parent)) {
        if (tree.indexOf(path[i + 1] ?? '') >= 0 || api === null) break
        const answer = await api.tree.children(looking.value, wanted.uri, wanted.first, wanted.count).catch(() => null)
        if (answer === null || mine !== run) break
        tree.put(wanted, answer)
      }
    }
    selected.value = uri
    version.value += 1
    shown.value += 1
  }

  async function discover(options: DiscoverOptions): Promise<void> {
    const of = device.value
    const walk = await world.attempt('Starting the walk', (lab) => lab.tree.discover(of, options))
    if (walk !== null && overview.value !== null && of === device.value) overview.value = { ...overview.value, discovery: walk }
  }
  async function cancel(): Promise<void> {
    const of = device.value
    const walk = await world.attempt('Ending the walk', (lab) => lab.tree.cancelDiscovery(of))
    if (walk !== null && overview.value !== null && of === device.value) overview.value = { ...overview.value, discovery: walk }
  }

  const listeners: ((fact: LabEvents['tree']) => void)[] = []
  let soon: ReturnType<typeof setTimeout> | undefined
  function take(fact: LabEvents['tree']): void {
    for (const listener of listeners) listener(fact)
    if (fact.device !== device.value) return
    if (fact.discovery !== null && overview.value !== null && snapshot.value === '') overview.value = { ...overview.value, discovery: fact.discovery }
    if (fact.total === 0) return
    time.moved()
    if (live.value)
      soon ??= setTimeout(() => {
        soon = undefined
        void load()
      }, CALM)
  }
  let off: (() => void) | null = null
  function joined(api: LabApi | null): void {
    off?.()
    off = null
    if (api === null) return
    off = api.on('tree', take)
    if (device.value === '' && snapshot.value === '') return
    void load()
    void loadTicks()
  }
  watch(() => world.api, joined, { immediate: true })
  watch(
    () => world.deviceList[0]?.id ?? '',
    (first) => {
      if (device.value === '' && first !== '') device.value = first
    },
    { immediate: true },
  )

  return {
    device,
    snapshot,
    session,
    ...time,
    looking,
    live,
    unread,
    overview,
    loading,
    error,
    selected,
    detail,
    detailError,
    server,
    version,
    ...finding,
    shown,
    lines: () => tree.lines(),
    indexOf: (uri: string) => tree.indexOf(uri),
    load,
    loadDetail,
    ensure,
    choose,
    toggle,
    reveal,
    discover,
    cancel,
    /** Hears every fact about trees, also of other devices. */
    onFact: (listener: (fact: LabEvents['tree']) => void) => void listeners.push(listener),
  }
})
