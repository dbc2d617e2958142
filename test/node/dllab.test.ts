// The download server of a running lab: the ready line names it, devices fetch beside POST /dm, and every exchange is two rows of the trace.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { processClock } from '../../core/node/clock.ts'
import { makeDownloads } from '../../core/node/dlclient.ts'
import { imagesIn } from '../../core/node/images.ts'
import { startLab } from '../../core/node/main.ts'
import { readPage } from '../../core/page.ts'
import { needsSqlite } from '../store/memory.ts'
import { antivir, askFor, hash } from './dlrig.ts'

test('a lab serves its images; requests and answers stand in the trace, linked, with bounded bytes', async (context) => {
  needsSqlite(context)
  const root = mkdtempSync(join(tmpdir(), 'dm-lab-dllab-'))
  const lab = await startLab({ workspace: join(root, 'w'), host: '127.0.0.1', dmPort: 0, uiPort: null })
  try {
    expect(lab.ready.download).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/dl\/$/)
    expect(new URL(lab.ready.download ?? '').host).toBe(new URL(lab.ready.dm).host)
    imagesIn(join(root, 'w', 'images'), Date.now).put('antivir-2.1', antivir())
    const client = makeDownloads({ folder: join(root, 'device'), clock: processClock() })
    const answer = await client.ask(askFor(`${lab.ready.download ?? ''}antivir-2.1.dd?device=IMEI:1&job=job-1`))
    expect(answer).toMatchObject({ status: 900, digestChecked: true, file: { sha256: hash(antivir()) } })
    const rows = readPage(await lab.api.trace.rows(1, 100)).filter(({ kind, target }) => kind === 'http' && target.startsWith('/dl/'))
    expect(rows.map(({ direction, target, httpStatus, device }) => [direction, target, httpStatus, device])).toEqual(
      [
        ['/dl/antivir-2.1.dd', 200],
        ['/dl/antivir-2.1', 200],
        ['/dl/notify/job-1', 200],
      ].flatMap(([target, status]) => [
        ['up', target, 0, 'IMEI:1'],
        ['down', target, status, 'IMEI:1'],
      ]),
    )
    const object = await lab.api.trace.frame(rows[3]?.seq ?? 0)
    expect([object.bytes.length, object.row.size, object.cause]).toEqual([4096, 150_000, rows[2]?.seq])
    expect(object.row.text).toContain(`SHA-256 ${hash(antivir())}`)
    const report = await lab.api.trace.frame(rows[4]?.seq ?? 0)
    expect(Buffer.from(report.bytes).toString()).toBe('900 Success')
  } finally {
    await lab.stop()
    rmSync(root, { recursive: true, force: true })
  }
})
