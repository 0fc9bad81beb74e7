import type { Tensor, Tensors } from '../../tensor/tensor.ts'
import { isSameList } from '../../core/lists.ts'
import type { LoadedStep } from '../engine.ts'
import { modelFailed } from './errors.ts'
import { fitsFrame, Frame, frameKey } from './frames.ts'
import { library, type Library } from './library.ts'
import { Stopper } from './off-loop.ts'
import { Names, Run } from './run.ts'
import { markInTick, unmarkInTick, type MarkLabel } from './run-marks.ts'
import type { Session } from './session.ts'

/** Sets of wanted outputs that have frames of their own; more of them run without. */
const MAX_ASKS = 16

/** Frames for one list of wanted outputs, by the inputs' shapes. */
interface Ask {
  readonly wanted: readonly string[]
  readonly frames: Map<string, Frame>
  /** Whether the inputs' shapes tell the outputs'. Until it was seen otherwise, they do. */
  hasSteadyShapes: boolean
}

/** A loaded graph as a step of a program. */
export class OrtStep implements LoadedStep {
  readonly #ort: Library = library()
  readonly #session: Session
  readonly #label: MarkLabel | undefined
  readonly #names = new Names(this.#ort)
  readonly #asks: Ask[] = []
  /** Of runs off the loop; made for the first. */
  #stopper: Stopper | undefined
  #underWay = 0
  #isReleased = false

  /** @param label what is marked as running, as long as it does */
  constructor(session: Session, label?: MarkLabel) {
    this.#session = session
    this.#label = label
  }

  run(inputs: Tensors, wanted: readonly string[]): Tensors {
    this.#expectLoaded()
    markInTick(this.#label)
    try {
      const key = frameKey(inputs, this.#session.inputs)
      const ask = key === undefined ? undefined : this.#askFor(wanted)
      if (key === undefined || ask === undefined) return this.#runOnce(inputs, wanted)
      return this.#runFramed(ask, key, inputs)
    } catch (error) {
      throw modelFailed(error)
    } finally {
      unmarkInTick()
    }
  }

  async runOffLoop(inputs: Tensors, wanted: readonly string[]): Promise<Tensors> {
    this.#expectLoaded()
    this.#underWay++
    try {
      this.#stopper ??= new Stopper(this.#ort)
      const run = new Run(this.#ort, this.#session.pointer, inputs, wanted, this.#names, false)
      try {
        await run.callOffLoop(this.#stopper.options, this.#label)
        return run.results()
      } finally {
        run.release()
      }
    } catch (error) {
      throw modelFailed(error)
    } finally {
      this.#underWay--
      if (this.#isReleased && this.#underWay === 0) this.#free()
    }
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    if (this.#underWay === 0) this.#free()
    // No run should be; but one would go on in memory that is somebody else's by then.
    else this.#stopper?.stop()
  }

  #expectLoaded(): void {
    if (this.#isReleased) throw new Error('a step ran after its release; this is a bug')
  }

  #free(): void {
    for (const { frames } of this.#asks) for (const frame of frames.values()) frame.release()
    this.#asks.length = 0
    this.#stopper?.release()
    this.#ort.ReleaseSession(this.#session.pointer)
  }

  #askFor(wanted: readonly string[]): Ask | undefined {
    for (const ask of this.#asks) if (isSameList(ask.wanted, wanted)) return ask
    if (this.#asks.length >= MAX_ASKS) return undefined
    const ask: Ask = { wanted: [...wanted], frames: new Map(), hasSteadyShapes: true }
    this.#asks.push(ask)
    return ask
  }

  #runFramed(ask: Ask, key: string, inputs: Tensors): Tensors {
    const frame = ask.frames.get(key)
    if (frame === undefined) {
      const outputs = this.#runOnce(inputs, ask.wanted)
      if (ask.hasSteadyShapes && fitsFrame(this.#ort, inputs, outputs)) this.#addFrame(ask, key, inputs, outputs)
      return outputs
    }
    const found = frame.run(inputs)
    if (typeof found !== 'number') return found
    this.#ort.ReleaseStatus(found)
    // Does the model fail, or do the shapes of its outputs hang on more than the shapes of its inputs?
    const outputs = this.#runOnce(inputs, ask.wanted)
    ask.hasSteadyShapes = false
    for (const other of ask.frames.values()) other.release()
    return outputs
  }

  #addFrame(ask: Ask, key: string, inputs: Tensors, outputs: Tensors): void {
    const { frames } = ask
    const forget = (): void => void frames.delete(key)
    frames.set(key, new Frame(this.#ort, this.#session.pointer, inputs, outputs, this.#names, forget))
  }

  #runOnce(inputs: Tensors, wanted: readonly string[]): Map<string, Tensor> {
    const run = new Run(this.#ort, this.#session.pointer, inputs, wanted, this.#names, true)
    try {
      run.call()
      return run.results()
    } finally {
      run.release()
    }
  }
}
