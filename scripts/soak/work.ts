import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { ServingError } from '../../src/core/errors.ts'
import type { LoadedStep } from '../../src/engines/engine.ts'
import { onnxruntime } from '../../src/engines/onnxruntime.ts'
import type { Tensor, Tensors } from '../../src/tensor/tensor.ts'
import { diceFrom, soakModels, type SoakModel } from './models.ts'

/** Most models that are loaded at once, and most runs under way off the event loop. */
const MAX_LOADED = 12
const MAX_OFF_LOOP = 8
/** Part of the time after which growth counts: the library's and V8's own memory has come by then. */
const WARM_UP = 0.3
const SAMPLE_MS = 1000
const REPORT_MS = 10_000

interface Loaded {
  readonly model: SoakModel
  readonly step: LoadedStep
  readonly isQuick: boolean
  underWay: number
}

export interface WorkOptions {
  readonly seed: number
  readonly minutes: number
  /** Growth that is still taken for none (MiB). */
  readonly boundMiB: number
}

/**
 * Loads, asks and releases models in a random order, in the tick and off the event loop, and compares each answer with the
 * first one that its model gave to the same question.
 * @throws {Error} for a wrong answer, or growth beyond the bound
 */
export async function soak({ seed, minutes, boundMiB }: WorkOptions): Promise<void> {
  const dice = diceFrom(seed)
  const models = soakModels(dice)
  const answers = new Map<string, unknown>()
  const loaded: Loaded[] = []
  const counts = { loads: 0, releases: 0, inTick: 0, offLoop: 0, failed: 0, stopped: 0, collections: 0 }
  const samples: { readonly atMs: number; readonly rssMiB: number }[] = []
  const underWay = { offLoop: 0 }
  let wrong: Error | undefined
  const start = performance.now()
  const endMs = minutes * 60_000
  let sampledMs = 0
  let reportedMs = 0

  async function load(): Promise<void> {
    const model = models[dice(models.length)] as SoakModel
    const isQuick = dice(3) === 0
    const step = { kind: 'onnx', file: model.name, inputs: {}, outputs: {}, optimization: model.optimization } as const
    const options = { isQuick, isBackground: dice(2) === 0 }
    loaded.push({ model, step: await onnxruntime.load(step, () => model.graph, options), isQuick, underWay: 0 })
    counts.loads++
  }

  function release(): void {
    const at = dice(loaded.length)
    const one = loaded[at] as Loaded
    // Mostly as it should be, with nothing under way; what is under way is stopped.
    if (one.underWay > 0 && dice(10) !== 0) return
    loaded.splice(at, 1)
    one.step.release()
    counts.releases++
  }

  /** Asks one of the loaded models one of its questions, for some of its outputs. */
  function ask(): void {
    const one = loaded[dice(loaded.length)] as Loaded
    const { model, step } = one
    const question = dice(model.questions.length)
    const inputs = model.questions[question] as Tensors
    const wanted = model.outputs.length > 1 && dice(3) === 0 ? model.outputs.slice(0, 1) : model.outputs
    const key = `${model.name} ${one.isQuick} ${question} ${wanted.length}`
    if (dice(4) !== 0 || step.runOffLoop === undefined || underWay.offLoop >= MAX_OFF_LOOP) {
      counts.inTick++
      compare(
        key,
        attempt(() => step.run(inputs, wanted) as Tensors),
      )
      return
    }
    counts.offLoop++
    underWay.offLoop++
    one.underWay++
    const answered = (outcome: unknown): void => {
      underWay.offLoop--
      one.underWay--
      if (!loaded.includes(one) && outcome instanceof ServingError) counts.stopped++
      else compare(key, outcome)
    }
    void step.runOffLoop(inputs, wanted).then(answered, answered)
  }

  function compare(key: string, outcome: unknown): void {
    if (outcome instanceof ServingError) counts.failed++
    const found = digest(outcome)
    const first = answers.get(key)
    if (first === undefined) answers.set(key, found)
    else if (first !== found) wrong ??= new Error(`another answer than before to ${key}: ${found.slice(0, 300)}`)
  }

  for (;;) {
    const nowMs = performance.now() - start
    if (wrong !== undefined) throw wrong
    if (nowMs >= endMs) break
    if (nowMs - sampledMs >= SAMPLE_MS) {
      sampledMs = nowMs
      collect()
      counts.collections++
      samples.push({ atMs: nowMs, rssMiB: process.memoryUsage().rss / 2 ** 20 })
    }
    if (nowMs - reportedMs >= REPORT_MS) {
      reportedMs = nowMs
      report(nowMs / 60_000, counts, samples)
    }
    const turn = dice(100)
    if (loaded.length === 0 || (turn < 4 && loaded.length < MAX_LOADED)) await load()
    else if (turn < 8) release()
    else if (turn === 8 && dice(50) === 0) collect()
    else for (let i = dice(20); i >= 0; i--) ask()
    await setImmediate()
  }
  while (underWay.offLoop > 0) await setImmediate()
  for (const { step } of loaded) step.release()
  report(minutes, counts, samples)
  if (wrong !== undefined) throw wrong
  const { grownMiB } = growth(samples, endMs * WARM_UP)
  if (grownMiB > boundMiB) throw new Error(`it grew by ${grownMiB.toFixed(1)} MiB, the most is ${boundMiB}`)
}

function attempt(run: () => Tensors): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

/** An answer, or how it failed, as text that tells any two apart. */
function digest(outcome: unknown): string {
  if (outcome instanceof ServingError) return `${outcome.code}: ${outcome.message}`
  if (!(outcome instanceof Map)) throw outcome
  return Array.from(outcome as ReadonlyMap<string, Tensor>, ([name, { datatype, shape, data }]) => {
    const bytes =
      datatype === 'BYTES'
        ? Buffer.concat(data.flatMap((element) => [Buffer.of(element.length), element]))
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    return `${name} ${datatype} [${shape.join()}] ${hash('sha1', bytes)}`
  }).join(' ')
}

function collect(): void {
  if (typeof gc === 'function') gc()
}

interface Sample {
  readonly atMs: number
  readonly rssMiB: number
}

/** How the process has grown from the first fifth of the samples after `fromMs` to the last, by their medians. */
function growth(
  samples: readonly Sample[],
  fromMs: number,
): { readonly grownMiB: number; readonly slopeMiBPerHour: number } {
  const counted = samples.filter(({ atMs }) => atMs >= fromMs)
  const part = Math.ceil(counted.length / 5)
  const [first, last] = [counted.slice(0, part), counted.slice(-part)]
  if (first.length === 0) return { grownMiB: 0, slopeMiBPerHour: 0 }
  const grownMiB = median(last, ({ rssMiB }) => rssMiB) - median(first, ({ rssMiB }) => rssMiB)
  const hours = (median(last, ({ atMs }) => atMs) - median(first, ({ atMs }) => atMs)) / 3_600_000
  return { grownMiB, slopeMiBPerHour: hours > 0 ? grownMiB / hours : 0 }
}

function median(samples: readonly Sample[], of: (sample: Sample) => number): number {
  return samples.map(of).sort((a, b) => a - b)[samples.length >> 1] ?? 0
}

function report(minutes: number, counts: Readonly<Record<string, number>>, samples: readonly Sample[]): void {
  const { slopeMiBPerHour } = growth(samples, minutes * 60_000 * WARM_UP)
  const numbers = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  const rss = samples.at(-1)?.rssMiB ?? 0
  process.stdout.write(
    `${minutes.toFixed(1)} min: ${numbers.join(', ')}; RSS ${rss.toFixed(0)} MiB, ${slopeMiBPerHour.toFixed(0)} MiB an hour\n`,
  )
}
