// Atomic and Sequence: commands performed together. Atomic is all or nothing, Sequence is in order (REP, dm-protocol 3.4, 7.2).
import type { Tree } from '../dmtree/tree.ts'
import type { Outcome, Performance, StatusPart } from '../session/ports.ts'
import type { Command, Group, OtherCommand, Request } from '../syncml/message.ts'
import type { Features } from './features.ts'
import { isUiAlert } from './interaction.ts'

/** Commands DM does not use (REP): known but not supported. */
const UNUSED = new Set(['Put', 'Search', 'Sync', 'Map', 'Move'])
/** Commands an Atomic may hold (REP). */
const IN_ATOMIC = new Set(['Add', 'Alert', 'Copy', 'Delete', 'Replace'])

/** Performs one command inside the group. */
type One = (command: Request) => Performance

/** Status for a command without a kind of its own: 406 where DM leaves it out, 400 where nobody knows it. */
export function otherCode(command: OtherCommand): number {
  return UNUSED.has(command.name) ? 406 : 400
}

/**
 * REP, Atomic: in order, all or nothing. A failing child keeps its own status, those before it get 216 (516 where the device
 * cannot take them back), those after it 215; the Atomic 507, or 215 where the user refused.
 */
export function* atomic(group: Group, tree: Tree, features: Features, one: One): Performance {
  if (!features.atomic) return { statuses: [{ code: 406 }], children: group.commands.map(() => ({ statuses: [{ code: 215 }] })) }
  tree.begin(tree.writer)
  let open = true
  try {
    const children: Outcome[] = []
    let failing: Command | undefined
    for (const command of group.commands) {
      const outcome: Outcome = failing === undefined ? yield* inside(command, one) : { statuses: [{ code: 215 }] }
      if (failing === undefined && !succeeded(outcome)) failing = command
      children.push(outcome)
    }
    open = false
    if (failing === undefined || features.rollbackFails) tree.commit()
    else tree.rollback()
    if (failing === undefined) return { statuses: [{ code: 200 }], children }
    const at = group.commands.indexOf(failing)
    const refused = failing.kind === 'Alert' && refusal(failing, children[at])
    const code = features.rollbackFails ? 516 : 216
    return { statuses: [{ code: refused ? 215 : 507 }], children: children.map((child, i) => (i > at ? child : takenBack(child, code))) }
  } finally {
    // Given up while a person was asked.
    if (open) tree.rollback()
  }
}

// Get, Exec and groups give 500, what DM does not know its usual answer.
function* inside(command: Command, one: One): Performance {
  if (command.kind === 'Status' || command.kind === 'Results') return { statuses: [{ code: 400 }] }
  if (IN_ATOMIC.has(command.kind)) return yield* one(command)
  return { statuses: [{ code: command.kind === 'Other' ? otherCode(command) : 500 }] }
}

function succeeded(outcome: Outcome): boolean {
  return outcome.statuses.every(good)
}

function good(part: StatusPart): boolean {
  return part.code >= 200 && part.code < 300 && part.code !== 214 && part.code !== 215
}

// Of the failing command itself only the Items that had been done change their code.
function takenBack(outcome: Outcome, code: number): Outcome {
  return { statuses: outcome.statuses.map((part) => (good(part) ? { code, ...references(part) } : part)) }
}

function references(part: StatusPart): { readonly targetRef?: string; readonly sourceRef?: string } {
  const { targetRef, sourceRef } = part
  return { ...(targetRef === undefined ? {} : { targetRef }), ...(sourceRef === undefined ? {} : { sourceRef }) }
}

/** REP, Sequence: strictly in order; only a user's refusal stops it, the rest is 215. Its own status is 200 once it has begun. */
export function* sequence(group: Group, one: One): Performance {
  const children: Outcome[] = []
  let stopped = false
  for (const command of group.commands) {
    if (stopped) children.push({ statuses: [{ code: 215 }] })
    else if (command.kind === 'Status' || command.kind === 'Results' || command.kind === 'Sequence') children.push({ statuses: [{ code: 400 }] })
    else {
      const outcome = yield* one(command)
      children.push(outcome)
      stopped = command.kind === 'Alert' && refusal(command, outcome)
    }
  }
  return { statuses: [{ code: 200 }], children }
}

// "No" (304) or cancel (214) to a question.
function refusal(alert: { readonly code: number }, outcome: Outcome | undefined): boolean {
  return isUiAlert(alert.code) && outcome?.statuses.some((part) => part.code === 304 || part.code === 214) === true
}
