import { createPrivateKey, generateKeyPair, X509Certificate, type KeyObject } from 'node:crypto'
import { chmod, mkdir, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { readPlainFile, writeAtomically } from '../storage/local.ts'
import { makeCertificate } from './make-certificate.ts'
import { isPrivate, namesHost, normalHost } from './name-constraints.ts'
import type { TlsFiles } from './settings.ts'

/** The platform's own certificate authority, for machines that nobody has given a certificate. */
export interface LocalCa {
  /** What clients are to trust (PEM). It is no secret. */
  readonly certPem: string
  readonly path: string
  readonly notAfterMs: number
  /** Made just now: whoever trusts an older one must be told. */
  readonly isNew: boolean
}

/** A certificate for the platform's listeners, with its key. */
export interface ServerCertificate {
  readonly tls: TlsFiles
  readonly certPath: string
  readonly keyPath: string
  readonly notAfterMs: number
  /** When to ask for another (ms since 1970). */
  readonly renewAtMs: number
  readonly isNew: boolean
}

export interface LocalCaOptions {
  /** Names and addresses by which clients call the platform, besides those of this machine itself. */
  readonly hosts?: readonly string[] | undefined
  /** ms since 1970. */
  readonly now: () => number
}

const DAY_MS = 86_400_000
const CA_DAYS = 3650
const SERVER_DAYS = 90
/** A certificate that has no longer than this is replaced. */
const RENEW_DAYS = 30
/** Clocks of clients may be late by so much. */
const EARLIER_MS = DAY_MS

const MAX_PEM_BYTES = 65_536

/** Names of the machine itself: in every certificate. */
const OWN_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '::1']

/**
 * The certificate authority of a data folder, made where there is none: `tls/ca.pem` and its key, `tls/ca-key.pem` (0600).
 * It is good for private names, for `hosts`, and for addresses, and for nothing else (RFC 5280, section 4.2.1.10): who steals
 * its key cannot pass for a public name at anybody who trusts it.
 * @throws {ServingError} `refused` for files that are damaged, do not belong together, or whose key others may read;
 * `invalid_argument` for a host that this authority is not good for
 */
export async function ensureLocalCa(dataFolder: string, { hosts = [], now }: LocalCaOptions): Promise<LocalCa> {
  const names = hosts.map(requireHost)
  const paths = pathsIn(dataFolder)
  const known = await readPair(paths.ca, paths.caKey)
  if (known !== undefined && Date.parse(known.certificate.validTo) > now() + RENEW_DAYS * DAY_MS) {
    requireCovered(known.certificate, names)
    return { certPem: known.certPem, path: paths.ca, notAfterMs: Date.parse(known.certificate.validTo), isNew: false }
  }
  const key = await createKey()
  const notAfterMs = now() + CA_DAYS * DAY_MS
  const subject = `Slipway local CA ${new Date(now()).toISOString().slice(0, 10)}`
  const certPem = makeCertificate({
    subject,
    issuer: subject,
    key,
    issuerKey: key,
    notBeforeMs: now() - EARLIER_MS,
    notAfterMs,
    role: 'authority',
    hosts: names,
  })
  await writePair(paths.folder, paths.ca, certPem, paths.caKey, keyPem(key))
  return { certPem, path: paths.ca, notAfterMs: Math.floor(notAfterMs / 1000) * 1000, isNew: true }
}

/**
 * A certificate for this machine and `hosts`, by the authority of the data folder, which is made where there is none. One
 * that is there is used as long as it is good for all of them and is not about to end.
 * @throws {ServingError} as `ensureLocalCa`
 */
export async function ensureServerCertificate(dataFolder: string, options: LocalCaOptions): Promise<ServerCertificate> {
  const { now } = options
  const ca = await ensureLocalCa(dataFolder, options)
  const hosts = [...new Set([...OWN_HOSTS, ...(options.hosts ?? []).map(requireHost)])]
  const { folder, server, serverKey, caKey } = pathsIn(dataFolder)
  const authority = new X509Certificate(ca.certPem)
  // a pair that is damaged is replaced: nobody has to trust it by itself
  const known = await readPair(server, serverKey).catch(() => undefined)
  if (known !== undefined) {
    const { certificate, certPem, key } = known
    const endMs = Date.parse(certificate.validTo)
    const isOurs = certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
    const lasts = endMs > now() + RENEW_DAYS * DAY_MS && Date.parse(certificate.validFrom) <= now()
    if (isOurs && lasts && hosts.every((host) => isFor(certificate, host)))
      return made({ cert: certPem, key }, endMs, false)
  }
  const tls = await issue(ca, await readKey(caKey), hosts, now())
  await writePair(folder, server, tls.cert, serverKey, tls.key)
  return made(tls, Date.parse(new X509Certificate(tls.cert).validTo), true)

  function made(files: TlsFiles, notAfterMs: number, isNew: boolean): ServerCertificate {
    const renewAtMs = notAfterMs - RENEW_DAYS * DAY_MS
    return { tls: files, certPath: server, keyPath: serverKey, notAfterMs, renewAtMs, isNew }
  }
}

async function issue(ca: LocalCa, caKeyPem: string, hosts: readonly string[], nowMs: number): Promise<TlsFiles> {
  const key = await createKey()
  const cert = makeCertificate({
    subject: 'Slipway',
    issuer: new X509Certificate(ca.certPem).subject.replace(/^CN=/, ''),
    key,
    issuerKey: createPrivateKey(caKeyPem),
    notBeforeMs: nowMs - EARLIER_MS,
    notAfterMs: Math.min(nowMs + SERVER_DAYS * DAY_MS, ca.notAfterMs),
    role: 'server',
    hosts,
  })
  return { cert: cert + ca.certPem, key: keyPem(key) }
}

async function createKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  return privateKey
}

function keyPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' })
}

interface Paths {
  readonly folder: string
  readonly ca: string
  readonly caKey: string
  readonly server: string
  readonly serverKey: string
}

function pathsIn(dataFolder: string): Paths {
  const folder = join(dataFolder, 'tls')
  const [ca, caKey, server, serverKey] = ['ca.pem', 'ca-key.pem', 'server.pem', 'server-key.pem'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]
  return { folder, ca, caKey, server, serverKey }
}

/** The key first: a certificate whose key was lost on the way would be in the way. */
async function writePair(
  folder: string,
  certPath: string,
  certPem: string,
  keyPath: string,
  key: string,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await writeAtomically(keyPath, Buffer.from(key), 0o600)
  await writeAtomically(certPath, Buffer.from(certPem), 0o644)
  await chmod(certPath, 0o644) // a CA is there to be read, whatever the umask
}

/**
 * A certificate and its key.
 * @returns undefined where there is no certificate: a key alone is the rest of a making that was cut short
 */
async function readPair(
  certPath: string,
  keyPath: string,
): Promise<{ certificate: X509Certificate; certPem: string; key: string } | undefined> {
  let certPem: string
  try {
    certPem = Buffer.from(await readPlainFile(certPath, MAX_PEM_BYTES)).toString('latin1')
  } catch (error) {
    if (error instanceof ServingError && error.code === 'not_found') return undefined
    throw error
  }
  const begin = `take ${quote(certPath, 200)} away to begin anew; whoever trusts the old one must then be given the new one`
  try {
    const key = await readKey(keyPath)
    const certificate = new X509Certificate(certPem)
    if (certificate.checkPrivateKey(createPrivateKey(key))) return { certificate, certPem, key }
  } catch (cause) {
    if (cause instanceof ServingError && cause.code === 'permission_denied') throw cause
    throw new ServingError(
      'refused',
      `the certificate at ${quote(certPath, 200)} or its key cannot be read: ${begin}`,
      {
        cause,
      },
    )
  }
  throw new ServingError(
    'refused',
    `the certificate at ${quote(certPath, 200)} is not that of ${quote(keyPath, 200)}: ${begin}`,
  )
}

async function readKey(path: string): Promise<string> {
  const { mode } = await stat(path)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new ServingError(
      'permission_denied',
      `others on this machine may read the private key ${quote(path, 200)}: say chmod 600, and better make it anew`,
    )
  return Buffer.from(await readPlainFile(path, MAX_PEM_BYTES)).toString('latin1')
}

function requireHost(host: string): string {
  const normal = normalHost(host)
  if (normal !== undefined) return normal
  throw new ServingError(
    'invalid_argument',
    `${quote(host)} is no host that a certificate can be for: it takes a name such as models.internal, or an address; no port, no wildcard`,
  )
}

/** Whether the authority may speak for these: it says itself what for, once and for all. */
function requireCovered(authority: X509Certificate, hosts: readonly string[]): void {
  const missing = hosts.filter((host) => !isPrivate(host) && !namesHost(authority.raw, host))
  if (missing.length > 0)
    throw new ServingError(
      'invalid_argument',
      `the local CA is not good for ${quoteList(missing)}: give files of your own (--tls-cert, --tls-key), or take its folder "tls" away to have another made`,
    )
}

function isFor(certificate: X509Certificate, host: string): boolean {
  return (
    (isIP(host) === 0 ? certificate.checkHost(host, { wildcards: false }) : certificate.checkIP(host)) !== undefined
  )
}
