// The keys of every grid, list, ladder and tree: arrows, j and k, Home, End, pages, letters that jump, `/` for the search field beside it, and what a list adds.
import { nextTick } from 'vue'
import { jump, lead, TOGETHER } from '../../model/walk.ts'
import { useView } from '../../stores/view.ts'

export interface Walked {
  /** How many lines there are. */
  readonly count: () => number
  /** Where the person is; -1 nowhere. */
  readonly at: () => number
  readonly go: (index: number) => void
  /** Lines of one page. */
  readonly page?: () => number
  /** What a line is called; letters typed jump to it. Where they do, j and k are letters like others. */
  readonly name?: (index: number) => string
  /** False where j and k are left to the window: they go to the next message also from its elements. */
  readonly letters?: boolean
  /** Keys of its own (`Enter`, ` `, `Shift+F10`, `Ctrl+a`); false where one is not taken. */
  readonly keys?: Readonly<Record<string, () => unknown>>
}

/** What handles `keydown` of such a list. A key that was taken goes no further. */
export function useWalk(walked: Walked): (event: KeyboardEvent) => void {
  const view = useView()
  let typed = ''
  let typedAt = 0
  const letter = (key: string): boolean => {
    const now = performance.now()
    typed = now - typedAt < TOGETHER ? typed + key : key
    typedAt = now
    const found = jump(walked.count(), walked.name ?? ((): string => ''), walked.at(), typed)
    if (found >= 0) walked.go(found)
    return true
  }
  const search = (event: KeyboardEvent): boolean => {
    const field = (event.currentTarget as HTMLElement).closest('section, .searched')?.querySelector<HTMLElement>('input[type=search]')
    field?.focus()
    return field !== null && field !== undefined
  }
  const taken = (event: KeyboardEvent): boolean => {
    const { key } = event
    const named = event.shiftKey && key.length > 1 ? `Shift+${key}` : key
    const own = walked.keys?.[event.ctrlKey ? `Ctrl+${named}` : named]
    if (event.altKey || event.metaKey || (event.ctrlKey && own === undefined)) return false
    if (own !== undefined && own() !== false) return true
    if (key.length > 1) typed = ''
    const to = lead(key, walked.at(), walked.count(), walked.page?.(), walked.letters !== false && walked.name === undefined && view.letterKeys)
    if (to !== null) walked.go(to)
    else if (key === '/') return search(event)
    else return walked.name !== undefined && /^[\p{L}\p{N}_.-]$/u.test(key) && letter(key)
    return true
  }
  return (event) => {
    if (event.defaultPrevented || !taken(event)) return
    event.preventDefault()
    event.stopPropagation()
  }
}

/** Gives the focus to what stands beside the rows, once it is drawn. */
export const focusOn = (selector: string): void => void nextTick(() => document.querySelector<HTMLElement>(selector)?.focus())

/** Frames in which a screen may read what it shows before the focus stays where it is. */
const FRAMES = 60
/** Gives the focus to what the screen will show, once it does, unless the person went on meanwhile. */
export const focusSoon = (selector: string): void => void nextTick(() => look(selector, FRAMES, document.activeElement))
function look(selector: string, frames: number, from: Element | null): void {
  const there = document.querySelector<HTMLElement>(selector)
  if (there !== null) there.focus()
  else if (frames > 0 && (document.activeElement === from || document.activeElement === document.body))
    requestAnimationFrame(() => look(selector, frames - 1, from))
}

/** Gives the focus to what opened a form, where it went with the form. */
export const focusBack = (selector: string): void =>
  void nextTick(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>(selector)?.focus()
  })
