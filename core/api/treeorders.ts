// What is asked of a device's tree: walks over it, carts of commands, and what came of them. Types only.
import type { Severity } from '../syncml/finding.ts'
import type { Encoding } from '../syncml/message.ts'
import type { QueuedCommand } from './devices.ts'

/** A walk over a device's tree by queued Gets, breadth first. It survives sessions and restarts of the lab. */
export interface Discovery {
  readonly device: string
  readonly root: string
  /** Gets a second at the most. */
  readonly perSecond: number
  /** `waiting`: its next Gets are queued and the device has not come (or come back) yet. */
  readonly state: 'running' | 'waiting' | 'done' | 'cancelled'
  readonly startedAt: number
  /** Nodes asked, nodes that answered with a refusal, nodes known and not asked yet. */
  readonly asked: number
  readonly refused: number
  readonly left: number
  /** URI asked last. */
  readonly current: string
}

export interface DiscoverOptions {
  readonly root?: string
  /** Default 20. */
  readonly perSecond?: number
  /** Ask again what was fetched before; default false. */
  readonly again?: boolean
  /** Ask the ACL property of every node too; default false. */
  readonly acl?: boolean
}

/** Commands gathered by the screen. `single`: each one by itself. */
export interface Cart {
  readonly mode: 'single' | 'atomic' | 'sequence'
  readonly commands: readonly QueuedCommand[]
  readonly when: 'next session' | 'wake now'
}

/** A remark of the check before sending; nothing is ever refused for it. */
export interface CartRemark {
  /** Index into the cart's commands. */
  readonly command: number
  readonly rule:
    'ddf.unknown' | 'ddf.access' | 'ddf.format' | 'ddf.type' | 'ddf.value' | 'ddf.occurrence' | 'ddf.permanent' | 'acl' | 'atomic' | 'uri' | 'tree'
  readonly severity: Severity
  readonly text: string
}

/** The SyncML commands of a cart as they will be sent. CmdIDs are numbered from 1 here; in the session they continue its count. */
export interface CartPreview {
  readonly encoding: Encoding
  /** A whole message with these commands, as this encoding writes it. */
  readonly bytes: Uint8Array
  /** Where the commands begin and end in `bytes`. */
  readonly start: number
  readonly end: number
  /** The commands as XML text, whatever the encoding. */
  readonly xml: string
  readonly remarks: readonly CartRemark[]
}

/** What came of a cart or of any order. */
export interface OrderRow {
  readonly id: string
  readonly device: string
  readonly createdAt: number
  readonly mode: Cart['mode']
  readonly state: 'queued' | 'sent' | 'done' | 'failed' | 'unknown'
  readonly sessionId: string
  readonly commands: readonly {
    readonly kind: string
    readonly locUri: string
    /** Status code; 0 while none came. For Atomic and Sequence each command inside has its own. */
    readonly code: number
    readonly data: string
    /** 425, 404 …: why, in a sentence; '' where it went well or nothing is known. */
    readonly why: string
  }[]
  /** Status of the Atomic or Sequence itself; 0 where none came or there is none. */
  readonly code: number
}
