import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EndpointSpecInput } from '../../../src/api/api-types.ts'
import { DEFAULT_PROJECT, type Endpoint, type Version } from '../../../src/api/resources.ts'
import { bringSource, nameSource } from '../../../src/cli/platform/model-source.ts'
import { linearModel } from '../../../test/support/models.ts'
import { startPlatform, type RunningPlatform } from '../../../test/support/platform.ts'
import { FIRST_FACTOR, logOf, MODEL, type Served } from '../served.ts'

/** The platform with an endpoint of the linear model, as proofs ask it. */
export interface ServedPlatform extends Served {
  readonly platform: RunningPlatform
  readonly folder: string
}

export interface PlatformWish {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** In place of one in the proofs' folder. */
  readonly dataFolder?: string
}

/** Starts the platform with two runners and nothing on it, in a data folder of this name. */
export async function startServed(
  folder: string,
  name: string,
  { args = [], env = {}, dataFolder = join(folder, name, 'data') }: PlatformWish = {},
): Promise<ServedPlatform> {
  await mkdir(join(folder, name), { recursive: true })
  const platform = await startPlatform(['--workers', '2', ...args], { dataFolder, env: { TMPDIR: folder, ...env } })
  return {
    platform,
    folder: join(folder, name),
    server: platform,
    port: Number(new URL(platform.url).port),
    grpcPort: Number(platform.grpcAddress.split(':').at(-1)),
    model: MODEL,
    key: platform.key,
    ...logOf(platform),
  }
}

/** Starts the platform with the linear model's first version at its endpoint, ready. */
export async function servePlatform(
  folder: string,
  name: string,
  { variant = {}, bytes, ...wish }: PlatformWish & { readonly variant?: VariantWish; readonly bytes?: Uint8Array } = {},
): Promise<ServedPlatform> {
  const served = await startServed(folder, name, wish)
  const { number } = await addVersion(served, bytes ?? linearModel({}, FIRST_FACTOR))
  await putVersion(served, number, { variant })
  return served
}

/** All versions but those of `canary` are good: what a busy machine does to latencies is borne. */
export const PATIENT = { bakeMs: 0, minSamples: 10, maxLatencyIncrease: 100, maxErrorIncrease: 0.5 } as const

type VariantWish = Partial<EndpointSpecInput['variants'][number]>

/** Brings a model to the platform: its bytes, or a file or folder. @returns its version, ready */
export async function addVersion(
  { platform: { client }, folder }: ServedPlatform,
  file: Uint8Array | string,
  model = MODEL,
  how: Partial<Version['how']> = {},
): Promise<Version> {
  const path = typeof file === 'string' ? file : join(folder, `${randomBytes(6).toString('hex')}.onnx`)
  if (typeof file !== 'string') await writeFile(path, file)
  const { signal } = new AbortController()
  const source = await bringSource(client, await nameSource(path), {
    project: DEFAULT_PROJECT,
    signal,
    onProgress: () => {},
  })
  const made = await client.call('createVersion', {
    params: { project: DEFAULT_PROJECT, model },
    body: { source, how },
  })
  return awaitVersion(client, model, made.number)
}

/** Waits for a version to be ready. @throws {Error} when it fails */
async function awaitVersion(client: RunningPlatform['client'], model: string, number: number): Promise<Version> {
  for (;;) {
    const found = await client.call('getVersion', { params: { project: DEFAULT_PROJECT, model, version: number } })
    if (found.state === 'ready') return found
    if (found.state === 'failed' || found.state === 'cancelled')
      throw new Error(`version ${number} of ${model} is ${found.state}: ${JSON.stringify(found.problem)}`)
    await sleep(20)
  }
}

/** Has an endpoint answer with one version alone. @returns it, once that is settled: the version answers, or is rolled back */
export async function putVersion(
  { platform }: ServedPlatform,
  version: number,
  wish: {
    readonly variant?: VariantWish
    readonly rollout?: EndpointSpecInput['rollout']
    readonly endpoint?: string
    readonly model?: string
  } = {},
): Promise<Endpoint> {
  const { endpoint = MODEL, model = MODEL, rollout, variant } = wish
  const { revision } = await platform.put(endpoint, {
    variants: [{ name: `v${version}`, model, version, scaling: { minReplicas: 2, maxReplicas: 2 }, ...variant }],
    rollout: { ...PATIENT, ...rollout },
  })
  return platform.reach(endpoint, (found) => (found.settledRevision ?? 0) >= revision && found.rollout === undefined)
}
