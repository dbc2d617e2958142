// Records and saves as fast as it can until it is killed; notes in a file what is acknowledged. Run by workspacekill.test.ts.
import { openSync, writeSync } from 'node:fs'
import { openWorkspace } from '../../core/node/workspace.ts'
import { entryOf } from '../store/rows.ts'

const [folder = '', notes = ''] = process.argv.slice(2)
const workspace = openWorkspace(folder, { segmentBytes: 200_000 })
const { trace, ledger } = workspace
const file = openSync(notes, 'w')
const say = (text: string): number => writeSync(file, `${text}\n`)
let saved = Number(ledger.setting('saved') ?? 0)
say(`saved ${saved}`)
process.stdout.write('open\n')
setInterval(() => {
  trace.flush()
  say(`flushed ${trace.last}`)
}, 100)

function work(): void {
  for (let round = 0; round < 20; round++) {
    const seq = trace.append(entryOf(trace.last + 1))
    if (seq % 7 === 0) trace.amend(seq, { hold: 'released' })
    if (seq % 5 === 0) {
      saved += 1
      ledger.save([
        { kind: 'values', values: [{ device: 'd', uri: `./${saved}`, format: 'chr', type: '', data: String(saved), at: 0 }] },
        { kind: 'nonces', nonces: { device: 'd', serverId: 'dm-lab', client: Uint8Array.of(saved & 255), server: null, reading: null } },
        { kind: 'alert', alert: { device: 'd', sessionId: '1', msgId: String(saved), at: 0, code: 1226, correlator: '', items: [] } },
      ])
      ledger.setSetting('saved', String(saved))
      say(`saved ${saved}`)
    }
    if (seq % 50 === 0) {
      const held = {
        id: seq,
        seq,
        at: 0,
        direction: 'up',
        hop: 'S-D',
        device: 'd',
        sessionId: '1',
        commands: [],
        encoding: 'xml',
        why: '',
        peerWaits: true,
      } as const
      ledger.hold({ held, session: 1, bytes: entryOf(seq).bytes })
      say(`held ${seq}`)
      ledger.unhold(seq - 100)
    }
  }
  setImmediate(work)
}
work()
