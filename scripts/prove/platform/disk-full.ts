import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { linearModel } from '../../../test/support/models.ts'
import { disturb, judge } from '../disturb.ts'
import { skip, type Found, type Proof, type ProofOptions } from '../proof.ts'
import { FIRST_FACTOR, MODEL } from '../served.ts'
import { addVersion, putVersion, servePlatform, type ServedPlatform } from './served-platform.ts'

/** Fills the disk that holds the data folder, and makes room again, without a restart of anything. */
export const diskFull: Proof = {
  name: 'disk-full',
  claim: 'a full disk costs no inference and no change that was acknowledged, and all goes on once there is room',
  plant: 'the disk is not full',
  seconds: 20,
  async run(options) {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return skip('only root may mount a small disk')
    const dataFolder = join(options.folder, 'disk-full', 'data')
    await mkdir(dataFolder, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m,mode=700`, 'tmpfs', dataFolder])
    try {
      return await fillDisk(options, dataFolder)
    } finally {
      execFileSync('umount', ['--lazy', dataFolder])
    }
  },
}

const SIZE_MIB = 48
/** What is uploaded to a disk that has no room for it. */
const UPLOAD_BYTES = 8 * 2 ** 20
/** Changes that are asked for until one is refused: what is left of a page of the database takes some. */
const MOST_CHANGES = 100
/** Captured requests are written, or dropped, within this (ms). */
const CAPTURED_WITHIN_MS = 3000

async function fillDisk(options: ProofOptions, dataFolder: string): Promise<Found> {
  const served = await servePlatform(options.folder, 'disk-full', { dataFolder })
  const { platform } = served
  await platform.client.call('patchEndpoint', {
    params: { project: 'default', endpoint: MODEL },
    body: { spec: { capture: { sample: 0.02, redact: [], retentionDays: 1 } } },
  })
  const faults: string[] = []
  const check = (is: boolean, otherwise: string) => void (is || faults.push(otherwise))
  const processes = async () => [...(await platform.processes('control')), ...(await platform.processes('runner'))]
  const before = (await processes()).join()
  let isSame = true
  let recoveredMs = 0
  const acknowledged: string[] = []
  let refusal = ''
  let uploadStatus = 0
  let dropped = 0
  let rounds = 0
  const ballast = join(dataFolder, 'ballast')

  const seen = await disturb(options, served, {
    habits: [{ clients: 4 }, { clients: 2, isGrpc: true }, { clients: 2, isFresh: true, pauseMs: 4 }],
    async act(load) {
      rounds++
      if (options.isPlanted !== true) fill(ballast)
      uploadStatus = await tryUpload(served)
      check(uploadStatus === 507, `an upload to a full disk was answered ${uploadStatus}, not 507`)
      const tried = await changeUntilRefused(served, rounds)
      acknowledged.push(...tried.acknowledged)
      refusal = tried.refusal
      check(/^50[37] /.test(refusal), `a change was answered ${refusal || 'always'} with the disk full`)
      await load.more(200)
      dropped = await within(CAPTURED_WITHIN_MS, () => droppedCaptures(served))
      check(dropped > 0, 'no captured request was dropped and counted')
      await sleep(options.seconds * 200, undefined, { signal: options.signal })

      await rm(ballast, { force: true })
      const begunMs = performance.now()
      const name = `after-${rounds}`
      await platform.client.call('createKey', { params: { project: 'default' }, body: { name, role: 'viewer' } })
      acknowledged.push(name)
      const { number } = await addVersion(served, linearModel({}, FIRST_FACTOR + rounds))
      await putVersion(served, number)
      recoveredMs = Math.max(recoveredMs, performance.now() - begunMs)
      await load.more(100)
      isSame &&= (await processes()).join() === before
    },
  })
  check(isSame, 'a process was started anew')
  const torn = tornRecords(join(dataFolder, 'state.db'), acknowledged)
  return judge(seen, {
    times: rounds,
    recoverySeconds: recoveredMs / 1000,
    remark: `of ${SIZE_MIB} MiB; uploads ${uploadStatus}, changes ${refusal}; ${acknowledged.length} acknowledged changes are there; ${dropped} captures dropped`,
    faults: [...faults, ...torn],
  })
}

/** Writes until nothing more can be written. */
function fill(path: string): void {
  for (const bytes of [2 ** 20, 4096, 1]) {
    const chunk = Buffer.alloc(bytes)
    try {
      for (;;) appendFileSync(path, chunk)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}

/** @returns the status of the first answer that is none of success, else the last one's */
async function tryUpload({ platform, key }: ServedPlatform): Promise<number> {
  const base = `${platform.apiUrl}/api/v1/projects/default/uploads`
  const headers = { authorization: `Bearer ${key}` }
  const begun = await fetch(base, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ fileName: 'large.onnx', sizeBytes: UPLOAD_BYTES, partBytes: UPLOAD_BYTES }),
  })
  if (!begun.ok) return begun.status
  const { name } = (await begun.json()) as { name: string }
  const put = await fetch(`${base}/${name}/parts/1`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    body: Buffer.alloc(UPLOAD_BYTES),
  })
  await fetch(`${base}/${name}`, { method: 'DELETE', headers })
  return put.status
}

/** Makes key after key. @returns those that were acknowledged, and how the first that was not was answered */
async function changeUntilRefused(
  { platform, key }: ServedPlatform,
  round: number,
): Promise<{ readonly acknowledged: string[]; readonly refusal: string }> {
  const acknowledged: string[] = []
  for (let i = 0; i < MOST_CHANGES; i++) {
    const name = `full-${round}-${i}`
    const answer = await fetch(`${platform.apiUrl}/api/v1/projects/default/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, role: 'viewer' }),
    })
    const text = await answer.text()
    if (answer.status !== 201) return { acknowledged, refusal: `${answer.status} ${codeIn(text)}` }
    acknowledged.push(name)
  }
  return { acknowledged, refusal: '' }
}

function codeIn(text: string): string {
  const { error } = JSON.parse(text) as { error: { code: string; details: { reason?: string } } }
  return error.details.reason ?? error.code
}

/** How many captured requests were lost for want of room, by the runners' own count. */
async function droppedCaptures({ platform, key }: ServedPlatform): Promise<number> {
  const answer = await fetch(`${platform.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })
  const text = await answer.text()
  const counts = [...text.matchAll(/^slipway_capture_dropped_total\{[^}]*\} (\d+)/gm)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

/** @returns the first number above 0 that is read, else the last one */
async function within(ms: number, read: () => Promise<number>): Promise<number> {
  const begunMs = performance.now()
  for (;;) {
    const found = await read()
    if (found > 0 || performance.now() - begunMs > ms) return found
    await sleep(100)
  }
}

/** What of the state is damaged, or gone though it was acknowledged. */
function tornRecords(path: string, acknowledged: readonly string[]): string[] {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const checked = Object.values(database.prepare('PRAGMA integrity_check').get() ?? {}).join()
    const rows = database.prepare("SELECT name FROM records WHERE kind = 'key'").all() as { name: string }[]
    const names = new Set(rows.map(({ name }) => name))
    const lost = acknowledged.filter((name) => !names.has(name))
    return [
      ...(checked === 'ok' ? [] : [`the database is damaged: ${checked}`]),
      ...(lost.length > 0 ? [`${lost.length} acknowledged changes are lost, the first: ${lost[0]}`] : []),
    ]
  } finally {
    database.close()
  }
}
