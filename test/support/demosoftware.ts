// A lab in memory with software to look at: scenarios of the documents with runs, jobs in every state, a catalogue, boards, and questions.
import type {
  DeviceQuestion,
  JobDetail,
  JobItemRow,
  JobRow,
  JobState,
  PackageRow,
  ScenarioRun,
  Seq,
  SoftwareBoard,
  SoftwareCard,
  StepResult,
  StepVerdict,
} from '../../core/api.ts'
import { SCENARIOS } from '../../core/scenario/all.ts'
import { infoOf } from '../../core/scenario/words.ts'
import { demoLab, status, worked, xml } from './demo.ts'
import type { FakeLab } from './fakelab.ts'

const DEVICE = 'SIM:100001'
const EXEC =
  '<Exec><CmdID>5</CmdID><Correlator>job-7.1</Correlator><Item><Target><LocURI>./SCOMO/Download/antivir/Operations/Download</LocURI></Target></Item></Exec>'
const COMPLETE =
  '<Alert><CmdID>1</CmdID><Data>1226</Data><Correlator>job-7.1</Correlator><Item><Source><LocURI>./SCOMO/Download/antivir</LocURI></Source><Meta><Type xmlns="syncml:metinf">urn:oma:at:scomo:1.0:OperationComplete</Type><Format xmlns="syncml:metinf">xml</Format></Meta><Data>&lt;ResultCode&gt;1200&lt;/ResultCode&gt;</Data></Item></Alert>'

/** Records the rows of the alternate download (S1 5.4.2) one by one; each call adds the next and gives its row. */
export function downloadRows(lab: FakeLab, device = DEVICE): readonly (() => Seq)[] {
  const key = lab.session(device, '4D', 'open')
  const head = { device, session: '4D' }
  const [first, second] = worked(device, '4D') as [Uint8Array, Uint8Array]
  const event = (text: string): Seq => lab.add({ kind: 'event', text, device, later: 30 })
  const http = (direction: 'up' | 'down', text: string, httpStatus = 0): Seq =>
    lab.add({ kind: 'http', direction, text, httpStatus, target: '/dl/job-7.1/antivir-2.1.pkg', device, later: 120 })
  return [
    () => event('emi.request: job-7 is asked for: deliver antivir-2.1.'),
    () => lab.add({ kind: 'push', direction: 'down', package: '#0', text: 'Notification, session 4D, server dm-lab', device, later: 60 }),
    () => lab.message('up', first, 'xml', key, { later: 140 }),
    () => event('server.chooses: antivir-2.1 suits Acme M1.'),
    () => event('server.mechanism: antivir-2.1 travels by an OMA Download descriptor.'),
    () =>
      lab.message(
        'down',
        xml(status(1, '1', '0', 'SyncHdr', '212') + status(2, '1', '1', 'Alert', '200') + status(3, '1', '2', 'Replace', '200') + EXEC, {
          ...head,
          up: false,
        }),
        'xml',
        key,
      ),
    () =>
      lab.message('up', xml(status(1, '1', '0', 'SyncHdr', '200') + status(2, '1', '5', 'Exec', '202'), { ...head, msg: '2' }), 'xml', key, {
        later: 90,
      }),
    () => lab.message('down', second, 'xml', key),
    () => http('up', 'GET /dl/job-7.1/antivir-2.1.pkg'),
    () => http('down', '206, bytes 0 to 149999 of 150000', 206),
    () => event('device.performs: deliver: antivir 2.1, 150000 bytes, lies in Delivered/antivir.'),
    () => lab.message('up', xml(COMPLETE, { ...head, msg: '3' }), 'xml', key, { later: 400 }),
    () => event('emi.notified: done, 1200; HTTP 204 from http://127.0.0.1:9000/outcome.'),
  ]
}

/** Which of those rows decide the steps of the flow, by place. */
const DECIDES: Readonly<Record<string, readonly number[]>> = { 1: [0], 2: [1], 3: [2], 4: [3], 5: [4], '6a': [5, 6], '6b': [8, 9], 7: [11], 8: [12] }

/** A run of S1 5.4.2 after `rows` of its rows; `fails` breaks that step. */
export function downloadRun(run: ScenarioRun, seqs: readonly Seq[], fails = ''): ScenarioRun {
  const info = infoOf(SCENARIOS.find((one) => one.id === run.id) as (typeof SCENARIOS)[number])
  let broken = false
  const steps = info.steps.map(({ key, label }): StepResult => {
    const rows = (DECIDES[key.replace('+', '')] ?? []).map((at) => seqs[at])
    const here = rows.length > 0 && rows.every((seq) => seq !== undefined)
    const verdict: StepVerdict = broken || !here ? 'not reached' : key === fails ? 'fail' : 'pass'
    broken ||= verdict === 'fail'
    const messages = verdict === 'not reached' ? [] : rows.filter((seq) => seq !== undefined)
    return {
      key,
      label,
      verdict,
      messages,
      reason: verdict === 'fail' ? 'the device refuses the Exec: 405' : '',
      at: verdict === 'not reached' ? null : (seqs.indexOf(messages.at(-1) ?? 0) + 1) * 80,
    }
  })
  const done = broken || steps.every((one) => one.verdict === 'pass')
  return {
    ...run,
    state: done ? 'done' : 'running',
    verdict: !done ? '' : broken ? 'fail' : 'pass',
    duration: seqs.length * 80,
    first: seqs[0] ?? 0,
    last: seqs.at(-1) ?? 0,
    steps,
    conditions: info.pre.map((text) => ({ text, when: 'before', verdict: 'pass', messages: seqs.slice(0, 1), reason: '' })),
    findings:
      seqs.length > 2
        ? [{ seq: seqs[2] ?? 0, rule: 'hdr.maxmsgsize.absent', severity: 'warn', text: 'No MaxMsgSize in the first message after a challenge.' }]
        : [],
  }
}

const item = (state: JobState, more: Partial<JobItemRow> = {}): JobItemRow => ({
  pkg: 'antivir-2.1',
  component: 'com.msf.antivir',
  version: '2.1',
  correlator: 'job-7.1',
  state,
  resultCode: 0,
  text: '',
  mechanism: 'dlota1',
  objects: [],
  executed: 'unknown',
  ...more,
})

/** Jobs in many states; the newest is done and has a log with rows. */
export function demoJobs(now: number, rows: readonly Seq[]): JobDetail[] {
  const made = (id: number, state: JobState, more: Partial<JobRow> = {}, detail: Partial<JobDetail> = {}): JobDetail => {
    const row: JobRow = {
      id: `job-${String(id)}`,
      batch: `batch-${String(id)}`,
      device: DEVICE,
      type: 'scomo',
      op: 'install',
      state,
      reason: '',
      resultCode: 0,
      origin: 'emi',
      createdAt: now - (20 - id) * 90_000,
      updatedAt: now,
      items: [item(state, { resultCode: more.resultCode ?? 0 })],
      ...more,
    }
    return { job: row, wish: { device: row.device, type: row.type, op: row.op, pkg: 'antivir-2.1' }, log: [], findings: [], told: [], ...detail }
  }
  const log = [
    'asked for by the infrastructure',
    'Package #0 is sent',
    'DevInfo: Acme M1',
    'antivir-2.1 suits the device',
    'Exec Download is sent, Correlator job-7.1',
    'Status 202: the device works on it',
    'Alert 1226 OperationComplete: 1200',
    'told to the infrastructure',
  ].map((text, i) => ({ at: now - 60_000 + i * 700, seq: rows[Math.min(rows.length - 1, i)] ?? 0, text }))
  const told = [{ url: 'http://127.0.0.1:9000/outcome', at: now, httpStatus: 204, tries: 1, done: true }]
  return [
    made(12, 'queued', { device: 'IMEI:490154203237518', op: 'update', origin: 'subscription' }),
    made(11, 'running', { device: 'SIM:100002', origin: 'set' }),
    made(10, 'accepted', {
      device: 'SIM:100003',
      type: 'fumo',
      op: 'update',
      items: [item('accepted', { pkg: 'firmware-3.0', component: '', version: '3.0' })],
    }),
    made(9, 'waiting', { device: 'IMEI:350000000000017', reason: 'no management object for software on this device' }),
    made(8, 'refused', { resultCode: 1401, reason: 'The user said no.' }),
    made(
      7,
      'done',
      {
        op: 'deliver',
        resultCode: 1200,
        items: [
          item('done', { resultCode: 1200, text: 'Delivered, 150,000 bytes', objects: ['./SCOMO/Inventory/Delivered/antivir'], executed: false }),
        ],
      },
      { log, told, findings: [{ id: 'R3', text: 'The package came over plain HTTP; its digest was checked by the device.' }] },
    ),
    made(6, 'failed', {
      resultCode: 1405,
      items: [item('failed', { resultCode: 1405, text: 'Installation failed: dependency com.msf.base 1.2 is missing' })],
    }),
    made(5, 'partial', {
      resultCode: 1403,
      items: [item('done', { resultCode: 1200 }), item('failed', { component: 'com.msf.mail', version: '1.0', pkg: 'mail-1.0', resultCode: 1403 })],
    }),
    made(4, 'not_applicable', { device: 'IMEI:350000000000017' }),
    made(3, 'unknown', { op: 'activate', reason: 'The session was lost after the Exec, and the device never came again.' }),
    made(2, 'cancelled'),
    made(1, 'not_needed', { origin: 'device' }),
  ]
}

const pack = (pkgId: string, more: Partial<PackageRow> = {}): PackageRow => ({
  pkgId,
  kind: 'software',
  name: 'AntiVir',
  version: '2.1',
  description: 'Scanner with signatures of November.',
  components: [{ id: 'com.msf.antivir', version: '2.1' }],
  envType: 'native',
  pkgType: 'application/vnd.oma.scomo.package',
  size: 150_000,
  sha256: '9f2c71d8'.repeat(8),
  manufacturers: ['Acme'],
  models: ['M1', 'M2*'],
  dependencies: [],
  fromVersion: '',
  signed: true,
  addedAt: Date.now() - 3_600_000,
  remarks: [],
  withdrawn: false,
  ...more,
})

/** Packages of both kinds; one without a manifest, one withdrawn. */
export const demoPackages = (): PackageRow[] => [
  pack('antivir-2.0', { version: '2.0', components: [{ id: 'com.msf.antivir', version: '2.0' }], withdrawn: true, addedAt: Date.now() - 86_400_000 }),
  pack('antivir-2.1'),
  pack('mail-1.0', {
    name: 'mail',
    version: '1.0',
    description: '',
    components: [{ id: 'com.msf.mail', version: '1.0' }],
    signed: false,
    manufacturers: [],
    models: [],
    dependencies: [{ id: 'com.msf.base', version: '1.2' }],
    size: 2_411_724,
    remarks: ['No manifest: name and version are taken from the file name.', 'Not signed.'],
  }),
  pack('firmware-3.0', {
    kind: 'firmware',
    name: 'M1 firmware',
    version: '3.0',
    components: [],
    fromVersion: '2.9',
    size: 67_108_864,
    pkgType: 'application/octet-stream',
  }),
]

const card = (place: SoftwareCard['place'], id: string, more: Partial<SoftwareCard> = {}): SoftwareCard => ({
  uri: `./SCOMO/${place === 'download' ? 'Download' : place === 'delivered' ? 'Inventory/Delivered' : 'Inventory/Deployed'}/${id}`,
  place,
  id,
  name: '',
  version: '',
  state: null,
  status: 10,
  words: '',
  pkgIdRef: '',
  size: null,
  executed: '',
  moves: [],
  ...more,
})

/** A board with cards in every column; `active` tells whether the component runs. */
export function demoBoard(rows: readonly Seq[], now: number, active = false): SoftwareBoard {
  const [exec = 0, alert = 0] = [rows[5], rows[11]]
  const moved = (text: string, from: string, to: string, resultCode = 0) => ({ at: now, order: exec, proof: alert, text, from, to, resultCode })
  return {
    device: DEVICE,
    roots: [
      { uri: './SCOMO', mo: 'urn:oma:mo:oma-scomo:1.0' },
      { uri: './FUMO', mo: 'urn:oma:mo:oma-fumo:1.0' },
    ],
    cards: [
      card('download', 'mail', { name: 'mail', version: '1.0', status: 30, words: 'Download Progressing', size: 2_411_724 }),
      card('download', 'notes', { name: 'notes', version: '0.9', status: 35, words: 'Download Suspended INFERRED' }),
      card('delivered', 'antivir-2.1', {
        name: 'AntiVir',
        version: '2.1',
        state: 20,
        words: 'Installed',
        size: 150_000,
        moves: [moved('Exec Download, Alert 1226', 'Download', 'Delivered', 1200)],
      }),
      card('delivered', 'game-1.0', {
        name: 'game',
        version: '1.0',
        state: 10,
        status: 50,
        words: 'Install Failed / Have Data',
        moves: [moved('Exec Install, Alert 1226', 'Delivered', 'Install Failed / Have Data', 1405)],
      }),
      card('deployed', 'com.msf.antivir', {
        name: 'AntiVir',
        version: '2.1',
        state: active ? 20 : 10,
        words: active ? 'Active' : 'Inactive',
        pkgIdRef: 'antivir-2.1',
        executed: active ? '2 min ago' : '',
        moves: [
          ...(active ? [moved('Exec Activate, Status 1200', 'Inactive', 'Active', 1200)] : []),
          moved('Exec Install, Alert 1226', '', 'Inactive', 1200),
        ],
      }),
      card('deployed', 'com.msf.base', { name: 'base', version: '1.1', state: 20, words: 'Active', executed: '14:02:07' }),
      card('firmware', 'FUMO', { uri: './FUMO', name: 'M1 firmware', version: '2.9', state: 50, status: null, words: 'Ready to Update' }),
    ],
    log: [
      { at: now - 9000, what: 'boot', text: 'the device is on' },
      { at: now - 8000, what: 'download', text: 'antivir-2.1 from /dl/job-7.1/antivir-2.1.pkg, 150,000 bytes' },
      { at: now - 7000, what: 'deliver', text: 'antivir-2.1 lies in Delivered/antivir-2.1' },
      { at: now - 6000, what: 'ask', text: 'Install AntiVir 2.1? accepted' },
      { at: now - 5000, what: 'install', text: 'com.msf.antivir 2.1' },
      ...(active ? [{ at: now - 1000, what: 'start' as const, text: 'com.msf.antivir 2.1, sha256 9f2c71d8…' }] : []),
      { at: now - 3000, what: 'fail', text: 'game-1.0: dependency com.msf.base 1.2 is missing' },
    ],
  }
}

/** A question of the device itself before it installs. */
export const consent = (more: Partial<DeviceQuestion> = {}): DeviceQuestion => ({
  id: 'q-1',
  device: DEVICE,
  kind: 'confirm',
  text: 'Install AntiVir 2.1?\nIt needs 150 kB and starts by itself.',
  choices: [],
  preset: [],
  maxLength: null,
  form: 'A',
  secret: false,
  asker: 'device',
  askedAt: Date.now(),
  until: Date.now() + 60_000,
  ...more,
})

export interface SoftwareLab {
  readonly lab: FakeLab
  /** Rows of the finished run of S1 5.4.2. */
  readonly rows: readonly Seq[]
}

/** The demo lab with all of this in it: one finished run and one that failed at step 6a. */
export function softwareLab(): SoftwareLab {
  const lab = demoLab()
  const world = lab.software
  world.scenarios.push(...SCENARIOS.map(infoOf))
  const begun = (run: number, id: string, more: Partial<ScenarioRun> = {}): ScenarioRun => ({
    run,
    id,
    encoding: 'xml',
    transport: 'memory',
    seed: 42,
    state: 'running',
    verdict: '',
    startedAt: Date.now() - 60_000,
    duration: 0,
    first: 0,
    last: 0,
    steps: [],
    conditions: [],
    findings: [],
    fault: '',
    ...more,
  })
  const failed = downloadRows(lab)
    .slice(0, 8)
    .map((next) => next())
  const rows = downloadRows(lab).map((next) => next())
  world.runs.push(downloadRun(begun(2, 's1-5.4.2'), rows), downloadRun(begun(1, 's1-5.4.2', { fault: '6a', encoding: 'wbxml' }), failed, '6a'))
  world.jobs.push(...demoJobs(Date.now(), rows))
  world.packages.push(...demoPackages())
  world.boards.set(DEVICE, demoBoard(rows, Date.now()))
  return { lab, rows }
}
