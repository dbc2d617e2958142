// CodeMirror in a shadow root: its rules then arrive as adopted style sheets, which the page's policy allows.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { xml } from '@codemirror/lang-xml'
import { EditorState, StateEffect, StateField } from '@codemirror/state'
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
  focus(): void
  end(): void
}

const setMark = StateEffect.define<number | null>()
const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(old, transaction) {
    let now = old.map(transaction.changes)
    for (const effect of transaction.effects) {
      if (!effect.is(setMark)) continue
      const length = transaction.newDoc.length
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
  '.cm-wrong': { backgroundColor: 'var(--bad)', color: 'var(--panel)' },
})
/** Tags in the colour they have everywhere else in the window. */
const tagInk = new MatchDecorator({ regexp: /<[^<>]*>/g, decoration: Decoration.mark({ class: 'cm-tag' }) })
const inks = ViewPlugin.define(
  (view) => ({
    shown: tagInk.createDeco(view),
    update(change: ViewUpdate) {
      this.shown = tagInk.updateDeco(change, this.shown)
    },
  }),
  { decorations: (plugin) => plugin.shown },
)

/** Makes an editor inside `host`; `changed` hears of every edit. */
export function createEditor(host: HTMLElement, text: string, language: 'xml' | 'plain', changed: () => void, label: string): Editor {
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
        inks,
        marks,
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
    focus: () => view.focus(),
    end: () => view.destroy(),
  }
}
