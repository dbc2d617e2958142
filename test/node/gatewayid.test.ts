// A gateway apart from its server has a name of its own, and keeps it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { GATEWAY_ID, keptGatewayId } from '../../core/node/gatewayid.ts'

it('each workspace has one, the same the next time; one that is known by the common name keeps it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'dm-gwid-'))
  try {
    const one = keptGatewayId(join(dir, 'one'))
    expect(one).toMatch(/^urn:x-dm-lab:gateway:[0-9a-f]{8}$/)
    expect(keptGatewayId(join(dir, 'one'))).toBe(one)
    expect(keptGatewayId(join(dir, 'two'))).not.toBe(one)
    mkdirSync(join(dir, 'old', 'gateway'), { recursive: true })
    writeFileSync(join(dir, 'old', 'gateway', 'gateway.db'), '')
    expect([keptGatewayId(join(dir, 'old')), keptGatewayId(join(dir, 'old'))]).toEqual([GATEWAY_ID, GATEWAY_ID])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
