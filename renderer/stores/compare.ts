// Snapshots, comparisons and DDFs: what the lab keeps, and the one comparison shown.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { SchemaRow, SnapshotRow, TreeDiff, TreeFile, TreeFormat, TreeScript } from '../../core/api.ts'
import { sides, type Side } from '../model/treediff.ts'
import { useTree } from './tree.ts'
import { useWorld } from './world.ts'

/** A comparison with its two sides. */
export interface Comparison {
  readonly a: Side
  readonly b: Side
  readonly diff: TreeDiff
}

/** Gives octets to the person: by the shell's dialog where there is one, else as a download. Resolves with what to say. */
export async function keep(name: string, type: string, bytes: Uint8Array): Promise<string> {
  const desktop = window.desktop as { saveAs?(name: string, bytes: Uint8Array): Promise<string | null> } | undefined
  if (desktop?.saveAs !== undefined) {
    const where = await desktop.saveAs(name, bytes)
    return where === null ? '' : `Saved as ${where}.`
  }
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
  return `${name} is downloaded.`
}

/** Asks for a file; null where none was chosen. */
export function pickFile(accept: string): Promise<File | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input')
    input.type = 'file'
    input.accept = accept
    input.addEventListener('change', () => resolve(input.files?.[0] ?? null))
    input.addEventListener('cancel', () => resolve(null))
    input.click()
  })
}

/** What an export left out. */
export function redactedWords(redacted: TreeFile['redacted']): string {
  if (redacted === null) return 'It holds every secret that is known.'
  const n = (count: number, one: string, more: string): string => (count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${more}`)
  return `${n(redacted.secrets, 'secret', 'secrets')} and ${n(redacted.identifiers, 'identifier', 'identifiers')} were redacted.`
}

export const useCompare = defineStore('compare', () => {
  const world = useWorld()
  const tree = useTree()
  const snapshots = shallowRef<readonly SnapshotRow[]>([])
  const schemas = shallowRef<readonly SchemaRow[]>([])
  const error = ref('')
  const shown = shallowRef<Comparison | null>(null)
  const script = shallowRef<TreeScript | null>(null)
  const busy = ref('')

  const choices = computed(() =>
    sides(
      tree.device,
      tree.tick,
      snapshots.value,
      world.deviceList.map((one) => one.id),
      world.now,
    ),
  )
  const taken = computed(() => new Set(snapshots.value.map((one) => one.name)))

  async function load(): Promise<void> {
    const api = world.api
    if (api === null) return
    try {
      ;[snapshots.value, schemas.value] = await Promise.all([api.tree.snapshots(), api.tree.schemas()])
      error.value = ''
    } catch (problem) {
      if (world.api !== null) error.value = problem instanceof Error ? problem.message : String(problem)
    }
  }
  watch(
    () => world.api,
    () => void load(),
    { immediate: true },
  )
  watch(
    () => tree.device,
    () => (shown.value = null),
  )

  /** One thing at a time; `what` is said where it fails. */
  async function doing<T>(what: string, act: () => Promise<T | null>): Promise<T | null> {
    if (busy.value !== '') return null
    busy.value = what
    try {
      return await act()
    } finally {
      busy.value = ''
    }
  }
  async function take(name: string): Promise<boolean> {
    const row = await doing('snapshot', () => world.attempt('Taking the snapshot', (lab) => lab.tree.snapshot(tree.looking, name)))
    await load()
    return row !== null
  }
  async function drop(name: string): Promise<void> {
    await world.attempt(`Deleting the snapshot ${name}`, (lab) => lab.tree.dropSnapshot(name))
    if (tree.snapshot === name) tree.snapshot = ''
    await load()
  }
  async function compare(a: Side, b: Side): Promise<void> {
    const diff = await doing('compare', () => world.attempt('Comparing', (lab) => lab.tree.diff(a.ref, b.ref)))
    script.value = null
    if (diff !== null) shown.value = { a, b, diff }
  }
  async function write(mode: 'atomic' | 'sequence'): Promise<void> {
    const at = shown.value
    if (at === null) return
    script.value = await doing('script', () => world.attempt('Making the commands', (lab) => lab.tree.script(at.a.ref, at.b.ref, mode)))
  }
  async function save(uri: string, format: TreeFormat, unredacted: boolean): Promise<void> {
    const file = await doing('export', () => world.attempt('Exporting', (lab) => lab.tree.export(tree.looking, uri, format, unredacted)))
    if (file === null) return
    const said = await keep(file.name, file.type, file.bytes)
    if (said !== '') world.say(`${said} ${redactedWords(file.redacted)}`)
  }
  async function read(file: File): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer())
    const row = await doing('import', () => world.attempt(`Reading ${file.name}`, (lab) => lab.tree.import(file.name, bytes)))
    await load()
    if (row !== null) world.say(`${file.name} is the snapshot ${row.name}, ${row.nodes.toLocaleString('en')} nodes.`)
  }
  async function addSchema(file: File): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer())
    const row = await doing('ddf', () => world.attempt(`Reading ${file.name}`, (lab) => lab.tree.addSchema(file.name, bytes)))
    await load()
    if (row === null) return
    if (row.error !== '') world.say(`${file.name}: ${row.error}`, 'bad')
    else world.say(`${row.name} describes ${row.nodes.toLocaleString('en')} nodes.`)
    void tree.loadDetail()
  }
  async function dropSchema(name: string): Promise<void> {
    await world.attempt(`Removing the DDF ${name}`, (lab) => lab.tree.dropSchema(name))
    await load()
  }

  return { snapshots, schemas, error, shown, script, busy, choices, taken, load, take, drop, compare, write, save, read, addSchema, dropSchema }
})
