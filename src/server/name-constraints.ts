import { BlockList, isIP } from 'node:net'
import { der, sequence, type Der } from './der.ts'

/**
 * Names that no public site can have. A single label is covered by itself alone, so that names of machines are given.
 * @see RFC 6761, RFC 6762 (.local), RFC 8375 (.home.arpa), ICANN's reservation of .internal
 */
export const PRIVATE_NAMES: readonly string[] = ['localhost', 'local', 'internal', 'home.arpa', 'lan', 'test']

/** Networks that are not part of the Internet. @see RFC 1918, 3927, 4193, 4291, 6598 */
const PRIVATE_NETWORKS: readonly (readonly [network: string, prefix: number])[] = [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
]

const privateNetworks = new BlockList()
for (const [network, prefix] of PRIVATE_NETWORKS) privateNetworks.addSubnet(network, prefix, familyOf(network))

/** A host as certificates have it: in lower case, addresses in one form. @returns undefined for what is none */
export function normalHost(host: string): string | undefined {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) === 4) return bare
  if (isIP(bare) === 6) return bare.includes('%') ? undefined : new URL(`http://[${bare}]`).hostname.slice(1, -1)
  // a name whose last label is a number would be taken for an address
  const isName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(bare)
  return isName && !/(?:^|\.)\d+$/.test(bare) ? bare : undefined
}

/** Whether every local authority may speak for a host: nobody else on the Internet can be called so. */
export function isPrivate(host: string): boolean {
  if (isIP(host) !== 0) return privateNetworks.check(host, familyOf(host))
  return PRIVATE_NAMES.some((name) => host === name || host.endsWith(`.${name}`))
}

/**
 * The value of a certificate's name constraints extension (DER): private names, and these. Addresses are not constrained:
 * the library that most of gRPC's clients check certificates with, BoringSSL, refuses whatever is under such a constraint.
 * @see RFC 5280, section 4.2.1.10
 */
export function nameConstraints(hosts: readonly string[]): Der {
  const given = hosts.filter((host) => isIP(host) === 0 && !isPrivate(host))
  return sequence(der(0xa0, ...[...new Set([...PRIVATE_NAMES, ...given])].map(subtree)))
}

/**
 * Whether the constraints of an authority of ours, or a certificate that holds them, name a host or what it is part of, or
 * leave it free as they do addresses.
 */
export function namesHost(certificate: Uint8Array, host: string): boolean {
  if (isIP(host) !== 0) return true
  const bytes = Buffer.from(certificate)
  const labels = host.split('.')
  return labels.some((_label, at) => bytes.includes(subtree(labels.slice(at).join('.'))))
}

/** GeneralSubtree: what a name stands for. */
function subtree(name: string): Der {
  return sequence(der(0x82, new TextEncoder().encode(name)))
}

/** The 4 or 16 bytes of an address. */
export function addressBytes(address: string): Der {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.'), Number)
  const [head = [], tail = []] = (normalHost(address) ?? '').split('::').map((part) => part.split(':').filter(Boolean))
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail]
  const words = groups.map((group) => Number.parseInt(group, 16))
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
