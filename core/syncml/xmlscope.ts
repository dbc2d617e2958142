// XML namespaces as vocabularies: what a namespace name means, and what an element is whose namespace does not have its name.
import type { Vocabulary } from './element.ts'
import type { Limits } from './limits.ts'
import type { Findings, Node } from './reading.ts'
import { BIT, type KnownName } from './tokens.ts'
import { WORD, type XmlText } from './xmltext.ts'

/** What a namespace name means: one of our vocabularies, `none` for the absence of any, or something foreign. */
export interface Scope {
  readonly vocabulary: Vocabulary
  /** The name as declared where it is foreign, else undefined. */
  readonly foreign: string | undefined
  /** The vocabulary's among those a name may belong to. */
  readonly bit: number
}

const scope = (vocabulary: Vocabulary, foreign?: string): Scope => ({ vocabulary, foreign, bit: BIT[vocabulary] })

const SCOPES: Readonly<Record<Vocabulary, Scope>> = {
  syncml: scope('syncml'),
  metinf: scope('metinf'),
  dmddf: scope('dmddf'),
  devinf: scope('devinf'),
  prov: scope('prov'),
  other: scope('other'),
}
/** No namespace declared anywhere: the root's name decides. */
const UNDECLARED = scope('other')

/** The scope of a namespace name. */
function scopeOf(uri: string): Scope {
  const low = uri.trim().toLowerCase()
  if (low === '') return UNDECLARED
  if (low.startsWith('syncml:syncml')) return SCOPES.syncml
  if (low.startsWith('syncml:metinf')) return SCOPES.metinf
  if (low.startsWith('syncml:dmddf')) return SCOPES.dmddf
  if (low.startsWith('syncml:devinf')) return SCOPES.devinf
  return scope('other', uri)
}

/** The vocabulary that a root's name decides where no namespace is declared; undefined where no table has the name. */
function undeclared(known: KnownName): Vocabulary | undefined {
  const order: Vocabulary[] = ['syncml', 'dmddf', 'metinf', 'devinf', 'prov']
  return order.find((candidate) => (known.in & BIT[candidate]) !== 0)
}

/** What an element certainly is although its namespace lacks its name: MetInf inside Meta, SyncML inside SyncML, or a tree of its own. */
function meantBy(known: KnownName, own: Vocabulary, parent: Node | null): Vocabulary {
  if ((known.in & BIT.metinf) !== 0 && parent !== null && (parent.name === 'Meta' || parent.vocabulary === 'metinf')) return 'metinf'
  if ((known.in & BIT.syncml) !== 0 && own !== 'syncml' && parent !== null && parent.vocabulary === 'syncml') return 'syncml'
  if (known.name === 'MgmtTree') return 'dmddf'
  return known.name === 'DevInf' ? 'devinf' : 'other'
}

/** The namespaces in force while a document is read. */
export class Namespaces {
  /** The default namespace. */
  scope: Scope = UNDECLARED
  private readonly text: XmlText
  private readonly limits: Limits
  private readonly findings: Findings
  /** Declared prefixes, innermost last. */
  private readonly prefixes: { prefix: string; scope: Scope }[] = []
  private lastUri = 0
  private lastUriEnd = 0
  private lastScope: Scope | null = null

  constructor(text: XmlText, limits: Limits, findings: Findings) {
    this.text = text
    this.limits = limits
    this.findings = findings
  }

  /** Number of prefixes in scope. */
  get count(): number {
    return this.prefixes.length
  }

  /** What held before an element. */
  restore(scope: Scope, count: number): void {
    this.scope = scope
    if (this.prefixes.length !== count) this.prefixes.length = count
  }

  /** Takes an attribute that declares a namespace; false where it is another attribute. Its name begins at `start`, its value at `from`. */
  declares(start: number, nameEnd: number, from: number, to: number, flags: number): boolean {
    const { bytes } = this.text
    if (bytes[start] !== 0x78 || bytes[start + 1] !== 0x6d || bytes[start + 2] !== 0x6c || bytes[start + 3] !== 0x6e || bytes[start + 4] !== 0x73)
      return false
    if (nameEnd === start + 5) this.scope = this.named(from, to, flags)
    else if (bytes[start + 5] !== 0x3a) return false
    else {
      const most = this.limits.attributes
      if (this.prefixes.length >= most) this.text.fail(`more than ${String(most)} namespace prefixes in scope`, start)
      this.prefixes.push({ prefix: this.text.decode(start + 6, nameEnd, 'name'), scope: this.named(from, to, flags) })
    }
    return true
  }

  /** The scope of a namespace name; the same name as last time is found by its bytes. */
  private named(start: number, end: number, flags: number): Scope {
    const { bytes } = this.text
    if (this.lastScope !== null && end - start === this.lastUriEnd - this.lastUri) {
      let i = start
      const shift = this.lastUri - start
      while (i < end && bytes[i] === bytes[i + shift]) i++
      if (i === end) return this.lastScope
    }
    this.lastUri = start
    this.lastUriEnd = end
    this.lastScope = scopeOf(flags === WORD ? this.text.decode(start, end, 'text') : this.text.text(start, end, flags))
    return this.lastScope
  }

  /** The scope of an element whose tag begins at `start`; `colon` is where its prefix ends, negative where it has none. */
  scopeFor(known: KnownName, start: number, colon: number): Scope {
    if (colon >= 0) return this.prefixed(start + 1, colon)
    if (this.scope === UNDECLARED) this.scope = this.undeclared(known, start)
    return this.scope
  }

  private prefixed(start: number, colon: number): Scope {
    const prefix = this.text.decode(start, colon, 'name')
    for (let i = this.prefixes.length - 1; i >= 0; i--) {
      const declared = this.prefixes[i] as { prefix: string; scope: Scope }
      if (declared.prefix === prefix) return declared.scope
    }
    const { text } = this
    this.findings.add(
      'xml.prefix',
      'warn',
      'XML',
      'Namespaces 5',
      `the prefix ${prefix} is not declared`,
      text.at(start),
      text.at(colon) - text.at(start),
    )
    return SCOPES.other
  }

  /** No default namespace in scope: the vocabulary follows from the first name that a table has. */
  private undeclared(known: KnownName, start: number): Scope {
    const vocabulary = undeclared(known)
    if (vocabulary === undefined) return UNDECLARED
    if (vocabulary !== 'prov') {
      const what = `no namespace declared; ${known.name} is read as ${vocabulary}`
      this.findings.add('xml.namespace.missing', 'note', 'SML', 'INFERRED', what, this.text.at(start), known.name.length + 1)
    }
    return SCOPES[vocabulary]
  }

  /** The vocabulary of a name: that of its namespace where it has the name, else what its place makes certain, else `other`. */
  vocabulary(known: KnownName, scope: Scope, parent: Node | null, start: number, end: number): Vocabulary {
    const own = scope.vocabulary
    if ((known.in & scope.bit) !== 0) return own
    if (own === 'other' || known.in === 0) return 'other'
    const meant = meantBy(known, own, parent)
    if (meant === 'other') return 'other'
    if (meant === 'dmddf' || meant === 'devinf') this.scope = SCOPES[meant]
    const what = `${known.name} is no element of the namespace it stands in; read as ${meant}`
    this.findings.add('xml.namespace.wrong', 'note', 'SML', 'INFERRED', what, this.text.at(start), this.text.at(end) - this.text.at(start))
    return meant
  }
}
