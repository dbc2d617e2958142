// Areas of LabApi that are made elsewhere: the lab passes them on, and refuses calls to those it has not.
import type { LabApi } from '../api.ts'

/** Areas of LabApi that the lab only passes on. */
export type Areas = Pick<
  LabApi,
  | 'jobs'
  | 'catalogue'
  | 'provider'
  | 'software'
  | 'scenarios'
  | 'gateways'
  | 'trust'
  | 'addresses'
  | 'modem'
  | 'wifi'
  | 'proxies'
  | 'dialect'
  | 'adb'
  | 'connect'
  | 'peers'
>

/** Stands for an area this lab has not: every call is refused in one sentence. */
export function absent<K extends keyof Areas>(area: K): Areas[K] {
  return new Proxy({}, { get: () => refuse(area) }) as Areas[K]
}

/** Refuses a call to what this lab has not. */
export const refuse = (what: string) => async (): Promise<never> => {
  throw new Error(`this lab has no ${what}`)
}
