// The dialect of devices: rules of a text file, checked with places, folded into what holds for one device. It only answers; who speaks asks.
import type { DialectProblem, DialectState, DialectView } from '../api.ts'
import { FUMO_ALERTS, FUMO_REQUESTS, SCOMO_COMPLETE, SCOMO_REQUESTS } from '../mo/alerts.ts'
import { SERVER_PROFILES, serverProfile } from '../server/profiles.ts'
import { DialectError, problemAt, readPlaced } from './dialecttext.ts'
import type { Field, Placed } from './dialecttext.ts'

/** One rule: for whom, and what differs. */
export interface DialectRule {
  readonly device: string
  readonly man: string
  readonly mod: string
  readonly roots: Readonly<Record<string, string>>
  readonly nodes: Readonly<Record<string, string>>
  readonly alerts: Readonly<Record<string, string>>
  readonly profile: string
}

/** Who asks what holds. */
export interface Spoken {
  readonly device: string
  readonly manufacturer: string
  readonly model: string
}

/** Words a dialect may use. */
export const DIALECT_WORDS: DialectState['words'] = {
  roots: ['scomo', 'fumo'],
  alerts: [...new Set([SCOMO_COMPLETE, ...Object.values(SCOMO_REQUESTS), ...Object.values(FUMO_ALERTS), ...Object.values(FUMO_REQUESTS)])],
  profiles: Object.keys(SERVER_PROFILES),
}

/** What a workspace without a file shows. */
export const DIALECT_EXAMPLE = `// What devices of this workspace call things. Comments and trailing commas are welcome.
// Every rule that fits a device holds, from top to bottom; a later one wins where both say something.
{
  "rules": [
    // {
    //   // For whom: patterns with * and ?, upper and lower case alike. What is left out fits all.
    //   "device": "IMEI:4901542*",
    //   "man": "Example*",
    //   "mod": "Phone ?",
    //
    //   // Where the objects stand: ${DIALECT_WORDS.roots.join(', ')}. What is not named is found by its Type.
    //   "roots": { "scomo": "./Vendor/SCM", "fumo": "./FwUpdate/Main" },
    //
    //   // Node names below those roots: as the documents have them, then as the device has them.
    //   "nodes": { "scomo:Inventory/Deployed": "Installed" },
    //
    //   // Alert types: as the documents have them, then as the device sends them.
    //   "alerts": { "${SCOMO_COMPLETE}": "com.example.software.done" },
    //
    //   // How the server speaks to it: ${DIALECT_WORDS.profiles.join(', ')}.
    //   "profile": "small",
    // },
  ],
}
`

/** What reading a text gave; `rules` null where it has an error. */
export interface DialectText {
  readonly rules: readonly DialectRule[] | null
  readonly problems: readonly DialectProblem[]
}

/** Mistakes told of one text at the most. */
const TOLD = 100
const KEYS = ['device', 'man', 'mod', 'roots', 'nodes', 'alerts', 'profile'] as const

/** Reads and checks a text. Never throws. */
export function parseDialect(text: string): DialectText {
  const problems: DialectProblem[] = []
  const tell = (place: { readonly at: number; readonly end: number }, what: string, severity: DialectProblem['severity'] = 'error'): void => {
    if (problems.length < TOLD) problems.push(problemAt(text, place.at, place.end - place.at, severity, what))
  }
  let root: Placed
  try {
    root = readPlaced(text)
  } catch (error) {
    if (!(error instanceof DialectError)) throw error
    return { rules: null, problems: [problemAt(text, error.at, error.length, 'error', error.message)] }
  }
  const rules = readRules(root, tell)
  return { rules: problems.some(({ severity }) => severity === 'error') ? null : rules, problems }
}

type Tell = (place: { readonly at: number; readonly end: number }, what: string, severity?: DialectProblem['severity']) => void

const isMap = (value: Placed['value']): value is ReadonlyMap<string, Field> => value instanceof Map

function readRules(root: Placed, tell: Tell): DialectRule[] {
  if (!isMap(root.value)) {
    tell({ at: root.at, end: root.at + 1 }, 'expected an object: { "rules": [ … ] }')
    return []
  }
  for (const [name, field] of root.value) if (name !== 'rules') tell(field, `unknown name ${JSON.stringify(name)}: only "rules" stands here`)
  const list = root.value.get('rules')
  if (list === undefined) {
    tell({ at: root.at, end: root.at + 1 }, '"rules" is missing')
    return []
  }
  if (!Array.isArray(list.value.value)) {
    tell(list.value, 'expected a list of rules: [ … ]')
    return []
  }
  return (list.value.value as readonly Placed[]).map((rule) => readRule(rule, tell))
}

function readRule(placed: Placed, tell: Tell): DialectRule {
  const rule = { device: '*', man: '*', mod: '*', roots: {}, nodes: {}, alerts: {}, profile: '' }
  if (!isMap(placed.value)) {
    tell(placed, 'expected a rule: { "device": …, "roots": … }')
    return rule
  }
  const fields = placed.value
  for (const [name, field] of fields)
    if (!(KEYS as readonly string[]).includes(name))
      tell(field, `unknown name ${JSON.stringify(name)}${near(name, KEYS)}: known are ${KEYS.join(', ')}`)
  if (!['roots', 'nodes', 'alerts', 'profile'].some((name) => fields.has(name)))
    tell(placed, 'this rule says for whom, but not what: it changes nothing', 'warn')
  const rooted = fields.get('roots')?.value.value
  const named = fields.get('nodes')?.value.value
  if (named !== undefined && isMap(named))
    for (const [name, field] of named) {
      const object = name.split(':')[0] ?? ''
      if (rooted === undefined || !isMap(rooted) || !rooted.has(object))
        tell(field, `node names count below a root that a rule names: this rule has none for ${JSON.stringify(object)}`, 'warn')
    }
  return {
    device: pattern(fields.get('device'), tell),
    man: pattern(fields.get('man'), tell),
    mod: pattern(fields.get('mod'), tell),
    roots: texts(fields.get('roots'), tell, checkRoot),
    nodes: texts(fields.get('nodes'), tell, checkNode),
    alerts: texts(fields.get('alerts'), tell, checkAlert),
    profile: profileOf(fields.get('profile'), tell),
  }
}

function near(name: string, known: readonly string[]): string {
  const found = known.find((each) => each.toLowerCase() === name.toLowerCase() || each.startsWith(name) || name.startsWith(each))
  return found === undefined ? '' : ` (${JSON.stringify(found)}?)`
}

function pattern(field: Field | undefined, tell: Tell): string {
  if (field === undefined) return '*'
  const { value } = field.value
  if (typeof value !== 'string' || value === '') {
    tell(field.value, 'expected a pattern in double quotes, such as "IMEI:4901542*"')
    return '*'
  }
  return value
}

type Check = (name: string, value: string, field: Field, tell: Tell) => void

function texts(field: Field | undefined, tell: Tell, check: Check): Readonly<Record<string, string>> {
  if (field === undefined) return {}
  const { value } = field.value
  if (!isMap(value)) {
    tell(field.value, 'expected names and values: { "…": "…" }')
    return {}
  }
  const found: [string, string][] = []
  for (const [name, each] of value) {
    if (typeof each.value.value !== 'string' || each.value.value === '')
      tell(each.value, `expected a text in double quotes for ${JSON.stringify(name)}`)
    else {
      check(name, each.value.value, each, tell)
      found.push([name, each.value.value])
    }
  }
  return Object.fromEntries(found)
}

const SEGMENTS = /^[^\s/?]+(\/[^\s/?]+)*$/

const checkRoot: Check = (name, value, field, tell) => {
  const { roots } = DIALECT_WORDS
  if (!roots.includes(name)) tell(field, `no object is called ${JSON.stringify(name)}${near(name, roots)}: known are ${roots.join(', ')}`)
  if (!value.startsWith('./') || !SEGMENTS.test(value.slice(2))) tell(field.value, 'expected the URI of a node, such as "./Vendor/SCM"')
}

const checkNode: Check = (name, value, field, tell) => {
  const [, object = '', path = ''] = /^([^:]*):(.*)$/.exec(name) ?? []
  const { roots } = DIALECT_WORDS
  if (!roots.includes(object) || !SEGMENTS.test(path))
    tell(field, `expected an object and a path below it, such as "scomo:Inventory/Deployed" (objects: ${roots.join(', ')})`)
  if (!/^[^\s/?]+$/.test(value)) tell(field.value, 'expected one node name, without a slash')
}

const checkAlert: Check = (name, _value, field, tell) => {
  if (!DIALECT_WORDS.alerts.includes(name)) tell(field, `the documents know no alert type ${JSON.stringify(name)}`)
}

function profileOf(field: Field | undefined, tell: Tell): string {
  if (field === undefined) return ''
  const { value } = field.value
  if (typeof value === 'string' && serverProfile(value) !== undefined) return value
  tell(field.value, `expected one of the profiles ${DIALECT_WORDS.profiles.join(', ')}`)
  return ''
}

/** What holds for a device: the rules that fit, folded. */
export function viewOf(rules: readonly DialectRule[], who: Spoken): DialectView {
  let roots: Record<string, string> = {}
  let nodes: Record<string, string> = {}
  let alerts: Record<string, string> = {}
  let profile = ''
  const fitting: number[] = []
  for (const [at, rule] of rules.entries()) {
    if (!fits(rule.device, who.device) || !fits(rule.man, who.manufacturer) || !fits(rule.mod, who.model)) continue
    fitting.push(at)
    roots = { ...roots, ...rule.roots }
    nodes = { ...nodes, ...rule.nodes }
    alerts = { ...alerts, ...rule.alerts }
    if (rule.profile !== '') ({ profile } = rule)
  }
  return { ...who, rules: fitting, roots, nodes, alerts, profile }
}

/** A pattern with * and ?, against the whole text; no case. Linear: every * is tried from its last place on only. */
export function fits(wanted: string, text: string): boolean {
  const p = wanted.toLowerCase()
  const t = text.toLowerCase()
  let i = 0
  let j = 0
  let star = -1
  let mark = 0
  while (i < t.length) {
    if (p[j] === '*') {
      star = j++
      mark = i
    } else if (j < p.length && (p[j] === '?' || p[j] === t[i])) {
      i += 1
      j += 1
    } else if (star >= 0) {
      j = star + 1
      i = ++mark
    } else return false
  }
  while (p[j] === '*') j += 1
  return j === p.length
}
