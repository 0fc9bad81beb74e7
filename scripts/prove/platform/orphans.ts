import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEFAULT_PROJECT } from '../../../src/api/resources.ts'
import type { RouteTable } from '../../../src/api/route-table.ts'
import { isAlive } from '../../../test/support/command.ts'
import type { RunningPlatform } from '../../../test/support/platform.ts'

/** Processes below a platform, noted as they come, to see which of them stay when their parent has gone. Linux. */
export class Descendants {
  readonly #root: number
  readonly #seen = new Set<number>()

  constructor(root: number) {
    this.#root = root
  }

  /** @returns those that are there now */
  async note(): Promise<ReadonlySet<number>> {
    const now = new Set<number>()
    const waiting = [this.#root]
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
      for (const thread of threads) {
        const children = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')
        for (const child of children.split(' ').filter(Boolean).map(Number)) {
          now.add(child)
          this.#seen.add(child)
          waiting.push(child)
        }
      }
    }
    return now
  }

  /** Processes that were below it once, live, and are not below it any more. */
  async lost(): Promise<number[]> {
    const now = await this.note()
    const lost: number[] = []
    for (const pid of this.#seen) if (!now.has(pid) && (await isAlive(pid))) lost.push(pid)
    return lost
  }
}

/** The table that the runners of a project follow. */
export async function tableOf({ dataFolder }: RunningPlatform, project = DEFAULT_PROJECT): Promise<RouteTable> {
  return JSON.parse(await readFile(join(dataFolder, 'routes', `${project}.json`), 'utf8')) as RouteTable
}

/** What is left of something that was begun and is not going on: each in a sentence. None when all is at rest. */
export async function findOrphans(platform: RunningPlatform, descendants: Descendants): Promise<string[]> {
  const { client, dataFolder } = platform
  const params = { project: DEFAULT_PROJECT }
  const found: string[] = []
  for (const pid of await descendants.lost()) found.push(`process ${pid} is left`)
  const names = await readdir(dataFolder, { recursive: true })
  for (const name of names) if (/\.(tmp|part|new)$/.test(name)) found.push(`the file ${name} is left`)
  for (const name of await readdir(join(dataFolder, 'uploads', 'open')).catch(() => []))
    found.push(`the upload ${name} is left open`)
  const [models, endpoints, rollouts, keys] = await Promise.all([
    client.call('listModels', { params }),
    client.call('listEndpoints', { params }),
    client.call('listRollouts', { params }),
    client.call('listKeys', { params }),
  ])
  for (const { name: model } of models.items)
    for (const { number, state } of (await client.call('listVersions', { params: { ...params, model } })).items)
      if (state !== 'ready') found.push(`version ${number} of ${model} is ${state}`)
  for (const { name, state } of endpoints.items) if (state !== 'ready') found.push(`endpoint ${name} is ${state}`)
  for (const { name, state, endedAtMs } of rollouts.items)
    if (endedAtMs === undefined) found.push(`rollout ${name} is ${state}`)
  const table = await tableOf(platform)
  for (const { name } of table.endpoints)
    if (!endpoints.items.some((endpoint) => endpoint.name === name)) found.push(`${name} is routed and gone`)
  for (const { name, project } of table.keys) {
    const key = keys.items.find((each) => each.name === name)
    if (project === DEFAULT_PROJECT && (key === undefined || key.revokedAtMs !== undefined))
      found.push(`key ${name} is in the table and ${key === undefined ? 'gone' : 'revoked'}`)
  }
  return found
}
