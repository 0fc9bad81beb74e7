import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:https'
import { isIP, type AddressInfo, type LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureLocalCa, ensureServerCertificate, type ServerCertificate } from './local-ca.ts'
import { makeCertificate } from './make-certificate.ts'
import { isPrivate, nameConstraints, namesHost, normalHost } from './name-constraints.ts'

const DAY_MS = 86_400_000

let folder = ''
let nowMs = 0
const now = () => nowMs

beforeEach(async () => {
  nowMs = Date.now()
  folder = await mkdtemp(join(tmpdir(), 'slipway-ca-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

/** What a client says to a server with this certificate that it calls by this name: the answer, or the failure's code. */
async function call({ tls }: Pick<ServerCertificate, 'tls'>, ca: string, servername: string): Promise<unknown> {
  const server = createServer(tls, (_request, response) => response.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await new Promise((resolve) => {
      // the address of the socket is not what the client means to reach
      const options = {
        host: servername,
        port,
        ca,
        agent: false,
        lookup,
        ...(isIP(servername) === 0 && { servername }),
      }
      const request = get(options, (response) => response.on('data', (chunk: Buffer) => resolve(chunk.toString())))
      request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

const lookup: LookupFunction = (_host, options, done) =>
  options.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)

describe('a certificate of the local CA', () => {
  test('is good for this machine and the hosts it is told, by the CA alone', async () => {
    const made = await ensureServerCertificate(folder, { hosts: ['Models.example.com', '192.168.1.7', 'fd00::1'], now })
    const ca = await ensureLocalCa(folder, { now })
    expect(await readFile(ca.path, 'utf8')).toBe(ca.certPem)
    for (const name of ['localhost', '127.0.0.1', 'models.example.com'])
      expect(await call(made, ca.certPem, name)).toBe('hello')
    expect(await call(made, ca.certPem, 'other.example.com')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(new X509Certificate(made.tls.cert).subjectAltName).toMatch(/192\.168\.1\.7.*IP Address:FD00:0:0:0:0:0:0:1/)
    const other = await mkdtemp(join(folder, 'other-'))
    expect(await call(made, (await ensureLocalCa(other, { now })).certPem, 'localhost')).toMatch(
      /UNABLE_TO|SELF_SIGNED|SIGNATURE/,
    )
  })

  test('lasts 90 days, and is made anew when 30 of them are left, by the same CA', async () => {
    const first = await ensureServerCertificate(folder, { now })
    expect([first.isNew, Math.round((first.notAfterMs - nowMs) / DAY_MS)]).toEqual([true, 90])
    expect(Math.round((first.renewAtMs - nowMs) / DAY_MS)).toBe(60)
    nowMs += 59 * DAY_MS
    expect(await ensureServerCertificate(folder, { now })).toEqual({ ...first, isNew: false })
    nowMs += 2 * DAY_MS
    const second = await ensureServerCertificate(folder, { now })
    expect([second.isNew, Math.round((second.notAfterMs - nowMs) / DAY_MS)]).toEqual([true, 90])
    expect((await ensureLocalCa(folder, { now })).isNew).toBe(false)
    expect(second.tls.key).not.toBe(first.tls.key)
  })

  test('is made anew for another host, and where it is damaged', async () => {
    const first = await ensureServerCertificate(folder, { now })
    const wider = await ensureServerCertificate(folder, { hosts: ['box.internal'], now })
    expect([wider.isNew, (await ensureServerCertificate(folder, { now })).isNew]).toEqual([true, false])
    expect(new X509Certificate(first.tls.cert).checkHost('box.internal')).toBeUndefined()
    for (const path of [first.certPath, first.keyPath]) {
      await writeFile(path, 'nonsense')
      expect((await ensureServerCertificate(folder, { now })).isNew).toBe(true)
    }
  })

  test.each(['', 'a b', '*.example.com', 'localhost:8080', 'http://x', '1.2.3', 'ü.example', 'fe80::1%eth0', '-x'])(
    'is not made for %j',
    async (host) => {
      await expect(ensureServerCertificate(folder, { hosts: [host], now })).rejects.toMatchObject({
        code: 'invalid_argument',
      })
    },
  )
})

describe('the local CA', () => {
  test('stays the same for its ten years, its key for nobody else', async () => {
    const first = await ensureLocalCa(folder, { now })
    expect([first.isNew, Math.round((first.notAfterMs - nowMs) / DAY_MS)]).toEqual([true, 3650])
    nowMs += 3600 * DAY_MS
    expect(await ensureLocalCa(folder, { now })).toEqual({ ...first, isNew: false })
    nowMs += 30 * DAY_MS
    expect((await ensureLocalCa(folder, { now })).isNew).toBe(true)
    for (const name of ['ca-key.pem', 'ca.pem'])
      expect((await stat(join(folder, 'tls', name))).mode & 0o777).toBe(name === 'ca.pem' ? 0o644 : 0o600)
  })

  test('is one that clients accept as such, and can make no other', async () => {
    const { certPem } = await ensureLocalCa(folder, { now })
    const certificate = new X509Certificate(certPem)
    expect([certificate.ca, certificate.checkIssued(certificate), certificate.verify(certificate.publicKey)]).toEqual([
      true,
      true,
      true,
    ])
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
  })

  test('does not speak for public names that it was not made for', async () => {
    await ensureLocalCa(folder, { hosts: ['example.com'], now })
    await expect(ensureServerCertificate(folder, { hosts: ['bank.example'], now })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/not good for "bank.example": give files of your own/),
    })
    for (const host of ['a.example.com', 'example.com', 'box.lan', '10.1.2.3'])
      expect((await ensureServerCertificate(folder, { hosts: [host], now })).isNew).toBe(true)
  })

  test.each([
    ['bank.example', ['bank.example']],
    ['localhost', ['localhost', 'bank.example']],
    ['localhost', ['localhost', '10.0.0.1']],
  ])('whose key was stolen is believed for no public names: %s of %j', async (name, hosts) => {
    const { certPem, path } = await ensureLocalCa(folder, { now })
    const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const cert = makeCertificate({
      subject: 'Slipway',
      issuer: new X509Certificate(certPem).subject.slice('CN='.length),
      key,
      issuerKey: createPrivateKey(await readFile(path.replace('ca.pem', 'ca-key.pem'))),
      notBeforeMs: nowMs - DAY_MS,
      notAfterMs: nowMs + DAY_MS,
      role: 'server',
      hosts,
    })
    const tls = { cert, key: key.export({ format: 'pem', type: 'pkcs8' }) }
    const isPublic = hosts.some((host) => !isPrivate(host))
    expect(await call({ tls }, certPem, name)).toBe(isPublic ? 'UNSPECIFIED' : 'hello')
  })

  test('is begun again where only its key had been written', async () => {
    await ensureLocalCa(folder, { now })
    await rm(join(folder, 'tls', 'ca.pem'))
    expect((await ensureLocalCa(folder, { now })).isNew).toBe(true)
  })

  test.each<[string, string, RegExp]>([
    ['ca-key.pem', 'nonsense', /cannot be read: take .*ca\.pem" away to begin anew/],
    ['ca.pem', 'nonsense', /cannot be read/],
  ])('whose %s is %j is refused', async (name, text, message) => {
    await ensureLocalCa(folder, { now })
    await writeFile(join(folder, 'tls', name), text)
    await expect(ensureLocalCa(folder, { now })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(message),
    })
  })

  test('whose key is gone, is that of another, or may be read by others, is refused', async () => {
    const other = await mkdtemp(join(folder, 'other-'))
    await ensureLocalCa(other, { now })
    await ensureLocalCa(folder, { now })
    const keyPath = join(folder, 'tls', 'ca-key.pem')
    await chmod(keyPath, 0o644)
    await expect(ensureLocalCa(folder, { now })).rejects.toMatchObject({ code: 'permission_denied' })
    await writeFile(keyPath, await readFile(join(other, 'tls', 'ca-key.pem')))
    await chmod(keyPath, 0o600)
    await expect(ensureLocalCa(folder, { now })).rejects.toThrow(/is not that of/)
    await rm(keyPath)
    await expect(ensureLocalCa(folder, { now })).rejects.toMatchObject({ code: 'refused' })
  })
})

test.each<[string, string | undefined, boolean]>([
  ['LOCALHOST', 'localhost', true],
  ['a.local', 'a.local', true],
  ['xlocal', 'xlocal', false],
  ['example.com', 'example.com', false],
  ['[::1]', '::1', true],
  ['FD00:0::1', 'fd00::1', true],
  ['2001:db8::1', '2001:db8::1', false],
  ['172.31.255.255', '172.31.255.255', true],
  ['172.32.0.0', '172.32.0.0', false],
])('%j is written %j; private: %s', (host, normal, expected) => {
  expect(normalHost(host)).toBe(normal)
  expect(isPrivate(normal ?? '')).toBe(expected)
})

test('constraints name the hosts that they were made for, and those below them', () => {
  const made = nameConstraints(['example.com'])
  for (const host of ['example.com', 'a.b.example.com', 'localhost']) expect(namesHost(made, host)).toBe(true)
  for (const host of ['xexample.com', 'com']) expect(namesHost(made, host)).toBe(false)
})

test('constraints leave addresses alone: under any of them BoringSSL takes no certificate that holds one', () => {
  expect(nameConstraints(['203.0.113.9'])).toEqual(nameConstraints([]))
  expect(namesHost(nameConstraints([]), '203.0.113.9')).toBe(true)
})
