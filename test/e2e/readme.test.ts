import { spawn, type ChildProcess } from 'node:child_process'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/cli/command.ts'
import { needs } from '../support/needs.ts'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const run = promisify(execFile)

/** Code blocks of the README in order, each with its language. */
const blocks = [...readme.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map(
  ([, indent = '', language = '', code = '']) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trim(),
  }),
)

describe.skipIf(!needs('curl', 'bash'))('what the README tells people to type', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-readme-'))
  let server: ChildProcess
  let url: string

  beforeAll(async () => {
    symlinkSync(join(root, 'examples'), join(folder, 'examples'))
    const ports = ['--port', '0', '--grpc-port', '0', '--api-port', '0']
    const args = [join(root, 'scripts/run.mjs'), 'start', ...ports, '--data', folder]
    server = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise<void>((resolve, reject) => {
      let text = ''
      server.on('exit', () => reject(new Error(`the platform ended: ${text}`)))
      server.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (/^Try it:/m.test(text)) resolve() // said once the demo is deployed
      })
    })
    url = (JSON.parse(readFileSync(join(folder, 'run/server.json'), 'utf8')) as { url: string }).url
  })

  afterAll(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  /** Runs a block as a person would, against the server of this test and in its folder. */
  async function type(code: string): Promise<string> {
    const line = code
      .replaceAll('http://127.0.0.1:8080', url)
      .replaceAll('$HOME/.slipway', folder)
      .replaceAll(/^npm run slipway --/gm, `"${process.execPath}" "${join(root, 'scripts/slipway.mjs')}"`)
      .replaceAll(/^curl /gm, 'curl --silent --show-error --fail-with-body ')
    const env = { ...process.env, SLIPWAY_DATA: folder }
    const { stdout } = await run('bash', ['-e', '-c', line], { cwd: folder, env, timeout: 100_000 }).catch(
      (error: { code: unknown; stdout: string }) => {
        if (error.code === EXIT.refused) return error // inspecting a refused file says so
        throw error
      },
    )
    return stdout
  }

  /** The block that begins so, or has this in it, and what stands below it. */
  function blockWith(text: string): { code: string; printed: string } {
    const at = blocks.findIndex(({ language, code }) => language === 'sh' && code.includes(text))
    expect(at).toBeGreaterThanOrEqual(0)
    return { code: blocks[at]?.code ?? '', printed: blocks[at + 1]?.code ?? '' }
  }

  test('the first request gets the answer that is printed below it, to the character', async () => {
    const first = blocks.findIndex(({ language, code }) => language === 'sh' && code.startsWith('curl'))
    expect(await type(blocks[first]?.code ?? '')).toBe(blocks[first + 1]?.code)
  })

  test('a hostile pickle is described as it says, and nothing in it is run', async () => {
    const { code, printed } = blockWith('hostile.pkl')
    expect((await type(code)).trim()).toBe(printed)
  })

  test('a deploy and a look at what goes on work as typed', async () => {
    const printed = await type(blockWith(' deploy ').code)
    expect(printed).toContain(`${url}/v2/models/payments/infer`)
    expect(printed).toMatch(/^payments +ready/m)
  })

  test('a thousand rows of CSV get a thousand answers', async () => {
    expect((await type(blockWith('text/csv').code)).trim().split('\n')).toHaveLength(1000)
  })

  test('the batch line writes the scored file', async () => {
    await type(blockWith(' batch ').code)
    expect(readFileSync(join(folder, 'scored.csv'), 'utf8').trim().split('\n')).toHaveLength(1001)
  })

  test('the verify line finds the differences that are printed below it', async () => {
    const { code, printed } = blockWith(' verify ')
    expect(withoutSizes((await type(code)).trim())).toBe(withoutSizes(printed))
  })

  test.skipIf(process.platform !== 'linux')(
    'the package line writes an image',
    async () => {
      await type(blockWith(' package ').code)
      expect(existsSync(join(folder, 'fraud-image', 'index.json'))).toBe(true)
    },
    100_000,
  )
})

/** How large a difference is hangs on the processor, where it is one of rounding: below 1e-12. */
function withoutSizes(printed: string): string {
  return printed.replaceAll(/\d\.\de-1[2-9]/g, '…')
}
