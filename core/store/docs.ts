// Documents of the workspace that have no table of their own: jobs, packages, groups, sets, subscriptions, hooks, states of simulated devices. By kind and id, ledger class.

/** Keeps JSON values by kind and id. What is put is durable before any bytes that depend on it leave. */
export interface Docs {
  get(kind: string, id: string): unknown
  /** In the order they were first put. */
  all(kind: string): readonly { readonly id: string; readonly value: unknown }[]
  put(kind: string, id: string, value: unknown): void
  drop(kind: string, id: string): void
}

/** Documents that live as long as the process. */
export function memoryDocs(): Docs {
  const kinds = new Map<string, Map<string, string>>()
  const of = (kind: string): Map<string, string> => {
    const found = kinds.get(kind) ?? new Map<string, string>()
    kinds.set(kind, found)
    return found
  }
  return {
    get: (kind, id) => {
      const text = of(kind).get(id)
      return text === undefined ? undefined : (JSON.parse(text) as unknown)
    },
    all: (kind) => [...of(kind)].map(([id, text]) => ({ id, value: JSON.parse(text) as unknown })),
    put: (kind, id, value) => void of(kind).set(id, JSON.stringify(value)),
    drop: (kind, id) => void of(kind).delete(id),
  }
}
