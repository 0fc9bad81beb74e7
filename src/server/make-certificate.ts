import { createPublicKey, hash, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { bits, der, integer, octets, oid, sequence, setOf, time, utf8, yes, type Der } from './der.ts'
import { addressBytes, nameConstraints } from './name-constraints.ts'

/** What a certificate is to say. */
export interface CertificateRequest {
  /** Common names. */
  readonly subject: string
  readonly issuer: string
  /** Of the subject; P-256. */
  readonly key: KeyObject
  /** Of the issuer: the subject's own for a root. */
  readonly issuerKey: KeyObject
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** An authority, which may speak for private names and these hosts; or a server, which has these names. */
  readonly role: 'authority' | 'server'
  readonly hosts: readonly string[]
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))

/** Bits of key usage: keyCertSign and cRLSign; digitalSignature. */
const USAGE = { authority: bits(Uint8Array.of(0x06), 1), server: bits(Uint8Array.of(0x80), 7) }

/**
 * Makes an X.509 certificate.
 * @returns PEM
 * @see RFC 5280, sections 4.1 and 4.2
 */
export function makeCertificate(request: CertificateRequest): string {
  const body = toBeSigned(request)
  const signature = sign('sha256', body, request.issuerKey)
  const text = Buffer.from(sequence(body, ECDSA_WITH_SHA256, bits(signature))).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${text.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
}

function toBeSigned({
  subject,
  issuer,
  key,
  issuerKey,
  notBeforeMs,
  notAfterMs,
  role,
  hosts,
}: CertificateRequest): Der {
  const extensions = [
    extension('2.5.29.19', true, role === 'authority' ? sequence(yes(), integer(Uint8Array.of(0))) : sequence()),
    extension('2.5.29.15', true, USAGE[role]),
    extension('2.5.29.14', false, octets(keyId(key))),
    extension('2.5.29.35', false, sequence(der(0x80, keyId(issuerKey)))),
  ]
  if (role === 'authority') extensions.push(extension('2.5.29.30', true, nameConstraints(hosts)))
  else
    extensions.push(
      extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.17', false, sequence(...hosts.map(alternativeName))),
    )
  return sequence(
    der(0xa0, integer(Uint8Array.of(2))), // version 3
    integer(randomBytes(16)),
    ECDSA_WITH_SHA256,
    name(issuer),
    sequence(time(notBeforeMs), time(notAfterMs)),
    name(subject),
    publicBytes(key),
    der(0xa3, sequence(...extensions)),
  )
}

function extension(id: string, isCritical: boolean, value: Der): Der {
  return sequence(oid(id), ...(isCritical ? [yes()] : []), octets(value))
}

function name(common: string): Der {
  return sequence(setOf(sequence(oid('2.5.4.3'), utf8(common))))
}

function alternativeName(host: string): Der {
  return isIP(host) === 0 ? der(0x82, new TextEncoder().encode(host)) : der(0x87, addressBytes(host))
}

function publicBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}

/** Tells keys apart where names do not. @see RFC 7093, section 2, method 4 */
function keyId(key: KeyObject): Buffer {
  return hash('sha256', publicBytes(key), 'buffer').subarray(0, 20)
}
