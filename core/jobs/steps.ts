// One item of a job, step by step: what an answer changes, and what follows. Everything it knows stands in the item, so that it can go on after a restart.
import type { JobState } from '../api.ts'
import { codeWords } from '../mo/codes.ts'
import { wordsOf } from '../syncml/text.ts'
import { execMeans, goodCode, notImplemented, refusedCode, stateOf, undefinedError } from './codes.ts'
import { fail, finish, over } from './itemend.ts'
import { effectOf, ownerOf } from './state.ts'
import { childrenOf } from './survey.ts'
import type { Answers, DataStep, ExecStep, Item, PutNode, PutStep, Step } from './types.ts'
import { isOver } from './types.ts'
import { verified } from './verify.ts'
import { fine, mending, resolved, spelled } from './wants.ts'
import type { Scene } from './wants.ts'

/** An accepted order without an alert is read for after so long, ms (INFERRED). */
const POLL_AFTER = 600_000

// -- what was answered

/** Takes the answer to a want; `answers` holds the URI asked and whatever a list brought. */
export function hear(scene: Scene, item: Item, key: string, code: number, answers: Answers): void {
  const [, at = '', what = '', rest = ''] = /^(\S*) (\S*) ?(.*)$/s.exec(key) ?? []
  const step = item.steps[Number(at)]
  if (step?.do === 'put') putHeard(step.nodes[Number(rest)], code)
  else if (step?.do === 'data') dataHeard(scene, step, code)
  else if (step?.do === 'exec' && what === 'exec') execHeard(scene, step, code)
  else if (step !== undefined) Object.assign(step.answers, what === 'add' ? { [`add ${rest}`]: { code, data: '', format: '' } } : answers)
}

/** Add on what is there: Replace; Replace on what is missing: Add (scomo sheet 3.4, SC-40). */
function putHeard(node: PutNode | undefined, code: number): void {
  if (node === undefined) return
  node.code = code
  node.tries += 1
  if (fine(code)) node.state = 'done'
  else if (code === 418 && node.how === 'Add') {
    if (node.format !== 'chr') node.state = 'done'
    else if (node.tries < 3) node.how = 'Replace'
    else node.state = 'refused'
  } else if (code === 404 && node.how === 'Replace' && node.tries < 3) node.how = 'Add'
  else node.state = 'refused'
}

function dataHeard(scene: Scene, step: DataStep, code: number): void {
  step.code = code
  step.tries += 1
  if (fine(code)) step.state = 'done'
  else if (code === 404 && step.how === 'Replace' && step.tries < 3) step.how = 'Add'
  else if (code === 418 && step.how === 'Add' && step.tries < 3) step.how = 'Replace'
  else if (code === 424 && step.tries < 2) scene.log('the device could not put the object together (424); it is sent once more')
  else step.state = 'refused'
}

function execHeard(scene: Scene, step: ExecStep, code: number): void {
  step.code = code
  const means = execMeans(scene.type, code)
  step.state = means === 'accepted' ? 'accepted' : means === 'unknown' ? 'lost' : 'refused'
  if (means === 'unknown') step.answers = {}
}

// -- what follows

/** Goes on as far as no further answer is needed. */
export function advance(scene: Scene, item: Item): void {
  for (let again = true; again && !isOver(item.state);) {
    const step = item.steps[item.at]
    again = step === undefined ? finish(scene, item) : moveOn(scene, item, step)
  }
}

function moveOn(scene: Scene, item: Item, step: Step): boolean {
  switch (step.do) {
    case 'put':
      return putDone(scene, item, step)
    case 'data':
      return dataDone(scene, item, step)
    case 'exec':
      return execDone(scene, item, step)
    case 'verify':
      return verified(scene, item, step)
    default:
      return step satisfies never
  }
}

function next(item: Item): true {
  item.at += 1
  return true
}

function putDone(scene: Scene, item: Item, step: PutStep): boolean {
  const after = item.steps[item.at + 1]
  // The device took the order although something beside it was not as expected: the order counts.
  if (step.joined && after?.do === 'exec' && after.state === 'accepted') return next(item)
  const bad = step.nodes.find((node) => node.state === 'refused' && !node.optional)
  if (bad !== undefined) return fail(scene, item, refusedCode(scene.type, bad.code, ''), `${bad.how} of ${bad.uri} was answered ${String(bad.code)}`)
  return step.nodes.some((node) => node.state === 'todo') ? false : next(item)
}

/** Why the bytes cannot be sent; '' where they can. */
function whyMissing(scene: Scene, step: DataStep): string {
  try {
    scene.file(step.sha256)
    return ''
  } catch (error) {
    return wordsOf(error)
  }
}

function dataDone(scene: Scene, item: Item, step: DataStep): boolean {
  if (step.state === 'todo') {
    const missing = whyMissing(scene, step)
    return missing === '' ? false : fail(scene, item, undefinedError(scene.type), missing)
  }
  if (step.state === 'refused') {
    const code = step.code === 0 || step.code === 424 ? (scene.type === 'scomo' ? 1402 : 402) : refusedCode(scene.type, step.code, 'Download')
    return fail(scene, item, code, `the object for ${step.uri} was answered ${String(step.code)}`)
  }
  item.delivered = step.uri.slice(0, step.uri.lastIndexOf('/'))
  if (scene.type === 'fumo') item.delivered = ownerOf(item.delivered)
  item.objects = [item.delivered]
  return next(item)
}

function execDone(scene: Scene, item: Item, step: ExecStep): boolean {
  if (step.state === 'todo' || step.state === 'sent') return false
  if (step.state === 'accepted') {
    if (item.state !== 'accepted' && !step.optional) scene.log(`${step.uri} is accepted (${String(step.code)}): its alert is awaited`)
    if (step.optional) return next(item)
    item.state = 'accepted'
    return false
  }
  if (step.state === 'lost') return found(scene, item, step)
  return execMeans(scene.type, step.code) === 'done'
    ? succeeded(scene, item, step, step.code === 200 ? goodCode(scene.type) : step.code, [])
    : refused(scene, item, step)
}

/** The operation ended well: by its Status, its alert, or by what was read. */
function succeeded(scene: Scene, item: Item, step: ExecStep, code: number, objects: readonly string[]): true {
  if (step.mend === 0 && scene.memory.autoAdd === undefined && step.uri.includes('/Download/')) scene.memory.autoAdd = true
  const target = objects.find((uri) => uri !== '') ?? (step.primitive === 'Download' ? '' : ownerOf(resolved(item, step).uri))
  const stored = objects.find((uri) => uri.includes('/Inventory/Delivered/'))
  if (stored !== undefined) item.delivered = stored
  if (!step.optional && target !== '') item.objects = objects.length > 0 ? [...objects] : [target]
  if (!step.optional) item.resultCode = code
  if (item.state === 'accepted') item.state = 'running'
  return next(item)
}

function refused(scene: Scene, item: Item, step: ExecStep): boolean {
  if (step.optional) {
    scene.log(`${step.uri} was answered ${String(step.code)}; that changes nothing`)
    return next(item)
  }
  if (step.code === 404) return mended(scene, item, step)
  if (step.code === 403) return busy(scene, item, step)
  const what = step.code >= 1000 ? codeWords(step.code) : `${step.uri} was answered ${String(step.code)}`
  return fail(scene, item, refusedCode(scene.type, step.code, step.primitive), what)
}

/** 403: nothing was started; while the device is at work on this node the order waits for another session (scomo sheet 9). */
function busy(scene: Scene, item: Item, step: ExecStep): boolean {
  const effect = effectOf(scene.type, scene.root, item, resolved(item, step), step.answers)
  if ('ask' in effect) return false
  if (effect.have.is !== 'progress')
    return fail(scene, item, refusedCode(scene.type, 403, step.primitive), `${step.uri} is not allowed in the state the device is in (403)`)
  if (called(scene, item)) return over(item, 'cancelled', 0, `cancelled; ${step.uri} was answered 403, so nothing was ordered`)
  scene.log(`${step.uri} was answered 403: the device is at work on it; asked again in another session`)
  item.state = 'waiting'
  item.text = 'the device is at work on this node'
  Object.assign(step, { state: 'todo', session: scene.sessionId, answers: {} })
  return false
}

/** True where the job was cancelled and nothing of the item was done: what the device did not take is not ordered again. */
const called = (scene: Scene, item: Item): boolean =>
  scene.cancelled && !item.steps.slice(0, item.at).some((step) => step.do === 'exec' && !step.optional)

function mended(scene: Scene, item: Item, step: ExecStep): boolean {
  const gone = (state: JobState, text: string): true => fail(scene, item, state === 'failed' ? notImplemented(scene.type) : 0, text, state)
  if (called(scene, item)) return over(item, 'cancelled', 0, `cancelled; ${step.uri} was answered 404, so nothing was ordered`)
  if (step.mend === 2 || scene.type === 'fumo') return gone('failed', `${step.uri} was answered 404${step.mend === 2 ? ' once more' : ''}`)
  const { uri } = resolved(item, step)
  const owner = ownerOf(uri)
  const operations = `${owner}/Operations`
  if (step.mend === 0) {
    step.mend = 1
    step.answers = {}
    scene.log(`${uri} was answered 404: nothing was started; what is there is listed`)
    return false
  }
  if (mending(item, step, item.at).length > 0) return false
  const bad = Object.entries(step.answers).find(([key, { code }]) => key.startsWith('add ') && !fine(code) && code !== 418)
  if (bad !== undefined) return gone('failed', `${bad[0].slice(4)} could not be added: ${String(bad[1].code)}`)
  if (step.answers[owner]?.code === 404) return gone('not_found', `${owner} is not on the device`)
  const other = spelled(step, operations)
  if (other !== '') scene.memory.deactive = true
  else if (owner.includes('/Inventory/Deployed/') && !childrenOf(operations, step.answers[operations]).includes(uri))
    return gone('failed', `${uri} is not on the device`)
  else scene.memory.autoAdd = false
  Object.assign(step, { state: 'todo', mend: 2, uri: other === '' ? step.uri : other, answers: {}, session: '' })
  return false
}

/** The outcome was not heard: what the device shows decides. */
function found(scene: Scene, item: Item, step: ExecStep): boolean {
  const effect = effectOf(scene.type, scene.root, item, resolved(item, step), step.answers)
  if ('ask' in effect) return false
  const { have } = effect
  switch (have.is) {
    case 'done':
      scene.log(`${step.uri}: what it was for is there`)
      return succeeded(scene, item, step, goodCode(scene.type), have.objects)
    case 'failed':
      if (step.optional) return next(item)
      return fail(scene, item, have.code, `${step.uri}: the device shows that it failed`)
    case 'progress':
      Object.assign(step, { state: 'accepted', answers: {} })
      item.state = 'accepted'
      return false
    case 'before':
      return unseen(scene, item, step)
    default:
      return have satisfies never
  }
}

/** Nothing shows that the order was performed. Accepted ones are awaited; one's own device may be asked again with the same Correlator (rule 3c). */
function unseen(scene: Scene, item: Item, step: ExecStep): boolean {
  if (step.optional) return next(item)
  if (step.code === 202 || step.code === 200) {
    Object.assign(step, { state: 'accepted', answers: {} })
    item.state = 'accepted'
    return false
  }
  if (scene.own && !scene.cancelled) {
    scene.log(`${step.uri}: no trace of it on the device; sent again with the same Correlator, which it knows`)
    // What a lost message was to make may be missing: it is made again, the Exec goes along. Not twice in one session.
    const before = item.steps[item.at - 1]
    if (before?.do === 'put' && before.joined) item.at -= 1
    Object.assign(step, { state: 'todo', answers: {}, session: step.session === scene.sessionId ? step.session : '' })
    return false
  }
  if (item.state !== 'waiting') scene.log(`${step.uri}: nobody knows whether the device took the order; it is not sent again`)
  item.state = 'waiting'
  item.text = 'the outcome of the order is not known'
  return false
}

// -- what comes by itself

/** The late alert of an order (or of one nobody knew the outcome of). False where it is of no step that waits. */
export function alerted(scene: Scene, item: Item, at: number, code: number, objects: readonly string[]): void {
  const step = item.steps[at]
  if (step?.do !== 'exec') return
  item.at = at
  if (code >= 200 && stateOf(code) === 'done') succeeded(scene, item, step, code, objects)
  else if (step.optional) next(item)
  else fail(scene, item, code, codeWords(code))
}

/** A new session: what left and was not answered is lost; what was read is read again. */
export function again(scene: Scene, item: Item): void {
  const [now, after] = item.steps.slice(item.at, item.at + 2)
  if (now?.do === 'put' && now.joined && after?.do === 'exec' && after.state !== 'todo') item.at += 1
  for (const step of item.steps.slice(item.at, item.at + 2)) {
    if (step.do === 'verify') step.answers = {}
    if (step.do !== 'exec') continue
    if (step.state === 'sent') {
      scene.log(`the session that carried ${step.uri} was lost before its Status came: the device's state is read`)
      Object.assign(step, { state: 'lost', answers: {}, code: 0 })
    } else if (step.state === 'lost') step.answers = {}
    else if (step.state === 'accepted' && scene.now - step.sentAt > POLL_AFTER) Object.assign(step, { state: 'lost', answers: {} })
    else if (step.state === 'refused') step.answers = {}
  }
}

/** These leave now: an Exec is `sent` from here on, and saved as such before it leaves. */
export function leaving(scene: Scene, item: Item, keys: readonly string[]): void {
  for (const key of keys) {
    const [at = '', what] = key.split(' ')
    const step = item.steps[Number(at)]
    if (what === 'exec' && step?.do === 'exec') Object.assign(step, { state: 'sent', sentAt: scene.now, session: scene.sessionId })
  }
}
