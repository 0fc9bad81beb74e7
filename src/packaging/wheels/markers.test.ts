import { expect, test } from 'vitest'
import { holds, normalName } from './markers.ts'
import { environmentOf } from './tags.ts'

const environment = environmentOf({
  version: [3, 11],
  fullVersion: '3.11.9',
  isFreeThreaded: false,
  architecture: 'x64',
  glibc: [2, 36],
})

test.each([
  ['python_version >= "3.8"', true],
  ['python_version < "3.9"', false],
  ["python_version == '3.11.*'", true],
  ['python_full_version >= "3.11.10"', false],
  ['sys_platform == "win32" or os_name == "posix"', true],
  ['sys_platform == "linux" and (platform_machine == "aarch64" or platform_machine == "x86_64")', true],
  ['platform_machine in "x86_64 amd64"', true],
  ['platform_machine not in "x86_64 amd64"', false],
  ['implementation_name != "cpython"', false],
  ['"linux" == sys.platform', true],
  ['extra == "test"', false],
])('%s: %s', (marker, expected) => {
  expect(holds(marker, environment)).toBe(expected)
})

test('an extra is what was asked for, however it is written', () => {
  expect(holds('extra == "Async_IO" and python_version > "3"', environment, ['async-io'])).toBe(true)
  expect(holds('extra == "other"', environment, ['async-io'])).toBe(false)
})

test.each([
  'python_version',
  'python_version >= ',
  'home == "x"',
  '(python_version > "3"',
  'python_version > "3" and',
  '1 == 1',
  `${'('.repeat(99)}os_name == "x"${')'.repeat(99)}`,
  'os_name == "x" os_name',
])('%s is refused as no condition', (marker) => {
  expect(() => holds(marker, environment)).toThrow(expect.objectContaining({ code: 'unsupported' }))
})

test('names of packages are compared in one way of writing', () => {
  expect(normalName('Scikit_Learn')).toBe('scikit-learn')
  expect(normalName('zope.interface')).toBe('zope-interface')
})
