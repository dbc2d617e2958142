// Why a replayed session ends otherwise than it was recorded; a session that needs no reason must have none.

export const REASONS: Readonly<Record<string, string>> = {
  'aosp-omadm/a12-hmac-wbxml':
    'The recorded server gave no NextNonce, so the client had nothing to make its second MAC from; ours gives one with every message, and refuses a message without x-syncml-hmac once auth-MAC has begun (SEC auth-MAC).',
  'aosp-omadm/a13-hmac-badserver':
    'As a12-hmac-wbxml: no NextNonce was recorded, so the second message carries no MAC, and ours ends the session (SEC auth-MAC).',
  'aosp-omadm/a16-nosrvcred':
    'The client asks the server for credentials twice; the recorded server gave up with Alert 1223, ours answers the first challenge and ends with Status alone after the second (SEC challenges).',
  'koneki/k01-fumo':
    'The second session begins with an empty credential; the recorded server refused it without a challenge, which ends it; ours challenges and waits for a better one (SEC challenges).',
  'koneki/k02-galert-any':
    'The second session shows an empty credential twice; the recorded server let it pass, ours refuses it after one retry (SEC challenges).',
  'libdmclient/s04-wbxml-md5chal': 'The recorded server ended with Alert 1223 by script; ours ends with Status alone once nothing is left to ask.',
  'libdmclient/s06-badsrvcred':
    'The client refuses the credential of the recorded server in every message; that server went on all the same, ours gives up after one retry (SEC challenges).',
  'libdmclient/s10-more': 'The recorded server ended with Alert 1223 by script; ours ends with Status alone once nothing is left to ask.',
}
