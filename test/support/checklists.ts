// What the three conformance checklists ask, in our own words, by number; an item without a test says why. docs/conformance.md is made from it.

/** `standing` CONFIRMED rests on a normative text or vector, INFERRED on implementations. `without`: why no test names it. */
export interface Point {
  readonly says: string
  readonly standing?: 'INFERRED'
  readonly without?: string
}

export interface Checklist {
  /** How titles of tests begin. */
  readonly key: 'dm' | 'wbxml' | 'nb'
  readonly title: string
  /** The first is number 1. */
  readonly points: readonly Point[]
}

const sure = (says: string, without?: string): Point => (without === undefined ? { says } : { says, without })
const likely = (says: string, without?: string): Point => ({ ...sure(says, without), standing: 'INFERRED' })

const DM: readonly Point[] = [
  sure('SyncHdr complete and in DTD order'),
  sure('MsgID from 1 upwards for each sender, SessionID constant'),
  sure('CmdID unique and not 0, nested ones included'),
  sure('Status of SyncHdr first, the others in command order'),
  sure('Results after their Status, Source in each Item, Meta where not the default'),
  sure('no Status for Status; for Results only when not 200'),
  sure('any child order and white space is read, DTD order is written'),
  sure('unknown VerDTD 505, unknown VerProto 513, with the supported value'),
  sure('Results without MsgRef'),
  sure('RespURI is followed'),
  sure("the peer's MaxMsgSize and MaxObjSize are kept"),
  sure('Package #1: Alert, DevInfo, Final; the worked example byte for byte'),
  sure('SessionID of a notification, hexadecimal, decimal also understood'),
  sure('a client is silent after a package of nothing but Status'),
  sure('a server answers every message'),
  sure('no new command before the last ones are reported'),
  sure('in an open client package a server only asks for the next message'),
  sure('a client sends no Final before the Final of the server'),
  sure('Session abort (1223)'),
  sure('a lost connection leaves tree and credentials usable'),
  sure('213 for each chunk but the last, 1222 where nothing else is sent'),
  sure('first chunk without Size 411, wrong total 424, nothing committed'),
  sure('a foreign command between chunks: 1225, nothing committed'),
  sure('objects above MaxObjSize are refused on the first chunk'),
  sure('a value larger than a message comes back in chunks, Size only in the first'),
  sure('Add: existing node 418, below a leaf 405, missing parent made or 404'),
  sure('Replace of a missing node 404'),
  sure('Delete: root and permanent nodes 405; children go with their parent'),
  sure('Get of an interior node: names, Format node; none: empty Data'),
  sure('Copy of an interior node 403, or 406'),
  sure('Get and Atomic inside Atomic 500'),
  sure('failed Atomic: 216, 516, 215 and 507; the tree as before'),
  sure('Sequence 200 once begun, children one by one'),
  sure('TNDS all or nothing with one Status; 415 where unsupported'),
  sure('Exec 202, later 1226 with the same Correlator'),
  sure('ACL of a node that inherits is empty'),
  sure('who may change the ACL of a leaf and of an interior node'),
  sure('rights of a server on the interior node it adds'),
  sure('denied by ACL 425, by AccessType 405, each on its own'),
  sure('the example tree of TND'),
  sure('unknown property 406; Add and Delete on a property 405'),
  sure('list=Struct leaves out what may not be read; unsupported list 406'),
  sure('URI limits 414; 0 means none'),
  sure('rename onto a sibling 418, of a permanent node 405'),
  sure('binary leaves: Format, Size property and Meta Size'),
  sure('UI alert unsupported 406; the options are always Item 1'),
  sure('"no" in Atomic, in Sequence and at the top level'),
  sure('unknown UI options skipped; DR of a multiple choice'),
  sure('1226 without Type or Format 412'),
  sure('1224 with Type and Format'),
  sure('worked values of basic, md5 and MAC'),
  sure('missing credentials 407, wrong ones 401 with a fresh nonce, one retry'),
  sure('a refusal holds Status for each command and nothing else'),
  sure('auth-MAC never 212, a nonce with every message'),
  sure('x-syncml-hmac in any order'),
  sure('the MAC covers the body as it stands'),
  sure('NextNonce is hashed as octets'),
  sure('the nonce of a challenge is used, not kept'),
  sure('a changed AAuthSecret counts from the next session'),
  sure('secrets of an account are never told'),
  sure('chunked requests are read; answers have a length and a body'),
  sure('a session goes on over new connections and the RespURI token'),
  likely('the same message again: the same answer, nothing executed'),
  sure('TLS', 'the lab serves plain HTTP; only its client speaks TLS, see test/node/client.test.ts'),
  likely('nonces outside the base64 alphabet; both readings of an ambiguous one'),
]

const WBXML: readonly Point[] = [
  sure('versions 1.0 to 1.3 are read'),
  sure('public identifiers as numbers and texts'),
  sure('mb_u_int32'),
  sure('UTF-8 charset'),
  sure('string table of 128 octets and more'),
  sure('every token both ways'),
  sure('empty elements in their three forms'),
  sure('odd SWITCH_PAGE'),
  sure('END leaves the page alone'),
  sure('attributes are skipped'),
  sure('text tokens of every kind give the same tree'),
  sure('UTF-8 beyond ASCII'),
  sure('NUL only in OPAQUE'),
  sure('line ends stay'),
  sure('NextNonce as base64 text and as raw OPAQUE'),
  sure('MgmtTree alone and inside SyncML'),
  sure('an unknown inner document stays octets'),
  sure('b64 and bin values give the same octets'),
  sure('TNDS as XML text in a WBXML message'),
  sure('malformed documents end in an error, never in a crash'),
  sure('every truncation fails, an extra octet is told'),
  sure('nesting is capped'),
  sure('round trips keep tree and bytes'),
  sure('the worked documents byte for byte'),
]

const NB: readonly Point[] = [
  sure('the trigger of DM 1.3 and its digest'),
  sure('the 38-octet message; any flipped bit is refused'),
  sure('the eight combinations of ui-mode and initiator'),
  sure('vendor octets are covered by the digest'),
  sure('short messages and wrong lengths are refused'),
  sure('future-use bits ignored, sent as zero'),
  sure('an unknown server begins no session'),
  sure('session ids as SessionID'),
  sure('the same message twice: one session'),
  sure('Alert 1200 after a notification, 1201 without'),
  sure('wrong digest: default nonce in both readings, then renewal'),
  sure('versions 1.0 and 1.1'),
  sure('ui-mode 3 asks, 1 never does'),
  sure('the SMS payload'),
  sure('header order and length'),
  sure('one SMS or several'),
  sure('application ids as long integers'),
  sure('pushes for others are left alone'),
  sure('long WSP headers'),
  sure('notifications of DM 1.3 are recognised'),
  sure('X-Oma-GwMO is skipped'),
  sure('MACs of the DM profile'),
  sure('MAC compared whatever its case; a wrong one changes nothing'),
  sure('no answer; then a session with 1201'),
  sure('both forms of the example make the same account'),
  sure('an unknown object is skipped'),
  sure('references into the Inbox are rewritten'),
  sure('XML bootstrap messages are refused'),
  sure('the client provisioning example'),
  sure('MACs of all three securities; semi-octets'),
  sure('missing SEC or MAC'),
  sure('rights of the server on its account'),
  sure('a document without w7 grants nothing'),
  sure('both ranges of attribute value tokens'),
  likely('three wrong PINs'),
]

/** All three, in the order of the document. */
export const CHECKLISTS: readonly Checklist[] = [
  { key: 'dm', title: 'Device management protocol', points: DM },
  { key: 'wbxml', title: 'WBXML', points: WBXML },
  { key: 'nb', title: 'Notification and bootstrap', points: NB },
]
