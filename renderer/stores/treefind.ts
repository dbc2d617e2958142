// The search in a tree: page by page, each shown as it comes; what is shown always says how much of the tree it stands for.
import { ref, shallowRef, watch, type Ref } from 'vue'
import type { TreeNode, TreeRef } from '../../core/api.ts'
import type { Found } from '../model/tree.ts'
import { useWorld } from './world.ts'

const PAGE = 1000

export interface TreeFind {
  readonly search: Ref<string>
  readonly found: Ref<Found | null>
  readonly searchError: Ref<string>
  /** Searches; `quietly`, after a change, what is shown stays until all is found anew. */
  find(quietly?: boolean): Promise<void>
  /** Leaves a search where it is. */
  stopFinding(): void
}

/** Searches the tree that `looking` names. */
export function treeFind(looking: () => TreeRef): TreeFind {
  const world = useWorld()
  const search = ref('')
  const found = shallowRef<Found | null>(null)
  const searchError = ref('')
  let findRun = 0
  /** The tree moved while a search was under way: once more when it is through. */
  let again = false

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
    const of = looking()
    let nodes: readonly TreeNode[] = []
    let searched = 0
    let from = ''
    if (!quietly) found.value = { nodes, searched, state: 'searching' }
    try {
      do {
        const page = await api.tree.search(of, text, PAGE, from)
        if (mine !== findRun) return
        nodes = [...nodes, ...page.nodes]
        searched += page.searched
        from = page.next
        if (!quietly || from === '') found.value = { nodes, searched, state: from === '' ? 'done' : 'searching' }
      } while (from !== '')
      searchError.value = ''
      if (again) void find(true)
    } catch (problem) {
      if (mine === findRun) searchError.value = problem instanceof Error ? problem.message : String(problem)
    }
  }
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
  return { search, found, searchError, find, stopFinding }
}
