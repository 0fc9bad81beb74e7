import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { needs } from '../../../test/support/needs.ts'
import { testEnvironment } from './environment.fixture.ts'
import { openSqliteStore, openStore } from './open-store.ts'
import { NodeSqlite } from './sqlite-database.ts'
import type { Kinds } from './store.ts'

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-sqlite-'))
  folders.push(folder)
  return folder
}

const environment = testEnvironment()

function model(description = ''): Kinds['model'] {
  return { project: 'p', name: 'm', description, labels: {}, lastNumber: 0 }
}

describe('a store in a file', () => {
  test('is for its owner alone, also where the folder was made before', async () => {
    const folder = await newFolder()
    const path = join(folder, 'deep', 'er', 'state.db')
    const store = await openSqliteStore({ environment, path })
    await store.transact((tx) => tx.insert('model', 'p', 'm', model()))
    expect(statSync(join(folder, 'deep', 'er')).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(join(folder, 'deep', 'er')))
      expect(statSync(join(folder, 'deep', 'er', file)).mode & 0o777).toBe(0o600)
    await store.close()
    chmodSync(path, 0o644)
    await (await openSqliteStore({ environment, path })).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('is written ahead, and is one file when it is closed', async () => {
    const dataFolder = await newFolder()
    const store = await openStore({ environment, dataFolder })
    const other = new DatabaseSync(join(dataFolder, 'state.db'))
    expect(other.prepare('pragma journal_mode').get()).toMatchObject({ journal_mode: 'wal' })
    other.close()
    await store.transact((tx) => tx.insert('model', 'p', 'm', model()))
    await store.read((tx) => tx.get('model', 'p', 'm'))
    await store.close()
    expect(readdirSync(dataFolder)).toEqual(['state.db'])
  })

  test.each([
    ['text', (bytes: Buffer) => Buffer.from('this is a letter, and no database at all\n'.repeat(200) + bytes.length)],
    [
      'a page of zeros',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(4096), bytes.subarray(8192)]),
    ],
    ['half of it', (bytes: Buffer) => bytes.subarray(0, 4096 * 3)],
    ['another order of bytes', (bytes: Buffer) => Buffer.from(bytes).fill(0xff, 4096 * 2 + 8, 4096 * 4)],
  ])('refuses a file that is damaged (%s), and leaves it as it is', async (_name, damage) => {
    const dataFolder = await newFolder()
    const path = join(dataFolder, 'state.db')
    const store = await openStore({ environment, dataFolder })
    await store.transact(async (tx) => {
      for (let i = 0; i < 50; i++) await tx.insert('model', 'p', `m${i}`, model('x'.repeat(500)))
    })
    await store.close()
    const damaged = damage(readFileSync(path))
    writeFileSync(path, damaged)
    await expect(openStore({ environment, dataFolder })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('"state.db" is damaged') as string,
      details: { reason: 'damaged' },
    })
    expect(readFileSync(path).equals(damaged)).toBe(true)
    expect(statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
  })

  test('says so where the file cannot be made', async () => {
    const folder = await newFolder()
    writeFileSync(join(folder, 'file'), '')
    await expect(openSqliteStore({ environment, path: join(folder, 'file', 'state.db') })).rejects.toMatchObject({
      code: 'unavailable',
      details: { reason: 'disk' },
    })
  })

  test('is chosen by the URL', async () => {
    const dataFolder = await newFolder()
    const store = await openStore({ environment, dataFolder, url: `sqlite:${join(dataFolder, 'other.db')}` })
    await store.close()
    expect(readdirSync(dataFolder)).toEqual(['other.db'])
    await expect(openStore({ environment, dataFolder, url: 'mysql://u:hunter2@h/d' })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'the database URL begins with "mysql:"; what is spoken is postgres://… and sqlite:PATH',
    })
  })

  test('opens a file that another process has locked for a moment', async () => {
    const dataFolder = await newFolder()
    await (await openStore({ environment, dataFolder })).close()
    const other = new DatabaseSync(join(dataFolder, 'state.db'))
    other.exec('pragma locking_mode = exclusive; begin immediate; update meta set value = value')
    setTimeout(() => other.close(), 300)
    const store = await openStore({ environment, dataFolder })
    await store.transact((tx) => tx.insert('model', 'p', 'm', model()))
    await store.close()
  })
})

describe.skipIf(!needs('linux', 'strace'))('a store whose calls of the system are counted', () => {
  test('has brought each commit to the disk before it acknowledges it', async () => {
    const folder = await newFolder()
    await (await openStore({ environment, dataFolder: folder })).close()
    const trace = join(folder, 'trace')
    const main = join(import.meta.dirname, 'store-main.fixture.ts')
    const call = ['-f', '-e', 'trace=fsync,fdatasync', '-o', trace, process.execPath, main, folder, 'write', '30']
    expect(execFileSync('strace', call, { encoding: 'utf8' }).trim().split('\n')).toHaveLength(30)
    expect(readFileSync(trace, 'utf8').match(/f(data)?sync\(/g)?.length).toBeGreaterThanOrEqual(30)
  })
})

describe.skipIf(!needs('linux', 'root', 'mount', 'umount'))('a store on a disk that is full', () => {
  test('refuses writes by name, keeps what it has, and writes again once there is room', async () => {
    const mount = join(await newFolder(), 'small')
    mkdirSync(mount)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount])
    try {
      const store = await openStore({ environment, dataFolder: join(mount, 'data') })
      writeFileSync(join(mount, 'ballast'), Buffer.alloc(600_000))
      const acknowledged: string[] = []
      const write = (name: string) => store.transact((tx) => tx.insert('model', 'p', name, model('x'.repeat(20_000))))
      const fill = async (): Promise<void> => {
        for (let i = 0; i < 1000; i++) acknowledged.push((await write(`m${String(i).padStart(5, '0')}`)).name)
      }
      const failure: unknown = await fill().catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'unavailable', details: { reason: 'disk_full' } })
      const names = async (): Promise<string[]> => (await store.read((tx) => tx.all('model'))).map(({ name }) => name)
      expect(await names()).toEqual(acknowledged)
      expect(acknowledged.length).toBeGreaterThan(10)
      rmSync(join(mount, 'ballast'))
      await write('z')
      expect(await names()).toEqual([...acknowledged, 'z'])
      await store.close()
      const again = await openStore({ environment, dataFolder: join(mount, 'data') })
      expect(await again.read((tx) => tx.all('model'))).toHaveLength(acknowledged.length + 1)
      await again.close()
    } finally {
      execFileSync('umount', ['-l', mount])
    }
  })
})

describe('node:sqlite as Kysely wants it', () => {
  test('reads and writes whole numbers of 64 bits', () => {
    const database = new NodeSqlite(new DatabaseSync(':memory:'))
    database.exec('create table t (a, b)')
    database.prepare('insert into t values (?, ?)').run([2n ** 63n - 1n, Number.MAX_SAFE_INTEGER])
    expect(database.prepare('select a, b from t').all([])).toEqual([{ a: 2n ** 63n - 1n, b: Number.MAX_SAFE_INTEGER }])
    expect([...database.prepare('select b from t').iterate([])]).toEqual([{ b: Number.MAX_SAFE_INTEGER }])
    expect(database.prepare('insert into t values (1, 2.5) returning a, b').all([])).toEqual([{ a: 1, b: 2.5 }])
    database.close()
  })

  test('refuses what would be taken for named parameters, and what is no value', () => {
    const database = new NodeSqlite(new DatabaseSync(':memory:'))
    database.exec('create table t (a)')
    for (const value of [{ a: 1 }, new Date(), [1], undefined, true, Number.NaN, Symbol('a')])
      expect(() => database.prepare('insert into t values (?)').run([value])).toThrow('this is a bug')
    expect(database.prepare('select count(*) as n from t').all([])).toEqual([{ n: 0 }])
    database.close()
  })
})
