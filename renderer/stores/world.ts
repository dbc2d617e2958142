// Everything the lab says of itself but the trace: its state, sessions, devices, held messages, and the connection to it.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef } from 'vue'
import type { DeviceQuestion, DeviceRow, Held, HoldMode, LabApi, LabEvents, LabState, SessionRow, Verdict } from '../../core/api.ts'
import { keepConnected } from '../lab.ts'

export interface Notice {
  readonly id: number
  readonly tone: 'info' | 'bad'
  readonly text: string
}

/** Whoever follows the trace: every fact from the very start of a connection, then the connection itself with its state. */
export interface Follower {
  trace(fact: LabEvents['trace']): void
  begin(api: LabApi, state: LabState): Promise<void>
}

export const useWorld = defineStore('world', () => {
  const api = shallowRef<LabApi | null>(null)
  const connection = ref<'connecting' | 'open' | 'lost'>('connecting')
  const lostReason = ref('')
  const everOpen = ref(false)
  const state = shallowRef<LabState | null>(null)
  const sessions = shallowRef(new Map<number, SessionRow>())
  const devices = shallowRef(new Map<string, DeviceRow>())
  const held = shallowRef<readonly Held[]>([])
  const questions = shallowRef<readonly DeviceQuestion[]>([])
  const notices = ref<Notice[]>([])
  const now = ref(Date.now())
  let offs: (() => void)[] = []
  let nextNotice = 1
  let link: { retry(): void } | null = null
  const followers: Follower[] = []

  /** Says something to the person; errors stay until dismissed, other words leave after six seconds. */
  function say(text: string, tone: Notice['tone'] = 'info'): void {
    const notice = { id: nextNotice++, tone, text }
    notices.value = [...notices.value.filter((one) => one.text !== text), notice].slice(-4)
    if (tone === 'info') setTimeout(() => dismiss(notice.id), 6000)
  }
  function dismiss(id: number): void {
    notices.value = notices.value.filter((one) => one.id !== id)
  }

  /** Performs a call; a failure is said in words (`what` failed: why) and gives null. */
  async function attempt<T>(what: string, act: (lab: LabApi) => Promise<T>): Promise<T | null> {
    if (api.value === null) {
      say(`${what}: there is no connection to the lab.`, 'bad')
      return null
    }
    try {
      return await act(api.value)
    } catch (error) {
      say(`${what}: ${error instanceof Error ? error.message : String(error)}`, 'bad')
      return null
    }
  }

  const merge = <K, T>(into: { value: Map<K, T> }, rows: readonly T[], key: (row: T) => K): void => {
    for (const row of rows) into.value.set(key(row), row)
    triggerRef(into as never)
  }

  async function opened(lab: LabApi): Promise<void> {
    offs.forEach((off) => off())
    offs = [
      lab.on('state', (fact) => (state.value = fact)),
      lab.on('sessions', (fact) => merge(sessions, fact.changed, (row) => row.session)),
      lab.on('devices', (fact) => merge(devices, fact.changed, (row) => row.id)),
      lab.on('held', (fact) => (held.value = fact.held)),
      lab.on('questions', (fact) => (questions.value = fact.open)),
      lab.on('trace', (fact) => followers.forEach((one) => one.trace(fact))),
    ]
    const [first, sessionRows, deviceRows, heldRows, open] = await Promise.all([
      lab.lab.state(),
      lab.trace.sessions(),
      lab.devices.list(),
      lab.stepper.held(),
      lab.devices.questions(),
    ])
    api.value = lab
    state.value = first
    sessions.value = new Map(sessionRows.map((row) => [row.session, row]))
    devices.value = new Map(deviceRows.map((row) => [row.id, row]))
    held.value = heldRows
    questions.value = open
    connection.value = 'open'
    everOpen.value = true
    await Promise.all(followers.map((one) => one.begin(lab, first)))
  }

  /** Joins the lab; the follower hears of every (re)connection, with a fresh api and its state. */
  function join(follower: Follower): void {
    followers.push(follower)
    link ??= keepConnected({
      opened: (lab) =>
        void opened(lab).catch((error: Error) => {
          // A connection that went meanwhile is told by the banner and tried again.
          if (error.message !== 'connection lost') say(`The lab answered badly: ${error.message}`, 'bad')
        }),
      lost(reason) {
        api.value = null
        connection.value = everOpen.value ? 'lost' : 'connecting'
        lostReason.value = reason
      },
    })
    setInterval(() => (now.value = Date.now()), 1000)
  }

  const sessionList = computed(() => [...sessions.value.values()].sort((a, b) => b.session - a.session))
  const deviceList = computed(() => [...devices.value.values()].sort((a, b) => b.lastAt - a.lastAt))
  const tally = (severity: string): number => sessionList.value.filter((one) => one.severity === severity).length
  const errors = computed(() => tally('error'))
  const warnings = computed(() => tally('warn'))
  const loopback = computed(() => /^https?:\/\/(127\.|localhost|\[::1\])/.test(state.value?.dm ?? ''))

  const setMode = (mode: HoldMode): Promise<unknown> => attempt('Switching the breakpoints', (lab) => lab.stepper.mode(mode))
  /** F8 and its relatives: all on where off, off where anything is on. */
  const toggleHold = (): Promise<unknown> => setMode({ mode: state.value?.hold.mode === 'off' ? 'all' : 'off' })
  const decide = (id: number, verdict: Verdict): Promise<unknown> =>
    attempt('Deciding about the held message', (lab) => lab.stepper.decide(id, verdict))

  return {
    api,
    connection,
    lostReason,
    everOpen,
    state,
    sessions,
    devices,
    held,
    questions,
    notices,
    now,
    sessionList,
    deviceList,
    errors,
    warnings,
    loopback,
    say,
    dismiss,
    attempt,
    join,
    setMode,
    toggleHold,
    decide,
    retry: () => link?.retry(),
  }
})
