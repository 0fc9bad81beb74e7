import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RouteTable } from '../../api/route-table.ts'
import { createKey, digestOf } from '../../auth/api-key.ts'
import { createProjectFinder, planDirectory, readDirectory, writeDirectory } from './directory.ts'

const [ours, theirs, admin] = [createKey(), createKey(), createKey()]
const keyOf = (project: string, key: string, accessKeyId?: string) => ({
  uid: key,
  name: 'k',
  project,
  role: 'invoker' as const,
  sha256: digestOf(key),
  accessKeyId,
  encryptedSecret: 'sealed',
  quotas: {},
})
const endpoint = { name: 'e', isPaused: false, variants: [] }
const table = (project: string, more: Partial<RouteTable>): RouteTable => ({
  formatVersion: 1,
  project,
  revision: 1,
  endpoints: [endpoint],
  keys: [],
  ...more,
})
const directory = planDirectory([
  table('default', { keys: [keyOf('default', ours), keyOf('*', admin)] }),
  table('team', { keys: [keyOf('team', theirs, 'SLWAAAAAAAAAAAAAAAAA'), keyOf('*', admin)] }),
  table('idle', { endpoints: [] }),
])
const find = createProjectFinder(directory)
const asked = (headers: Record<string, string>, query = '') => find({ headers, query })

test('it names the projects that need runners, and whose their keys are, without any secret', () => {
  expect(directory.projects).toEqual(['team'])
  expect(JSON.stringify(directory)).not.toContain('sealed')
  expect(JSON.stringify(directory)).not.toContain(theirs)
  expect(Object.values(directory.keys)).toEqual(['team', 'team'])
})

test.each([
  ['a bearer key', { authorization: `Bearer ${theirs}` }, '', 'team'],
  ['a bearer key in other letters', { authorization: `bearer  ${theirs}` }, '', 'team'],
  ['a key in its own header', { 'x-api-key': theirs }, '', 'team'],
  [
    'a signature',
    { authorization: 'AWS4-HMAC-SHA256 Credential=SLWAAAAAAAAAAAAAAAAA/20260101/x/y/aws4_request, Signature=0' },
    '',
    'team',
  ],
  ['a presigned query', {}, 'X-Amz-Credential=SLWAAAAAAAAAAAAAAAAA%2F20260101', 'team'],
  ['a key of the default project', { authorization: `Bearer ${ours}` }, '', undefined],
  ['a key of the platform', { authorization: `Bearer ${admin}` }, '', undefined],
  [
    'a key of the platform that names a project',
    { authorization: `Bearer ${admin}`, 'x-slipway-project': 'team' },
    '',
    'team',
  ],
  ['one that names a project without runners', { 'x-slipway-project': 'idle' }, '', undefined],
  ['nobody', {}, '', undefined],
  ['a stranger', { authorization: `Bearer ${createKey()}` }, '', undefined],
  ['nonsense', { authorization: 'constructor' }, '', undefined],
])('%s is for project %#', (_what, headers, query, project) => {
  expect(asked(headers as Record<string, string>, query)).toBe(project)
  expect(asked(headers as Record<string, string>, query)).toBe(project) // remembered
})

test('whose key it is does not depend on the project that is named', () => {
  const names = { 'x-slipway-project': 'team' }
  expect(find.ofKey({ headers: { ...names, authorization: `Bearer ${theirs}` }, query: '' })).toBe('team')
  expect(find.ofKey({ headers: { ...names, authorization: `Bearer ${ours}` }, query: '' })).toBeUndefined()
  expect(find.ofKey({ headers: names, query: '' })).toBeUndefined()
})

test('a key of one project beside the name of another is known for that; a public id alone is not', () => {
  const beside = (named: string, authorization: string) =>
    find.isOfAnother({ headers: { 'x-slipway-project': named, authorization } })
  expect(beside('default', `Bearer ${theirs}`)).toBe(true)
  expect(beside('nowhere', `Bearer ${theirs}`)).toBe(true)
  expect(beside('team', `Bearer ${theirs}`)).toBe(false)
  expect(beside('team', `Bearer ${admin}`)).toBe(false)
  expect(beside('team', `Bearer ${createKey()}`)).toBe(false)
  expect(beside('default', 'AWS4-HMAC-SHA256 Credential=SLWAAAAAAAAAAAAAAAAA/20260101/x')).toBe(false)
  expect(find.isOfAnother({ headers: { authorization: `Bearer ${theirs}` } })).toBe(false)
})

test('it is kept in a file that nobody else may read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slw-directory-'))
  expect((await readDirectory(folder)).projects).toEqual([])
  await writeDirectory(folder, directory)
  expect(await readDirectory(folder)).toEqual(directory)
  expect((await stat(join(folder, 'directory'))).mode & 0o777).toBe(0o600)
  await rm(folder, { recursive: true })
})

test('one that is damaged is refused, so that whoever knew better goes on with that', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slw-directory-'))
  try {
    for (const text of ['', '{', 'null', '{}', '{"formatVersion":1,"projects":{},"keys":{}}']) {
      await writeFile(join(folder, 'directory'), text)
      await expect(readDirectory(folder)).rejects.toMatchObject({ code: 'refused' })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
