import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { hideKeys } from '../core/text.ts'
import { isKey } from './api-key.ts'
import { createAccessKeyPair, createMasterKey, isAccessKeyId, open, parseMasterKey, seal } from './master-key.ts'

const KEY = parseMasterKey(createMasterKey())

describe('a sealed secret', () => {
  test.each(['', 'secret', 'ü'.repeat(1000)])('opens as it was (%j)', (secret) => {
    expect(open(seal(secret, KEY, 'SLWA1'), KEY, 'SLWA1')).toBe(secret)
  })

  test('is never the same twice, and shows nothing', () => {
    const sealed = Array.from({ length: 100 }, () => seal('secret', KEY, 'SLWA1'))
    expect(new Set(sealed).size).toBe(100)
    for (const text of sealed) expect(Buffer.from(text.slice(3), 'base64url').includes('secret')).toBe(false)
  })

  test('does not open for another key of ours, or under another master key', () => {
    const sealed = seal('secret', KEY, 'SLWA1')
    for (const attempt of [
      () => open(sealed, KEY, 'SLWA2'),
      () => open(sealed, parseMasterKey(createMasterKey()), 'SLWA1'),
    ])
      expect(attempt).toThrow(expect.objectContaining({ code: 'refused' }))
  })

  test('does not open with any bit changed, nor cut, nor made longer', () => {
    const bytes = Buffer.from(seal('secret', KEY, 'SLWA1').slice(3), 'base64url')
    const attempt = (changed: Buffer) => () => open(`v1.${changed.toString('base64url')}`, KEY, 'SLWA1')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(attempt(changed)).toThrow(expect.objectContaining({ code: 'refused' }))
    }
    for (let length = 0; length < bytes.length; length++) expect(attempt(bytes.subarray(0, length))).toThrow(/open/)
    expect(attempt(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(/open/)
    expect(() => open('', KEY, 'SLWA1')).toThrow(/open/)
    expect(() => open(bytes.toString('base64url'), KEY, 'SLWA1')).toThrow(/open/)
  })
})

describe('a master key', () => {
  test('is read from its file, with a line end too, and not shown by accident', () => {
    const text = createMasterKey()
    const sealed = seal('secret', parseMasterKey(text), 'a')
    expect(open(sealed, parseMasterKey(`${text}\n`), 'a')).toBe('secret')
    expect(inspect(parseMasterKey(text)) + JSON.stringify(parseMasterKey(text))).not.toContain(text)
  })

  test.each(['', 'x', createMasterKey().slice(1), `${createMasterKey()}A`, 'é'.repeat(44)])('is not %j', (text) => {
    expect(() => parseMasterKey(text)).toThrow(expect.objectContaining({ code: 'refused' }))
  })
})

test('an access key pair has a public half of its own form, and a secret that logs leave out', () => {
  const pairs = Array.from({ length: 1000 }, createAccessKeyPair)
  expect(new Set(pairs.flatMap(Object.values)).size).toBe(2000)
  for (const { accessKeyId, secretAccessKey } of pairs) {
    expect(accessKeyId).toMatch(/^SLWA[A-Z2-7]{16}$/)
    expect(isAccessKeyId(accessKeyId)).toBe(true)
    expect(secretAccessKey).toHaveLength(40)
    expect(isKey(secretAccessKey)).toBe(false)
    expect(hideKeys(`it is ${secretAccessKey}.`)).toBe('it is slw_….')
  }
  expect(isAccessKeyId('AKIAIOSFODNN7EXAMPLE')).toBe(false)
})
