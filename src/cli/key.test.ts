import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../auth/api-key.ts'
import { createAuthorizer } from '../auth/authorizer.ts'
import { readKeyFile } from '../auth/key-file.ts'
import { runHere, type Ran } from './testing.fixture.ts'

const folders: string[] = []
let folder = ''
let file = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-key-'))
  folders.push(folder)
  file = join(folder, 'keys')
})
afterAll(() => Promise.all(folders.map((each) => rm(each, { recursive: true }))))

function key(...args: string[]): Promise<Ran> {
  return runHere(['key', ...args])
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

describe('a new key', () => {
  test('is printed once, and its hash is what the file holds', async () => {
    const { code, stdout, stderr } = await key('new', '--name', 'web', '--file', file)
    const token = stdout.trim()
    expect(code).toBe(0)
    expect(token).toMatch(/^slw_[\w-]{43}$/)
    expect(stderr).toContain('key web for inference, without an end')
    expect(stderr).not.toContain(token)
    expect(await readFile(file, 'utf8')).toBe(`web inference sha256:${digestOf(token)}\n`)
    expect(await modeOf(file)).toBe(0o600)
    expect(await readdir(folder)).toEqual(['keys'])
    const { keys } = await readKeyFile(file)
    const { authorize } = createAuthorizer(keys, { now: () => 0, calendarNow: () => 0 })
    expect(authorize({ headers: { 'x-api-key': token }, query: '' }, 'inference')).toEqual({ name: 'web' })
  })

  test('without a file is printed with the line that belongs into one', async () => {
    const { stdout, stderr } = await key('new', '--scopes', 'inference, operations', '--expires', '2100-01-31')
    const digest = digestOf(stdout.trim())
    expect(stderr).toContain(`key-${digest.slice(0, 8)} inference,operations sha256:${digest} expires=2100-01-31\n`)
  })

  test('as JSON is one document', async () => {
    const { stdout, stderr } = await key('new', '--json', '--file', file, '--expires', '2100-01-31T10:00:00Z')
    expect(stderr).toBe('')
    const { key: token, ...rest } = JSON.parse(stdout) as { key: string }
    const sha256 = digestOf(token)
    const name = `key-${sha256.slice(0, 8)}`
    const expires = '2100-01-31T10:00:00Z'
    const line = `${name} inference sha256:${sha256} expires=${expires}`
    expect(rest).toEqual({ name, scopes: ['inference'], sha256, expires, isExpired: false, line, file })
  })

  test('goes into a file of its own when asked, and not to the terminal', async () => {
    const out = join(folder, 'token')
    const { stdout, stderr } = await key('new', '--out', out, '--file', file)
    const token = (await readFile(out, 'utf8')).trim()
    expect(await modeOf(out)).toBe(0o600)
    expect((await readKeyFile(file)).keys[0]?.sha256).toBe(digestOf(token))
    expect(stdout + stderr).not.toContain(token)
    const again = await key('new', '--out', out, '--file', file)
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/is there already/)])
    expect((await readKeyFile(file)).keys).toHaveLength(1)
  })

  test('joins the others; its name may not be there', async () => {
    await writeFile(file, '# ours', { mode: 0o600 })
    await key('new', '--name', 'a', '--file', file)
    await key('new', '--name', 'b', '--file', file)
    const text = await readFile(file, 'utf8')
    expect(text).toMatch(/^# ours\na inference sha256:\w+\nb inference sha256:\w+\n$/)
    const out = join(folder, 'token')
    const { code, stdout, stderr } = await key('new', '--name', 'a', '--file', file, '--out', out)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/there is a key called "a" in/)
    expect(await readFile(file, 'utf8')).toBe(text)
    expect(await readdir(folder)).toEqual(['keys'])
  })

  test('leaves the file its permissions and its links', async () => {
    await writeFile(file, '')
    await chmod(file, 0o640)
    await symlink(file, join(folder, 'link'))
    await key('new', '--file', join(folder, 'link'))
    expect((await readKeyFile(file)).keys).toHaveLength(1)
    expect(await modeOf(file)).toBe(0o640)
    expect(await readdir(folder)).toEqual(['keys', 'link'])
  })

  test('made by many at once is never lost without a word', async () => {
    const ran = await Promise.all(Array.from({ length: 8 }, () => key('new', '--file', file)))
    for (const { code, stderr } of ran) if (code !== 0) expect(stderr).toMatch(/is being changed by somebody else/)
    expect((await readKeyFile(file)).keys).toHaveLength(ran.filter(({ code }) => code === 0).length)
    expect(await readdir(folder)).toEqual(['keys'])
  })

  test('is not put into a file that is broken', async () => {
    await writeFile(file, 'nonsense\n', { mode: 0o600 })
    const { code, stderr } = await key('new', '--file', file)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/line 1 of .* is no key/)])
    expect(await readFile(file, 'utf8')).toBe('nonsense\n')
  })

  test('takes nothing from the environment or a configuration file', async () => {
    const config = join(folder, 'slipway.json')
    await writeFile(config, JSON.stringify({ port: 1 }))
    const env = { SLIPWAY_NAME: 'model', SLIPWAY_SCOPES: 'operations', SLIPWAY_OUT: '/nowhere', SLIPWAY_CONFIG: config }
    const { code, stdout } = await runHere(['key', 'new', '--json'], env)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ name: expect.stringMatching(/^key-/), scopes: ['inference'] })
  })
})

describe('keys', () => {
  test('are listed by name, never by themselves', async () => {
    const made = await key('new', '--name', 'web', '--file', file)
    await writeFile(file, `${await readFile(file, 'utf8')}old operations sha256:${digestOf('x')} expires=2020-01-31\n`)
    const { stdout } = await key('list', '--file', file)
    expect(stdout).toBe('web  inference             without an end\nold  operations            ended 2020-01-31\n')
    expect(stdout).not.toContain(made.stdout.trim())
    expect(JSON.parse((await key('list', '--file', file, '--json')).stdout)).toMatchObject({
      file,
      keys: [
        { name: 'web', expires: null, isExpired: false },
        { name: 'old', expires: '2020-01-31', isExpired: true },
      ],
    })
  })

  test('are taken out one by one; what else stands in the file stays', async () => {
    const digests = ['a', 'b', 'c'].map(digestOf)
    const lines = ['# ours', `a inference sha256:${digests[0]}`, '', `b inference sha256:${digests[1]} # b`]
    await writeFile(file, [...lines, `c inference sha256:${digests[2]}`].join('\n'), { mode: 0o600 })
    expect((await key('remove', 'b', '--file', file)).code).toBe(0)
    expect(await readFile(file, 'utf8')).toBe(
      `# ours\na inference sha256:${digests[0]}\n\nc inference sha256:${digests[2]}`,
    )
    const again = await key('remove', 'b', '--file', file)
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/there is no key called "b"/)])
  })

  test('of a file that is not there are not found, and none is made', async () => {
    for (const args of [['list'], ['remove', 'x']])
      expect((await key(...args, '--file', file)).stderr).toMatch(/there is no file of keys/)
    expect(await readdir(folder)).toEqual([])
  })
})

test.each<[string, string[], RegExp]>([
  ['no word', [], /say `key new`/],
  ['another word', ['make'], /say `key new`/],
  [
    'a name without a role',
    ['new', 'x'],
    /`key new x` makes a key of the platform, and says no role: add --role viewer/,
  ],
  ['one word too many', ['new', 'x', 'y'], /say `key new`/],
  ['no name to remove', ['remove', '--file', 'x'], /say `key new`/],
  ['no file', ['list'], /--file is missing/],
  ['a name that cannot be one', ['new', '--name', '../x'], /--name is "..\/x"; a name is/],
  ['an unknown scope', ['new', '--scopes', 'admin'], /--scopes is "admin"; it takes/],
  ['no scope', ['new', '--scopes', ''], /--scopes is ""/],
  ['a day that there is not', ['new', '--expires', '2027-02-30'], /--expires is "2027-02-30"; it takes a day/],
  ['a day that is past', ['new', '--expires', '2020-01-31'], /which is past/],
])('%s is wrong usage', async (_what, args, message) => {
  const { code, stdout, stderr } = await key(...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
})
