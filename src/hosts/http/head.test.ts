import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHeadReader, parseHead, type Head } from './head.ts'

const POST = 'POST /a/b?c=d HTTP/1.1\r\nHost: x:80\r\nContent-Type:  text/csv \r\nContent-Length: 5\r\n\r\n'

describe('a plain head', () => {
  test('is taken apart', () => {
    expect(parseHead(POST)).toEqual({
      text: POST,
      method: 'POST',
      path: '/a/b',
      query: 'c=d',
      headers: { host: 'x:80', 'content-type': 'text/csv', 'content-length': '5' },
      contentLength: 5,
      requestIdLine: '',
    })
  })

  test.each([
    ['abc-1', 'x-request-id: abc-1\r\n'],
    ['a'.repeat(128), `x-request-id: ${'a'.repeat(128)}\r\n`],
    ['a'.repeat(129), ''],
    ['a b', ''],
    ['', ''],
  ])('with the request id %j sends %j back', (id, line) => {
    expect(parseHead(`GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\n\r\n`)?.requestIdLine).toBe(line)
  })

  test('cannot be changed: requests share it', () => {
    const { headers } = parseHead(POST) ?? {}
    expect(Object.isFrozen(headers)).toBe(true)
    expect(Object.getPrototypeOf(headers)).toBe(null)
  })

  test('pollutes nothing, whatever its headers are called', () => {
    const head = parseHead('GET / HTTP/1.1\r\nHost: x\r\n__proto__: a\r\nconstructor: b\r\n\r\n')
    expect(Object.entries(head?.headers ?? {})).toEqual([
      ['host', 'x'],
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })

  test('is read in time that grows with its length alone', () => {
    for (const filler of ['a:', ':', ' ', '\t ', 'a', 'a: b\r\n', '\r\n'])
      expect(parseHead(`GET / HTTP/1.1\r\nHost: x\r\n${filler.repeat(200_000)}\0\r\n\r\n`)).toBeUndefined()
  })

  test('is all that is taken: nothing else makes a head, and nothing throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect(parseHead(text)).toBeUndefined()
      }),
    )
  })
})

describe('a head reader', () => {
  const read = (text: string, reader = createHeadReader(1000), last?: Head) => reader(Buffer.from(text, 'latin1'), last)

  test('reads a head in front of its body', () => {
    expect(read(`${POST}hello`)?.text).toBe(POST)
  })

  test('gives the same head for the same bytes', () => {
    const reader = createHeadReader(1000)
    const head = read(POST, reader)
    expect(read(`${POST}hello`, reader)).toBe(head)
    expect(read(`${POST}hello`, createHeadReader(1000), head)).toBe(head)
    expect(read(POST.replace('/b', '/c'), reader, head)?.path).toBe('/a/c')
    expect(read(POST.replace('5', '500'), reader, head)?.contentLength).toBe(500)
  })

  test('gives no head before it is whole, also one that was read before', () => {
    const reader = createHeadReader(1000)
    const head = read(POST, reader)
    for (let length = 0; length < POST.length; length++)
      expect(read(POST.slice(0, length), reader, head)).toBeUndefined()
  })

  test('leaves bodies over the limit to others', () => {
    expect(read(POST, createHeadReader(5))).toBeDefined()
    expect(read(POST, createHeadReader(4))).toBeUndefined()
  })

  test('forgets: a caller that never says the same twice leaves little behind', () => {
    const reader = createHeadReader(1000)
    const first = read(POST, reader)
    for (let i = 0; i < 300; i++) read(POST.replace('x:80', `x:${i}`), reader)
    expect(read(POST, reader)).not.toBe(first)
    expect(read(POST, reader)).toEqual(first)
  })

  test.each(['X-Request-Id: a', 'traceparent: 00-a-b-01', `Authorization: ${'a'.repeat(3000)}`])(
    'does not remember heads with %s',
    (line) => {
      const reader = createHeadReader(1000)
      const text = `GET / HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`
      expect(read(text, reader)).not.toBe(read(text, reader))
    },
  )
})
