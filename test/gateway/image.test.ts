// An image at the gateway: arrives, is fetched, is prolonged, and is void when its seconds have run out.
import { expect, test } from 'vitest'
import { arrived, arriving, elapsedImage, expire, failed, newImage, secondsLeft, usable } from '../../core/gateway/image.ts'

const FILE = { file: 'x', size: 150000, sha256: 'b97d', contentType: 'application/octet-stream' }

test('gw 69, gw 70, gw 71: seconds count down, a new Expiry prolongs, zero voids - by the clock of the sheet', () => {
  const t = (seconds: number): number => seconds * 1000
  let image = expire(newImage('PKG1', 'dms.example'), 600, t(0))
  expect(secondsLeft(image, t(0.5))).toBe(600)
  image = arrived(arriving(image, ''), FILE, 3600, t(10))
  expect(image.state).toBe(30)
  image = expire(image, 600, t(580))
  expect(usable(image, t(601))).toBe(true)
  expect(usable(image, t(1179.9))).toBe(true)
  expect(elapsedImage(image, t(1180)).state).toBe(50)
  expect(secondsLeft(image, t(1181))).toBe(0)
})
test('gw 72: without Expiry the default counts from arrival', () => {
  const image = arrived(newImage('PKG1', 's'), FILE, 3600, 5000)
  expect(secondsLeft(newImage('PKG1', 's'), 0)).toBeNull()
  expect(image.expiresAt).toBe(5000 + 3_600_000)
})
test('an image that has arrived only after zero is void at once', () => {
  const late = arrived(arriving(expire(newImage('PKG1', 's'), 5, 0), ''), FILE, 3600, 6000)
  expect(late.state).toBe(50)
  expect(elapsedImage(arriving(expire(newImage('PKG1', 's'), 5, 0), ''), 6000).state, 'nothing in mid-transfer is cut').toBe(20)
})
test('zero or less voids at once; a wrong digest and a broken transfer fail', () => {
  expect(expire(arrived(newImage('a', 's'), FILE, 10, 0), 0, 1).state).toBe(50)
  expect(expire(arrived(newImage('a', 's'), FILE, 10, 0), -3, 1).state).toBe(50)
  const wrong = arrived({ ...newImage('a', 's'), digest: 'sha-256:ffff' }, FILE, 10, 0)
  expect(wrong).toMatchObject({ state: 40, reason: 'the digest is sha-256:b97d, not sha-256:ffff' })
  expect(failed(arriving(newImage('a', 's'), 'dl-1'), 'HTTP 404')).toMatchObject({ state: 40, correlator: 'dl-1', reason: 'HTTP 404' })
})
