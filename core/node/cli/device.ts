// `dmlab device`: simulated devices that hold a session.
import type { Command } from 'commander'

/** Adds the command. */
export function device(program: Command): void {
  program.command('device').description('simulated device(s) hold a session; prints the outcome')
}
