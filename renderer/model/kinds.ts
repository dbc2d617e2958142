// Kinds of simulated clients as the window offers them: name as the lab knows it, and words for people. A test holds it against the lab's own table.

export const KINDS: readonly (readonly [name: string, title: string])[] = [
  ['full', 'Everything the protocol allows'],
  ['strict', 'Strict: nothing that need not be tolerated'],
  ['lean', 'Only what a client must support'],
  ['symbian', 'Symbian and Nokia'],
  ['libdmclient', 'libdmclient'],
  ['aosp', 'Motorola and AOSP'],
  ['samsung', 'Samsung and Obigo'],
  ['windows', 'Windows'],
  ['wordy', 'Credentials in every message'],
  ['webos', 'HP webOS'],
  ['examples', 'As the published examples are written'],
]
