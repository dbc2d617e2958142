// What the palette offers for a typed text: commands, sessions, devices, codes; best match first. Pure.

export interface Offer {
  readonly id: string
  readonly group: 'Commands' | 'Rows' | 'Sessions' | 'Devices' | 'Scenarios' | 'Jobs' | 'Packages' | 'Status codes' | 'Alert codes'
  readonly label: string
  readonly detail: string
  readonly keys: string
}

/** Score of `text` for what was typed: every word must occur in order of letters; 0 = no match, higher is better. */
function score(text: string, typed: string): number {
  const low = text.toLowerCase()
  let sum = 1
  for (const word of typed
    .toLowerCase()
    .split(/\s+/)
    .filter((one) => one !== '')) {
    const at = low.indexOf(word)
    if (at < 0) return 0
    sum += at === 0 ? 30 : /[\s:.·(]/.test(low[at - 1] ?? '') ? 15 : 4
  }
  return sum + 10 / (1 + low.length / 20)
}

/** At most `most` offers for each group, groups in the order of their best offer; where nothing is typed, all in the order they are given. */
export function choose(offers: readonly Offer[], typed: string, most = 8): readonly Offer[] {
  const blank = typed.trim() === ''
  const rated = offers
    .map((offer) => ({ offer, rate: blank ? 1 : Math.max(score(offer.label, typed), score(`${offer.label} ${offer.detail}`, typed) / 2) }))
    .filter((one) => one.rate > 0)
    .sort((a, b) => b.rate - a.rate)
  const groups = new Map<string, Offer[]>()
  for (const { offer } of rated) {
    const group = groups.get(offer.group) ?? []
    if (group.length < (blank && offer.group !== 'Commands' ? 4 : most)) group.push(offer)
    groups.set(offer.group, group)
  }
  return [...groups.values()].flat()
}
