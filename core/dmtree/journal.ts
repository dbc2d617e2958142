// The journal of a tree: nested transactions that can be taken back, and the record of who changed what.

/** One change that was made. `property` names what a Property change touched. Values are left out: they may be secrets. */
export interface Change {
  readonly serial: number
  readonly kind: 'Add' | 'Replace' | 'Delete' | 'Rename' | 'Property'
  readonly uri: string
  readonly by: string
  readonly property?: string
}

/** The change as notes tell it: `Replace ./A/B`. */
export function changeText(change: Change): string {
  return `${change.kind}${change.property === undefined ? '' : ` ${change.property} of`} ${change.uri}`
}

interface Step {
  readonly undo: () => void
  readonly change: Change
}

export class Journal {
  /** In whose name changes are made now. */
  by = 'device'
  private serial = 0
  private readonly steps: Step[] = []
  private readonly marks: { readonly from: number; readonly by: string }[] = []
  private listener: ((change: Change) => void) | null = null

  onChange(listener: (change: Change) => void): void {
    this.listener = listener
  }

  /** A number that was never given before. */
  next(): number {
    this.serial += 1
    return this.serial
  }

  begin(by: string): void {
    this.marks.push({ from: this.steps.length, by: this.by })
    this.by = by
  }

  /** Keeps what the innermost transaction did and returns it; at the outermost the listener learns of it. */
  commit(): Change[] {
    const mark = this.end()
    const changes = this.steps.slice(mark.from).map((step) => step.change)
    if (this.marks.length === 0) {
      this.steps.length = 0
      for (const change of changes) this.listener?.(change)
    }
    return changes
  }

  /** Undoes what the innermost transaction did, last change first. */
  rollback(): void {
    const mark = this.end()
    for (const step of this.steps.splice(mark.from).reverse()) step.undo()
  }

  /** Notes a change that was just made and how to take it back. */
  record(kind: Change['kind'], uri: string, undo: () => void, property?: string): void {
    const change: Change = { serial: this.next(), kind, uri, by: this.by, ...(property === undefined ? {} : { property }) }
    if (this.marks.length > 0) this.steps.push({ undo, change })
    else this.listener?.(change)
  }

  private end(): { readonly from: number; readonly by: string } {
    const mark = this.marks.pop()
    if (mark === undefined) throw new Error('no transaction is open')
    this.by = mark.by
    return mark
  }
}
