// Status and alert codes as the window explains them; the data is the codec's.
export interface Code {
  readonly code: number
  readonly text: string
  readonly more: string
  readonly cause: string
  readonly clause: string
}
export const STATUSES: readonly Code[] = []
export const ALERTS: readonly Code[] = []
export const status = (code: number): Code | undefined => STATUSES.find((one) => one.code === code)
export const alert = (code: number): Code | undefined => ALERTS.find((one) => one.code === code)
