// What the ledger asks of its tables (schema.ts); data only.

/** Statements by name; values are bound in the order of the question marks. */
export const LEDGER_SQL = {
  account: `INSERT INTO account (device, userName, state, json) VALUES (?, ?, ?, ?)
    ON CONFLICT (device, userName) DO UPDATE SET state = excluded.state, json = excluded.json`,
  dropAccount: 'DELETE FROM account WHERE device = ? AND userName = ?',
  accountsOf: 'SELECT json FROM account WHERE device = ? ORDER BY id',
  accounts: 'SELECT json FROM account ORDER BY id',
  nonces: 'INSERT INTO nonces (device, serverId, json) VALUES (?, ?, ?) ON CONFLICT (device, serverId) DO UPDATE SET json = excluded.json',
  noncesOf: 'SELECT json FROM nonces WHERE device = ? AND serverId = ?',
  device: `INSERT INTO device (device, firstAt, lastAt, json) VALUES (?, ?, ?, ?)
    ON CONFLICT (device) DO UPDATE SET firstAt = excluded.firstAt, lastAt = excluded.lastAt, json = excluded.json`,
  seen: 'UPDATE device SET lastAt = ? WHERE device = ?',
  deviceOf: 'SELECT lastAt, json FROM device WHERE device = ?',
  devices: 'SELECT lastAt, json FROM device ORDER BY device',
  order: `INSERT INTO orders (id, device, createdAt, json) VALUES (?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET device = excluded.device, createdAt = excluded.createdAt, json = excluded.json`,
  course: 'INSERT OR REPLACE INTO course SELECT number, device, ?, ?, ? FROM orders WHERE id = ?',
  // Of an order that has a course; half the work of the above.
  moved: 'UPDATE course SET state = ?, sessionId = ?, outcomes = ? WHERE number = (SELECT number FROM orders WHERE id = ?)',
  orderOf: 'SELECT json, state, sessionId, outcomes FROM orders JOIN course USING (number) WHERE id = ?',
  openOrders: `SELECT json, state, sessionId, outcomes FROM course JOIN orders USING (number)
    WHERE course.device = ? AND state IN ('queued', 'sent', 'unknown') ORDER BY createdAt, number`,
  allOrders: 'SELECT json, state, sessionId, outcomes FROM orders JOIN course USING (number) WHERE orders.device = ? ORDER BY createdAt, number',
  value: `INSERT INTO known (device, uri, format, type, data, at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (device, uri) DO UPDATE SET format = excluded.format, type = excluded.type, data = excluded.data, at = excluded.at`,
  valueOf: 'SELECT * FROM known WHERE device = ? AND uri = ?',
  values: 'SELECT * FROM known WHERE device = ? ORDER BY uri',
  alert: 'INSERT INTO alert (device, at, json) VALUES (?, ?, ?)',
  alerts: 'SELECT number, json FROM alert WHERE number > ? ORDER BY number LIMIT ?',
  hold: 'INSERT INTO held (id, json, bytes) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json, bytes = excluded.bytes',
  unhold: 'DELETE FROM held WHERE id = ?',
  held: 'SELECT json, bytes FROM held ORDER BY id',
  setting: 'SELECT value FROM setting WHERE name = ?',
  set: 'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
} as const
