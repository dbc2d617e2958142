// How long a test waits for what must come.

/** Milliseconds. Tells a program that hangs from one on a machine that does much else; no test is about how fast something comes. */
export const PATIENCE = 45_000
