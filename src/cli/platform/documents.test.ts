import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { documentOf, readDocuments } from './documents.ts'

let folder = ''
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-documents-'))))
afterAll(() => rm(folder, { recursive: true }))

async function read(text: string) {
  const path = join(folder, 'endpoint.yaml')
  await writeFile(path, text)
  return readDocuments([path])
}

describe('documents', () => {
  test('are several of YAML in a file, and empty ones are nothing', async () => {
    const found = await read(
      '# two\nkind: Project\nname: shop\n---\nkind: Endpoint\nname: fraud\nproject: shop\nspec:\n  variants:\n    - {model: fraud, version: stable}\n---\n',
    )
    expect(found).toMatchObject([
      { kind: 'Project', name: 'shop', description: '' },
      { kind: 'Endpoint', name: 'fraud', project: 'shop', spec: { variants: [{ model: 'fraud', version: 'stable' }] } },
    ])
  })

  test('may be JSON', async () => {
    expect(await read('{"kind": "Endpoint", "name": "x", "spec": {"variants": []}}')).toHaveLength(1)
  })

  test.each([
    ['a mistake', 'kind: Endpoint\nname: [', /is no YAML at line 2, column \d+/],
    ['a key twice', 'kind: Project\nname: a\nname: b', /is no YAML at line 3/],
    [
      'another kind',
      'kind: Deployment\nname: x',
      /is of the kind "Deployment"; there are "Project", "Model", "Endpoint"/,
    ],
    ['a field too many', 'kind: Project\nname: x\nspecs: 1', /has "specs", which no Project has/],
    ['a name that is none', 'kind: Project\nname: ../x', /has the name "..\/x"; a name is 1 to 63 letters/],
    ['no spec', 'kind: Endpoint\nname: x', /has no spec/],
    ['nothing', '# only words', /holds no documents/],
    ['a list', '- kind: Project', /is no object/],
    [
      'the place of several',
      'kind: Project\nname: a\n---\nkind: X\nname: b',
      /^document 2 of ".*endpoint.yaml" is of the kind "X"/,
    ],
  ])('with %s are refused', async (_what, text, message) => {
    await expect(read(text)).rejects.toThrow(message)
  })

  test('that grow by aliases are refused', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 9; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`)
    await expect(read(lines.join('\n'))).rejects.toThrow(/uses aliases more than 50 times/)
  })
})

test('an endpoint that was got can be applied', () => {
  const spec = { variants: [] }
  expect(documentOf('endpoint', { project: 'p', name: 'x', spec, state: 'ready', meta: {} })).toEqual({
    kind: 'Endpoint',
    project: 'p',
    name: 'x',
    spec,
  })
})
