// Jobs, the catalogue and what providers lay down, as the screens see them; live by events. Lists without an event are read again after each change.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { DefaultSet, DeviceGroup, HookRow, JobDetail, JobRow, JobWish, LabApi, PackageFacts, PackageRow, Subscription } from '../../core/api.ts'
import { ENDS, narrow, withJobs, type StateFilter } from '../model/jobs.ts'
import { useWorld } from './world.ts'

/** Most jobs one call gives. */
export const MOST_JOBS = 1000

export const useJobs = defineStore('jobs', () => {
  const world = useWorld()
  const rows = shallowRef<readonly JobRow[]>([])
  const loaded = ref(false)
  const problem = ref('')
  const state = ref<StateFilter>('')
  const device = ref('')
  const selected = ref('')
  const detail = shallowRef<JobDetail | null>(null)
  /** The form of a new job stands open. */
  const making = ref(false)
  /** PkgID of the package looked at; '' the newest. */
  const pkg = ref('')
  const packages = shallowRef<readonly PackageRow[]>([])
  const groups = shallowRef<readonly DeviceGroup[]>([])
  const sets = shallowRef<readonly DefaultSet[]>([])
  const subscriptions = shallowRef<readonly Subscription[]>([])
  const hooks = shallowRef<readonly HookRow[]>([])

  const shown = computed(() => narrow(rows.value, state.value, device.value))
  const open = computed(() => rows.value.filter((row) => !ENDS.has(row.state)).length)
  const chosen = computed(() => rows.value.find((row) => row.id === selected.value) ?? null)

  let offs: (() => void)[] = []
  async function begin(api: LabApi | null): Promise<void> {
    offs.forEach((off) => off())
    offs = []
    if (api === null) return
    offs = [
      api.on('jobs', (fact) => {
        rows.value = withJobs(rows.value, fact.changed)
        if (fact.changed.some((row) => row.id === selected.value)) void load()
      }),
      api.on('catalogue', (fact) => (packages.value = fact.packages)),
    ]
    await readAll(api)
    if (selected.value !== '') void load()
  }
  async function readAll(api: LabApi): Promise<void> {
    try {
      const [jobs, all] = await Promise.all([api.jobs.list(''), api.catalogue.list()])
      rows.value = withJobs([], jobs)
      packages.value = all
      problem.value = ''
      await provider(api)
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    }
    loaded.value = true
  }
  /** Reads everything once more, after a try that failed. */
  async function again(): Promise<void> {
    if (world.api !== null) await readAll(world.api)
  }
  watch(() => world.api, begin, { immediate: true })

  async function provider(api: LabApi): Promise<void> {
    const [g, s, subs, h] = await Promise.all([api.provider.groups(), api.provider.sets(), api.provider.subscriptions(), api.provider.hooks()])
    groups.value = g
    sets.value = s
    subscriptions.value = subs
    hooks.value = h
  }

  let run = 0
  async function load(): Promise<void> {
    const mine = ++run
    const id = selected.value
    if (id === '' || world.api === null) {
      detail.value = null
      return
    }
    const answer = await world.attempt('Reading the job', (lab) => lab.jobs.get(id))
    if (mine === run && answer !== null) detail.value = answer
  }
  watch(selected, () => {
    detail.value = null
    void load()
  })

  function choose(id: string): void {
    selected.value = id
    making.value = false
  }
  /** Makes jobs; the first of them is shown. False where the lab refused. */
  async function create(wish: JobWish): Promise<boolean> {
    const made = await world.attempt('Making the job', (lab) => lab.jobs.create(wish))
    const [first] = made?.jobs ?? []
    if (made === null || first === undefined) return false
    rows.value = withJobs(rows.value, made.jobs)
    // A single one is shown at once; that there are more has to be said.
    if (made.jobs.length > 1) world.say(`${String(made.jobs.length)} jobs are made.`)
    choose(first.id)
    return true
  }
  const cancel = (id: string): Promise<unknown> => world.attempt('Cancelling the job', (lab) => lab.jobs.cancel(id))

  /** Takes a file into the catalogue; null where the lab refused (which is said). */
  const intake = (name: string, bytes: Uint8Array, facts: PackageFacts): Promise<PackageRow | null> =>
    world.attempt(`Taking in ${name}`, (lab) => lab.catalogue.add(name, bytes, facts))
  const withdraw = (pkgId: string): Promise<unknown> => world.attempt('Withdrawing the package', (lab) => lab.catalogue.withdraw(pkgId))

  /** Changes something a provider lays down, then reads all of it again. False where the lab refused. */
  async function lay(what: string, act: (lab: LabApi) => Promise<unknown>): Promise<boolean> {
    const done = await world.attempt(what, async (lab) => {
      await act(lab)
      await provider(lab)
      return true
    })
    return done === true
  }
  return {
    rows,
    loaded,
    problem,
    again,
    state,
    device,
    selected,
    detail,
    making,
    pkg,
    packages,
    groups,
    sets,
    subscriptions,
    hooks,
    shown,
    open,
    chosen,
    choose,
    create,
    cancel,
    intake,
    withdraw,
    lay,
  }
})
