import type { NewKey } from '../../api/api-types.ts'
import type { Role } from '../../auth/permissions.ts'
import type { CommandContext } from '../command.ts'
import { writeKeyItself } from '../key-store.ts'
import type { Options } from '../options.ts'
import { withPlatform } from './find-platform.ts'
import type { PLATFORM_OPTIONS } from './platform-options.ts'
import { formatMoment } from './terminal.ts'

export interface PlatformKeyWishes {
  readonly name: string
  readonly project: string
  readonly role: Role
  /** All when empty. */
  readonly endpoints: readonly string[]
  readonly expiresAtMs: number | undefined
  readonly quotas: NonNullable<NewKey['quotas']>
  /** New file for the key itself, in place of printing it. */
  readonly out: string | undefined
}

/** Makes a key of the platform, and shows its secrets this once. */
export async function newPlatformKey(
  { name, project, role, endpoints, expiresAtMs, quotas, out }: PlatformKeyWishes,
  options: Options<typeof PLATFORM_OPTIONS>,
  context: CommandContext,
): Promise<void> {
  await withPlatform(options, context, async ({ client }) => {
    const { stdout, stderr, signal } = context
    const body: NewKey = {
      name,
      role,
      ...(endpoints.length === 0 ? {} : { endpoints }),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(Object.values(quotas).every((value) => value === undefined) ? {} : { quotas }),
    }
    const made = await client.call('createKey', { params: { project }, body, signal })
    if (out !== undefined)
      await writeKeyItself(out, made.bearer).catch(async (error: unknown) => {
        // a key that nobody has would be of no use
        await client.call('revokeKey', { params: { project, key: name } })
        throw error
      })
    const { key, bearer, accessKeyId, secretAccessKey } = made
    if (options.json) {
      stdout.write(
        `${JSON.stringify({ key, ...(out === undefined ? { bearer } : { out }), accessKeyId, secretAccessKey })}\n`,
      )
      return
    }
    if (out === undefined) stdout.write(`${bearer}\n`)
    const where = project === '*' ? 'the whole platform' : `project ${project}`
    const what = endpoints.length === 0 ? where : `${endpoints.join(', ')} of ${where}`
    const end = expiresAtMs === undefined ? 'without an end' : `until ${formatMoment(expiresAtMs)}`
    stderr.write(`key ${name}: ${role} of ${what}, ${end}; it is not shown again\n`)
    if (out === undefined) stderr.write(`for clients that sign as AWS's do: ${accessKeyId} ${secretAccessKey}\n`)
  })
}
