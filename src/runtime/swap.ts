import type { LoadedProgram } from '../engines/program.ts'

export interface SwappableProgram extends LoadedProgram {
  /** Runs from now on go to `next`; the one before is released once its last run has ended. */
  replace(next: LoadedProgram): void
}

/** A program that can be changed for another of the same signature while it runs. */
export function createSwappable(first: LoadedProgram): SwappableProgram {
  let current = occupancyOf(first)

  return {
    get engines() {
      return current.program.engines
    },
    get canRunOffLoop() {
      return current.program.canRunOffLoop
    },
    get processes() {
      return current.program.processes
    },
    run(inputs, wanted, place, urgency) {
      const held = current
      const outputs = held.program.run(inputs, wanted, place, urgency)
      if (!(outputs instanceof Promise)) return outputs
      held.runs++
      return outputs.finally(() => leave(held))
    },
    replace(next) {
      const old = current
      current = occupancyOf(next)
      retire(old)
    },
    release: () => retire(current),
  }
}

interface Occupancy {
  readonly program: LoadedProgram
  runs: number
  isRetired: boolean
}

function occupancyOf(program: LoadedProgram): Occupancy {
  return { program, runs: 0, isRetired: false }
}

function leave(held: Occupancy): void {
  held.runs--
  if (held.isRetired && held.runs === 0) held.program.release()
}

function retire(held: Occupancy): void {
  held.isRetired = true
  if (held.runs === 0) held.program.release()
}
