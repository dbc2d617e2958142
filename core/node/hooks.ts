// Outcomes over real HTTP: one POST, signed by HMAC-SHA-256; never to our own ports, never along a redirect.
import { createHmac } from 'node:crypto'
import type { HookPorts } from '../jobs/hooks.ts'
import { wordsOf } from '../syncml/text.ts'

/** How long a receiver may take, ms. */
const PATIENCE = 10_000
const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\]|\[::\]|0\.0\.0\.0|\[::ffff:127\.[^\]]*\])$/i

/** `ports`: those of this lab on this machine; a hook there would turn the lab against itself. */
export function httpHooks(ports: () => readonly number[]): Pick<HookPorts, 'sign' | 'post' | 'forbidden'> & { stop(): void } {
  const stopping = new AbortController()
  return {
    sign: (secret, body) => createHmac('sha256', secret).update(body).digest('hex'),
    forbidden: (text) => {
      let url: URL
      try {
        url = new URL(text)
      } catch {
        return `${text} is no URL`
      }
      if (url.protocol !== 'http:' && url.protocol !== 'https:') return `${text}: a webhook is an http or https URL`
      if (url.username !== '' || url.password !== '') return 'a webhook URL carries no user name: outcomes are signed'
      const port = Number(url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : url.port)
      return LOCAL.test(url.hostname) && ports().includes(port) ? `${text} is a port of this lab itself` : null
    },
    post: async (url, headers, body) => {
      const signal = AbortSignal.any([AbortSignal.timeout(PATIENCE), stopping.signal])
      try {
        const answer = await fetch(url, { method: 'POST', headers: { ...headers, 'User-Agent': 'DM-Lab' }, body, redirect: 'manual', signal })
        await answer.body?.cancel()
        return answer.status
      } catch (error) {
        const { cause } = error as { cause?: unknown }
        throw new Error(cause instanceof Error ? cause.message : wordsOf(error), { cause: error })
      }
    },
    stop: () => stopping.abort(),
  }
}
