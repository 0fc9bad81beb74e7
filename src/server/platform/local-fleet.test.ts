import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RouteTable } from '../../api/route-table.ts'
import type { RunnerStatus, ToControl } from '../../api/runner-status.ts'
import { linkToControl, type ControlLink } from './control-link.ts'
import { createLocalFleet, type LocalFleet } from './local-fleet.ts'
import { readDirectory } from './directory.ts'
import { createRouteFiles } from './route-files.ts'

let folder: string
let told: string[]
let logged: string[]
let links: ControlLink[]
let shares: Readonly<Record<string, number>>[]
let fleet: LocalFleet

function createFleet(more: { readonly mendEveryMs?: number } = {}): LocalFleet {
  return createLocalFleet({
    files: createRouteFiles(join(folder, 'routes')),
    socket: join(folder, 'control'),
    sizeOf: () => 1,
    now: () => performance.now(),
    onProjects: (projects) => told.push(projects.join()),
    onLog: ({ project, message }) => logged.push(`${project}: ${message}`),
    ...more,
  })
}
const link = (status: () => RunnerStatus, onChange: (project: string | undefined) => void = () => {}) => {
  const made = linkToControl({
    socket: join(folder, 'control'),
    status,
    onChange,
    onShares: (given) => shares.push(given),
  })
  links.push(made)
  return made
}
const statusOf = (runner: string, revision = 0): RunnerStatus => ({
  runner,
  project: 'default',
  index: 0,
  count: 1,
  life: '1',
  revision,
  memoryBytes: 1,
  replicas: [],
  traffic: [],
})
const tableOf = (project: string, revision: number, endpoints: RouteTable['endpoints'] = []): RouteTable => ({
  formatVersion: 1,
  project,
  revision,
  endpoints,
  keys: [],
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-fleet-'))
  told = []
  logged = []
  links = []
  shares = []
  fleet = createFleet()
  await fleet.listening()
})
afterEach(async () => {
  for (const each of links) each.close()
  await fleet.close()
  await rm(folder, { recursive: true, force: true })
})

test('what is published is durable before it is told', async () => {
  const files = createRouteFiles(join(folder, 'routes'))
  const seen: (number | undefined)[] = []
  link(
    () => statusOf('r'),
    (project) => {
      if (project === 'default') void files.read(project).then((table) => seen.push(table?.revision))
    },
  )
  await expect.poll(() => fleet.runners('default').length).toBe(1)
  await fleet.publish(tableOf('default', 7))
  await expect.poll(() => seen).toEqual([7])
  expect((await stat(join(folder, 'routes/default.json'))).mode & 0o777).toBe(0o600)
  expect(await fleet.published('default')).toEqual(tableOf('default', 7))
})

test('runners are known by what they said last, and as gone once they are', async () => {
  const one = link(() => statusOf('r', 3))
  await expect.poll(() => fleet.runners('default')[0]?.status.revision).toBe(3)
  expect(fleet.runners('default')[0]?.isConnected).toBe(true)
  expect(fleet.runners('other')).toEqual([])
  one.close()
  await expect.poll(() => fleet.runners('default')[0]?.isConnected).toBe(false)
})

test('a fleet that comes back knows what was published, and runners find it again', async () => {
  const changes: (string | undefined)[] = []
  link(
    () => statusOf('r'),
    (project) => changes.push(project),
  )
  await fleet.publish(tableOf('default', 1))
  await fleet.publish(tableOf('team', 1, [{ name: 'e', isPaused: false, variants: [] }]))
  expect(told).toEqual(['', 'team'])
  await fleet.close()
  fleet = createFleet()
  await fleet.listening()
  expect(await fleet.projects()).toEqual(['default', 'team'])
  expect(told.at(-1)).toBe('team')
  changes.length = 0
  await expect.poll(() => fleet.runners('default')[0]?.isConnected).toBe(true)
  await expect.poll(() => changes).toEqual(expect.arrayContaining(['default', undefined]))
  await fleet.retract('team')
  expect(told.at(-1)).toBe('')
  expect(await fleet.published('team')).toBeUndefined()
})

test('events that nobody heard are told once somebody listens', async () => {
  await fleet.close()
  const events: ToControl[] = []
  const one = link(() => statusOf('r'))
  one.event({
    type: 'event',
    project: 'default',
    endpoint: 'e',
    event: 'woken',
    level: 'info',
    message: 'm',
    details: {},
  })
  fleet = createFleet()
  fleet.listen((message) => events.push(message))
  await fleet.listening()
  await expect.poll(() => events.filter(({ type }) => type === 'event')).toHaveLength(1)
})

test('a runner speaks for its own project alone', async () => {
  const heard: ToControl[] = []
  fleet.listen((message) => heard.push(message))
  const runner = link(() => statusOf('default-1'))
  for (const project of ['shop', 'default']) {
    runner.log({ type: 'log', project, endpoint: 'fraud', source: 'x', level: 'info', message: 'hello' })
    runner.event({ type: 'event', project, endpoint: 'fraud', event: 'x', level: 'info', message: '', details: {} })
  }
  await expect.poll(() => heard.filter(({ type }) => type === 'event').length).toBe(1)
  expect(heard).toContainEqual(expect.objectContaining({ type: 'event', project: 'default' }))
  expect(logged).toEqual(['default: hello'])
})

test('tables and directory that somebody took away or changed are written again', async () => {
  await fleet.close()
  fleet = createFleet({ mendEveryMs: 10 })
  await fleet.listening()
  const table = tableOf('default', 3)
  await fleet.publish(table)
  await fleet.publish(tableOf('other', 1, [{ name: 'e', isPaused: false, variants: [] }]))
  for (const name of ['default.json', 'other.json', 'directory']) await rm(join(folder, 'routes', name))
  const read = () => createRouteFiles(join(folder, 'routes')).read('default')
  await expect.poll(read).toEqual(table)
  await expect.poll(() => readDirectory(join(folder, 'routes'))).toMatchObject({ projects: ['other'] })
  await writeFile(join(folder, 'routes', 'default.json'), JSON.stringify({ ...table, revision: 9 }))
  await expect.poll(read).toEqual(table)
  await fleet.retract('default')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await read()).toBeUndefined()
})

test('a file that is no table is refused by name', async () => {
  const files = createRouteFiles(join(folder, 'routes'))
  await files.write({ ...tableOf('default', 1), project: 'default' })
  const { writeFile } = await import('node:fs/promises')
  for (const text of ['', '{', '{"formatVersion":2,"project":"default"}', '{"formatVersion":1,"project":"other"}']) {
    await writeFile(join(folder, 'routes/default.json'), text)
    await expect(files.read('default')).rejects.toMatchObject({ code: 'refused' })
  }
  expect(await files.read('nobody')).toBeUndefined()
})

test('quotas are shared out by where requests come in', async () => {
  link(() => ({ ...statusOf('a'), demand: { key: 9 } }))
  link(() => ({ ...statusOf('b'), demand: {} }))
  await expect
    .poll(() => shares.map(({ key }) => Math.round(100 * (key ?? 0)) / 100))
    .toEqual(expect.arrayContaining([0.95, 0.05]))
})

test('a table that is damaged counts as none, so that it is published anew; others are not touched by it', async () => {
  await fleet.publish(tableOf('default', 3))
  await fleet.publish(tableOf('team', 4))
  await fleet.close()
  for (const text of [
    '',
    '{{',
    '{"formatVersion":1,"project":"default","revision":3}',
    JSON.stringify(tableOf('x', 1)),
  ]) {
    await writeFile(join(folder, 'routes/default.json'), text)
    fleet = createFleet()
    await fleet.listening()
    expect(await fleet.published('default')).toBeUndefined()
    expect(await fleet.published('team')).toMatchObject({ revision: 4 })
    await fleet.publish(tableOf('default', 5))
    expect(await fleet.published('default')).toMatchObject({ revision: 5 })
    await fleet.close()
  }
})
