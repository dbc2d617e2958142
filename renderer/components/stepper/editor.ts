// CodeMirror in a shadow root: its rules then arrive as adopted style sheets, which the page's policy allows.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { xml } from '@codemirror/lang-xml'
import { EditorState, StateEffect, StateField, type Extension, type Range } from '@codemirror/state'
import {
  Decoration,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  MatchDecorator,
  ViewPlugin,
  type DecorationSet,
  type ViewUpdate,
} from '@codemirror/view'

export interface Editor {
  text(): string
  replace(text: string): void
  /** Marks a place (characters) as wrong, or nothing with null. */
  mark(at: number | null): void
  /** Marks places with what is said of them; replaces all marks there are. */
  marks(places: readonly EditorMark[]): void
  /** Puts the cursor at a place and shows it. */
  go(at: number): void
  focus(): void
  end(): void
}

/** A place in characters, from 0; an empty one marks the character there. */
export interface EditorMark {
  readonly from: number
  readonly to: number
  readonly tone: 'bad' | 'warn'
  readonly title: string
}

const setMarks = StateEffect.define<readonly EditorMark[]>()
const setMark = StateEffect.define<number | null>()
/** A mark within a text of `length` characters, never empty. */
function ranged(mark: EditorMark, length: number): Range<Decoration> {
  const from = Math.max(0, Math.min(mark.from, length - 1))
  const to = Math.min(length, Math.max(mark.to, from + 1))
  return Decoration.mark({ class: `cm-${mark.tone}`, attributes: { title: mark.title } }).range(from, to)
}
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(old, transaction) {
    let now = old.map(transaction.changes)
    const length = transaction.newDoc.length
    for (const effect of transaction.effects) {
      if (effect.is(setMarks))
        now =
          length === 0
            ? Decoration.none
            : Decoration.set(
                effect.value.map((one) => ranged(one, length)),
                true,
              )
      if (!effect.is(setMark)) continue
      const from = effect.value === null ? 0 : Math.min(effect.value, Math.max(0, length - 1))
      now =
        effect.value === null || length === 0
          ? Decoration.none
          : Decoration.set([Decoration.mark({ class: 'cm-wrong' }).range(from, Math.min(length, from + 1))])
    }
    return now
  },
  provide: (field) => EditorView.decorations.from(field),
})

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '12px', backgroundColor: 'var(--panel)', color: 'var(--ink)' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '18px' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--ink-faint)', border: '0' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent-soft) 40%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection': {
    backgroundColor: 'var(--mark) !important',
  },
  '.cm-tag': { color: 'var(--ink-tag)' },
  '.cm-key': { color: 'var(--ink-tag)' },
  '.cm-string': { color: 'var(--ink-string)' },
  '.cm-comment': { color: 'var(--ink-faint)', fontStyle: 'italic' },
  '.cm-bad': { textDecoration: 'underline wavy var(--bad)', backgroundColor: 'var(--bad-soft)' },
  '.cm-warn': { textDecoration: 'underline wavy var(--warn)', backgroundColor: 'var(--warn-soft)' },
  '.cm-wrong': { backgroundColor: 'var(--bad)', color: 'var(--panel)' },
})
const inks = (ink: MatchDecorator): Extension =>
  ViewPlugin.define(
    (view) => ({
      shown: ink.createDeco(view),
      update(change: ViewUpdate) {
        this.shown = ink.updateDeco(change, this.shown)
      },
    }),
    { decorations: (plugin) => plugin.shown },
  )
/** Tags in the colour they have everywhere else in the window. */
const tagInk = inks(new MatchDecorator({ regexp: /<[^<>]*>/g, decoration: Decoration.mark({ class: 'cm-tag' }) }))
/** JSON with line comments: a comment, a key, a string; each line stands for itself. */
const jsonInk = inks(
  new MatchDecorator({
    regexp: /(\/\/.*)|("(?:[^"\\]|\\.)*")(\s*:)?/g,
    decoration: (match) => Decoration.mark({ class: match[1] !== undefined ? 'cm-comment' : match[3] !== undefined ? 'cm-key' : 'cm-string' }),
  }),
)

/** Text typed over a selection: a browser would keep the look of what it replaces in style attributes, which the page's policy refuses. */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== 'insertText' || event.data === null || view.state.selection.main.empty) return false
    event.preventDefault()
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true })
    return true
  },
})

/** Makes an editor inside `host`; `changed` hears of every edit. */
export function createEditor(host: HTMLElement, text: string, language: 'xml' | 'json' | 'plain', changed: () => void, label: string): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  root.replaceChildren()
  const view = new EditorView({
    root,
    parent: root as unknown as Element,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        highlightActiveLine(),
        EditorView.lineWrapping,
        keymap.of([...defaultKeymap, ...historyKeymap]),
        look,
        language === 'json' ? jsonInk : tagInk,
        marks,
        typedOver,
        language === 'xml' ? xml() : [],
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed()
        }),
      ],
    }),
  })
  return {
    text: () => view.state.doc.toString(),
    replace: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    mark: (at) => view.dispatch({ effects: setMark.of(at) }),
    marks: (places) => view.dispatch({ effects: setMarks.of(places) }),
    go: (at) => {
      const place = Math.max(0, Math.min(at, view.state.doc.length))
      view.dispatch({ selection: { anchor: place }, effects: EditorView.scrollIntoView(place, { y: 'center' }) })
      view.focus()
    },
    focus: () => view.focus(),
    end: () => view.destroy(),
  }
}
