/** The API's description, and Schemathesis, which makes requests of it and checks each answer against it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../../../test/support/needs.ts'
import { binFolder, quietEnvironment } from '../../../test/support/python.ts'
import { PARAMETERS, RESOURCE_SCHEMAS } from '../../api/resource-schemas.ts'
import { ROUTES } from '../../api/routes.ts'
import { testApi } from './api.fixture.ts'
import { openApi } from './openapi.ts'

interface Operation {
  operationId: string
  parameters: { name: string; in: string }[]
  security?: unknown
}
interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown>; securitySchemes?: unknown }
  security?: unknown
}

const description = () => structuredClone(openApi('1.0.0')) as unknown as Document

describe('the description of the API', () => {
  test('has every route, and every reference in it leads somewhere', () => {
    const { paths, components } = description()
    const operations = Object.values(paths).flatMap((path) => Object.values(path))
    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(
      ROUTES.map(({ name }) => name).toSorted(),
    )
    const references = [...JSON.stringify(paths).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name = '']) => name,
    )
    expect(references.filter((name) => !(name in components.schemas))).toEqual([])
    const inner = [...JSON.stringify(components.schemas).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name = '']) => name,
    )
    const unused = Object.keys(components.schemas).filter((name) => ![...references, ...inner, 'Error'].includes(name))
    expect([...inner.filter((name) => !(name in components.schemas)), ...unused]).toEqual([])
  })

  test('says what each part of each path may be, and takes no field that it does not name', () => {
    for (const { path } of ROUTES)
      for (const [, name = ''] of path.matchAll(/:([a-z]+)/g)) expect(PARAMETERS).toHaveProperty(name)
    const open = Object.entries(RESOURCE_SCHEMAS).filter(
      ([, schema]) => schema.type === 'object' && schema.additionalProperties !== false,
    )
    expect(open).toEqual([])
  })

  test('is served to everybody', async () => {
    const api = await testApi()
    const { status, body } = await api.ask('GET', '/api/v1/openapi.json')
    expect([status, body.openapi, body.info.version]).toEqual([200, '3.1.0', '1.2.3'])
    await api.close()
  })

  // who is let in is looked at elsewhere, route by route; what fits its schema may still name what is not there
  const excluded = 'ignored_auth,positive_data_acceptance'
  test.skipIf(!needs('linux', 'python environment schemathesis'))('is kept', { timeout: 120_000 }, async () => {
    const api = await testApi()
    const folder = await mkdtemp(join(tmpdir(), 'slipway-openapi-'))
    try {
      const document = description()
      delete document.security
      delete document.components.securitySchemes
      for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
        delete operation.security
        operation.parameters = operation.parameters.filter((one) => one.in !== 'header' && one.name !== 'wait')
      }
      await writeFile(join(folder, 'openapi.json'), JSON.stringify(document))
      const url = await api.app.listen({ port: 0, host: '127.0.0.1' })
      const bounds = [
        '--phases',
        'fuzzing',
        '--max-examples',
        '2',
        '--workers',
        '1',
        '--seed',
        '1',
        '--generation-database',
        'none',
      ]
      const asked = ['run', join(folder, 'openapi.json'), '--url', url, '--checks', 'all', '--exclude-checks', excluded]
      const args = [
        ...asked,
        ...bounds,
        '--exclude-operation-id',
        'revokeKey',
        '--no-color',
        '-H',
        `Authorization: Bearer ${api.keys.get('root')}`,
      ]
      const [code, said] = await new Promise<[unknown, string]>((resolve) => {
        const options = { cwd: folder, timeout: 110_000, maxBuffer: 1 << 26, env: quietEnvironment('schemathesis') }
        execFile(join(binFolder('schemathesis'), 'schemathesis'), args, options, (error, stdout, stderr) =>
          resolve([error, stdout + stderr]),
        )
      })
      expect(code, said).toBeNull()
    } finally {
      await api.close()
      await rm(folder, { recursive: true })
    }
  })
})
