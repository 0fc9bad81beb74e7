import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isKey } from '../../auth/api-key.ts'
import { createClient, type Client } from '../../client/client.ts'
import { createNodeTransport } from '../../client/node-transport.ts'
import { DEFAULT_PROJECT } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import { hideKeys, quote } from '../../core/text.ts'
import { CREDENTIALS_FILE, HEADER_FILE, SERVER_FILE } from '../../server/platform/settings.ts'
import { readNamedFile } from '../../storage/local.ts'
import type { CommandContext } from '../command.ts'
import { UsageError, type Options } from '../options.ts'
import { withHint } from './hint.ts'
import { sameWay, shellWord } from './same-way.ts'
import type { PLATFORM_OPTIONS } from './platform-options.ts'

/** Certificate of the platform's own CA. */
export const CA_FILE = join('tls', 'ca.pem')

/** Largest of the files that are read here (bytes). */
const MAX_BYTES = 2 ** 20

/** The project is there in those commands that work in one. */
type Given = Options<typeof PLATFORM_OPTIONS> & { readonly project?: string }

/** A platform that was found, and how to talk to it. */
export interface Platform {
  readonly client: Client
  /** Where invocations go, as far as that is known without asking. */
  readonly url: string | undefined
  /** What curl takes to send the key, and to trust the certificate, as the shell reads it. */
  readonly curlOptions: string
}

/**
 * Does work with the platform that the options name: by `--url`, else the one that runs in the data folder.
 * @throws {ServingError} `unavailable` when none is to be found, `permission_denied` when a key would be shown to others
 */
export async function withPlatform<T>(
  options: Given,
  context: CommandContext,
  work: (platform: Platform) => Promise<T>,
): Promise<T> {
  const running = await readServerFile(options.data)
  const url = options.url ?? running?.apiUrl
  if (url === undefined)
    throw new ServingError(
      'unavailable',
      `no platform runs in ${quote(options.data, 200)}: start one with \`slipway up${sameWay({ ...options, url: undefined, project: DEFAULT_PROJECT })}\`, or name one with --url`,
    )
  const address = addressOf(url)
  const isOwn = isLoopback(address.hostname) || address.origin === running?.apiUrl
  const { key, from: keyFrom, curlHeader } = await findKey(options, context, isOwn)
  if (key !== undefined && address.protocol === 'http:' && !isLoopback(address.hostname) && !options.insecure)
    throw new ServingError(
      'permission_denied',
      `${address.origin} is another machine and has no TLS, so that the key could be read on its way: use https://, or say --insecure where something else guards it`,
    )
  const ca = address.protocol === 'https:' ? await caOf(options) : undefined
  const { transport, close } = createNodeTransport({ ca: ca?.pem })
  try {
    const client = createClient({ url, key, transport, onRetry: tellOnce(context) })
    const curlOptions = ca === undefined ? curlHeader : `--cacert ${shellWord(ca.path)} ${curlHeader}`
    return await work({ client, url: options.url === undefined ? running?.url : undefined, curlOptions })
  } catch (error) {
    const wayToAll = sameWay({ ...options, project: DEFAULT_PROJECT })
    throw withHint(error, {
      url: address.origin,
      keyFrom,
      way: sameWay({ project: DEFAULT_PROJECT, ...options }),
      wayToAll,
    })
  } finally {
    close()
  }
}

/** A word at the first request of a command that has to be sent again: else nobody would know what is waited for. */
function tellOnce({ stderr }: CommandContext): (error: ServingError, retryForMs: number) => void {
  let isTold = false
  return ({ message }, retryForMs) => {
    if (isTold) return
    isTold = true
    const why = message.replace(/[;:,] try again(?: later)?$/, '')
    // on a terminal a bar may stand on the line
    stderr.write(
      `${stderr.isTTY === true ? '\r\x1b[K' : ''}slipway: ${hideKeys(why)}; asking again for ${retryForMs / 1000} s\n`,
    )
  }
}

function addressOf(url: string): URL {
  if (URL.canParse(url)) return new URL(url)
  throw new UsageError(`--url is ${quote(url)}; it takes an address such as http://127.0.0.1:8082`)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

interface ServerFile {
  readonly apiUrl: string
  readonly url?: string | undefined
}

/** What the platform in a data folder says of itself; undefined where none was started, or it has ended. */
async function readServerFile(dataFolder: string): Promise<ServerFile | undefined> {
  const document = await readJson(join(dataFolder, SERVER_FILE))
  if (document === undefined || typeof document.apiUrl !== 'string') return undefined
  return { apiUrl: document.apiUrl, url: typeof document.url === 'string' ? document.url : undefined }
}

interface FoundKey {
  readonly key: string | undefined
  /** Where it was found, in words. */
  readonly from: string | undefined
  /** How curl is told it. */
  readonly curlHeader: string
}

/** The key: from the variable, else a file, else the data folder's, which goes to a platform of this machine alone. */
async function findKey({ keyFile, data }: Given, { env }: CommandContext, isOwn: boolean): Promise<FoundKey> {
  const curlHeader = '-H "Authorization: Bearer $SLIPWAY_KEY"'
  const given = (env.SLIPWAY_KEY ?? '').trim()
  if (given !== '') return { key: checkKey(given, 'SLIPWAY_KEY'), from: 'SLIPWAY_KEY', curlHeader }
  if (keyFile !== undefined) {
    await checkMode(keyFile)
    const text = Buffer.from(await readNamedFile(keyFile, MAX_BYTES)).toString('utf8')
    const from = quote(keyFile, 200)
    return { key: checkKey(text.trim(), from), from, curlHeader }
  }
  if (!isOwn) return { key: undefined, from: undefined, curlHeader }
  const key = await readAdminKey(data)
  return {
    key,
    from: key && quote(join(data, CREDENTIALS_FILE), 200),
    curlHeader: `-H @${shellWord(join(data, HEADER_FILE))}`,
  }
}

/**
 * The admin key that a platform keeps in its data folder.
 * @returns undefined where there is none
 * @throws {ServingError} `refused` for a file that others may read, or that is damaged
 */
export async function readAdminKey(dataFolder: string): Promise<string | undefined> {
  const path = join(dataFolder, CREDENTIALS_FILE)
  if (!existsSync(path)) return undefined
  const { readCredentials } = await import('../../server/platform/data-folder.ts')
  return (await readCredentials(path)).adminKey
}

function checkKey(text: string, from: string): string {
  if (isKey(text)) return text
  throw new ServingError('unauthenticated', `${from} holds no key; a key is "slw_" and 43 letters, digits, "-" or "_"`)
}

/** @throws {ServingError} `permission_denied` for a file of secrets that others may read */
async function checkMode(path: string): Promise<void> {
  const { mode } = await stat(path).catch(() => ({ mode: 0 }))
  if ((mode & 0o077) === 0 || process.platform === 'win32') return
  throw new ServingError(
    'permission_denied',
    `${quote(path, 200)} holds a key and others may read it (mode ${(mode & 0o777).toString(8)}): run \`chmod 600\` on it`,
  )
}

/** The CA's certificate that is trusted besides those of the system. */
async function caOf({ caFile, data }: Given): Promise<{ readonly path: string; readonly pem: string } | undefined> {
  const read = async (path: string) => ({
    path,
    pem: Buffer.from(await readNamedFile(path, MAX_BYTES)).toString('utf8'),
  })
  if (caFile !== undefined) {
    const ca = await read(caFile)
    if (ca.pem.includes('-----BEGIN CERTIFICATE-----')) return ca
    throw new ServingError(
      'refused',
      `${quote(caFile, 200)} holds no certificate: it begins "-----BEGIN CERTIFICATE-----"`,
    )
  }
  return read(join(data, CA_FILE)).catch(() => undefined) // then those of the system do
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readNamedFile(path, MAX_BYTES)
  } catch (error) {
    if (error instanceof ServingError && error.code === 'not_found') return undefined
    throw error
  }
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    if (typeof document === 'object' && document !== null) return document as Readonly<Record<string, unknown>>
  } catch {
    // said below, without a piece of the file
  }
  throw new ServingError('refused', `${quote(path, 200)} is damaged: it holds no JSON object`)
}
