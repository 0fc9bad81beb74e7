import { describe, expect, test } from 'vitest'
import { isMetadataAddress, isPublicAddress } from './addresses.ts'
import {
  checkAddresses,
  fileNameOfUrl,
  parseAllowedHosts,
  parseFetchTarget,
  redirectedTarget,
  shownUrl,
} from './fetch-target.ts'

describe('addresses', () => {
  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '169.254.170.2',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.7',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '::ffff:10.1.2.3',
    '::ffff:0:127.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '5f00::1',
    'no address',
    '',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '223.255.255.255',
    '2606:4700::6810:85e5',
    '2a00:1450:4001:80b::200e',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
    expect(isMetadataAddress(address)).toBe(false)
  })

  test.each(['169.254.169.254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254', 'fe80::1', 'x'])(
    '%s holds credentials, or is no address',
    (address) => {
      expect(isMetadataAddress(address)).toBe(true)
    },
  )
})

describe('a URL', () => {
  test.each([
    'ftp://models.example/a',
    'file:///etc/passwd',
    'gopher://models.example/a',
    'data:,a',
    'javascript:1',
    'http:models.example/a',
    'http:/models.example/a',
    'http:///models.example/a',
    '//models.example/a',
    'models.example/a',
    '',
    'http://',
    'http://user@models.example/a',
    'http://user:password@models.example/a',
    'http://good@evil.example/',
    'http://@evil.example/',
    'http://evil.example#@good.example',
    'http://good.example\\@evil.example',
    'http:\\\\evil.example',
    'http://evil.example/\r\nHost: x',
    'http://evil.example/\ta',
    'http://exa\nmple.com/',
    ' http://evil.example/',
    'http://evil.example/ä',
    'http://ëvil.example/',
    'http://xn--vil-jma.example/',
    'http://evil.example:0/',
    'http://evil.example:22/',
    'http://evil.example:6379/',
    'http://evil.example:65536/',
    'http://[::1/',
    `http://evil.example/${'a'.repeat(4096)}`,
  ])('%j is refused by its text', (url) => {
    expect(() => parseFetchTarget(url)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', details: { reason: 'url' } }),
    )
  })

  test.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'metadata.google.internal',
    'printer.local',
    'x.home.arpa',
  ])('of the host %s is refused by its name', (host) => {
    expect(() => parseFetchTarget(`http://${host}/a`)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', details: expect.objectContaining({ reason: 'address' }) }),
    )
  })

  // as WHATWG has them parsed, whatever they look like
  test.each([
    ['http://2130706433/', '127.0.0.1'],
    ['http://0177.0.0.1/', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://127.1/', '127.0.0.1'],
    ['http://0/', '0.0.0.0'],
    ['http://%31%32%37.0.0.1/', '127.0.0.1'],
    ['http://127.0.0.1./', '127.0.0.1'],
    ['http://[::ffff:127.0.0.1]/', '::ffff:7f00:1'],
    ['http://[0:0:0:0:0:ffff:a9fe:a9fe]/', '::ffff:a9fe:a9fe'],
  ])('%s means %s, which is refused', (url, host) => {
    const target = parseFetchTarget(url)
    expect(target.host).toBe(host)
    expect(() => checkAddresses(target, [host])).toThrow('not in the public network')
  })

  test('of any other host is taken, with the usual port', () => {
    expect(parseFetchTarget('https://models.example/a%20b?sig=1')).toMatchObject({ host: 'models.example', port: 443 })
    expect(parseFetchTarget('http://models.example:443/')).toMatchObject({ port: 443, isAllowed: false })
  })

  test('leads to a file of some name', () => {
    expect(fileNameOfUrl('https://models.example/a/fraud%20model.pkl?x=1')).toBe('fraud model.pkl')
    expect(fileNameOfUrl('https://models.example/')).toBe('model')
    expect(fileNameOfUrl('https://models.example/..%2f..%2fetc%2fpasswd')).toBe('model')
    expect(fileNameOfUrl('https://models.example/%ff')).toBe('model')
  })

  test('is shown without what signs it', () => {
    expect(shownUrl('https://bucket.example/a.pkl?X-Amz-Signature=secret')).toBe('https://bucket.example/a.pkl?…')
    expect(shownUrl('https://user:secret@bucket.example/a.pkl#secret')).toBe('https://bucket.example/a.pkl')
    expect(shownUrl('secret')).toBe('no URL')
  })
})

describe('every address of a name counts', () => {
  const target = parseFetchTarget('https://models.example/a')
  test.each([[['8.8.8.8', '10.0.0.1']], [['10.0.0.1', '8.8.8.8']], [['2606:4700::1', '::1']]])('%j', (addresses) => {
    expect(() => checkAddresses(target, addresses)).toThrow('"models.example" is not in the public network')
  })
})

describe('a host that the operator names', () => {
  const rules = (...entries: string[]) => ({ allowed: parseAllowedHosts(entries) })

  test('may lie in a private network, at its port alone', () => {
    const target = parseFetchTarget('http://Models.Local.:9000/a', rules('models.local:9000'))
    expect(target).toMatchObject({ isAllowed: true, port: 9000 })
    expect(() => checkAddresses(target, ['10.0.0.1', '127.0.0.1', '::1'])).not.toThrow()
    expect(() => parseFetchTarget('http://models.local:9001/a', rules('models.local:9000'))).toThrow('port 9001')
    expect(() => parseFetchTarget('http://models.local/a', rules('models.local:9000'))).toThrow('public network')
    expect(() => parseFetchTarget('http://models.local:9000/a', rules('models.local'))).toThrow('port 9000')
    expect(parseFetchTarget('http://models.local/a', rules('models.local'))).toMatchObject({ isAllowed: true })
    expect(parseFetchTarget('http://[::1]:9000/a', rules('[::1]:9000'))).toMatchObject({ isAllowed: true })
    expect(() => parseFetchTarget('http://sub.models.local/a', rules('models.local'))).toThrow('public network')
  })

  test('never is one that holds credentials of machines', () => {
    const target = parseFetchTarget('http://models.local/a', rules('models.local'))
    expect(() => checkAddresses(target, ['169.254.169.254'])).toThrow('not in the public network')
    expect(() => checkAddresses(target, ['10.0.0.1', 'fd00:ec2::254'])).toThrow('not in the public network')
  })

  test.each(['http://models.local', 'models.local:0', 'models.local:70000', '', 'a b', 'user@host', 'host/path', '*'])(
    'is not written %j',
    (entry) => {
      expect(() => parseAllowedHosts([entry])).toThrow('is no host to fetch models from')
    },
  )
})

describe('a redirect', () => {
  const from = parseFetchTarget('https://models.example/a/b')
  test.each([
    ['http://models.example/c', 'refused'],
    ['', 'refused'],
    ['/a b', 'refused'],
    ['/a\\b', 'invalid_argument'],
    ['file:///etc/passwd', 'invalid_argument'],
    ['gopher://models.example/', 'invalid_argument'],
    ['https://user:password@models.example/', 'invalid_argument'],
    ['https://localhost/', 'invalid_argument'],
    ['https://models.example:6379/', 'invalid_argument'],
  ])('to %j is %s', (location, code) => {
    const isTaken = location === '/a\\b' // a path, by the standard
    if (isTaken) expect(redirectedTarget(from, location, {}).url.href).toBe('https://models.example/a/b')
    else expect(() => redirectedTarget(from, location, {})).toThrow(expect.objectContaining({ code }))
  })

  test('is followed from http to https, and by its path alone', () => {
    const open = parseFetchTarget('http://models.example/a')
    expect(redirectedTarget(open, 'https://other.example/x#y', {}).url.href).toBe('https://other.example/x')
    expect(redirectedTarget(from, '../c?d', {}).url.href).toBe('https://models.example/c?d')
  })
})
