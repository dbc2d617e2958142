// `dmlab image`: images that the DM Server keeps at gateways, through the lab that owns the workspace.
import type { Command } from 'commander'
import type { ImageRow } from '../../api.ts'
import { refuse, table, visible, write, writeJson } from './output.ts'
import { ownerOf } from './treesource.ts'
import { whichGateway } from './whichgateway.ts'
import { workspaceOption } from './workspace.ts'

interface Shared {
  readonly workspace: string
  readonly json?: true
}
interface Named extends Shared {
  readonly gateway?: string
}
/** A row as the API tells it: times are text, null for none. */
type ToldImage = Omit<ImageRow, 'expiresAt'> & { readonly expiresAt: string | null }

const seconds = (text: string): number => (/^\d{1,8}$/.test(text) ? Number(text) : refuse(`${text}: is no whole number of seconds`))

/** Adds the command. */
export function image(program: Command): void {
  const group = program.command('image').description('images at gateways: deliver them, prolong them, make them void')
  const one = (name: string, text: string): Command =>
    group.command(name).description(text).addOption(workspaceOption()).option('--json', 'one JSON document')
  const at = (name: string, text: string): Command =>
    one(name, text).option('--gateway <id>', 'device id of the gateway (default the only one with devices)')
  one('list', 'images, with their state and where devices fetch them').action(async ({ workspace, json }: Shared) => {
    const answer = await (await ownerOf(workspace))<{ images: readonly ToldImage[] }>('GET', 'images')
    await (json === true ? writeJson(answer) : write(rowsText(answer.images)))
  })
  at('add <imageId>', 'delivers a package of the catalogue to a gateway, or has it fetch a URL')
    .option('--pkg <PkgID>', 'package of the catalogue, delivered by Replace')
    .option('--url <url>', 'where the gateway fetches the image')
    .option('--expiry <seconds>', "seconds it is to live (default the gateway's)", seconds)
    .action(async (imageId: string, { workspace, json, gateway, pkg, url, expiry }: Named & { pkg?: string; url?: string; expiry?: number }) => {
      if ((pkg === undefined) === (url === undefined)) refuse('an image comes from --pkg or from --url: one of them')
      const given = Object.entries({ pkg, url, expiry }).filter(([, value]) => value !== undefined)
      const ask = await ownerOf(workspace)
      const wish = { gateway: await whichGateway(ask, gateway), imageId, ...Object.fromEntries(given) }
      await told(await ask<ToldImage>('POST', 'images', wish), json)
    })
  at('prolong <imageId>', 'writes a new Expiry')
    .requiredOption('--seconds <n>', 'seconds from now', seconds)
    .action(async (imageId: string, { seconds: left, ...shared }: Named & { seconds: number }) => expire(imageId, left, shared))
  at('drop <imageId>', 'makes an image void at once: Expiry 0').action(async (imageId: string, shared: Named) => expire(imageId, 0, shared))
}

async function expire(imageId: string, left: number, { workspace, json, gateway }: Named): Promise<void> {
  const ask = await ownerOf(workspace)
  const wish = { gateway: await whichGateway(ask, gateway), seconds: left }
  await told(await ask<ToldImage>('PUT', `images/${encodeURIComponent(imageId)}/expiry`, wish), json)
}

async function told(row: ToldImage, json: true | undefined): Promise<void> {
  await (json === true ? writeJson(row) : write(rowsText([row])))
}

function rowsText(rows: readonly ToldImage[]): string {
  const lines = rows.map(({ imageId, gateway, state, size, expiresAt, url, reason }) => [
    imageId,
    gateway,
    state,
    size === 0 ? '-' : String(size),
    expiresAt ?? '-',
    url === '' ? '-' : url,
    reason,
  ])
  return table([['image', 'gateway', 'state', 'octets', 'void at', 'URL', 'reason'], ...lines].map((row) => row.map(visible)))
}
