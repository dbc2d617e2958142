// A small description of JSON values that checks them and prints itself as JSON Schema, so that the published schema is the one in force.

/** What a value must be. `open` objects may have further fields. */
export interface Rule {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  readonly nullable?: boolean
  readonly values?: readonly (string | number)[]
  readonly pattern?: string
  readonly format?: 'base64'
  readonly items?: Rule
  /** Exact number of items. */
  readonly length?: number
  readonly fields?: Readonly<Record<string, Rule>>
  readonly open?: boolean
  readonly note?: string
}

function isOf(type: Rule['type'], value: unknown): boolean {
  if (type === 'integer') return Number.isSafeInteger(value)
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}

/** What is wrong with a value, with the path to it; null where nothing is. */
export function wrongIn(rule: Rule, value: unknown, path: string): string | null {
  const at = path === '' ? 'the object' : path
  if (value === undefined) return `${at} is missing`
  if (value === null && rule.nullable === true) return null
  if (!isOf(rule.type, value)) return `${at} must be of type ${rule.type}`
  if (rule.values !== undefined && !rule.values.includes(value as string | number))
    return `${at} must be one of ${rule.values.map((one) => JSON.stringify(one)).join(', ')}`
  if (rule.pattern !== undefined && !new RegExp(rule.pattern).test(value as string)) return `${at} has not the form ${rule.pattern}`
  if (rule.type === 'array') return wrongItem(rule, value as readonly unknown[], path)
  return rule.type === 'object' ? wrongField(rule, value as Readonly<Record<string, unknown>>, path) : null
}

function wrongItem(rule: Rule, value: readonly unknown[], path: string): string | null {
  if (rule.length !== undefined && value.length !== rule.length) return `${path} must have ${String(rule.length)} items`
  for (const [i, item] of value.entries()) {
    const wrong = rule.items === undefined ? null : wrongIn(rule.items, item, `${path}[${String(i)}]`)
    if (wrong !== null) return wrong
  }
  return null
}

function wrongField(rule: Rule, value: Readonly<Record<string, unknown>>, path: string): string | null {
  for (const [name, inner] of Object.entries(rule.fields ?? {})) {
    const wrong = wrongIn(inner, Object.hasOwn(value, name) ? value[name] : undefined, path === '' ? name : `${path}.${name}`)
    if (wrong !== null) return wrong
  }
  return null
}

/** The rule as JSON Schema (draft 2020-12), without the `$schema` line. */
export function jsonSchema(rule: Rule): Record<string, unknown> {
  const schema: Record<string, unknown> = { type: rule.nullable === true ? [rule.type, 'null'] : rule.type }
  if (rule.note !== undefined) schema['description'] = rule.note
  if (rule.values?.length === 1) schema['const'] = rule.values[0]
  else if (rule.values !== undefined) schema['enum'] = rule.values
  if (rule.pattern !== undefined) schema['pattern'] = rule.pattern
  if (rule.format !== undefined) schema['contentEncoding'] = rule.format
  if (rule.items !== undefined) schema['items'] = jsonSchema(rule.items)
  if (rule.length !== undefined) Object.assign(schema, { minItems: rule.length, maxItems: rule.length })
  if (rule.fields !== undefined) {
    schema['properties'] = Object.fromEntries(Object.entries(rule.fields).map(([name, inner]) => [name, jsonSchema(inner)]))
    schema['required'] = Object.keys(rule.fields)
  }
  return schema
}
