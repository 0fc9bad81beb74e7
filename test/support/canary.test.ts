import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createCanary, expectNoCanary, findCanary, type Canary } from './canary.ts'

const SECRETS = ['key', 'secretAccessKey', 'urlPassword', 'headerValue', 'columnValue'] as const

test.each(SECRETS)('%s is found in each of its forms, and what holds none is clean', (name) => {
  const canary = createCanary()
  const secret = canary[name]
  const texts: readonly [string, boolean][] = [
    [`{"authorization":"Bearer ${secret}"}`, true],
    [`cut: ${secret.slice(0, -10)}`, true],
    [`its end: ${secret.slice(12)}`, true],
    [Buffer.from(`Basic user:${secret}`).toString('base64'), true],
    [Buffer.from(`asic user:${secret}!`).toString('base64'), true],
    [Buffer.from(`sic user:${secret}!!`).toString('base64'), true],
    [Buffer.from(secret).toString('hex'), true],
    [`a hint: ${secret.slice(0, 12)}…`, false],
    [`an id: ${canary.accessKeyId}`, false],
    [createCanary()[name], false],
  ]
  for (const [text, isThere] of texts) {
    expect([text, findCanary(canary, { texts: [text] }).length > 0]).toEqual([text, isThere])
    if (isThere) expect(() => expectNoCanary(canary, { texts: ['clean', text] })).toThrow(`${name} (`)
    else expectNoCanary(canary, { texts: [text] })
  }
})

test('files are looked through, in folders and packed ones too, but for those that are there to hold secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-canary-'))
  try {
    const canary: Canary = createCanary()
    mkdirSync(join(folder, 'logs'))
    writeFileSync(join(folder, 'credentials.json'), JSON.stringify(canary))
    writeFileSync(join(folder, 'logs', 'a.log'), 'nothing')
    expectNoCanary(canary, { folders: [folder] }, ['credentials.json'])
    writeFileSync(join(folder, 'logs', 'b.log'), `GET /?key=${canary.key}`)
    writeFileSync(join(folder, 'logs', 'c.log.gz'), gzipSync(`password ${canary.urlPassword}`))
    const found = findCanary(canary, { folders: [folder] }).filter(({ where }) => where !== 'credentials.json')
    expect(new Set(found.map(({ secret, where }) => `${secret} ${where}`))).toEqual(
      new Set(['key logs/b.log', 'urlPassword logs/c.log.gz (unpacked)']),
    )
    expect(JSON.stringify(found)).not.toContain(canary.key.slice(12))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
