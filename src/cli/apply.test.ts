/** Documents of all kinds, applied and deleted; those of endpoints alone are tried in platform-commands.test.ts. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestPlatform, type TestPlatform } from './platform/platform.fixture.ts'
import { runHere, type Ran } from './testing.fixture.ts'

let platform: TestPlatform
let folder = ''
beforeAll(async () => {
  platform = await startTestPlatform()
  folder = await mkdtemp(join(tmpdir(), 'slipway-apply-'))
  await mkdir(join(folder, 'models'))
  await writeFile(join(folder, 'models/one.pkl'), 'one')
  await writeFile(join(folder, 'models/two.pkl'), 'two')
})
afterAll(async () => {
  await platform.close()
  await rm(folder, { recursive: true })
})

function slipway(...args: string[]): Promise<Ran> {
  return runHere([...args, '--data', platform.data])
}

interface Applied {
  readonly isApplied: boolean
  readonly documents: readonly {
    kind: string
    effect: string
    changes: { path: string; from?: unknown; to?: unknown }[]
  }[]
}

async function apply(...args: string[]): Promise<Applied> {
  const { code, stdout, stderr } = await slipway('apply', '-f', folder, ...args, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Applied
}

async function versionsOf(model: string): Promise<number[]> {
  const { stdout } = await slipway('get', 'versions', model, '--json')
  return (JSON.parse(stdout) as { items: { number: number }[] }).items
    .map(({ number }) => number)
    .toSorted((a, b) => a - b)
}

const ENDPOINT =
  'kind: Endpoint\nname: fraud\nspec: {variants: [{model: fraud, version: stable}], rollout: {bakeMs: 0}}\n'
const model = (versions: string, more = '') => `kind: Model\nname: fraud\nversions: [${versions}]\n${more}`

describe('a folder of documents', () => {
  test('makes a model, its version, its label and the endpoint that names the label, and is nothing the second time', async () => {
    await writeFile(join(folder, 'a-endpoint.yaml'), ENDPOINT)
    await writeFile(
      join(folder, 'b-model.yml'),
      model('{from: models/one.pkl, labels: [stable]}', 'description: scores'),
    )
    await writeFile(join(folder, 'notes.txt'), 'no documents')
    const plan = await apply('--plan')
    expect(plan.documents).toMatchObject([
      {
        kind: 'Model',
        effect: 'create',
        changes: [
          { path: 'description', to: 'scores' },
          { path: 'versions.1', to: expect.stringMatching(/models\/one.pkl$/) },
          { path: 'labels.stable', to: 1 },
        ],
      },
      { kind: 'Endpoint', effect: 'create', changes: [{ path: 'variants.main.version', to: 'stable (fraud/1)' }] },
    ])
    expect((await apply('--yes')).isApplied).toBe(true)
    expect((await apply('--plan')).documents.map(({ effect }) => effect)).toEqual(['none', 'none'])
    expect(await versionsOf('fraud')).toEqual([1])
  })

  test('with another file makes the next version, moves the label and with it the endpoint, and leaves the old version', async () => {
    await writeFile(
      join(folder, 'b-model.yml'),
      model('{from: models/one.pkl}, {from: models/two.pkl, labels: [stable]}', 'description: scores'),
    )
    const { documents } = await apply('--yes')
    expect(documents).toMatchObject([
      { effect: 'settings', changes: [{ path: 'versions.2' }, { path: 'labels.stable', from: 1, to: 2 }] },
      { effect: 'rollout', changes: [{ path: 'variants.main.version', to: 'stable (fraud/2)' }] },
    ])
    const endpoint = async () => JSON.parse((await slipway('get', 'endpoint', 'fraud', '--json')).stdout) as object
    await expect
      .poll(endpoint, { timeout: 10_000 })
      .toMatchObject({ revision: 2, servedRevision: 2, variants: [{ version: 2 }] })
    expect(await versionsOf('fraud')).toEqual([1, 2])
  })

  test('is planned with exit code 4 where something would change, and 0 where nothing would', async () => {
    const plan = () => slipway('apply', '-f', folder, '--plan', '--exit-code')
    expect((await plan()).code).toBe(0)
    await writeFile(join(folder, 'c.yaml'), 'kind: Project\nname: shop\n')
    expect((await plan()).code).toBe(4)
    expect((await slipway('apply', '-f', folder, '--exit-code')).code).toBe(2)
    await rm(join(folder, 'c.yaml'))
  })

  test('is deleted, the endpoint before its model; what is not there is said to be so', async () => {
    expect((await slipway('delete', '-f', folder)).code).toBe(2)
    const { code, stdout } = await slipway('delete', '-f', folder, '--yes')
    expect([code, stdout]).toEqual([0, 'endpoint fraud is deleted\nmodel fraud is deleted\n'])
    expect((await slipway('delete', '-f', folder, '--yes')).stdout).toMatch(/^endpoint fraud is not there\n/)
  })
})

describe('a document of a model', () => {
  const file = () => join(folder, 'models/model.yaml')
  async function applied(text: string, ...args: string[]): Promise<Ran> {
    await writeFile(file(), text)
    return slipway('apply', '-f', file(), ...args)
  }

  test('got as YAML changes nothing when it is applied', async () => {
    expect((await applied(model('{from: one.pkl, labels: [stable]}'), '--yes')).code).toBe(0)
    const { stdout } = await slipway('get', 'model', 'fraud', '--yaml')
    expect(stdout).toMatch(/^kind: Model\nproject: default\nname: fraud\ndescription: ""\nlabels:\n {2}stable: 1\n$/)
    expect((await applied(stdout, '--plan')).stdout).toBe('model fraud (project default): nothing changes\n')
  })

  test('moves no label between versions of the same bytes', async () => {
    await slipway('deploy', join(folder, 'models/one.pkl'), '--model', 'fraud', '--version-only')
    expect(await versionsOf('fraud')).toEqual([1, 2])
    const { stdout } = await applied(model('{from: one.pkl, labels: [stable]}'), '--plan')
    expect(stdout).toBe('model fraud (project default): nothing changes\n')
  })

  test('compiled in another way is another version', async () => {
    const { stdout } = await applied(model('{from: one.pkl, allowUntested: true}'), '--plan')
    expect(stdout).toMatch(/\+ versions\.3 /)
  })

  test('of a file that is refused says why with the last lines, and moves no label', async () => {
    await writeFile(join(folder, 'models/bad.pkl'), 'bad')
    const { code, stderr } = await applied(model('{from: bad.pkl, labels: [stable]}'), '--yes')
    expect(code).toBe(3)
    expect(stderr).toMatch(/ {2}\| opcode 7: GLOBAL os system\n/)
    expect(stderr).toMatch(/slipway: model fraud: version fraud\/3 failed: the pickle calls os\.system/)
    expect((await slipway('label', 'fraud')).stdout).toBe('stable  fraud/1\n')
  })

  test.each([
    [
      'a label on what is not there',
      'kind: Model\nname: fraud\nlabels: {stable: 9}',
      /on version 9, which is not there/,
    ],
    ['a label on what failed', 'kind: Model\nname: fraud\nlabels: {next: 3}', /on version 3, which is failed/],
    ['no file', model('{from: nothing.pkl}'), /no file or folder ".*nothing.pkl"/],
    ['a label twice', model('{from: one.pkl, labels: [a]}', 'labels: {a: 1}'), /has the label "a" twice/],
    ['a label that is a number', model('{from: one.pkl, labels: ["7"]}'), /has the label "7"; a label is/],
    ['a field too many', model('{from: one.pkl, label: a}'), /versions\[0\] of .* has "label", which no version has/],
    ['a digest of a file', model(`{from: one.pkl, sha256: ${'a'.repeat(64)}}`), /sha256 that is not/],
    ['no source', model('{labels: [a]}'), /has no `from`/],
  ])('with %s is refused', async (_what, text, message) => {
    const { code, stderr } = await applied(text, '--plan')
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
  })

  test('is read from standard input too, with files from this folder on', async () => {
    const stdin = Object.assign(Readable.from([Buffer.from(ENDPOINT)]), { isTTY: false })
    const { code, stdout } = await runHere(['apply', '-f', '-', '--plan', '--data', platform.data], {}, stdin)
    expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(/^endpoint fraud \(project default\): /)])
  })
})
