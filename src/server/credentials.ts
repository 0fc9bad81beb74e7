import type { ApiKey } from '../auth/api-key.ts'
import { readKeyFile, type KeyFile } from '../auth/key-file.ts'
import { watchKeys } from '../auth/watch-keys.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { readNamedFile } from '../storage/local.ts'
import { log } from './log.ts'
import type { TlsFiles } from './settings.ts'

/** Where keys and certificates lie. They are read here, so that runners need no right to. */
export interface CredentialFiles {
  readonly apiKeyFile: string | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
}

/** What they hold. */
export interface Credentials {
  readonly tls: TlsFiles | undefined
  readonly keys: readonly ApiKey[] | undefined
}

/** The credentials as they are now, and the way to look again. */
export interface CredentialSource {
  readonly current: Credentials
  /** Reads all files again; those that are broken stay as they were, which is logged. */
  renew(): Promise<Credentials>
  stop(): void
}

const MAX_PEM_BYTES = 1024 * 1024

/**
 * Reads keys and certificates, and goes on watching the keys.
 * @param onChange told when the keys have changed
 * @throws {ServingError} `not_found`, `invalid_argument`, …: naming the file
 */
export async function openCredentials(
  files: CredentialFiles,
  onChange: (credentials: Credentials) => void,
): Promise<CredentialSource> {
  const keyFile = files.apiKeyFile === undefined ? undefined : await readKeyFile(files.apiKeyFile)
  for (const warning of keyFile?.warnings ?? []) log('warn', warning)
  let current: Credentials = { tls: await readTls(files), keys: keyFile?.keys }
  const keep = ({ keys }: KeyFile) => (current = { ...current, keys })
  const complain = (error: unknown) => log('error', 'the file of keys is not taken over, the keys stay', { error })
  const stopKeys =
    keyFile &&
    watchKeys(
      keyFile,
      (file) => {
        onChange(keep(file))
        log('info', 'keys were taken over', { keys: file.keys.length })
      },
      complain,
    )
  return {
    get current() {
      return current
    },
    async renew() {
      try {
        current = { ...current, tls: await readTls(files) }
      } catch (error) {
        log('error', 'the certificate is not taken over, the one before stays', { error })
      }
      if (files.apiKeyFile !== undefined) await readKeyFile(files.apiKeyFile).then(keep, complain)
      return current
    },
    stop: () => stopKeys?.(),
  }
}

async function readTls({ tlsCert, tlsKey }: CredentialFiles): Promise<TlsFiles | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined
  const cert = Buffer.from(await readNamedFile(tlsCert, MAX_PEM_BYTES)).toString('latin1')
  const key = Buffer.from(await readNamedFile(tlsKey, MAX_PEM_BYTES)).toString('latin1')
  const { createSecureContext } = await import('node:tls')
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    throw new ServingError(
      'invalid_argument',
      `${quote(tlsCert)} and ${quote(tlsKey)} are no certificate chain and its private key, both in PEM`,
      { cause },
    )
  }
  return { cert, key }
}
