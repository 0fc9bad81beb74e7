import { describe, expect, test } from 'vitest'
import { parseRequirement, parseRequirements } from './requirements.ts'

const read = (text: string) => parseRequirements(Buffer.from(text), 'requirements.txt')

describe('a file of requirements', () => {
  test('names packages, with versions, parts, conditions and digests', () => {
    const digest = 'ab'.repeat(32)
    const { packages, options } = read(
      [
        '# trained with these',
        'numpy==1.26.4',
        'Scikit_Learn[plots, docs] >=1.4,<2 ; python_version >= "3.9"  # pinned',
        `joblib==1.4.2 \\\n  --hash=sha256:${digest} \\\n  --hash=sha256:${digest}`,
        '--extra-index-url https://packages.example.org/simple',
        '--only-binary :none:',
        '--pre',
      ].join('\r\n'),
    )
    expect(packages).toMatchObject([
      { name: 'numpy', specifiers: [{ operator: '==', version: '1.26.4' }], text: 'numpy==1.26.4' },
      { name: 'scikit-learn', extras: ['plots', 'docs'], marker: 'python_version >= "3.9"' },
      { name: 'joblib', sha256: [digest, digest], text: 'joblib==1.4.2' },
    ])
    expect(packages[1]?.specifiers).toHaveLength(2)
    // that only wheels are taken is not for the file to change
    expect(options).toEqual(['--extra-index-url', 'https://packages.example.org/simple', '--pre'])
  })

  test.each([
    'git+https://example.com/x.git',
    'x @ https://example.com/x.tar.gz',
    'https://example.com/x.whl',
    '-e .',
    './local',
    'folder/x.whl',
    '-r other.txt',
    '-c limits.txt',
    '--find-links /tmp',
    '--no-binary :all:',
    '--index-url https://a --global-option=x',
    'numpy --config-settings=x',
    'numpy 1.26',
    'numpy==',
  ])('%s is refused with its line, as it may run code', (line) => {
    expect(() => read(`numpy\n${line}`)).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringContaining('line 2 of "requirements.txt"'),
      }),
    )
  })
})

test.each([
  ['python-dateutil (>=2.8.2)', 'python-dateutil', 1],
  ['pytz', 'pytz', 0],
  ['threadpoolctl >=3.1.0', 'threadpoolctl', 1],
  ["pytest (>=7.1.2) ; extra == 'tests'", 'pytest', 1],
])('a wheel that requires %s', (line, name, specifiers) => {
  const found = parseRequirement(line)
  expect(found?.name).toBe(name)
  expect(found?.specifiers).toHaveLength(specifiers)
})
