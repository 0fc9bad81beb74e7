/** State in PostgreSQL and bytes in S3: the machine may be lost, and nothing is. */
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endCommands } from '../support/command.ts'
import { startMoto, type Moto } from '../support/moto.ts'
import { needs } from '../support/needs.ts'
import { makeDataFolder, removePlatforms, startPlatform, stopPlatform } from '../support/platform.ts'
import { findPostgres, startPostgres, type Postgres } from '../support/postgres.ts'
import { BODY, FRAUD, PROBABILITY, probability } from './fraud-endpoint.fixture.ts'

const isHere = needs('python environment moto') && (findPostgres() !== undefined || needs('initdb'))
/** What an operator keeps of a data folder: without it nobody could use what the database holds. */
const SECRETS = ['credentials.json', 'master.key']

let moto: Moto
let postgres: Postgres

describe.skipIf(!isHere)(
  'with a database and a storage elsewhere',
  () => {
    beforeAll(async () => {
      ;[moto, postgres] = await Promise.all([startMoto(), startPostgres()])
    })

    afterAll(async () => {
      await endCommands()
      await removePlatforms()
      await moto.end()
      await postgres.stop()
    })

    /** Platforms share the server, each with a database of its own. @returns its URL */
    async function createDatabase(name: string): Promise<string> {
      const client = new pg.Client({ connectionString: postgres.url })
      await client.connect()
      await client.query(`create database ${name}`)
      await client.end()
      return postgres.url.replace('/postgres?', `/${name}?`)
    }

    function start(dataFolder: string, databaseUrl = postgres.url) {
      const storage = `s3://${moto.bucket}/platform?endpoint=${moto.endpoint}&region=us-east-1`
      return startPlatform(['--storage-url', storage], {
        dataFolder,
        env: {
          SLIPWAY_DATABASE_URL: databaseUrl,
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      })
    }

    test('endpoints come back on a machine that has never had them, and bundles that were lost are fetched again', async () => {
      const first = await start(await makeDataFolder())
      const deployed = await first.deploy([FRAUD, '--min', '1', '--json'])
      expect(deployed.code, deployed.stderr).toBe(0)
      const idle = await first.deploy([FRAUD, '--endpoint', 'idle', '--json'])
      expect(idle.code, idle.stderr).toBe(0)
      expect(await probability(first)).toBe(PROBABILITY)
      expect(await first.client.call('getServer', {})).toMatchObject({ database: 'postgresql', storage: 's3' })
      expect((await stopPlatform(first)).code).toBe(0)

      const dataFolder = await makeDataFolder()
      await mkdir(dataFolder, { recursive: true })
      for (const name of SECRETS) await copyFile(join(first.dataFolder, name), join(dataFolder, name))
      await rm(first.dataFolder, { recursive: true })
      const second = await start(dataFolder)
      expect(second.key).toBe(first.key)
      const { variants } = await second.reach('fraud', ({ variants: [variant] }) => variant?.replicas.ready === 1)
      expect(variants[0]?.state).toBe('ready')
      await expect.poll(async () => (await second.infer('fraud', '{}')).status, { timeout: 10_000 }).toBe(400)
      expect(await probability(second)).toBe(PROBABILITY)
      expect(await probability(second, 'idle')).toBe(PROBABILITY)

      // lost under a platform that runs: what is loaded answers on, and whoever loads it anew has it brought
      await rm(join(dataFolder, 'bundles', 'sha256', variants[0]?.digest ?? ''), { recursive: true })
      expect(await probability(second)).toBe(PROBABILITY)
      for (const pid of await second.processes('runner')) process.kill(pid, 'SIGKILL')
      const status = () =>
        second.infer('fraud', BODY).then(
          (response) => response.status,
          () => 0,
        )
      await expect.poll(status, { timeout: 20_000 }).toBe(200)
      expect(await probability(second)).toBe(PROBABILITY)
      expect((await stopPlatform(second)).code).toBe(0)
    })

    test('while the database is away endpoints answer, and the API says that it cannot', async () => {
      const databaseUrl = await createDatabase('other')
      const platform = await start(await makeDataFolder(), databaseUrl)
      const deployed = await platform.deploy([FRAUD, '--min', '1', '--json'])
      expect(deployed.code, deployed.stderr).toBe(0)
      await postgres.kill()
      const headers = { authorization: `Bearer ${platform.key}` }
      const read = () => fetch(`${platform.apiUrl}/api/v1/projects/default/endpoints`, { headers })
      await expect.poll(async () => (await read()).status, { timeout: 20_000 }).toBe(503)
      expect(await (await read()).json()).toMatchObject({ error: { code: 'unavailable' } })
      expect(await probability(platform)).toBe(PROBABILITY)
      // who deploys meanwhile waits for it
      const deploying = platform.deploy([FRAUD, '--endpoint', 'second', '--json'])
      await postgres.start()
      const second = await deploying
      expect(second.code, second.stderr).toBe(0)
      expect((await read()).status).toBe(200)
      expect(await probability(platform, 'second')).toBe(PROBABILITY)
      expect(platform.stderr()).not.toMatch(/control restarted/)

      // one platform at a time uses a database
      const other = await start(await makeDataFolder(), databaseUrl).catch((error: Error) => error.message)
      expect(other).toContain('the database is in use by another platform')

      // and one that starts while the database is away serves what it served, and waits
      expect((await stopPlatform(platform)).code).toBe(0)
      await postgres.kill()
      const again = await start(platform.dataFolder, databaseUrl)
      expect(await probability(again, 'second')).toBe(PROBABILITY)
      const readAgain = () => fetch(`${again.apiUrl}/api/v1/projects/default/endpoints`, { headers })
      const refused = await readAgain()
      expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'unavailable' } }])
      await postgres.start()
      await expect.poll(async () => (await readAgain()).status, { timeout: 20_000 }).toBe(200)
      expect(await probability(again)).toBe(PROBABILITY)
    })
  },
  120_000,
)
