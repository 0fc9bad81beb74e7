import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../src/core/errors.ts'
import { VERSION } from '../src/server/version.ts'

const root = join(import.meta.dirname, '..')
const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...markdownIn('docs'), ...markdownIn('examples')]

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
}

/** What is part of the program. */
function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.(?:test|fixture)\.ts$/.test(file) && !file.startsWith('simulation'))
    .map((file) => join(folder, file))
}

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** The anchors that a page's headings make. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

describe('the documentation', () => {
  test.each(pages)('%s links only to what is there', (page) => {
    const broken: string[] = []
    for (const [, link = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : relative(root, join(root, dirname(page), path))
      const isThere = existsSync(join(root, target))
      if (!isThere || (anchor !== undefined && !anchorsOf(read(target)).includes(anchor))) broken.push(link)
    }
    expect(broken).toEqual([])
  })

  test('lists every error code', () => {
    const [codes = ''] = read('docs/errors.md').split(/^## /m)
    expect([...codes.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code)).toEqual([...ERROR_CODES])
  })

  test('lists every reason that the platform gives', () => {
    const page = read('docs/errors.md')
    const given = ['src/control', 'src/auth', 'src/runtime/endpoints', 'src/server/platform', 'src/storage']
      .flatMap(sourcesIn)
      .flatMap((file) =>
        [...read(file).matchAll(/details: \{[^}]*?\breason: '(\w+)'/g)].map(([, reason = '']) => reason),
      )
    expect(given.length).toBeGreaterThan(40)
    expect([...new Set(given)].filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
  })

  test('lists every decision', () => {
    const pages = readdirSync(join(root, 'docs/decisions')).filter((file) => /^\d{4}-/.test(file))
    const listed = [...read('docs/decisions/README.md').matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(([, file]) => file)
    expect(listed).toEqual(pages.sort())
  })

  test('and the program agree on the version', () => {
    expect(JSON.parse(read('package.json')).version).toBe(VERSION)
  })
})
