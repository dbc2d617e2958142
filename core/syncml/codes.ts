// Codes as data: statuses, alerts, alert types, FUMO and SCOMO results; what each says, where it is written, and what usually causes it.

/** One code as the window shows it. */
export interface Code {
  readonly code: number
  readonly name: string
  /** One sentence. */
  readonly meaning: string
  /** Document and clause the meaning rests on. */
  readonly document: string
  readonly clause: string
  /** Whether a document was read for the meaning; the usual cause below is always experience, not text. */
  readonly standing: 'CONFIRMED' | 'INFERRED'
  /** What usually causes it, or what to look at; '' where there is nothing to say. */
  readonly cause: string
  /** Part of normal OMA DM traffic; false where it is defined but belongs to data synchronisation or to nobody. */
  readonly used: boolean
}

/** Rows `code|name|meaning|cause`; a leading `-` marks codes DM does not use, `?` what no document confirms. */
function table(document: string, clause: string, rows: string): ReadonlyMap<number, Code> {
  return new Map(
    rows
      .trim()
      .split('\n')
      .map((row) => {
        const [head = '', name = '', meaning = '', cause = ''] = row.trim().split('|')
        const code = parseInt(head.replace(/^[-?]+/, ''), 10)
        const standing = head.includes('?') ? 'INFERRED' : 'CONFIRMED'
        return [code, { code, name, meaning, document, clause, standing, cause, used: !head.includes('-') } as const]
      }),
  )
}

/** SyncML status codes (SML 1.2.2, DM use from REP). */
export const STATUS_CODES = table(
  'SML',
  'status codes',
  `-101|In progress|The command is being carried out and not finished.|
  200|OK|Done; for SyncHdr: credentials accepted for this message only.|For SyncHdr 200 instead of 212 each further message needs credentials again.
  -201|Item added|The item was added.|Data synchronisation code; read as success.
  202|Accepted for processing|Will be carried out later; the outcome follows, usually by Alert 1226.|Long running Exec. Look for the generic alert with the same Correlator.
  -203|Non-authoritative response|Done, answered from a copy.|
  -204|No content|Done, nothing to return.|DM uses 200 with empty Data instead.
  -205|Reset content|The source should refresh its content.|
  -206|Partial content|Only a part was processed.|
  -207|Conflict resolved with merge|Conflict resolved by merging.|
  -208|Conflict resolved, client wins|Conflict resolved with the client's data.|
  -209|Conflict resolved with duplicate|Conflict resolved by duplicating.|
  -210|Delete without archive|Deleted, not archived.|
  -211|Item not deleted|The item to delete was not found.|
  212|Authentication accepted|Credentials accepted for the whole session; SyncHdr only.|Never with auth-MAC, where each message is authenticated.
  213|Chunked item accepted|The chunk was accepted and buffered; the next one is awaited.|Large object. If no next chunk comes look for a missing Alert 1222.
  214|Operation cancelled|The user cancelled; processing of the message stops.|Cancel on a user interaction alert; what follows is answered 215.
  215|Not executed|The command was not carried out.|User interaction refused, or an earlier command of the Atomic failed.
  216|Atomic roll back OK|The command was undone because the Atomic failed.|Look at the sibling with the real error code.
  -?217|Not possible offline|Not possible in offline mode.|Seen from Symbian clients only.
  -300|Multiple choices|Several targets are possible.|
  -301|Moved permanently|The target has a new URI.|
  -302|Found|The target has another URI for now.|
  -303|See other|Look under another URI.|
  304|Not modified|Not carried out; the answer No to Alert 1101.|The user declined. In an Atomic this rolls back.
  -305|Use proxy|To be reached through a proxy.|
  400|Bad request|The command is malformed.|Missing CmdID, an element out of place, text that does not parse.
  401|Invalid credentials|The credentials are wrong for this type and nonce.|Wrong password, or a nonce that the two sides do not share: compare the last NextNonce with the one the digest was made with.
  -402|Payment needed|Payment is needed.|
  403|Forbidden|Understood and refused, for a reason other than access rights.|Node in use, wrong state, or Copy of something that is no leaf.
  404|Not found|The target does not exist.|Misspelt URI, an instance name that differs, or Replace where Add was meant.
  405|Command not allowed|The target does not allow this command.|AccessType lacks it, the node is permanent, or it is the root or a property.
  406|Optional feature not supported|The peer lacks this optional feature.|Copy, Exec, Atomic, a UI alert, a property or a list the device does not have.
  407|Authentication required|Credentials are missing.|First message without Cred; the Chal says which type and nonce to use.
  408|Request timeout|No answer in time; the user did not react within MAXDT.|
  -409|Conflict|The target is in conflict.|
  -410|Gone|The target is gone for good.|
  411|Size required|The first chunk lacks Meta Size.|Large object without Size in its first chunk.
  412|Incomplete command|A part that the command needs is missing.|Item without LocURI; generic alert without Type or Format.
  413|Request entity too large|The request is larger than the receiver accepts.|Above MaxMsgSize or MaxObjSize of the peer.
  414|URI too long|The URI is longer or deeper than the device allows.|MaxTotLen, MaxSegLen or MaxDepth under ./DevDetail/URI.
  415|Unsupported media type or format|Type or Format is not accepted here.|Format that does not fit the node, or TNDS where it is not supported.
  416|Requested size too big|The object is larger than there is room for.|Announced Size above MaxObjSize or free space.
  -417|Retry later|Busy; try again later.|RespURI may say when.
  418|Already exists|The target exists already.|Add on an existing node, or a rename to the name of a sibling.
  -419|Conflict resolved, server wins|Conflict resolved with the server's data.|
  420|Device full|No room on the device.|
  -421|Unknown search grammar|The search grammar is not known.|
  -422|Bad CGI script|The CGI part of the LocURI is wrong.|
  -423|Soft-delete conflict|The soft-deleted item is there again.|
  424|Size mismatch|The object received has not the announced size.|Size counts base64 characters with b64, octets with bin; or a chunk was lost.
  425|Permission denied|The access control list does not give this right.|Read ?prop=ACL of the node and of its parents; the ServerID must be in it.
  -426|Partial item not accepted|A part of an item is not accepted.|
  -427|Item not empty|The parent still has children.|
  -428|Move failed|The item could not be moved.|
  500|Command failed|The receiver could not carry it out.|Anything unexpected; also Get or Atomic inside Atomic.
  501|Command not implemented|The receiver does not know the command.|Put, Search, Sync, Map or Move sent to a DM client.
  -502|Bad gateway|The gateway had an invalid answer from behind.|
  503|Service unavailable|Not able for the moment.|
  -504|Gateway timeout|The gateway had no answer in time.|
  505|DTD version not supported|VerDTD is not supported.|
  506|Processing error|An application error; may be tried again.|
  507|Atomic failed|A command of the Atomic failed, all were undone.|The child with a code other than 215, 216 or 516 names the reason.
  -508|Refresh required|A refresh is required.|
  -509|Reserved|Reserved.|
  510|Data store failure|The store failed.|
  511|Server failure|The server failed badly.|
  -512|Synchronisation failed|Synchronisation failed.|
  513|Protocol version not supported|VerProto is not supported.|
  -514|Operation cancelled|Cancelled before it was begun.|
  516|Atomic roll back failed|The command could not be undone; the tree may be half changed.|Read the affected nodes again.
  517|Atomic response too large|The answer of the Atomic fits no message; it was undone.|`,
)

/** Alert codes (REP 4.2). */
export const ALERT_CODES = table(
  'REP',
  '4.2',
  `1100|Display|Server shows a text to the user.|
  1101|Confirm or reject|Server asks the user yes or no.|
  1102|Text input|Server asks the user for a text.|
  1103|Single choice|Server lets the user choose one.|
  1104|Multiple choice|Server lets the user choose several.|
  1200|Server-initiated management|The client opens the session because a notification asked for it.|
  1201|Client-initiated management|The client opens the session of its own accord.|
  ?1221|Result alert|A code of earlier drafts that some clients know.|Not in the DM 1.2 table.
  1222|Next message|The package is not complete, the peer shall send its next message.|Between chunks of a large object or when answers did not fit.
  1223|Session abort|The sender ends the session at once.|
  1224|Client event|The client tells of something that happened.|Windows clients report login and enrolment this way.
  1225|No end of data|The end of a large object did not come.|Another command arrived between two chunks.
  1226|Generic alert|The client reports an event or an outcome to a management object.|Type names what; a Correlator ties it to an Exec.`,
)

/** Results of software management (SCOMO, result code table as several shipping clients agree on it). */
const SCOMO_RESULTS = table(
  'SCOMO',
  '8.7',
  `202|Accepted|Accepted, the result follows by alert; Status of the Exec only.|
  1200|Success|The operation succeeded.|
  1400|Client error|An error caused by the user or the device.|
  1401|User cancelled|The user did not accept.|
  1402|Download failed|The download failed.|Network lost, size or digest mismatch, bad descriptor.
  1403|Download authentication failed|Authentication at the alternate download server failed.|HTTP 401, 403 or 407.
  1404|Download out of memory|No memory for the download.|
  1405|Install failed|The installation failed.|
  1406|Install out of memory|No memory for the installation.|
  1407|Signature not validated|The signature of the package could not be validated.|
  1408|Remove failed|The removal failed.|
  1409|Activate failed|The activation failed.|
  1410|Deactivate failed|The deactivation failed.|
  1411|Not implemented|Not implemented on this device.|
  1412|Undefined error|No closer reason is known.|
  1413|Environment not supported|The environment type is not supported.|
  1500|Download server error|The alternate download server failed.|HTTP 5xx.
  1501|Download server unavailable|The alternate download server cannot be reached.|No DNS, refused connection, HTTP 503.`,
)

/** A type of generic alert (OMNA registry of alert types). */
export interface AlertType {
  readonly type: string
  readonly enabler: string
  readonly meaning: string
  readonly standing: 'CONFIRMED' | 'INFERRED'
}

function types(enabler: string, root: string, standing: AlertType['standing'], rows: string): AlertType[] {
  return rows.split('|').map((row) => {
    const at = row.indexOf('=')
    return { type: root + row.slice(0, at), enabler, meaning: row.slice(at + 1), standing }
  })
}

/** Registered generic alert types. */
export const ALERT_TYPES: readonly AlertType[] = [
  ...types(
    'FUMO',
    'org.openmobilealliance.dm.firmwareupdate.',
    'CONFIRMED',
    'download=firmware download ended|update=firmware update ended|downloadandupdate=firmware download and update ended|devicerequest=the device asks for a firmware update|userrequest=the user asks for a firmware update',
  ),
  ...types('SCOMO', 'urn:oma:at:scomo:1.0:', 'CONFIRMED', 'OperationComplete=a software operation ended'),
  ...types(
    'DiagMon',
    'urn:oma:at:diagmon:1.0:',
    'CONFIRMED',
    'OperationComplete=a diagnostic operation ended|TrapNotification=a trap was hit|CollectedSimpleDataReport=collected data|TrapInactiveNotification=a trap became inactive|TrapDeregistered=a trap was deregistered',
  ),
  ...types('SACMO', 'urn:oma:at:sacmo:1.0:', 'CONFIRMED', 'OperationReport=a software and application control operation reports'),
  ...types('MgmtPolicy', 'urn:oma:at:oma-mgmtpolicymo:1.0:', 'CONFIRMED', 'policyreport=a management policy reports'),
  ...types(
    'GwMO',
    'urn:oma:at:oma-gwmo:',
    'INFERRED',
    'deviceattached:1.0=an end device was attached|deviceattached:1.1=an end device was attached|devicedetached:1.0=an end device was detached|resultaggregation:1.0=aggregated results of a fan-out|completionstatus:1.0=a fan-out is complete|BootstrappedDMSList:1.0=DM servers a device was bootstrapped with|AssociatedGateway:1.0=the gateway a device belongs to|imageready:1.0=an image is ready at the gateway',
  ),
]

/** What a SyncML status code says; undefined for one that no document defines. */
export function status(code: number): Code | undefined {
  const found = STATUS_CODES.get(code)
  if (found !== undefined || !(code >= 1000 && code <= 1999)) return found
  const scomo = SCOMO_RESULTS.get(code)
  return scomo ?? reserved(code, 'Application specific', 'A result defined by a management object.', 'SML', 'status codes', true)
}

/** What an alert code says; undefined outside the ranges of DM. */
export function alert(code: number): Code | undefined {
  const found = ALERT_CODES.get(code)
  if (found !== undefined) return found
  return code >= 1100 && code <= 1299 && Number.isInteger(code)
    ? reserved(code, 'Reserved', 'Reserved for DM; not defined.', 'REP', '4.2', false)
    : undefined
}

function reserved(code: number, name: string, meaning: string, document: string, clause: string, used: boolean): Code {
  return { code, name, meaning, document, clause, standing: 'CONFIRMED', cause: '', used }
}

/** The registered type behind an alert's Type: an optional `Reversed-Domain-Name:` or `Content-Type:` in front is ignored (PRO 2.3.7). */
export function alertType(type: string): AlertType | undefined {
  const bare = type.trim().replace(/^(?:reversed-domain-name|content-type):\s*/i, '')
  return ALERT_TYPES.find((known) => known.type.toLowerCase() === bare.toLowerCase())
}
