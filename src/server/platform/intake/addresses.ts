import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * IPv4 addresses that are not the public network's.
 * @see IANA IPv4 Special-Purpose Address Registry; RFC 1112 for multicast and what is reserved beyond
 */
const SPECIAL_V4 = blockList('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10', // shared by providers; a metadata service of one cloud too
  '127.0.0.0/8',
  '169.254.0.0/16', // the metadata services of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32', // Azure's own services, seen from its machines alone
])

/** IPv6 is public in 2000::/3, but for these. @see IANA IPv6 Special-Purpose Address Registry */
const GLOBAL_V6 = blockList('ipv6', ['2000::/3'])
const SPECIAL_V6 = blockList('ipv6', [
  '2001::/23', // protocols' own, Teredo among them
  '2001:db8::/32',
  '2002::/16', // 6to4
  '2620:4f:8000::/48',
  '3fff::/20',
])

/** Addresses of machines' own metadata, which hold credentials: nobody may name these. */
const METADATA_V4 = blockList('ipv4', ['169.254.0.0/16', '100.100.100.200/32', '192.0.0.192/32', '168.63.129.16/32'])
const METADATA_V6 = blockList('ipv6', ['fe80::/10', 'fd00:ec2::/32', 'fd20:ce::/32'])

/** IPv4 addresses as IPv6 carries them: mapped, and by NAT64. @see RFC 4291 2.5.5.2, RFC 6052 */
const CARRIES_V4 = blockList('ipv6', ['::ffff:0:0/96', '64:ff9b::/96'])

/** Whether an address is one of the public network, that anybody may be sent to. */
export function isPublicAddress(address: string): boolean {
  const inner = innermost(address)
  if (isIPv4(inner)) return !SPECIAL_V4.check(inner, 'ipv4')
  return isIPv6(inner) && GLOBAL_V6.check(inner, 'ipv6') && !SPECIAL_V6.check(inner, 'ipv6')
}

/** Whether nobody may be sent to an address, whatever the operator allows. */
export function isMetadataAddress(address: string): boolean {
  const inner = innermost(address)
  if (isIPv4(inner)) return METADATA_V4.check(inner, 'ipv4')
  return !isIPv6(inner) || METADATA_V6.check(inner, 'ipv6')
}

/** The IPv4 address in an IPv6 address that carries one; else the address itself. */
function innermost(address: string): string {
  const [plain = ''] = address.split('%') // a zone
  if (!isIPv6(plain) || !CARRIES_V4.check(plain, 'ipv6')) return plain
  const [, , , , , , high = 0, low = 0] = groupsOf(plain)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // as URLs write it: no dots, and the longest run of zeros as ::
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const numbers = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const before = numbers(head)
  if (tail === undefined) return before
  const after = numbers(tail)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

function blockList(family: 'ipv4' | 'ipv6', subnets: readonly string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/')
    list.addSubnet(network, Number(prefix), family)
  }
  return list
}
