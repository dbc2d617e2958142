// The software of one device as its server can know it: cards with moves, a fold over recorded messages. What only an alert lets us conclude is called INFERRED.
import type { CardMove, Seq, SoftwareBoard, SoftwareCard, SoftwareLogLine } from '../api.ts'
import { Mirror } from '../mirror/mirror.ts'
import { latest, uriOf } from '../mirror/node.ts'
import type { MirrorNode } from '../mirror/node.ts'
import { Reader } from '../mirror/reader.ts'
import type { Recorded } from '../mirror/reader.ts'
import { fumoComplete, isComplete, readComplete } from '../mo/alerts.ts'
import { codeWords } from '../mo/codes.ts'
import { FUMO_ID } from '../mo/fumo.ts'
import { SCOMO_IDS } from '../mo/scomo.ts'
import type { Alert, Command, Exec, ItemCommand, Status } from '../syncml/message.ts'
import { dataText } from '../syncml/text.ts'
import { cardOf, conclude, placeOf, PLACES, wordsFor } from './boardcards.ts'
import type { Assumed } from './boardcards.ts'
import { inDocuments } from './dialectmessage.ts'
import type { Speech } from './dialectmessage.ts'

/** Moves a card keeps. */
const MOVES = 100
/** An Exec, or bytes that were written, on their way. */
interface Order {
  readonly seq: Seq
  readonly uri: string
  readonly name: string
  readonly correlator: string
}

export class Board {
  readonly #mirror = new Mirror()
  readonly #reader = new Reader()
  readonly #moves = new Map<string, CardMove[]>()
  readonly #assumed = new Map<string, Assumed>()
  /** Numbers last shown, to tell what a reading moved. */
  readonly #seen = new Map<string, string>()
  /** By `session/MsgID/CmdID`. */
  readonly #sent = new Map<string, Order>()
  /** Newest last. */
  #orders: Order[] = []
  /** What the device's dialect calls things; null where it has none. */
  readonly #speech: Speech | null

  constructor(speech: Speech | null = null) {
    this.#speech = speech
  }

  read(said: Recorded): void {
    const recorded = this.#speech === null ? said : { ...said, message: inDocuments(said.message, this.#speech.names) }
    if (recorded.direction === 'down') this.#down(recorded)
    else this.#up(recorded)
    for (const event of this.#reader.read(recorded)) this.#mirror.apply(event)
    this.#readings(recorded)
  }

  view(device: string, log: readonly SoftwareLogLine[]): SoftwareBoard {
    const roots = this.#roots()
    const cards = this.#cards(roots)
    const own = this.#speech?.names
    // The screen has the device's own names: they lead to its tree.
    return { device, roots, cards: own?.differs === true ? cards.map((card) => ({ ...card, uri: own.toDevice(card.uri) })) : cards, log }
  }

  // ---- messages

  #down({ seq, session, message }: Recorded): void {
    const key = (command: Command): string => `${String(session)}/${message.header.msgId}/${command.cmdId}`
    const visit = (command: Command): void => {
      if ('commands' in command) command.commands.forEach(visit)
      else if (command.kind === 'Exec') this.#sentExec(key(command), seq, command)
      else if (command.kind === 'Replace') this.#sentData(key(command), seq, command)
    }
    message.commands.forEach(visit)
  }

  #sentExec(key: string, seq: Seq, command: Exec): void {
    const uri = command.items[0]?.target?.locUri ?? ''
    if (cardOf(uri) === null) return
    const order = { seq, uri, name: `Exec ${uri.slice(uri.lastIndexOf('/') + 1)}`, correlator: command.correlator ?? '' }
    this.#sent.set(key, order)
    this.#orders = [...this.#orders.slice(-499), order]
  }

  #sentData(key: string, seq: Seq, command: ItemCommand): void {
    for (const item of command.items) {
      const uri = item.target?.locUri ?? ''
      const name = uri.slice(uri.lastIndexOf('/') + 1)
      if ((name === 'Data' || name === 'PkgData') && item.moreData !== true)
        this.#sent.set(key, { seq, uri, name: `Replace ${name}`, correlator: '' })
    }
  }

  #up({ seq, at, session, message }: Recorded): void {
    for (const command of message.commands) {
      if (command.kind === 'Status') this.#status(seq, at, session, command)
      else if (command.kind === 'Alert' && command.code === 1226) this.#alert(seq, at, command)
    }
  }

  #status(seq: Seq, at: number, session: number, status: Status): void {
    const order = this.#sent.get(`${String(session)}/${status.msgRef}/${status.cmdRef}`)
    const card = order === undefined ? null : cardOf(order.uri)
    if (order === undefined || card === null) return
    const final = status.code >= 1000
    const text = `${order.name} ${String(status.code)}${final ? ` ${codeWords(status.code)}` : ''}`
    const done = final || (status.code === 200 && order.name.startsWith('Replace'))
    this.#move(
      card,
      { at, order: order.seq, proof: seq, text, resultCode: final ? status.code : 0 },
      done ? conclude(order.name, card, status.code, seq) : null,
    )
  }

  #alert(seq: Seq, at: number, alert: Alert): void {
    for (const item of alert.items) {
      const type = item.meta?.type ?? ''
      const source = item.source?.locUri ?? ''
      const firmware = fumoComplete(type)
      if (firmware === undefined && !isComplete(type)) continue
      const code = firmware === undefined ? (readComplete(dataText(item.data))?.code ?? 0) : Number(dataText(item.data))
      const order = this.#ordered(alert.correlator ?? '', source)
      const card = firmware === undefined ? (item.target?.locUri ?? cardOf(source) ?? source) : (cardOf(`${source}/${firmware}`) ?? source)
      const from = {
        seq: order?.seq ?? 0,
        uri: order?.uri ?? source,
        name: `Exec ${firmware ?? source.slice(source.lastIndexOf('/') + 1)}`,
        correlator: '',
      }
      const about = { at, order: from.seq, proof: seq, text: `Alert 1226 ${String(code)} ${codeWords(code)}`, resultCode: code }
      this.#move(card, about, conclude(from.name, card, code, seq))
      const origin = cardOf(source)
      if (firmware === undefined && origin !== null && origin !== card) this.#move(origin, about, conclude(from.name, origin, code, seq))
    }
  }

  #ordered(correlator: string, source: string): Order | undefined {
    return this.#orders.findLast((order) =>
      correlator === '' ? order.uri === source || order.uri.startsWith(`${source}/`) : order.correlator === correlator,
    )
  }

  #move(card: string, move: Omit<CardMove, 'from' | 'to'>, assumed: Assumed | null): void {
    const from = this.#shown(card)
    if (assumed !== null) this.#assumed.set(card, assumed)
    const to = assumed === null ? from : this.#shown(card)
    this.#seen.set(card, to)
    this.#keep(card, { ...move, from, to })
  }

  #keep(card: string, move: CardMove): void {
    this.#moves.set(card, [move, ...(this.#moves.get(card) ?? [])].slice(0, MOVES))
  }

  /** Numbers that a Get brought, where they say something new. */
  #readings({ seq, at }: Recorded): void {
    for (const node of this.#mirror.takeMoved()) {
      if (node.name !== 'State' && node.name !== 'Status') continue
      const card = node.parent === null ? '' : uriOf(node.parent)
      if (!this.#isCard(card)) continue
      const from = this.#seen.get(card) ?? ''
      const to = this.#shown(card)
      if (from === to) continue
      this.#seen.set(card, to)
      this.#keep(card, { at, order: 0, proof: seq, text: `Get ${node.name}`, from, to, resultCode: 0 })
    }
  }

  #isCard(uri: string): boolean {
    return cardOf(`${uri}/Operations/x`) === uri || this.#roots().some((root) => root.mo === FUMO_ID && root.uri === uri)
  }

  // ---- cards

  #roots(): { readonly uri: string; readonly mo: string }[] {
    const ids: readonly string[] = [...Object.values(SCOMO_IDS), FUMO_ID]
    const found: { uri: string; mo: string }[] = []
    const visit = (node: MirrorNode, depth: number): void => {
      const now = latest(node)
      const mo = now.properties.get('Type')?.value ?? now.type
      if (now.present && ids.includes(mo)) found.push({ uri: uriOf(node), mo })
      else if (depth < 3) for (const child of node.children.values()) visit(child, depth + 1)
    }
    visit(this.#mirror.root, 0)
    // A dialect says where an object stands, also where the device names no Type.
    for (const [object, uri] of Object.entries(this.#speech?.roots ?? {})) {
      const node = this.#node(uri)
      const mo = object === 'fumo' ? FUMO_ID : SCOMO_IDS['1.0']
      if (node !== undefined && latest(node).present && !found.some((each) => each.uri === uri)) found.push({ uri, mo })
    }
    return found
  }

  #cards(roots: readonly { readonly uri: string; readonly mo: string }[]): SoftwareCard[] {
    const uris = new Set<string>()
    for (const { uri, mo } of roots) {
      if (mo === FUMO_ID) uris.add(uri)
      else for (const [, below] of PLACES) for (const name of this.#names(`${uri}/${below}`)) uris.add(`${uri}/${below}/${name}`)
    }
    for (const uri of [...this.#moves.keys(), ...this.#assumed.keys()]) uris.add(uri)
    return [...uris].filter((uri) => !this.#gone(uri)).map((uri) => this.#card(uri))
  }

  #names(uri: string): string[] {
    const node = this.#node(uri)
    return [...(node?.children.values() ?? [])].filter((child) => latest(child).present).map((child) => child.segment)
  }

  #gone(uri: string): boolean {
    const node = this.#node(uri)
    const now = node === undefined ? undefined : latest(node)
    const assumed = this.#assumed.get(uri)
    if (assumed !== undefined && (now === undefined || assumed.seq >= now.changed)) return assumed.gone
    return now !== undefined && !now.present
  }

  #card(uri: string): SoftwareCard {
    const place = placeOf(uri)
    const { state, status } = this.#numbers(uri)
    const text = (...names: string[]): string => names.map((name) => this.#value(`${uri}/${name}`)).find((value) => value !== '') ?? ''
    const size = this.#node(`${uri}/Data`) ?? this.#node(`${uri}/Update/PkgData`)
    const told = size === undefined ? undefined : latest(size).properties.get('Size')?.value
    return {
      uri,
      place,
      id: place === 'deployed' ? text('ID') || name(uri) : text('PkgID', 'PkgName') || name(uri),
      name: text('Name', 'PkgName'),
      version: text('Version', 'PkgVersion'),
      state,
      status,
      words: this.#shown(uri),
      pkgIdRef: text('PkgIDRef'),
      size: told !== undefined && /^\d+$/.test(told) ? Number(told) : null,
      executed: text('Ext/LastStart'),
      moves: this.#moves.get(uri) ?? [],
    }
  }

  #node(uri: string): MirrorNode | undefined {
    let at: MirrorNode | undefined = this.#mirror.root
    for (const segment of uri.replace(/^\.\//, '').split('/')) at = [...(at?.children.values() ?? [])].find((child) => child.segment === segment)
    return at
  }

  #value(uri: string): string {
    const node = this.#node(uri)
    const now = node === undefined ? undefined : latest(node)
    return now?.present === true ? (now.value ?? '') : ''
  }

  /** Newest of what was read and what was concluded. */
  #numbers(uri: string): { readonly state: number | null; readonly status: number | null; readonly inferred: boolean } {
    const assumed = this.#assumed.get(uri)
    const read = (leaf: string): { readonly value: number | null; readonly seq: Seq } => {
      const node = this.#node(`${uri}/${leaf}`)
      const now = node === undefined ? undefined : latest(node)
      const value = now?.present === true && /^\d+$/.test(now.value ?? '') ? Number(now.value) : null
      return { value, seq: now?.source ?? 0 }
    }
    const [state, status] = [read('State'), read('Status')]
    const newer = (known: typeof state, guess: number | null | undefined): number | null =>
      assumed !== undefined && guess !== undefined && guess !== null && assumed.seq > known.seq ? guess : known.value
    const now = { state: newer(state, assumed?.state), status: newer(status, assumed?.status) }
    const inferred = assumed !== undefined && (now.state !== state.value || now.status !== status.value)
    return { ...now, inferred }
  }

  #shown(uri: string): string {
    if (this.#gone(uri)) return 'gone'
    const { state, status, inferred } = this.#numbers(uri)
    const words = wordsFor(placeOf(uri), state, status)
    return inferred && words !== '' ? `${words} (INFERRED)` : words
  }
}

const name = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1)
