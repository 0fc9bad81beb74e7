import { ServingError } from '../../core/errors.ts'

export interface HintContext {
  /** Address of the API. */
  readonly url: string
  /** Where the key came from, in words; undefined where there was none. */
  readonly keyFrom: string | undefined
  /** Words that lead another command to the same platform and project. */
  readonly way: string
  /** The same without the project. */
  readonly wayToAll: string
}

/** Kinds that are listed without naming what they belong to. */
const LISTED = /^there is no (project|model|version|endpoint|rollout|key|upload) /

/** What the platform refused, with the command that helps; other failures as they are. */
export function withHint(thrown: unknown, { url, keyFrom, way, wayToAll }: HintContext): unknown {
  if (!(thrown instanceof ServingError)) return thrown
  const { code, message } = thrown
  const again = (text: string) => new ServingError(code, text, { cause: thrown.cause, details: thrown.details })
  if (code === 'unauthenticated' && message.startsWith('a valid key is needed'))
    return again(
      keyFrom === undefined
        ? `the platform at ${url} needs a key: set SLIPWAY_KEY, or name a file that holds one with --key-file`
        : `the platform at ${url} does not take the key of ${keyFrom}: it is unknown there, has ended or was revoked (an admin makes another by \`slipway key new <name> --role editor\`)`,
    )
  if (code === 'permission_denied' && message.startsWith('this key is not good for'))
    return again(`${message} (\`slipway status${wayToAll}\` shows what it may do)`)
  const kind = code === 'not_found' ? LISTED.exec(message)?.[1] : undefined
  if (kind === undefined) return thrown
  return again(`${message} (\`slipway get ${kind}s${kind === 'project' ? wayToAll : way}\` lists what there is)`)
}
