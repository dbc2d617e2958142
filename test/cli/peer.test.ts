// `dmlab peer`: two labs as processes, one attached to the other from the command line; wrong words refused.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PeerRow } from '../../core/api.ts'
import { dmlabHere as dmlab, scratch } from './dmlab.ts'
import { running } from './running.ts'

test('a gateway in a process of its own is attached, held, listed and detached', { timeout: 60_000 }, async () => {
  const [a, b] = [join(scratch(), 'a'), join(scratch(), 'b')]
  const ports = ['--dm-port', '0', '--ui-port', '0', '--no-tls']
  const here = running(['serve', '--workspace', a, ...ports])
  const { dm } = JSON.parse(await here.line(0)) as { dm: string }
  const there = running(['serve', '--workspace', b, '--role', 'gateway', '--server', dm, ...ports])
  try {
    const { ui } = JSON.parse(await there.line(0)) as { ui: string }
    const bare = ui.replace(/\?.*/, '')
    const said = async (...words: string[]): Promise<PeerRow> =>
      JSON.parse((await dmlab(['peer', ...words, '--workspace', a, '--json'])).text) as PeerRow
    const row = await said('attach', bare, '--token-file', b, '--name', 'gw')
    expect(row).toMatchObject({ name: 'gw', url: bare, state: 'attached', holding: false })
    expect(await dmlab(['peer', 'attach', ui, '--workspace', a])).toMatchObject({ code: 2, err: expect.stringContaining('is attached already') })
    expect((await said('hold', row.id, 'on')).holding).toBe(true)
    expect((await dmlab(['peer', 'list', '--workspace', a])).text).toContain(`${row.id}  gw  ${bare}  attached`)
    expect((await dmlab(['peer', 'detach', row.id, '--workspace', a])).text).toBe(`${row.id} detached\n`)
    expect((await dmlab(['peer', 'list', '--workspace', a])).text).toBe('')
    expect(await dmlab(['peer', 'attach', 'ftp://x', '--workspace', a])).toMatchObject({ code: 2, err: expect.stringContaining('expected http') })
    expect(await dmlab(['peer', 'attach', bare, '--workspace', a])).toMatchObject({ code: 2, err: expect.stringContaining('token') })
    expect(await dmlab(['peer', 'hold', row.id, 'perhaps', '--workspace', a])).toMatchObject({ code: 2, err: expect.stringContaining('on or off') })
  } finally {
    await there.stop()
    await here.stop()
  }
})
