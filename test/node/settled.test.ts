// A workspace read beside the lab that owns it: whoever asked the lab for its state finds every row the answer counts.
import { describe, expect, it } from 'vitest'
import { openWorkspace } from '../../core/node/workspace.ts'
import { hasSqlite } from '../support/needs.ts'
import { deviceOf, realLab, session } from '../support/reallab.ts'

describe.skipIf(!hasSqlite)('beside the owner (needs node:sqlite)', () => {
  it('rows of the last moment stand in the workspace once the lab has told its state', async () => {
    const lab = await realLab()
    try {
      for (let n = 1; n <= 3; n++) {
        const { outcome } = await session(deviceOf(lab, { id: `IMEI:SETTLED${String(n)}` }))
        expect(outcome).toBe('completed')
        const { last } = await lab.api.lab.state()
        const beside = openWorkspace(lab.workspace, { readOnly: true })
        try {
          expect(beside.trace.last).toBe(last)
        } finally {
          await beside.close()
        }
      }
    } finally {
      await lab.end()
    }
  })
})
