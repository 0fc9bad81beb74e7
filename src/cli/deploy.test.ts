import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestPlatform, type TestPlatform } from './platform/platform.fixture.ts'
import { runCommandLine } from './run.ts'
import { runHere, type Ran } from './testing.fixture.ts'

let platform: TestPlatform
let folder = ''
beforeAll(async () => {
  platform = await startTestPlatform()
  folder = await mkdtemp(join(tmpdir(), 'slipway-deploy-'))
  for (const name of ['fraud.pkl', 'fraud-2.pkl', 'bad.pkl', 'other.pkl'])
    await writeFile(join(folder, name), `bytes of ${name}`)
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

describe('a deployment', () => {
  test('goes from a file to an endpoint that answers, and says how to ask it', async () => {
    const { code, stdout, stderr } = await slipway('deploy', join(folder, 'fraud.pkl'))
    expect(stderr).toMatch(/^fraud 0 % uploading 18 B\n/)
    expect(stderr).toMatch(/fraud answers after [\d.]+ m?s\n$/)
    expect(code).toBe(0)
    const url = 'http://127.0.0.1:1/v2/models/fraud/infer'
    expect(stdout).toContain(`${url}\n\nTry it:\n  curl -H @${platform.data}/credentials.header ${url} -d '{"inputs"`)
    const { spec, state, servedRevision } = await json('get', 'endpoint', 'fraud')
    expect({ state, servedRevision }).toEqual({ state: 'ready', servedRevision: 1 })
    expect(spec).toMatchObject({ variants: [{ name: 'v1', model: 'fraud', version: 1 }] })
  })

  test('of another file to the same endpoint is the next version, and its label moves', async () => {
    const told = await json(
      'deploy',
      join(folder, 'fraud-2.pkl'),
      '--endpoint',
      'fraud',
      '--label',
      'stable',
      '--bake-ms',
      '0',
    )
    expect(told).toMatchObject({ project: 'default', endpoint: 'fraud', model: 'fraud', version: 2, label: 'stable' })
    expect(told.digest).toMatch(/^[0-9a-f]{64}$/)
    expect((await slipway('label', 'fraud')).stdout).toBe('stable  fraud/2\n')
  })

  test('of the file that the endpoint answers with changes nothing, unless something new is said of it', async () => {
    const again = ['deploy', join(folder, 'fraud-2.pkl'), '--endpoint', 'fraud']
    const { code, stdout, stderr } = await slipway(...again)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^nothing changes: endpoint fraud answers with fraud\/2, which was made of this very file/)
    expect(await json(...again)).toMatchObject({ model: 'fraud', version: 2, revision: 2, isUnchanged: true })
    expect(await json('deploy', join(folder, 'fraud.pkl'), '--endpoint', 'twin', '--model', 'twin')).toMatchObject({
      version: 1,
    })
    const wished = ['--endpoint', 'twin', '--description', 'once more', '--bake-ms', '0']
    expect(await json('deploy', join(folder, 'fraud.pkl'), ...wished)).toMatchObject({ model: 'twin', version: 2 })
  })

  test('that fails says why and what the process said, and the old version answers on', async () => {
    const { code, stdout, stderr } = await slipway('deploy', join(folder, 'bad.pkl'), '--endpoint', 'fraud')
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toContain('  | opcode 7: GLOBAL os system\n')
    expect(stderr).toMatch(
      /slipway: version fraud\/3 failed( while \w+)?: the pickle calls os.system: train the model anew\n/,
    )
    expect(await json('get', 'endpoint', 'fraud')).toMatchObject({ variants: [{ version: 2, share: 1 }] })
    const failed = await slipway('deploy', join(folder, 'bad.pkl'), '--endpoint', 'fraud', '--json')
    expect(failed.code).toBe(3)
    expect(JSON.parse(failed.stdout)).toMatchObject({
      error: { code: 'refused', details: { model: 'fraud', version: 4, logTail: expect.any(Array) as unknown } },
    })
  })

  test('that is interrupted goes on, and says how to follow it and how to give it up', async () => {
    const held = Promise.withResolvers<void>()
    platform.making.held = held.promise
    const over = new AbortController()
    let stderr = ''
    const running = runCommandLine(
      ['deploy', join(folder, 'fraud.pkl'), '--endpoint', 'slow', '--data', platform.data],
      {
        env: {},
        stdout: { write: () => true },
        stderr: {
          write: (text) => {
            stderr += text
            if (text.includes('compiling')) over.abort()
          },
        },
        signal: over.signal,
      },
    )
    expect(await running).toBe(1)
    expect(stderr).toContain(
      `slipway: interrupted; the platform goes on with slow/1: \`slipway rollout slow --data ${platform.data} --watch\` follows it, and --cancel`,
    )
    platform.making.held = undefined
    const cancelled = await slipway('rollout', 'slow', '--cancel')
    expect(cancelled.code).toBe(0)
    held.resolve()
    const watched = await slipway('rollout', 'slow', '--watch')
    expect(watched.code).toBe(1)
    expect(watched.stderr).toMatch(
      /slipway: revision 1 of endpoint slow (was cancelled|failed|was rolled back): .*nothing to answer with yet\n$/,
    )
  })

  test('that would break the callers of an endpoint leaves it as it is, unless that is meant', async () => {
    await json('deploy', join(folder, 'fraud.pkl'), '--endpoint', 'busy', '--bake-ms', '0')
    const other = ['deploy', join(folder, 'other.pkl'), '--endpoint', 'busy']
    const { code, stdout, stderr } = await slipway(...other)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(
      'slipway: variant v2 (busy/2) does not take or give what busy/1 does, which answers: the input "amount" is taken no more; the input "speed", FP32 [-1,1], must be sent. Callers of busy would fail, so it goes on as it was, and busy/2 is ready beside it: say --allow-other-signature if that is meant',
    )
    expect(await json('get', 'endpoint', 'busy')).toMatchObject({ revision: 1, variants: [{ version: 1, share: 1 }] })
    expect(await json(...other, '--allow-other-signature')).toMatchObject({ version: 3, revision: 2 })
    expect(await json('get', 'endpoint', 'busy')).toMatchObject({ variants: [{ version: 3, share: 1 }] })
  })

  test('that is interrupted before its endpoint is told of it says that this one stays as it is', async () => {
    const held = Promise.withResolvers<void>()
    platform.making.held = held.promise
    const over = new AbortController()
    let stderr = ''
    const write = (text: string): boolean => {
      stderr += text
      if (text.includes('compiling')) over.abort()
      return true
    }
    const args = ['deploy', join(folder, 'fraud-2.pkl'), '--endpoint', 'busy', '--data', platform.data]
    const stdout = { write: () => true }
    expect(await runCommandLine(args, { env: {}, stdout, stderr: { write }, signal: over.signal })).toBe(1)
    platform.making.held = undefined
    held.resolve()
    expect(stderr).toMatch(
      /slipway: interrupted; the platform goes on with busy\/4, and endpoint busy stays as it is: `slipway describe version/,
    )
  })

  test('where there is an endpoint already does nothing when told so', async () => {
    const { code, stdout } = await slipway('deploy', join(folder, 'fraud.pkl'), '--if-absent')
    expect([code, stdout]).toEqual([0, 'endpoint fraud is there already\n'])
    expect(await json('get', 'model', 'fraud')).toMatchObject({ lastNumber: 4 })
  })

  test.each([
    ['nothing', [], 2, /name one model file/],
    ['what is not there', ['nothing.pkl'], 1, /there is no file or folder "nothing.pkl"/],
    ['two ways at once', ['x', '--canary', '0.1', '--blue-green'], 2, /say one of --canary, --linear, --blue-green/],
    ['fewer than the least', ['x', '--min', '3', '--max', '2'], 2, /the most cannot be fewer/],
    ['a shadow of nothing', ['x', '--shadow', '0.5'], 2, /say --variant too/],
    ['an address with a password', ['https://u:secret@host/m.pkl'], 2, /has a name or a password in it/],
  ])('of %s is refused', async (_what, args, code, message) => {
    const ran = await slipway('deploy', ...args)
    expect([ran.code, ran.stdout]).toEqual([code, ''])
    expect(ran.stderr).toMatch(message)
    expect(ran.stderr).not.toContain('secret')
  })
})

describe('a platform', () => {
  test('that is not there is told with what to do', async () => {
    const { code, stderr } = await runHere(['get', 'endpoints', '--data', folder])
    expect([code, stderr]).toEqual([
      1,
      `slipway: no platform runs in "${folder}": start one with \`slipway up --data ${folder}\`, or name one with --url\n`,
    ])
  })

  test('that is not on this machine is never shown the admin key of the data folder', async () => {
    // an address of this machine that does not look like one
    const url = platform.apiUrl.replace('127.0.0.1', '0.0.0.0')
    const { code, stderr } = await runHere(['get', 'endpoints', '--url', url, '--insecure', '--data', platform.data])
    expect(code).toBe(1)
    expect(stderr).toMatch(/key/)
    const own = ['get', 'endpoints', '--url', platform.apiUrl, '--data', platform.data]
    expect((await runHere(own)).code).toBe(0)
  })

  test('of another machine is not shown a key without TLS', async () => {
    const far = ['get', 'endpoints', '--url', 'http://192.0.2.1:8082', '--data', platform.data]
    const { code, stderr } = await runHere(far, { SLIPWAY_KEY: platform.adminKey })
    expect(code).toBe(1)
    expect(stderr).toMatch(/is another machine and has no TLS, so that the key could be read on its way/)
  })

  test('takes the key from the variable, or from a file that others may not read', async () => {
    const wrong = `slw_${'x'.repeat(43)}`
    const refusedRun = await runHere(['get', 'endpoints', '--url', platform.apiUrl], { SLIPWAY_KEY: wrong })
    expect(refusedRun).toMatchObject({ code: 1, stdout: '' })
    expect(refusedRun.stderr).not.toContain(wrong)
    const path = join(folder, 'key')
    await writeFile(path, `${platform.adminKey}\n`, { mode: 0o644 })
    const args = ['get', 'projects', '--url', platform.apiUrl, '--key-file', path, '--data', folder]
    expect((await runHere(args)).stderr).toMatch(
      /holds a key and others may read it \(mode 644\): run `chmod 600` on it/,
    )
    await chmod(path, 0o600)
    expect((await runHere(args)).stdout).toMatch(/^name +age +description\ndefault /)
  })
})
