import { rm } from 'node:fs/promises'
import type { NewKey, NewKeySecrets } from '../../api/api-types.ts'
import type { Action, Role } from '../../auth/permissions.ts'
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
  /** Fewer than the role has; all of its when empty. */
  readonly actions: readonly Action[]
  readonly notBeforeMs: number | undefined
  readonly expiresAtMs: number | undefined
  readonly quotas: NonNullable<NewKey['quotas']>
  /** New file for the key itself, in place of printing it; its pair for AWS's clients goes to one beside it. */
  readonly out: string | undefined
}

/** Makes a key of the platform, and shows its secrets this once. */
export async function newPlatformKey(
  { name, project, role, endpoints, actions, notBeforeMs, expiresAtMs, quotas, out }: PlatformKeyWishes,
  options: Options<typeof PLATFORM_OPTIONS>,
  context: CommandContext,
): Promise<void> {
  await withPlatform(options, context, async ({ client }) => {
    const { stdout, stderr, signal } = context
    const body: NewKey = {
      name,
      role,
      ...(endpoints.length === 0 ? {} : { endpoints }),
      ...(actions.length === 0 ? {} : { actions }),
      ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(Object.values(quotas).every((value) => value === undefined) ? {} : { quotas }),
    }
    const made = await client.call('createKey', { params: { project }, body, signal })
    const { key, bearer, accessKeyId, secretAccessKey } = made
    const files = out === undefined ? undefined : { out, awsOut: `${out}.aws` }
    if (files !== undefined)
      await writeSecrets(files, made).catch(async (error: unknown) => {
        // a key that nobody has would be of no use
        await client.call('revokeKey', { params: { project, key: name } })
        throw error
      })
    if (options.json) {
      const secrets = files ?? { bearer, accessKeyId, secretAccessKey }
      stdout.write(`${JSON.stringify({ key, accessKeyId, ...secrets })}\n`)
      return
    }
    const where = project === '*' ? 'the whole platform' : `project ${project}`
    const what = endpoints.length === 0 ? where : `${endpoints.join(', ')} of ${where}`
    const end = expiresAtMs === undefined ? 'without an end' : `until ${formatMoment(expiresAtMs)}`
    stderr.write(`key ${name}: ${role} of ${what}, ${end}; it is not shown again\n`)
    if (files === undefined) {
      stdout.write(`${bearer}\n`)
      stderr.write(`for clients that sign as AWS's do: ${accessKeyId} ${secretAccessKey}\n`)
    } else
      stderr.write(
        `it is in ${files.out}; the pair for clients that sign as AWS's do is in ${files.awsOut}, as AWS_SHARED_CREDENTIALS_FILE takes it\n`,
      )
  })
}

/** Both or none. */
async function writeSecrets(
  { out, awsOut }: { readonly out: string; readonly awsOut: string },
  { bearer, accessKeyId, secretAccessKey }: NewKeySecrets,
): Promise<void> {
  await writeKeyItself(out, bearer)
  const pair = ['[default]', `aws_access_key_id = ${accessKeyId}`, `aws_secret_access_key = ${secretAccessKey}`]
  await writeKeyItself(awsOut, pair.join('\n')).catch(async (error: unknown) => {
    await rm(out, { force: true })
    throw error
  })
}
