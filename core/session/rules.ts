// Every finding a session can make, in one table: stable id, severity, document and clause it rests on, and its sentence.
import type { Finding, Severity } from '../syncml/finding.ts'
import type { Range } from '../syncml/element.ts'

/** One rule. `clause` names the heading of the document, or is INFERRED where no normative text was read. */
export interface Rule {
  readonly severity: Severity
  readonly document: string
  readonly clause: string
  readonly text: string
}

const rule = (severity: Severity, document: string, clause: string, text: string): Rule => ({ severity, document, clause, text })

/** All rules by id. Ids never change; wording may. */
export const RULES = {
  'http.type': rule('warn', 'HTTP', 'Content-Type', 'The answer has no content type of SyncML; it is read as what it looks like'),
  'hdr.verdtd': rule('error', 'SML', 'VerDTD', 'VerDTD is not 1.2; it is answered 505'),
  'hdr.verproto': rule('error', 'SML', 'VerProto', 'VerProto is not DM/1.2; it is answered 513'),
  'hdr.version.11': rule('note', 'SML', 'VerDTD', 'The device speaks DM 1.1.2 (VerDTD 1.1, VerProto DM/1.1); it is answered alike'),
  'hdr.verproto.13': rule('note', 'SML', 'INFERRED', 'VerProto DM/1.3 is read as DM/1.2'),
  'hdr.msgid.form': rule('error', 'PRO', 'message identifiers', 'MsgID is no number from 1 upwards'),
  'hdr.msgid.first': rule('warn', 'PRO', 'message identifiers', 'The first message of a session does not have MsgID 1'),
  'hdr.msgid.order': rule('error', 'PRO', 'message identifiers', 'MsgID does not follow the one before by 1'),
  'hdr.msgid.reused': rule('error', 'PRO', 'message identifiers', 'MsgID is used again for other bytes'),
  'hdr.resend': rule('note', 'SML', 'INFERRED', 'The same message came again; it got the same answer and was not executed again'),
  'hdr.session.form': rule('note', 'SML', 'SessionID', 'SessionID is empty or longer than 4 bytes'),
  'hdr.session.changed': rule('error', 'PRO', 'session identifiers', 'SessionID is not that of the session'),
  'hdr.source.changed': rule('warn', 'REP', 'Source', 'Source of SyncHdr is another than in the message before'),
  'hdr.target': rule('error', 'REP', 'Target', 'Target of SyncHdr does not name this device'),
  'hdr.maxmsgsize': rule('error', 'PRO', 'MaxMsgSize', 'The message is larger than the MaxMsgSize we announced'),
  'hdr.token': rule('warn', 'REP', 'RespURI', 'The token of RespURI belongs to another session; SessionID decides'),
  'hdr.respuri': rule('warn', 'REP', 'RespURI', 'RespURI is no absolute http or https URI; it is not used'),
  'hdr.respuri.relative': rule('warn', 'REP', 'RespURI', 'RespURI is not absolute; it is read from the URI of the request'),
  'cmd.cmdid.zero': rule('error', 'SML', 'CmdID', 'CmdID 0 is reserved for the SyncHdr'),
  'cmd.cmdid.duplicate': rule('warn', 'SML', 'CmdID', 'The same CmdID stands twice in one message'),
  'cmd.cred': rule('warn', 'REP', 'Cred', 'Credentials stand on a command; they belong into SyncHdr only'),
  'cmd.noresp': rule('note', 'REP', 'NoResp', 'NoResp is not used in DM; the Status is sent all the same'),
  'cmd.markup': rule('note', 'REP', 'Data', 'Data holds markup that is neither escaped nor in CDATA; its text is taken'),
  'cmd.client': rule('error', 'PRO', 'commands of the client', 'A client may send only Replace of DevInfo, Results, Alert and Status'),
  'cmd.client.replace': rule('warn', 'PRO', 'Package #1', 'A Replace of the client holds other nodes than those of ./DevInfo'),
  'cmd.server.results': rule('error', 'REP', 'Results', 'A server does not send Results'),
  'cmd.atomic.get': rule('error', 'REP', 'Atomic', 'Get does not belong into Atomic; it is answered 500'),
  'cmd.atomic.nested': rule('error', 'REP', 'Atomic', 'Atomic does not belong into Atomic; it is answered 500'),
  'cmd.group.empty': rule('warn', 'SML', 'Atomic and Sequence', 'Atomic or Sequence holds no command'),
  'cmd.moredata.group': rule('error', 'REP', 'INFERRED', 'A chunk of a large object cannot stand in Atomic or Sequence'),
  'status.first': rule('warn', 'SML', 'Status', 'The Status of SyncHdr is not the first Status'),
  'status.header': rule('warn', 'SML', 'Status', 'The Status of SyncHdr is missing'),
  'status.missing': rule('error', 'SML', 'Status', 'A command got no Status'),
  'status.unknown': rule('warn', 'SML', 'Status', 'A Status refers to a command that was not sent or is answered already'),
  'status.of.status': rule('error', 'SML', 'Status', 'A Status was sent for a Status'),
  'status.of.results': rule('note', 'REP', 'Status', 'A Status for Results is due only when its code is not 200'),
  'status.order': rule('note', 'SML', 'Status', 'Status elements do not follow the order of the commands'),
  'status.cmd': rule('warn', 'SML', 'Cmd', 'Cmd of a Status is not the name of the command it refers to'),
  'results.unknown': rule('warn', 'SML', 'Results', 'Results refer to a command that was not sent'),
  'results.order': rule('note', 'REP', 'Results', 'Results stand before the Status of their command'),
  'results.source': rule('warn', 'REP', 'Results', 'An Item of Results has no Source'),
  'alert.code': rule('error', 'REP', 'alert codes', 'The alert code is not defined'),
  'alert.direction': rule('error', 'REP', 'alert codes', 'This alert does not go in this direction'),
  'alert.generic': rule('error', 'PRO', '2.3.7', 'An Item of a generic alert lacks Type, Format or Data; it is answered 412'),
  'alert.format': rule('warn', 'PRO', '2.3.7', 'An Item of a generic alert lacks Format; its Type says what its Data are, so it is taken'),
  'alert.event': rule('warn', 'REP', 'alert codes', 'An Item of a client event lacks Type, Format or Data'),
  'alert.abort.final': rule('warn', 'PRO', 'session abort', 'Session abort stands in a message without Final'),
  'obj.size.missing': rule('error', 'PRO', 'large objects', 'The first chunk has no Size; it is answered 411'),
  'obj.size.mismatch': rule('error', 'PRO', 'large objects', 'The chunks together are not as long as Size said; answered 424, nothing committed'),
  'obj.large': rule('error', 'PRO', 'large objects', 'The object is larger than the MaxObjSize we announced'),
  'obj.form': rule('error', 'REP', 'b64', 'The chunks together are no base64 text; answered 415, nothing committed'),
  'obj.full': rule('note', 'REP', 'Response Status codes', 'There is no room for the large object; answered 420, nothing committed'),
  'obj.refused': rule('note', 'REP', 'Response Status codes', 'The large object is refused with its first chunk; nothing committed'),
  'obj.broken': rule('error', 'PRO', 'large objects', 'Something else came before the large object was complete; nothing committed'),
  'obj.final': rule('warn', 'PRO', 'large objects', 'Final stands in a message whose large object is not complete'),
  'pkg.final.early': rule('warn', 'PRO', 'multiple messages in a package', 'Final came before the package of the other side was complete'),
  'pkg.final.missing': rule(
    'warn',
    'PRO',
    'multiple messages in a package',
    'Messages without Final bring nothing any more; the package is taken for complete',
  ),
  'pkg.alert': rule('warn', 'PRO', 'Package #1', 'The first message has no Alert 1200 or 1201'),
  'pkg.devinfo': rule('note', 'PRO', 'Package #1', 'The first package has no Replace of ./DevInfo'),
  'pkg.late': rule('note', 'PRO', 'packages', 'A message came after the session was closed; it got Status only'),
  'pkg.endless': rule('error', 'PRO', 'INFERRED', 'Messages go to and fro without anything new; the session is ended'),
  'auth.missing': rule('warn', 'SEC', 'challenges', 'Credentials are missing'),
  'auth.refused': rule('warn', 'SEC', 'challenges', 'Credentials were refused'),
  'auth.challenge.needless': rule(
    'warn',
    'PRO',
    'packages',
    'A server without credentials sent nothing to do and no challenge; it is not challenged',
  ),
  'auth.200': rule('note', 'SEC', 'challenges', 'Credentials were accepted for one message only'),
  'auth.mac.212': rule('error', 'SEC', 'auth-MAC', 'Status 212 does not go with auth-MAC'),
  'auth.nonce.reused': rule('warn', 'SEC', 'nonces', 'The nonce is the one issued before'),
  'auth.nonce.kept': rule(
    'warn',
    'SEC',
    'auth-MAC',
    'The MAC rests on the nonce of the message before, though a newer one was issued; taken within the session',
  ),
  'auth.nonce.alphabet': rule('chat', 'SEC', 'INFERRED', 'The nonce can be read both as octets and as base64 text of other octets'),
  'state.order': rule('error', 'PRO', 'packages', 'This message is not allowed at this point of the session'),
} as const satisfies Readonly<Record<string, Rule>>

export type RuleId = keyof typeof RULES

/** A finding by a rule, tied to the bytes of what it is about where those are known; `more` adds particulars to the sentence. */
export function finding(id: RuleId, range?: Partial<Range>, more = ''): Finding {
  const { severity, document, clause, text } = RULES[id]
  const offset = range?.start ?? 0
  return {
    rule: id,
    severity,
    document,
    clause,
    text: more === '' ? text : `${text}: ${more}`,
    offset,
    length: range?.end === undefined ? 0 : range.end - offset,
  }
}
