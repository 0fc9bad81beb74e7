/** Every snippet of docs/clients.md, run as it stands against a server, or the platform, started as the page says. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endCommands, runCommand, startServer } from '../support/command.ts'
import { needs } from '../support/needs.ts'
import { removePlatforms, startPlatform } from '../support/platform.ts'
import { quietEnvironment, runPython } from '../support/python.ts'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

interface Snippet {
  /** The heading that it stands under. */
  readonly heading: string
  readonly language: 'py' | 'sh'
  readonly code: string
  /** What the page says that it prints. */
  readonly printed: string
  readonly printedAs: 'text' | 'json'
}

/** Blocks to run are followed by the block of what they print. */
function snippetsOf(page: string): Snippet[] {
  return page.split(/^## /m).flatMap((section) => {
    const heading = section.slice(0, section.indexOf('\n'))
    return [...section.matchAll(/^```(py|sh)\n([\s\S]*?)^```\n\n```(text|json)\n([\s\S]*?)^```$/gm)].map(
      ([, language, code = '', printedAs, printed = '']) =>
        ({ heading, language, code, printed, printedAs }) as Snippet,
    )
  })
}

const page = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8')
const snippets = snippetsOf(page)
const keyed = 'With a key'
const onPlatform = 'On the platform'
const hasAll = needs('linux', 'curl', 'bash', 'python environment clients', 'python environment kserve')

describe.skipIf(!hasAll)('what docs/clients.md tells people to run', () => {
  let folder: string
  let key: string
  /** What the platform's snippets are given. */
  let platformKeys: Record<string, string>
  /** Ports of HTTP and gRPC of the server, of the one that asks for keys, and of the platform. */
  const ports = { open: ['', ''], keyed: ['', ''], platform: ['', ''] }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-page-'))
    const keys = join(folder, 'keys')
    const made = await runCommand(['key', 'new', '--name', 'page', '--scopes', 'inference', '--file', keys, '--json'])
    key = (JSON.parse(made.stdout) as { key: string }).key
    ports.open = await start()
    ports.keyed = await start('--api-key-file', keys)
    const platform = await startPlatform()
    const deployed = await platform.deploy(['examples/fraud/fraud.onnx'])
    expect(deployed.code, deployed.stderr).toBe(0)
    const web = await runCommand(['key', 'new', 'web', '--role', 'invoker', '--data', platform.dataFolder, '--json'])
    const { bearer, accessKeyId, secretAccessKey } = JSON.parse(web.stdout) as Record<string, string>
    platformKeys = {
      SLIPWAY_KEY: bearer ?? '',
      SLIPWAY_ACCESS_KEY_ID: accessKeyId ?? '',
      SLIPWAY_SECRET_ACCESS_KEY: secretAccessKey ?? '',
    }
    ports.platform = [new URL(platform.url).port, platform.grpcAddress.split(':')[1] ?? '']
  })

  afterAll(async () => {
    await endCommands()
    await removePlatforms()
    await rm(folder, { recursive: true })
  })

  async function start(...args: string[]): Promise<string[]> {
    const server = await startServer(['examples/fraud/fraud.onnx', '--data', join(folder, 'data'), ...args])
    const [, grpc = ''] = await server.until(/^By gRPC it answers at (\S+)$/m)
    return [new URL(server.url).port, grpc.split(':')[1] ?? '']
  }

  /** What a snippet prints, at this test's ports in place of the page's. */
  async function print({ heading, language, code }: Snippet): Promise<string> {
    const [http = '', grpc = ''] =
      heading === onPlatform ? ports.platform : heading === keyed ? ports.keyed : ports.open
    const text = code.replaceAll(/\b8080\b/g, http).replaceAll(/\b8081\b/g, grpc)
    const env = heading === onPlatform ? platformKeys : { SLIPWAY_KEY: key }
    if (language === 'py') return runPython(text.includes('kserve') ? 'kserve' : 'clients', ['-c', text], env)
    const line = text.replaceAll(/^curl /gm, 'curl --silent --show-error --fail-with-body ')
    const options = { cwd: ROOT, env: { ...quietEnvironment('clients'), ...env }, timeout: 20_000 }
    return (await run('bash', ['-e', '-c', line], options)).stdout
  }

  test.each(snippets.map((snippet, at) => [snippet.heading, at + 1, snippet] as const))(
    '%s: snippet %i prints what the page says',
    { timeout: 60_000 },
    async (_heading, _number, snippet) => {
      const printed = await print(snippet)
      if (snippet.printedAs === 'json') expect(parsed(printed)).toEqual(parsed(snippet.printed))
      else expect(printed.trim()).toBe(snippet.printed.trim())
    },
  )

  test('is all of it: no block is left out', () => {
    const blocks = [...page.matchAll(/^```(?:py|sh)$/gm)]
    expect(snippets).toHaveLength(blocks.length)
    expect(snippets.length).toBeGreaterThan(15)
  })

  test('names in its table every section, and no other', () => {
    const linked = [...page.matchAll(/^\| \[.*?\]\(#([\w-]+)\)/gm)].map(([, anchor]) => anchor)
    const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    )
    expect([...linked, 'with-a-key', 'on-the-platform']).toEqual(sections)
  })
})

/** JSON without the digest of what was compiled, which changes with the compiler. */
function parsed(text: string): unknown {
  return JSON.parse(text.replaceAll(/"[0-9a-f]{12}"/g, '"…"'))
}
