import { describe, expect, test } from 'vitest'
import { translatePattern } from '../../src/compiler/sklearn/token-pattern.ts'
import { Parameters } from '../../src/engines/named-kernels/kernel.ts'
import { readTokenizer } from '../../src/engines/named-kernels/token-machine.ts'

function findAll(pattern: string, text: string): string[] {
  const tokens: string[] = []
  readTokenizer(new Parameters(translatePattern(pattern, 'CountVectorizer'), '"pattern"'))(text, (token) =>
    tokens.push(token),
  )
  return tokens
}

describe('token patterns', () => {
  // what Python 3.11's re.findall gives
  test.each([
    ['(?u)\\b\\w\\w+\\b', "Ab a ½² x_1 don't 日本語 e\u0301te\u0301", ['Ab', '½²', 'x_1', 'don', '日本語', 'te']],
    ["\\w+(?:[-']\\w+)*", "re-view don't -x- a'", ['re-view', "don't", 'x', 'a']],
    ['(?<=#)\\w+', '#tag a#b ##c', ['tag', 'b', 'c']],
    ['\\b(\\w)\\w*', 'one two', ['o', 't']],
    ['\\d{2,3}?', '1234567', ['12', '34', '56']],
    ['[^\\W\\d_]+', 'ab1c_d é', ['ab', 'c', 'd', 'é']],
    ['a|ab', 'abab', ['a', 'a']],
    ['(?m)^\\w+$', 'ab\ncd e\nfg\n', ['ab', 'fg']],
    ['\\w+$', 'ab\ncd\n', ['cd']],
    ['\\w*', 'ab c', ['ab', '', 'c', '']],
    ['😀+', 'a😀😀b', ['😀😀']],
    ['(a)|b', 'ab', ['a', '']],
    ['\\B.', 'ab c', ['b']],
    ['[]a-]+', ']a-b', [']a-']],
    ['x{,2}y', 'yxyxxyxxxy', ['y', 'xy', 'xxy', 'xxy']],
    ['x{a', 'x{a', ['x{a']],
    ['\\s', 'a\u001cb\u2003c\ufeffd\u0085', ['\u001c', '\u2003', '\u0085']],
  ])('%j finds in %j what Python finds', (pattern, text, tokens) => {
    expect(findAll(pattern, text)).toEqual(tokens)
  })

  test.each([
    ['(?i)a', 'has the flag "i"'],
    ['(a)\\1', 'refers back to a group'],
    ['(a)(b)', 'more than one group that captures'],
    ['(?>a)', 'has the group "(?>"'],
    ['a++', 'possessive'],
    ['(?:a*)*', 'repeats what may match nothing'],
    ['\\p', 'has the escape "\\\\p"'],
    ['(a', 'has a "(" too many'],
    ['a)', 'has a ")" too many'],
    ['[a', 'ends too early'],
    ['(?<=a+)b', 'no fixed width'],
    ['a{2000}', 'repeats over 1000 times'],
    ['(?:(?:ab){900}c){20}', 'is too long'],
    ['(?:'.repeat(40), 'groups over 32 deep'],
  ])('%j is refused by name', (pattern, reason) => {
    expect(() => translatePattern(pattern, 'CountVectorizer')).toThrow(reason)
  })
})
