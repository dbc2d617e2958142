// The tree looked at: whose, at which moment, which lines are open, which node is chosen. Answers to an older question are dropped.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { DiscoverOptions, LabApi, LabEvents, TreeNode, TreeNodeDetail, TreeOverview, TreeRef, TreeTick } from '../../core/api.ts'
import { ancestors, createTree } from '../model/tree.ts'
import type { Found } from '../model/tree.ts'
import { useWorld } from './world.ts'

/** A device that talks much is drawn at most four times a second; its list of moments once a second. */
const CALM = 250
const CALM_TICKS = 1000
const PAGE = 1000
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const useTree = defineStore('tree', () => {
  const world = useWorld()
  const tree = createTree()
  const device = ref('')
  /** Name of the snapshot looked at instead of the device; '' none. */
  const snapshot = ref('')
  /** Whose messages the slider shows: 0 all sessions of the device. */
  const session = ref(0)
  const ticks = shallowRef<readonly TreeTick[]>([])
  /** Which moment is looked at; -1 now. */
  const moment = ref(-1)
  const overview = shallowRef<TreeOverview | null>(null)
  const loading = ref(false)
  const error = ref('')
  const selected = ref('')
  const detail = shallowRef<TreeNodeDetail | null>(null)
  const detailError = ref('')
  /** Whose rights are told; '' the lab's own server. */
  const server = ref('')
  const version = ref(0)
  const search = ref('')
  const found = shallowRef<Found | null>(null)
  const searchError = ref('')
  /** Grows when the chosen line shall come into view. */
  const shown = ref(0)
  let run = 0

  const tick = computed(() => ticks.value[moment.value] ?? null)
  const looking = computed<TreeRef>(() =>
    snapshot.value !== ''
      ? { snapshot: snapshot.value }
      : tick.value === null
        ? { device: device.value }
        : { device: device.value, after: tick.value.seq },
  )
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

  let soonTicks: ReturnType<typeof setTimeout> | undefined
  async function loadTicks(): Promise<void> {
    const api = world.api
    if (api === null || device.value === '') return
    const of = `${device.value} ${session.value}`
    try {
      const all = await api.tree.changes(device.value, session.value)
      if (of !== `${device.value} ${session.value}`) return
      // Where the person is by now, not where they were when this was asked.
      const at = tick.value?.seq ?? 0
      ticks.value = all
      if (at !== 0) moment.value = all.findIndex((one) => one.seq === at)
    } catch (problem) {
      if (world.api !== null) error.value = words(problem)
    }
  }
  /** Goes to a moment: its place among the ticks, -1 now. */
  function travel(to: number): void {
    moment.value = to < 0 || to >= ticks.value.length ? -1 : to
  }
  /** One message back or forward; false where there is none. */
  function step(by: 1 | -1): boolean {
    if (snapshot.value !== '' || ticks.value.length === 0) return false
    if (soonTicks !== undefined) {
      // Messages came since the list was read: it is read first, so that one step is one message.
      clearTimeout(soonTicks)
      soonTicks = undefined
      void loadTicks().then(() => step(by))
      return true
    }
    const at = moment.value === -1 ? ticks.value.length : moment.value
    if (at + by < 0 || at + by > ticks.value.length) return false
    travel(at + by === ticks.value.length ? -1 : at + by)
    return true
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

  let findRun = 0
  /** The tree moved while a search was under way: once more when it is through. */
  let again = false
  /** Searches page by page and shows each as it comes; `quietly`, after a change, what is shown stays until all is found anew. */
  async function find(quietly = false): Promise<void> {
    const api = world.api
    const text = search.value.trim()
    if (quietly && found.value !== null && found.value.state !== 'done') {
      again = found.value.state === 'searching'
      return
    }
    const mine = ++findRun
    again = false
    if (text === '' || api === null) {
      found.value = null
      searchError.value = ''
      return
    }
    const ref = looking.value
    let nodes: readonly TreeNode[] = []
    let searched = 0
    let from = ''
    if (!quietly) found.value = { nodes, searched, state: 'searching' }
    try {
      do {
        const page = await api.tree.search(ref, text, PAGE, from)
        if (mine !== findRun) return
        nodes = [...nodes, ...page.nodes]
        searched += page.searched
        from = page.next
        if (!quietly || from === '') found.value = { nodes, searched, state: from === '' ? 'done' : 'searching' }
      } while (from !== '')
      searchError.value = ''
      if (again) void find(true)
    } catch (problem) {
      if (mine === findRun) searchError.value = words(problem)
    }
  }
  /** Leaves a search where it is. */
  function stopFinding(): void {
    findRun += 1
    again = false
    if (found.value?.state === 'searching') found.value = { ...found.value, state: 'stopped' }
  }
  let typing: ReturnType<typeof setTimeout> | undefined
  watch(search, (text) => {
    clearTimeout(typing)
    typing = setTimeout(() => void find(), text.trim() === '' ? 0 : 120)
  })

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
    soonTicks ??= setTimeout(() => {
      soonTicks = undefined
      void loadTicks()
    }, CALM_TICKS)
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
    ticks,
    moment,
    tick,
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
    search,
    found,
    searchError,
    shown,
    lines: () => tree.lines(),
    indexOf: (uri: string) => tree.indexOf(uri),
    load,
    loadDetail,
    ensure,
    travel,
    step,
    choose,
    toggle,
    reveal,
    find,
    stopFinding,
    discover,
    cancel,
    /** Hears every fact about trees, also of other devices. */
    onFact: (listener: (fact: LabEvents['tree']) => void) => void listeners.push(listener),
  }
})
