// Invitations over Wi-Fi in words. Pure.
import type { ConnectInvite, ConnectProbe } from '../../core/api/wifi.ts'
import { span } from './words.ts'

/** How an invitation stands, `now` in ms: who waits for what. */
export function inviteWords(invite: ConnectInvite, now: number): { readonly text: string; readonly tone: 'good' | 'warn' | 'bad' | '' } {
  if (invite.state === 'done') {
    const best = invite.report?.best ?? ''
    return best === ''
      ? { text: 'The device opened the page, but no way worked', tone: 'bad' }
      : { text: `${best} works from the device`, tone: 'good' }
  }
  if (invite.state === 'expired' || now >= invite.until) return { text: 'The code is too old: it opens nothing any more', tone: 'warn' }
  if (invite.state === 'withdrawn') return { text: 'Withdrawn', tone: '' }
  if (invite.state === 'visited') return { text: 'The page was opened; the device is testing', tone: 'warn' }
  return { text: `Waits for a device to open it, ${span(invite.until - now)} left`, tone: '' }
}

/** What became of one way: the device's word, and whether the lab saw it. */
export function probeWords(probe: ConnectProbe): { readonly text: string; readonly tone: 'good' | 'warn' | 'bad'; readonly icon: string } {
  if (probe.result === 'ours')
    return probe.seen
      ? { text: `works, ${Math.round(probe.ms).toString()} ms`, tone: 'good', icon: 'check' }
      : { text: 'the device says it works; the lab did not see it', tone: 'warn', icon: 'warn' }
  if (probe.result === 'other') return { text: `something else answers there: ${probe.text}`, tone: 'warn', icon: 'warn' }
  return { text: probe.text || 'no answer', tone: 'bad', icon: 'error' }
}
