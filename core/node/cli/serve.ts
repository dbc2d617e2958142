// `dmlab serve`: the lab without a window.
import type { Command } from 'commander'

/** Adds the command. */
export function serve(program: Command): void {
  program.command('serve').description('headless lab: DM Server, recorder, user interface')
}
