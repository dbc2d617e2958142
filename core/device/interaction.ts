// The person in front of a simulated device: reads a UI alert and turns the person's answer into a Status (PRO 2.5, dm-protocol 7.2).
import type { StatusPart } from '../session/ports.ts'
import type { Alert } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'

export type UiKind = 'display' | 'confirm' | 'input' | 'choice' | 'choices'

const KINDS: ReadonlyMap<number, UiKind> = new Map([
  [1100, 'display'],
  [1101, 'confirm'],
  [1102, 'input'],
  [1103, 'choice'],
  [1104, 'choices'],
])

/** Options of Item 1; what is unknown or unusable is skipped. */
export interface UiOptions {
  /** Seconds the display should last at least. */
  readonly minDt?: number
  /** Seconds to wait for an answer. */
  readonly maxDt?: number
  /** Default response as written. */
  readonly dr?: string
  readonly maxLen?: number
  readonly it?: 'A' | 'N' | 'D' | 'T' | 'P' | 'I'
  readonly et?: 'T' | 'P'
}

/** A question put to the person. `preset` holds item numbers (choices) or '0'/'1' (confirm) or the initial text (input). */
export interface UiQuestion {
  readonly kind: UiKind
  readonly options: UiOptions
  readonly text: string
  /** Numbered from 1. */
  readonly choices: readonly string[]
  readonly preset: readonly string[]
}

/** What the person did. `timeout` stands for MAXDT passing without an answer. */
export type UiAnswer =
  | { readonly act: 'ok' }
  | { readonly act: 'no' }
  | { readonly act: 'cancel' }
  | { readonly act: 'timeout' }
  /** Only for a question of the device itself. */
  | { readonly act: 'postpone' }
  | { readonly act: 'text'; readonly text: string }
  | { readonly act: 'chosen'; readonly numbers: readonly number[] }

/** Answers at once; a null means that the device cannot show this kind (406). */
export type User = (question: UiQuestion) => UiAnswer | null

/** The person who says yes: confirms, sends the preset or an empty text, picks the preset or the first choice. */
export const agreeable: User = (question) => {
  switch (question.kind) {
    case 'display':
    case 'confirm':
      return { act: 'ok' }
    case 'input':
      return { act: 'text', text: question.preset[0] ?? '' }
    case 'choice':
    case 'choices': {
      const numbers = question.preset.map(Number).filter((n) => n >= 1 && n <= question.choices.length)
      return { act: 'chosen', numbers: numbers.length > 0 ? numbers : [1] }
    }
    default:
      return question.kind satisfies never
  }
}

/** True for the alerts 1100 to 1104. */
export function isUiAlert(code: number): boolean {
  return KINDS.has(code)
}

/** Reads the options of Item 1: `NAME=value` joined with '&', '+' for a space, percent escapes. */
export function parseOptions(text: string): UiOptions {
  const options: { -readonly [K in keyof UiOptions]: UiOptions[K] } = {}
  for (const part of text.split('&')) {
    const equals = part.indexOf('=')
    if (equals < 0) continue
    const value = unescapeOption(part.slice(equals + 1))
    if (value === null) continue
    const seconds = /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined
    switch (part.slice(0, equals).trim()) {
      case 'MINDT':
        if (seconds !== undefined) options.minDt = seconds
        break
      case 'MAXDT':
        if (seconds !== undefined) options.maxDt = seconds
        break
      case 'MAXLEN':
        if (seconds !== undefined) options.maxLen = seconds
        break
      case 'DR':
        options.dr = value
        break
      case 'IT':
        if (/^[ANDTPI]$/.test(value)) options.it = value as NonNullable<UiOptions['it']>
        break
      case 'ET':
        if (value === 'T' || value === 'P') options.et = value
        break
    }
  }
  return options
}

function unescapeOption(text: string): string | null {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '))
  } catch {
    return null
  }
}

/** The question a UI alert asks; null where mandatory Items are missing (412). Item 1 is always the options. */
export function questionOf(alert: Alert): UiQuestion | null {
  const kind = KINDS.get(alert.code)
  if (kind === undefined || alert.items.length < 2) return null
  const [first, second, ...rest] = alert.items.map((item) => dataText(item.data))
  const choices = kind === 'choice' || kind === 'choices' ? rest : []
  if ((kind === 'choice' || kind === 'choices') && choices.length === 0) return null
  const options = parseOptions(first ?? '')
  return { kind, options, text: second ?? '', choices, preset: presetOf(kind, options.dr) }
}

function presetOf(kind: UiKind, dr: string | undefined): string[] {
  if (dr === undefined || kind === 'display') return []
  return kind === 'choices' ? dr.split('-') : [dr]
}

/** The Status that reports an answer. A null answer gives 406. */
export function statusOf(question: UiQuestion, answer: UiAnswer | null): StatusPart {
  if (answer === null) return { code: 406 }
  switch (answer.act) {
    case 'ok':
      return { code: 200 }
    case 'no':
      return { code: 304 }
    case 'cancel':
      return { code: 214 }
    case 'timeout':
    case 'postpone':
      return { code: 408 }
    case 'text':
      return { code: 200, items: [{ data: answer.text.slice(0, question.options.maxLen ?? answer.text.length) }] }
    case 'chosen':
      return { code: 200, items: answer.numbers.map((number) => ({ data: String(number) })) }
    default:
      return answer satisfies never
  }
}

/** What an `ask` effect of topic `interaction` carries: the question and how long it is put, milliseconds. */
export interface Asked {
  readonly question: UiQuestion
  readonly waitMs: number
  /** Absent: the server asks, by an alert. */
  readonly asker?: 'device'
}
