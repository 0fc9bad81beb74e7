import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../../../test/support/command.ts'
import { startLoad, type Outcome } from '../load.ts'
import { faultsOf, measureLoad, type Found, type Proof, type ProofOptions } from '../proof.ts'
import { endServer, MODEL } from '../served.ts'
import { CRASH_OPERATIONS, prepareOperations, type CrashOperation } from './crash-operations.ts'
import { Descendants, findOrphans } from './orphans.ts'
import { startServed, type ServedPlatform } from './served-platform.ts'

/** Kills control at each durable step of each change that can be asked for. */
export const controlCrash: Proof = {
  name: 'control-crash',
  claim: 'control that is killed at any durable step finishes what it had begun, and leaves nothing behind',
  plant: 'what was durable is forgotten when control dies',
  seconds: 300,
  run: (options) => proveControlCrash(options),
}

/** After this from its return, beyond what a change takes anyway, all is as it is wanted (ms). */
const CONVERGE_WITHIN_MS = 5000
/** Control that dies again soon is started again later and later: after so many deaths a fresh supervisor begins anew. */
const DEATHS_PER_SUPERVISOR = 5
const NEVER = 1e6
/** What follows a change by itself has been done after so long (ms). */
const SETTLES_MS = 300

/** Where control dies in one run of a change. */
interface Death {
  readonly operation: CrashOperation
  readonly step: number
}

/** @param operations changes that are asked for; of their steps as many are taken, evenly spread, as there is time for */
export async function proveControlCrash(
  options: ProofOptions,
  operations: readonly CrashOperation[] = CRASH_OPERATIONS,
): Promise<Found> {
  const begunMs = performance.now()
  const crash = new CrashRun(options)
  try {
    await crash.begin()
    const plans: { operation: CrashOperation; steps: number; tookMs: number }[] = []
    for (const operation of operations) plans.push({ operation, ...(await crash.untouched(operation)) })
    const all = plans.flatMap(({ operation, steps, tookMs }) =>
      Array.from({ length: steps }, (_, i) => ({ operation, step: i + 1, tookMs })),
    )
    const leftMs = options.seconds * 1000 - (performance.now() - begunMs)
    const neededMs = all.reduce((sum, { tookMs }) => sum + tookMs + 1200, 0)
    const stride = Math.max(1, Math.min(all.length, Math.ceil(neededMs / Math.max(leftMs, 1))))
    const chosen = all.filter((_, i) => i % stride === options.seed % stride)
    for (const death of chosen) await crash.dieAt(death)
    // a change may have fewer steps than it had before
    for (const { operation } of plans) if (!crash.hasDied) await crash.dieAt({ operation, step: 1 })
    const told = plans.map(({ operation, steps }) => `${operation.name} ${steps}`).join(', ')
    return await crash.end(
      `kill -9 at ${stride === 1 ? 'every one' : `1 in ${stride}`} of ${all.length} durable steps: ${told}`,
    )
  } finally {
    await crash.stop()
  }
}

class CrashRun {
  readonly #options: ProofOptions
  readonly #crashFile: string
  readonly #faults: string[] = []
  readonly #outcomes: Outcome[] = []
  #served: ServedPlatform | undefined
  #load: ReturnType<typeof startLoad> | undefined
  #descendants = new Descendants(0)
  #deathsHere = 0
  #turn = 0
  #deaths = 0
  #slowestMs = 0
  #firstDeathMs = Infinity
  readonly #untouchedMs = new Map<CrashOperation, number>()

  constructor(options: ProofOptions) {
    this.#options = options
    this.#crashFile = join(options.folder, 'crash-at')
  }

  get hasDied(): boolean {
    return this.#deaths > 0
  }

  async begin(): Promise<void> {
    await this.#start()
    await prepareOperations(this.#running())
    this.#ask()
  }

  /** Runs a change that nothing disturbs. @returns its durable steps, and how long it took */
  async untouched(operation: CrashOperation): Promise<{ steps: number; tookMs: number }> {
    const served = this.#running()
    const turn = ++this.#turn
    await operation.prepare?.(served, turn)
    await writeFile(this.#crashFile, `${NEVER}`)
    const begunMs = performance.now()
    await operation.run(served, turn)
    const tookMs = performance.now() - begunMs
    await sleep(SETTLES_MS)
    const steps = NEVER - Number(await readFile(this.#crashFile, 'utf8'))
    await writeFile(this.#crashFile, '')
    await operation.undo?.(served, turn)
    this.#untouchedMs.set(operation, tookMs)
    return { steps, tookMs }
  }

  /** Runs a change in which control dies. */
  async dieAt({ operation, step }: Death): Promise<void> {
    if (this.#deathsHere >= DEATHS_PER_SUPERVISOR) await this.#startAnew()
    const served = this.#running()
    const { platform } = served
    const turn = ++this.#turn
    const what = `${operation.name}, killed at step ${step}`
    try {
      await operation.prepare?.(served, turn)
      const from = served.logEnd()
      const [control = 0] = await platform.processes('control')
      const watching = this.#watch(served, control, await this.#plant(control), from)
      await writeFile(this.#crashFile, `${step}`)
      await operation.run(served, turn)
      const doneMs = performance.now()
      // a change may have fewer steps this time: what follows by itself is killed instead, or nothing
      const back = await Promise.race([watching, sleep(1000).then(() => undefined)])
      await writeFile(this.#crashFile, '')
      if (back === undefined && (await isAlive(control))) return
      const { backMs } = back ?? (await watching)
      this.#deaths++
      this.#deathsHere++
      const tookMs = Math.max(0, doneMs - backMs)
      this.#slowestMs = Math.max(this.#slowestMs, tookMs)
      if (tookMs > CONVERGE_WITHIN_MS + (this.#untouchedMs.get(operation) ?? 0))
        this.#faults.push(`${what}: it took ${(tookMs / 1000).toFixed(1)} s after control was back`)
      const orphans = await this.#orphansIn(CONVERGE_WITHIN_MS)
      if (orphans.length > 0) this.#faults.push(`${what}: ${orphans.join('; ')}`)
      await operation.undo?.(served, turn)
    } catch (error) {
      this.#deaths++
      this.#faults.push(`${what}: ${error instanceof Error ? error.message.slice(0, 1000) : String(error)}`)
      await this.#startAnew()
    }
  }

  async end(remark: string): Promise<Found> {
    await this.stop()
    const failed = this.#outcomes.filter(({ kind }) => kind !== 'right' && kind !== 'wrong')
    const wrong = this.#outcomes.filter(({ kind, version }) => kind === 'wrong' || (kind === 'right' && version > 3))
    return {
      ...measureLoad(this.#outcomes, this.#firstDeathMs),
      failed: failed.length,
      wrong: wrong.length,
      times: this.#deaths,
      recoverySeconds: this.#slowestMs / 1000,
      remark,
      faults: [
        ...this.#faults,
        ...faultsOf('requests failed', failed),
        ...faultsOf('answers were wrong', wrong),
        ...(this.#deaths === 0 ? ['control never died'] : []),
      ],
    }
  }

  /** Ends the load, then the platform. */
  async stop(): Promise<void> {
    this.#outcomes.push(...((await this.#load?.stop()) ?? []))
    this.#load = undefined
    const served = this.#served
    this.#served = undefined
    if (served !== undefined) await endServer(served)
  }

  async #startAnew(): Promise<void> {
    await this.stop()
    await this.#start()
    this.#ask()
  }

  async #start(): Promise<void> {
    await writeFile(this.#crashFile, '')
    const { folder } = this.#options
    this.#served = await startServed(folder, 'control-crash', { env: { SLIPWAY_CRASH_AT: this.#crashFile } })
    this.#descendants = new Descendants(this.#served.server.child.pid ?? 0)
    this.#deathsHere = 0
  }

  #ask(): void {
    const { port, grpcPort, key } = this.#running()
    const habits = [
      { clients: 3, pauseMs: 4 },
      { clients: 1, isGrpc: true, pauseMs: 4 },
      { clients: 1, isFresh: true, pauseMs: 20 },
    ]
    this.#load = startLoad({ port, grpcPort, key, model: MODEL, seed: this.#options.seed + this.#turn, habits })
  }

  #running(): ServedPlatform {
    if (this.#served === undefined) throw new Error('there is no platform; this is a bug')
    return this.#served
  }

  /** Waits for control to die and to be back, and notes processes meanwhile. */
  async #watch(
    served: ServedPlatform,
    control: number,
    onDeath: () => Promise<void>,
    from: number,
  ): Promise<{ backMs: number }> {
    while (await isAlive(control)) {
      await this.#descendants.note()
      await sleep(10)
    }
    this.#firstDeathMs = Math.min(this.#firstDeathMs, performance.now())
    await onDeath()
    const isBack = () => served.server.stderr().slice(from).includes('"message":"control restarted"')
    while (!isBack() && served.server.child.exitCode === null) await sleep(10)
    return { backMs: performance.now() }
  }

  /** A planted fault takes the state back to where it was before the change. */
  async #plant(control: number): Promise<() => Promise<void>> {
    if (this.#options.isPlanted !== true || control === 0) return async () => {}
    const { server, platform } = this.#running()
    const { dataFolder } = platform
    const files = (await readdir(dataFolder)).filter((name) => name.startsWith('state.db'))
    for (const name of files) await copyFile(join(dataFolder, name), join(this.#options.folder, name))
    server.child.kill('SIGSTOP') // nobody takes control's place before the state is back
    return async () => {
      for (const name of files) await copyFile(join(this.#options.folder, name), join(dataFolder, name))
      server.child.kill('SIGCONT')
    }
  }

  async #orphansIn(withinMs: number): Promise<string[]> {
    const begunMs = performance.now()
    for (;;) {
      const found = await findOrphans(this.#running().platform, this.#descendants)
      if (found.length === 0 || performance.now() - begunMs > withinMs) return found
      await sleep(50)
    }
  }
}
