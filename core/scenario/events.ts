// Names of what happens off the wire, as scenarios use them; the table itself lies below all who record them.
export { HAPPENINGS, happening, happeningOf } from '../mo/events.ts'
export type { HappeningFacts, HappeningName, HappeningRow } from '../mo/events.ts'
