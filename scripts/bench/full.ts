import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { ServingError } from '../../src/core/errors.ts'
import type { BenchModel } from './models.ts'
import { FOLDER } from './paths.ts'
import { slipwayPlan, type SlipwaySetting } from './plans.ts'
import { ask, v2Exchange } from './question.ts'
import { startServer } from './servers.ts'

export interface FullSetting {
  readonly setting: SlipwaySetting
  /** What it has beside the defaults, each seen at work. */
  readonly has: readonly string[]
}

/**
 * Slipway as it is run in earnest: requests need a key, and a monitor reads its metrics. What this Slipway cannot do yet
 * is left out of `has`.
 * @param entry what runs
 */
export async function fullSetting(entry: string, model: BenchModel, signal: AbortSignal): Promise<FullSetting> {
  const base: SlipwaySetting = { name: 'slipway-full', entry }
  const keyed = makeKey(base)
  const server = await startServer(slipwayPlan(keyed, model, FOLDER), signal)
  try {
    const has: string[] = []
    const [question] = model.questions
    if (question === undefined) throw new Error(`${model.name} has no question; this is a bug`)
    const stranger = await ask(server.port, v2Exchange(question), signal)
    if (stranger.status === 401) has.push('an API key for each request')
    const isScraped = (await readStatus(server.port, '/metrics', keyed.headers ?? {})) === 200
    if (isScraped) has.push('metrics read each second')
    return { setting: { ...keyed, scrapePath: isScraped ? '/metrics' : undefined }, has }
  } finally {
    await server.stop()
  }
}

/** Makes a key where this Slipway knows keys. */
function makeKey(base: SlipwaySetting): SlipwaySetting {
  if (!run(base.entry, ['serve', '--help']).includes('--api-key-file')) return base
  const file = join(FOLDER, 'api-keys')
  rmSync(file, { force: true })
  const told = run(base.entry, [
    'key',
    'new',
    '--name',
    'bench',
    '--scopes',
    'inference,operations',
    '--file',
    file,
    '--json',
  ])
  const { key } = JSON.parse(told) as { key: string }
  return { ...base, extra: ['--api-key-file', file], headers: { authorization: `Bearer ${key}` } }
}

function run(entry: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8' })
  if (status !== 0)
    throw new ServingError('unavailable', `slipway ${args.slice(0, 2).join(' ')} failed: ${stderr.trim()}`)
  return stdout
}

function readStatus(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}
