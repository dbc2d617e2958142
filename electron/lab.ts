// Entry of the utility process that holds the lab: no windows here, and no lab in the process that has the windows.
import type { ParentPort } from 'electron'
import { startLab } from '../core/node/main.ts'
import { check } from '../core/node/validate.ts'
import type { Parent } from './labhost.ts'
import { hostLab } from './labhost.ts'

const parent = (process as unknown as { readonly parentPort?: ParentPort }).parentPort
if (parent === undefined) throw new Error('electron/lab runs as a utility process of the desktop shell; use dmlab serve for a lab without windows')
// The last message must leave before the process does; main ends a process that lingers.
hostLab(
  parent as unknown as Parent,
  (options) => startLab({ ...options, socketThread: true }),
  check,
  (code) => setTimeout(() => process.exit(code), 100),
)
