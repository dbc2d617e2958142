// Which texts and numbers of a message come back as they were written, and are nothing a reader would tell of.
import { hasNoControls } from './text.ts'

/** Text of a field: something, and no padding around it. */
export function isBare(text: string): boolean {
  return text.length > 0 && text.charCodeAt(0) > 0x20 && text.charCodeAt(text.length - 1) > 0x20
}

/** Up to this length a text is looked at character by character. */
const SHORT = 32
const LATE = /[\ud800-\uffff]/

/** No control character but tab and line feed, and nothing from the surrogates upwards. */
export function isClean(text: string): boolean {
  if (text.length > SHORT) return hasNoControls(text) && !LATE.test(text)
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 ? c !== 0x09 && c !== 0x0a : c >= 0xd800) return false
  }
  return true
}

/** A number that its decimal digits bring back. */
export function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 1e15
}
