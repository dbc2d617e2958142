// Every sub-command of `dmlab` in one list, and how a run of it ends: wrong usage and unreadable input with 2 and one line on stderr.
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import pack from '../../../package.json' with { type: 'json' }
import { Failure } from './output.ts'

type Add = (program: Command) => void

/** Every sub-command. Only the one asked for is loaded, so that decoding a file does not wait for a lab; help loads all. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  device: async () => (await import('./device.ts')).device,
  notify: async () => (await import('./notify.ts')).notify,
  modem: async () => (await import('./modem.ts')).modem,
  bootstrap: async () => (await import('./bootstrap.ts')).bootstrap,
  account: async () => (await import('./account.ts')).account,
  decode: async () => (await import('./decode.ts')).decode,
  encode: async () => (await import('./encode.ts')).encode,
  lint: async () => (await import('./lint.ts')).lint,
  scenario: async () => (await import('./scenario.ts')).scenario,
  trace: async () => (await import('./trace.ts')).trace,
  export: async () => (await import('./export.ts')).exporting,
  tree: async () => (await import('./tree.ts')).tree,
  job: async () => (await import('./job.ts')).job,
  wifi: async () => (await import('./wifi.ts')).wifi,
  adb: async () => (await import('./adb.ts')).adb,
  catalogue: async () => (await import('./catalogue.ts')).catalogue,
  fanout: async () => (await import('./fanout.ts')).fanout,
  image: async () => (await import('./image.ts')).image,
  proxy: async () => (await import('./proxy.ts')).proxy,
  peer: async () => (await import('./peer.ts')).peer,
  trust: async () => (await import('./trust.ts')).trust,
  addresses: async () => (await import('./addresses.ts')).addresses,
}

async function build(asked: string | undefined): Promise<Command> {
  const program = new Command('dmlab')
    .description('Lab and protocol debugger for OMA Device Management (SyncML DM 1.2), without a window')
    .version(pack.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showSuggestionAfterError(false)
    .configureOutput({
      outputError: (text, write) =>
        write(
          `dmlab: ${text
            .replace(/^error: /, '')
            .trim()
            .replaceAll('\n', ' ')}\n`,
        ),
    })
    .enablePositionalOptions()
    .exitOverride()
  const one = asked !== undefined && Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined
  const none = asked === '-V' || asked === '--version'
  for (const load of none ? [] : one === undefined ? Object.values(COMMANDS) : [one]) (await load())(program)
  program.addHelpText('after', '\nExit codes: 0 done, 1 the thing examined failed, 2 wrong usage or unreadable input.\n')
  return program
}

/** Runs the command that these words ask for; sets `process.exitCode` where it does not end with 0. */
export async function run(words: readonly string[]): Promise<void> {
  try {
    const program = await build(words[0])
    if (words.length === 0) {
      program.outputHelp({ error: true })
      process.exitCode = 2
      return
    }
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    process.exitCode = codeOf(error)
  }
}

/** Tells what went wrong, once, and gives the exit code. */
function codeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof Failure) {
    process.stderr.write(`dmlab: ${error.message}\n`)
    return error.code
  }
  const text = process.env['DMLAB_DEBUG'] !== undefined && error instanceof Error ? error.stack : String(error)
  process.stderr.write(`dmlab: ${text ?? ''}\n`)
  return 2
}
