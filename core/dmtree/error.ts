// What goes wrong in a management tree: one error, carrying the status a device answers with and the place in the text that caused it.

/**
 * Refusal by the tree. `status` is the SyncML status code (dm-protocol 5), `offset` the place in the URI, ACL or document that
 * is wrong (characters in a URI or ACL, bytes in a document; 0 where the whole is meant), `ancestor` the URI of an
 * intermediate node that could not be created (REP, Add).
 */
export class TreeError extends Error {
  readonly status: number
  readonly offset: number
  readonly ancestor: string | undefined

  constructor(status: number, message: string, offset = 0, ancestor?: string) {
    super(message)
    this.name = 'TreeError'
    this.status = status
    this.offset = offset
    this.ancestor = ancestor
  }
}
