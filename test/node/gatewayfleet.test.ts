// A fleet behind one gateway: every status is accounted for, and no more than 256 devices are connected at a time. 100 devices; 1,000 in the long version.
import { expect, test } from 'vitest'
import { AWAKE } from '../../core/lab/wakes.ts'
import { fleet } from '../bench/gateway.ts'
import { needsSqlite } from '../store/memory.ts'

const COUNT = process.env['DM_LAB_SOAK'] === undefined ? 100 : 1000

test(
  `${String(COUNT)} devices behind one gateway: a fan-out to all of them ends with as many statuses`,
  { timeout: 60_000 + COUNT * 600 },
  async (context) => {
    needsSqlite(context)
    const told = await fleet(COUNT)
    expect(told.done).toBe(COUNT)
    expect(told.most).toBeLessThanOrEqual(AWAKE)
  },
)
