// A job machine with a device played by hand: what it sends is written in short lines, what the device answers is a table by those lines.
import type { JobRow, JobWish, PackageRow } from '../../core/api.ts'
import { makeJobs } from '../../core/jobs/area.ts'
import type { Jobs } from '../../core/jobs/area.ts'
import type { KnownDevice } from '../../core/jobs/ports.ts'
import type { SecurityMode } from '../../core/jobs/types.ts'
import type { Note } from '../../core/machine.ts'
import type { CommandOutcome, SessionView } from '../../core/server/policy.ts'
import type { AlertRecord } from '../../core/server/records.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import type { Docs } from '../../core/store/docs.ts'
import type { Vault } from '../../core/store/vault.ts'
import type { Command } from '../../core/syncml/message.ts'

export const DEVICE = 'IMEI:1'

/** A command in one line: `Add ./X/PkgID "antivir-2.1"`, `Exec ./X/Operations/Install #job-1`. */
export function line(command: Command): string {
  if (command.kind === 'Alert') return `Alert ${String(command.code)} ${command.items.map(({ data }) => JSON.stringify(data)).join(' ')}`
  if (!('items' in command)) return command.kind
  const [item] = command.items
  const { data, bulk, meta } = item ?? {}
  const value =
    bulk !== undefined
      ? ` <${String(bulk.size)} octets>`
      : data instanceof Uint8Array
        ? ` <${String(data.length)} octets>`
        : data === undefined || data === ''
          ? ''
          : ` ${JSON.stringify(data)}`
  const format = meta?.format === undefined || meta.format === 'chr' ? '' : ` ${meta.format}`
  const correlator = command.kind === 'Exec' && command.correlator !== undefined ? ` #${command.correlator}` : ''
  return `${command.kind} ${item?.target?.locUri ?? ''}${format}${value}${correlator}`
}

/** What a device answers: a Status, or a value (Status 200), or the leaves a list brings. Keys are beginnings of lines; the longest fits. */
export type Answer = number | string | readonly [format: string, data: string] | Readonly<Record<string, string>>
export type Answers = Readonly<Record<string, Answer>>

export function antivir(change: Partial<PackageRow> = {}): PackageRow {
  return {
    pkgId: 'antivir-2.1',
    kind: 'software',
    name: 'AntiVir',
    version: '2.1',
    description: '',
    components: [{ id: 'com.msf.antivir', version: '2.1' }],
    envType: '',
    pkgType: 'application/octet-stream',
    size: 150_000,
    sha256: 'ab'.repeat(32),
    manufacturers: ['ACME'],
    models: ['X*'],
    dependencies: [],
    fromVersion: '',
    signed: true,
    addedAt: 1,
    remarks: [],
    withdrawn: false,
    ...change,
  }
}

export interface Playbook {
  readonly jobs: Jobs
  readonly docs: Docs
  readonly happened: string[]
  readonly posted: { url: string; headers: Readonly<Record<string, string>>; body: string }[]
  readonly woken: string[]
  readonly clock: { now: number; pending(): number; pass(ms: number): Promise<void> }
  /** HTTP status of the hooks' receivers; null: nobody answers. */
  receiver: (url: string) => number | null
  create(wish: Partial<JobWish>): JobRow
  job(id?: string): JobRow
  session(options?: Partial<SessionView>): Play
  add(...rows: readonly PackageRow[]): void
  /** The same workspace after kill -9: only documents live on. */
  restart(change?: Partial<Options>): Playbook
}

/** One session: each `say` answers what was sent, and gives what is sent next. */
export interface Play {
  readonly sent: string[]
  say(answers?: Answers): string[]
  /** A generic alert; its Status. It precedes `say` of the same message. */
  alert(alert: Partial<Omit<AlertRecord, 'items'>> & { items: Partial<AlertRecord['items'][number]>[] }): number | undefined
  end(state?: 'completed' | 'aborted'): void
}

export interface Options {
  readonly docs?: Docs
  readonly now?: number
  readonly simulated?: boolean
  readonly known?: boolean
  readonly values?: Readonly<Record<string, string>>
  readonly count?: number
  readonly vault?: Vault
  readonly security?: SecurityMode
  readonly secure?: boolean
  /** Why the device has its sessions with somebody else. */
  readonly elsewhere?: string
}

export function playbook(options: Options = {}): Playbook {
  const docs = options.docs ?? memoryDocs()
  let count = options.count ?? 0
  const timers: { at: number; call: () => void }[] = []
  const device: KnownDevice = { id: DEVICE, man: 'ACME', mod: 'X1', fwv: '1.0', swv: '', hwv: '', simulated: options.simulated ?? false }
  const known = options.known === false ? [] : [device]
  const book = {
    docs,
    happened: [] as string[],
    posted: [] as { url: string; headers: Readonly<Record<string, string>>; body: string }[],
    woken: [] as string[],
    receiver: (() => 200) as Playbook['receiver'],
    clock: {
      now: options.now ?? 1_000_000,
      pending: () => timers.length,
      pass: async (ms: number) => {
        const end = book.clock.now + ms
        for (;;) {
          await settled()
          const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
          if (next === undefined) break
          timers.splice(timers.indexOf(next), 1)
          book.clock.now = Math.max(book.clock.now, next.at)
          next.call()
        }
        book.clock.now = end
        await settled()
      },
    },
  }
  const jobs = makeJobs({
    ports: {
      docs,
      now: () => book.clock.now,
      after: (ms, call) => {
        const timer = { at: book.clock.now + ms, call }
        timers.push(timer)
        return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1))
      },
      random: (octets) => {
        count += 1
        return Uint8Array.from({ length: octets }, (_, i) => (i === octets - 1 ? count : i === octets - 2 ? count >> 8 : 0))
      },
      devices: () => known,
      device: (id) => known.find((each) => each.id === id),
      value: (_device, uri) => options.values?.[uri],
      wake: async (id) => {
        book.woken.push(id)
        return 'udp://device'
      },
      url: ({ row, mechanism }) => `http://lab/dl/${row.pkgId}${mechanism === 'dlota1' ? '.dd' : ''}`,
      file: (sha256) => ({ name: 'package', size: 150_000, sha256, read: (_offset, length) => new Uint8Array(length) }),
      security: () => options.security ?? 'lab',
      secure: () => options.secure === true,
      elsewhere: () => options.elsewhere ?? '',
      seq: () => 7,
      happened: (note: Note) => book.happened.push(note.text),
      jobsMoved: () => {},
      catalogueMoved: () => {},
    },
    hooks: {
      ...(options.vault === undefined ? {} : { vault: options.vault }),
      sign: (secret, body) => `${secret}+${String(body.length)}`,
      post: async (url, headers, body) => {
        book.posted.push({ url, headers, body })
        const status = book.receiver(url)
        if (status === null) throw new Error('nobody answers')
        return status
      },
      forbidden: (url) => (url.includes('own-port') ? 'that is this lab itself' : null),
    },
    intake: async (name, bytes) => ({ fileName: name, size: bytes.length, sha256: 'cd'.repeat(32), found: {} }),
    offer: async ({ pkgId }) => pkgId,
    commit: () => {},
  })
  const result: Playbook = {
    ...book,
    jobs,
    get receiver() {
      return book.receiver
    },
    set receiver(to) {
      book.receiver = to
    },
    create: (wish) => {
      const [row] = jobs.engine.create({
        device: DEVICE,
        type: 'scomo',
        op: 'install',
        ...(wish.component === undefined && wish.target === undefined ? { pkg: 'antivir-2.1' } : {}),
        ...wish,
      }).jobs
      if (row === undefined) throw new Error('no job')
      return row
    },
    job: (id) => {
      const [newest] = jobs.engine.list('')
      const row = id === undefined ? newest : jobs.engine.detail(id).job
      if (row === undefined) throw new Error('no job')
      return row
    },
    session: (change) => play(jobs, { ...VIEW, sessionId: String((sessions += 1)), ...change }),
    add: (...rows) => {
      for (const row of rows) jobs.catalogue.add(row, `${row.pkgId}.zip`)
    },
    restart: (change) => {
      jobs.stop()
      return playbook({ ...options, docs, now: book.clock.now, count, ...change })
    },
  }
  if (options.docs === undefined) result.add(antivir())
  return result
}

let sessions = 0
const settled = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

const VIEW: SessionView = {
  device: DEVICE,
  sessionId: '1',
  authenticated: true,
  auth: 'syncml:auth-MAC',
  devInfo: { './DevInfo/Man': 'ACME', './DevInfo/Mod': 'X1' },
  peer: { maxObjSize: 4_000_000, encoding: 'xml' },
  round: 0,
  taken: () => false,
}

function play(jobs: Jobs, base: SessionView): Play {
  let round = 0
  let flying: readonly Command[] = []
  const sent: string[] = []
  const view = (): SessionView => ({ ...base, round })
  return {
    sent,
    alert: (alert) => {
      const items = alert.items.map((item) => ({ source: '', type: '', format: '', mark: '', data: '', ...item }))
      return jobs.policy.alert?.(view(), {
        device: base.device,
        sessionId: base.sessionId,
        msgId: '1',
        at: 0,
        code: 1226,
        correlator: '',
        ...alert,
        items,
      })
    },
    say: (answers = {}) => {
      const works = jobs.policy.next(
        view(),
        flying.map((command) => outcome(command, answers)),
      )
      round += 1
      flying = works.flatMap(({ commands }) => commands)
      const lines = flying.map(line)
      sent.push(...lines)
      return lines
    },
    end: (state = 'completed') => jobs.policy.ended?.(view(), { state, reason: state === 'completed' ? '' : 'the wire was cut' }, []),
  }
}

function outcome(command: Command, answers: Answers): CommandOutcome {
  const text = line(command)
  const key = Object.keys(answers)
    .filter((each) => (each.startsWith('Get ') ? text === each : text.startsWith(each)))
    .sort((a, b) => b.length - a.length)[0]
  const answer = key === undefined ? (command.kind === 'Get' ? 404 : 200) : (answers[key] ?? 200)
  const uri = 'items' in command ? (command.items[0]?.target?.locUri ?? '') : ''
  const one = (code: number, data: string, format: string, at = uri): CommandOutcome['outcomes'][number] => ({
    command: 0,
    code,
    uri: at,
    data,
    format,
  })
  if (typeof answer === 'number') return { order: null, command, outcomes: answer === 0 ? [] : [one(answer, '', '')] }
  if (typeof answer === 'string') return { order: null, command, outcomes: [one(200, answer, 'chr')] }
  if (Array.isArray(answer)) return { order: null, command, outcomes: [one(200, String(answer[1]), String(answer[0]))] }
  return {
    order: null,
    command,
    outcomes: [one(200, '', ''), ...Object.entries(answer as Record<string, string>).map(([at, data]) => one(200, data, 'chr', at))],
  }
}

/** A device whose object is found by its Type, without anything installed. */
export const EMPTY: Answers = {
  'Get .': ['node', 'DevInfo/DevDetail/DMAcc/SCOMO'],
  'Get ./SCOMO?prop=Type': 'urn:oma:mo:oma-scomo:1.0',
  'Get ./SCOMO/Inventory?list=StructData': { './SCOMO/Inventory/Delivered': '', './SCOMO/Inventory/Deployed': '' },
  'Get ./SCOMO/Download': ['node', ''],
  'Get ./DevDetail/LrgObj': 'true',
  'Get ./DevDetail/FwV': '1.0',
}

const Y = './SCOMO/Inventory/Deployed/com.msf.antivir'
/** The component as it stands after an installation. */
export const INSTALLED: Answers = {
  [`Get ${Y}/ID`]: 'com.msf.antivir',
  [`Get ${Y}/Version`]: '2.1',
  [`Get ${Y}/State`]: '20',
  [`Get ${Y}/PkgIDRef`]: 'antivir-2.1',
  'Get ./SCOMO/Inventory/Deployed': ['node', 'com.msf.antivir'],
}

/** The final alert of an order. */
export function complete(correlator: string, code: number, source: string, target = Y): Parameters<Play['alert']>[0] {
  const data = `<ResultCode>${String(code)}</ResultCode><Identifier>com.msf.antivir</Identifier>`
  return { correlator, items: [{ source, target, type: 'urn:oma:at:scomo:1.0:OperationComplete', format: 'xml', data }] }
}
