// One image kept at the gateway: arrival, where devices fetch it, and its clock that runs to zero (gwmo sheet 3.5; S0 confirms name, unit, count-down and extension).

import type { Finding } from '../syncml/finding.ts'

/** States: gwmo table `image`. */
export type ImageState = 10 | 20 | 30 | 40 | 50

export interface Image {
  /** Name of the node below Images. */
  readonly name: string
  readonly imageId: string
  /** ServerID that made it; the ready alert goes there. */
  readonly server: string
  readonly state: ImageState
  /** When it becomes void, ms since epoch; null while no Expiry is there. */
  readonly expiresAt: number | null
  readonly size: number
  /** `sha-256:` and lower-case hexadecimal digits; what the server demanded, or what was computed. */
  readonly digest: string
  /** Key of the bytes on disk; '' none. */
  readonly file: string
  readonly contentType: string
  /** Correlator of the Exec that started a download; '' none. */
  readonly correlator: string
  /** Why it failed. */
  readonly reason: string
}

export function newImage(name: string, server: string): Image {
  return {
    name,
    imageId: '',
    server,
    state: 10,
    expiresAt: null,
    size: 0,
    digest: '',
    file: '',
    contentType: 'application/octet-stream',
    correlator: '',
    reason: '',
  }
}

/** Expiry written by the server: seconds from now; zero or less voids it at once. */
export function expire(image: Image, seconds: number, now: number): Image {
  return elapsedImage({ ...image, expiresAt: now + Math.max(0, seconds) * 1000 }, now)
}

/** Seconds left, rounded up; null while no Expiry is there. */
export function secondsLeft({ expiresAt }: Image, now: number): number | null {
  return expiresAt === null ? null : Math.max(0, Math.ceil((expiresAt - now) / 1000))
}

/** Expiry at zero: void. A transfer under way goes on; when it ends the image is void at once. */
export function elapsedImage(image: Image, now: number): Image {
  if (image.expiresAt === null || now < image.expiresAt || image.state === 50 || image.state === 20) return image
  return { ...image, state: 50 }
}

/** A transfer to the gateway begins: what was there before is dropped. */
export function arriving(image: Image, correlator: string): Image {
  return { ...image, state: 20, correlator, file: '', size: 0, reason: '' }
}

/** What arrived. */
export interface Arrived {
  readonly file: string
  readonly size: number
  /** Lower-case hexadecimal SHA-256. */
  readonly sha256: string
  readonly contentType: string
}

/** All bytes are here: ready, or failed where the digest differs, or void where its time ran out meanwhile. `defaultExpiry` in seconds counts where the server set none. */
export function arrived(image: Image, { file, size, sha256, contentType }: Arrived, defaultExpiry: number, now: number): Image {
  const digest = `sha-256:${sha256}`
  if (image.digest !== '' && image.digest.toLowerCase() !== digest) {
    return { ...image, state: 40, reason: `the digest is ${digest}, not ${image.digest}` }
  }
  const expiresAt = image.expiresAt ?? now + defaultExpiry * 1000
  return elapsedImage({ ...image, state: 30, file, size, contentType, digest, expiresAt, reason: '' }, now)
}

export function failed(image: Image, reason: string): Image {
  return { ...image, state: 40, file: '', size: 0, reason }
}

/** True where devices may be given it. */
export function usable(image: Image | undefined, now: number): boolean {
  return image !== undefined && elapsedImage(image, now).state === 30
}

/** Somebody asks for an image whose Expiry is zero: the remark on the answer (gwmo sheet 3.5 rule 6, INFERRED). */
export const lateUse = (text: string): Finding => ({
  rule: 'gw.image.expired',
  severity: 'note',
  document: 'GwMO',
  clause: 'INFERRED',
  text,
  offset: 0,
  length: 0,
})
