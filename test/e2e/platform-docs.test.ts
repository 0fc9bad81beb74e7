/** Every block of docs/platform.md, typed in its order into one platform, as somebody who learns it would. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RESOURCE_SCHEMAS } from '../../src/api/resource-schemas.ts'
import { endCommands } from '../support/command.ts'
import { needs } from '../support/needs.ts'
import { removePlatforms, startPlatform, stopPlatform, type RunningPlatform } from '../support/platform.ts'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)
const page = readFileSync(join(ROOT, 'docs/platform.md'), 'utf8')

/** The blocks to type, each with the heading that it stands under. */
const blocks = page.split(/^## /m).flatMap((section) => {
  const heading = section.slice(0, section.indexOf('\n'))
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code = '']) => ({ heading, code }))
})

describe.skipIf(!needs('curl', 'bash'))('what docs/platform.md tells people to type', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-platform-page-'))
  let platform: RunningPlatform

  beforeAll(async () => {
    symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
    mkdirSync(join(folder, 'bin'))
    const slipway = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'src/cli/main.ts')}" "$@"\n`
    writeFileSync(join(folder, 'bin/slipway'), slipway, { mode: 0o755 })
    platform = await startPlatform()
  })

  afterAll(async () => {
    const { code, stderr } = await stopPlatform(platform)
    await endCommands()
    await removePlatforms()
    rmSync(folder, { recursive: true, force: true })
    expect(code, stderr).toBe(0)
  })

  /** What a block prints. @throws when one of its commands fails */
  async function type(code: string): Promise<string> {
    const line = code
      .replaceAll('http://127.0.0.1:8080', platform.url)
      .replaceAll(/^curl /gm, 'curl --show-error --fail-with-body ')
    const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder, SLIPWAY_DATA: platform.dataFolder }
    const options = { cwd: folder, env, timeout: 100_000 }
    return (await run('bash', ['-e', '-o', 'pipefail', '-c', line], options)).stdout
  }

  test.each(blocks.map(({ heading, code }, at) => [heading, at + 1, code] as const))(
    '%s: block %i runs as it stands',
    { timeout: 100_000 },
    async (_heading, _number, code) => {
      const printed = await type(code)
      for (const [command, shown] of SHOWN) if (code.includes(command)) expect(printed, command).toMatch(shown)
    },
  )

  test('leaves nothing behind', async () => {
    const listed = () => platform.client.call('listEndpoints', { params: { project: 'default' } })
    await expect.poll(async () => (await listed()).items, { timeout: 10_000 }).toEqual([])
  })
})

/** What must be seen of a command, where its ending well says too little. */
const SHOWN: readonly (readonly [command: string, shown: RegExp])[] = [
  ['slipway get endpoints', /^fraud +ready +v1 \(fraud\/1\) 100 %/m],
  ['/v2/models/fraud/ready', /"ready":true/],
  ['slipway rollout fraud --watch', /^state +promoted/m],
  ['slipway undo fraud', /revision 4/],
  ['slipway label fraud\n', /^stable +fraud\/1$/m],
  ['slipway apply -f endpoint.yaml --plan', /^ {2}\+ variants\.main /m],
  ['slipway apply -f model.yaml --plan', /^model fraud \(project default\): 1 change\n {2}~ description +"" → scores/m],
  ['slipway get endpoint fraud --yaml', /^ {2}description: scores card payments$/m],
  ['slipway apply -f examples/endpoint.yaml --plan', /^ {2}\+ variants\.next /m],
  ['x-slipway-variant: main', /^\{"predictions":\[1\]\}$/m],
  ['slipway describe version', /^in flight +\d+ a replica/m],
  ['slipway get keys', /^ci +default +editor/m],
  ['slipway top --once', /^fraud +ready +main +fraud\/1/m],
  ['slipway events', /the key "ci" was revoked/],
  ['slipway logs fraud', /loaded in \d+ ms/],
  ['slipway audit', /keys:write +keys\/ci +done/],
]

describe('examples/endpoint.yaml', () => {
  const text = readFileSync(join(ROOT, 'examples/endpoint.yaml'), 'utf8')

  test.each(['EndpointSpecInput', 'VariantSpec', 'ScalingSpec', 'RolloutSpec', 'CaptureSpec'])(
    'names every field of %s',
    (name) => {
      const fields = Object.keys(RESOURCE_SCHEMAS[name]?.properties ?? {})
      expect(fields.length).toBeGreaterThan(2)
      expect(fields.filter((field) => !new RegExp(`^[ #-]*${field}:`, 'm').test(text))).toEqual([])
    },
  )
})
