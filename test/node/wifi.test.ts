// The way over Wi-Fi: invitations with QR codes, the connect page with probes and report, tokens that open once, mDNS on loopback.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConnectInvite } from '../../core/api.ts'
import { realLab } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

let lab: RealLab
beforeAll(async () => {
  lab = await realLab()
})
afterAll(() => lab.end())

const pageOf = (invite: ConnectInvite): URL => new URL(invite.codes[0]?.url ?? '')
const tokenOf = (invite: ConnectInvite): string => pageOf(invite).searchParams.get('t') ?? ''
const probe = (invite: ConnectInvite, n: number): Promise<Response> =>
  fetch(`${invite.ways[n]?.base ?? ''}/connect/probe?t=${tokenOf(invite)}&n=${String(n)}`)
const report = (invite: ConnectInvite, probes: readonly object[]): Promise<Response> =>
  fetch(`${pageOf(invite).origin}/connect/report?t=${tokenOf(invite)}`, { method: 'POST', body: JSON.stringify({ probes }) })

test('a code says the page, the token and the other ways; SVG and PNG hold the same modules', async () => {
  const invite = await lab.api.wifi.invite({})
  const [code] = invite.codes
  expect(pageOf(invite).origin).toBe(new URL(lab.ready.dm).origin)
  expect(tokenOf(invite)).toMatch(/^[\w-]{22}$/)
  for (const { base } of invite.ways.filter((way) => way.base !== pageOf(invite).origin)) expect(code?.url).toContain(base.replace('http://', ''))
  expect((code?.modules ?? 0) % 4).toBe(1)
  expect(code?.svg).toContain(`viewBox="0 0 ${String((code?.modules ?? 0) + 8)}`)
  expect([...(code?.png ?? []).slice(1, 4)]).toEqual([0x50, 0x4e, 0x47])
})

test('a page opens with its own policy; what it reports and the lab saw is a proof; the token is spent', async () => {
  const invite = await lab.api.wifi.invite({ device: 'IMEI:w1' })
  const page = await fetch(pageOf(invite))
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' http:/)
  const text = await page.text()
  expect(text).toContain('IMEI:w1')
  expect(text).not.toMatch(/<script(?! src=)/)
  expect((await lab.api.wifi.state()).invites.find(({ id }) => id === invite.id)?.state).toBe('visited')
  const answer = await probe(invite, 0)
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  expect(await answer.json()).toMatchObject({ lab: 'DM Lab', n: 0 })
  const said = await report(invite, [{ n: 0, result: 'ours', ms: 12.5, text: 'the lab answered' }])
  expect(said.status).toBe(204)
  const state = await lab.api.wifi.state()
  const done = state.invites.find(({ id }) => id === invite.id)
  expect(done).toMatchObject({ state: 'done', report: { remote: '127.0.0.1', best: invite.ways[0]?.candidate } })
  expect(done?.report?.probes[0]).toMatchObject({ result: 'ours', ms: 12.5, seen: true })
  expect(state.proofs[0]).toMatchObject({ device: 'IMEI:w1', base: invite.ways[0]?.base, ms: 12.5 })
  await lab.until((rows) => rows.some((row) => row.text.startsWith('IMEI:w1 at 127.0.0.1 reaches the lab by http://127.0.0.1')))
  expect((await fetch(pageOf(invite))).status).toBe(410)
  expect((await probe(invite, 0)).status).toBe(404)
  expect((await report(invite, [])).status).toBe(410)
})

test('a claim that the lab did not see is no proof', async () => {
  const invite = await lab.api.wifi.invite({ device: 'IMEI:w2' })
  const wrong = await fetch(`${pageOf(invite).origin}/connect/probe?t=${tokenOf(invite)}&n=99`)
  expect(wrong.status).toBe(200)
  await report(invite, [{ n: 0, result: 'ours', ms: 1, text: 'believe me' }])
  const state = await lab.api.wifi.state()
  expect(state.invites.find(({ id }) => id === invite.id)?.report).toMatchObject({
    best: '',
    probes: expect.arrayContaining([expect.objectContaining({ seen: false })]),
  })
  expect(state.proofs.some(({ device }) => device === 'IMEI:w2')).toBe(false)
})

test('a token taken back, guessed or too long a report opens nothing', async () => {
  const invite = await lab.api.wifi.invite({})
  expect((await fetch(`${pageOf(invite).origin}/connect?t=guess`)).status).toBe(410)
  const long = await fetch(`${pageOf(invite).origin}/connect/report?t=${tokenOf(invite)}`, { method: 'POST', body: 'x'.repeat(20_000) })
  expect(long.status).toBe(413)
  expect((await report(invite, [{ n: 0, result: 'maybe' }])).status).toBe(400)
  await lab.api.wifi.withdraw(invite.id)
  expect((await fetch(pageOf(invite))).status).toBe(410)
  await expect(lab.api.wifi.withdraw('ffff')).rejects.toThrow('there is no invitation ffff')
  await expect(lab.api.wifi.invite({ candidates: ['nowhere'] })).rejects.toThrow('there is no address nowhere')
})

test('mDNS: off until asked for; one lab finds what another publishes, and its goodbye', async () => {
  expect((await lab.api.wifi.state()).mdns).toMatchObject({ publishing: false, browsing: false, services: [] })
  await expect(lab.api.wifi.publish({ interface: 'none9' })).rejects.toThrow('there is no interface none9 with an IPv4 address')
  const other = await realLab()
  try {
    await lab.api.wifi.publish({ name: 'Bench one', interface: 'lo' })
    await other.api.wifi.browse({ interface: 'lo' })
    const { port } = new URL(lab.ready.dm)
    const find = async (): Promise<unknown> => (await other.api.wifi.state()).mdns.services.find(({ name }) => name === 'Bench one')
    await expect.poll(find).toMatchObject({ type: '_oma-dm._tcp', port: Number(port), own: false, txt: { path: '/dm', txtvers: '1' } })
    await lab.api.wifi.publish(null)
    await expect.poll(find).toBeUndefined()
  } finally {
    await other.end()
  }
})
