// The scenarios looked at: which one, which run of it, which step; runs come live as the lab tells them.
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, watch } from 'vue'
import type { LabApi, RunWish, ScenarioInfo, ScenarioRun, Seq } from '../../core/api.ts'
import { family, withRun } from '../model/scenarios.ts'
import { keep } from './compare.ts'
import { useTrace } from './trace.ts'
import { useWorld } from './world.ts'

export const useScenarios = defineStore('scenarios', () => {
  const world = useWorld()
  const trace = useTrace()
  const list = shallowRef<readonly ScenarioInfo[]>([])
  const runs = shallowRef<readonly ScenarioRun[]>([])
  const loaded = ref(false)
  const problem = ref('')
  /** Id of the scenario looked at; '' the first there is. */
  const wanted = ref('')
  /** Number of the run looked at; 0 the newest of the scenario; -1 none, only what the document says. */
  const wantedRun = ref(0)
  /** Key of the step whose messages are lit. */
  const step = ref('')
  const busy = ref(false)
  const options = reactive({
    encoding: 'xml' as 'xml' | 'wbxml',
    seed: 1,
    transport: 'memory' as ScenarioRun['transport'],
    device: '',
    pace: 200,
    fault: '',
  })

  const info = computed(() => list.value.find((one) => one.id === wanted.value) ?? list.value[0] ?? null)
  const ofInfo = computed(() => runs.value.filter((one) => one.id === info.value?.id))
  const run = computed(() => {
    if (wantedRun.value === -1) return null
    return ofInfo.value.find((one) => one.run === wantedRun.value) ?? ofInfo.value[0] ?? null
  })
  const branches = computed(() => (info.value === null ? [] : family(list.value, info.value)))

  let offs: (() => void)[] = []
  async function begin(api: LabApi | null): Promise<void> {
    offs.forEach((off) => off())
    offs = []
    if (api === null) return
    offs = [api.on('scenario', moved)]
    await readAll(api)
  }
  async function readAll(api: LabApi): Promise<void> {
    try {
      const [all, past] = await Promise.all([api.scenarios.list(), api.scenarios.runs()])
      list.value = all
      runs.value = past
      problem.value = ''
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
    }
    loaded.value = true
  }
  /** Reads everything once more, after a try that failed. */
  async function again(): Promise<void> {
    if (world.api !== null) await readAll(world.api)
  }
  /** A run that ends red shows at once what broke it, unless the person looks at a step already. */
  function moved(fact: ScenarioRun): void {
    runs.value = withRun(runs.value, fact)
    if (fact.state !== 'done' || run.value?.run !== fact.run || step.value !== '') return
    const broken = fact.steps.find((one) => one.verdict === 'fail')
    if (broken !== undefined) look(broken.key, broken.messages)
  }
  watch(() => world.api, begin, { immediate: true })

  /** Shows a scenario, its newest run, or the run given. */
  function choose(id: string, number = 0): void {
    wanted.value = id
    wantedRun.value = number
    step.value = ''
    if (!info.value?.steps.some((one) => one.key === options.fault)) options.fault = ''
  }
  /** Lights the messages that decided a step and shows the first of them in the inspector. */
  function look(key: string, messages: readonly Seq[]): void {
    step.value = key
    const [first] = messages
    if (first !== undefined && first > 0) trace.select(first)
  }
  const wish = computed<RunWish | null>(() =>
    info.value === null
      ? null
      : {
          id: info.value.id,
          encoding: options.encoding,
          seed: options.seed,
          transport: options.transport,
          ...((options.transport === 'live' || options.transport === 'relayed') && options.device !== '' ? { device: options.device } : {}),
          ...(options.fault === '' ? {} : { fault: options.fault }),
          ...(options.pace === 0 ? {} : { pace: options.pace }),
        },
  )
  /** Starts a run of the scenario looked at, and follows it. */
  async function start(): Promise<void> {
    const asked = wish.value
    if (asked === null) return
    busy.value = true
    const begun = await world.attempt(`Starting ${asked.id}`, (lab) => lab.scenarios.run(asked))
    busy.value = false
    if (begun === null) return
    trace.select(0)
    // What came by event meanwhile is newer than the answer.
    if (!runs.value.some((one) => one.run === begun.run)) runs.value = withRun(runs.value, begun)
    choose(asked.id, begun.run)
  }
  /** Runs every scenario one after the other with the options at hand; a fault belongs to one scenario and is left out. */
  const all = ref(false)
  async function startAll(): Promise<void> {
    if (all.value) return
    all.value = true
    options.fault = ''
    for (const { id } of list.value) {
      choose(id)
      await start()
      const mine = run.value
      if (mine === null || mine.id !== id) break
      await over(mine.run)
      if (!all.value || world.api === null) break
    }
    all.value = false
  }
  /** Resolves when a run has ended, or the connection went. */
  function over(number: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = watch(
        [runs, (): LabApi | null => world.api],
        () => {
          if (world.api !== null && runs.value.find((one) => one.run === number)?.state === 'running') return
          resolve()
          queueMicrotask(() => stop())
        },
        { immediate: true },
      )
    })
  }
  const cancel = (number: number): Promise<unknown> => world.attempt('Cancelling the run', (lab) => lab.scenarios.cancel(number))
  /** Saves a report of these runs as a file. */
  async function report(numbers: readonly number[], format: 'html' | 'junit'): Promise<void> {
    const file = await world.attempt('Making the report', (lab) => lab.scenarios.report(numbers, format))
    if (file === null) return
    const said = await keep(file.name, format === 'html' ? 'text/html' : 'application/xml', file.bytes)
    if (said !== '') world.say(said)
  }

  return {
    list,
    runs,
    loaded,
    problem,
    again,
    wanted,
    wantedRun,
    step,
    busy,
    options,
    info,
    ofInfo,
    run,
    branches,
    choose,
    look,
    start,
    all,
    startAll,
    stopAll: () => void (all.value = false),
    cancel,
    report,
  }
})
