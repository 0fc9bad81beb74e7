import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Http2Error } from './frames.ts'
import { HeaderBlock } from './header-block.ts'
import { HpackDecoder } from './hpack-decoder.ts'

const LIMITS = { maxBytes: 16_384, maxFields: 100 }

function decode(decoder: HpackDecoder, hex: string): readonly string[] | 'too large' {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  return decoder.decode(bytes, 0, bytes.length)
}

function fresh(hex: string): readonly string[] | 'too large' {
  return decode(new HpackDecoder(LIMITS), hex)
}

describe('fields are read as RFC 7541 shows in its appendix C', () => {
  test.each([
    [
      'a literal that is remembered',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key', 'custom-header'],
    ],
    ['a literal that is not', '040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path']],
    ['a literal that never is', '1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret']],
    ['an index', '82', [':method', 'GET']],
  ])('%s', (_what, hex, fields) => {
    expect(fresh(hex)).toEqual(fields)
  })

  const base = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com']
  const second = [...base, 'cache-control', 'no-cache']
  const third = [
    ':method',
    'GET',
    ':scheme',
    'https',
    ':path',
    '/index.html',
    ':authority',
    'www.example.com',
    'custom-key',
    'custom-value',
  ]

  test.each([
    [
      'plain',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      "in Huffman's code",
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
  ])('requests in turn, %s', (_what, blocks) => {
    const decoder = new HpackDecoder(LIMITS)
    expect(blocks.map((hex) => decode(decoder, hex))).toEqual([base, second, third])
  })

  test('the table drops its oldest', () => {
    const decoder = new HpackDecoder(LIMITS)
    // C.5 with a table of 256 bytes
    decode(
      decoder,
      '3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    )
    expect(decode(decoder, '4803 3330 37c1 c0bf')).toEqual([
      ':status',
      '307',
      'cache-control',
      'private',
      'date',
      'Mon, 21 Oct 2013 20:13:21 GMT',
      'location',
      'https://www.example.com',
    ])
    expect(() => decode(decoder, 'c2')).toThrow(/index 66/) // `:status: 302` had to go
  })
})

describe('a block that cannot be read loses the connection', () => {
  test.each([
    ['index 0', '80', /index 0/],
    ['an index of nothing', 'be', /index 62/],
    ['a name of nothing', '7f00 0161', /index 63/],
    ['a text that is cut off', '0003 6162', /in the middle/],
    ['a value that is cut off', '0001 6103 62', /in the middle/],
    ['a length that is cut off', '007f', /in the middle/],
    ['an integer without end', '7fff ffff ffff ffff ff0f', /too large/],
    ['a table that is too large', '3fe2 1f', /4097 bytes/],
    ['a table resized too late', '8220', /after a field/],
    ['a sign of the end within a text', '0085 ffff ffff ff00', /sign of its end/],
    ['padding of eight bits', '0082 1fff 00', /within a character/],
    ['padding of zeros', '0081 1800', /within a character/],
  ])('%s', (_what, hex, message) => {
    expect(() => fresh(hex)).toThrow(message)
    expect(() => fresh(hex)).toThrow(Http2Error)
  })

  test('and nothing else happens, whatever the bytes', () => {
    const decoder = new HpackDecoder(LIMITS)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decoder.decode(Buffer.from(bytes), 0, bytes.length)
        } catch (error) {
          expect(error).toBeInstanceOf(Http2Error)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('what is too large is said to be, and the table is right all the same', () => {
  test('by its bytes', () => {
    const decoder = new HpackDecoder({ maxBytes: 100, maxFields: 100 })
    expect(decode(decoder, '4001 6101 62')).toEqual(['a', 'b'])
    // the same entry, until it is too much
    expect(decode(decoder, 'bebe')).toEqual(['a', 'b', 'a', 'b'])
    expect(decode(decoder, 'bebebe')).toBe('too large')
    expect(decode(decoder, `bebebe 4001 6301 64`)).toBe('too large')
    expect(decode(decoder, 'bebf')).toEqual(['c', 'd', 'a', 'b'])
  })

  test('by their number', () => {
    expect(fresh('82'.repeat(100))).toHaveLength(200)
    expect(fresh('82'.repeat(101))).toBe('too large')
  })
})

test('the same block is the same object, until the table has changed', () => {
  const decoder = new HpackDecoder(LIMITS)
  decode(decoder, '4001 6101 62')
  const first = decode(decoder, '82be')
  expect(decode(decoder, '82be')).toBe(first)
  for (let i = 0; i < 2; i++) decode(decoder, '4001 6301 64') // twice in the table
  expect(decode(decoder, '82bec0')).toEqual([':method', 'GET', 'c', 'd', 'a', 'b'])
  decode(decoder, '20') // no table
  expect(() => decode(decoder, '82be')).toThrow(/index 62/)
})

describe('what we send', () => {
  test('is read back as it was', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 300,
    })
    const name = fc.stringMatching(/^[a-z][a-z-]{0,30}$/)
    const decoder = new HpackDecoder({ maxBytes: 1e6, maxFields: 1000 })
    fc.assert(
      fc.property(fc.dictionary(name, text), (fields) => {
        const { bytes } = new HeaderBlock({ ':status': '200', ...fields })
        expect(decoder.decode(bytes, 0, bytes.length)).toEqual(Object.entries({ ':status': '200', ...fields }).flat())
      }),
    )
  })

  test('is short where the static table has it', () => {
    expect(new HeaderBlock({ ':status': '200' }).bytes).toEqual(Buffer.of(0x88))
  })
})
