// How one item of a job ends: well, with a failure, or after its way back. Nothing is sent here.
import type { JobState } from '../api.ts'
import { codeWords } from '../mo/codes.ts'
import { goodCode, stateOf } from './codes.ts'
import type { Item } from './types.ts'
import type { Scene } from './wants.ts'

/** All steps are done. */
export function finish(scene: Scene, item: Item): false {
  if (item.failed !== null) {
    const { code, text, state } = item.failed
    return over(item, state, code, `${text}; the way back worked`)
  }
  const code = item.resultCode === 0 ? goodCode(scene.type) : item.resultCode
  return over(item, 'done', code, codeWords(code))
}

/** The item is over. */
export function over(item: Item, state: JobState, code: number, text: string): false {
  Object.assign(item, { state, resultCode: code, text })
  return false
}

/** A failure ends the item, or takes its way back first. */
export function fail(scene: Scene, item: Item, code: number, text: string, state: JobState = stateOf(code)): true {
  if (item.back !== null && item.failed === null) {
    scene.log(`${text}; the way back is taken`)
    Object.assign(item, { failed: { code, text, state }, steps: item.back, at: 0, back: null, state: 'running' })
  } else if (item.failed !== null) over(item, item.failed.state, item.failed.code, `${item.failed.text}; the way back failed too: ${text}`)
  else over(item, state, code, text)
  return true
}
