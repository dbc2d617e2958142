// Why a download ended, whatever its mechanism; the words both objects map to their result codes.

/** `stopped`: suspended or given up by the device itself. */
export const CAUSES = [
  'ok',
  'memory',
  'network',
  'refused',
  'unavailable',
  'server',
  'auth',
  'not found',
  'mismatch',
  'descriptor',
  'type',
  'url',
  'time',
  'stopped',
] as const
export type Cause = (typeof CAUSES)[number]
