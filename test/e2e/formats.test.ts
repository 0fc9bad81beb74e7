/** Every line of docs/formats.md, run as it stands: the demo models, from their files, against the answers that are printed. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/cli/command.ts'
import { endCommands, startServer } from '../support/command.ts'
import { needs } from '../support/needs.ts'

const ROOT = join(import.meta.dirname, '../..')
const MODELS = join(ROOT, 'test/models/demo')
const run = promisify(execFile)
const page = readFileSync(join(ROOT, 'docs/formats.md'), 'utf8')

interface Line {
  /** The nearest heading. */
  readonly heading: string
  readonly code: string
  readonly printed: string
}

/** Blocks to run are followed by the block of what they print. */
const lines: Line[] = page.split(/^#{2,3} /m).flatMap((section) => {
  const heading = section.slice(0, section.indexOf('\n'))
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```\n\n```(?:text|json)\n([\s\S]*?)^```$/gm)].map(
    ([, code = '', printed = '']) => ({ heading, code, printed }),
  )
})
const asked = lines.filter(({ code }) => code.startsWith('curl'))
const inspected = lines.filter(({ code }) => code.includes(' inspect '))

/** Sums of FP32 end in digits that differ from processor to processor. */
const ROUGH = /^digits_cnn/

describe.skipIf(!needs('curl', 'bash'))('docs/formats.md', () => {
  let folder: string
  let port: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-formats-'))
    const files = page.match(/^npm run slipway -- serve (test\/models\/demo\/\*\.pkl .*)$/m)?.[1]?.split(' ') ?? []
    const { stdout } = await run('bash', ['-c', `ls ${files.join(' ')}`], { cwd: ROOT })
    const { url } = await startServer([...stdout.trim().split('\n'), '--data', folder])
    port = new URL(url).port
  })

  afterAll(async () => {
    await endCommands()
    await rm(folder, { recursive: true })
  })

  async function print(code: string): Promise<string> {
    const line = code
      .replaceAll(/\b8080\b/g, port)
      .replaceAll(/^curl /gm, 'curl --silent --show-error --fail-with-body ')
      .replaceAll(/^npm run slipway --/gm, `"${process.execPath}" src/cli/main.ts`)
    const options = { cwd: ROOT, timeout: 20_000, env: { PATH: process.env.PATH } }
    const { stdout } = await run('bash', ['-e', '-c', line], options).catch(
      (error: { code: unknown; stdout: string }) => {
        if (error.code === EXIT.refused) return error // inspecting a refused file says so
        throw error
      },
    )
    return stdout.trim()
  }

  test('has a line for each demo model that is served', () => {
    const served = readdirSync(MODELS).filter((name) => /\.(pkl|joblib|pt2?)$/.test(name) && !name.includes('weights'))
    expect(asked.map(({ heading }) => heading).toSorted()).toEqual(served.toSorted())
  })

  test.each(asked.map((line) => [line.heading, line] as const))(
    'the line for %s is answered as it says',
    async (_, { heading, code, printed }) => {
      const answer = withoutVersion(await print(code))
      const said = withoutVersion(printed.trim())
      if (!ROUGH.test(heading)) return expect(answer).toBe(said)
      const { predictions: found } = JSON.parse(answer) as { predictions: number[][] }
      const { predictions: wanted } = JSON.parse(said) as { predictions: number[][] }
      expect(found[0]).toHaveLength(10)
      expect(wanted[0]).toHaveLength(10)
      found[0]?.forEach((score, i) => expect(score).toBeCloseTo(wanted[0]?.[i] ?? Number.NaN, 4))
    },
  )

  test.each(inspected.map((line) => [line.code.trim().split('/').at(-1), line] as const))(
    'inspecting %s prints what it says',
    async (_, { code, printed }) => {
      expect(await print(code)).toBe(printed.trim())
    },
  )
})

/** The digest of what was compiled changes with the compiler. */
function withoutVersion(answer: string): string {
  return answer.replace(/"model_version":"[0-9a-f]{12}"/, '"model_version":"…"')
}
