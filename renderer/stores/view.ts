// How the window is arranged: theme, density, panes, which screen. Kept in this browser's own storage, never sent anywhere.
import { defineStore } from 'pinia'
import { ref, shallowRef, watch, type Ref } from 'vue'
import type { Package0 } from '../../core/syncml/package0.ts'

export type Screen = 'trace' | 'devices' | 'tree' | 'gateway' | 'scenarios' | 'jobs'
export type Theme = 'system' | 'light' | 'dark' | 'contrast'
/** Pages of the devices screen. */
export type DevicesTab = 'devices' | 'connect' | 'usb' | 'addresses' | 'trust' | 'modem' | 'proxies' | 'dialect'
/** Pages of the gateway screen. */
export type GatewayTab = 'inventory' | 'fanouts' | 'images' | 'bootstrap' | 'labs' | 'names'
export type Density = 'compact' | 'roomy'
export type Tab = 'decoded' | 'raw' | 'hex' | 'transport' | 'findings' | 'notification' | 'why'

const KEY = 'dm-lab.'

/** A ref that is read from and written to local storage; a value of the wrong type is ignored. */
function kept<T>(name: string, initial: T): Ref<T> {
  let value = initial
  try {
    const text = window.localStorage.getItem(KEY + name)
    const read: unknown = text === null ? null : JSON.parse(text)
    if (typeof read === typeof initial && Array.isArray(read) === Array.isArray(initial) && read !== null) value = read as T
  } catch {
    // Storage that is switched off or holds rubbish: the first arrangement is used.
  }
  const state = ref(value) as Ref<T>
  watch(
    state,
    (now) => {
      try {
        window.localStorage.setItem(KEY + name, JSON.stringify(now))
      } catch {
        // Nothing is lost but the arrangement.
      }
    },
    { deep: true },
  )
  return state
}

export const useView = defineStore('view', () => {
  const screen = kept<Screen>('screen', 'trace')
  const theme = kept<Theme>('theme', 'system')
  const density = kept<Density>('density', 'compact')
  const centre = kept<'list' | 'ladder'>('centre', 'list')
  const tab = kept<Tab>('tab', 'decoded')
  const bytesBelow = kept('bytesBelow', true)
  const sessionsWidth = kept('sessionsWidth', window.innerWidth < 1400 ? 180 : 204)
  const inspectorWidth = kept('inspectorWidth', window.innerWidth < 1400 ? 410 : 496)
  const bytesHeight = kept('bytesHeight', 212)
  const trayHeight = kept('trayHeight', 148)
  const treeSideWidth = kept('treeSideWidth', window.innerWidth < 1400 ? 220 : 250)
  const nodeWidth = kept('nodeWidth', window.innerWidth < 1400 ? 400 : 470)
  const libraryWidth = kept('libraryWidth', window.innerWidth < 1400 ? 220 : 260)
  const checklistWidth = kept('checklistWidth', window.innerWidth < 1400 ? 380 : 440)
  const evidenceHeight = kept('evidenceHeight', window.innerHeight < 800 ? 250 : 340)
  const jobWidth = kept('jobWidth', window.innerWidth < 1400 ? 430 : 500)
  const boardHeight = kept('boardHeight', window.innerHeight < 800 ? 390 : 500)
  const jobsTab = kept<'jobs' | 'catalogue' | 'provider'>('jobsTab', 'jobs')
  const devicesTab = kept<DevicesTab>('devicesTab', 'devices')
  const gatewayTab = kept<GatewayTab>('gatewayTab', 'inventory')
  /** How a fan-out is looked at. */
  const fanTab = kept<'matrix' | 'ladder'>('fanTab', 'matrix')
  const fansWidth = kept('fansWidth', window.innerWidth < 1400 ? 230 : 270)
  const proofWidth = kept('proofWidth', window.innerWidth < 1400 ? 400 : 470)
  const outcomeHeight = kept('outcomeHeight', window.innerHeight < 800 ? 170 : 250)
  const fanInspector = kept('fanInspector', window.innerHeight < 800 ? 200 : 270)
  /** What stands below the list of devices. */
  const lowerTab = kept<'software' | 'usb' | 'log'>('lowerTab', 'software')
  /** Lines of the device's own log below the rows of the trace. */
  const traceLog = kept('traceLog', false)
  const traceLogHeight = kept('traceLogHeight', 220)
  /** The fold of the device's account stands open. */
  const accountOpen = ref(false)
  const cartHeight = kept('cartHeight', window.innerHeight < 800 ? 190 : 240)
  const hiddenColumns = kept<string[]>('hiddenColumns', [])
  /** Widths of the trace's columns that the person gave, px. */
  const columnWidths = kept<Record<string, number>>('columnWidths', {})
  const letterKeys = kept('letterKeys', true)
  /** Filters used, newest first. */
  const filters = kept<string[]>('filters', [])
  const welcomeDone = kept('welcomeDone', false)
  /** The device chosen on the page of devices; '' the first. */
  const device = ref('')
  const palette = ref(false)
  const shortcuts = ref(false)
  /** The device whose wake form stands open, and the notification it begins with. */
  const waking = shallowRef<{ readonly device: string; readonly like: Package0 | null } | null>(null)

  watch(
    [theme, density],
    ([t, d]) => {
      document.documentElement.dataset['theme'] = t
      document.documentElement.dataset['density'] = d
    },
    { immediate: true },
  )

  /** Height of a grid row in px; the style sheet's --row agrees. */
  const rowHeight = (): number => (density.value === 'compact' ? 22 : 28)

  /** Height of a line of a grid that is no trace; the style sheet's --high agrees. */
  const lineHeight = (): number => rowHeight() + 4

  return {
    screen,
    theme,
    density,
    centre,
    tab,
    bytesBelow,
    sessionsWidth,
    inspectorWidth,
    bytesHeight,
    trayHeight,
    treeSideWidth,
    nodeWidth,
    libraryWidth,
    checklistWidth,
    evidenceHeight,
    jobWidth,
    boardHeight,
    jobsTab,
    devicesTab,
    gatewayTab,
    fanTab,
    fansWidth,
    proofWidth,
    fanInspector,
    outcomeHeight,
    lowerTab,
    traceLog,
    traceLogHeight,
    accountOpen,
    device,
    cartHeight,
    hiddenColumns,
    columnWidths,
    filters,
    letterKeys,
    welcomeDone,
    palette,
    shortcuts,
    waking,
    rowHeight,
    lineHeight,
  }
})
