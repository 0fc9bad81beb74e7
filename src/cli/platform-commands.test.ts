import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure, startApiServer } from '../client/api-server.fixture.ts'
import { startTestPlatform, type TestPlatform } from './platform/platform.fixture.ts'
import { runCommandLine } from './run.ts'
import { runHere, type Ran } from './testing.fixture.ts'

let platform: TestPlatform
let folder = ''
beforeAll(async () => {
  platform = await startTestPlatform()
  folder = await mkdtemp(join(tmpdir(), 'slipway-commands-'))
  await writeFile(join(folder, 'fraud.pkl'), 'one')
  await writeFile(join(folder, 'fraud-2.pkl'), 'two')
  await slipway('deploy', join(folder, 'fraud.pkl'), '--bake-ms', '0')
  await slipway('deploy', join(folder, 'fraud-2.pkl'), '--endpoint', 'fraud', '--label', 'stable')
})
afterAll(async () => {
  await platform.close()
  await rm(folder, { recursive: true })
})

function slipway(...args: string[]): Promise<Ran> {
  return runHere([...args, '--data', platform.data])
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await slipway(...args, '--json')
  expect([code, stderr.includes('slipway:')]).toEqual([0, false])
  return JSON.parse(stdout) as Record<string, unknown>
}

async function linesOf(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await slipway(...args)
  expect([code, stderr]).toEqual([0, ''])
  return stdout.trimEnd().split('\n')
}

describe('get', () => {
  test.each([
    ['projects', /^name +age +description$/, /^default /],
    ['models', /^name +last version +labels +age +description$/, /^fraud +2 +stable=2 /],
    [
      'versions',
      /^version +state +file +digest +size +memory +age$/,
      /^fraud\/2 +ready +fraud-2.pkl +a{12} +34.7 KiB +3.8 MiB /,
    ],
    [
      'endpoints',
      /^name +state +traffic +replicas +revision +age +reason$/,
      /^fraud +ready +v2 \(fraud\/2\) 100 % +\d\/\d +2 /,
    ],
    ['keys', /^name +project +role +endpoints +begins with +state +age$/, /^$/],
    ['uploads', /^upload +file +size +parts +state +age +ends in$/, / 3 B +1\/1 +complete /],
    [
      'rollouts',
      /^rollout +endpoint +revisions +strategy +state +share +age +reason$/,
      /fraud +1 to 2 +all-at-once +promoted +100 %/,
    ],
  ])('%s lists them in columns', async (kind, head, row) => {
    if (kind === 'keys') {
      expect((await slipway('get', 'keys')).stderr).toBe('there are no keys\n')
      const [first, line] = await linesOf('get', 'keys', '--project', '*')
      expect(first).toMatch(head)
      expect(line).toMatch(/^admin +\* +admin +all +slw_\S{4} +valid /)
      return
    }
    const [first, ...rows] = await linesOf('get', kind)
    expect(first).toMatch(head)
    expect(rows.filter((line) => row.test(line))).not.toEqual([])
  })

  test('revisions lists those of an endpoint, and one by its number', async () => {
    const [, ...rows] = await linesOf('get', 'revisions', 'fraud')
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatch(/^fraud\/2 +v2 \(fraud\/2\) +\S*admin +\d+ s +deploy fraud-2.pkl as fraud\/2$/)
    expect(await json('get', 'revision', 'fraud/1')).toMatchObject({ endpoint: 'fraud', revision: 1 })
    expect((await slipway('get', 'revisions')).stderr).toMatch(/name it, as in `get revisions fraud`/)
  })

  test('pages through what does not fit one answer', async () => {
    expect((await json('get', 'versions', '--limit', '1')).items).toHaveLength(1)
    expect((await json('get', 'versions')).items).toHaveLength(2)
    expect((await slipway('get', 'versions', 'fraud', '--limit', '1')).stderr).toBe(
      'these are the first 1 versions; --all shows every one\n',
    )
    expect((await json('get', 'versions', 'fraud', '--limit', '1', '--all')).items).toHaveLength(2)
    expect((await json('get', 'versions', 'fraud', '--state', 'failed')).items).toEqual([])
  })

  test('narrows by state only what has states', async () => {
    expect((await slipway('get', 'models', '--state', 'ready')).stderr).toMatch(
      /--state is for what has one, and models have none/,
    )
    expect((await json('get', 'endpoints', '--state', 'ready,failed')).items).toHaveLength(1)
  })

  test('with --yaml prints what apply takes back, and then nothing changes', async () => {
    const { stdout } = await slipway('get', 'endpoint', 'fraud', '--yaml')
    expect(stdout).toMatch(/^kind: Endpoint\nproject: default\nname: fraud\nspec:\n/)
    const path = join(folder, 'same.yaml')
    await writeFile(path, stdout)
    expect(await json('apply', '-f', path, '--plan')).toMatchObject({
      isApplied: false,
      documents: [{ effect: 'none' }],
    })
  })

  test.each([
    ['endpoint', 2, /there is nothing called "endpoit": projects, .*; did you mean endpoints\?/],
    ['what is not there', 1, /there is no endpoint "nothing"|"nothing"/],
  ])('of a mistyped %s says so', async (what, code, message) => {
    const ran = await slipway('get', ...(what === 'endpoint' ? ['endpoit'] : ['endpoint', 'nothing']))
    expect(ran.code).toBe(code)
    expect(ran.stderr).toMatch(message)
  })
})

describe('describe', () => {
  test.each([
    ['endpoint', 'fraud', [/^endpoint +fraud$/m, /^variant +version +state/m, /^v2 +fraud\/2 /m, /^last events$/m]],
    ['version', 'fraud/2', [/^digest +a{63}2$/m, /^in flight +4 a replica: one row takes 30 us$/m]],
    ['model', 'fraud', [/^labels +stable=2$/m]],
    ['project', 'default', [/^project +default$/m]],
    ['revision', 'fraud/2', [/^v2 +fraud\/2 \(a{12}\)$/m]],
  ])('tells of a %s', async (kind, name, patterns) => {
    const { code, stdout } = await slipway('describe', kind, name)
    expect(code).toBe(0)
    for (const pattern of patterns) expect(stdout).toMatch(pattern)
  })
})

describe('apply', () => {
  const document = (min: number, more = '') =>
    `kind: Project\nname: shop\ndescription: the shop's\n---\nkind: Endpoint\nname: fraud\nspec:\n  variants:\n    - {name: v2, model: fraud, version: stable, scaling: {minReplicas: ${min}}}\n${more}`
  const path = () => join(folder, 'wanted.yaml')

  test('shows what would change, and changes nothing with --plan', async () => {
    await writeFile(path(), document(1))
    const { code, stdout } = await slipway('apply', '-f', path(), '--plan')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^project shop: is made\n {2}\+ description +the shop's\n/)
    expect(stdout).toMatch(/^endpoint fraud \(project default\): \d+ change/m)
    expect(stdout).toMatch(/^ {2}~ \S*minReplicas +0 → 1$/m)
    expect((await json('get', 'projects')).items).toHaveLength(1)
  })

  test('asks before it changes anything, and where nobody can be asked wants --yes', async () => {
    const { code, stderr } = await slipway('apply', '-f', path())
    expect(code).toBe(2)
    expect(stderr).toMatch(/apply this: nobody can be asked here, so say --yes/)
  })

  test('makes it so, follows it, and is nothing the second time', async () => {
    expect((await slipway('apply', '-f', path(), '--yes')).code).toBe(0)
    expect(await json('get', 'endpoint', 'fraud')).toMatchObject({
      servedRevision: 3,
      spec: { variants: [{ scaling: { minReplicas: 1 } }] },
    })
    const again = await json('apply', '-f', path(), '--yes')
    expect(again).toMatchObject({ isApplied: false, documents: [{ effect: 'none' }, { effect: 'none' }] })
  })

  test('names the file and the field that is wrong', async () => {
    await writeFile(path(), document(5000))
    const { code, stderr } = await slipway('apply', '-f', path(), '--plan')
    expect(code).toBe(1)
    expect(stderr).toMatch(/document 2 of ".*wanted.yaml".*minReplicas/)
  })

  test('refuses the same endpoint twice in one file', async () => {
    await writeFile(path(), `${document(1)}---\nkind: Endpoint\nname: fraud\nspec: {variants: [{model: fraud}]}\n`)
    expect((await slipway('apply', '-f', path(), '--plan')).stderr).toMatch(/document 3 of .* is about fraud once more/)
  })
})

describe('an endpoint', () => {
  test('is undone to what it was, by a new revision', async () => {
    expect(await json('undo', 'fraud', '--to', '1')).toEqual({ project: 'default', endpoint: 'fraud', revision: 4 })
    expect(await json('get', 'endpoint', 'fraud')).toMatchObject({
      servedRevision: 4,
      spec: { variants: [{ version: 1 }] },
    })
  })

  test('under a canary is promoted by a word', async () => {
    const deploy = [
      'deploy',
      join(folder, 'fraud-2.pkl'),
      '--endpoint',
      'fraud',
      '--canary',
      '0.25',
      '--bake-ms',
      '600000',
    ]
    await json(...deploy, '--detach')
    await expect.poll(async () => (await json('rollout', 'fraud')).share, { timeout: 4000, interval: 50 }).toBe(0.25)
    const shown = await slipway('rollout', 'fraud')
    expect(shown.stdout).toMatch(/^share +25 % of the traffic has what is new$/m)
    const { code, stdout } = await slipway('rollout', 'fraud', '--promote')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^state +(promoted|shifting|baking)/m)
    expect((await slipway('rollout', 'fraud', '--watch')).code).toBe(0)
  })

  test('is deleted once that is meant', async () => {
    expect((await slipway('delete', 'endpoint', 'fraud')).code).toBe(2)
    await json('deploy', join(folder, 'fraud.pkl'), '--endpoint', 'old', '--model', 'fraud')
    expect((await linesOf('delete', 'endpoint', 'old', '--yes'))[0]).toMatch(/^endpoint old is being deleted/)
    await expect.poll(async () => (await slipway('get', 'endpoint', 'old')).code, { timeout: 4000 }).toBe(1)
  })

  test('in use keeps its version, and the refusal says whose it is', async () => {
    const { code, stderr } = await slipway('delete', 'model', 'fraud', '--yes')
    expect(code).toBe(1)
    expect(stderr).toMatch(/fraud/)
  })
})

describe('verbs for what is there', () => {
  test('pause and resume say what becomes of it', async () => {
    expect((await slipway('pause', 'fraud')).stdout).toMatch(/^endpoint fraud is paused: it answers 503 until/)
    expect(await json('get', 'endpoint', 'fraud')).toMatchObject({ spec: { isPaused: true } })
    expect(await json('resume', 'fraud')).toMatchObject({ endpoint: 'fraud', isPaused: false })
    expect((await slipway('pause')).stderr).toMatch(/name one endpoint: `slipway pause fraud`/)
  })

  test('a first deploy that fails leaves the version that failed and no endpoint', async () => {
    await writeFile(join(folder, 'bad.pkl'), 'bad')
    const { code, stderr } = await slipway('deploy', join(folder, 'bad.pkl'), '--endpoint', 'never', '--model', 'worse')
    expect(code).toBe(3)
    expect(stderr).toMatch(/calls os\.system.*; endpoint never, which never answered, is taken away again/)
    expect((await slipway('get', 'endpoint', 'never')).code).toBe(1)
    expect(await json('get', 'version', 'worse/1')).toMatchObject({ state: 'failed' })
    // one that answers stays as it is
    expect((await slipway('deploy', join(folder, 'bad.pkl'), '--endpoint', 'fraud')).stderr).not.toMatch(/taken away/)
    expect(await json('get', 'endpoint', 'fraud')).toMatchObject({ state: 'ready' })
  })

  test('deploy --version-only makes a version and leaves the endpoint as it is', async () => {
    const before = await json('get', 'endpoint', 'fraud')
    const { code, stdout } = await slipway(
      'deploy',
      join(folder, 'fraud.pkl'),
      '--model',
      'fraud',
      '--version-only',
      '--label',
      'next',
    )
    expect(code).toBe(0)
    const name = stdout.trim()
    expect(name).toMatch(/^fraud\/\d+$/)
    expect((await slipway('label', 'fraud')).stdout).toContain(`next  ${name}\n`)
    expect((await json('get', 'endpoint', 'fraud')).revision).toBe(before.revision)
    expect((await slipway('deploy', join(folder, 'fraud.pkl'), '--version-only', '--endpoint', 'x')).code).toBe(2)
  })

  test('cancel ends the making of a version', async () => {
    let go = () => {}
    platform.making.held = new Promise((resolve) => (go = resolve))
    const { version } = await json('deploy', join(folder, 'fraud.pkl'), '--model', 'held', '--version-only', '--detach')
    const name = `held/${String(version)}`
    expect((await slipway('cancel', 'version', name)).stdout).toMatch(/was told to stop/)
    await expect.poll(async () => (await json('get', 'version', name)).state, { timeout: 4000 }).toBe('cancelled')
    platform.making.held = undefined
    go()
    expect((await slipway('cancel', 'key', 'x')).stderr).toMatch(/this is not for key, but for: versions, rollouts/)
  })

  test('status tells which platform it is and whose key', async () => {
    const { stdout } = await slipway('status')
    expect(stdout).toMatch(/^key +admin: admin of the whole platform$/m)
    expect(await json('status')).toMatchObject({ api: platform.apiUrl, principal: { role: 'admin' } })
  })

  test('log-level shows and sets how much the log tells', async () => {
    expect(await json('log-level', 'runners=debug')).toEqual({ control: 'info', runners: 'debug' })
    expect(await json('log-level', 'warn')).toEqual({ control: 'warn', runners: 'warn' })
    expect((await slipway('log-level')).stdout).toBe('control  warn\nrunners  warn\n')
    expect((await slipway('log-level', 'loud')).stderr).toMatch(/"loud" sets no level; it takes debug, info/)
  })

  test('captures are listed, shown whole, taken home and followed', async () => {
    const capture = (id: string) => ({ id, atMs: 1, endpoint: 'fraud', variant: 'v1', record: { inputs: [id] } })
    platform.captured.push(capture('a-1'), capture('a-2'))
    expect(await linesOf('captures', 'fraud', '--limit', '1')).toEqual(['1970-01-01 00:00:00  v1  a-2'])
    expect(JSON.parse((await slipway('captures', 'fraud', 'a-1')).stdout)).toEqual(capture('a-1'))
    expect((await json('captures', 'fraud')).items).toEqual(platform.captured)
    const out = join(folder, 'captures.jsonl')
    expect(await json('captures', 'fraud', '--out', out)).toEqual({ out, count: 2 })
    expect(await readFile(out, 'utf8')).toBe(platform.captured.map((each) => `${JSON.stringify(each)}\n`).join(''))
    expect([(await stat(out)).mode & 0o777, (await slipway('captures', 'fraud', '--out', out)).code]).toEqual([
      0o600, 1,
    ])

    const over = new AbortController()
    let seen = ''
    const write = (text: string) => {
      seen += text
      if (seen === '') return
      if (seen.includes('a-3')) over.abort()
      else platform.captured.push(capture('a-3'))
    }
    const context = { env: {}, stdout: { write }, stderr: { write: () => true }, signal: over.signal }
    const args = ['captures', 'fraud', '-f', '--limit', '1', '--data', platform.data]
    expect(await runCommandLine(args, context)).toBe(0)
    expect(seen.match(/a-\d/g)).toEqual(['a-2', 'a-3'])
    platform.captured.length = 0
  })

  test('captures of an endpoint that keeps none say how it would', async () => {
    expect((await slipway('captures', 'fraud')).stderr).toMatch(/keeps no requests: `capture: \{ sample: 0\.01 \}`/)
    expect((await slipway('captures', 'fraud', 'an-id', '-f')).code).toBe(2)
  })
})

describe('a failure names the command that helps', () => {
  test.each([
    [['get', 'endpoint', 'nothing'], /there is no endpoint "nothing" .*\(`slipway get endpoints --data \S+` lists/],
    [['get', 'endpoints', '--project', 'nope'], /there is no project "nope" \(`slipway get projects --data/],
    [['describe', 'model', 'nothing'], /\(`slipway get models --data/],
  ])('of %j', async (args, message) => {
    expect((await slipway(...args)).stderr).toMatch(message)
  })

  test('where the key is not taken, and says where it came from', async () => {
    const key = `slw_${'A'.repeat(43)}`
    const { code, stderr } = await runHere(['get', 'endpoints', '--data', platform.data], { SLIPWAY_KEY: key })
    expect(code).toBe(1)
    expect(stderr).toMatch(/does not take the key of SLIPWAY_KEY: it is unknown there, has ended or was revoked/)
  })
})

describe('keys of the platform', () => {
  test('are made, shown once, listed without their secrets, and revoked', async () => {
    const made = await slipway(
      'key',
      'new',
      'ci',
      '--role',
      'invoker',
      '--endpoints',
      'fraud',
      '--requests-per-second',
      '5',
    )
    expect(made.code).toBe(0)
    const key = made.stdout.trim()
    expect(key).toMatch(/^slw_[\w-]{43}$/)
    expect(made.stderr).toMatch(/^key ci: invoker of fraud of project default, without an end; it is not shown again\n/)
    const listed = await slipway('get', 'keys')
    expect(listed.stdout).toMatch(/^ci +default +invoker +fraud +slw_\S{4} +valid/m)
    expect(listed.stdout).not.toContain(key)
    const asInvoker = (...args: string[]) => runHere([...args, '--data', platform.data], { SLIPWAY_KEY: key })
    expect((await asInvoker('get', 'endpoint', 'fraud')).code).toBe(0)
    expect((await asInvoker('get', 'keys')).code).toBe(1)
    expect((await slipway('delete', 'key', 'ci', '--yes')).stdout).toBe('key ci is revoked for ever\n')
    expect((await asInvoker('get', 'endpoint', 'fraud')).code).toBe(1)
  })

  test('are written to a new file of their own', async () => {
    const out = join(folder, 'ci-key')
    expect((await slipway('key', 'new', 'filed', '--role', 'viewer', '--out', out)).stdout).toBe('')
    expect((await stat(out)).mode & 0o777).toBe(0o600)
    expect(await readFile(out, 'utf8')).toMatch(/^slw_/)
    expect((await stat(`${out}.aws`)).mode & 0o777).toBe(0o600)
    const pair = await readFile(`${out}.aws`, 'utf8')
    expect(pair).toMatch(/^\[default\]\naws_access_key_id = SLWA\w+\naws_secret_access_key = \S{20,}\n$/)
    const again = await slipway('key', 'new', 'lost', '--role', 'viewer', '--out', out)
    expect([again.code, again.stdout]).toEqual([1, ''])
    expect(await json('get', 'key', 'lost')).toHaveProperty('revokedAtMs')
    const half = join(folder, 'half-key')
    await writeFile(`${half}.aws`, 'of somebody else')
    expect((await slipway('key', 'new', 'half', '--role', 'viewer', '--out', half)).code).toBe(1)
    await expect(stat(half)).rejects.toThrow('ENOENT')
  })

  test('the admin key is shown to who may read it', async () => {
    expect((await slipway('key', 'show')).stdout).toBe(`${platform.adminKey}\n`)
  })
})

describe('what the platform tells', () => {
  test('events are shown, the last below', async () => {
    const { items } = (await json('events', '--kind', 'version', '--of', 'fraud/1')) as { items: { type: string }[] }
    expect(items.at(-1)?.type).toMatch(/ready/)
    const lines = await linesOf('events', '--limit', '2')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}/)
  })

  test('events are followed until it is interrupted', async () => {
    const over = new AbortController()
    let stdout = ''
    const running = runCommandLine(['events', '-f', '--limit', '1', '--project', '*', '--data', platform.data], {
      env: {},
      stdout: {
        write: (text) => {
          stdout += text
          if (stdout.includes('seen-by-follower')) over.abort()
        },
      },
      stderr: { write: () => true },
      signal: over.signal,
    })
    await expect.poll(() => stdout).not.toBe('')
    await writeFile(join(folder, 'p.yaml'), 'kind: Project\nname: seen-by-follower\n')
    await slipway('apply', '-f', join(folder, 'p.yaml'), '--yes')
    expect(await running).toBe(0)
  })

  test('the audit says who did what', async () => {
    const lines = await linesOf('audit', '--limit', '1000')
    expect(lines[0]).toMatch(/^at +who +from +action +resource +outcome$/)
    expect(lines.some((line) => /admin +127\.0\.0\.1 +endpoints:write +endpoints\/fraud +done$/.test(line))).toBe(true)
  })

  test('top prints a table of the variants', async () => {
    const variant = { endpoint: 'fraud', variant: 'v1', model: 'fraud', version: 1, share: 1 }
    const figures = { inFlight: 0.5, requestsPerSecond: 1890, errorsPerSecond: 18.9, rowsPerSecond: 1890, p50Ms: 0.42 }
    platform.traffic = {
      atMs: 0,
      windowMs: 10_000,
      variants: [{ ...variant, replicas: { desired: 2, ready: 1 }, ...figures, p95Ms: 12.34, p99Ms: 123.4 }],
    }
    const lines = await linesOf('top', '--once')
    expect(lines[0]?.split(/ {2,}/)).toEqual([
      'endpoint',
      'state',
      'variant',
      'version',
      'share',
      'replicas',
      'in flight',
      'requests/s',
      'rows/s',
      'errors',
      'p50 ms',
      'p95 ms',
      'p99 ms',
    ])
    expect(lines.find((line) => line.startsWith('fraud'))).toMatch(
      /v1 +fraud\/1 +100 % +1\/2 +0\.50 +1,890 +1,890 +1 % +0\.42 +12\.3 +123$/,
    )
    expect(await json('top')).toMatchObject({ project: 'default', variants: [{ endpoint: 'fraud' }] })

    const shadow = { sinceMs: 0, compared: 1200, differed: 12, latencyDifferenceMs: -0.5 }
    const still = { ...figures, requestsPerSecond: 1, replicas: { desired: 1, ready: 1 } }
    platform.traffic = {
      atMs: 0,
      windowMs: 10_000,
      variants: [
        { ...variant, ...still },
        { ...variant, ...still, variant: 'new', requestsPerSecond: 9, shadow },
      ],
    }
    const [head, ...rows] = await linesOf('top', 'fraud', '--once', '--sort', 'requests')
    expect(head).toMatch(/ differed +slower by ms$/)
    expect(rows.filter((line) => / (v1|new) /.test(line)).map((line) => line.split(/ {2,}/)[2])).toEqual(['new', 'v1'])
    expect(rows[0]).toMatch(/ new .* shadow .* 1 % of 1,200 +-0\.50$/)
  })

  test('logs of an endpoint that has said nothing are nothing', async () => {
    expect(await slipway('logs', 'fraud')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect((await slipway('logs')).stderr).toMatch(/name one endpoint/)
  })
})

test('what is sent again is told of once, with the cause; what cannot be meant is named', async () => {
  let answers = 0
  const away = await startApiServer(() =>
    ++answers < 3 ? failure(503, 'unavailable', 'the database cannot be reached; try again') : { body: { items: [] } },
  )
  try {
    const { stderr } = await slipway('get', 'models', '--url', away.url)
    expect(stderr).toBe('slipway: the database cannot be reached; asking again for 20 s\nthere are no models\n')
  } finally {
    await away.close()
  }
  const empty = join(folder, 'empty.onnx')
  await writeFile(empty, '')
  expect((await slipway('deploy', empty)).stderr).toMatch(/empty\.onnx" is empty: it holds no model/)
  const noCa = await slipway('get', 'models', '--url', 'https://127.0.0.1:1', '--ca-file', join(folder, 'fraud.pkl'))
  expect(noCa.stderr).toMatch(/fraud\.pkl" holds no certificate/)
  await writeFile(join(folder, 'nameless.yaml'), 'kind: Endpoint\nspec: {}\n')
  expect((await slipway('apply', '-f', join(folder, 'nameless.yaml'))).stderr).toMatch(/has no name; a name is/)
})

describe('a folder', () => {
  test('is packed without what is none of it, the same each time', async () => {
    const path = join(folder, 'sentiment')
    await mkdir(join(path, 'sub', '__pycache__'), { recursive: true })
    await writeFile(join(path, 'model.onnx'), 'graph')
    await writeFile(join(path, 'sub', 'vocab.txt'), 'words')
    await writeFile(join(path, 'sub', '__pycache__', 'x.pyc'), 'junk')
    const shas: unknown[] = []
    for (let time = 0; time < 2; time++) {
      await json('deploy', path, '--detach')
      const { items } = (await json('get', 'uploads')) as { items: { fileName: string; sha256?: string }[] }
      shas.push(items.filter(({ fileName }) => fileName === 'sentiment.tar.gz').map(({ sha256 }) => sha256)[time])
    }
    expect(shas[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(shas[1]).toBe(shas[0])
  })

  test('that is empty is refused', async () => {
    const path = join(folder, 'empty')
    await mkdir(path)
    expect((await slipway('deploy', path)).stderr).toMatch(/holds no files/)
  })
})

test('a CA that there is not is told, and one that there is is given out without its key', async () => {
  expect((await slipway('ca', 'export')).stderr).toMatch(/there is no CA in .*: `slipway up --tls` makes one/)
  const { ensureLocalCa } = await import('../server/local-ca.ts')
  await ensureLocalCa(platform.data, { now: Date.now })
  const { code, stdout } = await slipway('ca', 'export')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]+-----END CERTIFICATE-----\n$/)
  expect(stdout).not.toContain('PRIVATE')
  const out = join(folder, 'ca.pem')
  expect((await slipway('ca', 'export', '--out', out)).stdout).toBe('')
  expect(await readFile(out, 'utf8')).toBe(stdout)
})
