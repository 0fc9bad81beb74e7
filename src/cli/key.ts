import { rm } from 'node:fs/promises'
import { createKey, digestOf, formatExpiry, isKeyName, parseExpiry, type ApiKey, type Scope } from '../auth/api-key.ts'
import { formatKeyLine, isScope, readKeyFile } from '../auth/key-file.ts'
import { ACTIONS, ROLES, type Action, type Role } from '../auth/permissions.ts'
import { DEFAULT_PROJECT } from '../api/resources.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { addKey, removeKey, writeKeyItself } from './key-store.ts'
import { UsageError, type Options, type OptionTable } from './options.ts'
import { PLATFORM_OPTIONS } from './platform/platform-options.ts'

const options = {
  file: {
    type: 'string',
    isFlagOnly: true,
    value: 'PATH',
    doc: 'file of hashed keys, as serve takes it by --api-key-file; made where there is none',
  },
  name: {
    type: 'string',
    isFlagOnly: true,
    value: 'NAME',
    doc: 'name of the new key, for logs; made of its hash when left out',
  },
  scopes: {
    type: 'string',
    isFlagOnly: true,
    value: 'SCOPES',
    default: 'inference',
    doc: 'what the new key is good for: inference, operations (metrics, statistics, loading, settings), or both with a comma',
  },
  expires: {
    type: 'string',
    isFlagOnly: true,
    value: 'DATE',
    doc: 'when the new key ends: a day such as 2027-01-31, or a moment such as 2027-01-31T12:00:00Z',
  },
  out: {
    type: 'string',
    isFlagOnly: true,
    value: 'PATH',
    doc: 'new file for the key itself, in place of printing it',
  },
  role: {
    type: 'choice',
    isFlagOnly: true,
    values: ROLES,
    doc: 'of a key of the platform, which needs it: what it may do; an invoker calls endpoints',
  },
  endpoints: {
    type: 'list',
    isFlagOnly: true,
    value: 'NAMES',
    doc: 'of a key of the platform: endpoints that it is good for; all when left out',
  },
  requestsPerSecond: {
    type: 'number',
    isFlagOnly: true,
    isFraction: true,
    value: 'N',
    min: 0.001,
    max: 1_000_000,
    doc: 'of a key of the platform: most requests in a second',
  },
  concurrent: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    min: 1,
    max: 1_000_000,
    doc: 'of a key of the platform: most requests at once',
  },
  requestsPerDay: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    min: 1,
    max: 1_000_000_000,
    doc: 'of a key of the platform: most requests in a day of UTC',
  },
  rowsPerSecond: {
    type: 'number',
    isFlagOnly: true,
    isFraction: true,
    value: 'N',
    min: 0.001,
    max: 1_000_000_000,
    doc: 'of a key of the platform: most rows in a second',
  },
  rowsPerDay: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    min: 1,
    max: 1_000_000_000,
    doc: 'of a key of the platform: most rows in a day of UTC',
  },
  burst: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    min: 1,
    max: 1_000_000_000,
    doc: 'of a key of the platform: requests that may come at once before --requests-per-second holds',
  },
  actions: {
    type: 'list',
    isFlagOnly: true,
    value: 'ACTIONS',
    doc: `of a key of the platform: less than all that its role may do: ${ACTIONS.join(', ')}`,
  },
  notBefore: {
    type: 'string',
    isFlagOnly: true,
    value: 'DATE',
    doc: 'of a key of the platform: when it begins, as --expires says when it ends',
  },
  project: {
    type: 'string',
    value: 'NAME',
    default: DEFAULT_PROJECT,
    doc: 'of a key of the platform: project that it is good for; * for all of them',
  },
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

type KeyOptions = Options<typeof options>

/**
 * `slipway key`: keys are made here, and kept as hashes: the key itself is shown once.
 * With a name behind `new` and a role, it is a key of the platform; else one for the key file of `slipway serve`.
 */
export const keyCommand: Command<typeof options> = {
  usage:
    'new <name> --role invoker [--project <name>] [--endpoints <names>] | show | ' +
    'new [--name <name>] [--scopes inference,operations] [--file <path>] | list --file <path> | remove <name> --file <path>',
  options,
  async run([what, ...more], given, context) {
    if (what === 'new' && more.length === 0) await makeKey(given, context)
    else if (what === 'new' && more.length === 1 && given.role !== undefined)
      await makePlatformKey(more[0] ?? '', given.role, given, context)
    else if (what === 'show' && more.length === 0) await showAdminKey(given, context)
    else if (what === 'list' && more.length === 0) await listKeys(fileOf(given), given.json, context)
    else if (what === 'remove' && more.length === 1) await dropKey(more[0] ?? '', fileOf(given), given.json, context)
    else if (what === 'new' && more.length === 1)
      throw new UsageError(
        `\`key new ${more[0] ?? ''}\` makes a key of the platform, and says no role: add --role ${ROLES.join(', ')} (a key for a file is made by \`key new --name\`)`,
      )
    else
      throw new UsageError(
        'say `key new`, `key list --file <path>` or `key remove <name> --file <path>`; of a platform `key new <name> --role invoker`, `get keys` or `delete key <name>`',
      )
    return EXIT.done
  },
}

/** A key that the platform keeps. @throws {UsageError} for words that belong to key files */
async function makePlatformKey(name: string, role: Role, given: KeyOptions, context: CommandContext): Promise<void> {
  if (given.file !== undefined || given.name !== undefined)
    throw new UsageError(
      '`key new <name>` makes a key of the platform, and --file and --name belong to key files: leave one of them out',
    )
  if (!isKeyName(name))
    throw new UsageError(`${quote(name)} is no name; it is 1 to 63 letters, digits, "_", "." and "-"`)
  const { project, endpoints, out, requestsPerSecond, burst, concurrent, requestsPerDay, rowsPerSecond, rowsPerDay } =
    given
  const quotas = { requestsPerSecond, burst, concurrent, requestsPerDay, rowsPerSecond, rowsPerDay }
  const { newPlatformKey } = await import('./platform/new-platform-key.ts')
  await newPlatformKey(
    {
      name,
      project,
      role,
      endpoints,
      actions: given.actions.map(actionOf),
      notBeforeMs: given.notBefore === undefined ? undefined : momentOf('--not-before', given.notBefore),
      expiresAtMs: expiryOf(given.expires),
      quotas,
      out,
    },
    given,
    context,
  )
}

/** The admin key that the platform's first start kept for its own command line. */
async function showAdminKey({ data, json }: KeyOptions, { stdout }: CommandContext): Promise<void> {
  const { readAdminKey } = await import('./platform/find-platform.ts')
  const key = await readAdminKey(data)
  if (key === undefined)
    throw new ServingError(
      'not_found',
      `there is no platform's key in ${quote(data, 200)}: \`slipway up\` makes one at its first start`,
    )
  stdout.write(json ? `${JSON.stringify({ key })}\n` : `${key}\n`)
}

async function makeKey(given: KeyOptions, { stdout, stderr }: CommandContext): Promise<void> {
  const token = createKey()
  const sha256 = digestOf(token)
  const expiresAtMs = expiryOf(given.expires)
  const key: ApiKey = {
    name: nameOf(given.name ?? `key-${sha256.slice(0, 8)}`),
    scopes: scopesOf(given.scopes),
    sha256,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  }
  // the key first: a line in the file whose key nobody has would be of no use
  if (given.out !== undefined) await writeKeyItself(given.out, token)
  try {
    if (given.file !== undefined) await addKey(given.file, key)
  } catch (error) {
    if (given.out !== undefined) await rm(given.out, { force: true })
    throw error
  }
  const line = formatKeyLine(key)
  if (given.json) {
    const shown = given.out === undefined ? { key: token } : { out: given.out }
    stdout.write(`${JSON.stringify({ ...describe(key), ...shown, line, file: given.file ?? null })}\n`)
    return
  }
  if (given.out === undefined) stdout.write(`${token}\n`)
  stderr.write(`key ${key.name} for ${key.scopes.join(' and ')}, ${endOf(key)}; it is not shown again\n`)
  stderr.write(
    given.file === undefined ? `its line for the key file:\n${line}\n` : `its hash stands in ${given.file}\n`,
  )
}

async function listKeys(path: string, asJson: boolean, { stdout, stderr }: CommandContext): Promise<void> {
  const { keys, warnings } = await readKeyFile(path)
  if (asJson) {
    stdout.write(`${JSON.stringify({ file: path, keys: keys.map(describe) })}\n`)
    return
  }
  for (const warning of warnings) stderr.write(`warning: ${warning}\n`)
  const width = Math.max(0, ...keys.map(({ name }) => name.length))
  for (const key of keys) stdout.write(`${key.name.padEnd(width)}  ${key.scopes.join(',').padEnd(20)}  ${endOf(key)}\n`)
}

async function dropKey(name: string, path: string, asJson: boolean, { stdout }: CommandContext): Promise<void> {
  await removeKey(path, name)
  stdout.write(asJson ? `${JSON.stringify({ file: path, removed: name })}\n` : `key ${name} is taken out of ${path}\n`)
}

function describe({ name, scopes, sha256, expiresAtMs }: ApiKey): Readonly<Record<string, unknown>> {
  const expires = expiresAtMs === undefined ? null : formatExpiry(expiresAtMs)
  return { name, scopes, sha256, expires, isExpired: isExpired(expiresAtMs) }
}

function endOf({ expiresAtMs }: ApiKey): string {
  if (expiresAtMs === undefined) return 'without an end'
  return `${isExpired(expiresAtMs) ? 'ended' : 'until'} ${formatExpiry(expiresAtMs)}`
}

function isExpired(expiresAtMs: number | undefined): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= Date.now()
}

function fileOf({ file }: KeyOptions): string {
  if (file === undefined)
    throw new UsageError('--file is missing; it takes the path of a key file (keys of a platform: `slipway get keys`)')
  return file
}

function nameOf(name: string): string {
  if (isKeyName(name)) return name
  throw new UsageError(`--name is ${quote(name)}; a name is 1 to 63 letters, digits, "_", "." and "-"`)
}

function scopesOf(text: string): Scope[] {
  const scopes = text.split(',').map((scope) => scope.trim())
  if (scopes.every(isScope) && new Set(scopes).size === scopes.length) return scopes
  throw new UsageError(`--scopes is ${quote(text)}; it takes inference, operations, or both with a comma`)
}

function expiryOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const expiresAtMs = momentOf('--expires', text)
  if (isExpired(expiresAtMs)) throw new UsageError(`--expires is ${quote(text)}, which is past`)
  return expiresAtMs
}

function momentOf(flag: string, text: string): number {
  const atMs = parseExpiry(text)
  if (atMs !== undefined) return atMs
  throw new UsageError(`${flag} is ${quote(text)}; it takes a day such as 2027-01-31, or 2027-01-31T12:00:00Z`)
}

function actionOf(text: string): Action {
  const action = ACTIONS.find((each) => each === text)
  if (action !== undefined) return action
  throw new UsageError(`--actions holds ${quote(text)}; there are ${ACTIONS.join(', ')}`)
}
